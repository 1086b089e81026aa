//! Requests that this side keeps from being sent.

use std::fmt;
use std::time::Duration;

use super::{Action, Context};
use crate::limit::{Held, Limit, LimitScope};

/// The client's rate limits would have held the request back for longer than the
/// call may take. Nothing was sent.
///
/// See [`ClientBuilder::rate_limits`](crate::ClientBuilder::rate_limits).
#[derive(Debug)]
pub struct HeldBack {
    pub(super) context: Context,
    held: Held,
}

impl HeldBack {
    pub(crate) fn new(context: Context, held: Held) -> Self {
        Self { context, held }
    }

    /// How long the request would have had to wait at least, from when the error was
    /// made.
    pub fn wait(&self) -> Duration {
        self.held.wait
    }

    /// Whose limit it is.
    pub fn scope(&self) -> LimitScope {
        self.held.scope
    }

    /// The limit; `None` if this is a pause, since Plaid had answered that there were
    /// too many requests.
    pub fn limit(&self) -> Option<Limit> {
        self.held.limit
    }

    /// That there is room again needs no guess: it is a matter of time.
    pub(super) fn action(&self) -> Action {
        Action::RetryWithBackoff
    }
}

impl fmt::Display for HeldBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = &self.context.operation;
        let (scope, wait) = (self.held.scope, self.held.wait);
        write!(f, "{operation}: held back here and not sent: ")?;
        match self.held.limit {
            Some(limit) => write!(f, "the limit for {scope} is {limit}")?,
            None => write!(f, "Plaid had too many requests of {scope}")?,
        }
        write!(f, "; there is room in {wait:.1?} at the earliest")
    }
}

impl std::error::Error for HeldBack {}
