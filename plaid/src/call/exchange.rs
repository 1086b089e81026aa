//! One call on the wire: every attempt, until one is kept.
//!
//! progenitor makes the request. Here it gets what the call needs, is sent as often as
//! the policy says, and its response is read and judged, once.

use std::time::Duration;

use reqwest::{Request, StatusCode};
use tokio::time;
use tracing::info;

use super::options::{Options, Terms};
use super::reply::{NoReply, Reading, Reply, outcome, reached};
use super::request::complete;
use crate::client::Core;
use crate::error::{ErrorCode, Parts};
use crate::limit::{Admission, LimitScope};
use crate::net::{TransportFailure, retry_after};
use crate::operation::Credentials;
use crate::retry::{self, Decision, Outcome, Replay, Situation};
use crate::timing::CallTime;

/// A request as progenitor makes it.
pub(super) type Made = reqwest::Result<Request>;

/// Makes the request anew, for another attempt.
pub(super) type Again<'a> = dyn Fn() -> Made + Send + Sync + 'a;

/// What happened, in the end.
pub(super) struct Record {
    pub(super) result: Result<Reply, NoReply>,
    pub(super) attempts: u32,
    pub(super) may_have_reached: bool,
}

/// What is sent and how, apart from the operation's own body.
pub(super) struct Exchange<'a> {
    pub(super) core: &'a Core,
    pub(super) options: &'a Options,
    pub(super) terms: Terms,
    pub(super) reading: Reading,
    pub(super) credentials: Credentials,
    pub(super) replay: Replay,
    /// The request's place at the rate limits, if the client keeps any.
    pub(super) admission: Option<Admission>,
}

impl Exchange<'_> {
    pub(super) async fn run(&self, mut made: Made, again: &Again<'_>) -> Record {
        let time = CallTime::begin(self.terms.timeout, self.terms.deadline);
        let mut attempts = 0;
        let mut may_have_reached = false;
        let mut last = None;
        let result = loop {
            let request = match self.complete(made) {
                Ok(request) => request,
                Err(reason) => break Err(reason),
            };
            if let Err(reason) = self.admit(&time, attempts).await {
                // What the attempt before ended with says more.
                break last.unwrap_or(Err(reason));
            }
            attempts += 1;
            let result = self.attempt(request, &time).await;
            may_have_reached |= reached(&result);
            match self.next(&result, attempts, &time) {
                Decision::GiveUp => break result,
                Decision::After(pause) => {
                    note_retry(&result, attempts, pause);
                    last = Some(result);
                    time::sleep(pause).await;
                    made = again();
                }
            }
        };
        Record {
            result,
            attempts,
            may_have_reached,
        }
    }

    fn complete(&self, made: Made) -> Result<Request, NoReply> {
        let request = made.map_err(|_| NoReply::NotSent("the request cannot be encoded".into()))?;
        let request = complete(request, self.core, self.credentials, self.options);
        request.map_err(NoReply::NotSent)
    }

    /// Waits until the request may be sent.
    async fn admit(&self, time: &CallTime, attempts: u32) -> Result<(), NoReply> {
        if time.left().is_zero() {
            return Err(NoReply::TimedOut(time.whole()));
        }
        let Some(admission) = &self.admission else {
            return Ok(());
        };
        let share = match attempts {
            0 => time.whole(),
            _ => self.terms.policy.latest_start(),
        };
        let admitted = admission.wait(time.at(share)).await;
        admitted.map_err(NoReply::HeldBack)
    }

    /// One attempt, within what is left of the call's time.
    async fn attempt(&self, request: Request, time: &CallTime) -> Result<Reply, NoReply> {
        let left = time.left();
        let own = self.terms.policy.timeout_of_attempt();
        match time::timeout(left.min(own), self.send(request)).await {
            Ok(result) => result,
            Err(_) if own < left => Err(NoReply::TimedOut(own)),
            Err(_) => Err(NoReply::TimedOut(time.whole())),
        }
    }

    async fn send(&self, request: Request) -> Result<Reply, NoReply> {
        let sent = self.core.transport().execute(request).await;
        let response = sent.map_err(|failure| self.not_answered(failure))?;
        let limit = self.core.settings().max_body;
        Reply::read(response, self.reading, limit, self.core.redactor()).await
    }

    fn not_answered(&self, failure: TransportFailure) -> NoReply {
        match failure.is_refused() {
            true => NoReply::NotSent(self.core.redactor().clean(&failure.root()).into()),
            false => NoReply::Failed(failure),
        }
    }

    /// What to do after an attempt. The limiter learns how Plaid took it.
    fn next(&self, result: &Result<Reply, NoReply>, attempts: u32, time: &CallTime) -> Decision {
        let outcome = outcome(result);
        let reply = result.as_ref().ok();
        let retry_after = reply.and_then(|reply| retry_after(&reply.answer.headers));
        if let (Some(admission), Some(reply)) = (&self.admission, reply) {
            learn(admission, reply, outcome, retry_after);
        }
        let situation = Situation {
            replay: self.replay,
            outcome,
            attempts,
            elapsed: time.elapsed(),
            timeout: time.whole(),
            retry_after,
        };
        retry::decide(&situation, &self.terms.policy, fastrand::u64(..))
    }
}

/// Lets the limiter know how Plaid took the request.
fn learn(admission: &Admission, reply: &Reply, outcome: Outcome, pause: Option<Duration>) {
    if reply.answer.status != StatusCode::TOO_MANY_REQUESTS {
        return admission.passed();
    }
    // Not one of a quota, which no pause brings back.
    if outcome == (Outcome::Answered { passing: true }) {
        admission.refused(pause, scope(reply.verdict.error()));
    }
}

/// Whose requests were too many, as the error's code says.
fn scope(error: Option<&Parts>) -> LimitScope {
    match error.map(|error| &error.error_code) {
        Some(ErrorCode::AccountsBalanceGetLimit) => LimitScope::Client,
        _ => LimitScope::Item,
    }
}

/// Tells that the request will be sent once more.
fn note_retry(result: &Result<Reply, NoReply>, attempt: u32, pause: Duration) {
    let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(reply) => {
            let status = reply.answer.status.as_u16();
            let request_id = reply.request_id().unwrap_or_default();
            info!(
                attempt,
                pause_ms, status, request_id, "trying again after an answer"
            );
        }
        Err(reason) => {
            let reason = reason.kind();
            info!(attempt, pause_ms, reason, "trying again without an answer");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Redactor;

    #[test]
    fn the_limit_of_balances_is_the_clients_and_others_an_items() {
        let error = |code: &str| {
            let body =
                format!(r#"{{"error_type": "RATE_LIMIT_EXCEEDED", "error_code": "{code}"}}"#);
            Parts::read(body.as_bytes(), &Redactor::default()).unwrap()
        };
        let balances = error("ACCOUNTS_BALANCE_GET_LIMIT");
        assert_eq!(scope(Some(&balances)), LimitScope::Client);
        let sync = error("TRANSACTIONS_SYNC_LIMIT");
        assert_eq!(scope(Some(&sync)), LimitScope::Item);
        assert_eq!(scope(None), LimitScope::Item);
    }
}
