//! One call: what every operation's request can be given before it is sent.

mod conclusion;
mod exchange;
mod options;
mod reply;
mod request;
mod untyped;

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use plaid_gen::wire::Tolerance;
use serde::Serialize;
use tokio::time::Instant;

use crate::client::{Client, Core};
use crate::error::{Context, Result};
use crate::operation::Operation;
use crate::operation::machinery::Read;
use crate::response::Response;
use crate::retry::{Replay, RetryPolicy};
use crate::telemetry;
use conclusion::Accepted;
use exchange::Exchange;
use options::{Options, Terms};

#[cfg(feature = "files")]
pub(crate) use conclusion::failed;
pub(crate) use reply::Reading;
pub use untyped::{Untyped, UntypedRequest};

/// A call that has not been made yet: `.await` it, or [`send`](Self::send) it.
///
/// A mistake in what it is given, such as a header that is none, is reported by
/// `send` as [`Error::Config`](crate::Error::Config), and nothing is sent.
#[must_use = "a call does nothing until it is awaited or sent"]
pub struct Call<O: Operation> {
    pub(crate) core: Arc<Core>,
    pub(crate) request: O::Request,
    pub(crate) options: Options,
}

impl<O: Operation> Call<O> {
    /// A call of an operation; the methods of [`Client`] make these.
    pub fn new(client: &Client, request: O::Request) -> Self {
        Self {
            core: client.core().clone(),
            request,
            options: Options::default(),
        }
    }

    /// How long the whole call may take, retries and pauses included.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// By when the whole call has to be over, retries and pauses included; an instant
    /// of tokio's clock or of the standard library's. It ends at the timeout if that
    /// comes earlier. After the deadline nothing is sent.
    ///
    /// ```no_run
    /// # #[cfg(feature = "accounts")]
    /// # async fn example(plaid: plaid::Client, token: plaid::Secret) -> plaid::Result<()> {
    /// use std::time::{Duration, Instant};
    ///
    /// // One limit for several calls.
    /// let deadline = Instant::now() + Duration::from_secs(20);
    /// let accounts = plaid.accounts().get(&token).deadline(deadline).await?;
    /// let others = plaid.accounts().get(&token).deadline(deadline).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn deadline(mut self, at: impl Into<Instant>) -> Self {
        self.options.deadline = Some(at.into());
        self
    }

    /// When this call is tried again, in place of the client's policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options.retry = Some(policy);
        self
    }

    /// How the answer is taken, in place of the client's setting; see
    /// [`ClientBuilder::tolerance`](crate::ClientBuilder::tolerance).
    pub fn tolerance(mut self, tolerance: Tolerance) -> Self {
        self.options.tolerance = Some(tolerance);
        self
    }

    /// Sends a header along. Its value is treated as a secret.
    ///
    /// Credentials and what describes the body are the client's to set.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.options.add_header(&self.core, name, value);
        self
    }

    /// Sends a field along that the request type does not have, at the top level of
    /// the body. A field of that name that the type does have is replaced.
    ///
    /// To nest it, give an object. Give amounts as [`Decimal`](crate::Decimal) or a
    /// `RawValue`: `json!(0.1)` is a binary float.
    pub fn extra(mut self, name: &str, value: impl Serialize) -> Self {
        self.options.add_field(name, &value);
        self
    }

    /// Makes the call.
    ///
    /// Dropping the future abandons the call; whether Plaid has seen it is then
    /// unknown.
    ///
    /// # Errors
    /// See [`Error`](crate::Error).
    pub async fn send(self) -> Result<Response<O::Response>> {
        let name = O::name(&self.request);
        telemetry::traced(&name, self.make()).await
    }

    /// Whether it may be sent twice.
    pub(crate) fn replay(&self) -> Replay {
        let key = O::idempotency_key(&self.request);
        Replay::of(O::effect(&self.request), O::INFO.path, key)
    }

    /// By what it goes: what it was given, or else the client's settings.
    pub(crate) fn terms(&self) -> Terms {
        self.options.terms(self.core.settings())
    }

    async fn make(self) -> Result<Response<O::Response>> {
        self.exchange(Reading::Whole).await?.value()
    }

    /// Sends it, and says what came of it.
    pub(crate) async fn exchange(self, reading: Reading) -> Result<Exchanged<O>> {
        let (terms, replay) = (self.terms(), self.replay());
        let Self {
            core,
            request,
            options,
        } = self;
        let exchange = Exchange {
            core: &core,
            options: &options,
            terms,
            reading,
            credentials: O::INFO.credentials,
            replay,
            admission: core
                .limiter()
                .map(|limiter| limiter.admission(path::<O>(&request), O::subject(&request))),
        };
        let prepare = || O::prepare(core.api(), &request);
        let first = prepare();
        let record = exchange.run(first.request, &|| prepare().request).await;
        let context = Context {
            operation: O::name(&request),
            attempts: record.attempts,
            may_have_reached: record.may_have_reached,
            repeatable: replay.is_repeatable(),
        };
        Ok(Exchanged {
            accepted: Accepted::of(record, context, &core)?,
            read: first.read,
            tolerance: terms.tolerance,
            core,
        })
    }
}

/// A call that has an answer of success, whose body has not been looked into.
pub(crate) struct Exchanged<O: Operation> {
    pub(crate) accepted: Accepted,
    read: Read<O::Response>,
    tolerance: Tolerance,
    pub(crate) core: Arc<Core>,
}

impl<O: Operation> Exchanged<O> {
    /// The value, if there is one in it.
    pub(crate) fn value(self) -> Result<Response<O::Response>> {
        self.accepted
            .value::<O>(self.read, self.tolerance, &self.core)
    }
}

/// The path by which the limits of an operation are known.
fn path<O: Operation>(request: &O::Request) -> Cow<'static, str> {
    match O::INFO.path {
        "" => O::name(request),
        path => Cow::Borrowed(path),
    }
}

impl<O: Operation> IntoFuture for Call<O> {
    type Output = Result<Response<O::Response>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<O: Operation<Request: Clone>> Clone for Call<O> {
    fn clone(&self) -> Self {
        Self {
            core: self.core.clone(),
            request: self.request.clone(),
            options: self.options.clone(),
        }
    }
}

/// What was set, without values: requests are made of tokens.
impl<O: Operation> fmt::Debug for Call<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", &O::name(&self.request))
            .field("timeout", &self.options.timeout)
            .field("headers", &self.options.headers.keys().collect::<Vec<_>>())
            .field("extra", &self.options.extra.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
