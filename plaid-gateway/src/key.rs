//! Keys of callers.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaid_common::hex::{self, Hex};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::error::ConfigError;

/// What a key begins with, so that a scanner of repositories knows one when it sees it.
const PREFIX: &str = "pgk_";

/// The hash of a caller's key, which is all that the gateway knows of it.
///
/// SHA-256 without salt or stretching: a key has 256 bits from the system's source of
/// randomness, so there is nothing to guess.
#[derive(Clone, Copy)]
pub struct KeyHash([u8; 32]);

/// A new key, and its hash for the configuration.
#[derive(Clone)]
#[non_exhaustive]
pub struct NewKey {
    /// The key, to be given to the caller. It is shown once and stored nowhere.
    pub key: String,
    /// What the gateway is configured with.
    pub hash: KeyHash,
}

impl NewKey {
    /// Makes a key.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    ///
    /// ```
    /// let new = plaid_gateway::NewKey::generate()?;
    /// assert!(new.key.starts_with("pgk_"));
    /// # Ok::<(), plaid_gateway::ConfigError>(())
    /// ```
    pub fn generate() -> Result<Self, ConfigError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|_| ConfigError::new("the system gives no random bytes"))?;
        let key = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        let hash = KeyHash::of(&key);
        Ok(Self { key, hash })
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewKey(..)")
    }
}

impl KeyHash {
    /// The hash of a key.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// Reads the 64 hexadecimal digits of a hash.
    ///
    /// # Errors
    /// When it is anything else, such as the key itself.
    pub fn from_hex(text: &str) -> Result<Self, ConfigError> {
        let problem = || {
            ConfigError::new(
                "a key_sha256 has to be 64 hexadecimal digits: `plaid-gateway key new` makes one",
            )
        };
        hex::decode(text).map(Self).ok_or_else(problem)
    }
}

/// The hexadecimal digits.
impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(..)")
    }
}

impl KeyHash {
    /// Compares in a time that does not depend on where the two differ.
    pub(crate) fn is(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }

    pub(crate) fn bytes(&self) -> [u8; 32] {
        self.0
    }
}

impl PartialEq for KeyHash {
    fn eq(&self, other: &Self) -> bool {
        self.is(other).into()
    }
}

impl Eq for KeyHash {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_key_nor_its_hash_is_shown() {
        let new = NewKey::generate().unwrap();
        let shown = format!("{new:?} {:?}", new.hash);
        assert!(!shown.contains(&new.key) && !shown.contains(&new.hash.to_string()));
        let read = KeyHash::from_hex(&new.hash.to_string()).unwrap();
        assert_eq!(read, KeyHash::of(&new.key));
        assert!(KeyHash::from_hex(&new.key).is_err());
        assert!(KeyHash::from_hex(&"ä".repeat(32)).is_err());
    }
}
