//! Webhooks: signed with the emulator's own key, sent to loopback only.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::Utc;
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use reqwest::{Url, header::CONTENT_TYPE, redirect::Policy};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::ids::Ids;

/// How long a receiver may take before the delivery counts as failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Deliveries that may wait for their turn; more are dropped, so that a caller
/// who fires without end cannot fill the memory.
pub(crate) const BACKLOG: usize = 256;

/// A webhook on its way.
pub(crate) struct Delivery {
    pub(crate) url: Url,
    pub(crate) body: Vec<u8>,
}

/// Where an Item's webhook leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Not an address that a webhook could be sent to.
    Invalid,
    /// Beyond this machine; nothing is ever sent there.
    Elsewhere,
    Loopback(Url),
}

impl Destination {
    pub(crate) fn of(address: &str) -> Self {
        let Ok(url) = Url::parse(address) else {
            return Self::Invalid;
        };
        let Some(host) = url
            .host_str()
            .filter(|_| matches!(url.scheme(), "http" | "https"))
        else {
            return Self::Invalid;
        };
        if url.scheme() == "http" && matches!(host, "127.0.0.1" | "[::1]" | "localhost") {
            Self::Loopback(url)
        } else {
            Self::Elsewhere
        }
    }
}

/// The ES256 key that signs webhooks.
#[derive(Debug)]
pub(crate) struct Signer {
    key: SigningKey,
    key_id: String,
    created_at: i64,
}

impl Signer {
    pub(crate) fn new(ids: &mut Ids) -> Self {
        // All but one in 2^32 of all 32-byte numbers are keys.
        let key = loop {
            if let Ok(key) = SigningKey::from_slice(&ids.bytes::<32>()) {
                break key;
            }
        };
        Self {
            key,
            key_id: ids.uuid(),
            created_at: Utc::now().timestamp(),
        }
    }

    pub(crate) fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The public half, as `/webhook_verification_key/get` answers it.
    pub(crate) fn public_key(&self) -> Value {
        let point = self.key.verifying_key().to_sec1_point(false);
        let coordinate =
            |bytes: Option<&[u8]>| BASE64_URL_SAFE_NO_PAD.encode(bytes.unwrap_or_default());
        json!({
            "alg": "ES256",
            "created_at": self.created_at,
            "crv": "P-256",
            "expired_at": null,
            "kid": self.key_id,
            "kty": "EC",
            "use": "sig",
            "x": coordinate(point.x().map(|bytes| bytes.as_slice())),
            "y": coordinate(point.y().map(|bytes| bytes.as_slice())),
        })
    }

    /// The value of the header `Plaid-Verification` for a body.
    pub(crate) fn sign(&self, body: &[u8], issued_at: i64) -> Result<String, p256::ecdsa::Error> {
        let header = json!({ "alg": "ES256", "kid": self.key_id, "typ": "JWT" });
        let digest: String = Sha256::digest(body)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let claims = json!({ "iat": issued_at, "request_body_sha256": digest });
        let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature: Signature = self.key.try_sign(signed.as_bytes())?;
        Ok(format!(
            "{signed}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes())
        ))
    }
}

/// Sends what is put into the queue, one after another, until the queue is
/// closed. Each webhook is sent once; whether the receiver liked it changes
/// nothing.
pub(crate) async fn deliver(
    mut queue: mpsc::Receiver<Delivery>,
    client: reqwest::Client,
    signer: Arc<Signer>,
) {
    while let Some(Delivery { url, body }) = queue.recv().await {
        let Ok(token) = signer.sign(&body, Utc::now().timestamp()) else {
            continue;
        };
        // A failed delivery is the receiver's business, as it is Plaid's.
        let _ = client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("Plaid-Verification", token)
            .body(body)
            .send()
            .await;
    }
}

/// The client that deliveries go through. It knows `localhost` without asking
/// a resolver, follows no redirect and uses no proxy, so that nothing leaves
/// this machine whatever its configuration says.
pub(crate) fn client() -> reqwest::Result<reqwest::Client> {
    let loopback = [
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
    ];
    reqwest::Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .resolve_to_addrs("localhost", &loopback)
        .timeout(PATIENCE)
        .build()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use p256::ecdsa::{VerifyingKey, signature::Verifier};

    use super::*;

    #[test]
    fn only_loopback_is_a_destination() {
        for address in [
            "http://127.0.0.1:9/hook",
            "http://[::1]:9/",
            "http://localhost/x?y=z",
        ] {
            assert!(
                matches!(Destination::of(address), Destination::Loopback(_)),
                "{address}"
            );
        }
        for address in [
            "http://example.com",
            "https://127.0.0.1/",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://127.0.0.1@example.com/",
            "http://169.254.169.254/",
        ] {
            assert_eq!(
                Destination::of(address),
                Destination::Elsewhere,
                "{address}"
            );
        }
        for address in [
            "",
            "hook",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "http://",
        ] {
            assert_eq!(Destination::of(address), Destination::Invalid, "{address}");
        }
    }

    #[test]
    fn a_signature_verifies_with_the_public_key() {
        let signer = Signer::new(&mut Ids::new(Some(1)));
        let token = signer.sign(b"{}", 1).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature =
            Signature::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();

        let key = signer.public_key();
        let coordinate = |name: &str| {
            BASE64_URL_SAFE_NO_PAD
                .decode(key[name].as_str().unwrap())
                .unwrap()
        };
        let point = [vec![4], coordinate("x"), coordinate("y")].concat();
        VerifyingKey::from_sec1_bytes(&point)
            .unwrap()
            .verify(signed.as_bytes(), &signature)
            .unwrap();
    }
}
