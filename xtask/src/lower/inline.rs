//! Named scalars, lists and maps are replaced by what they are.
//!
//! typify makes a newtype with five conversions of each: 170 types that say less
//! than the field that they are used for, and that callers have to unwrap.

use serde_json::{Map, Value, json};

use crate::document::{Document, ref_name, visit_mut};

/// Chains of names are short; this ends a circle of them.
const MAX_CHAIN: usize = 16;

/// See the module.
pub fn run(document: &mut Document) {
    let bodies: Vec<String> = document
        .operations()
        .flat_map(|(_, _, operation)| crate::document::reach::direct(operation))
        .collect();
    for name in &bodies {
        if let Some(schema) = document.schemas_mut().get_mut(name) {
            keep_as_record(schema);
        }
    }
    let (aliases, types) = std::mem::take(document.schemas_mut())
        .into_iter()
        .partition(|(_, schema)| !is_type(schema));
    *document.schemas_mut() = types;
    for schema in document.schemas_mut().values_mut() {
        resolve(schema, &aliases);
    }
    for (_, _, operation) in document.operations_mut() {
        bodies_of(operation).for_each(|body| resolve(body, &aliases));
    }
}

fn resolve(schema: &mut Value, aliases: &Map<String, Value>) {
    for _ in 0..MAX_CHAIN {
        let mut replaced = false;
        visit_mut(schema, &mut |node| replaced |= replace(node, aliases));
        if !replaced {
            break;
        }
    }
}

/// The schemas of an operation's bodies, in both directions.
fn bodies_of(operation: &mut Value) -> impl Iterator<Item = &mut Value> {
    let object = operation.as_object_mut().into_iter().flatten();
    let parts = object.flat_map(|(key, value)| match key.as_str() {
        "requestBody" => vec![value],
        "responses" => value
            .as_object_mut()
            .into_iter()
            .flatten()
            .map(|(_, r)| r)
            .collect(),
        _ => Vec::new(),
    });
    parts
        .filter_map(|part| part.get_mut("content")?.as_object_mut())
        .flatten()
        .filter_map(|(_, body)| body.get_mut("schema"))
}

/// A body without fields is an empty object, not a map.
fn keep_as_record(schema: &mut Value) {
    let typed = schema.get("type").is_some_and(|t| t == "object");
    let fields = schema.get("properties").and_then(Value::as_object);
    if typed && fields.is_none_or(Map::is_empty) && !has_map_values(schema) {
        schema["properties"] = json!({});
        schema["additionalProperties"] = json!(false);
    }
}

fn has_map_values(schema: &Value) -> bool {
    schema
        .get("additionalProperties")
        .is_some_and(Value::is_object)
}

/// Whether a schema is worth a type of its own.
fn is_type(schema: &Value) -> bool {
    schema.get("properties").is_some() || schema.get("enum").is_some()
}

fn replace(node: &mut Value, aliases: &Map<String, Value>) -> bool {
    let target = ref_name(node).and_then(|name| aliases.get(name)).cloned();
    let (Some(Value::Object(target)), Some(object)) = (target, node.as_object_mut()) else {
        return false;
    };
    object.remove("$ref");
    for (key, value) in target {
        object.entry(key).or_insert(value);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::testing::{after, schemas};
    use super::*;
    use crate::document::ref_to;

    #[test]
    fn a_scalar_takes_the_place_of_its_name() {
        let lowered = after(
            run,
            json!({
                "Id": {"type": "string", "description": "of the schema"},
                "Ids": {"type": "array", "items": ref_to("Id")},
                "A": {"properties": {
                    "own": {"$ref": "#/components/schemas/Id", "description": "of the field"},
                    "ids": ref_to("Ids"),
                }},
            }),
        );
        let id = json!({"type": "string", "description": "of the schema"});
        assert_eq!(
            lowered,
            json!({"A": {"properties": {
                "own": {"type": "string", "description": "of the field"},
                "ids": {"type": "array", "items": id},
            }}})
        );
    }

    #[test]
    fn a_body_that_is_only_another_name_is_replaced() {
        let body = json!({"content": {"application/json": {"schema": ref_to("Alias")}}});
        let mut document = schemas(json!({
            "Alias": {"description": "d", "$ref": "#/components/schemas/A"},
            "A": {"properties": {"x": {"type": "string"}}},
        }));
        document
            .paths_mut()
            .insert("/a".to_owned(), json!({"post": {"requestBody": body}}));
        run(&mut document);
        let schema = document
            .root
            .pointer("/paths/~1a/post/requestBody/content/application~1json/schema/$ref");
        assert_eq!(schema, Some(&json!("#/components/schemas/A")));
    }

    #[test]
    fn a_body_without_fields_stays_a_type() {
        let mut document = schemas(json!({"A": {"type": "object"}}));
        document
            .paths_mut()
            .insert("/a".to_owned(), json!({"post": ref_to("A")}));
        run(&mut document);
        let empty = json!({"type": "object", "properties": {}, "additionalProperties": false});
        assert_eq!(document.schemas()["A"], empty);
    }
}
