//! What the description says of everything that Plaid sends, and values made from it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use xtask::document::{Document, flag, ref_name, strings, text};
use xtask::lower::names::type_name;

use super::Read;
use crate::repository;

/// The description of the API, read once.
pub(crate) static API: LazyLock<Document> = LazyLock::new(repository::openapi);

/// The names of the types that Plaid sends, and how each is read.
pub(crate) static TYPES: LazyLock<BTreeMap<&str, Read>> =
    LazyLock::new(|| super::table().into_iter().collect());

// What Plaid sends.

/// The schemas of what Plaid sends, with how their types are read.
pub(crate) fn received() -> impl Iterator<Item = (String, Value, Read)> {
    described().into_iter().filter_map(|name| {
        let read = TYPES.get(type_name(&name).as_str())?;
        let mut schema = API.schemas()[&name].clone();
        // An answer of which nothing is known is an object without fields, and what
        // comes is in its raw bytes. Elsewhere such an object is a map.
        if text(&schema, "type") == "object" && schema.get("properties").is_none() {
            schema["properties"] = json!({});
        }
        Some((name, schema, *read))
    })
}

/// The names of the schemas of answers and webhooks.
pub(crate) fn described() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, _, operation) in API.operations() {
        for (_, response) in operation["responses"].as_object().unwrap() {
            let schema = response.pointer("/content/application~1json/schema");
            names.extend(schema.and_then(ref_name).map(without_alias));
        }
    }
    let webhooks = API
        .schemas()
        .iter()
        .filter(|(_, schema)| schema.get("x-webhook").is_some());
    names.extend(webhooks.map(|(name, _)| name.clone()));
    names
}

/// A schema that is another and nothing more has no type of its own.
pub(crate) fn without_alias(name: &str) -> String {
    let parts = API.schemas()[name].get("allOf").and_then(Value::as_array);
    match parts.map(Vec::as_slice) {
        Some([only]) => without_alias(ref_name(only).unwrap()),
        _ => name.to_owned(),
    }
}

// Values of a schema.

/// A value that no enum has.
pub(crate) const UNKNOWN: &str = "SOMETHING NEW";

/// Types that contain themselves end here.
pub(crate) const MAX_DEPTH: usize = 16;

/// Where the choices come from that a description leaves open.
pub(crate) enum Source<'a> {
    /// The same choice everywhere.
    Filling(Fill),
    /// One choice per byte; when there are no more, the first choice. Shorter tapes
    /// and lower bytes make simpler values, which is how proptest finds the simplest
    /// one that fails.
    Playing(&'a [u8]),
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Fill {
    Absent,
    Null,
    Unknown,
}

/// What is sent, and what is expected to be written when it has been read.
pub(crate) type Pair<T = Value> = (T, T);

impl<'a> Source<'a> {
    pub(crate) fn playing(tape: &'a [u8]) -> Self {
        Self::Playing(tape)
    }

    pub(crate) fn filling(fill: Fill) -> Self {
        Self::Filling(fill)
    }

    /// One of `count` choices.
    fn pick(&mut self, count: usize) -> usize {
        match self {
            Self::Filling(_) => 0,
            Self::Playing(tape) => {
                let Some((first, rest)) = tape.split_first() else {
                    return 0;
                };
                *tape = rest;
                usize::from(*first) % count
            }
        }
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.pick(choices.len())].clone()
    }

    /// Whether a field that may be missing is absent, `null` or there.
    fn presence(&mut self, depth: usize) -> Fill {
        match self {
            Self::Filling(Fill::Unknown) if depth > MAX_DEPTH => Fill::Absent,
            Self::Filling(fill) => *fill,
            Self::Playing(_) if depth > MAX_DEPTH => Fill::Absent,
            Self::Playing(_) => self.one_of(&[Fill::Absent, Fill::Null, Fill::Unknown]),
        }
    }

    /// A value that is not `null`.
    pub(crate) fn value(&mut self, schema: &Value, depth: usize) -> Pair {
        match Kind::of(schema) {
            Kind::Any => same(self.one_of(&[
                json!("any"),
                json!(5),
                json!({"a": [1, null]}),
                json!([true]),
            ])),
            Kind::Object(fields) => self.object(&fields, depth),
            Kind::List(items) => self.list(&items, depth),
            Kind::Map(values) => self.map(&values, depth),
            Kind::Enum(values) => same(self.enum_value(&values)),
            Kind::Text(format) => same(json!(self.text(&format))),
            Kind::Decimal => same(self.decimal()),
            Kind::Integer => same(self.one_of(&[json!(0), json!(-1), json!(250), json!(i64::MAX)])),
            Kind::Flag => same(json!(self.pick(2) == 1)),
        }
    }

    fn object(&mut self, fields: &[Field], depth: usize) -> Pair {
        let (mut sent, mut kept) = (Map::new(), Map::new());
        for field in fields {
            let (there, back) = self.field(field, depth + 1);
            sent.extend(there.map(|value| (field.name.clone(), value)));
            kept.extend(back.map(|value| (field.name.clone(), value)));
        }
        if self.pick(3) == 1 {
            sent.insert(
                "a_field_of_tomorrow".to_owned(),
                json!({"x": [1, {"y": null}]}),
            );
        }
        (Value::Object(sent), Value::Object(kept))
    }

    fn field(&mut self, field: &Field, depth: usize) -> Pair<Option<Value>> {
        let nothing = field.is_always_written.then(|| field.nothing.clone());
        let presence = if field.is_strict {
            Fill::Unknown
        } else {
            self.presence(depth)
        };
        match presence {
            Fill::Absent => (None, nothing),
            Fill::Null => (Some(Value::Null), nothing),
            Fill::Unknown => {
                let (sent, kept) = self.value(&field.schema, depth);
                let is_nothing = kept == field.nothing;
                (Some(sent), if is_nothing { nothing } else { Some(kept) })
            }
        }
    }

    /// How many entries a list or map has.
    fn length(&mut self, depth: usize) -> usize {
        match self {
            _ if depth > MAX_DEPTH => 0,
            Self::Filling(fill) => usize::from(*fill == Fill::Unknown),
            Self::Playing(_) => self.pick(4),
        }
    }

    fn list(&mut self, items: &Value, depth: usize) -> Pair {
        let takes_null = matches!(Kind::of(items), Kind::Any);
        let (mut sent, mut kept) = (Vec::new(), Vec::new());
        for _ in 0..self.length(depth) {
            let (there, back) = self.value(items, depth + 1);
            sent.push(there);
            kept.push(back);
            if self.pick(4) == 1 {
                sent.push(Value::Null);
                kept.extend(takes_null.then_some(Value::Null));
            }
        }
        (json!(sent), json!(kept))
    }

    fn map(&mut self, values: &Value, depth: usize) -> Pair {
        let takes_null = matches!(Kind::of(values), Kind::Any);
        let (mut sent, mut kept) = (Map::new(), Map::new());
        for index in 0..self.length(depth) {
            let (there, back) = self.value(values, depth + 1);
            sent.insert(format!("key {index}"), there);
            kept.insert(format!("key {index}"), back);
            if self.pick(4) == 1 {
                let name = format!("nothing {index}");
                kept.extend(takes_null.then(|| (name.clone(), Value::Null)));
                sent.insert(name, Value::Null);
            }
        }
        (Value::Object(sent), Value::Object(kept))
    }

    fn enum_value(&mut self, values: &[String]) -> Value {
        let index = match self {
            Self::Filling(Fill::Unknown) => values.len(),
            _ => self.pick(values.len() + 1),
        };
        json!(values.get(index).map_or(UNKNOWN, String::as_str))
    }

    fn text(&mut self, format: &str) -> &'static str {
        match format {
            "date" => self.one_of(&["2024-02-29", "1969-12-31"]),
            "date-time" => self.one_of(&["2024-05-31T12:00:00Z", "1999-01-01T23:59:59.125Z"]),
            _ => self.one_of(&[
                "text",
                "",
                "null",
                "0012",
                "tab\tquote\"\u{1F600}ü",
                " access-sandbox-1 ",
            ]),
        }
    }

    fn decimal(&mut self) -> Value {
        let digits = [
            "575.67",
            "23631.9805",
            "0.1",
            "0",
            "-12.5",
            "100",
            "99999999.99",
            "0.0001",
        ];
        serde_json::from_str(self.one_of(&digits)).unwrap()
    }
}

pub(crate) fn same(value: Value) -> Pair {
    (value.clone(), value)
}

/// What the values of a schema are.
pub(crate) enum Kind {
    Any,
    Object(Vec<Field>),
    List(Value),
    Map(Value),
    Enum(Vec<String>),
    Text(String),
    Decimal,
    Integer,
    Flag,
}

pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) schema: Value,
    /// Absent or `null` is an error.
    pub(crate) is_strict: bool,
    /// Absent is not as described.
    pub(crate) is_required: bool,
    /// `null` is not as described, and noticed.
    pub(crate) is_never_null: bool,
    /// Written although it was absent.
    is_always_written: bool,
    /// What it is when it is absent.
    nothing: Value,
}

impl Kind {
    pub(crate) fn of(schema: &Value) -> Self {
        let schema = &resolved(schema);
        let inner = |key: &str| schema.get(key).filter(|value| value.is_object()).cloned();
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            let values = values.iter().filter(|value| !value.is_null());
            let plain = |value: &Value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            };
            return Self::Enum(values.map(plain).collect());
        }
        match text(schema, "type") {
            "array" => Self::List(inner("items").unwrap_or_default()),
            "string" => Self::Text(text(schema, "format").to_owned()),
            "number" => Self::Decimal,
            "integer" => Self::Integer,
            "boolean" => Self::Flag,
            _ if has_typed_fields(schema) => Self::Object(fields(schema)),
            "object" if schema["properties"] == json!({}) => Self::Object(Vec::new()),
            "object" if schema.get("properties").is_none() => {
                Self::Map(inner("additionalProperties").unwrap_or_default())
            }
            _ => Self::Any,
        }
    }

    /// Written for a field of this kind that was absent.
    fn nothing(&self) -> Value {
        match self {
            Self::List(_) => json!([]),
            Self::Map(_) => json!({}),
            _ => Value::Null,
        }
    }
}

/// An object that only lists names may be anything.
pub(crate) fn has_typed_fields(schema: &Value) -> bool {
    let properties = schema.get("properties").and_then(Value::as_object);
    let is_typed = |property: &Value| {
        let mut keys = property.as_object().unwrap().keys();
        keys.any(|key| key != "description" && key != "nullable")
    };
    properties.is_some_and(|properties| properties.values().any(is_typed))
}

pub(crate) fn fields(schema: &Value) -> Vec<Field> {
    let required: BTreeSet<&str> = strings(schema, "required").into_iter().collect();
    let properties = schema["properties"].as_object().unwrap();
    let field = |(name, property): (&String, &Value)| {
        let kind = Kind::of(property);
        let may_be_nothing =
            is_nullable(property) || matches!(kind, Kind::List(_) | Kind::Map(_) | Kind::Any);
        let is_required = required.contains(name.as_str());
        Field {
            name: name.clone(),
            schema: property.clone(),
            is_strict: is_required && !may_be_nothing,
            is_required,
            is_never_null: is_required && !is_nullable(property) && !matches!(kind, Kind::Any),
            is_always_written: is_required || flag(property, "x-send-null"),
            nothing: kind.nothing(),
        }
    };
    properties.iter().map(field).collect()
}

pub(crate) fn strict_fields(schema: &Value) -> Vec<String> {
    let fields = fields(&resolved(schema)).into_iter();
    fields
        .filter(|field| field.is_strict)
        .map(|field| field.name)
        .collect()
}

/// A schema without references and parts.
pub(crate) fn resolved(schema: &Value) -> Value {
    if let Some(name) = ref_name(schema) {
        return resolved(&API.schemas()[name]);
    }
    let parts = schema
        .get("allOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let parts: Vec<Value> = parts
        .map(resolved)
        .filter(|part| part != &json!({}))
        .collect();
    let (Some(first), objects) = (parts.first(), parts.len()) else {
        return schema.clone();
    };
    if objects == 1 || first.get("properties").is_none() {
        return first.clone();
    }
    let mut joined = json!({"type": "object", "properties": {}, "required": []});
    for part in &parts {
        let properties = part.get("properties").and_then(Value::as_object).cloned();
        let joined_properties = joined["properties"].as_object_mut().unwrap();
        joined_properties.extend(properties.unwrap_or_default());
        joined["required"]
            .as_array_mut()
            .unwrap()
            .extend(strings(part, "required").into_iter().map(Value::from));
    }
    joined
}

/// Nullability is a matter of the use, of what is referred to, and of its parts.
pub(crate) fn is_nullable(schema: &Value) -> bool {
    let target = ref_name(schema).map(|name| &API.schemas()[name]);
    let parts = schema.get("allOf").and_then(Value::as_array);
    flag(schema, "nullable")
        || target.is_some_and(is_nullable)
        || parts.is_some_and(|parts| parts.len() == 1 && is_nullable(&parts[0]))
}
