//! The part of JSON Schema that the description of the API uses: what a schema says, and
//! whether a value is valid.
//!
//! The checker is our own because `jsonschema` was compiled by everybody who starts the
//! emulator: 61 of the 216 units of a cold debug build without the command, and 36 % of
//! their time (`cargo build --timings`; 167 s of CPU in all). The description uses a dozen
//! keywords of it. What the checker does not know fails a test (`supported.rs`), and
//! `jsonschema` remains its judge in tests (`against_jsonschema.rs`).
//!
//! Schemas are read where they are, without compiling them first. A body of
//! `/link/token/create` takes 24 µs in a debug build. `jsonschema` took 10 µs, after 1 to
//! 40 ms for the first request of an operation.

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

#[cfg(test)]
pub(crate) use self::violations::Violation;
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
