//! The gateway: what happens to a request.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tokio::task::yield_now;
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tower_service::Service;

use crate::answer::{AnswerBody, Stream};
use crate::callers::{Callers, Known};
use crate::config::{Config, ConfigError, Upstream, forwardable};
use crate::credentials::Credentials;
use crate::metrics::Metrics;
use crate::operations::{Operation, Place, find};
use crate::origin::{self, Shown};
use crate::record::Record;
use crate::refusal::{Refusal, request_id};
use crate::slots::{Slots, Taken};
use crate::upstream::{Answer, Failure, Pool, Target};
use crate::watch::{Guarded, Watch, join, plain_id};
use crate::{explorer, headers, rewrite};

const BROKEN: &str =
    "it broke off or was not HTTP; before you repeat a write, check whether it happened";

/// A gateway. Clones are the same gateway.
///
/// ```
/// use plaid_gateway::{Caller, Config, Credentials, Gateway, NewKey, Upstream};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = NewKey::generate()?;
/// let mut config = Config::new(Upstream::sandbox());
/// config.credentials = Some(Credentials::new("a-client-id", "a-secret")?);
/// config.callers.push(Caller::new("billing", key.hash));
///
/// let gateway = Gateway::new(config)?;
/// let app: axum::Router = axum::Router::new().nest_service("/plaid", gateway.router());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
    upstream: Pool,
}

struct Inner {
    settings: ArcSwap<Settings>,
    calls: Arc<Slots>,
    /// Bytes of bodies that are held until the rest has come.
    bodies: Arc<Slots>,
    metrics: Arc<Metrics>,
}

/// A configuration, ready for use.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) config: Config,
    callers: Callers,
    guarded: Guarded,
    target: Arc<Target>,
    /// What every request to Plaid has in its head. To copy it costs less than to put
    /// it together.
    head: HeaderMap,
    forward: Vec<HeaderName>,
}

/// The places that a call takes up until its answer has ended.
pub(crate) struct Places {
    _call: Taken,
    _caller: Option<Taken>,
}

impl Gateway {
    /// Makes a gateway. Nothing is sent and nothing listened on.
    ///
    /// # Errors
    /// When the configuration contradicts itself, or TLS cannot be set up.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let upstream = Pool::new(&config)?;
        let limits = config.limits;
        let settings = Settings::new(config, None)?;
        let inner = Inner {
            settings: ArcSwap::from_pointee(settings),
            calls: Slots::new(limits.calls),
            bodies: Slots::new(limits.bodies),
            metrics: Arc::new(Metrics::new()),
        };
        Ok(Self {
            inner: Arc::new(inner),
            upstream,
        })
    }

    /// The same gateway with connections of its own to the upstream.
    pub(crate) fn with_own_pool(&self) -> Result<Self, ConfigError> {
        Ok(Self {
            inner: Arc::clone(&self.inner),
            upstream: Pool::new(&self.settings().config)?,
        })
    }

    /// Goes over to another configuration. Calls under way end as they began.
    ///
    /// The addresses, and the limits and timeouts of connections, are those that the
    /// gateway was started with.
    ///
    /// # Errors
    /// When the configuration contradicts itself. The one before stays.
    pub fn reload(&self, config: Config) -> Result<(), ConfigError> {
        let before = self.settings();
        let started = &before.config;
        let config = Config {
            listen: started.listen,
            admin: started.admin,
            ..config
        };
        let settings = Settings::new(config, Some(&before.callers)).inspect_err(|_| {
            self.inner.metrics.failed_reloads.inc();
        })?;
        self.inner.settings.store(Arc::new(settings));
        self.inner.metrics.reloads.inc();
        Ok(())
    }

    /// A router to mount in an axum server of one's own.
    ///
    /// Whoever can reach that server can reach this, so it asks for keys: with a
    /// configuration without callers it refuses every call. It leaves the connections,
    /// and with them slow ones, to the server.
    pub fn router(&self) -> axum::Router {
        axum::Router::new().fallback_service(Mounted(self.clone()))
    }

    /// The metrics in the text format of Prometheus.
    pub fn metrics(&self) -> String {
        self.inner.metrics.text(self.inner.calls.taken())
    }

    pub(crate) fn counters(&self) -> &Arc<Metrics> {
        &self.inner.metrics
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.inner.settings.load_full()
    }

    /// Answers a request. `is_local`: it came over a loopback address, where a gateway
    /// without callers takes requests of anyone.
    pub(crate) async fn answer<B>(
        &self,
        request: Request<B>,
        is_local: bool,
    ) -> Response<AnswerBody>
    where
        B: Body<Data = Bytes>,
    {
        let settings = self.inner.settings.load();
        let asks_for_keys = !settings.callers.is_empty() || !is_local;
        let checked = headers::unambiguous(&request)
            .and_then(|()| origin::check(&request, &settings.config.cors_origins, asks_for_keys));
        let shown = match checked {
            Ok(shown) => shown,
            Err(refusal) => return self.refuse(refusal, &Shown::NOBODY),
        };
        let page = page(&request, &shown).or_else(|| {
            let page = explorer::respond(&request, &settings.config, is_local);
            page.map(|page| page.map(AnswerBody::whole))
        });
        if let Some(page) = page {
            return page;
        }
        let mut record = Record::new(Arc::clone(&self.inner.metrics));
        let call = Call {
            gateway: self,
            settings: &settings,
            asks_for_keys,
            is_local,
        };
        match call.forward(request, &mut record).await {
            Ok((mut head, passing)) => {
                shown.mark(&mut head.headers);
                Response::from_parts(head, passing.body(record))
            }
            Err(refusal) => respond(refusal, record, &shown),
        }
    }

    /// Refuses a request before anything else is known of it.
    pub(crate) fn refuse(&self, refusal: Refusal, shown: &Shown) -> Response<AnswerBody> {
        respond(refusal, Record::new(Arc::clone(&self.inner.metrics)), shown)
    }
}

/// What is no call: health, the browser's question.
fn page<B>(request: &Request<B>, shown: &Shown) -> Option<Response<AnswerBody>> {
    if origin::is_preflight(request) {
        let mut response = origin::preflight().map(AnswerBody::whole);
        shown.mark(response.headers_mut());
        return Some(response);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    match request.uri().path() {
        // Ready as soon as it listens: it has nothing to wait for. Whether Plaid can be
        // reached is not its own health; were it, all instances would go out of service
        // at once.
        "/healthz" | "/readyz" => Some(text("ok\n")),
        _ => None,
    }
}

fn text(text: &'static str) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::whole(Bytes::from_static(text.as_bytes())));
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}

fn respond(refusal: Refusal, mut record: Record, shown: &Shown) -> Response<AnswerBody> {
    let id = request_id();
    record.refused(refusal, &id);
    let mut response = refusal.response(&id).map(AnswerBody::whole);
    shown.mark(response.headers_mut());
    response
}

impl Settings {
    fn new(config: Config, before: Option<&Callers>) -> Result<Self, ConfigError> {
        config.check()?;
        let callers = Callers::new(&config.callers, before)?;
        let forward = config.forward_headers.iter().map(|name| forwardable(name));
        let version = HeaderValue::from_str(&config.plaid_version)
            .map_err(|_| ConfigError::new("plaid_version is not a header"))?;
        let target = Target::new(&config.upstream)?;
        let mut head = headers::own(target.host().clone(), version);
        if let Some(credentials) = &config.credentials {
            headers::add_credentials(&mut head, credentials);
        }
        Ok(Self {
            callers,
            guarded: Guarded::new(config.credentials.as_ref()),
            target: Arc::new(target),
            head,
            forward: forward.collect::<Result<_, _>>()?,
            config,
        })
    }
}

/// A call on its way through.
struct Call<'a> {
    gateway: &'a Gateway,
    settings: &'a Settings,
    asks_for_keys: bool,
    is_local: bool,
}

/// What comes back, before it has a record.
struct Passing {
    upstream: Answer,
    /// The first piece, watched.
    first: Bytes,
    is_whole: bool,
    watch: Watch,
    patience: Duration,
    left: u64,
    places: Places,
}

impl Call<'_> {
    async fn forward<B>(
        &self,
        request: Request<B>,
        record: &mut Record,
    ) -> Result<(http::response::Parts, Passing), Refusal>
    where
        B: Body<Data = Bytes>,
    {
        let (parts, body) = request.into_parts();
        let operation = find(&parts.method, parts.uri.path()).ok_or(Refusal::NotFound)?;
        record.operation(&operation.id);
        let caller = self.caller(&parts.headers)?;
        record.caller(caller.as_deref());
        if parts.uri.query().is_some() {
            return Err(Refusal::Headers("no operation has a query"));
        }
        let places = self.places(caller.as_deref(), operation)?;
        headers::takes_body(&parts.method, &parts.headers)?;
        let credentials = self.credentials(&parts.headers, operation)?;
        let (body, room) = self.body(&parts, body, caller.as_deref()).await?;
        let body = rewritten(&parts.method, body, operation, credentials.as_deref())?;
        let request = self.request(&parts, body, credentials.as_ref())?;
        // Other requests that have come already are read before this one is sent. Sent in
        // a row, they wake the upstream up once; one by one, each may take the core from
        // this thread for an upstream that finds a single request.
        yield_now().await;
        let answer = self.send(request).await?;
        drop(room);
        self.pass(answer, operation, places, record).await
    }

    fn caller(&self, headers: &HeaderMap) -> Result<Option<Arc<Known>>, Refusal> {
        if !self.asks_for_keys {
            return Ok(None);
        }
        let authorization = headers.get(http::header::AUTHORIZATION);
        let known = self.settings.callers.find(authorization);
        known.cloned().map(Some).ok_or(Refusal::UnknownCaller)
    }

    fn places(&self, caller: Option<&Known>, operation: &Operation) -> Result<Places, Refusal> {
        caller.map(|c| c.may_use(operation)).transpose()?;
        // Before the caller's own: what the gateway has no room for is not counted
        // towards its rate.
        let call = self.gateway.inner.calls.take(1).ok_or(Refusal::Busy)?;
        Ok(Places {
            _call: call,
            _caller: caller.map(Known::admit).transpose()?.flatten(),
        })
    }

    /// The caller's own where it may bring them and does, and otherwise the gateway's.
    fn credentials(
        &self,
        headers: &HeaderMap,
        operation: &Operation,
    ) -> Result<Option<Cow<'_, Credentials>>, Refusal> {
        if operation.credentials == Place::None {
            return Ok(None);
        }
        let config = &self.settings.config;
        if config.allow_caller_credentials && self.is_local {
            let id = headers.get(headers::PLAID_CLIENT_ID);
            match (id, headers.get(headers::PLAID_SECRET)) {
                (Some(id), Some(secret)) => {
                    let own = Credentials::from_headers(id, secret);
                    return own
                        .map(Cow::Owned)
                        .map(Some)
                        .ok_or(Refusal::HalfCredentials);
                }
                (None, None) => {}
                _ => return Err(Refusal::HalfCredentials),
            }
        }
        let own = config.credentials.as_ref().map(Cow::Borrowed);
        own.map(Some).ok_or(Refusal::NoCredentials)
    }

    /// The body as a whole: not a byte goes to Plaid before it is known that the rest
    /// is there and is JSON. What of it has to be held until the rest has come is
    /// counted until Plaid has begun to answer.
    async fn body<B>(
        &self,
        parts: &Parts,
        body: B,
        caller: Option<&Known>,
    ) -> Result<(Bytes, Option<Taken>), Refusal>
    where
        B: Body<Data = Bytes>,
    {
        let config = &self.settings.config;
        let own = caller.and_then(|caller| caller.caller.max_body);
        let most = own.unwrap_or(usize::MAX).min(config.limits.body);
        let hint = body.size_hint();
        if hint.lower() > most as u64 {
            return Err(Refusal::BodyTooLarge);
        }
        if parts.method == Method::GET {
            let is_empty = hint.exact() == Some(0);
            return match is_empty {
                true => Ok((Bytes::new(), None)),
                false => Err(Refusal::Ambiguous("a GET has no body")),
            };
        }
        let read = read(body, most, &self.gateway.inner.bodies);
        let read = within(config.timeouts.body, read).await;
        read.map_err(|_| Refusal::BodyTooSlow)?
    }

    fn request(
        &self,
        parts: &Parts,
        body: Bytes,
        credentials: Option<&Cow<'_, Credentials>>,
    ) -> Result<Request<Full<Bytes>>, Refusal> {
        let settings = self.settings;
        let mut headers = headers::outgoing(&parts.headers, &settings.forward, &settings.head);
        match credentials {
            Some(Cow::Borrowed(_)) => {}
            Some(Cow::Owned(of_caller)) => headers::add_credentials(&mut headers, of_caller),
            None => headers::remove_credentials(&mut headers),
        }
        if parts.method == Method::GET {
            headers.remove(CONTENT_TYPE);
        }
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = path(&self.settings.config.upstream, &parts.uri)?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Answer>, Refusal> {
        let answer = self.gateway.upstream.send(&self.settings.target, request);
        let patience = self.settings.config.timeouts.first_byte;
        let answer = timeout(patience, answer).await;
        answer
            .map_err(|_| Refusal::UpstreamTimeout)?
            .map_err(|failure| match failure {
                Failure::Unreachable => Refusal::Unreachable,
                Failure::Broken => Refusal::UpstreamAnswer(BROKEN),
            })
    }

    /// Looks the answer's head and its first piece over. Most answers are in that piece
    /// as a whole; and as long as nothing has been sent, what is wrong can be told.
    async fn pass(
        &self,
        answer: Response<Answer>,
        operation: &Operation,
        places: Places,
        record: &mut Record,
    ) -> Result<(http::response::Parts, Passing), Refusal> {
        let (mut head, upstream) = answer.into_parts();
        if head.status.is_informational() || head.status.is_redirection() {
            // Followed, a redirect would take the caller's key elsewhere.
            return Err(Refusal::UpstreamAnswer("it leads somewhere else"));
        }
        let is_plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
        if !head.headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
            return Err(Refusal::UpstreamAnswer(
                "it is encoded, which was not asked for",
            ));
        }
        let headers = headers::incoming(head.status, &head.headers);
        let needles = self.settings.guarded.of_product(&operation.product);
        if headers
            .values()
            .any(|value| needles.is_in(value.as_bytes()))
        {
            return Err(Refusal::UpstreamAnswer("its headers are not for callers"));
        }
        let limit = self.settings.config.limits.answer;
        if Body::size_hint(&upstream).lower() > limit {
            return Err(Refusal::UpstreamAnswer("it is too long"));
        }
        let is_json = headers
            .get(CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
        let mut passing = Passing {
            upstream,
            first: Bytes::new(),
            is_whole: false,
            watch: Watch::new(needles, is_json),
            patience: self.settings.config.timeouts.answer,
            left: limit,
            places,
        };
        passing.begin().await?;
        let id = headers.get(headers::PLAID_REQUEST_ID);
        record.answered(
            head.status.as_u16(),
            id.and_then(|id| plain_id(id.as_bytes())),
        );
        head.headers = headers;
        head.extensions.clear();
        head.version = http::Version::HTTP_11;
        Ok((head, passing))
    }
}

impl Passing {
    /// Waits for the first piece of which something may be passed on.
    async fn begin(&mut self) -> Result<(), Refusal> {
        while self.first.is_empty() && !self.is_whole {
            let piece = self.piece().await?;
            self.left = self.left.saturating_sub(piece.len() as u64);
            let watched = self.watch.push(piece);
            self.first = watched.map_err(|_| Refusal::UpstreamAnswer("it is not for callers"))?;
            self.is_whole |= Body::is_end_stream(&self.upstream);
        }
        if self.is_whole {
            self.first = join(std::mem::take(&mut self.first), self.watch.finish());
        }
        Ok(())
    }

    async fn piece(&mut self) -> Result<Bytes, Refusal> {
        let frame = within(self.patience, self.upstream.frame()).await;
        match frame.map_err(|_| Refusal::UpstreamTimeout)? {
            None => {
                self.is_whole = true;
                Ok(Bytes::new())
            }
            // Trailers have no place in Plaid's answers.
            Some(Ok(frame)) => Ok(frame.into_data().unwrap_or_default()),
            Some(Err(_)) => Err(Refusal::UpstreamAnswer(BROKEN)),
        }
    }

    fn body(self, mut record: Record) -> AnswerBody {
        record.passed(self.first.len());
        if self.is_whole {
            record.request_id(self.watch.request_id().map(str::to_owned));
            record.ended("answered");
            return AnswerBody::whole(self.first);
        }
        AnswerBody::stream(Stream {
            upstream: self.upstream,
            first: self.first,
            watch: self.watch,
            record,
            patience: self.patience,
            left: self.left,
            pause: None,
            is_over: false,
            places: self.places,
        })
    }
}

/// Puts the body's credentials right.
fn rewritten(
    method: &Method,
    body: Bytes,
    operation: &Operation,
    credentials: Option<&Credentials>,
) -> Result<Bytes, Refusal> {
    if *method == Method::GET {
        return Ok(body);
    }
    let in_body = operation.credentials == Place::Body;
    let names: &[&str] = match operation.path.starts_with("/oauth/") {
        true => &rewrite::OAUTH_CREDENTIALS,
        false => &rewrite::CREDENTIALS,
    };
    let own = credentials.filter(|_| in_body);
    let own = own.map(|c| [("client_id", c.client_id()), ("secret", c.secret())]);
    let added = own.as_ref().map_or(&[][..], |added| &added[..]);
    rewrite::rewrite(&body, names, added).map_err(Refusal::Body)
}

/// The path that the operation was found by, as the upstream has it.
fn path(upstream: &Upstream, uri: &Uri) -> Result<Uri, Refusal> {
    let path = match uri.path_and_query() {
        Some(path) if upstream.prefix.is_empty() => path.clone(),
        _ => PathAndQuery::try_from(format!("{}{}", upstream.prefix, uri.path()))
            .map_err(|_| Refusal::NotFound)?,
    };
    Ok(Uri::from(path))
}

/// Reads at most so many bytes. Most bodies come in one piece, which is not copied and
/// takes no room: it is in memory already. The others take room as they come, so that
/// one that is announced and does not come takes it from nobody.
async fn read<B: Body<Data = Bytes>>(
    body: B,
    most: usize,
    room: &Arc<Slots>,
) -> Result<(Bytes, Option<Taken>), Refusal> {
    let mut body = pin!(body);
    let Some(first) = piece(body.as_mut()).await? else {
        return Ok((Bytes::new(), None));
    };
    if first.len() > most {
        return Err(Refusal::BodyTooLarge);
    }
    if body.is_end_stream() {
        return Ok((first, None));
    }
    let mut taken = room.take(first.len()).ok_or(Refusal::Busy)?;
    let mut whole = BytesMut::from(first);
    while let Some(piece) = piece(body.as_mut()).await? {
        if piece.len() > most - whole.len() {
            return Err(Refusal::BodyTooLarge);
        }
        taken.take(piece.len()).ok_or(Refusal::Busy)?;
        whole.extend_from_slice(&piece);
    }
    Ok((whole.freeze(), Some(taken)))
}

/// The next piece of a body that has something in it; none after the last.
async fn piece<B: Body<Data = Bytes>>(mut body: Pin<&mut B>) -> Result<Option<Bytes>, Refusal> {
    while let Some(frame) = body.as_mut().frame().await {
        let frame = frame.map_err(|_| Refusal::BodyBroken)?;
        match frame.into_data() {
            Ok(piece) if !piece.is_empty() => return Ok(Some(piece)),
            // Trailers have no place in a call.
            _ => {}
        }
    }
    Ok(None)
}

/// Like tokio's `timeout`, but what is ready at once, as most is, sets no timer.
async fn within<F: Future>(patience: Duration, work: F) -> Result<F::Output, Elapsed> {
    let mut work = pin!(work);
    let at_once = poll_fn(|context| Poll::Ready(work.as_mut().poll(context)));
    match at_once.await {
        Poll::Ready(done) => Ok(done),
        Poll::Pending => timeout(patience, work).await,
    }
}

/// The gateway within a server that is not its own.
#[derive(Clone)]
struct Mounted(Gateway);

impl<B> Service<Request<B>> for Mounted
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    type Response = Response<AnswerBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let gateway = self.0.clone();
        Box::pin(async move { Ok(gateway.answer(request, false).await) })
    }
}

/// The upstream and nothing of what callers send.
impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.settings();
        f.debug_struct("Gateway")
            .field("upstream", &settings.config.upstream)
            .finish_non_exhaustive()
    }
}
