//! Failures on request.

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
    time::Duration,
};

use crate::lock;

/// What happens to a request in place of, or on top of, its normal answer.
/// See [`Sandbox::fail_next`](crate::Sandbox::fail_next).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Answers with this status and this body, word for word, without looking
    /// at the request: a gateway's HTML page, an empty 504, JSON of the wrong
    /// shape. A body that is JSON is labelled as such, everything else as HTML.
    /// A number that is no status of a final answer counts as 500.
    Status {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
    /// Answers with an error in Plaid's shape, without looking at the request.
    Error {
        /// The `error_type`, for example `INSTITUTION_ERROR`.
        error_type: String,
        /// The `error_code`, for example `INSTITUTION_DOWN`.
        error_code: String,
        /// The HTTP status.
        status: u16,
    },
    /// Answers 429 with `RATE_LIMIT_EXCEEDED` / `RATE_LIMIT`, without looking
    /// at the request. As on the real API, no header says how long to wait.
    RateLimit,
    /// Waits, then handles the request as usual.
    Delay(Duration),
    /// Closes the connection without an answer. The request has no effect.
    Drop,
    /// Handles the request as usual, with all its effects, but sends half of
    /// the answer's body and closes the connection.
    Truncate,
}

/// The faults that wait for their request, per path, first in first out.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<HashMap<String, VecDeque<Fault>>>);

impl Faults {
    pub(crate) fn push(&self, path: String, fault: Fault) {
        lock(&self.0).entry(path).or_default().push_back(fault);
    }

    /// The fault for a request, which may be named by the path that was called
    /// or by the operation's path with its placeholders.
    pub(crate) fn take(&self, path: &str, operation: Option<&str>) -> Option<Fault> {
        let mut faults = lock(&self.0);
        let mut next = |path: &str| faults.get_mut(path).and_then(VecDeque::pop_front);
        next(path).or_else(|| operation.and_then(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_queue_per_path() {
        let faults = Faults::default();
        faults.push("/a".into(), Fault::Drop);
        faults.push("/a".into(), Fault::RateLimit);
        faults.push("/b/{id}".into(), Fault::Truncate);
        assert_eq!(faults.take("/a", Some("/a")), Some(Fault::Drop));
        assert_eq!(faults.take("/b/1", Some("/b/{id}")), Some(Fault::Truncate));
        assert_eq!(faults.take("/a", None), Some(Fault::RateLimit));
        assert_eq!(faults.take("/a", Some("/a")), None);
    }
}
