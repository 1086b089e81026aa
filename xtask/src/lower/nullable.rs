//! Nullability moves from a schema to the places that use it.
//!
//! 387 schemas are nullable as a whole. typify makes of those types that contain
//! themselves or exist twice: 3,519 compile errors. That a value may be null is a
//! fact about the field that holds it.

use std::collections::BTreeSet;

use serde_json::json;

use crate::document::{Document, flag, ref_name, visit_mut};

/// See the module.
pub fn run(document: &mut Document) {
    let nullable: BTreeSet<String> = document
        .schemas()
        .iter()
        .filter(|(_, schema)| flag(schema, "nullable"))
        .map(|(name, _)| name.clone())
        .collect();
    for schema in document.schemas_mut().values_mut() {
        if let Some(object) = schema.as_object_mut() {
            object.remove("nullable");
        }
        visit_mut(schema, &mut |schema| {
            if ref_name(schema).is_some_and(|name| nullable.contains(name)) {
                schema["nullable"] = json!(true);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::after;
    use super::*;
    use crate::document::ref_to;

    #[test]
    fn uses_become_nullable_and_the_schema_does_not() {
        let lowered = after(
            run,
            json!({
                "A": {"type": "object", "nullable": true},
                "B": {"properties": {"a": ref_to("A"), "list": {"items": ref_to("A")}}},
            }),
        );
        assert_eq!(lowered["A"], json!({"type": "object"}));
        assert_eq!(lowered["B"]["properties"]["a"]["nullable"], json!(true));
        assert_eq!(
            lowered["B"]["properties"]["list"]["items"]["nullable"],
            json!(true)
        );
    }
}
