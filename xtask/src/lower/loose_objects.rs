//! An object of which no field has a type is any JSON.
//!
//! Where every field is untyped, the description lists names that may occur, not a
//! shape: the status of a Link session is described as an object with one field
//! per status and arrives as a string. A struct would refuse it.

use serde_json::{Map, Value};

use crate::document::{Document, visit_mut};

/// See the module.
pub fn run(document: &mut Document) {
    for schema in document.schemas_mut().values_mut() {
        visit_mut(schema, &mut loosen);
    }
}

fn loosen(schema: &mut Value) {
    let properties = schema.get("properties").and_then(Value::as_object);
    if properties.is_some_and(|p| !p.is_empty() && p.values().all(is_untyped))
        && let Some(object) = schema.as_object_mut()
    {
        for key in ["type", "properties", "required", "additionalProperties"] {
            object.remove(key);
        }
        // An object around this one has a typed field: this one, which is any JSON.
        object.insert("x-any".to_owned(), Value::Bool(true));
    }
}

fn is_untyped(schema: &Value) -> bool {
    let annotation = |key: &String| key == "description" || key == "nullable";
    schema
        .as_object()
        .is_some_and(|object: &Map<_, _>| object.keys().all(annotation))
}

#[cfg(test)]
mod tests {
    use super::super::testing::after;
    use super::*;
    use serde_json::json;

    #[test]
    fn only_objects_without_any_typed_field() {
        let untyped = json!({"description": "d"});
        let lowered = after(
            run,
            json!({
                "A": {"type": "object", "description": "a", "properties": {"x": untyped}},
                "Outer": {"type": "object", "properties": {"a": {"type": "object", "properties": {"x": untyped}}}},
            "B": {"type": "object", "properties": {"x": untyped, "y": {"type": "string"}}},
            }),
        );
        assert_eq!(lowered["A"], json!({"description": "a", "x-any": true}));
        assert!(lowered["Outer"].get("properties").is_some());
        assert!(lowered["B"].get("properties").is_some());
    }
}
