//! Which limits a client keeps to.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How many requests within how much time.
///
/// The time is a sliding window: wherever one begins to look, no span of that length
/// has more requests. Nothing keeps all of them from being sent in its first
/// instant.
///
/// ```
/// use std::time::Duration;
/// use plaid::Limit;
///
/// assert_eq!(Limit::per_minute(5), Limit::new(5, Duration::from_secs(60)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub(super) requests: u32,
    pub(super) window: Duration,
}

impl Limit {
    /// So many requests within any span of this length.
    pub const fn new(requests: u32, window: Duration) -> Self {
        Self { requests, window }
    }

    /// So many requests within any minute.
    pub const fn per_minute(requests: u32) -> Self {
        Self::new(requests, Duration::from_secs(60))
    }

    /// How many requests.
    pub const fn requests(&self) -> u32 {
        self.requests
    }

    /// Within how much time.
    pub const fn window(&self) -> Duration {
        self.window
    }

    /// With a zero in it, nothing would ever be sent, or everything at once.
    fn is_usable(&self) -> bool {
        self.requests > 0 && !self.window.is_zero()
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests within {:?}", self.requests, self.window)
    }
}

/// The limits of one operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) item: Option<Limit>,
    pub(super) client: Option<Limit>,
}

/// The rate limits that a client keeps to; see
/// [`ClientBuilder::rate_limits`](crate::ClientBuilder::rate_limits).
///
/// ```
/// use plaid::{Client, Environment, Limit, RateLimits};
///
/// let limits = RateLimits::published(Environment::Production)
///     // Our team was given more.
///     .per_client("/accounts/balance/get", Limit::per_minute(5_000))
///     // Leave half to the other service that has the same Items.
///     .per_item("/transactions/sync", Limit::per_minute(25));
/// let plaid = Client::builder()
///     .environment(Environment::Production)
///     .credentials("client-id", "secret")
///     .rate_limits(limits)
///     .build()?;
/// # Ok::<(), plaid::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct RateLimits {
    pub(super) by_path: BTreeMap<Cow<'static, str>, Pair>,
}

impl RateLimits {
    /// No limits. A client that is given these still pauses an operation or Item of
    /// which Plaid says that there were too many requests.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits the requests of an operation for each Item, or for each report or
    /// consent where those are what Plaid counts by. The operation is named by its
    /// path, for instance `/accounts/get`.
    pub fn per_item(mut self, path: impl Into<Cow<'static, str>>, limit: Limit) -> Self {
        self.pair(path).item = Some(limit);
        self
    }

    /// Limits the requests of an operation for all Items together. The operation is
    /// named by its path, for instance `/accounts/get`.
    pub fn per_client(mut self, path: impl Into<Cow<'static, str>>, limit: Limit) -> Self {
        self.pair(path).client = Some(limit);
        self
    }

    /// Takes the limits of an operation away.
    pub fn without(mut self, path: &str) -> Self {
        self.by_path.remove(path);
        self
    }

    /// The limits of an operation: for each Item, and for all together.
    pub fn of(&self, path: &str) -> (Option<Limit>, Option<Limit>) {
        let pair = self.pair_of(path);
        (pair.item, pair.client)
    }

    pub(super) fn pair_of(&self, path: &str) -> Pair {
        self.by_path.get(path).copied().unwrap_or_default()
    }

    fn pair(&mut self, path: impl Into<Cow<'static, str>>) -> &mut Pair {
        self.by_path.entry(path.into()).or_default()
    }

    /// What makes them unusable, if anything does.
    pub(crate) fn problem(&self) -> Option<String> {
        let limits = |pair: &Pair| pair.item.into_iter().chain(pair.client);
        self.by_path.iter().find_map(|(path, pair)| {
            if !path.starts_with('/') {
                return Some(format!(
                    "rate limits: `{path}` is not a path like /item/get"
                ));
            }
            let is_bad = limits(pair).any(|limit| !limit.is_usable());
            is_bad.then(|| format!("the rate limit of {path} has a zero in it"))
        })
    }
}

/// What a limit is kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitScope {
    /// The requests of an operation for one Item, report or consent.
    Item,
    /// All requests of an operation that the client makes.
    Client,
}

impl fmt::Display for LimitScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Item => "one Item",
            Self::Client => "the client",
        })
    }
}
