//! Webhooks that pass for Plaid's, for tests of what receives them.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use plaid_gen::types::JwkPublicKey;
use serde::Serialize;
use serde_json::json;

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
    key: SigningKey,
    jwk: JwkPublicKey,
}

impl Signer {
    /// A signer with a new key and key id. Good enough for tests, and for nothing else.
    pub fn new() -> Self {
        // All but one in 2^32 of all 32-byte numbers are keys.
        let key = loop {
            let mut bytes = [0; 32];
            fastrand::fill(&mut bytes);
            if let Ok(key) = SigningKey::from_slice(&bytes) {
                break key;
            }
        };
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
        let header = json!({ "alg": "ES256", "kid": self.jwk.kid, "typ": "JWT" });
        let claims = json!({
            "iat": seconds(issued_at),
            "request_body_sha256": Fingerprint::of(body).to_string(),
        });
        self.sign_parts(&header.to_string(), &claims.to_string())
    }

    /// A token of any header and claims, to see that what Plaid would not send is
    /// refused.
    pub fn sign_parts(&self, header: &str, claims: &str) -> String {
        let part = |text: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", part(header.as_bytes()), part(claims.as_bytes()));
        let signature: Signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", part(&signature.to_bytes()))
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

fn jwk(key: &SigningKey) -> JwkPublicKey {
    let point = key.verifying_key().to_sec1_point(false);
    let (x, y) = point.as_bytes()[1..].split_at(32);
    let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    JwkPublicKey {
        alg: "ES256".to_owned(),
        created_at: seconds(SystemTime::now()),
        crv: "P-256".to_owned(),
        expired_at: None,
        kid: key_id(),
        kty: "EC".to_owned(),
        use_: "sig".to_owned(),
        x: part(x),
        y: part(y),
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
