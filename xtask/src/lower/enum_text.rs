//! The values of string enums are strings.
//!
//! 17 of them are written as numbers or truth values (`1`, `true`), on which
//! progenitor stops. On the wire they are strings.

use serde_json::Value;

use crate::document::{Document, text, visit_mut};

/// See the module.
pub fn run(document: &mut Document) {
    for schema in document.schemas_mut().values_mut() {
        visit_mut(schema, &mut |schema| {
            if text(schema, "type") != "string" {
                return;
            }
            if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
                // `null` among the values only repeats `nullable`.
                values.retain(|value| !value.is_null());
                values.iter_mut().for_each(to_text);
            }
        });
    }
}

fn to_text(value: &mut Value) {
    if !value.is_string() {
        *value = Value::String(value.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::after;
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_and_truth_values_become_text() {
        let lowered = after(
            run,
            json!({"A": {"type": "string", "enum": [1, true, "x", null]}}),
        );
        assert_eq!(lowered["A"]["enum"], json!(["1", "true", "x"]));
    }
}
