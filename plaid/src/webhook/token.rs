//! The header `Plaid-Verification`: a compact JWS, taken apart and judged but for its
//! key.
//!
//! The crate `jsonwebtoken` could check the signature, but not read a token whose
//! algorithm and age are to be refused each with its own outcome, nor hash a body; and
//! with a crypto of pure Rust it brings RSA, Ed25519 and P-384 along. What is left is
//! splitting at two dots.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::HeaderMap;
use p256::ecdsa::Signature;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use super::WebhookError;
use crate::client::keys::{Distrust, Key, is_key_id};

pub(super) const HEADER: &str = "plaid-verification";

/// Plaid's have some 350 bytes.
const MAX_HEADER: usize = 2048;
/// How old a signature may be, in seconds: what Plaid's rules say.
const MAX_AGE: i64 = 5 * 60;
/// How far the clocks may be apart, in seconds.
const MAX_SKEW: i64 = 60;

/// A token that says the right things, if it is signed by the right key.
pub(super) struct Token<'a> {
    /// What is signed.
    signed: &'a str,
    signature: Signature,
    pub(super) key_id: String,
    issued_at: i64,
    body_hash: [u8; 32],
}

#[derive(Deserialize)]
struct Header {
    alg: Option<String>,
    kid: Option<String>,
    /// Extensions that have to be understood, of which none is.
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    iat: i64,
    request_body_sha256: String,
}

impl<'a> Token<'a> {
    /// The only token among the headers.
    pub(super) fn of(headers: &'a HeaderMap) -> Result<Self, WebhookError> {
        let mut values = headers.get_all(HEADER).iter();
        let value = values.next().ok_or(WebhookError::MissingHeader)?;
        if values.next().is_some() {
            return Err(malformed("there is more than one"));
        }
        if value.len() > MAX_HEADER {
            return Err(malformed("it is too long"));
        }
        let value = value.to_str().map_err(|_| malformed("it is not ASCII"))?;
        Self::parse(value)
    }

    fn parse(value: &'a str) -> Result<Self, WebhookError> {
        let parts = || malformed("it does not have three parts");
        let (signed, signature) = value.rsplit_once('.').ok_or_else(parts)?;
        let (header, claims) = signed.split_once('.').ok_or_else(parts)?;
        if claims.contains('.') {
            return Err(parts());
        }
        let header: Header = json(header).ok_or(malformed("its first part is not readable"))?;
        if header.crit.is_some() {
            return Err(malformed("it has a critical extension"));
        }
        // Before anything that the algorithm could have a say in.
        match header.alg.as_deref() {
            Some("ES256") => {}
            Some(_) => return Err(WebhookError::WrongAlgorithm),
            None => return Err(malformed("it names no algorithm")),
        }
        let key_id = header.kid.filter(|kid| is_key_id(kid));
        let key_id = key_id.ok_or(malformed("it names no key"))?;
        let claims: Claims = json(claims).ok_or(malformed("its second part is not readable"))?;
        let body_hash = hash_of_hex(&claims.request_body_sha256)
            .ok_or(malformed("it has no hash of a body"))?;
        let signature = BASE64_URL_SAFE_NO_PAD
            .decode(signature)
            .ok()
            .and_then(|bytes| Signature::from_slice(&bytes).ok())
            .ok_or(malformed("its third part is no signature"))?;
        Ok(Self {
            signed,
            signature,
            key_id,
            issued_at: claims.iat,
            body_hash,
        })
    }

    /// Whether it was issued now and for this body, if it was issued at all.
    ///
    /// This comes before the key is looked for: what fails here causes no fetch.
    pub(super) fn check(&self, body: &[u8], now: SystemTime) -> Result<(), WebhookError> {
        let now = unix_seconds(now);
        if now.saturating_sub(self.issued_at) > MAX_AGE {
            return Err(WebhookError::TooOld);
        }
        if self.issued_at.saturating_sub(now) > MAX_SKEW {
            return Err(WebhookError::FromTheFuture);
        }
        let hash = Sha256::digest(body);
        if bool::from(hash.as_slice().ct_eq(&self.body_hash)) {
            Ok(())
        } else {
            Err(WebhookError::BodyDiffers)
        }
    }

    /// Whether it is signed by this key.
    pub(super) fn check_signature(&self, key: &Key) -> Result<(), WebhookError> {
        let signed = key.check(self.signed.as_bytes(), &self.signature);
        signed.map_err(|distrust| match distrust {
            Distrust::Expired => WebhookError::ExpiredKey,
            Distrust::BadSignature => WebhookError::BadSignature,
        })
    }

    pub(super) fn issued_at(&self) -> SystemTime {
        // `check` has refused everything that is not close to now.
        let seconds = u64::try_from(self.issued_at).unwrap_or_default();
        UNIX_EPOCH
            .checked_add(Duration::from_secs(seconds))
            .unwrap_or(UNIX_EPOCH)
    }
}

fn malformed(reason: &'static str) -> WebhookError {
    WebhookError::MalformedHeader { reason }
}

fn json<T: DeserializeOwned>(part: &str) -> Option<T> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    // serde would take a list for the fields in their order too.
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    is_object.then(|| serde_json::from_slice(&bytes).ok())?
}

/// Exactly 64 digits in lower case.
fn hash_of_hex(text: &str) -> Option<[u8; 32]> {
    let is_lower = !text.bytes().any(|digit| digit.is_ascii_uppercase());
    plaid_common::hex::decode(text).filter(|_| is_lower)
}

fn unix_seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |s| -s),
    }
}
