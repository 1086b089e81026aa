//! Checking webhooks with keys that are at hand.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderMap;
use plaid_gen::types::JwkPublicKey;

use super::token::Token;
use super::{MAX_BODY, Webhook, WebhookError};
use crate::client::keys::{InvalidKey, Key};

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
        token.check_signature(key)?;
        Ok(token.issued_at())
    }
}

/// How many keys there are.
impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySet({} keys)", self.0.len())
    }
}
