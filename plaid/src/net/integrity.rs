//! Whether a file came as it was sent.

use reqwest::header::{CONTENT_LENGTH, HeaderMap};

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// Its hash is not the one that came with it.
    Hash,
    /// It has not as many bytes as were announced.
    Length { announced: u64, received: u64 },
    /// There is nothing in it.
    Empty,
}

/// Compares a file, as it comes, with what its headers say of it.
pub(crate) struct Check {
    announced: Option<u64>,
    received: u64,
    #[cfg(feature = "files")]
    hash: Option<hash::Hash>,
}

impl Check {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self {
            announced: announced(headers),
            received: 0,
            #[cfg(feature = "files")]
            hash: hash::Hash::of(headers),
        }
    }

    /// Takes the next part of the file.
    pub(crate) fn add(&mut self, part: &[u8]) {
        self.received = self.received.saturating_add(part.len() as u64);
        #[cfg(feature = "files")]
        if let Some(hash) = &mut self.hash {
            hash.add(part);
        }
    }

    /// Takes the whole file; whether the hash was checked.
    pub(crate) fn all(mut self, file: &[u8]) -> Result<bool, Damage> {
        self.add(file);
        self.finish()
    }

    /// Whether the hash was checked, once the file is whole.
    ///
    /// hyper sees to the length for its own answers; a transport of the caller's
    /// may not.
    pub(crate) fn finish(self) -> Result<bool, Damage> {
        let received = self.received;
        if received == 0 {
            return Err(Damage::Empty);
        }
        if let Some(announced) = self.announced.filter(|announced| *announced != received) {
            return Err(Damage::Length {
                announced,
                received,
            });
        }
        #[cfg(feature = "files")]
        if let Some(hash) = self.hash {
            return hash.finish();
        }
        Ok(false)
    }
}

/// How long a file is, as its headers say.
pub(crate) fn announced(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
}

#[cfg(feature = "files")]
mod hash {
    use base64::Engine as _;
    use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
    use reqwest::header::HeaderMap;
    use sha2::{Digest, Sha256};

    use super::Damage;

    /// What `/statements/download` sends along.
    const HEADER: &str = "plaid-content-hash";
    const LENGTH: usize = 32;

    /// The hash that a file has to have.
    pub(super) struct Hash {
        expected: [u8; LENGTH],
        sha256: Sha256,
    }

    impl Hash {
        /// `None` where none was sent, or in a form that is not known: then the file
        /// is not checked, rather than refused for what Plaid has not documented.
        pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
            let value = headers.get(HEADER)?;
            let expected = value.to_str().ok().and_then(decode);
            if expected.is_none() {
                tracing::warn!("the hash of a file is not in a known form and was not checked");
            }
            Some(Self {
                expected: expected?,
                sha256: Sha256::new(),
            })
        }

        pub(super) fn add(&mut self, part: &[u8]) {
            self.sha256.update(part);
        }

        pub(super) fn finish(self) -> Result<bool, Damage> {
            if self.sha256.finalize()[..] == self.expected {
                Ok(true)
            } else {
                Err(Damage::Hash)
            }
        }
    }

    /// Plaid says SHA-256, and not how it is written: hexadecimal digits and both
    /// kinds of base64 cannot be taken for one another.
    fn decode(text: &str) -> Option<[u8; LENGTH]> {
        let text = text.trim();
        if text.len() == 2 * LENGTH {
            return plaid_common::hex::decode(text);
        }
        let text = text.trim_end_matches('=');
        let standard = BASE64_STANDARD_NO_PAD.decode(text);
        let decoded = standard.or_else(|_| BASE64_URL_SAFE_NO_PAD.decode(text));
        decoded.ok()?.try_into().ok()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// SHA-256 of nothing, as everybody knows it.
        const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        const BASE64: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

        #[test]
        fn a_hash_is_read_in_every_form_it_may_have() {
            let expected = decode(HEX).unwrap();
            assert_eq!(expected[..], Sha256::digest(b"")[..]);
            let url_safe = BASE64.replace('+', "-").replace('/', "_");
            for text in [
                &HEX.to_uppercase(),
                BASE64,
                BASE64.trim_end_matches('='),
                &url_safe,
                &format!(" {HEX} "),
            ] {
                assert_eq!(decode(text), Some(expected), "{text}");
            }
        }

        #[test]
        fn what_is_no_hash_is_not_taken_for_one() {
            for text in [
                "",
                "=",
                "garbled",
                &HEX[1..],
                &HEX.replace('e', "g"),
                &HEX.replace("e3", "+3"),
                &format!("{HEX}{HEX}"),
                "47DEQpj8",
            ] {
                assert_eq!(decode(text), None, "{text}");
            }
        }
    }
}
