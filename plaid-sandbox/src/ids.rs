//! Identifiers and tokens: how they are made and how one is recognised.

use fastrand::Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Builder;

use crate::error::ApiError;

/// The environment that is part of every token.
pub(crate) const ENVIRONMENT: &str = "sandbox";
const ENVIRONMENTS: [&str; 3] = [ENVIRONMENT, "production", "development"];

/// Makes identifiers. Seeded, so that a run can be repeated; nothing here
/// protects anything, because the emulator listens on loopback and holds made
/// up data only.
#[derive(Debug)]
pub(crate) struct Ids(Rng);

impl Ids {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self(seed.map_or_else(Rng::new, Rng::with_seed))
    }

    pub(crate) fn alphanumeric(&mut self, length: usize) -> String {
        (0..length).map(|_| self.0.alphanumeric()).collect()
    }

    pub(crate) fn hex(&mut self, length: usize) -> String {
        (0..length).map(|_| self.0.digit(16)).collect()
    }

    pub(crate) fn uuid(&mut self) -> String {
        Builder::from_random_bytes(self.0.u128(..).to_be_bytes())
            .into_uuid()
            .to_string()
    }

    /// An Item's, account's or transaction's identifier.
    pub(crate) fn id(&mut self) -> String {
        self.alphanumeric(37)
    }

    pub(crate) fn request_id(&mut self) -> String {
        self.alphanumeric(15)
    }

    pub(crate) fn token(&mut self, kind: &str) -> String {
        format!("{kind}-{ENVIRONMENT}-{}", self.uuid())
    }

    pub(crate) fn digits(&mut self, length: usize) -> String {
        (0..length).map(|_| self.0.digit(10)).collect()
    }

    /// A number from `least` on and below `end`.
    pub(crate) fn below(&mut self, least: i64, end: i64) -> i64 {
        if least < end {
            self.0.i64(least..end)
        } else {
            least
        }
    }

    /// The place of one of `count` things; the first of none.
    pub(crate) fn index(&mut self, count: usize) -> usize {
        if count == 0 { 0 } else { self.0.usize(..count) }
    }

    /// A seed for something that makes identifiers of its own.
    pub(crate) fn seed(&mut self) -> u64 {
        self.0.u64(..)
    }

    pub(crate) fn bytes<const LENGTH: usize>(&mut self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        self.0.fill(&mut bytes);
        bytes
    }
}

/// As the seed that goes on where this one is.
impl Serialize for Ids {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0.get_seed())
    }
}

impl<'de> Deserialize<'de> for Ids {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(|seed| Self::new(Some(seed)))
    }
}

/// What a text is that should be a token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shape<'a> {
    Empty,
    Malformed,
    /// Made for this environment.
    Ours,
    OtherEnvironment(&'a str),
}

/// Tells the shape of a `<kind>-<environment>-<identifier>`. The identifier is
/// not looked at: only a look-up knows whether it exists.
pub(crate) fn shape<'a>(kind: &str, token: &'a str) -> Shape<'a> {
    if token.is_empty() {
        return Shape::Empty;
    }
    let Some((environment, identifier)) = token
        .strip_prefix(kind)
        .and_then(|rest| rest.strip_prefix('-'))
        .and_then(|rest| rest.split_once('-'))
    else {
        return Shape::Malformed;
    };
    if identifier.is_empty() || !ENVIRONMENTS.contains(&environment) {
        Shape::Malformed
    } else if environment == ENVIRONMENT {
        Shape::Ours
    } else {
        Shape::OtherEnvironment(environment)
    }
}

/// Checks the shape of an access or public token, the two whose faults the API
/// tells apart.
pub(crate) fn check_token(kind: &str, code: &'static str, token: &str) -> Result<(), ApiError> {
    match shape(kind, token) {
        Shape::Ours => Ok(()),
        Shape::Empty => Err(ApiError::invalid_field(format!(
            "{kind}_token must be a non-empty string"
        ))),
        Shape::Malformed => Err(ApiError::invalid_input(
            code,
            format!(
                "provided {kind} token is in an invalid format. \
                 expected format: {kind}-<environment>-<identifier>"
            ),
        )),
        Shape::OtherEnvironment(other) => Err(ApiError::invalid_input(
            code,
            format!(
                "provided {kind} token is for the wrong Plaid environment. \
                 expected \"{ENVIRONMENT}\", got \"{other}\""
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_seed_repeats_the_run() {
        assert_eq!(
            Ids::new(Some(7)).token("access"),
            Ids::new(Some(7)).token("access")
        );
        assert_ne!(Ids::new(Some(7)).id(), Ids::new(Some(8)).id());
    }

    #[test]
    fn written_down_it_goes_on_where_it_was() {
        let mut ids = Ids::new(Some(7));
        ids.token("access");
        let mut read: Ids = serde_json::from_value(serde_json::json!(ids)).unwrap();
        assert_eq!(read.token("access"), ids.token("access"));
    }

    #[test]
    fn tokens_are_recognised() {
        assert_eq!(
            shape("access", &Ids::new(None).token("access")),
            Shape::Ours
        );
        assert_eq!(shape("access", ""), Shape::Empty);
        assert_eq!(
            shape("access", "access-production-1"),
            Shape::OtherEnvironment("production")
        );
        for token in [
            "access",
            "access-",
            "access-sandbox",
            "access-sandbox-",
            "public-sandbox-1",
            "access-moon-1",
        ] {
            assert_eq!(shape("access", token), Shape::Malformed, "{token}");
        }
    }
}
