//! A schema with its references followed and its parts joined.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Schemas, check::is_valid, list, reference};

/// Names that stand for names end somewhere.
const MAX_ALIASES: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    Text,
    Integer,
    Number,
    Boolean,
    /// Nothing is said of it.
    Any,
}

/// What a schema says. A field or list that several parts of an `allOf` describe
/// has several schemas, and a value has to be valid against all.
#[derive(Debug)]
pub(crate) struct Shape<'s> {
    /// What a value has to be valid against.
    parts: Vec<&'s Value>,
    pub(crate) kind: Kind,
    pub(crate) nullable: bool,
    /// The component that the schema is, if it has a name.
    pub(crate) name: Option<&'s str>,
    pub(crate) properties: BTreeMap<&'s str, Vec<&'s Value>>,
    pub(crate) required: BTreeSet<&'s str>,
    pub(crate) items: Vec<&'s Value>,
    /// The values of a map.
    pub(crate) values: Vec<&'s Value>,
    pub(crate) choices: Option<&'s Vec<Value>>,
    pub(crate) format: Option<&'s str>,
    limits: BTreeMap<&'s str, i64>,
}

impl<'s> Shape<'s> {
    pub(crate) fn of(parts: &[&'s Value], schemas: &'s Schemas) -> Self {
        let mut shape = Self {
            parts: parts.to_vec(),
            kind: Kind::Any,
            nullable: true,
            name: None,
            properties: BTreeMap::new(),
            required: BTreeSet::new(),
            items: Vec::new(),
            values: Vec::new(),
            choices: None,
            format: None,
            limits: BTreeMap::new(),
        };
        for part in parts {
            shape.nullable &= shape.join(part, schemas, 0);
        }
        shape
    }

    /// Adds what a part says, and tells whether it allows null.
    fn join(&mut self, part: &'s Value, schemas: &'s Schemas, depth: usize) -> bool {
        let Some(part) = part.as_object().filter(|_| depth <= MAX_ALIASES) else {
            return true;
        };
        let mut nullable = self.join_keywords(part);
        if let Some(name) = reference(part) {
            self.name.get_or_insert(name);
            if let Some(target) = schemas.get(name) {
                nullable &= self.join(target, schemas, depth + 1);
            }
        }
        for part in list(part, "allOf") {
            nullable &= self.join(part, schemas, depth + 1);
        }
        // The only use of `anyOf`: something or null.
        let mut allowed = None;
        for choice in list(part, "anyOf") {
            let is_null = choice.get("type").and_then(Value::as_str) == Some("null");
            let allows = is_null || self.join(choice, schemas, depth + 1);
            *allowed.get_or_insert(false) |= allows;
        }
        nullable && allowed.unwrap_or(true)
    }

    fn join_keywords(&mut self, part: &'s Map<String, Value>) -> bool {
        let kinds: Vec<_> = match part.get("type") {
            Some(Value::String(kind)) => vec![kind.as_str()],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if let Some(kind) = kinds.iter().find_map(|kind| self::kind(kind)) {
            self.kind = kind;
        }
        for (name, schema) in part
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            self.properties.entry(name).or_default().push(schema);
        }
        self.required
            .extend(list(part, "required").filter_map(Value::as_str));
        self.items.extend(part.get("items"));
        let values = part.get("additionalProperties");
        self.values
            .extend(values.filter(|values| values.is_object()));
        let choices = part.get("enum").and_then(Value::as_array);
        self.choices = self.choices.or(choices);
        self.format = self
            .format
            .or_else(|| part.get("format").and_then(Value::as_str));
        for limit in [
            "minLength",
            "maxLength",
            "minItems",
            "maxItems",
            "minProperties",
            "maxProperties",
            "minimum",
            "maximum",
        ] {
            if let Some(number) = part.get(limit).and_then(Value::as_i64) {
                self.limits.insert(limit, number);
            }
        }
        let by_kind = kinds.is_empty() || kinds.contains(&"null");
        by_kind && choices.is_none_or(|choices| choices.iter().any(Value::is_null))
    }

    pub(crate) fn limit(&self, name: &str) -> Option<i64> {
        self.limits.get(name).copied()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.properties.contains_key(name)
    }

    /// Whether a value that is known may stand here. Objects are never taken over
    /// as they are: their fields are, one by one.
    pub(crate) fn fits(&self, value: &Value, schemas: &'s Schemas) -> bool {
        let is_of_kind = match (self.kind, value) {
            (_, Value::Null) => true,
            (Kind::Any, _) => self.choices.is_some(),
            (_, Value::Object(_)) => false,
            // Clients read integers, and `1.0` is none to them.
            (Kind::Integer, Value::Number(number)) => number.is_i64(),
            (_, Value::Array(elements)) => {
                let items = Shape::of(&self.items, schemas);
                elements.iter().all(|element| items.fits(element, schemas))
            }
            _ => true,
        };
        is_of_kind && self.parts.iter().all(|part| is_valid(part, value, schemas))
    }
}

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "object" => Kind::Object,
        "array" => Kind::Array,
        "string" => Kind::Text,
        "integer" => Kind::Integer,
        "number" => Kind::Number,
        "boolean" => Kind::Boolean,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::call::fields;

    #[test]
    fn null_is_allowed_where_every_part_allows_it() {
        let schemas = fields(json!({
            "A": { "type": "object" },
            "B": { "type": ["object", "null"] },
            "C": { "anyOf": [{ "allOf": [{ "$ref": "#/schemas/A" }] }, { "type": "null" }] },
        }));
        for (schema, nullable) in [
            (json!({ "$ref": "#/schemas/A" }), false),
            (json!({ "allOf": [{ "$ref": "#/schemas/B" }] }), true),
            (
                json!({ "allOf": [{ "$ref": "#/schemas/B" }, { "$ref": "#/schemas/A" }] }),
                false,
            ),
            (json!({ "$ref": "#/schemas/C" }), true),
            (json!({}), true),
        ] {
            assert_eq!(
                Shape::of(&[&schema], &schemas).nullable,
                nullable,
                "{schema}"
            );
        }
    }

    #[test]
    fn a_field_that_two_parts_describe_has_both_schemas() {
        let schemas = fields(json!({
            "A": { "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"] },
        }));
        let schema = json!({ "allOf": [
            { "$ref": "#/schemas/A" },
            { "type": "object", "properties": { "a": { "maxLength": 3 }, "b": {} } },
        ] });
        let shape = Shape::of(&[&schema], &schemas);
        assert_eq!(shape.properties["a"].len(), 2);
        assert!(shape.has("b") && shape.required.contains("a"));
        let field = Shape::of(&shape.properties["a"], &schemas);
        assert!(field.fits(&json!("abc"), &schemas));
        for unfit in [json!("abcd"), json!(1), json!(null)] {
            assert!(!field.fits(&unfit, &schemas), "{unfit}");
        }
    }

    #[test]
    fn a_name_for_itself_ends() {
        let schemas = fields(json!({ "A": { "$ref": "#/schemas/A" } }));
        let schema = json!({ "$ref": "#/schemas/A" });
        assert_eq!(Shape::of(&[&schema], &schemas).kind, Kind::Any);
    }
}
