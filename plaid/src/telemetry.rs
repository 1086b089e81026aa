//! What a call leaves in the traces.
//!
//! - One span per call, `plaid.call`, at INFO: calls are what an operator counts
//!   and times.
//! - An event per retry, at INFO: the caller sees the last attempt only, so this
//!   is the one place where the others show.
//! - An event for a failure, at DEBUG: the caller has the error in hand and knows
//!   whether it matters. A user who has to log in again is daily business, and a
//!   warning here would be reported twice or wrongly.
//! - An event at WARN for an answer that was filled where it is not as described: a
//!   caller who has asked for that may not look, and 0 is not an amount.
//!
//! Names, codes, paths in answers, ids of requests, counts and times are recorded. No
//! token, header, body or URL is.

use plaid_gen::wire::{Deviation, Deviations};
use reqwest::StatusCode;
use tokio::time::Instant;
use tracing::field::{Empty, display};
use tracing::{Instrument, Span, debug, info_span, warn};

use crate::error::Error;
use crate::response::Response;

/// More places than this are counted only.
const MAX_PATHS: usize = 20;

/// What a call that succeeded leaves in its span.
pub(crate) trait Answered {
    fn status(&self) -> StatusCode;
    fn attempts(&self) -> u32;
    fn request_id(&self) -> &str;
    fn deviations(&self) -> Option<&Deviations>;
}

impl<T> Answered for Response<T> {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn attempts(&self) -> u32 {
        self.attempts()
    }

    fn request_id(&self) -> &str {
        self.request_id()
    }

    fn deviations(&self) -> Option<&Deviations> {
        Some(self.deviations())
    }
}

/// Makes a call in its span.
pub(crate) async fn traced<T: Answered>(
    operation: &str,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let span = span(operation);
    let inner = span.clone();
    async move {
        let started = Instant::now();
        let result = call.await;
        finish(&inner, started, &result);
        result
    }
    .instrument(span)
    .await
}

fn span(operation: &str) -> Span {
    info_span!(
        "plaid.call",
        operation,
        status = Empty,
        attempts = Empty,
        request_id = Empty,
        duration_ms = Empty,
        outcome = Empty,
        error_code = Empty,
    )
}

/// Fills in the span when the call is over.
fn finish<T: Answered>(span: &Span, started: Instant, result: &Result<T, Error>) {
    if let Some(deviations) = result.as_ref().ok().and_then(Answered::deviations) {
        note_deviations(deviations);
    }
    if span.is_disabled() {
        return;
    }
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.record("duration_ms", millis);
    match result {
        Ok(response) => {
            span.record("outcome", "ok");
            span.record("status", response.status().as_u16());
            span.record("attempts", response.attempts());
            span.record("request_id", response.request_id());
        }
        Err(error) => finish_failed(span, error),
    }
}

fn finish_failed(span: &Span, error: &Error) {
    span.record("outcome", error.kind());
    span.record("attempts", error.attempts());
    if let Some(status) = error.status() {
        span.record("status", status.as_u16());
    }
    if let Some(request_id) = error.request_id() {
        span.record("request_id", request_id);
    }
    if let Some(code) = error.error_code() {
        span.record("error_code", display(code));
    }
    debug!(error = %error, "the call failed");
}

/// Tells that a file did not come to its end.
#[cfg(feature = "files")]
pub(crate) fn note_broken(error: &Error) {
    debug!(error = %error, "the download failed");
}

/// Tells where an answer was filled.
fn note_deviations(deviations: &Deviations) {
    if deviations.is_empty() {
        return;
    }
    let paths: Vec<&str> = deviations
        .iter()
        .take(MAX_PATHS)
        .map(Deviation::path)
        .collect();
    let (count, paths) = (deviations.total(), paths.join(", "));
    warn!(count, paths, "the answer is not as described");
}
