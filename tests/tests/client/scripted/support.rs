//! A transport that plays a script, servers that misbehave, and operations by hand.

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plaid::operation::machinery::{self, Prepared};
use plaid::operation::{Credentials, Effect, Operation, OperationInfo};
use plaid::{Call, Client, HttpTransport, RetryPolicy, Secret, TransportFailure, TransportFuture};
use reqwest::{Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const CLIENT_ID: &str = "planted-client-id";
pub(crate) const SECRET: &str = "planted-secret-value";
pub(crate) const TOKEN: &str = "access-sandbox-planted-0000-token";
pub(crate) const AMOUNT: &str = "1234567890123456.780";

/// What a test sends.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Body {
    pub access_token: Secret,
    pub amount: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

pub(crate) fn body() -> Body {
    Body {
        access_token: TOKEN.into(),
        amount: RawValue::from_string(AMOUNT.to_owned()).unwrap(),
        idempotency_key: None,
    }
}

pub(crate) fn keyed_body() -> Body {
    Body {
        idempotency_key: Some("key-1".to_owned()),
        ..body()
    }
}

/// What it gets.
#[derive(Debug, Deserialize, PartialEq)]
pub(crate) struct Value {
    pub value: u64,
    #[serde(default)]
    pub account: Secret,
}

macro_rules! operations {
    ($($name:ident, $id:literal, $effect:ident, $credentials:ident;)*) => {$(
        #[derive(Debug)]
        pub(crate) enum $name {}

        impl Operation for $name {
            const INFO: OperationInfo = OperationInfo {
                id: $id,
                method: "POST",
                path: concat!("/", $id),
                product: "test",
                effect: Effect::$effect,
                credentials: Credentials::$credentials,
            };
            type Request = Body;
            type Response = Value;

            fn prepare(api: &plaid_gen::Client, request: &Body) -> Prepared<Value> {
                machinery::post(api, Self::INFO.path, request)
            }

            fn idempotency_key(request: &Body) -> Option<&str> {
                request.idempotency_key.as_deref()
            }
        }
    )*};
}

operations! {
    Look, "look", Read, Headers;
    Move, "move", Write, Headers;
    Token, "token", Write, Body;
    Open, "open", Read, None;
}

pub(crate) fn look(client: &Client) -> Call<Look> {
    Call::new(client, body())
}

pub(crate) fn transfer(client: &Client) -> Call<Move> {
    Call::new(client, body())
}

pub(crate) fn keyed_transfer(client: &Client) -> Call<Move> {
    Call::new(client, keyed_body())
}

/// Three attempts, almost without pauses.
pub(crate) fn hasty() -> RetryPolicy {
    RetryPolicy::new().base(Duration::from_millis(1))
}

pub(crate) fn client_at(url: &str) -> Client {
    Client::builder()
        .base_url(url)
        .credentials(CLIENT_ID, SECRET)
        .retry(hasty())
        .build()
        .unwrap()
}

/// One thing that a transport does.
pub(crate) enum Step {
    Answer(http::Response<String>),
    Hang,
    Refuse,
    Break,
}

pub(crate) fn answer(status: u16, body: impl Into<String>) -> Step {
    answer_with(status, &[("content-type", "application/json")], body)
}

pub(crate) fn answer_with(status: u16, headers: &[(&str, &str)], body: impl Into<String>) -> Step {
    let mut builder = http::Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    Step::Answer(builder.body(body.into()).unwrap())
}

pub(crate) fn ok() -> Step {
    answer(200, r#"{"value":1,"request_id":"req1"}"#)
}

pub(crate) fn plaid_error(status: u16, error_type: &str, error_code: &str, message: &str) -> Step {
    let body = serde_json::json!({
        "display_message": null,
        "documentation_url": "https://plaid.com/docs/?ref=error#errors",
        "error_code": error_code,
        "error_message": message,
        "error_type": error_type,
        "request_id": "req1",
        "suggested_action": null,
    });
    answer(status, body.to_string())
}

/// What came to a [`Script`].
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub url: String,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().unwrap())
    }
}

/// Plays its steps, one per request.
#[derive(Clone)]
pub(crate) struct Script {
    steps: Arc<Mutex<VecDeque<Step>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: Arc::new(Mutex::new(steps.into_iter().collect())),
            seen: Arc::default(),
        }
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(RetryPolicy::new())
    }

    pub(crate) fn client_with(&self, policy: RetryPolicy) -> Client {
        Client::builder()
            .base_url("https://plaid.example")
            .credentials(CLIENT_ID, SECRET)
            .retry(policy)
            .transport(self.clone())
            .build()
            .unwrap()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl HttpTransport for Script {
    fn execute(&self, request: Request) -> TransportFuture<'_> {
        let body = request.body().and_then(|body| body.as_bytes());
        self.seen.lock().unwrap().push(Seen {
            url: request.url().to_string(),
            headers: request.headers().clone(),
            body: String::from_utf8(body.unwrap_or_default().to_vec()).unwrap(),
        });
        let step = self.steps.lock().unwrap().pop_front();
        Box::pin(async move {
            match step.expect("more requests than the script has steps") {
                Step::Answer(response) => Ok(Response::from(response)),
                Step::Hang => std::future::pending().await,
                Step::Refuse => Err(TransportFailure::connect("no way there")),
                Step::Break => Err(TransportFailure::other("it broke")),
            }
        })
    }
}

/// A server that does one thing with every connection.
pub(crate) async fn server<F, Fut>(serve: F) -> String
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            serve(stream).await;
        }
    });
    format!("http://{address}")
}

/// Answers every request with these bytes and hangs up.
pub(crate) async fn server_of(bytes: &'static str) -> String {
    server(move |mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(bytes.as_bytes()).await;
    })
    .await
}

/// Reads a request to the end of its body, so that hanging up resets nothing.
pub(crate) async fn read_request(stream: &mut TcpStream) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(n) => bytes.extend_from_slice(&buffer[..n]),
        }
        if is_whole(&String::from_utf8_lossy(&bytes)) {
            return;
        }
    }
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        line.to_lowercase()
            .strip_prefix("content-length:")?
            .trim()
            .parse()
            .ok()
    });
    body.len() >= length.unwrap_or(0)
}

/// An error and everything behind it, in every way of printing.
pub(crate) fn printed(error: &(dyn StdError + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        text.push_str(&format!("{error} {error:?} {error:#?}\n"));
        next = error.source();
    }
    text
}
