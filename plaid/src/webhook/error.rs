//! Why a webhook is not handed over.

use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use plaid_gen::wire::Misfit;

use crate::client::keys::{KeyUnavailable, Missing};
use crate::redact::Redactor;

/// Why a webhook is not handed over: it is not genuine, or that cannot be told, or it
/// is and cannot be read.
///
/// [`status`](Self::status) is what to answer. Neither `Display` nor `Debug` shows
/// anything of header or body.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// There is no header `Plaid-Verification`.
    #[error("the webhook has no header Plaid-Verification")]
    MissingHeader,
    /// The header is no token of the kind that Plaid sends.
    #[error("the header Plaid-Verification is malformed: {reason}")]
    #[non_exhaustive]
    MalformedHeader {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The token names another algorithm than ES256, or none at all.
    #[error("the webhook is signed with another algorithm than ES256")]
    WrongAlgorithm,
    /// Plaid has no such key in this environment.
    #[error("the webhook is signed with a key that Plaid does not have in this environment")]
    UnknownKey,
    /// The key was Plaid's and is not in use any more.
    #[error("the webhook is signed with a key that has expired")]
    ExpiredKey,
    /// The signature was not made with the key that the token names.
    #[error("the signature of the webhook is wrong")]
    BadSignature,
    /// The body is not the one that was signed.
    #[error("the body of the webhook is not the one that was signed")]
    BodyDiffers,
    /// It was signed more than five minutes ago.
    #[error("the webhook was signed more than five minutes ago")]
    TooOld,
    /// It was signed more than a minute from now: one of two clocks is wrong.
    #[error("the webhook was signed in the future; check the clock of this machine")]
    FromTheFuture,
    /// The body is longer than anything that Plaid sends.
    #[error("the body of the webhook has more than {limit} bytes")]
    #[non_exhaustive]
    TooLarge {
        /// How many bytes it may have.
        limit: usize,
    },
    /// The key could not be asked for, so nobody knows whether it is genuine.
    #[error(transparent)]
    KeyUnavailable(KeyUnavailable),
    /// The body could not be read from the connection to its end.
    #[error("the body of the webhook did not arrive in full")]
    Interrupted,
    /// It is genuine, and does not fit the type of its type and code.
    #[error(transparent)]
    Decode(#[from] WebhookDecodeError),
}

impl WebhookError {
    /// Whether nobody can tell if the webhook is genuine. Answer with 503, so that Plaid
    /// delivers it again.
    pub fn is_inconclusive(&self) -> bool {
        matches!(self, Self::KeyUnavailable(_) | Self::Interrupted)
    }

    /// Whether the webhook is Plaid's all the same, and only cannot be read.
    pub fn is_genuine(&self) -> bool {
        matches!(self, Self::Decode(_))
    }

    /// The status to answer with. Plaid takes every one but 200 for a failure, and
    /// delivers again.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MissingHeader | Self::MalformedHeader { .. } | Self::Interrupted => {
                StatusCode::BAD_REQUEST
            }
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::KeyUnavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Decode(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::WrongAlgorithm
            | Self::UnknownKey
            | Self::ExpiredKey
            | Self::BadSignature
            | Self::BodyDiffers
            | Self::TooOld
            | Self::FromTheFuture => StatusCode::UNAUTHORIZED,
        }
    }
}

/// A client that cannot be used says nothing about the webhook. This is what
/// `plaid::blocking::wait` needs.
impl From<crate::Error> for WebhookError {
    fn from(error: crate::Error) -> Self {
        Self::KeyUnavailable(KeyUnavailable::failed(error.into()))
    }
}

impl From<Missing> for WebhookError {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Unknown => Self::UnknownKey,
            Missing::Unavailable(why) => Self::KeyUnavailable(why),
        }
    }
}

/// A body that does not fit the type of its type and code.
///
/// The body is kept, see [`raw`](Self::raw); it is never printed.
pub struct WebhookDecodeError(Box<Unfit>);

struct Unfit {
    path: String,
    reason: String,
    raw: Bytes,
}

impl WebhookDecodeError {
    pub(super) fn new(misfit: &Misfit, raw: &Bytes) -> Self {
        let redactor = Redactor::default();
        let [path, reason] = [misfit.path(), misfit.reason()].map(|text| redactor.clean(text));
        Self::at(&path, &reason, raw)
    }

    pub(super) fn at(path: &str, reason: &str, raw: &Bytes) -> Self {
        Self(Box::new(Unfit {
            path: path.to_owned(),
            reason: reason.to_owned(),
            raw: raw.clone(),
        }))
    }

    /// Where in the body, for instance `removed_transactions[0]`.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// What does not fit. The value itself is not quoted.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// The body as it came: nothing of the webhook is lost.
    pub fn raw(&self) -> &Bytes {
        &self.0.raw
    }
}

impl fmt::Display for WebhookDecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot read the webhook at {}: {}",
            self.path(),
            self.reason()
        )
    }
}

impl fmt::Debug for WebhookDecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookDecodeError")
            .field("path", &self.path())
            .field("reason", &self.reason())
            .field("body_length", &self.0.raw.len())
            .finish_non_exhaustive()
    }
}

impl StdError for WebhookDecodeError {}
