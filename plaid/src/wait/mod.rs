//! Waiting for what Plaid makes in the background.
//!
//! A wait has one layer of timing: each request is sent once, and the pauses
//! between them are the wait's. The client's retries would come on top of it, and
//! a report that is asked for too often runs into its rate limit.

use std::fmt;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{self, Instant};
use tracing::debug;

use crate::call::Call;
#[cfg(feature = "files")]
use crate::download::Download;
use crate::error::{Action, ApiError, Context, Error, ErrorCode, Last, NotReadyError, Result};
use crate::operation::ReadyLater;
#[cfg(feature = "files")]
use crate::operation::{File, Operation};
use crate::response::Response;
use crate::telemetry::Answered;

/// With jitter these pauses lead to at most 12 requests in any minute; Plaid takes
/// 15 for one report.
const BASE: Duration = Duration::from_secs(2);
const FACTOR: u32 = 2;
const CAP: Duration = Duration::from_secs(15);
const TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// The last request has at least this much time to be answered in.
const LAST_REQUEST: Duration = Duration::from_secs(1);

impl<O: ReadyLater> Call<O> {
    /// Makes the call again and again until what it asks for is there.
    ///
    /// Only calls whose answers tell "not yet" have this. `/statements/list` has it
    /// not, for one: it answers the same before and after a refresh, and only the
    /// webhook says that the refresh is over.
    ///
    /// ```no_run
    /// # #[cfg(feature = "assets")]
    /// # async fn example(plaid: plaid::Client, token: plaid::Secret) -> plaid::Result<()> {
    /// use std::time::Duration;
    ///
    /// let answer = plaid
    ///     .assets()
    ///     .report_get()
    ///     .asset_report_token(token)
    ///     .wait_until_ready()
    ///     .timeout(Duration::from_secs(120))
    ///     .progress(|progress| println!("next in {:?}", progress.next_pause()))
    ///     .await?;
    /// println!("{}", answer.report.asset_report_id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// ```compile_fail,E0599
    /// # fn example(plaid: plaid::Client, token: plaid::Secret) {
    /// let wait = plaid.accounts().get(&token).wait_until_ready(); // there is nothing to wait for
    /// # }
    /// ```
    pub fn wait_until_ready(self) -> Wait<O> {
        Wait {
            call: self,
            backoff: Backoff {
                base: BASE,
                factor: FACTOR,
                cap: CAP,
            },
            end: End::After(TIMEOUT),
            progress: None,
        }
    }

    /// One request, within what is left of the time.
    fn once(&self, left: Duration) -> Self {
        let mut call = self.clone();
        let terms = self.terms();
        call.options.timeout = Some(terms.timeout.min(left));
        call.options.retry = Some(terms.policy.max_attempts(1));
        call
    }
}

/// A [`Call`] that is repeated until what it asks for is there; `.await` it, or
/// [`send`](Self::send) it.
///
/// - A pause lies between half of and the full `base`, `base * factor`, … up to
///   `cap`. A `Retry-After` of the answer is a lower bound for it.
/// - What would not pass by waiting ends it at once, with that error.
/// - A passing trouble (a rate limit, a lost connection) is borne as many times in a
///   row as the call's [`RetryPolicy`](crate::RetryPolicy) has attempts; each
///   request is sent once, so the two do not multiply.
/// - When the time is over, the error is [`Error::NotReady`]. The same call may be
///   made again then.
///
/// Nothing runs beside the future: to drop it ends the wait.
#[must_use = "a wait does nothing until it is awaited or sent"]
pub struct Wait<O: ReadyLater> {
    call: Call<O>,
    backoff: Backoff,
    end: End,
    progress: Option<Box<Callback>>,
}

type Callback = dyn FnMut(&Progress<'_>) + Send;

/// When a wait is given up.
#[derive(Clone, Copy, Debug)]
enum End {
    After(Duration),
    At(Instant),
}

impl<O: ReadyLater> Wait<O> {
    /// The longest first pause; 2 s unless set.
    pub fn base(mut self, base: Duration) -> Self {
        self.backoff.base = base;
        self
    }

    /// By how much each pause is longer than the one before; 2 unless set.
    pub fn factor(mut self, factor: u32) -> Self {
        self.backoff.factor = factor;
        self
    }

    /// The longest pause of all, unless the answer asks for a longer one; 15 s
    /// unless set.
    pub fn cap(mut self, cap: Duration) -> Self {
        self.backoff.cap = cap;
        self
    }

    /// How long to wait in all; 5 minutes unless set, which is long for a report
    /// and short for micro-deposits, that take days.
    ///
    /// [`Call::timeout`] is for each single request.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.end = End::After(timeout);
        self
    }

    /// By when to give up, in place of [`timeout`](Self::timeout); an instant of
    /// tokio's clock or of the standard library's. That of [`Call::deadline`] holds
    /// too.
    pub fn deadline(mut self, at: impl Into<Instant>) -> Self {
        self.end = End::At(at.into());
        self
    }

    /// Called before each pause.
    pub fn progress(mut self, callback: impl FnMut(&Progress<'_>) + Send + 'static) -> Self {
        self.progress = Some(Box::new(callback));
        self
    }

    /// Waits.
    ///
    /// # Errors
    /// [`Error::NotReady`] when the time is over, and whatever ends the wait early;
    /// see [`Wait`].
    pub async fn send(self) -> Result<Response<O::Response>> {
        self.repeat(Call::send, |answer| O::is_ready(answer)).await
    }

    /// Makes one request after the other until there is an answer to hand out.
    async fn repeat<T, F>(mut self, make: fn(Call<O>) -> F, is_ready: fn(&T) -> bool) -> Result<T>
    where
        T: Answered,
        F: Future<Output = Result<T>>,
    {
        let started = Instant::now();
        let left = self.time_left(started);
        let mut run = Run::new(self.call.terms().policy.attempts());
        loop {
            let result = make(self.call.once(left())).await;
            let last = match run.judge::<O, T>(result, is_ready, left().is_zero()) {
                ControlFlow::Continue(last) => last,
                ControlFlow::Break(result) => return result,
            };
            let asked = last.error().and_then(Error::as_api);
            let asked = asked.and_then(ApiError::retry_after);
            let random = fastrand::u64(..);
            let Some(pause) = self.backoff.pause(run.asks, asked, left(), random) else {
                return Err(self.give_up(&run, started.elapsed(), last));
            };
            self.report(&Progress {
                asks: run.asks,
                elapsed: started.elapsed(),
                next_pause: pause,
                last: &last,
            });
            time::sleep(pause).await;
        }
    }

    /// How long until the wait is over, to be asked at any time.
    fn time_left(&self, started: Instant) -> impl Fn() -> Duration + Send + use<O> {
        let own = match self.end {
            End::After(timeout) => started.checked_add(timeout),
            End::At(deadline) => Some(deadline),
        };
        let deadline = own.into_iter().chain(self.call.options.deadline).min();
        move || match deadline {
            Some(deadline) => deadline.saturating_duration_since(Instant::now()),
            // Further away than a clock can tell.
            None => Duration::MAX,
        }
    }

    fn report(&mut self, progress: &Progress<'_>) {
        note(&O::name(&self.call.request), progress);
        if let Some(callback) = &mut self.progress {
            callback(progress);
        }
    }

    fn give_up(&self, run: &Run, waited: Duration, last: Last) -> Error {
        let context = Context {
            operation: O::name(&self.call.request),
            attempts: run.asks,
            may_have_reached: run.may_have_reached,
            repeatable: self.call.replay().is_repeatable(),
        };
        let error = NotReadyError::new(context, waited, O::WEBHOOK, last);
        Error::NotReady(Box::new(error))
    }
}

#[cfg(feature = "files")]
impl<O: ReadyLater + Operation<Response = File>> Wait<O> {
    /// Waits, and returns as soon as the file begins; see [`Call::download`].
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn download(self) -> Result<Download> {
        let idle = self.call.idle_limit();
        let download = self.repeat(Call::download, |_| true).await?;
        // The wait is over, whatever was left of it for the last request.
        Ok(download.idle_timeout(idle))
    }
}

/// What has come of the requests so far.
struct Run {
    asks: u32,
    may_have_reached: bool,
    /// Passing troubles in a row.
    troubles: u32,
    /// How many of them are borne.
    most_troubles: u32,
}

impl Run {
    fn new(most_troubles: u32) -> Self {
        Self {
            asks: 0,
            may_have_reached: false,
            troubles: 0,
            most_troubles,
        }
    }

    /// What to go on waiting with, or how the wait ends.
    fn judge<O: ReadyLater, T: Answered>(
        &mut self,
        result: Result<T>,
        is_ready: fn(&T) -> bool,
        is_over: bool,
    ) -> ControlFlow<Result<T>, Last> {
        self.asks += 1;
        let error = match result {
            Ok(answer) if is_ready(&answer) => return ControlFlow::Break(Ok(answer)),
            Ok(answer) => {
                self.may_have_reached = true;
                self.troubles = 0;
                let request_id = answer.request_id().to_owned();
                return ControlFlow::Continue(Last::Answer { request_id });
            }
            Err(error) => error,
        };
        self.may_have_reached |= error.may_have_reached_plaid();
        self.troubles = match judge(error.error_code(), error.action(), O::NOT_YET) {
            Verdict::NotYet => 0,
            // The wait's own end is no trouble.
            Verdict::Trouble if is_over => 0,
            Verdict::Trouble => self.troubles + 1,
            Verdict::Failed => return ControlFlow::Break(Err(error)),
        };
        if self.troubles > 0 && self.troubles >= self.most_troubles {
            return ControlFlow::Break(Err(error));
        }
        ControlFlow::Continue(Last::Error(Box::new(error)))
    }
}

/// What an error means to somebody who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The result is being made.
    NotYet,
    /// It is not known whether it is there.
    Trouble,
    /// Waiting does not help.
    Failed,
}

/// Judges an error by its code. The code alone says "not yet": it comes under four
/// types, and that of an Item while a report is made of it means the same.
///
/// Of the errors that may pass after an event, only this one is waited for. The
/// others take days (`DATA_QUALITY_CHECK_FAILED`), need a person
/// (`VERIFICATION_STATUS_PENDING_APPROVAL`), or say that the making has failed and
/// has to be started again (`ASSET_REPORT_GENERATION_FAILED`).
fn judge(code: Option<&ErrorCode>, action: Action, not_yet: Option<&str>) -> Verdict {
    match code {
        Some(code) if not_yet == Some(code.as_str()) => Verdict::NotYet,
        // Also a request without an answer, if it can do no harm to repeat it.
        _ if action == Action::RetryWithBackoff => Verdict::Trouble,
        _ => Verdict::Failed,
    }
}

/// The pauses between the requests.
#[derive(Clone, Copy, Debug)]
struct Backoff {
    base: Duration,
    factor: u32,
    cap: Duration,
}

impl Backoff {
    /// The pause after the n-th request; `None` if it is not worth another one.
    ///
    /// The last pause is cut so that the last request comes while there is time for
    /// its answer.
    fn pause(
        &self,
        asks: u32,
        asked: Option<Duration>,
        left: Duration,
        random: u64,
    ) -> Option<Duration> {
        let most = left
            .checked_sub(LAST_REQUEST)
            .filter(|most| !most.is_zero())?;
        let least = asked.unwrap_or_default();
        if least > most {
            return None;
        }
        Some(self.jitter(asks, random).max(least).min(most))
    }

    /// Between half of the pause and all of it: with full jitter, some pauses would
    /// be next to nothing and the rate limit near.
    fn jitter(&self, asks: u32, random: u64) -> Duration {
        let steps = asks.saturating_sub(1);
        let longest = self
            .base
            .saturating_mul(self.factor.saturating_pow(steps))
            .min(self.cap);
        let half = longest / 2;
        // tokio's clock knows no less than a millisecond.
        let millis = u64::try_from((longest - half).as_millis()).unwrap_or(u64::MAX);
        let choices = millis.saturating_add(1);
        half + Duration::from_millis(random % choices)
    }
}

/// How a wait is going.
#[derive(Debug)]
pub struct Progress<'a> {
    asks: u32,
    elapsed: Duration,
    next_pause: Duration,
    last: &'a Last,
}

impl Progress<'_> {
    /// How often Plaid was asked so far.
    pub fn asks(&self) -> u32 {
        self.asks
    }

    /// The time since the wait began.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// How long it is until Plaid is asked again.
    pub fn next_pause(&self) -> Duration {
        self.next_pause
    }

    /// The error of the last request; `None` if it was a success that said "not yet".
    pub fn error(&self) -> Option<&Error> {
        self.last.error()
    }

    /// The code of the error that Plaid answered with.
    pub fn error_code(&self) -> Option<&ErrorCode> {
        self.error()?.error_code()
    }

    /// Plaid's id of the last request.
    pub fn request_id(&self) -> Option<&str> {
        self.last.request_id()
    }
}

impl<O: ReadyLater> IntoFuture for Wait<O> {
    type Output = Result<Response<O::Response>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// What was set, without values: requests are made of tokens.
impl<O: ReadyLater> fmt::Debug for Wait<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("call", &self.call)
            .field("backoff", &self.backoff)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

/// Tells that what was asked for is not there yet.
fn note(operation: &str, progress: &Progress<'_>) {
    debug!(
        operation,
        asks = progress.asks(),
        pause_ms = u64::try_from(progress.next_pause().as_millis()).unwrap_or(u64::MAX),
        request_id = progress.request_id().unwrap_or_default(),
        "not ready yet"
    );
}

#[cfg(test)]
mod tests;
