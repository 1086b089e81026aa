//! `x-ready` on an operation: its result is made in the background, and this is how
//! the answer says "not yet".
//!
//! ```yaml
//! x-ready:
//!   error: PRODUCT_NOT_READY       # with an error of this code …
//!   webhook: ASSETS/PRODUCT_READY  # … until this webhook
//! ```
//!
//! ```yaml
//! x-ready:
//!   field: transactions_update_status  # with this field of the answer …
//!   value: NOT_READY                   # … at this value
//! ```
//!
//! Only what an answer tells can be waited for, so one of the two has to be there.

use serde_json::Value;

use super::{Document, ref_name, strings, text};

/// The extension's name.
pub const KEY: &str = "x-ready";

/// What the extension says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// What an answer looks like before the result is there.
    pub not_yet: NotYet,
    /// The webhook that says so without being asked, as `TYPE/CODE`.
    pub webhook: Option<String>,
}

/// What an answer looks like before the result is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotYet {
    /// An error with this code.
    Error(String),
    /// A success in which the field has the value.
    Field {
        /// The field, at the top level of the answer.
        name: String,
        /// Its value.
        value: String,
    },
}

impl Ready {
    /// Reads it from an operation; `None` if there is none, or it says nothing.
    pub fn of(operation: &Value) -> Option<Self> {
        let node = operation.get(KEY)?;
        let filled = |key| Some(text(node, key).to_owned()).filter(|text| !text.is_empty());
        let not_yet = match (filled("error"), filled("field"), filled("value")) {
            (Some(code), None, None) => NotYet::Error(code),
            (None, Some(name), Some(value)) => NotYet::Field { name, value },
            _ => return None,
        };
        let webhook = filled("webhook");
        Some(Self { not_yet, webhook })
    }
}

/// What is wrong with an operation's extension, and what would be right.
pub fn mistakes(document: &Document, operation: &Value) -> Vec<(String, &'static str)> {
    let Some(node) = operation.get(KEY) else {
        return Vec::new();
    };
    let Some(ready) = Ready::of(operation) else {
        return vec![(
            format!("`{KEY}` does not say what \"not yet\" looks like"),
            "give it `error: CODE`, or `field: name` and `value: VALUE`",
        )];
    };
    let known = ["error", "field", "value", "webhook"];
    let keys = node.as_object().into_iter().flat_map(|keys| keys.keys());
    let mut mistakes: Vec<(String, &'static str)> = keys
        .filter(|key| !known.contains(&key.as_str()))
        .map(|key| (format!("`{KEY}` has the unknown key `{key}`"), "remove it"))
        .collect();
    if let NotYet::Field { name, value } = &ready.not_yet {
        mistakes.extend(field_mistake(document, operation, name, value));
    }
    if let Some(webhook) = ready.webhook.filter(|name| !has_webhook(document, name)) {
        let what = format!("no schema is the webhook `{webhook}`");
        mistakes.push((what, "write `TYPE/CODE` as in the schema's `x-webhook`"));
    }
    mistakes
}

/// The generated code compares the field with the value, so both have to exist.
fn field_mistake(
    document: &Document,
    operation: &Value,
    name: &str,
    value: &str,
) -> Option<(String, &'static str)> {
    let schema = response(document, operation);
    let property = schema.and_then(|schema| schema.pointer(&format!("/properties/{name}")));
    let (Some(schema), Some(property)) = (schema, property) else {
        let what = format!("the answer has no field `{name}`");
        return Some((what, "name a field at the top level of the answer"));
    };
    if !strings(schema, "required").contains(&name) {
        let what = format!("the field `{name}` may be absent from the answer");
        return Some((what, "list it under `required`, or use `error`"));
    }
    if !strings(resolved(document, property), "enum").contains(&value) {
        let what = format!("the field `{name}` does not list the value `{value}`");
        return Some((what, "use one of the values under its `enum`"));
    }
    None
}

fn response<'a>(document: &'a Document, operation: &'a Value) -> Option<&'a Value> {
    let responses = operation.get("responses")?.as_object()?;
    let (_, success) = responses.iter().find(|(code, _)| code.starts_with('2'))?;
    let schema = success.pointer("/content/application~1json/schema")?;
    Some(resolved(document, schema))
}

/// What a reference refers to, also one that is wrapped to be described.
fn resolved<'a>(document: &'a Document, node: &'a Value) -> &'a Value {
    let wrapped = node.pointer("/allOf/0").unwrap_or(node);
    ref_name(wrapped)
        .and_then(|name| document.schemas().get(name))
        .unwrap_or(node)
}

fn has_webhook(document: &Document, name: &str) -> bool {
    let names = |schema: &Value| {
        let webhook = schema.get("x-webhook")?;
        Some(format!(
            "{}/{}",
            text(webhook, "type"),
            text(webhook, "code")
        ))
    };
    let mut schemas = document.schemas().values();
    schemas.any(|schema| names(schema).as_deref() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document() -> Document {
        let status =
            json!({"allOf": [{"$ref": "#/components/schemas/Status"}], "description": "a"});
        Document::from_value(json!({"components": {"schemas": {
            "Answer": {
                "properties": {"status": status, "other": {"type": "string"}},
                "required": ["status"],
            },
            "Status": {"enum": ["NOT_READY", "READY"]},
            "Ready": {"x-webhook": {"type": "ASSETS", "code": "PRODUCT_READY"}},
        }}}))
    }

    fn operation(ready: Value) -> Value {
        let schema = json!({"$ref": "#/components/schemas/Answer"});
        let content = json!({"application/json": {"schema": schema}});
        json!({"x-ready": ready, "responses": {"200": {"content": content}}})
    }

    fn found(ready: Value) -> Vec<String> {
        let mistakes = mistakes(&document(), &operation(ready));
        mistakes.into_iter().map(|(what, _)| what).collect()
    }

    #[test]
    fn both_forms_are_read() {
        let webhook = Some("ASSETS/PRODUCT_READY".to_owned());
        let error = json!({"error": "PRODUCT_NOT_READY", "webhook": "ASSETS/PRODUCT_READY"});
        assert!(found(error.clone()).is_empty());
        let not_yet = NotYet::Error("PRODUCT_NOT_READY".to_owned());
        assert_eq!(
            Ready::of(&operation(error)),
            Some(Ready { not_yet, webhook })
        );

        let field = json!({"field": "status", "value": "NOT_READY"});
        assert!(found(field.clone()).is_empty());
        let (name, value) = ("status".to_owned(), "NOT_READY".to_owned());
        let not_yet = NotYet::Field { name, value };
        let webhook = None;
        assert_eq!(
            Ready::of(&operation(field)),
            Some(Ready { not_yet, webhook })
        );
        assert_eq!(Ready::of(&json!({})), None);
    }

    #[test]
    fn what_the_code_could_not_tell_is_a_mistake() {
        for (ready, expected) in [
            (json!({}), "`x-ready` does not say"),
            (json!(true), "`x-ready` does not say"),
            (json!({"field": "status"}), "`x-ready` does not say"),
            (
                json!({"error": "A", "field": "status", "value": "B"}),
                "`x-ready` does not say",
            ),
            (
                json!({"error": "A", "after": "B"}),
                "the unknown key `after`",
            ),
            (
                json!({"error": "A", "webhook": "ASSETS/GONE"}),
                "no schema is the webhook",
            ),
            (
                json!({"field": "gone", "value": "A"}),
                "has no field `gone`",
            ),
            (
                json!({"field": "other", "value": "A"}),
                "`other` may be absent",
            ),
            (
                json!({"field": "status", "value": "A"}),
                "does not list the value `A`",
            ),
        ] {
            let found = found(ready.clone());
            assert!(
                found.len() == 1 && found[0].contains(expected),
                "{ready}: {found:?}"
            );
        }
    }
}
