//! No answer at all.

use std::fmt;
use std::time::Duration;

use super::{Action, Context};
use crate::net::TransportFailure;

/// The connection could not be made, or broke.
pub struct TransportError {
    pub(super) context: Context,
    /// The innermost cause, cleaned.
    cause: String,
    failure: TransportFailure,
}

impl TransportError {
    pub(crate) fn new(context: Context, cause: String, failure: TransportFailure) -> Self {
        Self {
            context,
            cause,
            failure,
        }
    }

    /// The innermost cause, for instance "Connection refused".
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// What the transport reported. Its texts are the transport's own and may quote
    /// whatever it was given.
    pub fn failure(&self) -> &TransportFailure {
        &self.failure
    }

    pub(super) fn action(&self) -> Action {
        self.context.after_uncertainty()
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.failure.is_connect() {
            true => "could not connect",
            false => "the connection broke",
        };
        write!(
            f,
            "{}: {what}: {}; {}",
            self.context.operation,
            self.cause,
            self.action()
        )?;
        self.context.write_tail(f, None)
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("operation", &self.context.operation)
            .field("cause", &self.cause)
            .field("may_have_reached_plaid", &self.context.may_have_reached)
            .field("attempts", &self.context.attempts)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.failure.printable_source()
    }
}

/// No answer came in time.
#[derive(Debug)]
pub struct TimeoutError {
    pub(super) context: Context,
    limit: Option<Duration>,
}

impl TimeoutError {
    pub(crate) fn new(context: Context, limit: Option<Duration>) -> Self {
        Self { context, limit }
    }

    /// The limit that was reached; `None` if it was one of the transport's own.
    pub fn limit(&self) -> Option<Duration> {
        self.limit
    }

    pub(super) fn action(&self) -> Action {
        self.context.after_uncertainty()
    }
}

impl fmt::Display for TimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = &self.context.operation;
        match (self.limit, self.context.attempts) {
            (_, 0) => write!(f, "{operation}: not sent: no time was left for it")?,
            (Some(limit), _) => write!(f, "{operation}: no answer within {limit:?}")?,
            (None, _) => write!(f, "{operation}: no answer in time")?,
        }
        write!(f, "; {}", self.action())?;
        self.context.write_tail(f, None)
    }
}

impl std::error::Error for TimeoutError {}
