//! Strings that must not be seen.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Wire, text};

/// A token, a key or an account number.
///
/// It has no `Display`, its `Debug` prints `[redacted]`, and its memory is
/// overwritten when it is dropped. It is written to JSON in clear, since that is
/// what it is for: think before you serialize a type that contains one anywhere
/// but into a request.
///
/// ```
/// use plaid_gen::wire::Secret;
///
/// let token = Secret::from("access-sandbox-1");
/// assert_eq!(format!("{token:?}"), "[redacted]");
/// assert_eq!(token.expose_secret(), "access-sandbox-1");
/// ```
#[derive(Clone, Default)]
pub struct Secret(Option<SecretString>);

impl Secret {
    /// The value in clear.
    pub fn expose_secret(&self) -> &str {
        self.0.as_ref().map_or("", SecretString::expose_secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(Some(value.into()))
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(Some(value.into()))
    }
}

impl From<&String> for Secret {
    fn from(value: &String) -> Self {
        value.as_str().into()
    }
}

impl From<&Secret> for Secret {
    fn from(value: &Secret) -> Self {
        value.clone()
    }
}

/// Secrets are equal when their texts are. The comparison takes longer the more
/// they have in common, so it is for tests and maps, not for checking what a
/// stranger sent.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose_secret() == other.expose_secret()
    }
}

impl Eq for Secret {}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose_secret())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer).map(Self::from)
    }
}

impl Wire for Secret {
    const EMPTY: Self = Self(None);

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}
