//! What stands between progenitor's client and the network.
//!
//! progenitor resolves hook calls while this crate compiles, so the hook has to
//! live here; what it does is decided by whoever hands in the [`Transport`].

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use progenitor_client::{ClientHooks, ClientInfo, Error, OperationInfo, ResponseValue};
use reqwest::header::{ACCEPT, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;

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

impl Client {
    /// What progenitor writes for an operation that posts JSON and gets JSON; the
    /// generated methods call it, so that it is there once.
    pub(crate) async fn post_json<B, T, E>(
        &self,
        path: &str,
        operation_id: &'static str,
        body: &B,
    ) -> Result<ResponseValue<T>, Error<E>>
    where
        B: Serialize,
        T: DeserializeOwned,
        E: DeserializeOwned + Debug,
    {
        let mut request = self
            .client
            .post(format!("{}{path}", self.baseurl))
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .json(body)
            .build()?;
        let info = OperationInfo { operation_id };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200..=299 => ResponseValue::from_response(response).await,
            _ => Err(Error::ErrorResponse(
                ResponseValue::from_response(response).await?,
            )),
        }
    }
}
