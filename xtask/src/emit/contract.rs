//! What the emulator needs to know of the API, as one JSON file.
//!
//! Operations with their schemas as JSON Schema, without descriptions. It is made
//! from the document as written and not from the lowered one: the emulator has to
//! be as strict as Plaid, where the SDK forgives.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::Output;
use crate::document::reach::{self, Graph};
use crate::document::{Document, SCHEMA_PREFIX, flag, ref_name};
use crate::lower::Lowered;
use crate::lower::credentials::Credentials;

/// The file.
pub const FILE: &str = "plaid-sandbox/src/generated/contract.json";

/// The keywords that are carried over as they are.
const KEPT: [&str; 10] = [
    "type",
    // Tells a date from any other text; answers are made by it. It is not checked in
    // requests: which of the two the API reports for a bad date is not documented.
    "format",
    "enum",
    "required",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
];

/// Makes the file.
pub fn output(document: &Document, lowered: &Lowered) -> Output {
    let graph = Graph::of(document);
    let requests = document
        .operations()
        .filter_map(|(_, _, o)| o.get("requestBody"));
    let requests: BTreeSet<String> =
        graph.closure(requests.flat_map(reach::direct).collect::<BTreeSet<_>>());
    let parts = parts_of_others(document);
    let roots = document.operations().flat_map(|(_, _, o)| reach::direct(o));
    let used = graph.closure(roots.collect::<BTreeSet<_>>());
    let schemas: Map<String, Value> = document
        .schemas()
        .iter()
        .filter(|(name, _)| used.contains(*name))
        .map(|(name, schema)| {
            let closed = requests.contains(name) && !parts.contains(name);
            (name.clone(), json_schema(schema, closed))
        })
        .collect();
    let operations: Vec<Value> = document
        .operations()
        .map(|(path, method, node)| operation(path, method, node, lowered))
        .collect();
    let version = document
        .root
        .pointer("/info/version")
        .cloned()
        .unwrap_or_default();
    let mut contract = json!({
        "version": version, "operations": operations, "schemas": schemas,
    });
    contract.sort_all_objects();
    Output {
        path: PathBuf::from(FILE),
        text: a_line_each(&contract),
    }
}

/// An operation or schema a line: a change shows as one, and the file stays small.
fn a_line_each(contract: &Value) -> String {
    let lines = |values: Vec<String>| values.join(",\n");
    let operations = contract["operations"].as_array().into_iter().flatten();
    let schemas = contract["schemas"].as_object().into_iter().flatten();
    format!(
        "{{\n\"version\": {},\n\"operations\": [\n{}\n],\n\"schemas\": {{\n{}\n}}\n}}\n",
        contract["version"],
        lines(operations.map(Value::to_string).collect()),
        lines(
            schemas
                .map(|(name, schema)| format!("{name:?}: {schema}"))
                .collect()
        ),
    )
}

fn operation(path: &str, method: &str, node: &Value, lowered: &Lowered) -> Value {
    let request = node.pointer("/requestBody/content/application~1json/schema");
    let responses = node.get("responses").and_then(Value::as_object);
    let success = responses.and_then(|r| r.iter().find(|(code, _)| code.starts_with('2')));
    let content = success.and_then(|(_, r)| r.get("content")?.as_object()?.iter().next());
    let id = crate::document::text(node, "operationId");
    let credentials = lowered
        .facts
        .operation(id)
        .is_none_or(|o| o.credentials != Credentials::None);
    let mut operation = json!({
        "id": id,
        "method": method.to_uppercase(),
        "path": path,
        "product": crate::document::strings(node, "tags").first(),
        "request": request.and_then(ref_name),
        "response": content.and_then(|(_, body)| body.get("schema")).and_then(ref_name),
        "media": content.map(|(media_type, _)| media_type),
        "credentials": credentials,
    });
    // Lists have to end, so the emulator has to know what turns their pages.
    if let Some(paging) = node.get("x-paging") {
        operation["paging"] = paging.clone();
    }
    operation
}

/// The schemas that another one is made of together with more. One that refused the
/// fields that it does not know would refuse those of the other parts.
fn parts_of_others(document: &Document) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut values: Vec<&Value> = document.schemas().values().collect();
    while let Some(value) = values.pop() {
        match value {
            Value::Array(list) => values.extend(list),
            Value::Object(fields) => {
                if let Some(Value::Array(parts)) = fields.get("allOf") {
                    let has_fields = |part: &&Value| {
                        ref_name(part).is_some() || part.get("properties").is_some()
                    };
                    if parts.iter().filter(has_fields).count() > 1 {
                        names.extend(parts.iter().filter_map(ref_name).map(str::to_owned));
                    }
                }
                values.extend(fields.values());
            }
            _ => {}
        }
    }
    names
}

/// OpenAPI 3.0's dialect as JSON Schema. `closed` refuses unknown fields, as Plaid
/// does in requests.
fn json_schema(schema: &Value, closed: bool) -> Value {
    let mut out = Map::new();
    for key in KEPT {
        if let Some(value) = schema.get(key) {
            out.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(pattern) = schema.get("pattern") {
        out.insert("pattern".to_owned(), pattern.clone());
    }
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let name = name.trim_start_matches(SCHEMA_PREFIX);
        out.insert("$ref".to_owned(), format!("#/schemas/{name}").into());
    }
    if let Some(Value::Object(properties)) = schema.get("properties") {
        let converted = properties
            .iter()
            .map(|(k, v)| (k.clone(), json_schema(v, closed)));
        out.insert("properties".to_owned(), Value::Object(converted.collect()));
        if closed {
            out.insert("additionalProperties".to_owned(), false.into());
        }
    }
    if let Some(items) = schema.get("items") {
        out.insert("items".to_owned(), json_schema(items, closed));
    }
    if let Some(values @ Value::Object(_)) = schema.get("additionalProperties") {
        out.insert(
            "additionalProperties".to_owned(),
            json_schema(values, closed),
        );
    }
    if let Some(Value::Array(parts)) = schema.get("allOf") {
        // No part of an `allOf` knows the fields of the others; the whole does.
        if closed && parts.len() > 1 {
            out.insert("unevaluatedProperties".to_owned(), false.into());
        }
        let closed = closed && parts.len() == 1;
        let parts = parts.iter().map(|part| json_schema(part, closed));
        out.insert("allOf".to_owned(), parts.collect());
    }
    nullable(out, flag(schema, "nullable"))
}

fn nullable(mut schema: Map<String, Value>, nullable: bool) -> Value {
    if !nullable {
        return Value::Object(schema);
    }
    if schema.contains_key("$ref") || schema.contains_key("allOf") {
        return json!({ "anyOf": [schema, { "type": "null" }] });
    }
    if let Some(kind) = schema.get("type").cloned() {
        schema.insert("type".to_owned(), json!([kind, "null"]));
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.push(Value::Null);
    }
    Value::Object(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_closed_and_nullability_is_a_type() {
        let schema = json!({"type": "object", "description": "d", "properties": {
            "a": {"type": "string", "nullable": true, "enum": ["x"]},
            "b": {"allOf": [{"$ref": "#/components/schemas/B"}], "nullable": true},
        }});
        let b = json!({"allOf": [{"$ref": "#/schemas/B"}]});
        assert_eq!(
            json_schema(&schema, true),
            json!({
                "type": "object", "additionalProperties": false, "properties": {
                    "a": {"type": ["string", "null"], "enum": ["x", null]},
                    "b": {"anyOf": [b, {"type": "null"}]},
                }
            })
        );
    }
}
