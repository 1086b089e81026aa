//! Header parameters leave the operation; calls set them as headers.
//!
//! progenitor would make them arguments of its methods. In `plaid` a call has one
//! request and any number of headers, so a header that six operations declare is
//! no other than one that a caller adds.

use serde_json::{Value, json};

use crate::document::{Document, text};

/// See the module.
pub fn run(document: &mut Document) {
    for (_, _, operation) in document.operations_mut() {
        let Some(parameters) = operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut)
        else {
            continue;
        };
        let (headers, others): (Vec<Value>, Vec<Value>) = parameters
            .drain(..)
            .partition(|p| text(p, "in") == "header");
        *parameters = others;
        if !headers.is_empty() {
            operation["x-headers"] = json!(headers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_leave_and_path_parameters_stay() {
        let path = json!({"in": "path", "name": "id"});
        let header = json!({"in": "header", "name": "X-A"});
        let mut document = Document::from_value(json!({
            "paths": {"/a/{id}": {"get": {"parameters": [path, header]}}}
        }));
        run(&mut document);
        let operation = &document.root["paths"]["/a/{id}"]["get"];
        assert_eq!(
            operation,
            &json!({"parameters": [path], "x-headers": [header]})
        );
    }
}
