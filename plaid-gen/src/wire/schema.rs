//! JSON Schemas of what the generated types are made of.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{OpenEnum, Secret};

/// Stands for [`Decimal`](rust_decimal::Decimal) in schemas: on the wire it is a
/// number, while schemars describes it as a string.
#[derive(Clone, Copy, Debug)]
pub struct Number;

impl JsonSchema for Number {
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "password" })
    }
}

/// The schema of an open enum: the values of today, or any other string.
pub fn open_enum<T: OpenEnum>() -> Schema {
    let values: Vec<&str> = T::VARIANTS.iter().map(|(text, _)| *text).collect();
    json_schema!({
        "anyOf": [{ "type": "string", "enum": values }, { "type": "string" }]
    })
}

#[cfg(test)]
mod tests {
    use schemars::schema_for;

    use super::*;

    #[test]
    fn a_secret_asks_for_a_password_field() {
        assert_eq!(schema_for!(Secret).get("format"), Some(&"password".into()));
    }

    #[cfg(feature = "accounts")]
    #[test]
    fn generated_types_have_the_names_of_the_wire_and_their_docs() {
        let schema = schema_for!(crate::types::AccountBase);
        let fields = schema.pointer("/properties").and_then(|p| p.as_object());
        let kind = fields.and_then(|fields| fields.get("type"));
        assert!(kind.is_some(), "renamed to `type`, as on the wire");
        let mask = schema.pointer("/properties/mask/description");
        assert!(
            mask.and_then(|text| text.as_str())
                .is_some_and(|text| text.len() > 20)
        );
        let current = schema.pointer("/$defs/AccountBalance/properties/current/type");
        assert_eq!(current, Some(&serde_json::json!(["number", "null"])));
        let enums = schema.pointer("/$defs/AccountType/anyOf/1/type");
        assert_eq!(enums, Some(&"string".into()), "other values are accepted");
    }
}
