//! JSON Schemas of what the generated types are made of.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{OpenEnum, Secret};

/// Stands for [`Decimal`](rust_decimal::Decimal) in schemas: on the wire it is a
/// number, while schemars describes it as a string. Its format, `decimal`, says that
/// its digits count: a binary float would lose some.
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
        json_schema!({ "type": "number", "format": "decimal" })
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

/// Makes the schema of one type.
pub(crate) type Derive = fn() -> Schema;

/// The schema of what is written of a type: a field that is always written is
/// required, where a reader could do without it.
#[allow(dead_code)] // without any product
pub(crate) fn request<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>()
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

    #[cfg(feature = "link")]
    #[test]
    fn a_request_requires_what_is_always_written_and_no_more() {
        let schema = crate::request_schema("linkTokenCreate").unwrap();
        let required = schema.get("required").and_then(|list| list.as_array());
        let mut required: Vec<_> = required
            .into_iter()
            .flatten()
            .flat_map(|f| f.as_str())
            .collect();
        required.sort_unstable();
        assert_eq!(required, ["client_name", "country_codes", "language"]);
    }

    #[cfg(feature = "full")]
    #[test]
    fn what_a_form_has_to_know_of_a_text_or_number_is_in_its_format() {
        let mut formats = std::collections::BTreeSet::new();
        for (_, schema) in crate::request_schemas() {
            formats_in(schema.as_value(), &mut formats);
        }
        let known = ["date", "date-time", "decimal", "int64", "password"];
        assert_eq!(formats.into_iter().collect::<Vec<_>>(), known);
    }

    fn formats_in(node: &serde_json::Value, formats: &mut std::collections::BTreeSet<String>) {
        if let Some(serde_json::Value::String(format)) = node.get("format") {
            formats.insert(format.clone());
        }
        match node {
            serde_json::Value::Object(object) => {
                object.values().for_each(|n| formats_in(n, formats))
            }
            serde_json::Value::Array(list) => list.iter().for_each(|n| formats_in(n, formats)),
            _ => {}
        }
    }

    #[cfg(feature = "full")]
    #[test]
    fn every_field_of_a_request_says_what_it_means() {
        let mut silent = Vec::new();
        for (id, schema) in crate::request_schemas() {
            let types = schema.get("$defs").and_then(|defs| defs.as_object());
            let types = types.into_iter().flat_map(|defs| defs.values());
            for object in types.chain([schema.as_value()]) {
                let fields = object
                    .get("properties")
                    .and_then(|fields| fields.as_object());
                let nothing = |field: &serde_json::Value| field.get("description").is_none();
                let lacking = fields
                    .into_iter()
                    .flatten()
                    .filter(|(_, field)| nothing(field));
                silent.extend(lacking.map(|(name, _)| format!("{id}: {name}")));
            }
        }
        assert_eq!(silent, [""; 0]);
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
