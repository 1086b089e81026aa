//! What two deliveries of one webhook have in common.

use std::fmt;

use sha2::{Digest, Sha256};

/// The SHA-256 of a webhook's body, which a repetition has in common with the first
/// delivery: same fingerprint, same content; another content, another fingerprint.
///
/// It is the only thing they have in common. A repetition is signed again, since the
/// signature may be no older than five minutes and Plaid repeats for up to 24 hours, and
/// there is no id of the delivery. So where the body says when something happened, or to
/// which report, payment or transfer, equal fingerprints are the same event. Where it
/// only says that there is news, as `SYNC_UPDATES_AVAILABLE` does, the next event may
/// have the very same body, and dropping it would lose the news.
///
/// What never loses anything: note when you *begin* to handle a fingerprint, and drop a
/// delivery of it whose [`issued_at`](super::Webhook::issued_at) is before that moment.
/// Whatever it announced was there when you looked.
///
/// ```
/// use std::collections::HashMap;
/// use std::time::SystemTime;
/// use plaid::webhook::{Fingerprint, Webhook};
///
/// fn is_repetition(begun: &HashMap<Fingerprint, SystemTime>, webhook: &Webhook) -> bool {
///     let begun = begun.get(&webhook.fingerprint());
///     begun.is_some_and(|begun| webhook.issued_at().is_some_and(|issued| issued < *begun))
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a body.
    pub fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
    }

    /// Its bytes, to be stored.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Fingerprint {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// In hexadecimal, lower case.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        plaid_common::hex::Hex(&self.0).fmt(f)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}
