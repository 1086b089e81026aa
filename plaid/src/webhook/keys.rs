//! The public keys that signatures are checked with.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::HeaderMap;
use p256::ecdsa::VerifyingKey;
use p256::ecdsa::signature::Verifier as _;
use plaid_gen::types::JwkPublicKey;

use super::token::{self, Token};
use super::{MAX_BODY, Webhook, WebhookError};

/// A key that has been looked at: it can check signatures, or has expired.
#[derive(Clone)]
pub(super) enum Key {
    Valid(Box<VerifyingKey>),
    Expired,
}

impl Key {
    /// A key as Plaid gives it out.
    pub(super) fn of(jwk: &JwkPublicKey) -> Result<Self, InvalidKey> {
        let expected = [
            (&jwk.kty, "EC", "its type is not EC"),
            (&jwk.crv, "P-256", "its curve is not P-256"),
            (&jwk.alg, "ES256", "its algorithm is not ES256"),
            (&jwk.use_, "sig", "it is not for signatures"),
        ];
        if let Some((.., reason)) = expected.iter().find(|(has, wants, _)| has != wants) {
            return Err(InvalidKey { reason });
        }
        if !token::is_key_id(&jwk.kid) {
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

    /// Whether the token is signed by this key.
    pub(super) fn check(&self, token: &Token<'_>) -> Result<(), WebhookError> {
        match self {
            Self::Expired => Err(WebhookError::ExpiredKey),
            Self::Valid(key) => key
                .verify(token.signed.as_bytes(), &token.signature)
                .map_err(|_| WebhookError::BadSignature),
        }
    }
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

/// Keys that are at hand: checks webhooks without asking anybody, and without
/// waiting.
///
/// It never learns that a key has expired. Where Plaid can be asked, use
/// [`Webhooks::verify`](crate::products::webhooks::Webhooks::verify) or a
/// [`Verifier`](super::Verifier).
#[derive(Clone, Default)]
pub struct KeySet(BTreeMap<String, Key>);

impl KeySet {
    /// Without any key; refuses everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key, as `/webhook_verification_key/get` gives it out.
    ///
    /// # Errors
    /// When it is not a P-256 key for ES256 signatures.
    pub fn insert(&mut self, key: &JwkPublicKey) -> Result<(), InvalidKey> {
        self.0.insert(key.kid.clone(), Key::of(key)?);
        Ok(())
    }

    /// Checks and reads a webhook that was received `now`.
    ///
    /// # Errors
    /// See [`WebhookError`].
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use plaid::WebhookError;
    /// use plaid::webhook::KeySet;
    ///
    /// let nothing = http::HeaderMap::new();
    /// let outcome = KeySet::new().verify(&nothing, b"{}", SystemTime::now());
    /// assert!(matches!(outcome, Err(WebhookError::MissingHeader)));
    /// ```
    #[inline]
    pub fn verify(
        &self,
        headers: &HeaderMap,
        body: &(impl AsRef<[u8]> + ?Sized),
        now: SystemTime,
    ) -> Result<Webhook, WebhookError> {
        let body = body.as_ref();
        let issued_at = self.check(headers, body, now)?;
        Ok(Webhook::read(
            &Bytes::copy_from_slice(body),
            Some(issued_at),
        )?)
    }

    fn check(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: SystemTime,
    ) -> Result<SystemTime, WebhookError> {
        if body.len() > MAX_BODY {
            return Err(WebhookError::TooLarge { limit: MAX_BODY });
        }
        let token = Token::of(headers)?;
        token.check(body, now)?;
        let key = self.0.get(&token.key_id).ok_or(WebhookError::UnknownKey)?;
        key.check(&token)?;
        Ok(token.issued_at())
    }
}

/// How many keys there are.
impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySet({} keys)", self.0.len())
    }
}
