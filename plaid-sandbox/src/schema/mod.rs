//! JSON Schema as far as the description of the API uses it: what a schema says, and
//! whether a value is valid against it.
//!
//! The checker is our own because everybody who compiles the emulator paid for a general
//! one: FIGURES
//! What it does not know, a test finds in the description ([`supported`]), and `jsonschema`
//! stays as the independent judge in tests ([`against_jsonschema`]).

mod check;
mod formats;
mod instance;
mod numbers;
mod shape;
mod violations;

#[cfg(test)]
mod against_jsonschema;
#[cfg(test)]
mod spoilt;
#[cfg(test)]
mod supported;

use serde_json::{Map, Value};

pub(crate) use self::{
    check::{check, is_valid},
    shape::{Kind, Shape},
    violations::{Rule, Type, Violations},
};

/// The components, by name.
pub(crate) type Schemas = Map<String, Value>;

/// What a reference to a component begins with.
const REFERENCE: &str = "#/schemas/";

/// The name of the component that a schema refers to.
fn reference(schema: &Map<String, Value>) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix(REFERENCE)
}

/// The elements of a keyword that is a list; none if the schema does not have it.
fn list<'s>(schema: &'s Map<String, Value>, keyword: &str) -> impl Iterator<Item = &'s Value> {
    schema
        .get(keyword)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}
