//! The HTTP client that webhooks go through.

use std::{
    future::{Ready, ready},
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    task::{Context, Poll},
    time::Duration,
    vec,
};

use axum::http::{Request, header::CONTENT_TYPE};
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::{
    client::legacy::{
        Client,
        connect::{HttpConnector, dns::Name},
    },
    rt::TokioExecutor,
};
use tokio::time::timeout;
use tower_service::Service;
use url::Url;

/// How long a receiver may take before the delivery counts as failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends to this machine only: it knows `localhost` without asking a resolver, knows no
/// other name, follows no redirect and uses no proxy.
///
/// It is hyper's own client: one made for programs does all of that unless it is told not
/// to, and panics without a TLS provider when another crate turns its TLS on.
#[derive(Debug, Clone)]
pub(crate) struct Post(Client<HttpConnector<Localhost>, Full<Bytes>>);

impl Post {
    pub(crate) fn new() -> Self {
        let connector = HttpConnector::new_with_resolver(Localhost);
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }

    /// Sends a webhook, and returns the status that the receiver answered with, if it
    /// answered in time.
    pub(crate) async fn send(&self, url: &Url, signature: &str, body: &[u8]) -> Option<u16> {
        let request = Request::post(url.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header("Plaid-Verification", signature)
            .body(Full::from(body.to_vec()))
            .ok()?;
        let answer = timeout(PATIENCE, self.0.request(request)).await;
        Some(answer.ok()?.ok()?.status().as_u16())
    }
}

/// The one name that is known.
#[derive(Debug, Clone)]
struct Localhost;

impl Service<Name> for Localhost {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let addresses = vec![
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
        ];
        ready(match name.as_str().eq_ignore_ascii_case("localhost") {
            true => Ok(addresses.into_iter()),
            false => Err(io::ErrorKind::AddrNotAvailable.into()),
        })
    }
}
