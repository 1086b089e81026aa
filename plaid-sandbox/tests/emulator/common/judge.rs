//! What judges answers: a validator that the emulator does not use.

use std::sync::LazyLock;

use jsonschema::{Registry, Validator};
use serde_json::{Value, json};

use super::requests;

const URI: &str = "plaid:contract";

/// The schemas of the API. Preparing them takes longer than judging an answer.
static SCHEMAS: LazyLock<Registry<'static>> = LazyLock::new(|| {
    static CONTRACT: LazyLock<Value> = LazyLock::new(requests::contract);
    let schemas = Registry::new().add(URI, &*CONTRACT).unwrap();
    schemas.prepare().unwrap()
});

/// The validator of a schema, by its name.
pub(crate) fn validator(name: &str) -> Validator {
    jsonschema::options()
        .with_registry(&SCHEMAS)
        .should_validate_formats(true)
        .build(&json!({ "$ref": format!("{URI}#/schemas/{name}") }))
        .unwrap()
}
