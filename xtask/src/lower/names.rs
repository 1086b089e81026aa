//! Schemas get the names that their types have in Rust.
//!
//! typify turns `FDXConsentGrant` into `FdxConsentGrant`. Doing it first makes the
//! name of a schema and the name of its type one, for all that comes later.

use std::collections::BTreeMap;

use heck::{ToPascalCase, ToSnakeCase};
use serde_json::{Map, Value};

use crate::document::{Document, SCHEMA_PREFIX};

/// The name of a schema's type.
pub fn type_name(schema: &str) -> String {
    let letters = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            c
        } else {
            '-'
        }
    };
    let name = schema
        .replace(letters_to_drop, "")
        .chars()
        .map(letters)
        .collect::<String>();
    let name = name.to_pascal_case();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("X{name}")
    } else {
        name
    }
}

/// The name of the method or field for a name on the wire.
pub fn snake_case(name: &str) -> String {
    name.to_snake_case()
}

fn letters_to_drop(c: char) -> bool {
    c == '\''
}

/// See the module.
pub fn run(document: &mut Document) {
    let schemas = std::mem::take(document.schemas_mut());
    let names: BTreeMap<String, String> = schemas
        .keys()
        .map(|name| (name.clone(), type_name(name)))
        .collect();
    let renamed: Map<String, Value> = schemas
        .into_iter()
        .map(|(name, schema)| (names.get(&name).cloned().unwrap_or(name), schema))
        .collect();
    *document.schemas_mut() = renamed;
    rename_references(&mut document.root, &names);
}

fn rename_references(node: &mut Value, names: &BTreeMap<String, String>) {
    match node {
        Value::Object(object) => {
            if let Some(Value::String(target)) = object.get_mut("$ref") {
                let name = target
                    .strip_prefix(SCHEMA_PREFIX)
                    .and_then(|name| names.get(name));
                if let Some(name) = name {
                    *target = format!("{SCHEMA_PREFIX}{name}");
                }
            }
            object
                .values_mut()
                .for_each(|value| rename_references(value, names));
        }
        Value::Array(list) => list
            .iter_mut()
            .for_each(|value| rename_references(value, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::after;
    use super::*;
    use serde_json::json;

    #[test]
    fn schemas_and_references_take_the_name_of_the_type() {
        let ref_to = |name: &str| json!({"$ref": format!("{SCHEMA_PREFIX}{name}")});
        assert_eq!(
            after(
                run,
                json!({"FDXGrant": {"items": ref_to("W2_box")}, "W2_box": {}})
            ),
            json!({"FdxGrant": {"items": ref_to("W2Box")}, "W2Box": {}})
        );
    }
}
