//! Finds what the description says that the checker does not know.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::{REFERENCE, Schemas, Type};
use crate::contract::Contract;

/// Formats that are checked, and those that are known to say nothing.
const FORMATS: [&str; 11] = [
    "date",
    "date-time",
    "email",
    "uri",
    "uri-reference",
    "uuid",
    "binary",
    "cognito_id",
    "double",
    "float",
    "url",
];

/// Keywords that are not known, or are used in another way than the checker expects.
fn unknown(place: &str, schema: &Value, schemas: &Schemas) -> Vec<String> {
    let Some(keywords) = schema.as_object() else {
        return vec![format!("{place} is {schema}")];
    };
    let mut found = Vec::new();
    for (keyword, value) in keywords {
        if !is_known(keyword, value, schemas) {
            found.push(format!("{place} has {keyword}: {value}"));
        }
        let below = match keyword.as_str() {
            "properties" => value.as_object().into_iter().flatten().collect(),
            "additionalProperties" | "items" if value.is_object() => vec![(keyword, value)],
            "allOf" | "anyOf" => value
                .as_array()
                .into_iter()
                .flatten()
                .map(|part| (keyword, part))
                .collect(),
            _ => Vec::new(),
        };
        for (name, schema) in below {
            found.extend(unknown(&format!("{place}.{name}"), schema, schemas));
        }
    }
    found
}

fn is_known(keyword: &str, value: &Value, schemas: &Schemas) -> bool {
    let all = |is_one: &dyn Fn(&Value) -> bool| {
        value
            .as_array()
            .is_some_and(|elements| !elements.is_empty() && elements.iter().all(is_one))
    };
    let is_type = |name: &Value| {
        name.as_str()
            .is_some_and(|name| Type::named(name).is_some())
    };
    match keyword {
        "$ref" => value
            .as_str()
            .and_then(|target| target.strip_prefix(REFERENCE))
            .is_some_and(|name| schemas.contains_key(name)),
        "type" => is_type(value) || all(&is_type),
        "enum" => all(&|choice| !choice.is_array() && !choice.is_object()),
        "required" => all(&Value::is_string),
        // Its parts are looked at one by one.
        "allOf" => all(&|_| true),
        // Something or null: what is wrong within the something is not told.
        "anyOf" => {
            let is_null = |choice: &Value| *choice == json!({ "type": "null" });
            value.as_array().is_some_and(|choices| {
                choices.len() == 2 && choices.iter().filter(|choice| is_null(choice)).count() == 1
            })
        }
        "properties" | "items" => value.is_object(),
        "additionalProperties" => value.is_boolean() || value.is_object(),
        "unevaluatedProperties" => *value == json!(false),
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {
            value.is_u64()
        }
        "minimum" | "maximum" => value.is_number(),
        "uniqueItems" => value.is_boolean(),
        "format" => value
            .as_str()
            .is_some_and(|format| FORMATS.contains(&format)),
        _ => false,
    }
}

#[test]
fn the_checker_knows_every_keyword_of_the_description() {
    let schemas = Contract::embedded().unwrap().schemas();
    let found: Vec<_> = schemas
        .iter()
        .flat_map(|(name, schema)| unknown(name, schema, schemas))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_keyword_that_the_checker_does_not_know_is_found() {
    for schema in [
        json!(true),
        json!({ "pattern": "^a" }),
        json!({ "oneOf": [{}] }),
        json!({ "const": 1 }),
        json!({ "exclusiveMinimum": 1 }),
        json!({ "type": "text" }),
        json!({ "enum": [["a"]] }),
        json!({ "$ref": "#/schemas/Nothing" }),
        json!({ "$ref": "#/components/schemas/A" }),
        json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] }),
        json!({ "items": [{}] }),
        json!({ "minLength": 1.5 }),
        json!({ "unevaluatedProperties": {} }),
        json!({ "format": "ipv4" }),
    ] {
        let within = json!({ "properties": { "a": { "allOf": [schema] } } });
        assert_eq!(unknown("A", &within, &Schemas::new()).len(), 1, "{within}");
    }
}
