//! Objects and enums inside a schema become schemas of their own.
//!
//! typify would name them itself; with a name of their own, later passes and the
//! split by product treat every type alike. `Parent.field` is `ParentField`.

use serde_json::{Map, Value};

use super::names::type_name;
use crate::document::{Document, ref_to, text};

/// See the module.
pub fn run(document: &mut Document) {
    let names: Vec<String> = document.schemas().keys().cloned().collect();
    for name in names {
        let Some(mut schema) = document.schemas_mut().get_mut(&name).map(Value::take) else {
            continue;
        };
        inside(&mut schema, &name, document.schemas_mut());
        document.schemas_mut().insert(name, schema);
    }
    document.schemas_mut().sort_keys();
}

/// Hoists what stands inside a schema; the schema itself stays.
fn inside(schema: &mut Value, name: &str, schemas: &mut Map<String, Value>) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        for (field, property) in properties {
            hoist(property, &format!("{name}{}", type_name(field)), schemas);
        }
    }
    let description = object.get("description").cloned();
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = object.get_mut(key) {
            describe(inner, description.as_ref());
            hoist(inner, &format!("{name}Item"), schemas);
        }
    }
}

fn hoist(schema: &mut Value, name: &str, schemas: &mut Map<String, Value>) {
    if text(schema, "type") == "array" {
        let description = schema.get("description").cloned();
        if let Some(items) = schema.get_mut("items") {
            describe(items, description.as_ref());
            hoist(items, name, schemas);
        }
        return;
    }
    let is_object = schema
        .get("properties")
        .is_some_and(|p| p != &Value::Object(Map::new()));
    let is_enum = schema.get("enum").is_some();
    if !is_object && !is_enum {
        return inside(schema, name, schemas);
    }
    let name = free_name(name, schemas);
    let mut own = schema.take();
    inside(&mut own, &name, schemas);
    *schema = ref_to(&name);
    for key in ["description", "nullable", "deprecated", "default"] {
        if let Some(value) = own.get(key) {
            schema[key] = value.clone();
        }
    }
    if let Some(own) = own.as_object_mut() {
        own.remove("nullable");
        own.remove("default");
    }
    schemas.insert(name, own);
}

/// What a list or map is about, its entries are about too, unless they say more.
fn describe(entry: &mut Value, description: Option<&Value>) {
    if let (Some(entry), Some(description)) = (entry.as_object_mut(), description)
        && !entry.contains_key("$ref")
    {
        entry
            .entry("description")
            .or_insert_with(|| description.clone());
    }
}

fn free_name(wanted: &str, schemas: &Map<String, Value>) -> String {
    let mut name = wanted.to_owned();
    while schemas.contains_key(&name) {
        name.push_str("Value");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::super::testing::after;
    use super::*;
    use serde_json::json;

    #[test]
    fn inner_objects_and_enums_get_a_name() {
        let lowered = after(
            run,
            json!({"A": {"properties": {
                "b_c": {"type": "string", "enum": ["x"], "nullable": true, "description": "d"},
                "list": {"type": "array", "items": {"properties": {"y": {"type": "string"}}}},
            }}}),
        );
        let b = json!({"$ref": "#/components/schemas/ABC", "description": "d", "nullable": true});
        assert_eq!(lowered["A"]["properties"]["b_c"], b);
        assert_eq!(
            lowered["ABC"],
            json!({"type": "string", "enum": ["x"], "description": "d"})
        );
        assert_eq!(lowered["A"]["properties"]["list"]["items"], ref_to("AList"));
        assert!(lowered["AList"]["properties"]["y"].is_object());
    }

    #[test]
    fn a_taken_name_is_not_taken_over() {
        let lowered = after(
            run,
            json!({
                "A": {"properties": {"b": {"type": "string", "enum": ["x"]}}},
                "AB": {"type": "object"},
            }),
        );
        assert_eq!(lowered["A"]["properties"]["b"], ref_to("ABValue"));
        assert_eq!(lowered["AB"], json!({"type": "object"}));
    }
}
