//! Middleware by tower.

use std::error::Error as StdError;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};

use tower_service::Service;

use super::{HttpTransport, TransportFailure, TransportFuture};

type BoxError = Box<dyn StdError + Send + Sync>;

/// Sends requests through a [`tower`](https://docs.rs/tower) service, which is
/// mostly a `reqwest::Client` behind layers.
///
/// The service sees each attempt of a call with its credentials. Build its
/// `reqwest::Client` with `redirect::Policy::none()`: a redirect would take the
/// credentials along. It is cloned for each request, and the clone is asked whether
/// it is ready before it is called.
///
/// Errors that are `reqwest::Error` or [`TransportFailure`] are taken for what they
/// say. After any other the request may have been sent, as far as the client
/// knows; to tell it more, use [`classify`](Self::classify). A service that fails to
/// become ready has not sent anything.
///
/// ```
/// use std::time::Duration;
///
/// use plaid::{Client, Environment, TowerTransport};
/// use tower::ServiceBuilder;
///
/// let http = plaid::http_client_builder()?.build()?;
/// // At most ten requests at a time.
/// let service = ServiceBuilder::new().concurrency_limit(10).service(http);
/// let plaid = Client::builder()
///     .environment(Environment::Sandbox)
///     .credentials("client-id", "secret")
///     .transport(TowerTransport::new(service))
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TowerTransport<S> {
    /// Many services are `Send` and not `Sync`.
    service: Mutex<S>,
    classify: fn(BoxError) -> TransportFailure,
}

impl<S> TowerTransport<S> {
    /// A transport that is this service.
    pub fn new(service: S) -> Self {
        Self {
            service: Mutex::new(service),
            classify: failure,
        }
    }

    /// Says what the errors of the service mean, those that it fails to become ready
    /// with apart. [`TransportFailure::connect`] and [`TransportFailure::refused`]
    /// promise that nothing was sent.
    #[must_use]
    pub fn classify(mut self, classify: fn(BoxError) -> TransportFailure) -> Self {
        self.classify = classify;
        self
    }
}

impl<S> HttpTransport for TowerTransport<S>
where
    S: Service<reqwest::Request, Response = reqwest::Response> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    fn execute(&self, request: reqwest::Request) -> TransportFuture<'_> {
        let service = self.service.lock();
        // Only a clone that panics can poison it, and it is never left half changed.
        let mut service = service.unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move {
            poll_fn(|context| service.poll_ready(context))
                .await
                .map_err(TransportFailure::connect)?;
            let answer = service.call(request).await;
            answer.map_err(|error| (self.classify)(error.into()))
        })
    }
}

impl<S> fmt::Debug for TowerTransport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TowerTransport").finish_non_exhaustive()
    }
}

fn failure(error: BoxError) -> TransportFailure {
    let error = match error.downcast::<TransportFailure>() {
        Ok(failure) => return *failure,
        Err(error) => error,
    };
    match error.downcast::<reqwest::Error>() {
        Ok(error) => (*error).into(),
        Err(error) => TransportFailure::other(error),
    }
}
