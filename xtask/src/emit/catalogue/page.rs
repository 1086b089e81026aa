//! What the explorer shows of one operation: a file of its own, fetched when the
//! operation is opened.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::rust;
use crate::emit::Output;
use crate::emit::refine::Refined;
use crate::lower::Facts;
use crate::lower::facts::{Operation, Parameter};

/// Where the files stand.
pub const FOLDER: &str = "plaid-gateway/explorer/catalogue/operations";

/// The parts that take a line for each of their entries. The rest of a file, such as
/// the schema of one field, is a line.
const OPEN: [&str; 6] = [
    "/request",
    "/request/properties",
    "/request/$defs",
    "/rust",
    "/rust/setters",
    "/rust/types",
];

/// Makes a file for every operation, from the schemas that were derived of the
/// generated types.
///
/// # Errors
/// When an operation has a request and no schema for it.
pub fn outputs(
    facts: &Facts,
    refined: &Refined,
    schemas: &BTreeMap<String, Value>,
) -> Result<Vec<Output>> {
    let pages = facts.operations.iter().map(|operation| {
        let request = request(operation, facts, schemas)?;
        let page = page(operation, request, rust::call(operation, facts, refined));
        Ok(Output {
            path: PathBuf::from(FOLDER).join(format!("{}.json", operation.id)),
            text: format!("{}\n", opened("", &page)),
        })
    });
    pages.collect()
}

fn page(operation: &Operation, request: Option<Value>, rust: Value) -> Value {
    let in_path = operation.path_parameters.iter().map(|p| (p, "path"));
    let in_headers = operation.headers.iter().map(|p| (p, "header"));
    let parameters = in_path
        .chain(in_headers)
        .map(|(p, place)| parameter(p, place));
    let mut page = json!({
        "id": operation.id,
        "description": operation.description,
        "parameters": parameters.collect::<Vec<_>>(),
        "request": request,
        "rust": rust,
    });
    if operation.deprecated {
        page["deprecated"] = json!(operation.instead);
    }
    page
}

fn parameter(parameter: &Parameter, place: &str) -> Value {
    json!({
        "name": parameter.name,
        "in": place,
        "type": parameter.kind.as_str(),
        "required": place == "path",
        "description": parameter.description,
    })
}

/// The derived schema, its fields in the order in which the description has them:
/// that is the order in which people read them.
fn request(
    operation: &Operation,
    facts: &Facts,
    schemas: &BTreeMap<String, Value>,
) -> Result<Option<Value>> {
    let Some(name) = &operation.request else {
        return Ok(None);
    };
    let schema = schemas.get(&operation.id);
    let mut schema = schema
        .with_context(|| format!("there is no schema of what `{}` is sent", operation.id))?
        .clone();
    sort_fields(&mut schema, name, facts);
    let definitions = schema.get_mut("$defs").and_then(Value::as_object_mut);
    for (name, definition) in definitions.into_iter().flatten() {
        sort_fields(definition, name, facts);
    }
    Ok(Some(schema))
}

fn sort_fields(schema: &mut Value, name: &str, facts: &Facts) {
    let Some(known) = facts.types.get(name) else {
        return;
    };
    let place = |field: &str| known.fields.iter().position(|known| known.name == field);
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        let mut fields: Vec<(String, Value)> = std::mem::take(properties).into_iter().collect();
        fields.sort_by_key(|(field, _)| place(field));
        *properties = fields.into_iter().collect();
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.sort_by_key(|field| place(field.as_str().unwrap_or_default()));
    }
}

/// Writes the object at a pointer with a line for each of its entries.
fn opened(pointer: &str, value: &Value) -> String {
    let Value::Object(object) = value else {
        return value.to_string();
    };
    if object.is_empty() {
        return "{}".to_owned();
    }
    format!("{{\n{}\n}}", entries(pointer, object))
}

fn entries(pointer: &str, object: &Map<String, Value>) -> String {
    let mut text = String::new();
    for (index, (key, value)) in object.iter().enumerate() {
        let inside = format!("{pointer}/{key}");
        let value = match OPEN.contains(&inside.as_str()) {
            true => opened(&inside, value),
            false => value.to_string(),
        };
        let comma = if index == 0 { "" } else { ",\n" };
        let _ = write!(text, "{comma}{}: {value}", Value::from(key.as_str()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_a_line_even_where_it_is_called_like_a_part() {
        let page = json!({"id": "a", "request": {"properties": {
            "properties": {"type": "string"}, "b": {"type": "string"}
        }}, "rust": {"types": {}}});
        let expected = r#"{
"id": "a",
"request": {
"properties": {
"properties": {"type":"string"},
"b": {"type":"string"}
}
},
"rust": {
"types": {}
}
}"#;
        assert_eq!(opened("", &page), expected);
        assert_eq!(serde_json::from_str::<Value>(expected).unwrap(), page);
    }
}
