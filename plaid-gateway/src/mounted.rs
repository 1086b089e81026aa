//! The gateway within a server that is not its own.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::answer::AnswerBody;
use crate::gateway::Gateway;

impl Gateway {
    /// A router to mount in an axum server of one's own.
    ///
    /// Whoever can reach that server can reach this, so it asks for keys: with a
    /// configuration without callers it refuses every call. It leaves the connections,
    /// and with them slow ones, to the server.
    pub fn router(&self) -> axum::Router {
        axum::Router::new().fallback_service(Mounted(self.clone()))
    }
}

#[derive(Clone)]
struct Mounted(Gateway);

impl<B> Service<Request<B>> for Mounted
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    type Response = Response<AnswerBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let gateway = self.0.clone();
        Box::pin(async move { Ok(gateway.answer(request, false).await) })
    }
}
