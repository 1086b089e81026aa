//! Signs webhooks as Plaid does, with a key that receivers have to be given first.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::json;

use crate::hex::Hex;

/// An ES256 key with the id that receivers know it by. `Debug` does not show the key.
#[derive(Clone)]
pub struct Signer {
    key: SigningKey,
    key_id: String,
}

impl Signer {
    /// A signer with a key made of random bytes, which are asked for until they are a key.
    /// Its id is empty until it is [given one](Self::with_key_id).
    pub fn new(mut random: impl FnMut() -> [u8; 32]) -> Self {
        // All but one in 2^32 of all 32-byte numbers are keys.
        let key = loop {
            if let Ok(key) = SigningKey::from_slice(&random()) {
                break key;
            }
        };
        let key_id = String::new();
        Self { key, key_id }
    }

    /// The same key under this id.
    #[must_use]
    pub fn with_key_id(self, key_id: String) -> Self {
        Self { key_id, ..self }
    }

    /// The signer with the key that [`secret`](Self::secret) has given out; none if it is
    /// not a key.
    pub fn restore(secret: &str, key_id: String) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(secret).ok()?;
        let key = SigningKey::from_slice(&bytes).ok()?;
        Some(Self { key, key_id })
    }

    /// The secret half of the key, in URL-safe base64.
    pub fn secret(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.key.to_bytes())
    }

    /// The id of the key.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The public half of the key: the fields `x` and `y` of its JWK.
    pub fn coordinates(&self) -> [String; 2] {
        let point = self.key.verifying_key().to_sec1_point(false);
        // A byte that says that nothing is compressed, and two numbers of 32 bytes.
        let (x, y) = point.as_bytes()[1..].split_at(32);
        [x, y].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part))
    }

    /// The value of the header `Plaid-Verification` for the body with this hash.
    /// `issued_at` is in seconds since 1970.
    pub fn sign(&self, body_sha256: &[u8; 32], issued_at: i64) -> String {
        let header = json!({ "alg": "ES256", "kid": self.key_id, "typ": "JWT" });
        let claims = json!({
            "iat": issued_at,
            "request_body_sha256": Hex(body_sha256).to_string(),
        });
        self.sign_parts(&header.to_string(), &claims.to_string())
    }

    /// A token of any header and claims.
    pub fn sign_parts(&self, header: &str, claims: &str) -> String {
        let part = |text: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", part(header.as_bytes()), part(claims.as_bytes()));
        let signature: Signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", part(&signature.to_bytes()))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::VerifyingKey;
    use p256::ecdsa::signature::Verifier as _;

    fn signer() -> Signer {
        // The first is not a key: it is larger than the order of the curve.
        let mut bytes = [[0xff; 32], [7; 32]].into_iter();
        Signer::new(|| bytes.next().unwrap()).with_key_id("a-key".to_owned())
    }

    #[test]
    fn a_body_is_signed_by_the_key_that_is_given_out() {
        let signer = signer();
        let token = signer.sign(&[0xab; 32], 5);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
        let [x, y] = signer.coordinates().map(|part| decode(&part));
        let key = VerifyingKey::from_sec1_bytes(&[&[4], &*x, &*y].concat()).unwrap();
        let signature = Signature::from_slice(&decode(signature)).unwrap();
        assert!(key.verify(signed.as_bytes(), &signature).is_ok());
        let claims = decode(signed.split_once('.').unwrap().1);
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["iat"], 5);
        assert_eq!(claims["request_body_sha256"], "ab".repeat(32));
    }

    #[test]
    fn a_key_that_was_kept_signs_as_before_and_is_not_shown() {
        let signer = signer();
        let kept = Signer::restore(&signer.secret(), "a-key".to_owned()).unwrap();
        assert_eq!(kept.sign(&[1; 32], 5), signer.sign(&[1; 32], 5));
        assert!(Signer::restore("AAAA", "a-key".to_owned()).is_none());
        assert!(!format!("{kept:?}").contains(&signer.secret()));
    }
}
