//! One call: what every operation's request can be given before it is sent.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use plaid_gen::hooks::Connection;
use plaid_gen::wire::Tolerance;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use tokio::time::Instant;

use crate::client::{Client, PLAID_CLIENT_ID, PLAID_SECRET};
use crate::error::Result;
use crate::exchange::{Exchange, Plan, Reading};
use crate::operation::{self, Credentials, Effect, Operation, OperationInfo, Sent};
use crate::outcome::Conclusion;
use crate::response::Response;
use crate::retry::{Replay, RetryPolicy};
use crate::telemetry;

/// A call that has not been made yet: `.await` it, or [`send`](Self::send) it.
///
/// A mistake in what it is given, such as a header that is none, is reported by
/// `send` as [`Error::Config`](crate::Error::Config), and nothing is sent.
#[must_use = "a call does nothing until it is awaited or sent"]
pub struct Call<O: Operation> {
    pub(crate) client: Client,
    pub(crate) request: O::Request,
    pub(crate) options: Options,
}

/// What a call is given beside its request.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) timeout: Option<Duration>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) tolerance: Option<Tolerance>,
    pub(crate) headers: HeaderMap,
    pub(crate) extra: BTreeMap<String, Box<RawValue>>,
    /// The first mistake.
    pub(crate) problem: Option<String>,
}

impl Options {
    fn complain(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }
}

impl<O: Operation> Call<O> {
    /// A call of an operation; the methods of [`Client`] make these.
    pub fn new(client: &Client, request: O::Request) -> Self {
        Self {
            client: client.clone(),
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
        match header(&self.client, name, value) {
            Ok((name, value)) => {
                self.options.headers.insert(name, value);
            }
            Err(problem) => self.options.complain(problem),
        }
        self
    }

    /// Sends a field along that the request type does not have, at the top level of
    /// the body. A field of that name that the type does have is replaced.
    ///
    /// To nest it, give an object. Give amounts as [`Decimal`](crate::Decimal) or a
    /// `RawValue`: `json!(0.1)` is a binary float.
    pub fn extra(mut self, name: &str, value: impl Serialize) -> Self {
        match extra(name, &value) {
            Ok(value) => {
                self.options.extra.insert(name.to_owned(), value);
            }
            Err(problem) => self.options.complain(problem),
        }
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

    pub(crate) fn policy(&self) -> RetryPolicy {
        self.options.retry.unwrap_or(self.client.settings().retry)
    }

    pub(crate) fn time_limit(&self) -> Duration {
        let own = self.options.timeout;
        own.unwrap_or(self.client.settings().timeout)
    }

    async fn make(self) -> Result<Response<O::Response>> {
        let over = self.exchange(Reading::Whole).await;
        over.conclusion.of::<O>(over.sent)
    }

    /// Sends it, and says what came of it.
    pub(crate) async fn exchange(self, reading: Reading) -> Over<O> {
        let replay = self.replay();
        let Self {
            client,
            request,
            options,
        } = self;
        let limiter = client.limiter();
        let tolerance = options.tolerance.unwrap_or(client.settings().tolerance);
        let plan = Plan {
            reading,
            credentials: O::INFO.credentials,
            replay,
            admission: limiter
                .map(|limiter| limiter.admission(path::<O>(&request), O::subject(&request))),
            options,
        };
        let exchange = Arc::new(Exchange::new(client.clone(), plan));
        let api = client.api(Connection(exchange.clone()));
        let sent = O::send(&api, &request).await;
        let conclusion = Conclusion {
            client,
            operation: O::name(&request),
            replay,
            tolerance,
            record: exchange.take(),
        };
        Over {
            conclusion,
            sent,
            exchange,
        }
    }
}

/// The path by which the limits of an operation are known.
fn path<O: Operation>(request: &O::Request) -> Cow<'static, str> {
    match O::INFO.path {
        "" => O::name(request),
        path => Cow::Borrowed(path),
    }
}

/// A call that has been made.
pub(crate) struct Over<O: Operation> {
    pub(crate) conclusion: Conclusion,
    /// What progenitor has made of the answer.
    pub(crate) sent: Sent<O::Response>,
    #[cfg_attr(not(feature = "files"), expect(dead_code, reason = "has the file"))]
    pub(crate) exchange: Arc<Exchange>,
}

/// Headers that a call may not set: the credentials, and what has to agree with
/// the body or the connection.
const RESERVED: [&str; 7] = [
    PLAID_CLIENT_ID,
    PLAID_SECRET,
    "connection",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
];

fn header(client: &Client, name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let name: HeaderName = name
        .parse()
        .map_err(|_| "the name of a header has characters that are not allowed".to_owned())?;
    let is_key = name == AUTHORIZATION && client.has_key();
    if is_key || RESERVED.contains(&name.as_str()) {
        return Err(format!("the header `{name}` is set by the client"));
    }
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| format!("the value of `{name}` has characters that are not allowed"))?;
    value.set_sensitive(true);
    Ok((name, value))
}

fn extra(name: &str, value: &impl Serialize) -> Result<Box<RawValue>, String> {
    if name == "client_id" || name == "secret" {
        return Err(format!("the field `{name}` is set by the client"));
    }
    to_raw_value(value).map_err(|_| format!("the value of `{name}` cannot be written as JSON"))
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
            client: self.client.clone(),
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

/// An operation that is not generated; see [`Client::call`].
#[derive(Debug)]
pub struct Untyped<T>(PhantomData<fn() -> T>, Infallible);

/// What [`Client::call`] sends.
#[derive(Clone)]
pub struct UntypedRequest {
    path: String,
    body: Box<RawValue>,
    effect: Effect,
}

impl fmt::Debug for UntypedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntypedRequest")
            .field("path", &self.path)
            .field("effect", &self.effect)
            .finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned + Send + 'static> Operation for Untyped<T> {
    const INFO: OperationInfo = OperationInfo {
        id: "call",
        method: "POST",
        path: "",
        product: "",
        effect: Effect::Write,
        credentials: Credentials::Headers,
    };
    const REDACTS: bool = false;

    type Request = UntypedRequest;
    type Response = T;

    async fn send(api: &plaid_gen::Client, request: &UntypedRequest) -> Sent<T> {
        operation::post(api, &request.path, &request.body).await
    }

    fn name(request: &UntypedRequest) -> Cow<'static, str> {
        Cow::Owned(request.path.clone())
    }

    fn effect(request: &UntypedRequest) -> Effect {
        request.effect
    }

    fn subject(request: &UntypedRequest) -> Option<&str> {
        #[derive(Deserialize)]
        struct Body<'a> {
            #[serde(borrow)]
            access_token: Option<&'a str>,
        }
        let body = serde_json::from_str::<Body<'_>>(request.body.get()).ok()?;
        body.access_token
    }
}

impl<T: DeserializeOwned + Send + 'static> Call<Untyped<T>> {
    pub(crate) fn untyped(client: &Client, path: &str, body: &impl Serialize) -> Self {
        let mut options = Options::default();
        if !is_path(path) {
            options.complain("the path has to look like /new/endpoint".to_owned());
        }
        let body = to_raw_value(body).unwrap_or_else(|_| {
            options.complain("the body cannot be written as JSON".to_owned());
            RawValue::NULL.to_owned()
        });
        Self {
            client: client.clone(),
            request: UntypedRequest {
                path: path.to_owned(),
                body,
                effect: Effect::Write,
            },
            options,
        }
    }

    /// Says that the call changes nothing, so that it may be tried again. Without
    /// this it is taken for a write, which is not.
    pub fn read_only(mut self) -> Self {
        self.request.effect = Effect::Read;
        self
    }
}

/// A plain path. Anything else could lead the credentials to another host, or out
/// of the base URL's own path.
fn is_path(path: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b);
    path.starts_with('/')
        && path.bytes().all(is_plain)
        && !path.split('/').any(|part| part == "." || part == "..")
}
