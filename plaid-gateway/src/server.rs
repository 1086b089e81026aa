//! Listens, and bounds what a connection may do.

use std::convert::Infallible;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue, TRANSFER_ENCODING};
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::answer::AnswerBody;
use crate::config::{Config, Limits, Timeouts};
use crate::gateway::Gateway;
use crate::metrics;
use crate::origin::Shown;
use crate::pulse::{Active, Observed, Pulse, Tapped, Verdict};
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
    timeouts: Timeouts,
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
    /// an event loop of their own. A call then stays on its thread, which saves the
    /// price of waking another up: more than half of what a call costs.
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
        let mut workers = Vec::with_capacity(threads.get());
        let mut handles = Vec::with_capacity(threads.get());
        for _ in 0..threads.get() {
            let (hand, handed) = mpsc::channel(HANDED);
            let gateway = self.with_own_pool().map_err(io::Error::other)?;
            let config = config.clone();
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let work = move || {
                let source = Source::Handed(handed);
                runtime.block_on(gateway.run(source, role, &config, std::future::pending()));
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
        drop((listener, workers));
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
            timeouts: config.timeouts,
        });
        let mut connections = JoinSet::new();
        let (stopping, stopped) = watch::channel(());
        tokio::select! {
            () = stop => {}
            () = accept(&mut source, &shared, &mut connections, &stopped) => {}
        }
        drop(source);
        drop(stopping);
        let _ = timeout(config.timeouts.shutdown, async {
            while connections.join_next().await.is_some() {}
        })
        .await;
        connections.shutdown().await;
    }
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
}

/// Hands connections to the threads in turn, so that all have as many.
async fn hand_out(listener: &TcpListener, workers: &[mpsc::Sender<std::net::TcpStream>]) {
    for worker in workers.iter().cycle() {
        let stream = loop {
            match listener
                .accept()
                .await
                .and_then(|(stream, _)| stream.into_std())
            {
                Ok(stream) => break stream,
                Err(_) => sleep(BREATH).await,
            }
        };
        // One that has ended takes no more; the others do.
        let _ = worker.send(stream).await;
    }
}

async fn accept(
    source: &mut Source,
    shared: &Arc<Shared>,
    connections: &mut JoinSet<()>,
    stopped: &watch::Receiver<()>,
) {
    let permits = Arc::new(Semaphore::new(shared.limits.connections));
    loop {
        let next = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (permit, source.next().await)
        };
        tokio::select! {
            Some(_) = connections.join_next() => {}
            (permit, next) = next => match next {
                Ok(Some(stream)) => {
                    let connection = connection(stream, Arc::clone(shared), stopped.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(permit);
                    });
                }
                Ok(None) => return,
                // Out of file descriptors, most likely: that passes.
                Err(_) => sleep(BREATH).await,
            },
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, mut stopped: watch::Receiver<()>) {
    let open = &shared.gateway.counters().connections;
    open.inc();
    // Small answers, one after another: without this each could wait for the
    // acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let pulse = Pulse::new();
    let tapped = Tapped::new(stream, Arc::clone(&pulse));
    let (of_service, its_pulse) = (Arc::clone(&shared), Arc::clone(&pulse));
    let service = service_fn(move |request| {
        respond(Arc::clone(&of_service), Arc::clone(&its_pulse), request)
    });
    let builder = builder(&shared);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(tapped), service));
    let mut is_ending = false;
    let mut ticks = ticks(&shared.timeouts);
    loop {
        tokio::select! {
            _ = connection.as_mut() => break,
            _ = stopped.changed(), if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
            _ = ticks.tick() => match pulse.verdict(&shared.timeouts) {
                Verdict::Keep => {}
                Verdict::Idle if !is_ending => {
                    is_ending = true;
                    connection.as_mut().graceful_shutdown();
                }
                // It was asked to end, and its caller does not take the last bytes.
                Verdict::Idle | Verdict::Stuck => break,
            },
        }
    }
    open.dec();
}

/// Often enough to keep to the shortest of the times.
fn ticks(timeouts: &Timeouts) -> tokio::time::Interval {
    let shortest = timeouts.headers.min(timeouts.stall).min(timeouts.idle);
    let every = (shortest / 4).clamp(Duration::from_millis(10), Duration::from_secs(5));
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn builder(shared: &Shared) -> auto::Builder<TokioExecutor> {
    let limits = &shared.limits;
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .max_headers(limits.headers)
        .max_buf_size(limits.header_bytes)
        // The pulse looks after slow heads; this one would cut idle connections.
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
    let active = Active::new(&pulse);
    let is_chunked = request.headers().contains_key(TRANSFER_ENCODING);
    let is_old = request.version() < Version::HTTP_2;
    let is_ambiguous = pulse.is_ambiguous();
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
