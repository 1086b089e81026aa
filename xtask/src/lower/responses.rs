//! Every operation has one success, `2XX`, and one failure, `default`.
//!
//! progenitor counts `default` as a success too unless the success is a range, and
//! then panics over two response types: that is 283 of the 329 operations. 46
//! declare no failure at all, and their errors would never be parsed. Some list a
//! `201` beside the `200` or an odd `400`; one schema serves them all.

use serde_json::{Map, Value, json};

use crate::document::{Document, ref_to};

/// The schema of errors, where there is one.
const ERROR: &str = "PlaidError";

/// See the module.
pub fn run(document: &mut Document) {
    let error = document
        .schemas()
        .contains_key(ERROR)
        .then(|| ref_to(ERROR));
    for (_, _, operation) in document.operations_mut() {
        let responses = operation.get("responses").and_then(Value::as_object);
        if let Some(lowered) = responses.map(|all| lower(all, error.as_ref())) {
            operation["responses"] = Value::Object(lowered);
        }
    }
}

fn lower(responses: &Map<String, Value>, error: Option<&Value>) -> Map<String, Value> {
    let success = responses.iter().find(|(code, _)| code.starts_with('2'));
    let failure = responses.get("default").or_else(|| {
        responses
            .iter()
            .find(|(code, _)| code.starts_with('4'))
            .map(|(_, r)| r)
    });
    let mut lowered = Map::new();
    if let Some((_, response)) = success {
        lowered.insert("2XX".to_owned(), body_of(response));
    }
    let failure = failure.cloned().or_else(|| error.map(error_response));
    if let Some(response) = failure {
        lowered.insert("default".to_owned(), response);
    }
    lowered
}

/// A response whose body is not JSON has no schema worth a type.
fn body_of(response: &Value) -> Value {
    let mut response = response.clone();
    if let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) {
        for (media_type, body) in content.iter_mut() {
            if media_type != "application/json" {
                *body = json!({ "schema": { "type": "string", "format": "binary" } });
            }
        }
    }
    response
}

fn error_response(schema: &Value) -> Value {
    json!({
        "description": "What went wrong.",
        "content": { "application/json": { "schema": schema } }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lowered(responses: Value) -> Value {
        let operation = json!({"post": {"responses": responses}});
        let mut document = Document::from_value(json!({
            "paths": {"/a": operation}, "components": {"schemas": {"PlaidError": {}}}
        }));
        run(&mut document);
        document.root["paths"]["/a"]["post"]["responses"].take()
    }

    #[test]
    fn success_becomes_a_range_and_a_second_one_goes() {
        let lowered = lowered(json!({"200": {"a": 1}, "201": {"b": 1}, "default": {"c": 1}}));
        assert_eq!(lowered, json!({"2XX": {"a": 1}, "default": {"c": 1}}));
    }

    #[test]
    fn an_operation_without_errors_gets_the_usual_one() {
        let lowered = lowered(json!({"200": {}}));
        let schema = lowered.pointer("/default/content/application~1json/schema");
        assert_eq!(schema, Some(&ref_to("PlaidError")));
    }

    #[test]
    fn a_pdf_is_bytes() {
        let pdf = json!({"200": {"content": {"application/pdf": {"schema": {"$ref": "x"}}}}});
        let schema = lowered(pdf)["2XX"]["content"]["application/pdf"]["schema"].take();
        assert_eq!(schema, json!({"type": "string", "format": "binary"}));
    }
}
