//! `allOf` is resolved: one part is that part, several objects become one.
//!
//! A reference with a description beside it is written as an `allOf` of one, for
//! OpenAPI 3.0 ignores what stands beside a `$ref`. Several parts typify merges
//! too, but then later passes would not know which fields the type has.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::document::{Document, ref_name, strings, visit_mut};

/// See the module.
pub fn run(document: &mut Document) {
    let originals = document.schemas().clone();
    for schema in document.schemas_mut().values_mut() {
        visit_mut(schema, &mut |schema| resolve(schema, &originals));
    }
}

fn resolve(schema: &mut Value, originals: &Map<String, Value>) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    let Some(Value::Array(parts)) = object.remove("allOf") else {
        return;
    };
    // `{}` beside a reference says nothing more about it.
    let mut parts: Vec<Value> = parts.into_iter().filter(|part| !is_empty(part)).collect();
    parts.extend(own_part(object));
    let merged = match parts.as_slice() {
        [only] => only.clone(),
        several => merge(several, originals),
    };
    if let Value::Object(merged) = merged {
        for (key, value) in merged {
            object.entry(key).or_insert(value);
        }
    }
}

/// Fields that stand beside the `allOf` are one more part.
fn own_part(object: &mut Map<String, Value>) -> Option<Value> {
    let properties = object.remove("properties")?;
    let mut part = Map::from_iter([("properties".to_owned(), properties)]);
    part.extend(object.remove_entry("required"));
    Some(Value::Object(part))
}

fn is_empty(part: &Value) -> bool {
    part.as_object().is_some_and(Map::is_empty)
}

/// The fields of all parts in one object; a later part wins over an earlier one.
fn merge(parts: &[Value], originals: &Map<String, Value>) -> Value {
    let mut fields = Fields::default();
    for part in parts {
        fields.add(part, originals, &mut BTreeSet::new());
    }
    if fields.properties.is_empty() {
        // `UserId & string`: a scalar, described twice.
        return parts.first().cloned().unwrap_or_default();
    }
    let mut object = Map::new();
    object.insert("type".to_owned(), "object".into());
    object.insert("properties".to_owned(), Value::Object(fields.properties));
    object.insert("required".to_owned(), fields.required.into_iter().collect());
    Value::Object(object)
}

#[derive(Default)]
struct Fields {
    properties: Map<String, Value>,
    required: BTreeSet<String>,
}

impl Fields {
    fn add(&mut self, part: &Value, originals: &Map<String, Value>, path: &mut BTreeSet<String>) {
        if let Some(name) = ref_name(part) {
            // A schema that contains itself by `allOf` has no end.
            if let Some(target) = originals.get(name).filter(|_| path.insert(name.to_owned())) {
                self.add(target, originals, path);
                path.remove(name);
            }
        }
        let inner = part.get("allOf").and_then(Value::as_array);
        for part in inner.into_iter().flatten() {
            self.add(part, originals, path);
        }
        let properties = part.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let mut property = property.clone();
            visit_mut(&mut property, &mut |schema| resolve(schema, originals));
            self.properties.insert(name.clone(), property);
        }
        self.required
            .extend(strings(part, "required").into_iter().map(str::to_owned));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::after;
    use super::*;
    use crate::document::ref_to;
    use serde_json::json;

    #[test]
    fn one_part_is_that_part_with_what_stands_beside_it() {
        let lowered = after(
            run,
            json!({"A": {"properties": {
                "b": {"allOf": [ref_to("B"), {}], "description": "d", "nullable": true}
            }}}),
        );
        let b = json!({"$ref": "#/components/schemas/B", "description": "d", "nullable": true});
        assert_eq!(lowered["A"]["properties"]["b"], b);
    }

    #[test]
    fn several_objects_become_one() {
        let lowered = after(
            run,
            json!({
                "Base": {"properties": {"x": {"type": "string"}}, "required": ["x"]},
                "A": {"allOf": [ref_to("Base"), {"properties": {"y": {}}}], "description": "d"},
            }),
        );
        let merged = json!({"description": "d", "type": "object", "required": ["x"],
            "properties": {"x": {"type": "string"}, "y": {}}});
        assert_eq!(lowered["A"], merged);
    }

    #[test]
    fn fields_beside_it_are_kept() {
        let lowered = after(
            run,
            json!({
                "Base": {"properties": {"x": {"type": "string"}}},
                "A": {"allOf": [ref_to("Base")], "properties": {"y": {}}, "required": ["y"]},
            }),
        );
        let fields = json!({"x": {"type": "string"}, "y": {}});
        assert_eq!(lowered["A"]["properties"], fields);
        assert_eq!(lowered["A"]["required"], json!(["y"]));
    }

    #[test]
    fn a_circle_ends() {
        after(
            run,
            json!({"A": {"allOf": [ref_to("A"), {"properties": {"x": {}}}]}}),
        );
    }
}
