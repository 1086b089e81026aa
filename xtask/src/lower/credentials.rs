//! `client_id` and `secret` leave the request bodies.
//!
//! Nearly every request may carry them in its body, so every request type would
//! have two fields that no caller fills: the client sends them as headers. Where a
//! body requires them, the client puts them there (`x-credentials: body`), and an
//! operation with an empty `security` gets none (`x-credentials: none`).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::document::{Document, ref_name, strings, text};

const FIELDS: [&str; 2] = ["client_id", "secret"];
const KEY: &str = "x-credentials";

/// Where an operation's credentials go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Into two headers, as with nearly all operations.
    #[default]
    Headers,
    /// Into the body, which requires them.
    Body,
    /// Nowhere: the operation takes none.
    None,
}

impl Credentials {
    /// What this pass has found out about an operation.
    pub fn of(operation: &Value) -> Self {
        match text(operation, KEY) {
            "body" => Self::Body,
            "none" => Self::None,
            _ => Self::Headers,
        }
    }
}

/// See the module.
pub fn run(document: &mut Document) {
    let bodies: BTreeSet<String> = document
        .operations()
        .filter_map(|(_, _, o)| body(o))
        .collect();
    let in_body: BTreeSet<String> = bodies
        .iter()
        .filter(|name| document.schemas().get(*name).is_some_and(requires_them))
        .cloned()
        .collect();
    for (_, _, operation) in document.operations_mut() {
        let anonymous = operation.get("security").is_some_and(|s| s == &json!([]));
        if anonymous {
            operation[KEY] = json!("none");
        } else if body(operation).is_some_and(|name| in_body.contains(&name)) {
            operation[KEY] = json!("body");
        }
    }
    for name in bodies {
        if let Some(schema) = document.schemas_mut().get_mut(&name) {
            remove(schema);
        }
    }
}

fn body(operation: &Value) -> Option<String> {
    let schema = operation.pointer("/requestBody/content/application~1json/schema")?;
    ref_name(schema).map(str::to_owned)
}

fn requires_them(schema: &Value) -> bool {
    let required = strings(schema, "required");
    FIELDS.iter().any(|field| required.contains(field))
}

fn remove(schema: &mut Value) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| !FIELDS.contains(&name.as_str()));
    }
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| !FIELDS.contains(&name.as_str().unwrap_or_default()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::ref_to;

    fn lowered(required: &Value, security: Option<Value>) -> Credentials {
        let body = json!({"content": {"application/json": {"schema": ref_to("A")}}});
        let mut operation = json!({"requestBody": body});
        if let Some(security) = security {
            operation["security"] = security;
        }
        let a =
            json!({"properties": {"client_id": {}, "secret": {}, "b": {}}, "required": required});
        let mut document = Document::from_value(json!({
            "paths": {"/a": {"post": operation}}, "components": {"schemas": {"A": a}}
        }));
        run(&mut document);
        assert_eq!(document.schemas()["A"]["properties"], json!({"b": {}}));
        Credentials::of(&document.root["paths"]["/a"]["post"])
    }

    #[test]
    fn they_travel_as_headers_unless_the_body_requires_them() {
        for (required, security, place) in [
            (json!(["b"]), None, Credentials::Headers),
            (json!(["client_id", "secret"]), None, Credentials::Body),
            (json!([]), Some(json!([])), Credentials::None),
        ] {
            let found = lowered(&required, security.clone());
            assert_eq!(found, place, "required {required}, security {security:?}");
        }
    }
}
