//! What carries requests to Plaid.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;

/// The answer to one request, later.
pub type TransportFuture<'a> =
    Pin<Box<dyn Future<Output = Result<reqwest::Response, TransportFailure>> + Send + 'a>>;

/// Sends one request: a `reqwest::Client`, or one of your own around it.
///
/// This is where middleware goes. A transport sees each attempt with its
/// credentials and must not follow redirects: they would take the credentials
/// along.
///
/// ```
/// use plaid::{HttpTransport, TransportFuture};
///
/// struct Counting {
///     inner: reqwest::Client,
///     requests: std::sync::atomic::AtomicU64,
/// }
///
/// impl HttpTransport for Counting {
///     fn execute(&self, request: reqwest::Request) -> TransportFuture<'_> {
///         self.requests.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
///         HttpTransport::execute(&self.inner, request)
///     }
/// }
/// ```
///
/// With the feature `tower`, a `TowerTransport` is one that goes through a tower
/// service. For the middleware of `reqwest-middleware`, it takes this:
///
/// ```
/// use plaid::{HttpTransport, TransportFailure, TransportFuture};
/// use reqwest_middleware::{ClientWithMiddleware, Error};
///
/// struct WithMiddleware(ClientWithMiddleware);
///
/// impl HttpTransport for WithMiddleware {
///     fn execute(&self, request: reqwest::Request) -> TransportFuture<'_> {
///         Box::pin(async move {
///             let answer = self.0.execute(request).await;
///             answer.map_err(|error| match error {
///                 Error::Reqwest(error) => error.into(),
///                 // It may have failed after the request was sent.
///                 Error::Middleware(error) => TransportFailure::other(error),
///             })
///         })
///     }
/// }
/// ```
pub trait HttpTransport: Send + Sync + 'static {
    /// Sends the request and returns as soon as the answer's headers are there.
    fn execute(&self, request: reqwest::Request) -> TransportFuture<'_>;
}

impl HttpTransport for reqwest::Client {
    fn execute(&self, request: reqwest::Request) -> TransportFuture<'_> {
        Box::pin(async move {
            let url = request.url().clone();
            let response = reqwest::Client::execute(self, request).await?;
            // The client that this crate makes never follows one; a caller's may.
            if *response.url() != url {
                return Err(TransportFailure::other("a redirect was followed"));
            }
            Ok(response)
        })
    }
}

type Cause = Box<dyn StdError + Send + Sync>;

/// Why a transport has no answer.
pub struct TransportFailure {
    kind: Kind,
    cause: Cause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Connect,
    Timeout,
    Refused,
    Other,
}

impl TransportFailure {
    /// No connection: it is certain that nothing was sent, so even a write may be
    /// tried again.
    pub fn connect(cause: impl Into<Cause>) -> Self {
        Self {
            kind: Kind::Connect,
            cause: cause.into(),
        }
    }

    /// The transport's own time limit; the request may have been sent.
    pub fn timeout(cause: impl Into<Cause>) -> Self {
        Self {
            kind: Kind::Timeout,
            cause: cause.into(),
        }
    }

    /// The transport will not send such a request, and would not later either. The
    /// call ends with [`Error::Config`](crate::Error::Config), which tells the cause.
    pub fn refused(cause: impl Into<Cause>) -> Self {
        Self {
            kind: Kind::Refused,
            cause: cause.into(),
        }
    }

    /// Anything else; the request may have been sent.
    pub fn other(cause: impl Into<Cause>) -> Self {
        Self {
            kind: Kind::Other,
            cause: cause.into(),
        }
    }

    /// Whether no connection was made.
    pub fn is_connect(&self) -> bool {
        self.kind == Kind::Connect
    }

    /// Whether the transport will not send such a request.
    pub fn is_refused(&self) -> bool {
        self.kind == Kind::Refused
    }

    /// Whether the transport's own time limit was reached.
    pub fn is_timeout(&self) -> bool {
        self.kind == Kind::Timeout
    }

    /// The cause as the transport gave it.
    pub fn cause(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.cause
    }

    /// reqwest's errors name an address at most, since their URL was taken away;
    /// what another transport's print is not known.
    pub(crate) fn printable_source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.cause.downcast_ref::<reqwest::Error>()?;
        Some(source)
    }

    /// The innermost cause, which says most ("Connection refused").
    pub(crate) fn root(&self) -> String {
        let mut root: &dyn StdError = self.cause();
        while let Some(source) = root.source() {
            root = source;
        }
        root.to_string()
    }
}

impl From<reqwest::Error> for TransportFailure {
    fn from(error: reqwest::Error) -> Self {
        let kind = if error.is_connect() || error.is_builder() {
            Kind::Connect
        } else if error.is_timeout() {
            Kind::Timeout
        } else {
            Kind::Other
        };
        Self {
            kind,
            cause: Box::new(error.without_url()),
        }
    }
}

/// Without the cause, whose texts are the transport's own.
impl fmt::Display for TransportFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self.kind {
            Kind::Connect => "no connection",
            Kind::Timeout => "the transport's time limit was reached",
            Kind::Refused => "the transport refused the request",
            Kind::Other => "the transport failed",
        })
    }
}

impl StdError for TransportFailure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.cause())
    }
}

impl fmt::Debug for TransportFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportFailure")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
