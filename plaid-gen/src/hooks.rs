//! What stands between progenitor's client and the network.
//!
//! progenitor resolves hook calls while this crate compiles, so the hook has to
//! live here; what it does is decided by whoever hands in the [`Transport`].

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};

use crate::Client;

/// The answer to one request, later.
pub type Answer<'a> = Pin<Box<dyn Future<Output = reqwest::Result<reqwest::Response>> + Send + 'a>>;

/// Sends one request of an operation and hands back what came.
///
/// Whatever a call needs beyond its body (credentials, retries, limits, traces)
/// is done by the implementation.
pub trait Transport: Debug + Send + Sync {
    /// Sends the request.
    fn execute(&self, request: reqwest::Request) -> Answer<'_>;
}

/// The transport behind a [`Client`], shared by its clones.
#[derive(Clone, Debug)]
pub struct Connection(pub Arc<dyn Transport>);

impl ClientHooks<Connection> for Client {
    async fn exec(
        &self,
        request: reqwest::Request,
        _operation: &OperationInfo,
    ) -> reqwest::Result<reqwest::Response> {
        self.inner().0.execute(request).await
    }
}
