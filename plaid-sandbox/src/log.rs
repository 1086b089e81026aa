//! What was asked of the emulator.

use std::{collections::VecDeque, sync::Mutex};

use serde::Serialize;

use crate::lock;

/// Requests that are remembered. When there are more, the oldest are forgotten.
const REMEMBERED: usize = 10_000;

/// A request that the emulator has seen. It says nothing about what was sent:
/// no body, no header, no token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// The path of the operation, with placeholders as in
    /// `/fdx/consents/{consentId}`; `None` if there is no such operation.
    pub operation: Option<&'static str>,
    /// The status of the answer; `None` if the connection was closed instead,
    /// see [`Fault::Drop`](crate::Fault::Drop).
    pub status: Option<u16>,
    /// The request id that the answer carries.
    pub request_id: String,
    /// The Item that the request was about.
    pub item_id: Option<String>,
}

/// The requests so far.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<VecDeque<LoggedRequest>>);

impl Log {
    pub(crate) fn push(&self, request: LoggedRequest) {
        let mut requests = lock(&self.0);
        if requests.len() == REMEMBERED {
            requests.pop_front();
        }
        requests.push_back(request);
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        lock(&self.0).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_forgets_the_oldest() {
        let log = Log::default();
        for number in 0..REMEMBERED + 2 {
            log.push(LoggedRequest {
                operation: None,
                status: Some(200),
                request_id: number.to_string(),
                item_id: None,
            });
        }
        let requests = log.requests();
        assert_eq!(requests.len(), REMEMBERED);
        assert_eq!(requests[0].request_id, "2");
    }
}
