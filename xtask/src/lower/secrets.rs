//! Tokens, keys and account numbers get a type that does not show them.
//!
//! Access tokens travel in bodies, so a derived `Debug` would print them. Which
//! fields hold something secret is decided by name, in the tables below, or by
//! `x-sensitive: true` (or `false`) on the field.

use serde_json::{Value, json};

use crate::document::{Document, text};

/// The format that stands for [`Secret`](../../../plaid_gen/wire/struct.Secret.html).
pub const FORMAT: &str = "secret";

/// Field names that say so as a whole.
const NAMES: [&str; 15] = [
    "account", // of `numbers`: the account number
    "account_number",
    "accountNumber",
    "client_secret",
    "document_number",
    "iban",
    "id_number",
    "password",
    "secret",
    "ssn",
    "ssn_full",
    "ssn_last_4",
    "tax_id",
    "taxpayer_id",
    "token",
];

/// Field names that say so by their end.
const ENDINGS: [&str; 8] = [
    "_account_number",
    "_iban",
    "_password",
    "_secret",
    "_ssn",
    "_token",
    "_tokens",
    "_account_numbers",
];

/// See the module.
pub fn run(document: &mut Document) {
    for schema in document.schemas_mut().values_mut() {
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, property) in properties.into_iter().flatten() {
            let marked = property.get("x-sensitive").and_then(Value::as_bool);
            if marked.unwrap_or_else(|| is_secret(name)) {
                hide(property);
            }
        }
    }
}

fn is_secret(name: &str) -> bool {
    NAMES.contains(&name) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn hide(property: &mut Value) {
    match text(property, "type") {
        "string" => property["format"] = json!(FORMAT),
        "array" => {
            if let Some(items) = property.get_mut("items") {
                hide(items);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::after;
    use super::*;

    #[test]
    fn strings_and_lists_of_strings_are_hidden_by_name_or_mark() {
        let string = json!({"type": "string"});
        let lowered = after(
            run,
            json!({"A": {"properties": {
                "access_token": string, "access_tokens": {"type": "array", "items": string},
                "account": string, "account_id": string, "account_name": string,
                "value": {"type": "string", "x-sensitive": true},
                "page_token": {"type": "string", "x-sensitive": false},
                "token": {"$ref": "#/components/schemas/Token"},
            }}}),
        );
        let fields = &lowered["A"]["properties"];
        for hidden in ["access_token", "account", "value"] {
            assert_eq!(fields[hidden]["format"], json!(FORMAT), "{hidden}");
        }
        assert_eq!(fields["access_tokens"]["items"]["format"], json!(FORMAT));
        for shown in ["account_id", "account_name", "page_token", "token"] {
            assert_eq!(fields[shown].get("format"), None, "{shown}");
        }
    }
}
