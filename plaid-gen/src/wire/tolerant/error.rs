//! Why a value does not fit, without the value.

use std::fmt::{self, Display};

use serde::de::{self, Expected, Unexpected};

/// What serde says, without the values that it would quote.
#[derive(Debug)]
pub(super) struct Error {
    pub(super) reason: String,
}

impl Error {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: Display>(message: T) -> Self {
        let message = message.to_string();
        Self::new(if message.starts_with("expected ") {
            before_quote(&message)
        } else {
            "a value that the type does not take"
        })
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        Self::new(format!(
            "expected {}, found {}",
            before_quote(&expected),
            name_of(found)
        ))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        Self::new(format!(
            "expected {}, found an unsuitable value",
            before_quote(&expected)
        ))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        Self::new(format!(
            "expected {}, found {length} elements",
            before_quote(&expected)
        ))
    }

    // What these are given to quote is the answer's ...
    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self::new("an unknown variant")
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::new("an unknown field")
    }

    // ... and what these are given is the type's.
    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("missing field `{field}`"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format!("duplicate field `{field}`"))
    }
}

fn name_of(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) | Unexpected::Bytes(_) => "a string",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "a list",
        Unexpected::Map => "an object",
        _ => "another value",
    }
}

/// Somebody's text about a value, up to where it may quote the value.
fn before_quote(text: &str) -> &str {
    let end = text.find(['"', '`', '\'', ':']).unwrap_or(text.len());
    text[..end].trim_end()
}
