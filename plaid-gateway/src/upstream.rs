//! Connections to the upstream.
//!
//! A call has a connection to itself, so that a slow answer of one holds up no other,
//! and drives it from its own task. Driven from a task of its own, as clients for many
//! uses do it, a connection and its call wake one another up several times; that is a
//! good part of what passing a small answer on costs.

use std::fmt;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
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
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use tower_service::Service;

use crate::config::{Config, ConfigError, Upstream};

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
        connector.set_connect_timeout(Some(config.timeouts.connect));
        let connector = HttpsConnectorBuilder::new()
            .try_with_platform_verifier()
            .map_err(|_| ConfigError::new("TLS cannot be set up: the system has no trust roots"))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        Ok(Self(Arc::new(Shared {
            connector,
            idle: Mutex::default(),
        })))
    }

    /// Sends a request, of which the target is a path, and waits for the head of the
    /// answer. Dropped before that, or the answer before its end, it closes the
    /// connection.
    pub(crate) async fn send(
        &self,
        target: &Arc<Target>,
        mut request: Outgoing,
    ) -> Result<Response<Answer>, Failure> {
        request.headers_mut().insert(HOST, target.host.clone());
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
        let io = connecting.await.map_err(|_| Failure::Unreachable)?;
        let mut builder = http1::Builder::new();
        let handshake = builder.max_buf_size(MAX_HEAD).handshake(io);
        let (sender, connection) = handshake.await.map_err(|_| Failure::Unreachable)?;
        Ok(Box::new(Link {
            target: Arc::clone(target),
            sender,
            connection: Some(connection),
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
                drive(&mut link.connection, context);
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
}

impl Link {
    async fn send(&mut self, request: Outgoing) -> Result<Response<Incoming>, Unanswered> {
        // An upstream that has closed the connection since the last call is noticed
        // here, before the request is given to it.
        poll_fn(|context| {
            drive(&mut self.connection, context);
            Poll::Ready(())
        })
        .await;
        let mut answer = pin!(self.sender.try_send_request(request));
        poll_fn(|context| {
            drive(&mut self.connection, context);
            answer.as_mut().poll(context)
        })
        .await
    }

    fn is_ready(&self) -> bool {
        self.connection.is_some() && self.sender.is_ready()
    }
}

/// Reads and writes as much as is there and wanted.
fn drive(connection: &mut Option<Connection>, context: &mut Context<'_>) {
    let is_over = |connection: &mut Connection| Pin::new(connection).poll(context).is_ready();
    if connection.as_mut().is_some_and(is_over) {
        *connection = None;
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
        drive(&mut link.connection, context);
        if link.is_ready() {
            self.pool.keep(link);
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
        let mut polled = Pin::new(&mut self.body).poll_frame(context);
        if polled.is_pending()
            && let Some(link) = &mut self.link
        {
            drive(&mut link.connection, context);
            polled = Pin::new(&mut self.body).poll_frame(context);
        }
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
