//! The gateway: what happens to a request.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response};
use http_body::Body;

use crate::answer::AnswerBody;
use crate::call::Call;
use crate::config::Config;
use crate::error::ConfigError;
use crate::metrics::Metrics;
use crate::origin::{self, Shown};
use crate::record::Record;
use crate::refusal::{Refusal, request_id};
use crate::settings::Settings;
use crate::slots::{Room, Slots};
use crate::upstream::Pool;
use crate::{explorer, headers};

/// A gateway. Clones are the same gateway.
///
/// ```
/// use plaid_gateway::{Caller, Config, Credentials, Gateway, NewKey, Upstream};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = NewKey::generate()?;
/// let mut config = Config::new(Upstream::sandbox());
/// config.credentials = Some(Credentials::new("a-client-id", "a-secret")?);
/// let caller = Caller::new("billing", key.hash).products(["transactions"]);
/// config.callers.push(caller);
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
    room: Room,
    metrics: Arc<Metrics>,
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
            room: Room {
                calls: Slots::new(limits.calls),
                bodies: Slots::new(limits.bodies),
            },
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

    /// The metrics in the text format of Prometheus.
    pub fn metrics(&self) -> String {
        self.inner.metrics.text(self.inner.room.calls.taken())
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
            room: &self.inner.room,
            upstream: &self.upstream,
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

/// The upstream and nothing of what callers send.
impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.settings();
        f.debug_struct("Gateway")
            .field("upstream", &settings.config.upstream)
            .finish_non_exhaustive()
    }
}
