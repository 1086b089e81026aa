//! What is written down about a call: one line in the log, and the metrics.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use crate::callers::{Known, NO_KEY, UNKNOWN};
use crate::metrics::{Call, Metrics};
use crate::refusal::Refusal;

/// The status of a call whose caller did not wait for the answer. It is never sent;
/// nginx writes the same in its log.
const CALLER_GONE: u16 = 499;

/// A call under way. What is known of it when this is dropped is written down, so a
/// call that breaks off leaves a line as well.
///
/// It holds nothing of a body, a header or a path.
#[derive(Debug)]
pub(crate) struct Record {
    metrics: Arc<Metrics>,
    started: Instant,
    caller: Arc<str>,
    operation: &'static str,
    status: u16,
    request_id: Cow<'static, str>,
    refusal: Option<Refusal>,
    outcome: &'static str,
    bytes: u64,
}

impl Record {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            metrics,
            started: Instant::now(),
            caller: Arc::clone(&UNKNOWN),
            operation: "none",
            status: CALLER_GONE,
            request_id: Cow::Borrowed(""),
            refusal: None,
            outcome: "aborted",
            bytes: 0,
        }
    }

    /// Who calls; none is anyone on this machine.
    pub(crate) fn caller(&mut self, caller: Option<&Known>) {
        let name = caller.map_or(&*NO_KEY, |known| &known.name);
        self.caller = Arc::clone(name);
    }

    pub(crate) fn operation(&mut self, id: &'static str) {
        self.operation = id;
    }

    pub(crate) fn refused(&mut self, refusal: Refusal, request_id: &str) {
        self.refusal = Some(refusal);
        self.status = refusal.status().as_u16();
        self.outcome = refusal.reason();
        self.request_id = Cow::Owned(request_id.to_owned());
    }

    /// The answer has begun.
    pub(crate) fn answered(&mut self, status: u16, request_id: Option<String>) {
        self.status = status;
        self.request_id(request_id);
    }

    pub(crate) fn request_id(&mut self, request_id: Option<String>) {
        if let Some(id) = request_id {
            self.request_id = Cow::Owned(id);
        }
    }

    pub(crate) fn passed(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// How the answer has ended.
    pub(crate) fn ended(&mut self, outcome: &'static str) {
        self.outcome = outcome;
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let duration = self.started.elapsed();
        self.metrics.call(&Call {
            operation: self.operation,
            status: self.status,
            caller: &self.caller,
            refusal: self.refusal.map(Refusal::reason),
            duration,
            bytes: self.bytes,
        });
        tracing::info!(
            target: "plaid_gateway::call",
            operation = self.operation,
            status = self.status,
            duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            caller = &*self.caller,
            request_id = &*self.request_id,
            bytes = self.bytes,
            outcome = self.outcome,
        );
    }
}
