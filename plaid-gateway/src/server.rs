//! Listens, and bounds what a connection may do.

use std::convert::Infallible;
use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use std::{io, mem, thread};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue, TRANSFER_ENCODING};
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout};

use crate::answer::AnswerBody;
use crate::config::{Config, Limits};
use crate::gateway::Gateway;
use crate::metrics::{self, Metrics};
use crate::origin::Shown;
use crate::pulse::{Active, Keeper, Observed, Order, Pulse, Tapped};
use crate::refusal::Refusal;

/// How long to wait when the system has no file descriptors left.
const BREATH: Duration = Duration::from_millis(20);
/// Connections that wait for a thread.
const HANDED: usize = 256;
/// How often a caller of HTTP/2 is asked whether it is still there.
const PING: Duration = Duration::from_secs(20);

/// What a listener is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Calls { is_local: bool },
    Admin,
}

/// What all connections of a listener share.
struct Shared {
    gateway: Gateway,
    role: Role,
    limits: Limits,
}

impl Gateway {
    /// Takes calls on a listener until `stop` is ready, and then waits for those under
    /// way as long as the configuration says. HTTP/1.1 and HTTP/2 both are understood,
    /// the latter by prior knowledge; TLS is left to what stands in front.
    ///
    /// # Errors
    /// When a gateway without callers, or one that takes callers' own credentials,
    /// would listen on anything but a loopback address.
    pub async fn serve(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let (role, config) = self.checked(&listener)?;
        self.run(Source::Listener(listener), role, &config, stop)
            .await;
        Ok(())
    }

    /// Serves `/metrics`, `/healthz` and `/readyz` on a listener of their own. It asks
    /// nobody who they are: the names of callers and what they use are no secret to
    /// whoever can reach it.
    ///
    /// # Errors
    /// Never at present.
    pub async fn serve_admin(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let settings = self.settings();
        let source = Source::Listener(listener);
        self.run(source, Role::Admin, &settings.config, stop).await;
        Ok(())
    }

    /// Like [`serve`](Self::serve), with so many threads that each have connections and
    /// an event loop of their own. A call then stays on its thread and does not wake another
    /// one up: with a log that does not either, that saves 15 of 37 µs of a call.
    ///
    /// # Errors
    /// As [`serve`](Self::serve), and when a thread cannot be started.
    pub async fn serve_on_threads(
        &self,
        listener: TcpListener,
        threads: NonZeroUsize,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let (role, mut config) = self.checked(&listener)?;
        config.limits.connections = config.limits.connections.div_ceil(threads.get());
        let (stopping, stopped) = watch::channel(());
        let mut workers = Vec::with_capacity(threads.get());
        let mut handles = Vec::with_capacity(threads.get());
        for _ in 0..threads.get() {
            let (hand, handed) = mpsc::channel(HANDED);
            let gateway = self.with_own_pool().map_err(io::Error::other)?;
            let (config, stop) = (config.clone(), gone(stopped.clone()));
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let work = move || {
                let source = Source::Handed(handed);
                runtime.block_on(gateway.run(source, role, &config, stop));
            };
            workers.push(hand);
            handles.push(
                thread::Builder::new()
                    .name("plaid-gateway".to_owned())
                    .spawn(work)?,
            );
        }
        tokio::select! {
            () = stop => {}
            () = hand_out(&listener, &workers) => {}
        }
        drop((listener, workers, stopping));
        let ended = move || handles.into_iter().all(|handle| handle.join().is_ok());
        match spawn_blocking(ended).await {
            Ok(true) => Ok(()),
            _ => Err(io::Error::other("a thread of the gateway has panicked")),
        }
    }

    /// What a listener may be used for, and the configuration with its address.
    fn checked(&self, listener: &TcpListener) -> io::Result<(Role, Config)> {
        let mut config = self.settings().config.clone();
        config.listen = listener.local_addr()?;
        config.check().map_err(io::Error::other)?;
        let is_local = config.listen.ip().is_loopback();
        Ok((Role::Calls { is_local }, config))
    }

    async fn run(
        &self,
        mut source: Source,
        role: Role,
        config: &Config,
        stop: impl Future<Output = ()>,
    ) {
        let shared = Arc::new(Shared {
            gateway: self.clone(),
            role,
            limits: config.limits,
        });
        let mut connections = JoinSet::new();
        let mut keeper = Keeper::new(config.timeouts);
        tokio::select! {
            () = stop => {}
            () = accept(&mut source, &shared, &mut connections, &mut keeper) => {}
        }
        while let Some(stream) = source.waiting() {
            connections.spawn(connection(stream, Arc::clone(&shared), keeper.open()));
        }
        drop(source);
        keeper.end();
        let ended = end(&mut connections, &mut keeper);
        let _ = timeout(config.timeouts.shutdown, ended).await;
        connections.shutdown().await;
    }
}

/// Ready when the sender is gone.
async fn gone(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}

/// Where connections come from.
enum Source {
    Listener(TcpListener),
    /// From the thread that listens.
    Handed(mpsc::Receiver<std::net::TcpStream>),
}

impl Source {
    /// The next connection; none after the last.
    async fn next(&mut self) -> io::Result<Option<TcpStream>> {
        match self {
            Self::Listener(listener) => Ok(Some(listener.accept().await?.0)),
            Self::Handed(handed) => handed.recv().await.map(TcpStream::from_std).transpose(),
        }
    }

    /// The next one that has been accepted already.
    fn waiting(&mut self) -> Option<TcpStream> {
        match self {
            Self::Listener(_) => None,
            Self::Handed(handed) => TcpStream::from_std(handed.try_recv().ok()?).ok(),
        }
    }
}

/// Hands connections to the threads in turn, so that all have as many. Ready when there
/// is no thread any more.
async fn hand_out(listener: &TcpListener, workers: &[mpsc::Sender<std::net::TcpStream>]) {
    let mut turn = 0;
    while !workers.iter().all(mpsc::Sender::is_closed) {
        match listener.accept().await {
            Ok((stream, _)) => match stream.into_std() {
                Ok(stream) => hand(stream, workers, &mut turn).await,
                Err(_) => sleep(BREATH).await,
            },
            // Out of file descriptors, most likely: that passes.
            Err(_) => sleep(BREATH).await,
        }
    }
}

/// Hands a connection to the next thread that has room: one that is full, or has ended,
/// holds up none of the others.
async fn hand(
    mut stream: std::net::TcpStream,
    workers: &[mpsc::Sender<std::net::TcpStream>],
    turn: &mut usize,
) {
    while !workers.iter().all(mpsc::Sender::is_closed) {
        for _ in workers {
            *turn = (*turn + 1) % workers.len();
            match workers[*turn].try_send(stream) {
                Ok(()) => return,
                Err(TrySendError::Full(back) | TrySendError::Closed(back)) => stream = back,
            }
        }
        sleep(BREATH).await;
    }
}

async fn accept(
    source: &mut Source,
    shared: &Arc<Shared>,
    connections: &mut JoinSet<()>,
    keeper: &mut Keeper,
) {
    loop {
        let has_room = connections.len() < shared.limits.connections;
        tokio::select! {
            Some(_) = connections.join_next() => {}
            () = keeper.tick() => {}
            next = source.next(), if has_room => match next {
                Ok(Some(stream)) => {
                    let pulse = keeper.open();
                    connections.spawn(connection(stream, Arc::clone(shared), pulse));
                }
                Ok(None) => return,
                // Out of file descriptors, most likely: that passes.
                Err(_) => sleep(BREATH).await,
            },
        }
    }
}

/// Waits for the last connection to end.
async fn end(connections: &mut JoinSet<()>, keeper: &mut Keeper) {
    while !connections.is_empty() {
        tokio::select! {
            _ = connections.join_next() => {}
            () = keeper.tick() => {}
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, pulse: Arc<Pulse>) {
    let _open = Open::new(shared.gateway.counters());
    // Small answers, one after another: without this each could wait for the
    // acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let tapped = Tapped::new(stream, Arc::clone(&pulse));
    let (of_service, its_pulse) = (Arc::clone(&shared), Arc::clone(&pulse));
    let service = service_fn(move |request| {
        respond(Arc::clone(&of_service), Arc::clone(&its_pulse), request)
    });
    let builder = builder(&shared);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(tapped), service));
    let mut is_ending = false;
    poll_fn(|context| {
        match pulse.order(context) {
            Order::GoOn => {}
            Order::End => {
                if !mem::replace(&mut is_ending, true) {
                    connection.as_mut().graceful_shutdown();
                }
            }
            Order::Close => return Poll::Ready(()),
        }
        connection.as_mut().poll(context).map(drop)
    })
    .await;
}

/// Counts a connection as long as it is open.
struct Open(Arc<Metrics>);

impl Open {
    fn new(metrics: &Arc<Metrics>) -> Self {
        metrics.connections.inc();
        Self(Arc::clone(metrics))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.connections.dec();
    }
}

fn builder(shared: &Shared) -> auto::Builder<TokioExecutor> {
    let limits = &shared.limits;
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .max_headers(limits.headers)
        .max_buf_size(limits.header_bytes)
        // The keeper looks after slow heads; this one would cut idle connections.
        .header_read_timeout(None);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    builder
}

async fn respond(
    shared: Arc<Shared>,
    pulse: Arc<Pulse>,
    request: Request<Incoming>,
) -> Result<Response<Observed>, Infallible> {
    let active = Active::new(pulse);
    let is_chunked = request.headers().contains_key(TRANSFER_ENCODING);
    let is_old = request.version() < Version::HTTP_2;
    let is_ambiguous = active.pulse().is_ambiguous();
    let mut response = match shared.role {
        Role::Admin => admin(&shared.gateway, &request),
        Role::Calls { .. } if is_ambiguous => {
            let refusal =
                Refusal::Ambiguous("it or one before it on the connection can be read in two ways");
            shared.gateway.refuse(refusal, &Shown::NOBODY)
        }
        Role::Calls { is_local } => shared.gateway.answer(request, is_local).await,
    };
    if is_old && (is_chunked || is_ambiguous) {
        // Where such a request ends is what servers have disagreed on before.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    Ok(response.map(|body| Observed::new(body, active)))
}

fn admin(gateway: &Gateway, request: &Request<Incoming>) -> Response<AnswerBody> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let (status, kind, text) = match request.uri().path() {
        "/metrics" if is_read => (StatusCode::OK, metrics::CONTENT_TYPE, gateway.metrics()),
        "/healthz" | "/readyz" if is_read => (StatusCode::OK, "text/plain", "ok\n".to_owned()),
        _ => (
            StatusCode::NOT_FOUND,
            "text/plain",
            "not found\n".to_owned(),
        ),
    };
    let mut response = Response::new(AnswerBody::whole(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
