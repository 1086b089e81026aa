//! What an answer is, before anybody asks what is in it.

use super::Parts;
use crate::net::Answer;
use crate::redact::Redactor;

/// What an answer is. Its body is read for this once, and everybody goes by the result:
/// retries, rate limits, traces and errors.
pub(crate) enum Verdict {
    /// What was asked for, as far as its status says.
    Success,
    /// One of Plaid's errors, whatever its status.
    Error(Box<Parts>),
    /// Not Plaid's: an error page, nothing, a redirect.
    Foreign,
}

impl Verdict {
    pub(crate) fn of(answer: &Answer, redactor: &Redactor) -> Self {
        let is_success = answer.status.is_success();
        let parts = match is_success {
            true => Parts::in_success(&answer.body, redactor),
            false => Parts::read(&answer.body, redactor),
        };
        match parts {
            Some(parts) => Self::Error(Box::new(parts)),
            None if is_success => Self::Success,
            None => Self::Foreign,
        }
    }

    pub(crate) fn error(&self) -> Option<&Parts> {
        match self {
            Self::Error(parts) => Some(parts),
            Self::Success | Self::Foreign => None,
        }
    }
}
