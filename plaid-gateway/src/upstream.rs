//! Connections to the upstream.
//!
//! A call has a connection to itself, so that a slow answer of one holds up no other,
//! and drives it from its own task. Driven from a task of its own, as clients for many
//! uses do it, a connection and its call wake one another up several times; that is a
//! good part of what passing a small answer on costs. Driven by the call, it would still
//! wake its own task up each time that one of the two hands something to the other; see
//! [`Alarm`].
//!
//! The library for this is hyper-util's client. With it the gateway made 0.59 to 0.73 of
//! the calls per second of nginx's `proxy_pass` (64 connections over loopback, two cores;
//! one run 0.654), and `cargo xtask bench gateway` requires 0.7. With this pool it made
//! 0.65 to 0.74, and 0.79 with it, [`pulse`](crate::pulse), [`slots`](crate::slots) and
//! requests that are sent in a row (0.84 as the median of seven pairs of runs). A single
//! call does not gain from it what anybody would notice: the gateway adds 66 µs, nginx
//! 46 µs, and Plaid takes hundreds of milliseconds. So this file stays as long as the limit
//! of 0.7 does; without that limit, hyper-util's client replaces it.

use std::fmt;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use atomic_waker::AtomicWaker;
use bytes::Bytes;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderValue, Request, Response, Uri};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::crypto::{CryptoProvider, ring};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tower_service::Service;

use crate::config::{Config, Upstream};
use crate::error::ConfigError;

/// How long an unused connection is kept, and how many are.
const IDLE: Duration = Duration::from_secs(55);
const MAX_IDLE: usize = 512;
/// How often it is looked which unused connections have become too old, or were closed.
const SWEEP: Duration = Duration::from_secs(5);
/// Bytes of the headers of an answer.
const MAX_HEAD: usize = 64 * 1024;

type Io = MaybeHttpsStream<TokioIo<TcpStream>>;
type Connection = http1::Connection<Io, Full<Bytes>>;
type Outgoing = Request<Full<Bytes>>;
type Unanswered = TrySendError<Outgoing>;

/// Why a request got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nothing of it was sent.
    Unreachable,
    /// The connection broke off, or what came was not HTTP.
    Broken,
}

/// Where calls go.
#[derive(Debug)]
pub(crate) struct Target {
    address: Uri,
    /// As it stands in requests.
    host: HeaderValue,
}

/// Connections. Clones share them.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

struct Shared {
    connector: HttpsConnector<HttpConnector>,
    /// How long connecting may take as a whole: the name, the connection and TLS.
    patience: Duration,
    idle: Mutex<Idle>,
}

/// Connections that no call uses, the last used one last.
#[derive(Default)]
struct Idle {
    links: Vec<(Instant, Box<Link>)>,
    /// Whether somebody comes to clean up.
    is_swept: bool,
}

impl Pool {
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        // Shared out among the addresses of a name, so that the first is not waited for
        // until no time is left for the others.
        connector.set_connect_timeout(Some(config.timeouts.connect));
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_platform_verifier(provider())
            .map_err(|_| ConfigError::new("TLS cannot be set up: the system has no trust roots"))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        Ok(Self(Arc::new(Shared {
            connector,
            patience: config.timeouts.connect,
            idle: Mutex::default(),
        })))
    }

    /// Sends a request, which names its host and has a path for its target, and waits for
    /// the head of the answer. Dropped before that, or the answer before its end, it
    /// closes the connection.
    pub(crate) async fn send(
        &self,
        target: &Arc<Target>,
        mut request: Outgoing,
    ) -> Result<Response<Answer>, Failure> {
        loop {
            let (mut link, was_idle) = match self.0.idle(target) {
                Some(link) => (link, true),
                None => (self.0.connect(target).await?, false),
            };
            let mut error = match link.send(request).await {
                Ok(answer) => return Ok(answer.map(|body| self.answer(body, link))),
                Err(error) => error,
            };
            match error.take_message() {
                // The upstream had closed the connection, and not a byte was written.
                Some(unsent) if was_idle => request = unsent,
                _ => return Err(Failure::Broken),
            }
        }
    }

    fn answer(&self, body: Incoming, link: Box<Link>) -> Answer {
        Answer {
            body,
            link: Some(link),
            pool: Arc::clone(&self.0),
        }
    }
}

impl Target {
    pub(crate) fn new(upstream: &Upstream) -> Result<Self, ConfigError> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(upstream.scheme.clone());
        parts.authority = Some(upstream.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_static("/"));
        let address = Uri::from_parts(parts);
        Ok(Self {
            address: address.map_err(|_| ConfigError::new("the upstream is not a URL"))?,
            host: host(upstream)?,
        })
    }

    pub(crate) fn host(&self) -> &HeaderValue {
        &self.host
    }
}

/// What the process has installed, or else ring: a C library such as AWS-LC takes longer to
/// build than the gateway.
fn provider() -> Arc<CryptoProvider> {
    let installed = CryptoProvider::get_default().map(Arc::clone);
    installed.unwrap_or_else(|| Arc::new(ring::default_provider()))
}

/// The name of the upstream, and its port if it is not the scheme's own.
fn host(upstream: &Upstream) -> Result<HeaderValue, ConfigError> {
    let own = if upstream.scheme == Scheme::HTTPS {
        443
    } else {
        80
    };
    let name = upstream.authority.host();
    let host = match upstream.authority.port_u16() {
        Some(port) if port != own => HeaderValue::from_str(&format!("{name}:{port}")),
        _ => HeaderValue::from_str(name),
    };
    host.map_err(|_| ConfigError::new("the upstream's name is not one"))
}

impl Shared {
    async fn connect(&self, target: &Arc<Target>) -> Result<Box<Link>, Failure> {
        let connecting = self.connector.clone().call(target.address.clone());
        // Not a byte of a call has been sent yet, so whatever fails here can be told from
        // a call that may have happened.
        let connected = timeout(self.patience, connecting).await;
        let io = connected
            .map_err(|_| Failure::Unreachable)?
            .map_err(|_| Failure::Unreachable)?;
        let mut builder = http1::Builder::new();
        // Head and body of a request are small: one copy is cheaper than a list of two.
        builder.max_buf_size(MAX_HEAD).writev(false);
        let handshake = builder.handshake(io).await;
        let (sender, connection) = handshake.map_err(|_| Failure::Unreachable)?;
        let alarm = Arc::new(Alarm::default());
        Ok(Box::new(Link {
            target: Arc::clone(target),
            sender,
            connection: Some(connection),
            waker: Waker::from(Arc::clone(&alarm)),
            alarm,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that was used last: the others become old, and are closed.
    /// Those that lead where calls went before a reload are closed as well.
    fn idle(&self, target: &Arc<Target>) -> Option<Box<Link>> {
        let mut idle = self.lock();
        loop {
            let (_, link) = idle.links.pop()?;
            if Arc::ptr_eq(&link.target, target) || link.target.address == target.address {
                return Some(link);
            }
        }
    }

    fn keep(self: &Arc<Self>, link: Box<Link>) {
        let mut idle = self.lock();
        if idle.links.len() >= MAX_IDLE {
            return;
        }
        idle.links.push((Instant::now(), link));
        if !mem::replace(&mut idle.is_swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }
}

/// Closes connections that nobody has used for long or that the upstream has closed,
/// until there are none.
async fn sweep(pool: Weak<Shared>) {
    loop {
        sleep(SWEEP).await;
        let Some(pool) = pool.upgrade() else {
            return;
        };
        let is_done = poll_fn(|context| {
            let mut idle = pool.lock();
            let is_good = |(since, link): &mut (Instant, Box<Link>)| {
                link.drive(context);
                since.elapsed() < IDLE && link.is_ready()
            };
            idle.links.retain_mut(is_good);
            idle.is_swept = !idle.links.is_empty();
            Poll::Ready(!idle.is_swept)
        });
        if is_done.await {
            return;
        }
    }
}

/// A connection, and what gives it work.
struct Link {
    target: Arc<Target>,
    sender: http1::SendRequest<Full<Bytes>>,
    /// None when it has ended. What waits for it learns that from its being dropped.
    connection: Option<Connection>,
    alarm: Arc<Alarm>,
    /// The alarm, as the connection takes it.
    waker: Waker,
}

/// Wakes the task up that drives a connection, unless it is awake and about to drive it.
#[derive(Default)]
struct Alarm {
    task: AtomicWaker,
    is_mute: AtomicBool,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_mute.load(Ordering::Acquire) {
            self.task.wake();
        }
    }
}

impl Link {
    async fn send(&mut self, request: Outgoing) -> Result<Response<Incoming>, Unanswered> {
        let sent = self.before_driving(|link| link.sender.try_send_request(request));
        let mut answer = pin!(sent);
        poll_fn(|context| {
            self.drive(context);
            // It comes of driving the connection, and of nothing else.
            answer
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
        })
        .await
    }

    /// Does something that the connection wants to hear of. Nobody may wait for it
    /// before it has been driven: what happened meanwhile is noticed only then.
    fn before_driving<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.alarm.is_mute.store(true, Ordering::Release);
        let done = work(self);
        self.alarm.is_mute.store(false, Ordering::Release);
        done
    }

    /// Reads and writes as much as is there and wanted.
    fn drive(&mut self, context: &mut Context<'_>) {
        self.alarm.task.register(context.waker());
        let mut context = Context::from_waker(&self.waker);
        let is_over = |connection: &mut Connection| {
            let polled = Pin::new(connection).poll(&mut context);
            polled.is_ready()
        };
        if self.connection.as_mut().is_some_and(is_over) {
            self.connection = None;
        }
    }

    fn is_ready(&self) -> bool {
        self.connection.is_some() && self.sender.is_ready()
    }
}

/// The body of an answer. At its end the connection is there for the next call.
pub(crate) struct Answer {
    body: Incoming,
    /// None after the end.
    link: Option<Box<Link>>,
    pool: Arc<Shared>,
}

impl Answer {
    /// Keeps the connection, unless it was closed or has more to say than the answer.
    fn end(&mut self, context: &mut Context<'_>) {
        let Some(mut link) = self.link.take() else {
            return;
        };
        link.drive(context);
        if link.is_ready() {
            self.pool.keep(link);
        }
    }

    fn poll_body(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Self { body, link, .. } = self;
        // Like the head it comes of driving the connection.
        let mut nobody = Context::from_waker(Waker::noop());
        let mut polled = |body: &mut Incoming| Pin::new(body).poll_frame(&mut nobody);
        let Some(link) = link else {
            return polled(body);
        };
        match link.before_driving(|_| polled(body)) {
            Poll::Pending => {
                link.drive(context);
                polled(body)
            }
            ready => ready,
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = self.poll_body(context);
        match &polled {
            Poll::Ready(Some(Err(_))) => self.link = None,
            Poll::Ready(_) if self.body.is_end_stream() => self.end(context),
            Poll::Ready(None) => self.end(context),
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}
