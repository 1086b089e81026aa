//! YAML to JSON values, with the place of every node.
//!
//! Built on the parser's events and not on one of its ready-made trees, because
//! two things are needed that those drop: the place of each node, and the text of
//! each scalar (an enum value written `1.10` is the string "1.10").

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use saphyr::Scalar;
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Map, Number, Value};

use super::problem::{Place, Problem};
use super::{Document, pointer};

/// A document that nests deeper than this is not an API description.
const MAX_DEPTH: usize = 128;

/// Parses one file. JSON is YAML too.
///
/// # Errors
/// When the text is not YAML, has two equal keys in one mapping, uses anchors, or
/// nests too deeply.
pub fn parse(file: &Path, text: &str) -> Result<Document, Problem> {
    let mut tree = Tree::new(file);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let marker = error.marker();
            let place = tree.place(marker.line(), marker.col());
            Problem::new(
                Some(place),
                format!("not YAML: {}", error.info()),
                "correct the syntax at or above this line",
            )
        })?;
        tree.take(event, span)?;
    }
    Ok(Document {
        root: tree.root,
        places: tree.places,
    })
}

/// A mapping or list that is being read.
enum Open {
    Mapping(Map<String, Value>, Option<String>),
    List(Vec<Value>),
}

struct Tree {
    file: Arc<Path>,
    open: Vec<(Open, String)>,
    root: Value,
    places: HashMap<String, Place>,
}

impl Tree {
    fn new(file: &Path) -> Self {
        Self {
            file: file.into(),
            open: Vec::new(),
            root: Value::Null,
            places: HashMap::new(),
        }
    }

    fn place(&self, line: usize, column: usize) -> Place {
        Place {
            file: Arc::clone(&self.file),
            line,
            column: column + 1,
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        let place = self.place(span.start.line(), span.start.col());
        match event {
            Event::Scalar(text, style, ..) if self.wants_key() => self.key(&text, style, place),
            Event::Scalar(text, style, ..) => {
                self.mark(place);
                self.value(scalar(text, style));
                Ok(())
            }
            Event::MappingStart(..) => self.start(Open::Mapping(Map::new(), None), place),
            Event::SequenceStart(..) => self.start(Open::List(Vec::new()), place),
            Event::MappingEnd | Event::SequenceEnd => {
                self.end();
                Ok(())
            }
            Event::Alias(_) => Err(Problem::new(
                Some(place),
                "aliases are not supported",
                "write the value out, or refer to a schema with $ref",
            )),
            _ => Ok(()),
        }
    }

    fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some((Open::Mapping(_, None), _)))
    }

    fn key(&mut self, text: &str, _style: ScalarStyle, place: Place) -> Result<(), Problem> {
        if let Some((Open::Mapping(map, key), pointer)) = self.open.last_mut() {
            if map.contains_key(text) {
                return Err(Problem::new(
                    Some(place),
                    format!("the key `{text}` stands twice in this mapping"),
                    "remove one of them",
                ));
            }
            // The place of a key says more than that of its value, which may be
            // on the next line.
            self.places.insert(pointer::join(pointer, text), place);
            *key = Some(text.to_owned());
        }
        Ok(())
    }

    /// The pointer of the value that comes next.
    fn here(&self) -> String {
        match self.open.last() {
            None => String::new(),
            Some((Open::Mapping(_, key), at)) => pointer::join(at, key.as_deref().unwrap_or("")),
            Some((Open::List(list), at)) => pointer::join(at, &list.len().to_string()),
        }
    }

    fn mark(&mut self, place: Place) {
        if matches!(self.open.last(), Some((Open::List(_), _)) | None) {
            self.places.insert(self.here(), place);
        }
    }

    fn start(&mut self, node: Open, place: Place) -> Result<(), Problem> {
        if self.wants_key() {
            return Err(Problem::new(
                Some(place),
                "a key that is not a plain text",
                "use a string as the key",
            ));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(Problem::new(
                Some(place),
                format!("nested more than {MAX_DEPTH} levels deep"),
                "name the inner schemas and refer to them",
            ));
        }
        self.mark(place);
        let here = self.here();
        self.open.push((node, here));
        Ok(())
    }

    fn end(&mut self) {
        match self.open.pop() {
            Some((Open::Mapping(map, _), _)) => self.value(Value::Object(map)),
            Some((Open::List(list), _)) => self.value(Value::Array(list)),
            None => {}
        }
    }

    fn value(&mut self, value: Value) {
        match self.open.last_mut() {
            Some((Open::Mapping(map, key), _)) => {
                if let Some(key) = key.take() {
                    map.insert(key, value);
                }
            }
            Some((Open::List(list), _)) => list.push(value),
            None => self.root = value,
        }
    }
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.into_owned());
    }
    match Scalar::parse_from_cow(Cow::Borrowed(&text)) {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Bool(value),
        Scalar::Integer(value) => Value::from(value),
        Scalar::FloatingPoint(value) => {
            Number::from_f64(*value).map_or_else(|| Value::String(text.to_string()), Value::Number)
        }
        Scalar::String(value) => Value::String(value.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Document, Problem> {
        parse(Path::new("a.yaml"), text)
    }

    #[test]
    fn a_node_is_found_by_its_line() {
        let document = parsed("a:\n  b: 1\n  c:\n  - x\n  - y\n").unwrap();
        let place = document.place("/a/c/1").unwrap();
        assert_eq!(place.to_string(), "a.yaml:5:5");
        assert_eq!(document.place("/a/c/1/nowhere"), Some(place));
    }

    #[test]
    fn broken_syntax_says_where() {
        let problem = parsed("a: [1,\nb: }").unwrap_err();
        assert!(problem.to_string().starts_with("a.yaml:2:"), "{problem}");
    }

    #[test]
    fn equal_keys_are_refused() {
        let problem = parsed("a: 1\nb: 2\na: 3\n").unwrap_err();
        assert!(problem.to_string().starts_with("a.yaml:3:1: the key `a`"));
    }

    #[test]
    fn deep_nesting_and_aliases_are_refused() {
        assert!(parsed(&"[".repeat(100_000)).is_err());
        assert!(parsed("a: &x [1]\nb: *x\n").is_err());
    }

    #[test]
    fn quoted_numbers_stay_strings() {
        let document = parsed("a: '1'\nb: 1\nc: true\nd: 1.5\ne: ~\n").unwrap();
        assert_eq!(
            document.root,
            serde_json::json!({"a": "1", "b": 1, "c": true, "d": 1.5, "e": null})
        );
    }
}
