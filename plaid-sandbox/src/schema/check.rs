//! Checks a value against a schema.

use std::{collections::BTreeSet, fmt::Write};

use serde_json::{Map, Number, Value};

use super::{
    Schemas,
    formats::has_format,
    instance::{Instance, all_differ},
    list, numbers, reference,
    violations::{Rule, Type, Violation, Violations},
};

type Object = Map<String, Value>;

/// Nested schemas. A body is parsed to 128 levels, and a level has up to three schemas:
/// that of a field, a part of its `allOf`, and the component that the part refers to.
const MAX_DEPTH: usize = 400;

/// Pairs of a value and a schema that are looked at. A body of a mebibyte has at most half
/// a million values; this is eight schemas for each.
const MAX_STEPS: usize = 4 << 20;

/// Lists what is wrong with an object.
pub(crate) fn check<'s>(
    schema: &'s Value,
    object: &Object,
    schemas: &'s Schemas,
) -> Violations<'s> {
    let mut checker = Checker::new(schemas, false);
    checker.apply(schema, Instance::Object(object));
    match checker.given_up {
        None => checker.found,
        // What was found up to there may be wrong.
        Some(path) => Violations {
            wrong: Some(Violation {
                path,
                rule: Rule::Checkable,
            }),
            ..Violations::default()
        },
    }
}

/// Whether a value is valid.
pub(crate) fn is_valid(schema: &Value, value: &Value, schemas: &Schemas) -> bool {
    let mut checker = Checker::new(schemas, true);
    checker.apply(schema, value.into());
    checker.found.is_empty() && checker.given_up.is_none()
}

#[derive(Debug, Clone, Copy)]
enum Segment<'v> {
    Field(&'v str),
    Element(usize),
}

struct Checker<'s, 'v> {
    schemas: &'s Schemas,
    /// Whether only the verdict is wanted.
    is_verdict: bool,
    path: Vec<Segment<'v>>,
    found: Violations<'s>,
    depth: usize,
    steps: usize,
    /// Where the value was too deep or too large to be checked.
    given_up: Option<String>,
}

/// The fields of an object that some part of a schema describes.
#[derive(Default)]
struct Evaluated<'s> {
    names: BTreeSet<&'s str>,
    all: bool,
}

impl<'s, 'v> Checker<'s, 'v> {
    fn new(schemas: &'s Schemas, is_verdict: bool) -> Self {
        Self {
            schemas,
            is_verdict,
            path: Vec::new(),
            found: Violations::default(),
            depth: 0,
            steps: 0,
            given_up: None,
        }
    }

    fn apply(&mut self, schema: &'s Value, instance: Instance<'v>) {
        if let Some(schema) = schema.as_object()
            && self.enter()
        {
            self.keywords(schema, instance);
            self.depth -= 1;
        }
    }

    /// Whether to look at one more schema. The caller leaves it by `depth -= 1`.
    fn enter(&mut self) -> bool {
        let is_decided = self.found.is_full() || self.is_verdict && !self.found.is_empty();
        if is_decided || self.given_up.is_some() {
            return false;
        }
        if self.depth == MAX_DEPTH || self.steps == MAX_STEPS {
            self.given_up = Some(dotted(&self.path, None));
            return false;
        }
        self.depth += 1;
        self.steps += 1;
        true
    }

    /// The order of the keywords decides which wrong value is the first.
    fn keywords(&mut self, schema: &'s Object, instance: Instance<'v>) {
        self.type_and_choice(schema, instance);
        match instance {
            Instance::Number(number) => self.number(schema, number),
            Instance::Text(text) => self.text(schema, text),
            Instance::Array(elements) => self.array(schema, elements),
            Instance::Object(object) => self.object(schema, object),
            Instance::Null | Instance::Boolean(_) => {}
        }
        for part in list(schema, "allOf") {
            self.apply(part, instance);
        }
        let mut choices = list(schema, "anyOf").peekable();
        if choices.peek().is_some() && !choices.any(|choice| self.holds(choice, instance)) {
            self.wrong(Rule::AnyOf);
        }
        if let Instance::Object(object) = instance
            && schema.contains_key("unevaluatedProperties")
        {
            self.unevaluated(schema, object);
        }
        if let Some(target) = reference(schema).and_then(|name| self.schemas.get(name)) {
            self.apply(target, instance);
        }
    }

    fn type_and_choice(&mut self, schema: &'s Object, instance: Instance<'v>) {
        let is_named = |name: &Value| {
            let kind = name.as_str().and_then(Type::named);
            kind.is_some_and(|kind| instance.is(kind))
        };
        let is_typed = match schema.get("type") {
            None => true,
            Some(Value::Array(names)) => names.iter().any(is_named),
            Some(name) => is_named(name),
        };
        if !is_typed {
            self.wrong(Rule::Type(Type::allowed(schema).unwrap_or_default()));
        }
        let choices = schema.get("enum").and_then(Value::as_array);
        if choices.is_some_and(|choices| !choices.iter().any(|choice| instance.equals(choice))) {
            self.wrong(Rule::Choice);
        }
    }

    fn number(&mut self, schema: &'s Object, number: &Number) {
        let order = |limit: &Value| match limit {
            Value::Number(limit) => Some(numbers::compare(number, limit)),
            _ => None,
        };
        if let Some(least) = schema.get("minimum")
            && order(least).is_some_and(|order| order.is_lt())
        {
            self.wrong(Rule::Minimum(least));
        }
        if let Some(most) = schema.get("maximum")
            && order(most).is_some_and(|order| order.is_gt())
        {
            self.wrong(Rule::Maximum(most));
        }
    }

    fn text(&mut self, schema: &'s Object, text: &str) {
        let length = || text.chars().count();
        self.size(
            schema,
            length,
            ("minLength", Rule::MinLength),
            ("maxLength", Rule::MaxLength),
        );
        if let Some(format) = schema.get("format").and_then(Value::as_str)
            && !has_format(text, format)
        {
            self.wrong(Rule::Format(format));
        }
    }

    fn array(&mut self, schema: &'s Object, elements: &'v [Value]) {
        self.size(
            schema,
            || elements.len(),
            ("minItems", Rule::MinItems),
            ("maxItems", Rule::MaxItems),
        );
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) && !all_differ(elements) {
            self.wrong(Rule::UniqueItems);
        }
        let Some(items) = schema.get("items") else {
            return;
        };
        for (index, element) in elements.iter().enumerate() {
            self.below(Segment::Element(index), items, element);
        }
    }

    fn object(&mut self, schema: &'s Object, object: &'v Object) {
        self.size(
            schema,
            || object.len(),
            ("minProperties", Rule::MinProperties),
            ("maxProperties", Rule::MaxProperties),
        );
        for name in list(schema, "required").filter_map(Value::as_str) {
            if !object.contains_key(name) {
                self.found.add_missing(|| dotted(&self.path, Some(name)));
            }
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties");
        let mut unknown = Vec::new();
        for (name, value) in object {
            let field = properties.and_then(|properties| properties.get(name));
            match field.or(others) {
                Some(Value::Bool(false)) => unknown.push(name),
                Some(schema) => self.below(Segment::Field(name), schema, value),
                None => {}
            }
        }
        for name in unknown {
            self.found.add_unknown(|| dotted(&self.path, Some(name)));
        }
    }

    fn size(
        &mut self,
        schema: &'s Object,
        size: impl Fn() -> usize,
        (least, too_small): (&str, fn(u64) -> Rule<'s>),
        (most, too_large): (&str, fn(u64) -> Rule<'s>),
    ) {
        let limit = |name: &str| schema.get(name).and_then(Value::as_u64);
        let size = || u64::try_from(size()).unwrap_or(u64::MAX);
        if let Some(least) = limit(least)
            && size() < least
        {
            self.wrong(too_small(least));
        }
        if let Some(most) = limit(most)
            && size() > most
        {
            self.wrong(too_large(most));
        }
    }

    /// Fields of an object that no part of a schema describes.
    fn unevaluated(&mut self, schema: &'s Object, object: &'v Object) {
        let mut evaluated = Evaluated::default();
        self.evaluate(schema, object, &mut evaluated);
        if evaluated.all {
            return;
        }
        for name in object.keys() {
            if !evaluated.names.contains(name.as_str()) {
                self.found.add_unknown(|| dotted(&self.path, Some(name)));
            }
        }
    }

    /// Collects the fields that are described. In JSON Schema, a part describes nothing if
    /// the object is not valid against it.
    fn evaluate(&mut self, schema: &'s Object, object: &'v Object, evaluated: &mut Evaluated<'s>) {
        if !self.enter() {
            return;
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        let names = properties.into_iter().flat_map(Map::keys);
        evaluated.names.extend(names.map(String::as_str));
        evaluated.all |= schema.contains_key("additionalProperties");
        if let Some(Value::Object(target)) =
            reference(schema).and_then(|name| self.schemas.get(name))
        {
            self.evaluate(target, object, evaluated);
        }
        for part in list(schema, "allOf").chain(list(schema, "anyOf")) {
            if let Value::Object(keywords) = part
                && self.holds(part, Instance::Object(object))
            {
                self.evaluate(keywords, object, evaluated);
            }
        }
        self.depth -= 1;
    }

    /// Whether a value is valid against a part of a schema, whatever else is wrong.
    fn holds(&mut self, schema: &'s Value, instance: Instance<'v>) -> bool {
        let mut checker = Self::new(self.schemas, true);
        (checker.depth, checker.steps) = (self.depth, self.steps);
        checker.apply(schema, instance);
        self.steps = checker.steps;
        if checker.given_up.is_some() {
            self.given_up = Some(dotted(&self.path, None));
        }
        checker.found.is_empty()
    }

    fn below(&mut self, segment: Segment<'v>, schema: &'s Value, value: &'v Value) {
        self.path.push(segment);
        self.apply(schema, value.into());
        self.path.pop();
    }

    fn wrong(&mut self, rule: Rule<'s>) {
        self.found.add_wrong(|| dotted(&self.path, None), rule);
    }
}

fn dotted(path: &[Segment<'_>], field: Option<&str>) -> String {
    let mut dotted = String::new();
    for segment in path.iter().copied().chain(field.map(Segment::Field)) {
        if !dotted.is_empty() {
            dotted.push('.');
        }
        match segment {
            Segment::Field(name) => dotted.push_str(name),
            // Writing to a string does not fail.
            Segment::Element(index) => drop(write!(dotted, "{index}")),
        }
    }
    dotted
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::call::fields;

    fn found(schema: &Value, object: Value, schemas: Value) -> (Vec<String>, Vec<String>, String) {
        let schemas = fields(schemas);
        let found = check(schema, &fields(object), &schemas);
        let wrong = found
            .wrong
            .map(|wrong| format!("{} {:?}", wrong.path, wrong.rule));
        (found.missing, found.unknown, wrong.unwrap_or_default())
    }

    #[test]
    fn limits_of_numbers_texts_lists_and_objects_hold_at_their_edges() {
        for (schema, valid, invalid) in [
            (json!({ "minimum": 1 }), json!(1), json!(0.5)),
            (json!({ "minimum": 0.01 }), json!(0.01), json!(0)),
            (json!({ "maximum": 3 }), json!(3.0), json!(u64::MAX)),
            (json!({ "minLength": 2 }), json!("éé"), json!("é")),
            (json!({ "maxLength": 2 }), json!("éé"), json!("ééé")),
            (json!({ "minItems": 1 }), json!([1]), json!([])),
            (json!({ "maxItems": 1 }), json!([1]), json!([1, 1])),
            (
                json!({ "uniqueItems": true }),
                json!([1, "1"]),
                json!([1, 1.0]),
            ),
            (json!({ "uniqueItems": false }), json!([1, 1]), Value::Null),
            (json!({ "minProperties": 1 }), json!({ "a": 1 }), json!({})),
            (
                json!({ "maxProperties": 1 }),
                json!({ "a": 1 }),
                json!({ "a": 1, "b": 1 }),
            ),
            (json!({ "type": "integer" }), json!(1.0), json!(1.5)),
            (
                json!({ "type": ["integer", "null"] }),
                json!(null),
                json!("1"),
            ),
            (json!({ "enum": ["a", 1, null] }), json!(1.0), json!("A")),
        ] {
            assert!(
                is_valid(&schema, &valid, &Schemas::new()),
                "{schema} {valid}"
            );
            // A limit says nothing of other types.
            let is_about = invalid != Value::Null;
            assert_eq!(
                is_valid(&schema, &invalid, &Schemas::new()),
                !is_about,
                "{schema} {invalid}"
            );
        }
    }

    #[test]
    fn missing_and_unknown_fields_are_found_everywhere_and_the_first_wrong_value() {
        let schema = json!({ "$ref": "#/schemas/A" });
        let schemas = json!({
            "A": {
                "type": "object", "additionalProperties": false, "required": ["b", "z"],
                "properties": {
                    "a": { "type": "string" },
                    "b": { "type": "array", "items": { "allOf": [{ "$ref": "#/schemas/B" }] } },
                    "z": {},
                },
            },
            "B": {
                "type": "object", "additionalProperties": false, "required": ["c"],
                "properties": { "c": { "type": ["string", "null"], "enum": ["x"] } },
            },
        });
        let object = json!({ "a": 1, "b": [{ "c": 1 }, { "d": 1 }], "e": 1 });
        let (missing, unknown, wrong) = found(&schema, object, schemas);
        assert_eq!(missing, ["z", "b.1.c"]);
        assert_eq!(unknown, ["b.1.d", "e"]);
        assert_eq!(wrong, "a Type([String])");
    }

    #[test]
    fn a_part_that_a_joined_object_is_not_valid_against_describes_nothing() {
        let schema = json!({
            "allOf": [
                { "properties": { "a": { "type": "string" }, "b": {} } },
                { "properties": { "c": {} } },
            ],
            "unevaluatedProperties": false,
        });
        let unknown = |object| found(&schema, object, json!({})).1;
        assert!(unknown(json!({ "a": "", "b": 1, "c": 1 })).is_empty());
        assert_eq!(unknown(json!({ "b": 1, "d": 1 })), ["d"]);
        assert_eq!(unknown(json!({ "a": 1, "b": 1, "c": 1 })), ["a", "b"]);
    }

    #[test]
    fn something_or_null_is_told_as_one() {
        let schema = json!({ "properties": { "a": {
            "anyOf": [{ "type": "object", "required": ["b"] }, { "type": "null" }],
        } } });
        for (value, wrong) in [
            (json!(null), ""),
            (json!({ "b": 1 }), ""),
            (json!({}), "a AnyOf"),
        ] {
            let found = found(&schema, json!({ "a": value }), json!({}));
            assert_eq!(found, (Vec::new(), Vec::new(), wrong.to_owned()));
        }
    }

    #[test]
    fn what_a_hostile_body_costs_is_bounded() {
        let closed = json!({ "additionalProperties": false });
        let many: Object = (0..100_000)
            .map(|number| (number.to_string(), Value::Null))
            .collect();
        let (_, unknown, _) = found(&closed, Value::Object(many), json!({}));
        assert!(unknown.len() < 100, "{}", unknown.len());

        // A schema of a schema: deep values end, and so does one that names itself.
        let schema = json!({ "$ref": "#/schemas/A" });
        let (_, _, wrong) = found(
            &schema,
            json!({}),
            json!({ "A": { "$ref": "#/schemas/A" } }),
        );
        assert_eq!(wrong, " Checkable");
        let mut deep = json!({});
        for _ in 0..1_000 {
            deep = json!({ "a": deep });
        }
        let recursive = json!({ "A": { "properties": { "a": { "$ref": "#/schemas/A" } } } });
        let (_, _, wrong) = found(&schema, deep, recursive);
        assert!(wrong.ends_with("a Checkable"), "{wrong}");

        // Every level is looked at twice, and so is what is below it.
        let schemas = fields(json!({ "A": {
            "allOf": [{ "properties": { "a": { "$ref": "#/schemas/A" } } }],
            "unevaluatedProperties": false,
        } }));
        let mut deep = json!({});
        for _ in 0..100 {
            deep = json!({ "a": deep });
        }
        let mut checker = Checker::new(&schemas, false);
        checker.steps = MAX_STEPS - 10_000;
        checker.apply(&schema, (&deep).into());
        assert_eq!(checker.steps, MAX_STEPS);
        assert!(checker.given_up.is_some());
    }
}
