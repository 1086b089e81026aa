//! When a request is sent again.
//!
//! Everything here is a pure function of what happened; the loop is in
//! `call/exchange.rs`. Plaid is POST everywhere and answers 400 to a bank that is down,
//! so neither the method nor the status decides: the operation's effect and the
//! error's code do.

use std::time::Duration;

use reqwest::StatusCode;

use crate::error::table::Again;
use crate::error::{ErrorType, Parts, Verdict};
use crate::operation::Effect;

/// How often, how fast and how long a request is sent again.
///
/// Reads are sent again after a failure that may pass. Writes are only when they
/// carry an idempotency key, or when no connection could be made, so that nothing
/// has been sent.
///
/// The pause before the n-th retry is a random part of `base * 2^(n-1)`, at most
/// `cap`. A `Retry-After` of the answer is a lower bound for it.
///
/// ```
/// use std::time::Duration;
/// use plaid::RetryPolicy;
///
/// let patient = RetryPolicy::new().max_attempts(5).budget(Duration::from_secs(90));
/// assert_ne!(patient, RetryPolicy::none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    base: Duration,
    cap: Duration,
    budget: Duration,
    attempt_timeout: Option<Duration>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl RetryPolicy {
    /// At most 3 attempts, pauses of up to 0.5 s and 1 s, no retry that would
    /// begin later than 60 s after the first attempt.
    pub const fn new() -> Self {
        Self {
            max_attempts: 3,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            budget: Duration::from_secs(60),
            attempt_timeout: None,
        }
    }

    /// One attempt.
    pub const fn none() -> Self {
        Self::new().max_attempts(1)
    }

    /// How many times a request is sent at most, the first time included.
    #[must_use]
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// The longest pause before the first retry.
    #[must_use]
    pub const fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// The longest pause of all, unless the answer asks for a longer one.
    #[must_use]
    pub const fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// How long after the first attempt a retry may still begin. A `Retry-After`
    /// that goes beyond it ends the call at once.
    #[must_use]
    pub const fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// How long one attempt may take; as long as the whole call if not set.
    #[must_use]
    pub const fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.max_attempts
    }

    /// How long after the call began a retry may begin.
    pub(crate) fn latest_start(&self) -> Duration {
        self.budget
    }

    pub(crate) fn timeout_of_attempt(&self) -> Duration {
        self.attempt_timeout.unwrap_or(Duration::MAX)
    }
}

/// Whether the same request may be sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replay {
    /// At any time: it changes nothing.
    Safe,
    /// Because of its idempotency key, but not sooner than this.
    Keyed(Duration),
    /// Not once it may have arrived.
    Unsafe,
}

/// Both ask for a minute between two requests with the same key; a second one
/// that comes earlier may be executed as well.
const SLOW_KEYS: [&str; 2] = [
    "/payment_initiation/payment/reverse",
    "/wallet/transaction/execute",
];

impl Replay {
    pub(crate) fn of(effect: Effect, path: &str, key: Option<&str>) -> Self {
        match (effect, key) {
            (Effect::Read, _) => Self::Safe,
            (Effect::Write, Some(key)) if !key.is_empty() => {
                let is_slow = SLOW_KEYS.contains(&path);
                Self::Keyed(Duration::from_secs(if is_slow { 60 } else { 0 }))
            }
            (Effect::Write, _) => Self::Unsafe,
        }
    }

    pub(crate) fn is_repeatable(self) -> bool {
        self != Self::Unsafe
    }
}

/// How an attempt ended, as far as retrying is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No connection: nothing was sent.
    NotConnected,
    /// Sent, perhaps; no answer.
    Lost,
    /// One of Plaid's errors, or another answer that says enough.
    Answered { passing: bool },
    /// A result, or something that would fail again.
    Final,
}

impl Outcome {
    /// The outcome of an answer.
    pub(crate) fn of_answer(status: StatusCode, verdict: &Verdict) -> Self {
        if status.is_success() {
            return Self::Final;
        }
        let passing = match verdict.error() {
            Some(parts) => is_passing(parts),
            None => status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error(),
        };
        Self::Answered { passing }
    }
}

fn is_passing(parts: &Parts) -> bool {
    match parts.again() {
        Some(again) => again == Again::Automatic,
        // Codes are split into finer ones without notice.
        None => matches!(
            parts.error_type,
            ErrorType::ApiError | ErrorType::RateLimitExceeded
        ),
    }
}

/// What is known when an attempt has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation {
    pub(crate) replay: Replay,
    pub(crate) outcome: Outcome,
    /// Attempts so far.
    pub(crate) attempts: u32,
    /// Time since the call began.
    pub(crate) elapsed: Duration,
    /// When the whole call ends.
    pub(crate) timeout: Duration,
    pub(crate) retry_after: Option<Duration>,
}

/// What to do after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    GiveUp,
    After(Duration),
}

/// Decides whether the request is sent again, and when. `random` is any number,
/// the source of the jitter.
pub(crate) fn decide(situation: &Situation, policy: &RetryPolicy, random: u64) -> Decision {
    if situation.attempts >= policy.max_attempts {
        return Decision::GiveUp;
    }
    let Some(least) = least_pause(situation) else {
        return Decision::GiveUp;
    };
    let pause = jitter(policy, situation.attempts, random).max(least);
    let start = situation.elapsed.saturating_add(pause);
    if start > policy.budget || start >= situation.timeout {
        return Decision::GiveUp;
    }
    Decision::After(pause)
}

/// How long to wait at least; `None` if there is to be no retry.
fn least_pause(situation: &Situation) -> Option<Duration> {
    let asked = situation.retry_after.unwrap_or_default();
    match (situation.outcome, situation.replay) {
        (Outcome::Final | Outcome::Answered { passing: false }, _) => None,
        (Outcome::NotConnected, _) => Some(Duration::ZERO),
        (_, Replay::Unsafe) => None,
        (_, Replay::Safe) => Some(asked),
        (_, Replay::Keyed(pause)) => Some(asked.max(pause)),
    }
}

/// Full jitter: clients that failed together do not come back together.
pub(crate) fn jitter(policy: &RetryPolicy, attempts: u32, random: u64) -> Duration {
    let doublings = attempts.saturating_sub(1).min(31);
    let longest = policy.base.saturating_mul(1 << doublings).min(policy.cap);
    let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
    match micros.checked_add(1) {
        Some(choices) => Duration::from_micros(random % choices),
        None => Duration::from_micros(random),
    }
}

#[cfg(test)]
mod tests;
