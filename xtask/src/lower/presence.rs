//! What has to be there, and what is forgiven.
//!
//! In 958 fields that are required and nullable, typify makes an absent key an
//! error, and in 229 lists a `null`. Banks send both. A field stays required only
//! where nothing else would be an honest value; that the others are always sent is
//! kept as `x-presence: written`, because a request may need the `null`. A list that
//! cannot be null is `listed`: it is read as empty all the same, but whoever asks
//! what an answer lacks is told.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::document::{Document, flag, strings, text, visit_mut};

const KEY: &str = "x-presence";

/// What is promised about a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// It is there, and nothing could stand for it.
    Required,
    /// It is sent, as `null` where there is nothing; absent, it is read as that.
    Written,
    /// A list that is sent and is never `null`; absent or `null`, it is read as empty.
    Listed,
    /// It may be absent.
    #[default]
    Optional,
}

impl Presence {
    /// What this pass has found out about a property.
    pub fn of(property: &Value) -> Self {
        match text(property, KEY) {
            "required" => Self::Required,
            "written" => Self::Written,
            "listed" => Self::Listed,
            _ => Self::Optional,
        }
    }

    /// The word for it in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Written => "written",
            Self::Listed => "listed",
            Self::Optional => "optional",
        }
    }
}

/// See the module.
pub fn run(document: &mut Document) {
    for schema in document.schemas_mut().values_mut() {
        lower_fields(schema);
        visit_mut(schema, &mut |schema| {
            if let Some(object) = schema.as_object_mut() {
                object.remove("nullable");
            }
        });
    }
}

fn lower_fields(schema: &mut Value) {
    let required: BTreeSet<String> = strings(schema, "required")
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut strict = Vec::new();
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        let presence = match required.contains(name) {
            true if !is_forgiving(property) => {
                strict.push(Value::from(name.as_str()));
                Presence::Required
            }
            true if is_collection(property) && !flag(property, "nullable") => Presence::Listed,
            true => Presence::Written,
            false if flag(property, "x-send-null") => Presence::Written,
            false => Presence::Optional,
        };
        property[KEY] = json!(presence.as_str());
    }
    schema["required"] = Value::Array(strict);
}

/// Whether there is an honest value for a field that is absent or null.
fn is_forgiving(property: &Value) -> bool {
    flag(property, "nullable") || is_collection(property) || is_any(property)
}

fn is_collection(property: &Value) -> bool {
    let kind = text(property, "type");
    kind == "array" || (kind == "object" && property.get("properties").is_none())
}

fn is_any(property: &Value) -> bool {
    property.get("type").is_none() && property.get("$ref").is_none()
}

#[cfg(test)]
mod tests {
    use super::super::testing::after;
    use super::*;

    #[test]
    fn only_scalars_and_objects_that_cannot_be_null_stay_required() {
        let lowered = after(
            run,
            json!({"A": {
                "required": ["scalar", "null", "list", "no_list", "any"],
                "properties": {
                    "scalar": {"type": "string"}, "null": {"type": "string", "nullable": true},
                    "list": {"type": "array"}, "any": {},
                    "no_list": {"type": "array", "nullable": true},
                    "optional": {"type": "string"},
                    "cleared": {"type": "string", "x-send-null": true},
                }
            }}),
        );
        assert_eq!(lowered["A"]["required"], json!(["scalar"]));
        for (field, presence) in [
            ("scalar", Presence::Required),
            ("null", Presence::Written),
            ("any", Presence::Written),
            ("cleared", Presence::Written),
            ("no_list", Presence::Written),
            ("list", Presence::Listed),
            ("optional", Presence::Optional),
        ] {
            let property = &lowered["A"]["properties"][field];
            assert_eq!(Presence::of(property), presence, "{field}");
        }
        assert_eq!(lowered["A"]["properties"]["null"].get("nullable"), None);
    }
}
