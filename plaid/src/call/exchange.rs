//! One call on the wire: every attempt, until one is kept.
//!
//! An [`Exchange`] stands behind progenitor's client for a single call. It adds
//! what the call needs, sends it as often as the policy says, reads the answer to
//! its end and remembers what happened. progenitor gets a copy of the answer; its
//! own errors are ignored, since they lose the status and print the body.
//!
//! A file may be left unread once its headers are there. progenitor then gets an
//! empty body, and what it makes of that is ignored too.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use plaid_gen::hooks::{self, Transport};
use reqwest::header::{CONTENT_LENGTH, HeaderMap};
use reqwest::{Body, Request, Response, StatusCode, Url};
use serde_json::value::RawValue;
use tokio::time;
use tracing::info;

use super::options::Options;
use crate::client::Core;
use crate::error::{ErrorCode, Parts};
use crate::limit::{Admission, Held, LimitScope};
use crate::net::{Answer, TransportFailure, retry_after};
use crate::operation::{self, Credentials};
use crate::retry::{self, Decision, Outcome, Replay, RetryPolicy, Situation};
use crate::timing::CallTime;

/// A buffer does not start larger than this, whatever length a header claims.
const FIRST_BUFFER: usize = 1024 * 1024;

/// Why there is no answer.
pub(crate) enum NoAnswer {
    /// The transport failed.
    Failed(TransportFailure),
    /// A time limit of ours was reached.
    TimedOut(Duration),
    /// The answer began, but is too long.
    TooLarge(StatusCode),
    /// A rate limit of the client's held the request back.
    HeldBack(Held),
    /// The request could not be made.
    NotSent(Cow<'static, str>),
}

impl NoAnswer {
    /// One word for traces.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Failed(failure) if failure.is_connect() => "not connected",
            Self::Failed(_) => "connection broke",
            Self::TimedOut(_) => "timed out",
            Self::TooLarge(_) => "too large",
            Self::HeldBack(_) => "held back",
            Self::NotSent(_) => "not sent",
        }
    }
}

/// What happened, in the end.
pub(crate) struct Record {
    pub(crate) result: Result<Answer, NoAnswer>,
    pub(crate) attempts: u32,
    pub(crate) may_have_reached: bool,
}

impl Record {
    fn not_sent(problem: impl Into<Cow<'static, str>>) -> Self {
        Self {
            result: Err(NoAnswer::NotSent(problem.into())),
            attempts: 0,
            may_have_reached: false,
        }
    }
}

/// How far an answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// To its end.
    Whole,
    /// Up to its headers, if it is a file; see [`Exchange::unread`].
    Head,
}

/// What is sent and how, apart from the operation's own body.
pub(crate) struct Plan {
    pub(crate) reading: Reading,
    pub(crate) credentials: Credentials,
    pub(crate) replay: Replay,
    /// The request's place at the rate limits, if the client keeps any.
    pub(crate) admission: Option<Admission>,
    pub(crate) options: Options,
}

/// A single call's way to the network.
pub(crate) struct Exchange {
    core: Arc<Core>,
    plan: Plan,
    record: Mutex<Option<Record>>,
    unread: Mutex<Option<Response>>,
}

impl Exchange {
    pub(crate) fn new(core: Arc<Core>, plan: Plan) -> Self {
        Self {
            core,
            plan,
            record: Mutex::new(None),
            unread: Mutex::new(None),
        }
    }

    /// What happened. If progenitor never came as far as sending, the request is to
    /// blame.
    pub(crate) fn take(&self) -> Record {
        let record = self.lock().take();
        record.unwrap_or_else(|| Record::not_sent("the request cannot be encoded"))
    }

    /// The file whose head is the answer.
    #[cfg(feature = "files")]
    pub(crate) fn unread(&self) -> Option<Response> {
        let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        unread.take()
    }

    /// Leaves the body where it is.
    fn keep(&self, response: Response) -> Answer {
        let head = Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: Bytes::new(),
        };
        *self.unread.lock().unwrap_or_else(PoisonError::into_inner) = Some(response);
        head
    }

    fn lock(&self) -> MutexGuard<'_, Option<Record>> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn timeout(&self) -> Duration {
        self.plan.options.timeout(self.core.settings())
    }

    fn policy(&self) -> RetryPolicy {
        self.plan.options.policy(self.core.settings())
    }

    async fn run(&self, request: Request) -> Record {
        let time = CallTime::begin(self.timeout(), self.plan.options.deadline);
        let mut may_have_reached = false;
        let mut attempts = 0;
        let mut last = None;
        loop {
            // progenitor's bodies are buffers, which can be cloned; a stream cannot.
            let Some(copy) = request.try_clone() else {
                return Record::not_sent("the body of the request is a stream");
            };
            let prepared = match self.prepare(copy) {
                Ok(prepared) => prepared,
                Err(problem) => return Record::not_sent(problem),
            };
            if let Err(reason) = self.admit(&time, attempts).await {
                // What the attempt before ended with says more.
                return Record {
                    result: last.unwrap_or(Err(reason)),
                    attempts,
                    may_have_reached,
                };
            }
            attempts += 1;
            let result = self.attempt(prepared, &time).await;
            may_have_reached |= reached(&result);
            self.learn(&result);
            let situation = self.situation(&result, attempts, &time);
            match retry::decide(&situation, &self.policy(), fastrand::u64(..)) {
                Decision::After(pause) => {
                    note_retry(&result, attempts, pause);
                    last = Some(result);
                    time::sleep(pause).await;
                }
                Decision::GiveUp => {
                    return Record {
                        result,
                        attempts,
                        may_have_reached,
                    };
                }
            }
        }
    }

    /// Waits until the request may be sent.
    async fn admit(&self, time: &CallTime, attempts: u32) -> Result<(), NoAnswer> {
        if time.left().is_zero() {
            return Err(NoAnswer::TimedOut(time.whole()));
        }
        let Some(admission) = &self.plan.admission else {
            return Ok(());
        };
        let share = match attempts {
            0 => time.whole(),
            _ => self.policy().latest_start(),
        };
        let admitted = admission.wait(time.at(share)).await;
        admitted.map_err(NoAnswer::HeldBack)
    }

    /// Lets the limiter know how Plaid took the request.
    fn learn(&self, result: &Result<Answer, NoAnswer>) {
        let (Some(admission), Ok(answer)) = (&self.plan.admission, result) else {
            return;
        };
        if answer.status != StatusCode::TOO_MANY_REQUESTS {
            return admission.passed();
        }
        // Not one of a quota, which no pause brings back.
        if self.outcome(result) == (Outcome::Answered { passing: true }) {
            let pause = retry_after(&answer.headers);
            let parts = Parts::read(&answer.body, self.core.redactor());
            admission.refused(pause, scope(parts.as_ref().map(|parts| &parts.error_code)));
        }
    }

    /// One attempt, within what is left of the call's time.
    async fn attempt(&self, request: Request, time: &CallTime) -> Result<Answer, NoAnswer> {
        let left = time.left();
        let own = self.policy().timeout_of_attempt();
        let answer = self.send(request);
        match time::timeout(left.min(own), answer).await {
            Ok(result) => result,
            Err(_) => Err(NoAnswer::TimedOut(if own < left {
                own
            } else {
                time.whole()
            })),
        }
    }

    async fn send(&self, request: Request) -> Result<Answer, NoAnswer> {
        let sent = self.core.transport().execute(request).await;
        let response = sent.map_err(|failure| self.not_answered(failure))?;
        if self.plan.reading == Reading::Head && is_file(&response) {
            return Ok(self.keep(response));
        }
        let limit = self.core.settings().max_body;
        read(response, limit).await
    }

    fn not_answered(&self, failure: TransportFailure) -> NoAnswer {
        match failure.is_refused() {
            true => NoAnswer::NotSent(self.core.redactor().clean(&failure.root()).into()),
            false => NoAnswer::Failed(failure),
        }
    }

    fn situation(
        &self,
        result: &Result<Answer, NoAnswer>,
        attempts: u32,
        time: &CallTime,
    ) -> Situation {
        let headers = result.as_ref().ok().map(|answer| &answer.headers);
        Situation {
            replay: self.plan.replay,
            outcome: self.outcome(result),
            attempts,
            elapsed: time.elapsed(),
            timeout: time.whole(),
            retry_after: headers.and_then(retry_after),
        }
    }

    fn outcome(&self, result: &Result<Answer, NoAnswer>) -> Outcome {
        match result {
            Ok(answer) if answer.status.is_success() => Outcome::Final,
            Ok(answer) => {
                let parts = Parts::read(&answer.body, self.core.redactor());
                Outcome::of_rejection(answer.status, parts.as_ref())
            }
            Err(NoAnswer::Failed(failure)) if failure.is_connect() => Outcome::NotConnected,
            Err(NoAnswer::Failed(_) | NoAnswer::TimedOut(_)) => Outcome::Lost,
            Err(NoAnswer::TooLarge(_) | NoAnswer::HeldBack(_) | NoAnswer::NotSent(_)) => {
                Outcome::Final
            }
        }
    }

    fn prepare(&self, mut request: Request) -> Result<Request, Cow<'static, str>> {
        if let Some(problem) = &self.plan.options.problem {
            return Err(problem.clone().into());
        }
        self.add_headers(request.headers_mut());
        self.add_to_body(&mut request)?;
        // The time limits are kept here, where they also cover the retries.
        *request.timeout_mut() = None;
        Ok(request)
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        let own = self.core.headers(self.plan.credentials);
        for (name, value) in own.iter().chain(&self.plan.options.headers) {
            headers.insert(name.clone(), value.clone());
        }
    }

    /// Adds the fields that progenitor does not know of, and leaves those that it
    /// wrote as they are, byte for byte: numbers are amounts of money.
    fn add_to_body(&self, request: &mut Request) -> Result<(), Cow<'static, str>> {
        let mut added = self.plan.options.extra.clone();
        added.extend(self.core.body_fields(self.plan.credentials)?);
        let Some(name) = added.keys().next() else {
            return Ok(());
        };
        let body = request.body().and_then(Body::as_bytes).unwrap_or_default();
        let Ok(mut fields) = serde_json::from_slice::<BTreeMap<String, Box<RawValue>>>(body) else {
            return Err(format!("the request has no JSON object to put `{name}` into").into());
        };
        fields.extend(added);
        let body = serde_json::to_vec(&fields).map_err(|_| "the body cannot be encoded")?;
        request.headers_mut().remove(CONTENT_LENGTH);
        *request.body_mut() = Some(body.into());
        Ok(())
    }
}

impl Transport for Exchange {
    fn base(&self) -> &Url {
        self.core.base()
    }

    fn execute(&self, request: Request) -> hooks::AnswerFuture<'_> {
        Box::pin(async move {
            let record = self.run(request).await;
            let answer = match &record.result {
                Ok(answer) => copy(answer),
                Err(_) => nothing(),
            };
            *self.lock() = Some(record);
            answer
        })
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}

/// Whose requests were too many, as the error's code says.
fn scope(code: Option<&ErrorCode>) -> LimitScope {
    match code {
        Some(ErrorCode::AccountsBalanceGetLimit) => LimitScope::Client,
        _ => LimitScope::Item,
    }
}

/// Tells that the request will be sent once more.
fn note_retry(result: &Result<Answer, NoAnswer>, attempt: u32, pause: Duration) {
    let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(answer) => {
            let status = answer.status.as_u16();
            let request_id = answer.request_id().unwrap_or_default();
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

/// A copy for progenitor.
fn copy(answer: &Answer) -> hooks::Answer {
    hooks::Answer {
        status: answer.status,
        headers: answer.headers.clone(),
        body: answer.body.clone(),
    }
}

/// What progenitor gets when there is no answer. It turns this into an error, which
/// nobody looks at.
fn nothing() -> hooks::Answer {
    hooks::Answer {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        ..hooks::Answer::default()
    }
}

/// Whether this is what was asked for, and not an error, a page or nothing.
fn is_file(response: &Response) -> bool {
    let is_empty = response.content_length() == Some(0);
    response.status().is_success() && !is_empty && !operation::is_text(response.headers())
}

/// Reads the body, no further than the limit.
async fn read(mut response: Response, limit: usize) -> Result<Answer, NoAnswer> {
    let status = response.status();
    let announced = usize::try_from(response.content_length().unwrap_or(0)).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(NoAnswer::TooLarge(status));
    }
    let headers = std::mem::take(response.headers_mut());
    let mut body = BytesMut::with_capacity(announced.min(FIRST_BUFFER));
    while let Some(part) = response.chunk().await.map_err(broken)? {
        if part.len() > limit - body.len() {
            return Err(NoAnswer::TooLarge(status));
        }
        body.extend_from_slice(&part);
    }
    Ok(Answer {
        status,
        headers,
        body: body.freeze(),
    })
}

fn broken(error: reqwest::Error) -> NoAnswer {
    NoAnswer::Failed(error.into())
}

fn reached(result: &Result<Answer, NoAnswer>) -> bool {
    match result {
        Ok(_) | Err(NoAnswer::TimedOut(_) | NoAnswer::TooLarge(_)) => true,
        Err(NoAnswer::Failed(failure)) => !failure.is_connect(),
        Err(NoAnswer::HeldBack(_) | NoAnswer::NotSent(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_balances_is_the_clients_and_others_an_items() {
        assert_eq!(
            scope(Some(&ErrorCode::AccountsBalanceGetLimit)),
            LimitScope::Client
        );
        for code in [Some(&ErrorCode::TransactionsSyncLimit), None] {
            assert_eq!(scope(code), LimitScope::Item, "{code:?}");
        }
    }
}
