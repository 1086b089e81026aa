//! A document that somebody else wrote, reduced to what this project keeps.
//!
//! Plaid's own has 70,000 lines, most of them examples, prose and extensions of
//! its documentation. Nothing of that is needed to make a call.

use serde_json::{Map, Value};

use super::{Document, SCHEMA_PREFIX};

/// The extensions that mean something here.
const EXTENSIONS: [&str; 9] = [
    "x-webhook",
    "x-effect",
    "x-instead",
    "x-method",
    "x-ready",
    "x-paging",
    "x-sensitive",
    "x-send-null",
    "x-displayName",
];

/// Keys of a schema or operation that are dropped.
const DROPPED: [&str; 7] = [
    "example",
    "examples",
    "title",
    "xml",
    "servers",
    "callbacks",
    "links",
];

/// References that stand for other references end.
const MAX_HOPS: usize = 8;

/// Reduces a document: examples and foreign extensions go, references to anything
/// but schemas are replaced by what they refer to, bodies keep one media type.
pub fn reduce(document: &Document) -> Document {
    let mut root = Map::new();
    for key in ["openapi", "info", "tags"] {
        if let Some(value) = document.root.get(key) {
            root.insert(key.to_owned(), value.clone());
        }
    }
    let mut reduced = Document {
        root: Value::Object(root),
        places: document.places.clone(),
    };
    for (path, item) in document.paths() {
        let item = reduce_operations(item, &document.root);
        reduced.paths_mut().insert(path.clone(), item);
    }
    for (name, schema) in document.schemas() {
        let schema = clean(schema, &document.root, Context::Node);
        reduced.schemas_mut().insert(name.clone(), schema);
    }
    reduced
}

fn reduce_operations(item: &Value, root: &Value) -> Value {
    let mut item = clean(item, root, Context::Node);
    let operations = item.as_object_mut().into_iter().flatten();
    for (_, operation) in operations {
        if let Some(body) = operation.pointer_mut("/requestBody/content") {
            keep_json(body);
        }
        let responses = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        for (_, response) in responses.into_iter().flatten() {
            if let Some(content) = response.get_mut("content") {
                keep_json(content);
            }
        }
    }
    item
}

/// Where there is JSON among the media types, the others are strays.
fn keep_json(content: &mut Value) {
    if let Some(content) = content.as_object_mut()
        && content.contains_key("application/json")
    {
        content.retain(|media_type, _| media_type == "application/json");
    }
}

/// What the keys of an object are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    /// Keywords of OpenAPI.
    Node,
    /// Names, of which any may look like a keyword.
    Names,
}

fn clean(node: &Value, root: &Value, context: Context) -> Value {
    let node = followed(node, root);
    match node {
        Value::Object(object) => {
            let kept = object
                .iter()
                .filter(|(key, _)| context == Context::Names || keep(key));
            let cleaned = kept.map(|(key, value)| {
                let names = context == Context::Node
                    && matches!(key.as_str(), "properties" | "responses" | "content");
                let inner = if names { Context::Names } else { Context::Node };
                (key.clone(), clean(value, root, inner))
            });
            Value::Object(cleaned.collect())
        }
        Value::Array(list) => list
            .iter()
            .map(|value| clean(value, root, Context::Node))
            .collect(),
        other => other.clone(),
    }
}

fn keep(key: &str) -> bool {
    !DROPPED.contains(&key) && (!key.starts_with("x-") || EXTENSIONS.contains(&key))
}

/// What a reference to a parameter, response or body stands for.
fn followed<'a>(node: &'a Value, root: &'a Value) -> &'a Value {
    let mut node = node;
    for _ in 0..MAX_HOPS {
        let target = node.get("$ref").and_then(Value::as_str);
        let target = target.filter(|target| !target.starts_with(SCHEMA_PREFIX));
        match target.and_then(|target| root.pointer(target.strip_prefix('#')?)) {
            Some(next) => node = next,
            None => break,
        }
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_makes_no_difference_to_a_call_goes() {
        let foreign = json!({
            "openapi": "3.0.0", "x-logo": 1,
            "paths": {"/a": {"post": {
                "x-hidden": true, "parameters": [{"$ref": "#/components/parameters/P"}],
                "requestBody": {"content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/A"}, "examples": {}},
                    "examples": {},
                }},
            }}},
            "components": {
                "parameters": {"P": {"name": "p"}},
                "schemas": {"A": {"example": 1, "properties": {"example": {"type": "string", "x-y": 1}}}},
            },
        });
        let reduced = reduce(&Document::from_value(foreign)).root;
        assert_eq!(
            reduced,
            json!({
                "openapi": "3.0.0",
                "paths": {"/a": {"post": {
                    "parameters": [{"name": "p"}],
                    "requestBody": {"content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/A"}},
                    }},
                }}},
                "components": {"schemas": {"A": {"properties": {"example": {"type": "string"}}}}},
            })
        );
    }
}
