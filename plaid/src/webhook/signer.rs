//! Webhooks that pass for Plaid's, for tests of what receives them.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use plaid_gen::types::JwkPublicKey;
use serde::Serialize;

use super::{Fingerprint, KeySet, Verifier, token};
use crate::client::keys::{KeyFuture, KeySource};

/// Signs webhooks with a key of its own, as Plaid does with one of its keys.
///
/// Only those who take their keys from it believe it: its [`verifier`](Self::verifier),
/// or a client whose server answers `/webhook_verification_key/get` with its
/// [`jwk`](Self::jwk).
///
/// ```
/// # tokio_test(async {
/// use std::time::SystemTime;
/// use plaid::webhook::Signer;
///
/// let signer = Signer::new();
/// let body = plaid::webhook::body(&serde_json::json!({
///     "webhook_type": "ITEM", "webhook_code": "LOGIN_REPAIRED",
///     "item_id": "an-item", "environment": "sandbox",
/// }))?;
/// let headers = signer.headers(&body, SystemTime::now());
///
/// let webhook = signer.verifier().verify(&headers, &body).await?;
/// assert_eq!(webhook.item_id(), Some("an-item"));
/// # Ok::<(), Box<dyn std::error::Error>>(()) });
/// # fn tokio_test<T>(test: impl Future<Output = Result<T, Box<dyn std::error::Error>>>) {
/// #     futures_util::FutureExt::now_or_never(test).unwrap().unwrap();
/// # }
/// ```
#[derive(Clone)]
pub struct Signer {
    key: plaid_common::signer::Signer,
    jwk: JwkPublicKey,
}

impl Signer {
    /// A signer with a new key and key id. Good enough for tests, and for nothing else.
    pub fn new() -> Self {
        let random = || {
            let mut bytes = [0; 32];
            fastrand::fill(&mut bytes);
            bytes
        };
        let key = plaid_common::signer::Signer::new(random).with_key_id(key_id());
        let jwk = jwk(&key);
        Self { key, jwk }
    }

    /// The same, with a key that has expired; nobody believes it any more.
    #[must_use]
    pub fn expired(mut self) -> Self {
        self.jwk.expired_at = Some(self.jwk.created_at.saturating_add(1));
        self
    }

    /// The id of its key.
    pub fn key_id(&self) -> &str {
        &self.jwk.kid
    }

    /// The public half of its key, as `/webhook_verification_key/get` gives it out in
    /// the field `key`.
    pub fn jwk(&self) -> JwkPublicKey {
        self.jwk.clone()
    }

    /// Its key, for checking without waiting.
    pub fn keys(&self) -> KeySet {
        let mut keys = KeySet::new();
        // A key that was made here is one.
        let _ = keys.insert(&self.jwk);
        keys
    }

    /// A verifier that knows its key and no other.
    pub fn verifier(&self) -> Verifier {
        Verifier::new(self.clone())
    }

    /// The value of the header `Plaid-Verification` for a body.
    pub fn sign(&self, body: &[u8], issued_at: SystemTime) -> String {
        self.key
            .sign(Fingerprint::of(body).as_bytes(), seconds(issued_at))
    }

    /// A token of any header and claims, to see that what Plaid would not send is
    /// refused.
    pub fn sign_parts(&self, header: &str, claims: &str) -> String {
        self.key.sign_parts(header, claims)
    }

    /// The headers of a delivery of a body.
    pub fn headers(&self, body: &[u8], issued_at: SystemTime) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        // Base64 and dots always fit into a header.
        if let Ok(value) = HeaderValue::try_from(self.sign(body, issued_at)) {
            headers.insert(HeaderName::from_static(token::HEADER), value);
        }
        headers
    }
}

impl Default for Signer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}

impl KeySource for Signer {
    fn key(&self, key_id: &str) -> KeyFuture {
        let key = (key_id == self.key_id()).then(|| self.jwk());
        Box::pin(std::future::ready(Ok(key)))
    }
}

/// The body of a webhook as Plaid writes it: JSON, indented by two spaces. From one of
/// the [types](crate::types), or anything else.
///
/// # Errors
/// When the value cannot be written as JSON.
pub fn body(event: &impl Serialize) -> Result<Bytes, serde_json::Error> {
    serde_json::to_vec_pretty(event).map(Bytes::from)
}

fn jwk(key: &plaid_common::signer::Signer) -> JwkPublicKey {
    let [x, y] = key.coordinates();
    JwkPublicKey {
        alg: "ES256".to_owned(),
        created_at: seconds(SystemTime::now()),
        crv: "P-256".to_owned(),
        expired_at: None,
        kid: key.key_id().to_owned(),
        kty: "EC".to_owned(),
        use_: "sig".to_owned(),
        x,
        y,
    }
}

/// Looks like a UUID.
fn key_id() -> String {
    let digits = format!("{:032x}", fastrand::u128(..));
    let parts = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ];
    parts.join("-")
}

fn seconds(time: SystemTime) -> i64 {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    i64::try_from(seconds).unwrap_or(i64::MAX)
}
