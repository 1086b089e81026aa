//! Everything about a gateway that can be set.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use http::uri::{Authority, Scheme};
use http::{HeaderName, HeaderValue, Uri};
use plaid_common::PLAID_VERSION;

use crate::callers::Caller;
use crate::credentials::Credentials;
use crate::error::ConfigError;
use crate::tap::{MAX_HEAD, MAX_HEADERS};

/// How a gateway is to behave.
///
/// ```
/// use plaid_gateway::{Caller, Config, Credentials, NewKey, Upstream};
///
/// let key = NewKey::generate()?;
/// let mut config = Config::new(Upstream::sandbox());
/// config.credentials = Some(Credentials::new("a-client-id", "a-secret")?);
/// let caller = Caller::new("billing", key.hash).products(["transactions"]);
/// config.callers.push(caller);
/// # Ok::<(), plaid_gateway::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Where the command listens: `127.0.0.1:4010`. With port 0 a free one is taken.
    pub listen: SocketAddr,
    /// Where metrics are served, if anywhere. It asks nobody who they are, so it belongs
    /// on an address that only the machine or the cluster reaches.
    pub admin: Option<SocketAddr>,
    /// Where calls go.
    pub upstream: Upstream,
    /// What they are made with.
    pub credentials: Option<Credentials>,
    /// The `Plaid-Version` of every call.
    pub plaid_version: String,
    /// Who may call. Without any, the gateway serves this machine alone.
    pub callers: Vec<Caller>,
    /// Whether a caller on this machine may send credentials of its own.
    pub allow_caller_credentials: bool,
    /// Whether the explorer is served. Unset: on a loopback address.
    pub explorer: Option<bool>,
    /// Other gateways that the explorer's page may call, as origins.
    pub explorer_gateways: Vec<String>,
    /// Origins whose pages may call, such as `https://app.example`.
    pub cors_origins: Vec<String>,
    /// Headers to forward besides those of the API.
    pub forward_headers: Vec<String>,
    /// What callers may use up together.
    pub limits: Limits,
    /// How long things may take.
    pub timeouts: Timeouts,
}

/// What callers may use up together, whoever they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Connections at a time: 16384. More wait until one is closed.
    pub connections: usize,
    /// Calls under way at a time: 1024.
    pub calls: usize,
    /// Bytes of a request's body: 1 MiB.
    pub body: usize,
    /// Bytes of all bodies that come in more than one piece, from the first of them until
    /// the upstream begins to answer: 64 MiB.
    pub bodies: usize,
    /// Bytes of an answer: 256 MiB. A longer one is cut off.
    pub answer: u64,
    /// Headers of a request: 64. At most 128: the gateway looks at heads before it lets the
    /// HTTP library read them, and looks no further.
    pub headers: usize,
    /// Bytes of a request's headers: 16 KiB. At least 8 KiB, and at most 64 KiB for the
    /// same reason.
    pub header_bytes: usize,
    /// Calls under way at a time on one connection of HTTP/2: 100.
    pub streams: u32,
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// From the first byte of a request to the end of its headers: 10 s.
    pub headers: Duration,
    /// For the body: 30 s.
    pub body: Duration,
    /// For connecting to the upstream, with the look-up of its name and TLS: 10 s.
    pub connect: Duration,
    /// Until the upstream begins to answer: 150 s. Plaid may take a minute or two when it
    /// asks a bank.
    pub first_byte: Duration,
    /// Between two pieces of the answer: 30 s.
    pub answer: Duration,
    /// How long a caller may take nothing of an answer: 30 s. At most three quarters of it
    /// later the connection is closed, with everything else that it has under way.
    pub stall: Duration,
    /// How long a connection may be open without a request: 75 s. It has to be longer
    /// than a load balancer keeps connections, which is 60 s with most.
    pub idle: Duration,
    /// How long calls under way may take to end after a signal to stop: 30 s.
    pub shutdown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            calls: 1024,
            body: 1024 * 1024,
            bodies: 64 * 1024 * 1024,
            answer: 256 * 1024 * 1024,
            headers: 64,
            header_bytes: 16 * 1024,
            streams: 100,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            headers: seconds(10),
            body: seconds(30),
            connect: seconds(10),
            first_byte: seconds(150),
            answer: seconds(30),
            stall: seconds(30),
            idle: seconds(75),
            shutdown: seconds(30),
        }
    }
}

impl Config {
    /// The defaults, for an upstream.
    pub fn new(upstream: Upstream) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4010)),
            admin: None,
            upstream,
            credentials: None,
            plaid_version: PLAID_VERSION.to_owned(),
            callers: Vec::new(),
            allow_caller_credentials: false,
            explorer: None,
            explorer_gateways: Vec::new(),
            cors_origins: Vec::new(),
            forward_headers: Vec::new(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
        }
    }

    /// What holds for the gateway as a whole, wherever it is mounted.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let is_open = !self.listen.ip().is_loopback();
        if is_open && self.callers.is_empty() {
            return Err(ConfigError::new(
                "without a caller key the gateway listens on loopback only: \
                 make a key with `plaid-gateway key new` and add it as a [[caller]]",
            ));
        }
        if is_open && self.allow_caller_credentials {
            return Err(ConfigError::new(
                "callers may send their own credentials to a gateway on loopback only",
            ));
        }
        if self.credentials.is_none() && !self.allow_caller_credentials {
            return Err(ConfigError::new(
                "the gateway has no credentials: \
                 set PLAID_CLIENT_ID and PLAID_SECRET, or [credentials] in its file",
            ));
        }
        for origin in self.cors_origins.iter().chain(&self.explorer_gateways) {
            check_origin(origin)?;
        }
        for name in &self.forward_headers {
            forwardable(name)?;
        }
        HeaderValue::from_str(&self.plaid_version)
            .map_err(|_| ConfigError::new("plaid_version has characters that are not allowed"))?;
        self.limits.check()?;
        self.timeouts.check()
    }

    /// Whether there is an explorer. `is_local`: for requests that came over a loopback
    /// address.
    pub(crate) fn serves_explorer(&self, is_local: bool) -> bool {
        self.explorer.unwrap_or(is_local)
    }
}

impl Limits {
    fn check(&self) -> Result<(), ConfigError> {
        let sizes = [
            self.connections,
            self.calls,
            self.body,
            self.bodies,
            self.headers,
        ];
        // Half a gigabyte, or half a billion: more is a mistake in writing.
        let most = u32::MAX as usize >> 3;
        if sizes.contains(&0) || self.answer == 0 || self.streams == 0 {
            return Err(ConfigError::new(
                "a limit is zero, which lets nothing through",
            ));
        }
        if sizes.iter().any(|size| *size > most) {
            return Err(ConfigError::new(format!("a limit is larger than {most}")));
        }
        if self.bodies < self.body {
            return Err(ConfigError::new(
                "limits.bodies is smaller than limits.body",
            ));
        }
        if self.headers > MAX_HEADERS {
            return Err(ConfigError::new(format!(
                "limits.headers has to be {MAX_HEADERS} or less"
            )));
        }
        if !(8192..=MAX_HEAD).contains(&self.header_bytes) {
            return Err(ConfigError::new(format!(
                "limits.header_bytes has to be 8192 or more, and {MAX_HEAD} or less"
            )));
        }
        Ok(())
    }
}

impl Timeouts {
    fn check(&self) -> Result<(), ConfigError> {
        let all = [
            self.headers,
            self.body,
            self.connect,
            self.first_byte,
            self.answer,
            self.stall,
            self.idle,
        ];
        if all.iter().any(Duration::is_zero) {
            return Err(ConfigError::new(
                "a timeout is zero, which lets nothing through",
            ));
        }
        Ok(())
    }
}

/// The one place that calls go to.
#[derive(Clone, PartialEq, Eq)]
pub struct Upstream {
    pub(crate) name: &'static str,
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    /// What stands before the operation's path; most often nothing.
    pub(crate) prefix: String,
}

impl Upstream {
    /// Plaid's sandbox: test data.
    pub fn sandbox() -> Self {
        Self::plaid("sandbox", "sandbox.plaid.com")
    }

    /// Plaid's production: real banks, real money.
    pub fn production() -> Self {
        Self::plaid("production", "production.plaid.com")
    }

    fn plaid(name: &'static str, host: &'static str) -> Self {
        Self {
            name,
            scheme: Scheme::HTTPS,
            authority: Authority::from_static(host),
            prefix: String::new(),
        }
    }

    /// An emulator at this URL.
    ///
    /// # Errors
    /// As [`at`](Self::at).
    pub fn emulator(url: &str) -> Result<Self, ConfigError> {
        Ok(Self {
            name: "emulator",
            ..Self::at(url)?
        })
    }

    #[cfg(feature = "command")]
    pub(crate) fn is_emulator(&self) -> bool {
        self.name == "emulator"
    }

    /// Some other place that speaks Plaid's API.
    ///
    /// # Errors
    /// When the URL is not https (http for this machine), or has a user name, query or
    /// fragment.
    pub fn at(url: &str) -> Result<Self, ConfigError> {
        let uri: Uri = url
            .parse()
            .map_err(|_| ConfigError::new("the upstream is not a URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(ConfigError::new("the upstream has to begin with https://"));
        };
        let is_plain = *scheme == Scheme::HTTP && is_loopback(authority.host());
        if *scheme != Scheme::HTTPS && !is_plain {
            return Err(ConfigError::new(
                "the upstream has to begin with https://, or http:// for this machine: \
                 plain http shows the credentials to the network",
            ));
        }
        if authority.as_str().contains('@') || uri.query().is_some() || url.contains('#') {
            return Err(ConfigError::new(
                "the upstream has a user name, a query or a fragment in it",
            ));
        }
        Ok(Self {
            name: "custom",
            scheme: scheme.clone(),
            authority: authority.clone(),
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

/// The name and the host.
impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.authority.host())
    }
}

/// Whether a host name, as it stands in a URL, can only be this machine's.
pub(crate) fn is_loopback(host: &str) -> bool {
    let ip = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || ip.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn check_origin(origin: &str) -> Result<(), ConfigError> {
    let problem = || {
        ConfigError::new(format!(
            "{origin:?} is not an origin: it has to be like https://app.example, \
             without a path, and `*` is not one",
        ))
    };
    let (scheme, authority) = origin.split_once("://").ok_or_else(problem)?;
    let parsed: Authority = authority.parse().map_err(|_| problem())?;
    let is_plain =
        parsed.as_str() == authority && !authority.contains(['@', '*', '/', '\'', ';', ',']);
    let is_lower = !origin.bytes().any(|b| b.is_ascii_uppercase());
    if !["http", "https"].contains(&scheme) || !is_plain || !is_lower {
        return Err(problem());
    }
    Ok(())
}

/// A header that may be forwarded on request: not one that means something between two
/// neighbours, nor one that is the gateway's to set.
pub(crate) fn forwardable(name: &str) -> Result<HeaderName, ConfigError> {
    let parsed: Option<HeaderName> = name.parse().ok();
    let is_own = |name: &HeaderName| {
        let name = name.as_str();
        RESERVED.contains(&name)
            || [
                "proxy-",
                "sec-",
                "x-forwarded-",
                "content-",
                "access-control-",
            ]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    parsed
        .filter(|name| !is_own(name))
        .ok_or_else(|| ConfigError::new(format!("the header {name:?} cannot be forwarded")))
}

const RESERVED: [&str; 19] = [
    "accept-encoding",
    "authorization",
    "connection",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "origin",
    "plaid-client-id",
    "plaid-secret",
    "plaid-version",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-real-ip",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let mut config = Config::new(Upstream::sandbox());
        config.credentials = Some(Credentials::new("id", "planted").unwrap());
        config
    }

    #[test]
    fn without_a_key_nothing_but_loopback_is_listened_on() {
        let mut config = config();
        assert_eq!(config.check(), Ok(()));
        config.listen = "0.0.0.0:4010".parse().unwrap();
        assert!(config.check().unwrap_err().to_string().contains("key new"));
        config
            .callers
            .push(Caller::new("a", crate::KeyHash::of("a")));
        assert_eq!(config.check(), Ok(()));
        config.allow_caller_credentials = true;
        assert!(config.check().is_err());
    }

    #[test]
    fn heads_are_no_larger_than_what_is_looked_at() {
        for (headers, header_bytes, is_good) in [
            (MAX_HEADERS, MAX_HEAD, true),
            (MAX_HEADERS + 1, MAX_HEAD, false),
            (MAX_HEADERS, MAX_HEAD + 1, false),
            (1, 8192, true),
            (1, 8191, false),
        ] {
            let mut config = config();
            config.limits.headers = headers;
            config.limits.header_bytes = header_bytes;
            assert_eq!(config.check().is_ok(), is_good, "{headers} {header_bytes}");
        }
    }

    #[test]
    fn an_upstream_is_https_or_this_machine() {
        for url in [
            "https://plaid.example",
            "https://plaid.example:8443/prefix/",
            "http://127.0.0.1:1",
            "http://localhost:1",
            "http://[::1]:1",
        ] {
            assert!(Upstream::at(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "planted",
            "http://plaid.example",
            "http://127.0.0.1.plaid.example",
            "ftp://plaid.example",
            "https://user:planted@plaid.example",
            "https://plaid.example/?a=planted",
            "https://plaid.example/#planted",
        ] {
            let error = Upstream::at(url).unwrap_err().to_string();
            assert!(!error.contains("planted"), "{error}");
        }
    }

    #[test]
    fn origins_are_exact() {
        for origin in ["https://app.example", "http://localhost:5173"] {
            assert!(check_origin(origin).is_ok(), "{origin}");
        }
        for origin in [
            "*",
            "null",
            "app.example",
            "https://*.example",
            "https://app.example/",
            "https://App.example",
            "https://a@app.example",
            "file://a",
            "https://a.example; script-src *",
        ] {
            assert!(check_origin(origin).is_err(), "{origin}");
        }
    }

    #[test]
    fn what_is_the_gateways_to_set_is_not_forwarded() {
        assert!(forwardable("X-Experiment").is_ok());
        for name in [
            "Plaid-Secret",
            "cookie",
            "X-Forwarded-For",
            "a b",
            "TE",
            "content-type",
        ] {
            assert!(forwardable(name).is_err(), "{name}");
        }
    }

    #[test]
    fn debug_shows_no_credentials() {
        assert!(!format!("{:?}", config()).contains("planted"));
    }
}
