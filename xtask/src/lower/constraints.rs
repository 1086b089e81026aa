//! Limits and defaults leave the types; they stay in the documentation.
//!
//! typify enforces lengths and patterns on answers too, so one character too many
//! from a bank fails the whole answer, and it sends every default that a caller
//! has not overridden, so a change of Plaid's defaults would not reach anybody.

use std::fmt::Write as _;

use serde_json::Value;

use crate::document::{Document, text, visit_mut};

const LIMITS: [(&str, &str); 8] = [
    ("minLength", "Shortest length"),
    ("maxLength", "Longest length"),
    ("minimum", "Smallest value"),
    ("maximum", "Largest value"),
    ("minItems", "Fewest entries"),
    ("maxItems", "Most entries"),
    ("pattern", "Pattern"),
    ("default", "Default"),
];

const SILENT: [&str; 4] = [
    "uniqueItems",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
];

/// See the module.
pub fn run(document: &mut Document) {
    for schema in document.schemas_mut().values_mut() {
        visit_mut(schema, &mut lower);
    }
}

fn lower(schema: &mut Value) {
    let mut notes = String::new();
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    for (key, name) in LIMITS {
        if let Some(limit) = object.remove(key) {
            let _ = write!(notes, "{}{name}: `{}`.", separator(&notes), plain(&limit));
        }
    }
    for key in SILENT {
        object.remove(key);
    }
    if !notes.is_empty() {
        let description = text(schema, "description").to_owned();
        schema["description"] = Value::String(format!("{description}\n\n{notes}"));
    }
}

fn separator(notes: &str) -> &'static str {
    if notes.is_empty() { "" } else { " " }
}

fn plain(limit: &Value) -> String {
    limit
        .as_str()
        .map_or_else(|| limit.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::testing::after;
    use super::*;
    use serde_json::json;

    #[test]
    fn they_move_to_the_documentation() {
        let lowered = after(
            run,
            json!({"A": {
                "type": "integer", "description": "How many.", "minimum": 1, "default": 100
            }}),
        );
        assert_eq!(
            lowered["A"],
            json!({
                "type": "integer",
                "description": "How many.\n\nSmallest value: `1`. Default: `100`."
            })
        );
    }
}
