//! Identifiers and tokens: how they are made and how one is recognised.

use std::fmt;

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

    /// An Item's or account's identifier.
    pub(crate) fn id(&mut self) -> String {
        self.alphanumeric(ID_LENGTH)
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

/// How long the identifier of an Item, an account or a transaction is.
const ID_LENGTH: usize = 37;

/// The identifier of a thing that has a number. It is made anew whenever it is asked
/// for, so that millions of them take no memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Id([u8; ID_LENGTH]);

impl Id {
    /// The identifier that a number has with a seed: another one for every number.
    pub(crate) fn numbered(seed: u64, number: u32) -> Self {
        const CHARACTERS: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut random = Rng::with_seed(mixed(seed, number));
        let mut id = [0; ID_LENGTH];
        for part in id.chunks_mut(8) {
            // A number as a fraction of one; its digits to the base of 62.
            let mut fraction = random.u64(..);
            for character in part {
                let product = u128::from(fraction) * 62;
                fraction = product as u64;
                *character = CHARACTERS[(product >> 64) as usize];
            }
        }
        Self(id)
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(formatter)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A seed for a number. Neighbours get seeds far apart, and no two the same: each step
/// of splitmix64 can be undone.
fn mixed(seed: u64, number: u32) -> u64 {
    let step = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut mixed = seed.wrapping_add(step);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
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
    fn numbers_have_identifiers_of_their_own() {
        let id = Id::numbered(7, 0);
        let mut ids = std::collections::HashSet::new();
        for seed in [0, 7, u64::MAX] {
            ids.extend((0..10_000).map(|number| Id::numbered(seed, number)));
        }
        assert_eq!(ids.len(), 30_000);
        assert!(ids.contains(&id));
        let all: String = ids.iter().map(Id::as_str).collect();
        assert_eq!(all.len(), 30_000 * ID_LENGTH);
        assert!(all.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let mut used: Vec<_> = all.into_bytes();
        used.sort_unstable();
        used.dedup();
        assert_eq!(used.len(), 62);
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
