//! JSON Schemas of what operations are sent.

use schemars::Schema;

use crate::generated::schemas::REQUESTS;

/// The JSON Schema (2020-12) of an operation's request body, by the operation's id,
/// such as `transactionsSync`.
///
/// It describes what is written: a field is required when it is always there. Dates
/// have the format `date` or `date-time`; amounts are numbers of the format
/// `decimal`, whose digits have to survive; tokens and other secrets are strings of
/// the format `password`; an enum lists the values of today and takes any other. Names
/// and meanings are those of the wire. `None` for an operation without a body, one that
/// there is not, and one of a product whose feature is off.
///
/// ```
/// # #[cfg(feature = "accounts")] {
/// let schema = plaid_gen::request_schema("accountsGet").unwrap();
/// let token = schema.pointer("/properties/access_token/format");
/// assert_eq!(token.unwrap(), "password");
/// assert_eq!(schema.pointer("/required/0").unwrap(), "access_token");
/// # }
/// ```
pub fn request_schema(operation: &str) -> Option<Schema> {
    let mut requests = REQUESTS.iter();
    requests
        .find(|(id, _)| *id == operation)
        .map(|(_, schema)| schema())
}

/// Every operation that has a request body, by id, with its [schema](request_schema).
pub fn request_schemas() -> impl Iterator<Item = (&'static str, Schema)> {
    REQUESTS.iter().map(|(id, schema)| (*id, schema()))
}
