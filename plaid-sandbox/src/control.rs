//! The emulator's controls over HTTP, for tests in other languages: what the
//! methods of [`Sandbox`](crate::Sandbox) do.
//!
//! They stand under a path that no operation of the API has. They answer callers on
//! this machine only, unless the emulator was started otherwise, and only under an
//! address or the name `localhost`, so that a page in a browser that has pointed its
//! own name at this machine gets nothing.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State as Shared},
    http::{HeaderMap, Response, StatusCode, header::HOST},
    middleware::{self, Next},
    routing::{delete, get, post},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    call::Incoming,
    error::ApiError,
    faults::{Fault, FaultRule},
    lock,
    products::{
        identity_verification, link,
        transactions::{self, TransactionsError},
    },
    server::{App, Peer, json_answer, read_json},
    webhook::Order,
};

/// Where the controls stand.
pub(crate) const PATH: &str = "/_sandbox";

/// The routes, without the path in front of them.
pub(crate) fn router(app: Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/", get(about))
        .route("/clock/advance", post(advance))
        .route("/requests", get(requests).delete(forget_requests))
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/faults/{id}", delete(remove_fault))
        .route("/items/{id}/transactions", post(add_transactions))
        .route(
            "/identity_verification/complete",
            post(complete_verification),
        )
        .route("/link/complete", post(complete_link))
        .route("/rate_limits", post(rate_limits))
        .route("/webhooks", get(webhooks))
        .route("/webhooks/hold", post(hold_webhooks))
        .route("/webhooks/release", post(release_webhooks))
        .route("/webhooks/repeat", post(repeat_webhooks))
        .layer(middleware::from_fn_with_state(app, guard))
}

/// Lets nobody in who should not be here; for them there is nothing here.
async fn guard(Shared(app): Shared<Arc<App>>, request: Request, next: Next) -> Response<Body> {
    let peer = request.extensions().get::<Peer>();
    let may = may_control(peer.copied(), app.control_from_anywhere);
    if may && is_called_by_address(request.headers()) {
        next.run(request).await
    } else {
        failed(&ApiError::not_found())
    }
}

/// Whether somebody who calls from there may use the controls.
fn may_control(peer: Option<Peer>, from_anywhere: bool) -> bool {
    from_anywhere || peer.is_some_and(|peer| peer.0.ip().to_canonical().is_loopback())
}

fn is_called_by_address(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok()
}

fn answered(body: Value) -> Response<Body> {
    json_answer(StatusCode::OK, &body)
}

fn failed(error: &ApiError) -> Response<Body> {
    let body = json!({ "error": error.message.as_deref().unwrap_or_default() });
    json_answer(error.status, &body)
}

/// What a control is told. It has to be labelled as JSON, which a page of another
/// origin cannot do unasked.
async fn told<T: DeserializeOwned>(request: Request) -> Result<T, ApiError> {
    let body = read_json(request).await?;
    T::deserialize(Value::Object(body))
        .map_err(|error| ApiError::invalid_field(format!("the body is not understood: {error}")))
}

/// Does something with what a control is told.
async fn with<T: DeserializeOwned>(
    request: Request,
    act: impl FnOnce(T) -> Result<Value, ApiError>,
) -> Response<Body> {
    match told(request).await.and_then(act) {
        Ok(body) => answered(body),
        Err(error) => failed(&error),
    }
}

async fn about(Shared(app): Shared<Arc<App>>) -> Response<Body> {
    answered(json!({
        "client_id": app.credentials.client_id,
        "environment": "sandbox",
        "now": lock(&app.state).now(),
        "operations": app.contract.operations().len(),
        "secret": app.credentials.secret,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: u64,
}

async fn advance(Shared(app): Shared<Arc<App>>, request: Request) -> Response<Body> {
    with(request, |told: Advance| {
        app.advance(Duration::from_secs(told.seconds));
        Ok(json!({ "now": lock(&app.state).now() }))
    })
    .await
}

async fn requests(Shared(app): Shared<Arc<App>>) -> Response<Body> {
    answered(json!({ "requests": app.log.requests() }))
}

async fn forget_requests(Shared(app): Shared<Arc<App>>) -> Response<Body> {
    app.log.clear();
    answered(json!({}))
}

/// A fault as JSON says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Kind {
    Status {
        status: u16,
        #[serde(default)]
        body: String,
    },
    Error {
        error_type: String,
        error_code: String,
        #[serde(default = "bad_request")]
        status: u16,
    },
    RateLimit,
    Delay {
        milliseconds: u64,
    },
    Drop,
    Truncate,
    Html {
        #[serde(default = "bad_gateway")]
        status: u16,
    },
    WrongJson,
}

fn bad_request() -> u16 {
    400
}

fn bad_gateway() -> u16 {
    502
}

impl From<Kind> for Fault {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Status { status, body } => Self::Status { status, body },
            Kind::Error {
                error_type,
                error_code,
                status,
            } => Self::Error {
                error_type,
                error_code,
                status,
            },
            Kind::RateLimit => Self::RateLimit,
            Kind::Delay { milliseconds } => Self::Delay(Duration::from_millis(milliseconds)),
            Kind::Drop => Self::Drop,
            Kind::Truncate => Self::Truncate,
            Kind::Html { status } => Self::html(status),
            Kind::WrongJson => Self::wrong_json(),
        }
    }
}

/// A rule as JSON says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    fault: Kind,
    operation: Option<String>,
    item_id: Option<String>,
    from: Option<u64>,
    times: Option<u64>,
    nth: Option<u64>,
    probability: Option<Probability>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Probability {
    percent: u8,
    #[serde(default)]
    seed: u64,
}

impl From<Rule> for FaultRule {
    fn from(told: Rule) -> Self {
        let mut rule = Self::new(told.fault.into());
        if let Some(operation) = told.operation {
            rule = rule.operation(operation);
        }
        if let Some(item_id) = told.item_id {
            rule = rule.item(item_id);
        }
        if let Some(number) = told.from {
            rule = rule.from(number);
        }
        if let Some(times) = told.times {
            rule = rule.times(times);
        }
        if let Some(number) = told.nth {
            rule = rule.nth(number);
        }
        if let Some(Probability { percent, seed }) = told.probability {
            rule = rule.probability(percent, seed);
        }
        rule
    }
}

async fn add_fault(Shared(app): Shared<Arc<App>>, request: Request) -> Response<Body> {
    with(request, |rule: Rule| {
        Ok(json!({ "id": app.faults.add(rule.into()) }))
    })
    .await
}

async fn faults(Shared(app): Shared<Arc<App>>) -> Response<Body> {
    let faults = app.faults.hits().into_iter();
    let faults: Vec<_> = faults
        .map(|(id, hits)| json!({ "hits": hits, "id": id }))
        .collect();
    answered(json!({ "faults": faults }))
}

async fn clear_faults(Shared(app): Shared<Arc<App>>) -> Response<Body> {
    app.faults.clear();
    answered(json!({}))
}

async fn remove_fault(Shared(app): Shared<Arc<App>>, Path(id): Path<String>) -> Response<Body> {
    match id.parse() {
        Ok(id) if app.faults.remove(id) => answered(json!({})),
        _ => failed(&ApiError::not_found()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompleteLink {
    link_token: String,
}

async fn complete_link(Shared(app): Shared<Arc<App>>, request: Request) -> Response<Body> {
    with(request, |told: CompleteLink| {
        let public_token = app
            .complete_link(&told.link_token)
            .map_err(|error| ApiError::invalid_field(error.to_string()))?;
        Ok(json!({ "public_token": public_token }))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddTransactions {
    count: usize,
}

async fn add_transactions(
    Shared(app): Shared<Arc<App>>,
    Path(item_id): Path<String>,
    request: Request,
) -> Response<Body> {
    let count = match told(request).await {
        Ok(AddTransactions { count }) => count,
        Err(error) => return failed(&error),
    };
    // Ten thousand transactions take a while to be written to a disk.
    let added = tokio::task::spawn_blocking(move || app.add_transactions(&item_id, count));
    match added.await.unwrap_or(Err(TransactionsError::NotWritten)) {
        Ok(()) => answered(json!({ "added": count })),
        Err(error) => failed(&not_added(error)),
    }
}

fn not_added(error: TransactionsError) -> ApiError {
    let status = match error {
        TransactionsError::UnknownItem => StatusCode::NOT_FOUND,
        TransactionsError::NotWritten => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    let mut error = ApiError::invalid_field(error.to_string());
    error.status = status;
    error
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompleteVerification {
    identity_verification_id: String,
    passed: bool,
}

async fn complete_verification(Shared(app): Shared<Arc<App>>, request: Request) -> Response<Body> {
    with(request, |told: CompleteVerification| {
        let id = &told.identity_verification_id;
        app.complete_verification(id, told.passed)
            .map_err(|error| ApiError::invalid_field(error.to_string()))?;
        Ok(json!({}))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateLimits {
    enforced: bool,
}

async fn rate_limits(Shared(app): Shared<Arc<App>>, request: Request) -> Response<Body> {
    with(request, |told: RateLimits| {
        lock(&app.state).limits.enforced = told.enforced;
        Ok(json!({}))
    })
    .await
}

async fn webhooks(Shared(app): Shared<Arc<App>>) -> Response<Body> {
    answered(json!({ "webhooks": app.mail.sent() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn hold_webhooks(Shared(app): Shared<Arc<App>>, request: Request) -> Response<Body> {
    with(request, |_: Nothing| {
        app.mail.hold();
        Ok(json!({}))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    #[serde(default)]
    order: Order,
}

async fn release_webhooks(Shared(app): Shared<Arc<App>>, request: Request) -> Response<Body> {
    with(request, |told: Release| {
        app.release(told.order);
        Ok(json!({}))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Repeat {
    times: usize,
}

async fn repeat_webhooks(Shared(app): Shared<Arc<App>>, request: Request) -> Response<Body> {
    with(request, |told: Repeat| {
        app.mail.copies(told.times);
        Ok(json!({}))
    })
    .await
}

impl App {
    /// See [`Sandbox::advance`](crate::Sandbox::advance).
    pub(crate) fn advance(&self, by: Duration) {
        let clock = lock(&self.state).clock.clone();
        clock.advance(by);
        self.catch_up();
    }

    /// See [`Sandbox::complete_identity_verification`](crate::Sandbox::complete_identity_verification).
    pub(crate) fn complete_verification(
        &self,
        id: &str,
        passed: bool,
    ) -> Result<(), crate::VerificationError> {
        let request = Incoming::default();
        let (is_done, receipt) = self.act(&request, |call| {
            identity_verification::complete(call, id, passed)
        });
        self.finish(receipt)
            .map_err(|_| crate::VerificationError::NotWritten)?;
        is_done
            .then_some(())
            .ok_or(crate::VerificationError::NotWaiting)
    }

    /// See [`Sandbox::complete_link`](crate::Sandbox::complete_link).
    pub(crate) fn complete_link(&self, link_token: &str) -> Result<String, crate::LinkError> {
        let request = Incoming::default();
        let (public_token, receipt) = self.act(&request, |call| link::complete(call, link_token));
        self.finish(receipt)
            .map_err(|_| crate::LinkError::NotWritten)?;
        public_token
    }

    /// See [`Sandbox::add_transactions`](crate::Sandbox::add_transactions).
    pub(crate) fn add_transactions(
        &self,
        item_id: &str,
        count: usize,
    ) -> Result<(), TransactionsError> {
        let request = Incoming::default();
        let (added, receipt) = self.act(&request, |call| transactions::add(call, item_id, count));
        self.finish(receipt)
            .map_err(|_| TransactionsError::NotWritten)?;
        added
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn callers_on_other_machines_are_refused_unless_they_are_wanted() {
        let from = |address: &str| Some(Peer(address.parse().unwrap()));
        for near in [
            "127.0.0.1:80",
            "127.8.9.1:80",
            "[::1]:80",
            "[::ffff:127.0.0.1]:80",
        ] {
            assert!(may_control(from(near), false), "{near}");
        }
        for far in [
            "192.0.2.1:80",
            "10.0.0.1:80",
            "[2001:db8::1]:80",
            "0.0.0.0:80",
        ] {
            assert!(!may_control(from(far), false), "{far}");
            assert!(may_control(from(far), true), "{far}");
        }
        assert!(!may_control(None, false), "from nowhere");
    }

    #[test]
    fn only_addresses_and_localhost_are_names_of_this_machine() {
        let called = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            is_called_by_address(&headers)
        };
        for host in [
            "127.0.0.1:80",
            "127.0.0.1",
            "localhost:1",
            "[::1]:80",
            "[::1]",
        ] {
            assert!(called(host), "{host}");
        }
        for host in [
            "example.com",
            "localhost.example.com:80",
            "127.0.0.1.example.com",
            "",
        ] {
            assert!(!called(host), "{host}");
        }
        assert!(!is_called_by_address(&HeaderMap::new()));
    }
}
