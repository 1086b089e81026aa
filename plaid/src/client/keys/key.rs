//! A public key that signatures are checked with.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use plaid_gen::types::JwkPublicKey;

/// Plaid's are UUIDs of 36.
const MAX_KEY_ID: usize = 128;

/// A key that has been looked at: it can check signatures, or has expired.
#[derive(Clone)]
pub(crate) enum Key {
    Valid(Box<VerifyingKey>),
    Expired,
}

impl Key {
    /// A key as Plaid gives it out.
    pub(crate) fn of(jwk: &JwkPublicKey) -> Result<Self, InvalidKey> {
        let expected = [
            (&jwk.kty, "EC", "its type is not EC"),
            (&jwk.crv, "P-256", "its curve is not P-256"),
            (&jwk.alg, "ES256", "its algorithm is not ES256"),
            (&jwk.use_, "sig", "it is not for signatures"),
        ];
        if let Some((.., reason)) = expected.iter().find(|(has, wants, _)| has != wants) {
            return Err(InvalidKey { reason });
        }
        if !is_key_id(&jwk.kid) {
            return Err(InvalidKey {
                reason: "its id is none",
            });
        }
        // Plaid refuses every key for which this is set, even to a time to come.
        if jwk.expired_at.is_some() {
            return Ok(Self::Expired);
        }
        let key = point(jwk).and_then(|point| VerifyingKey::from_sec1_bytes(&point).ok());
        let key = key.ok_or(InvalidKey {
            reason: "it is no point on the curve",
        })?;
        Ok(Self::Valid(Box::new(key)))
    }

    /// Whether a text is signed by this key.
    pub(crate) fn check(&self, signed: &[u8], signature: &Signature) -> Result<(), Distrust> {
        match self {
            Self::Expired => Err(Distrust::Expired),
            Self::Valid(key) => key
                .verify(signed, signature)
                .map_err(|_| Distrust::BadSignature),
        }
    }
}

/// Why a signature is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distrust {
    /// The key is not in use any more.
    Expired,
    /// The signature was not made with the key.
    BadSignature,
}

/// SEC 1, uncompressed: 4, x, y.
fn point(jwk: &JwkPublicKey) -> Option<[u8; 65]> {
    let mut point = [4; 65];
    let (x, y) = point[1..].split_at_mut(32);
    for (place, text) in [(x, &jwk.x), (y, &jwk.y)] {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        place.copy_from_slice(bytes.get(..32).filter(|_| bytes.len() == 32)?);
    }
    Some(point)
}

/// Why a key cannot check signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key cannot be used: {reason}")]
pub struct InvalidKey {
    pub(super) reason: &'static str,
}

/// It goes into a request and a map, so it has to look like an id.
pub(crate) fn is_key_id(kid: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    (1..=MAX_KEY_ID).contains(&kid.len()) && kid.bytes().all(is_plain)
}
