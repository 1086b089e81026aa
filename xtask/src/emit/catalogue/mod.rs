//! What the gateway and its explorer need to know of every operation.
//!
//! The gateway forwards an operation and does not decode it, so it gets a table and
//! no types; the explorer lists operations before it shows one, so its index holds
//! what a list and a search need. The rest, [an operation a file](page), is written by
//! `cargo xtask catalogue`: it needs the generated types compiled.

pub mod page;
mod rust;

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Output;
use crate::document::{Document, ref_name, text};
use crate::lower::Facts;
use crate::lower::credentials::Credentials;
use crate::lower::facts::{Effect, Operation, ResponseKind};

/// The gateway's table.
pub const OPERATIONS: &str = "plaid-gateway/src/generated/operations.json";

/// The explorer's list.
pub const INDEX: &str = "plaid-gateway/explorer/catalogue/index.json";

/// Makes both.
pub fn outputs(document: &Document, facts: &Facts) -> Vec<Output> {
    let table = facts.operations.iter().map(|o| forwarded(o, document));
    let version = document.root.pointer("/info/version");
    let index = format!(
        "{{\n\"version\": {},\n\"products\": {},\n\"operations\": {}\n}}\n",
        version.unwrap_or(&Value::Null),
        a_line_each(products(document, facts)),
        a_line_each(facts.operations.iter().map(listed)),
    );
    vec![
        Output {
            path: PathBuf::from(OPERATIONS),
            text: format!("{}\n", a_line_each(table)),
        },
        Output {
            path: PathBuf::from(INDEX),
            text: index,
        },
    ]
}

/// A list with an item a line: a change of one operation shows as one line.
fn a_line_each(items: impl IntoIterator<Item = Value>) -> String {
    let lines: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    format!("[\n{}\n]", lines.join(",\n"))
}

fn forwarded(operation: &Operation, document: &Document) -> Value {
    json!({
        "id": operation.id,
        "method": operation.method.to_uppercase(),
        "path": operation.path,
        "product": operation.product,
        "credentials": credentials(operation, document),
        "answer": answer(operation),
        "kind": match operation.effect {
            Effect::Read => "read",
            Effect::Write => "write",
        },
    })
}

fn listed(operation: &Operation) -> Value {
    let mut item = json!({
        "id": operation.id,
        "method": operation.method.to_uppercase(),
        "path": operation.path,
        "product": operation.product,
        "title": operation.summary,
        "docs": (!operation.page.is_empty()).then_some(&operation.page),
        "answer": answer(operation),
    });
    if operation.deprecated {
        item["deprecated"] = true.into();
    }
    item
}

/// The products that have operations, by the names that people know them by.
fn products(document: &Document, facts: &Facts) -> Vec<Value> {
    let tags = document.root.get("tags").and_then(Value::as_array);
    let has_operations = |id: &str| facts.operations.iter().any(|o| o.product == id);
    let tags = tags.into_iter().flatten();
    let mut products: Vec<(&str, &str)> = tags
        .map(|tag| (text(tag, "x-displayName"), text(tag, "name")))
        .filter(|(_, id)| has_operations(id))
        .map(|(title, id)| (if title.is_empty() { id } else { title }, id))
        .collect();
    products.sort_unstable();
    let item = |(title, id)| json!({ "id": id, "title": title });
    products.into_iter().map(item).collect()
}

/// The media type of the answer, if it has one.
fn answer(operation: &Operation) -> Option<&str> {
    match &operation.response {
        ResponseKind::Json(_) => Some("application/json"),
        ResponseKind::Bytes(media_type) => Some(media_type),
        ResponseKind::Empty => None,
    }
}

/// Where the gateway puts its credentials.
///
/// OAuth's own operations are given a client's credentials in the body, where its
/// standard has them: their requests have a `client_secret`. None of them requires
/// it, so they are not among those of the lowering.
fn credentials(operation: &Operation, document: &Document) -> &'static str {
    match operation.credentials {
        Credentials::None => "none",
        Credentials::Body => "body",
        Credentials::Headers if has_field(operation, document, "client_secret") => "body",
        Credentials::Headers => "header",
    }
}

fn has_field(operation: &Operation, document: &Document, name: &str) -> bool {
    let item = document.paths().get(&operation.path);
    let schema = item.and_then(|item| {
        item.get(&operation.method)?
            .pointer("/requestBody/content/application~1json/schema")
    });
    let schema = schema.and_then(ref_name);
    schema
        .and_then(|schema| document.schemas().get(schema))
        .and_then(|schema| schema.get("properties")?.get(name))
        .is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::ref_to;
    use crate::lower;

    /// Where the credentials of an operation go that has this field in its request.
    fn place(field: &str) -> String {
        let body = json!({"content": {"application/json": {"schema": ref_to("A")}}});
        let document = Document::from_value(json!({
            "paths": {"/a": {"post": {"operationId": "a", "requestBody": body}}},
            "components": {"schemas": {"A": {"type": "object", "properties": {
                "client_id": {"type": "string"}, (field): {"type": "string"}
            }}}},
        }));
        let facts = lower::lower(&document).facts;
        let table: Value = serde_json::from_str(&outputs(&document, &facts)[0].text).unwrap();
        table[0]["credentials"].as_str().unwrap().to_owned()
    }

    #[test]
    fn oauth_is_given_credentials_in_the_body() {
        for (field, expected) in [("client_secret", "body"), ("secret", "header")] {
            assert_eq!(place(field), expected, "{field}");
        }
    }
}
