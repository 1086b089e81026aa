//! What every error of a call knows about the call.

use std::borrow::Cow;
use std::fmt;

use super::Action;

/// What every error of a call knows about the call.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) operation: Cow<'static, str>,
    pub(crate) attempts: u32,
    pub(crate) may_have_reached: bool,
    /// Whether sending the request once more does no harm: a read, or a write with
    /// an idempotency key.
    pub(crate) repeatable: bool,
}

impl Context {
    /// What to do when nobody knows how the request ended.
    pub(super) fn after_uncertainty(&self) -> Action {
        if self.repeatable || !self.may_have_reached {
            Action::RetryWithBackoff
        } else {
            Action::CheckBeforeRetry
        }
    }

    pub(super) fn write_tail(
        &self,
        f: &mut fmt::Formatter<'_>,
        request_id: Option<&str>,
    ) -> fmt::Result {
        match (request_id, self.attempts) {
            (Some(id), 0 | 1) => write!(f, " [request {id}]"),
            (Some(id), attempts) => write!(f, " [request {id}, {attempts} attempts]"),
            (None, 0 | 1) => Ok(()),
            (None, attempts) => write!(f, " [{attempts} attempts]"),
        }
    }
}
