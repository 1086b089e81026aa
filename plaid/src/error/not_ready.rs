//! Waiting in vain.

use std::fmt;
use std::time::Duration;

use super::{Action, Context, Error};

/// What was waited for is still not there. The token stays good: ask again later,
/// or wait for the webhook.
#[derive(Debug)]
pub struct NotReadyError {
    pub(super) context: Context,
    waited: Duration,
    webhook: Option<&'static str>,
    last: Last,
}

/// What came of the last request.
#[derive(Debug)]
pub(crate) enum Last {
    /// An error: Plaid's "not yet", or a passing trouble.
    Error(Box<Error>),
    /// An answer that says "not yet".
    Answer { request_id: String },
}

impl Last {
    pub(crate) fn error(&self) -> Option<&Error> {
        match self {
            Self::Error(error) => Some(error),
            Self::Answer { .. } => None,
        }
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        match self {
            Self::Error(error) => error.request_id(),
            Self::Answer { request_id } => Some(&**request_id).filter(|id| !id.is_empty()),
        }
    }
}

impl NotReadyError {
    pub(crate) fn new(
        context: Context,
        waited: Duration,
        webhook: Option<&'static str>,
        last: Last,
    ) -> Self {
        Self {
            context,
            waited,
            webhook,
            last,
        }
    }

    /// How often Plaid was asked.
    pub fn asks(&self) -> u32 {
        self.context.attempts
    }

    /// How long it was waited for.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// The webhook that says when it is there, as `TYPE/CODE`.
    pub fn webhook(&self) -> Option<&'static str> {
        self.webhook
    }

    /// The error of the last request; `None` if it was a success that said "not yet".
    pub fn last_error(&self) -> Option<&Error> {
        self.last.error()
    }

    /// Plaid's id of the last request.
    pub fn request_id(&self) -> Option<&str> {
        self.last.request_id()
    }

    pub(super) fn action(&self) -> Action {
        match self.last_error().map(Error::action) {
            // The last request met a trouble of its own.
            Some(Action::RetryWithBackoff) => Action::RetryWithBackoff,
            _ => Action::WaitThenRetry,
        }
    }
}

impl fmt::Display for NotReadyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = &self.context.operation;
        write!(f, "{operation}: not ready after {:.1?}", self.waited)?;
        if let Some(error) = self.last_error() {
            match error.as_api() {
                Some(api) => write!(f, " ({}/{})", api.error_type(), api.error_code())?,
                None => write!(f, " ({})", error.kind())?,
            }
        }
        match self.webhook {
            Some(webhook) => write!(f, ": ask again later, or after the webhook {webhook}")?,
            None => f.write_str(": ask again later")?,
        }
        self.context.write_tail(f, self.request_id())
    }
}

impl std::error::Error for NotReadyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.last_error().map(|error| error as _)
    }
}
