//! The HTTP side: listens, bounds what a caller may do, turns a request into a
//! call of its handler and the outcome into an answer.

use std::{
    convert::Infallible,
    future::ready,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{FromRequestParts, RawPathParams, Request, State as Shared},
    http::{HeaderValue, Method, Response, StatusCode, header, request::Parts},
    routing::{MethodFilter, on},
};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use hyper::{body::Incoming as HyperBody, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use plaid_common::rate_limits;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{
        Notify, Semaphore,
        mpsc::{self, error::TrySendError},
        watch,
    },
    task::JoinSet,
    time::timeout,
};

use crate::{
    agenda, answers,
    call::{Call, Content, Handler, Incoming, Reply},
    contract::{Contract, Operation},
    control,
    error::ApiError,
    faults::{Asked, Fault, Faults},
    ids::Ids,
    lock,
    log::{Log, LoggedRequest},
    products,
    state::State,
    storage::{Storage, Unwritten},
    validate::{self, Credentials},
    webhook::{Attempt, Delivery, Mail, Order, Sorted},
};

/// The largest request body.
const MAX_BODY: usize = 1024 * 1024;
/// How long a caller may take to send its headers, and again for the body. An
/// idle connection is closed after the same time.
const SEND_PATIENCE: Duration = Duration::from_secs(30);
/// Connections at a time. More wait until one is closed.
const MAX_CONNECTIONS: usize = 512;
/// How long requests under way may take to end after the emulator was stopped.
const FAREWELL: Duration = Duration::from_secs(1);

const REQUEST_ID: &str = "Plaid-Request-ID";
const CONTENT_HASH: &str = "Plaid-Content-Hash";
const JSON: &str = "application/json; charset=utf-8";
const HTML: &str = "text/html";

/// What all requests share.
pub(crate) struct App {
    pub(crate) contract: &'static Contract,
    pub(crate) credentials: Credentials,
    pub(crate) state: Mutex<State>,
    /// Apart from the state's, so that a request id does not depend on what
    /// the request did.
    pub(crate) request_ids: Mutex<Ids>,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    /// Whether callers on other machines may use the controls.
    pub(crate) control_from_anywhere: bool,
    /// Says that the agenda may have become longer.
    pub(crate) planned: Notify,
    pub(crate) mail: Mail,
    /// The data file, if there is one.
    pub(crate) storage: Option<Storage>,
    pub(crate) deliveries: mpsc::Sender<Delivery>,
}

/// An operation and the code behind it.
#[derive(Clone, Copy)]
struct Route {
    operation: &'static Operation,
    handler: Option<Handler>,
}

/// Who is calling.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// What is still to be done for a request that was handled.
#[derive(Debug)]
#[must_use = "the webhooks have not left, and the changes may not be written"]
pub(crate) struct Receipt {
    outbox: Vec<Delivery>,
    /// The change that has to be on the disk first.
    change: Result<u64, Unwritten>,
}

fn not_written(_: Unwritten) -> ApiError {
    ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "API_ERROR",
        "INTERNAL_SERVER_ERROR",
        "the emulator cannot write its data file; start it again when there is room and \
         the file is there",
    )
}

/// Marks an answer in whose place the connection is closed.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the connection is closed on request")]
struct HangUp;

/// Serves until `stop` changes, then for a moment longer for the sake of the
/// requests under way. Everything it started ends with it.
pub(crate) async fn serve(listener: TcpListener, app: Arc<App>, mut stop: watch::Receiver<()>) {
    let router = router(app);
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (permit, listener.accept().await)
        };
        tokio::select! {
            _ = stop.changed() => break,
            Some(_) = connections.join_next() => {}
            (permit, accepted) = accepted => match accepted {
                Ok((stream, peer)) => {
                    let connection =
                        connection(stream, Peer(peer), router.clone(), stop.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(permit);
                    });
                }
                // Out of file descriptors, most likely: that passes.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
        }
    }
    drop(listener);
    let _ = timeout(FAREWELL, async {
        while connections.join_next().await.is_some() {}
    })
    .await;
}

async fn connection(stream: TcpStream, peer: Peer, router: Router, mut stop: watch::Receiver<()>) {
    let service = TowerToHyperService::new(router);
    let service = hyper::service::service_fn(move |mut request: Request<HyperBody>| {
        request.extensions_mut().insert(peer);
        let answer = service.call(request);
        async move {
            let answer = answer
                .await
                .unwrap_or_else(|never: Infallible| match never {});
            match answer.extensions().get::<HangUp>() {
                Some(hang_up) => Err(*hang_up),
                None => Ok(answer),
            }
        }
    });
    // Small answers, one after another: without this each could wait for the
    // acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SEND_PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stop.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for operation in app.contract.operations() {
        let method = operation
            .method
            .parse::<Method>()
            .ok()
            .and_then(|method| MethodFilter::try_from(method).ok());
        let Some(method) = method else {
            continue;
        };
        let handler = products::handler(&operation.id);
        let route = Route { operation, handler };
        let service = move |Shared(app): Shared<Arc<App>>, request| async move {
            app.answer(Some(route), request).await
        };
        router = router.route(&operation.path, on(method, service));
    }
    let nowhere =
        |Shared(app): Shared<Arc<App>>, request| async move { app.answer(None, request).await };
    router
        .nest(control::PATH, control::router(Arc::clone(&app)))
        .fallback(nowhere)
        .method_not_allowed_fallback(nowhere)
        .with_state(app)
}

impl App {
    async fn answer(self: &Arc<Self>, route: Option<Route>, request: Request) -> Response<Body> {
        let request_id = lock(&self.request_ids).request_id();
        let operation = route.map(|route| route.operation.path.as_str());
        let (request, asked_item) = self.asked_item(request).await;
        let fault = self.faults.take(&Asked {
            path: request.uri().path(),
            operation,
            id: route.map(|route| route.operation.id.as_str()),
            item_id: asked_item.as_deref(),
        });
        let family = Family::of(operation);
        let mut item_id = None;
        let answer = match prepared(fault.as_ref(), &request_id, family) {
            Some(answer) => {
                if !matches!(fault, Some(Fault::Drop)) {
                    swallow(request.into_body()).await;
                }
                answer
            }
            None => {
                if let Some(Fault::Delay(delay)) = fault {
                    tokio::time::sleep(delay).await;
                }
                let outcome = self.handle(route, request, &mut item_id).await;
                render(outcome, &request_id, family)
            }
        };
        let hung_up = matches!(fault, Some(Fault::Drop));
        self.log.push(LoggedRequest {
            operation,
            status: (!hung_up).then_some(answer.status),
            request_id: request_id.clone(),
            item_id,
        });
        respond(answer, &request_id, fault)
    }

    /// The Item whose token a request has, for the rules that want to know; without
    /// such a rule a request is decided on before its body is read.
    async fn asked_item(&self, request: Request) -> (Request, Option<String>) {
        if !self.faults.look_at_items() {
            return (request, None);
        }
        let (parts, body) = request.into_parts();
        let Ok(Ok(body)) = timeout(SEND_PATIENCE, to_bytes(body, MAX_BODY)).await else {
            // It is answered like a body that is too large.
            let broken = stream::once(ready(Err::<Bytes, _>(io::Error::other("unreadable"))));
            return (Request::from_parts(parts, Body::from_stream(broken)), None);
        };
        let fields: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let state = lock(&self.state);
        let of_processor = || state.processor_tokens.get(text("processor_token")?);
        let item_id = text("access_token")
            .and_then(|token| state.item_of_access_token(token).ok())
            .or_else(|| of_processor().map(|token| token.item_id.as_str()))
            .map(str::to_owned);
        drop(state);
        (Request::from_parts(parts, Body::from(body)), item_id)
    }

    async fn handle(
        self: &Arc<Self>,
        route: Option<Route>,
        request: Request,
        item_id: &mut Option<String>,
    ) -> Result<Reply, ApiError> {
        let Some(Route { operation, handler }) = route else {
            swallow(request.into_body()).await;
            return Err(ApiError::not_found());
        };
        let (mut parts, body) = request.into_parts();
        let path_parameter = path_parameter(&mut parts).await;
        let body = read(&operation.method, &parts, body).await?;
        if operation.credentials {
            self.credentials.check(&parts.headers, &body)?;
        }
        validate::check_body(self.contract, operation, &body)?;
        let incoming = Incoming {
            headers: parts.headers,
            body,
            path_parameter,
        };
        let (outcome, receipt) = self.act(&incoming, |call| {
            agenda::catch_up(call);
            let outcome = check_limits(call, operation).and_then(|()| match handler {
                Some(handler) => handler(call),
                None => answers::answer(self.contract, operation, call),
            });
            *item_id = call.item_id.take();
            outcome
        });
        self.finished(receipt).await.map_err(not_written)?;
        outcome
    }

    /// Reads and changes the state. What has changed is on the disk, and webhooks
    /// leave, when the receipt is finished.
    pub(crate) fn act<T>(
        &self,
        request: &Incoming,
        work: impl FnOnce(&mut Call<'_>) -> T,
    ) -> (T, Receipt) {
        let mut state = lock(&self.state);
        let mut call = Call::new(request, &mut state);
        let outcome = work(&mut call);
        let mut outbox = call.outbox;
        state.keep_webhooks(&mut outbox);
        let change = self.record(&mut state);
        drop(state);
        self.planned.notify_one();
        (outcome, Receipt { outbox, change })
    }

    /// Queues what has changed. The lock on the state keeps the order.
    fn record(&self, state: &mut State) -> Result<u64, Unwritten> {
        match &self.storage {
            Some(storage) => Ok(storage.put(state.changes()?)),
            None => Ok(0),
        }
    }

    /// Waits for the disk, then lets the webhooks go. This blocks, for as long as
    /// writing takes; for the methods of [`Sandbox`](crate::Sandbox) that are not
    /// asynchronous.
    pub(crate) fn finish(&self, receipt: Receipt) -> Result<(), Unwritten> {
        let Receipt { outbox, change } = receipt;
        let change = change?;
        if let Some(storage) = &self.storage {
            storage.settle(change)?;
        }
        self.post(outbox);
        Ok(())
    }

    /// The same without blocking. It goes on when the caller has gone away.
    async fn finished(self: &Arc<Self>, receipt: Receipt) -> Result<(), Unwritten> {
        let is_durable = match (&self.storage, &receipt.change) {
            (Some(storage), Ok(change)) => storage.is_durable(*change),
            _ => true,
        };
        if is_durable {
            return self.finish(receipt);
        }
        let app = Arc::clone(self);
        tokio::task::spawn_blocking(move || app.finish(receipt))
            .await
            .unwrap_or(Err(Unwritten))
    }

    /// Lets go of the data file.
    pub(crate) async fn close(self: &Arc<Self>) {
        if self.storage.is_none() {
            return;
        }
        let app = Arc::clone(self);
        let close = move || app.storage.as_ref().map(Storage::close);
        // Failing to join means that the runtime is going down, and the file with it.
        let _ = tokio::task::spawn_blocking(close).await;
    }

    /// Forgets a webhook that was written down, or remembers when it is tried again.
    pub(crate) fn keep_webhook(self: &Arc<Self>, number: Option<u64>, attempt: Option<&Attempt>) {
        let (Some(number), Some(_)) = (number, &self.storage) else {
            return;
        };
        let change = {
            let mut state = lock(&self.state);
            state.keep_webhook(number, attempt);
            self.record(&mut state)
        };
        let app = Arc::clone(self);
        // Nobody waits for this: who is told of a webhook twice has been told.
        tokio::task::spawn_blocking(move || {
            let outbox = Vec::new();
            let _ = app.finish(Receipt { outbox, change });
        });
    }

    /// Lets the webhooks go that were held back.
    pub(crate) fn release(&self, order: Order) {
        self.send(self.mail.release(order));
    }

    /// Lets happen what the clock shows to be due.
    pub(crate) fn catch_up(&self) {
        let request = Incoming::default();
        let ((), receipt) = self.act(&request, agenda::catch_up);
        // Should it fail, every later request says so.
        let _ = self.finish(receipt);
    }

    /// Lets things happen when they are due, also when nobody asks for anything.
    pub(crate) async fn keep_time(self: &Arc<Self>) {
        loop {
            let (next, clock) = {
                let state = lock(&self.state);
                (state.agenda.next(), state.clock.clone())
            };
            let due = async {
                match next {
                    Some(next) => clock.reached(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {
                    let request = Incoming::default();
                    let ((), receipt) = self.act(&request, agenda::catch_up);
                    let _ = self.finished(receipt).await;
                }
                // Something that is due earlier may have been planned.
                () = self.planned.notified() => {}
            }
        }
    }

    /// Hands webhooks to the task that delivers them. When its queue is full
    /// they are lost, as they are when a receiver is down for long.
    fn post(&self, outbox: Vec<Delivery>) {
        let Sorted { leaving, lost } = self.mail.take(outbox);
        self.send(leaving);
        self.lose(&lost);
    }

    fn send(&self, leaving: Vec<Delivery>) {
        let lost: Vec<_> = leaving
            .into_iter()
            .filter_map(|delivery| self.deliveries.try_send(delivery).err())
            .filter_map(|error| match error {
                TrySendError::Full(delivery) => Some(delivery),
                // The emulator stops. They leave when it is started again.
                TrySendError::Closed(_) => None,
            })
            .collect();
        self.lose(&lost);
    }

    /// Does not keep webhooks any longer. That is written with the next change.
    fn lose(&self, lost: &[Delivery]) {
        if lost.is_empty() {
            return;
        }
        let mut state = lock(&self.state);
        for number in lost.iter().filter_map(|delivery| delivery.number) {
            state.keep_webhook(number, None);
        }
    }
}

/// Reads a body that nobody looks at. A connection that is answered before its
/// request has been read is closed under the caller, who may then see a reset in
/// place of the answer.
async fn swallow(body: Body) {
    let _ = timeout(SEND_PATIENCE, to_bytes(body, MAX_BODY)).await;
}

fn check_limits(call: &mut Call<'_>, operation: &Operation) -> Result<(), ApiError> {
    let field = rate_limits::subject(&operation.path);
    let subject = call.request.body.get(field).and_then(Value::as_str);
    let subject = match field {
        // Tokens of one Item are counted together.
        "access_token" => subject.and_then(|token| call.state.item_of_access_token(token).ok()),
        _ => subject,
    };
    let (subject, now) = (subject.map(str::to_owned), call.state.now());
    let limits = &mut call.state.limits;
    limits.check(&operation.path, subject.as_deref(), now)
}

/// An answer of the controls.
pub(crate) fn json_answer(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(pretty(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}

/// The JSON object that the controls are told.
pub(crate) async fn read_json(request: Request) -> Result<Map<String, Value>, ApiError> {
    let (parts, body) = request.into_parts();
    read("POST", &parts, body).await
}

/// An answer before it becomes HTTP.
struct Answer {
    status: u16,
    /// Empty if there is no content.
    content_type: &'static str,
    body: Vec<u8>,
    content_hash: Option<String>,
}

/// The shape in which an operation reports errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Plaid,
    /// Three operations follow the standard of OAuth.
    OAuth,
}

impl Family {
    fn of(operation: Option<&str>) -> Self {
        match operation {
            Some("/oauth/introspect" | "/oauth/revoke" | "/oauth/token") => Self::OAuth,
            _ => Self::Plaid,
        }
    }
}

/// The answer of a fault that does not look at the request.
fn prepared(fault: Option<&Fault>, request_id: &str, family: Family) -> Option<Answer> {
    match fault? {
        Fault::Status { status, body } => Some(Answer {
            status: final_status(*status).as_u16(),
            content_type: if serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok() {
                JSON
            } else {
                HTML
            },
            body: body.clone().into_bytes(),
            content_hash: None,
        }),
        Fault::Error {
            error_type,
            error_code,
            status,
        } => {
            let message = "this error was asked for";
            let error = ApiError::new(
                final_status(*status),
                error_type.clone(),
                error_code.clone(),
                message,
            );
            Some(render_error(&error, request_id, family))
        }
        Fault::RateLimit => {
            let error = ApiError::rate_limit("RATE_LIMIT");
            Some(render_error(&error, request_id, family))
        }
        Fault::Drop => Some(Answer {
            status: 500,
            content_type: HTML,
            body: Vec::new(),
            content_hash: None,
        }),
        Fault::Delay(_) | Fault::Truncate => None,
    }
}

/// A status that can end a request; an interim one would leave the caller
/// waiting for the real answer.
fn final_status(status: u16) -> StatusCode {
    StatusCode::from_u16(status)
        .ok()
        .filter(|status| !status.is_informational())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn render(outcome: Result<Reply, ApiError>, request_id: &str, family: Family) -> Answer {
    let Reply {
        status,
        content,
        content_hash,
    } = match outcome {
        Ok(reply) => reply,
        Err(error) => return render_error(&error, request_id, family),
    };
    let (content_type, body) = match content {
        Content::Nothing => ("", Vec::new()),
        Content::Pdf(bytes) => ("application/pdf", bytes),
        Content::Zip(bytes) => ("application/zip", bytes),
        Content::BareJson(body) => (JSON, pretty(&body)),
        Content::Deferred(write) => (JSON, write(request_id)),
        Content::Json(mut body) => {
            if let Some(fields) = body.as_object_mut() {
                fields.insert("request_id".into(), request_id.into());
            }
            (JSON, pretty(&body))
        }
    };
    Answer {
        status: status.as_u16(),
        content_type,
        body,
        content_hash,
    }
}

fn render_error(error: &ApiError, request_id: &str, family: Family) -> Answer {
    Answer {
        status: error.status.as_u16(),
        content_type: JSON,
        body: match family {
            Family::Plaid => error.body(request_id),
            Family::OAuth => error.oauth_body(request_id),
        },
        content_hash: None,
    }
}

pub(crate) fn pretty(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(body).unwrap_or_default()
}

fn respond(answer: Answer, request_id: &str, fault: Option<Fault>) -> Response<Body> {
    let length = answer.body.len();
    let mut response = Response::new(match fault {
        Some(Fault::Truncate) => half(answer.body),
        _ => Body::from(answer.body),
    });
    *response.status_mut() = final_status(answer.status);
    let headers = response.headers_mut();
    if !answer.content_type.is_empty() {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(answer.content_type),
        );
    }
    let hash = answer.content_hash.as_deref().map(HeaderValue::from_str);
    if let Some(Ok(hash)) = hash {
        headers.insert(CONTENT_HASH, hash);
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Ok(request_id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, request_id);
    }
    if matches!(fault, Some(Fault::Drop)) {
        response.extensions_mut().insert(HangUp);
    }
    response
}

/// The first half of a body, then a failure, upon which the connection is
/// closed. The pause between the two lets the half reach the caller.
fn half(mut body: Vec<u8>) -> Body {
    body.truncate(body.len() / 2);
    let failure = async {
        tokio::task::yield_now().await;
        Err(io::Error::other(HangUp))
    };
    let half = stream::once(ready(Ok(Bytes::from(body))));
    Body::from_stream(half.chain(stream::once(failure)))
}

async fn path_parameter(parts: &mut Parts) -> Option<String> {
    let parameters = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    parameters.iter().last().map(|(_, value)| value.to_owned())
}

async fn read(method: &str, parts: &Parts, body: Body) -> Result<Map<String, Value>, ApiError> {
    if method == "GET" {
        return Ok(Map::new());
    }
    let too_slow = |_| {
        ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            "INVALID_REQUEST",
            "INVALID_BODY",
            "the body did not arrive in time",
        )
    };
    let too_large = |_| {
        ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "INVALID_REQUEST",
            "INVALID_BODY",
            "the body is too large",
        )
    };
    let body = timeout(SEND_PATIENCE, to_bytes(body, MAX_BODY))
        .await
        .map_err(too_slow)?
        .map_err(too_large)?;
    validate::json_object(&parts.headers, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_final_statuses_are_answered() {
        assert_eq!(final_status(504), StatusCode::GATEWAY_TIMEOUT);
        for status in [0, 100, 101, 1000] {
            assert_eq!(final_status(status), StatusCode::INTERNAL_SERVER_ERROR);
        }
    }
}
