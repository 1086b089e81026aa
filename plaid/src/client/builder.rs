//! Everything about a client that can be set.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use plaid_gen::wire::{Secret, Tolerance};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::redirect;

use super::Client;
use super::core::{Core, PLAID_CLIENT_ID, PLAID_SECRET, Settings};
use crate::config::{BaseUrl, ConfigError, Environment};
use crate::error::{Error, Result};
use crate::limit::{Limiter, RateLimits};
use crate::net::HttpTransport;
#[cfg(feature = "rustls")]
use crate::net::tls;
use crate::redact::Redactor;
use crate::retry::RetryPolicy;

/// The version of the API that the types of this crate describe.
const PLAID_VERSION: &str = plaid_common::PLAID_VERSION;
const USER_AGENT_TEXT: &str = concat!("plaid-rust/", env!("CARGO_PKG_VERSION"));
/// Calls that ask a bank may take 30 s and more, some more than a minute.
const TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_BODY: usize = 64 * 1024 * 1024;

/// Makes a [`Client`].
///
/// ```
/// use std::time::Duration;
/// use plaid::{Client, Environment, RetryPolicy};
///
/// let plaid = Client::builder()
///     .environment(Environment::Sandbox)
///     .credentials("client-id", "secret")
///     .timeout(Duration::from_secs(60))
///     .retry(RetryPolicy::none())
///     .build()?;
/// # Ok::<(), plaid::Error>(())
/// ```
#[must_use]
pub struct ClientBuilder {
    target: Option<Target>,
    access: Access,
    settings: Settings,
    connect_timeout: Duration,
    plaid_version: String,
    allow_insecure: bool,
    http_client: Option<reqwest::Client>,
    transport: Option<Arc<dyn HttpTransport>>,
    rate_limits: Option<RateLimits>,
}

enum Target {
    Environment(Environment),
    Url(String),
}

/// By what the caller proves who they are.
#[derive(Default)]
struct Access {
    /// Whether a gateway is called, which has credentials of its own.
    is_gateway: bool,
    key: Option<Secret>,
    credentials: Option<(Secret, Secret)>,
}

impl ClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            target: None,
            access: Access::default(),
            settings: Settings {
                timeout: TIMEOUT,
                retry: RetryPolicy::new(),
                max_body: MAX_BODY,
                tolerance: Tolerance::Strict,
            },
            connect_timeout: CONNECT_TIMEOUT,
            plaid_version: PLAID_VERSION.to_owned(),
            allow_insecure: false,
            http_client: None,
            transport: None,
            rate_limits: None,
        }
    }

    pub(crate) fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let required = |name: &str| {
            let value = lookup(name).filter(|value| !value.is_empty());
            value.ok_or_else(|| Error::config(format!("{name} is missing or empty")))
        };
        let environment = lookup("PLAID_ENV").unwrap_or_default();
        let builder = Self::new().environment_or_url(environment)?;
        let client_id = required("PLAID_CLIENT_ID")?;
        Ok(builder.credentials(client_id, required("PLAID_SECRET")?))
    }

    /// The value of `PLAID_ENV`. It is not quoted: people put secrets there.
    fn environment_or_url(self, value: String) -> Result<Self> {
        if value.starts_with("https://") || value.starts_with("http://") {
            return Ok(self.base_url(value));
        }
        let environment = value.parse().map_err(|_| {
            let state = if value.is_empty() {
                "missing or empty"
            } else {
                "unknown"
            };
            Error::config(format!(
                "PLAID_ENV is {state}: it has to be `sandbox`, `production` or a base URL \
                 that begins with https:// (http:// for this machine)",
            ))
        })?;
        Ok(self.environment(environment))
    }

    /// Which of Plaid's environments to use. There is no default.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.target = Some(Target::Environment(environment));
        self
    }

    /// Another place that speaks Plaid's API, in place of an environment.
    ///
    /// It has to be https, unless it is on this machine, and without user name,
    /// query or fragment.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.target = Some(Target::Url(url.into()));
        self
    }

    /// Plaid's credentials.
    ///
    /// With a [`gateway`](Self::gateway) they are used in place of its own, if it takes
    /// credentials of its callers; they are then sent to it as headers with every call
    /// that has any.
    ///
    /// ```
    /// let plaid = plaid::Client::gateway("http://127.0.0.1:4010")
    ///     .key("pgk_of_this_program")
    ///     .credentials("client-id", "secret")
    ///     .build()?;
    /// # Ok::<(), plaid::Error>(())
    /// ```
    pub fn credentials(mut self, client_id: impl Into<Secret>, secret: impl Into<Secret>) -> Self {
        self.access.credentials = Some((client_id.into(), secret.into()));
        self
    }

    /// A gateway that adds the credentials on the server; see [`Client::gateway`].
    pub fn gateway(mut self, url: impl Into<String>) -> Self {
        self.access.is_gateway = true;
        self.base_url(url)
    }

    /// The key that the gateway knows the caller by, sent as a bearer token.
    pub fn key(mut self, key: impl Into<Secret>) -> Self {
        self.access.key = Some(key.into());
        self
    }

    /// How long a whole call may take, retries and pauses included: 120 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How long connecting may take: 10 s. Without effect on an
    /// [`http_client`](Self::http_client) or [`transport`](Self::transport).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// When calls are tried again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = policy;
        self
    }

    /// Keeps to rate limits on this side: a request that would exceed one waits here
    /// until there is room, in the order of arrival, as long as the call may take.
    /// If it is clear that it would have to wait for longer, the call fails at
    /// once with [`Error::HeldBack`](crate::Error::HeldBack). Without this there are
    /// no limits.
    ///
    /// Clones of the client share what they know; other clients and processes
    /// with the same credentials do not. Every attempt counts. After Plaid answers
    /// that there were too many requests nevertheless, nothing is sent for that
    /// operation and Item for as long as the answer says, or for a second and
    /// then longer and longer: a minute at most.
    pub fn rate_limits(mut self, limits: RateLimits) -> Self {
        self.rate_limits = Some(limits);
        self
    }

    /// How many bytes of an answer are taken: 64 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.settings.max_body = bytes;
        self
    }

    /// How answers are taken that are not as described: [`Tolerance::Strict`].
    ///
    /// With [`Tolerance::Report`] an answer is read with more care, which takes several
    /// times as long, and what is wrong with it is in
    /// [`Response::deviations`](crate::Response::deviations) and, as a warning without
    /// values, in the traces.
    ///
    /// ```
    /// # fn example(builder: plaid::ClientBuilder) -> plaid::ClientBuilder {
    /// builder.tolerance(plaid::Tolerance::Report)
    /// # }
    /// ```
    pub fn tolerance(mut self, tolerance: Tolerance) -> Self {
        self.settings.tolerance = tolerance;
        self
    }

    /// The version of the API, in place of the one that the types describe.
    pub fn plaid_version(mut self, version: impl Into<String>) -> Self {
        self.plaid_version = version.into();
        self
    }

    /// A client of your own, for its proxies, certificates or pools.
    ///
    /// Start from [`http_client_builder`], which has this crate's TLS and follows no
    /// redirects. Plaid does not redirect, and reqwest would take the credentials along.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// A transport of your own; middleware goes here.
    pub fn transport(mut self, transport: impl HttpTransport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Allows plain http to other machines, which shows the credentials and every
    /// answer to the network in between.
    pub fn allow_insecure(mut self) -> Self {
        self.allow_insecure = true;
        self
    }

    /// Makes the client. Nothing is sent.
    ///
    /// # Errors
    /// [`Error::Config`] when something is missing, contradictory or not usable.
    pub fn build(self) -> Result<Client> {
        if self.settings.timeout.is_zero() {
            return Err(Error::config("the timeout is zero"));
        }
        if let Some(problem) = self.rate_limits.as_ref().and_then(RateLimits::problem) {
            return Err(Error::config(problem));
        }
        let base_url = match &self.target {
            Some(Target::Environment(environment)) => BaseUrl::parse(environment.base_url(), false),
            Some(Target::Url(url)) => BaseUrl::parse(url, self.allow_insecure),
            None => Err(ConfigError::new(
                "the client needs an environment or a base URL",
            )),
        }
        .map_err(Error::of_config)?;
        let mut open_headers = open_headers(&self.plaid_version)?;
        let mut headers = open_headers.clone();
        self.access.check(self.target.as_ref())?;
        let known = self.access.add(&mut headers, &mut open_headers)?;
        let factory = match self.http_client {
            Some(client) => client,
            None => http_client(&base_url, self.connect_timeout)?,
        };
        Ok(Client::from_core(Core {
            api: base_url.api(factory.clone()),
            transport: self.transport.unwrap_or_else(|| Arc::new(factory)),
            limiter: self
                .rate_limits
                .map(|limits| Arc::new(Limiter::new(limits))),
            redactor: Redactor::new(known),
            settings: self.settings,
            credentials: self.access.credentials,
            is_gateway: self.access.is_gateway,
            headers,
            open_headers,
            base_url,
            #[cfg(feature = "webhooks")]
            webhook_keys: Arc::default(),
        }))
    }
}

/// What this crate's own HTTP client is built from, for a client of yours
/// ([`ClientBuilder::http_client`]): the TLS library and trust roots of this crate's features,
/// no redirects and no `Referer`.
///
/// `reqwest::Client::new()` has other TLS, or none: with `rustls-ring` alone it panics, because
/// reqwest itself brings AWS-LC or nothing.
///
/// # Errors
///
/// [`Error::Config`] when the trust roots cannot be read, or no TLS provider is there.
///
/// ```
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let proxy = reqwest::Proxy::https("http://proxy.internal.example:3128")?;
/// let http = plaid::http_client_builder()?.proxy(proxy).build()?;
/// let plaid = plaid::Client::builder()
///     .environment(plaid::Environment::Sandbox)
///     .credentials("client-id", "secret")
///     .http_client(http)
///     .build()?;
/// # Ok(())
/// # }
/// # example().unwrap();
/// ```
pub fn http_client_builder() -> Result<reqwest::ClientBuilder> {
    client_builder(true)
}

fn client_builder(is_encrypted: bool) -> Result<reqwest::ClientBuilder> {
    let builder = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .referer(false);
    #[cfg(feature = "rustls")]
    let builder = {
        let config = match is_encrypted {
            true => tls::client_config(),
            false => tls::unused(),
        };
        builder.tls_backend_preconfigured(config.map_err(Error::of_config)?)
    };
    #[cfg(not(feature = "rustls"))]
    let _ = is_encrypted;
    Ok(builder)
}

fn http_client(base_url: &BaseUrl, connect_timeout: Duration) -> Result<reqwest::Client> {
    let is_local = base_url.is_loopback() && base_url.as_str().starts_with("http:");
    let mut builder = client_builder(!is_local)?;
    if base_url.is_loopback() {
        // A proxy has no way to this machine, and would see plain http.
        builder = builder.no_proxy();
    }
    builder
        .connect_timeout(connect_timeout)
        .build()
        .map_err(|_| Error::config("the HTTP client cannot be made: no TLS or trust roots"))
}

fn open_headers(plaid_version: &str) -> Result<HeaderMap> {
    let version = HeaderValue::from_str(plaid_version)
        .map_err(|_| Error::config("plaid_version has characters that are not allowed"))?;
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static("plaid-version"), version);
    headers.insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_TEXT));
    Ok(headers)
}

impl Access {
    /// A key is for a gateway alone: nobody else is to see it.
    fn check(&self, target: Option<&Target>) -> Result<()> {
        let is_environment = matches!(target, Some(Target::Environment(_)));
        if is_environment && (self.is_gateway || self.key.is_some()) {
            return Err(Error::config(
                "a gateway and its key do not go with an environment of Plaid's: \
                 set either gateway(url) or environment(…)",
            ));
        }
        if self.key.is_some() && self.credentials.is_some() && !self.is_gateway {
            return Err(Error::config(
                "a key goes with credentials at a gateway alone: set it by gateway(url)",
            ));
        }
        if !self.is_gateway && self.key.is_none() && self.credentials.is_none() {
            return Err(Error::config(
                "the client needs credentials; a gateway, which has its own, is set by gateway(url)",
            ));
        }
        Ok(())
    }

    /// Adds what proves who the caller is, and tells what never to print. The key goes
    /// along with every request, the credentials with those that have any.
    fn add(&self, headers: &mut HeaderMap, open_headers: &mut HeaderMap) -> Result<Vec<Secret>> {
        if let Some(key) = &self.key {
            let value = sensitive("the gateway's key", "Bearer ", key)?;
            headers.insert(AUTHORIZATION, value.clone());
            open_headers.insert(AUTHORIZATION, value);
        }
        if let Some((client_id, secret)) = &self.credentials {
            let id = HeaderName::from_static(PLAID_CLIENT_ID);
            headers.insert(id, sensitive("the client id", "", client_id)?);
            let name = HeaderName::from_static(PLAID_SECRET);
            headers.insert(name, sensitive("the secret", "", secret)?);
        }
        let pair = self
            .credentials
            .iter()
            .flat_map(|(id, secret)| [id, secret]);
        Ok(self.key.iter().chain(pair).cloned().collect())
    }
}

/// A header's value that is not shown.
fn sensitive(what: &str, prefix: &str, secret: &Secret) -> Result<HeaderValue> {
    let text = secret.expose_secret();
    if let Some(problem) = plaid_common::credential::problem(text) {
        return Err(Error::config(format!("{what} {problem}")));
    }
    let mut value = HeaderValue::from_str(&format!("{prefix}{text}"))
        .map_err(|_| Error::config(format!("{what} does not fit into a header")))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What has been set, without values that may be secret.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("settings", &self.settings)
            .field("connect_timeout", &self.connect_timeout)
            .field("allow_insecure", &self.allow_insecure)
            .finish_non_exhaustive()
    }
}
