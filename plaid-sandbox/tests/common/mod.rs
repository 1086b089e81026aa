//! What the tests share: an emulator, a client that calls it, and Items.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use plaid_sandbox::Sandbox;
use reqwest::{Client, RequestBuilder, header::CONTENT_TYPE};
use serde_json::{Value, json};

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) request_id: String,
    pub(crate) content_type: String,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map_or("", |value| value.to_str().unwrap())
                .to_owned()
        };
        Self {
            status: answer.status().as_u16(),
            request_id: header("plaid-request-id"),
            content_type: header("content-type"),
            text: String::from_utf8_lossy(&answer.bytes().await.unwrap()).into_owned(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// Checks that this is an error answer in the shape that all have.
    #[track_caller]
    pub(crate) fn is_error(&self, status: u16, error_type: &str, error_code: &str) -> Value {
        let body = self.json();
        let found = (
            self.status,
            body["error_type"].as_str(),
            body["error_code"].as_str(),
        );
        assert_eq!(
            found,
            (status, Some(error_type), Some(error_code)),
            "{}",
            self.text
        );
        assert_eq!(self.content_type, "application/json; charset=utf-8");
        assert_eq!(body["request_id"], self.request_id);
        assert_eq!(body.as_object().unwrap().len(), 7);
        body
    }

    #[track_caller]
    pub(crate) fn says(&self, error_type: &str, error_code: &str, message: &str) {
        assert_eq!(
            self.is_error(400, error_type, error_code)["error_message"],
            message
        );
    }
}

/// A folder with a data file. It goes with the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    /// `name` is of one test.
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("{name}-{}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("sandbox.redb")
    }

    #[cfg(feature = "data")]
    pub(crate) async fn start(&self) -> Bench {
        Bench::with(Sandbox::builder().data(self.file()).start().await.unwrap())
    }

    #[cfg(feature = "data")]
    pub(crate) async fn restart(&self, bench: Bench) -> Bench {
        bench.sandbox.stop().await;
        self.start().await
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An emulator with a client for it.
pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(Sandbox::start().await.unwrap())
    }

    pub(crate) fn with(sandbox: Sandbox) -> Self {
        Self {
            sandbox,
            client: Client::builder().no_proxy().build().unwrap(),
        }
    }

    pub(crate) fn request(&self, path: &str) -> RequestBuilder {
        self.client
            .post(format!("{}{path}", self.sandbox.url()))
            .header("PLAID-CLIENT-ID", self.sandbox.client_id())
            .header("PLAID-SECRET", self.sandbox.secret())
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(path).json(&body)).await
    }

    /// Posts without credentials in headers.
    pub(crate) async fn post_bare(&self, path: &str, body: Value) -> Answer {
        Answer::of(
            self.client
                .post(format!("{}{path}", self.sandbox.url()))
                .json(&body),
        )
        .await
    }

    /// Posts bytes as JSON.
    pub(crate) async fn post_text(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        Answer::of(
            self.request(path)
                .header(CONTENT_TYPE, "application/json")
                .body(body),
        )
        .await
    }

    /// Posts and expects success.
    pub(crate) async fn ok(&self, path: &str, body: Value) -> Value {
        let answer = self.post(path, body).await;
        assert!(
            (200..300).contains(&answer.status),
            "{path}: {}",
            answer.text
        );
        assert_eq!(answer.json()["request_id"], answer.request_id);
        answer.json()
    }

    pub(crate) async fn public_token(&self, products: &[&str], options: Value) -> String {
        let body = json!({ "institution_id": "ins_109508", "initial_products": products, "options": options });
        text(&self.ok("/sandbox/public_token/create", body).await["public_token"])
    }

    /// The access token of a new Item.
    pub(crate) async fn item(&self, products: &[&str]) -> String {
        self.item_with(products, json!({})).await
    }

    pub(crate) async fn item_with(&self, products: &[&str], options: Value) -> String {
        let public_token = self.public_token(products, options).await;
        let exchanged = self
            .ok(
                "/item/public_token/exchange",
                json!({ "public_token": public_token }),
            )
            .await;
        text(&exchanged["access_token"])
    }

    /// The identifier of the account with this mask.
    pub(crate) async fn account(&self, access_token: &str, mask: &str) -> String {
        let answer = self
            .ok("/accounts/get", json!({ "access_token": access_token }))
            .await;
        let accounts = answer["accounts"].as_array().unwrap();
        text(
            &accounts
                .iter()
                .find(|account| account["mask"] == mask)
                .unwrap()["account_id"],
        )
    }
}

#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

#[track_caller]
pub(crate) fn length(value: &Value) -> usize {
    value.as_array().expect("an array").len()
}

/// A web server that keeps what it is sent.
pub(crate) struct Receiver {
    pub(crate) url: String,
    received: tokio::sync::mpsc::UnboundedReceiver<Received>,
}

#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) verification: String,
    pub(crate) body: String,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::answering([]).await
    }

    /// Answers with these statuses, one after another, and then with 200.
    pub(crate) async fn answering(statuses: impl IntoIterator<Item = u16>) -> Self {
        let statuses: std::collections::VecDeque<u16> = statuses.into_iter().collect();
        let statuses = std::sync::Arc::new(std::sync::Mutex::new(statuses));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (sender, received) = tokio::sync::mpsc::unbounded_channel();
        let receive = move |headers: axum::http::HeaderMap, body: String| async move {
            let verification = headers["plaid-verification"].to_str().unwrap().to_owned();
            let _ = sender.send(Received { verification, body });
            let status = statuses.lock().unwrap().pop_front().unwrap_or(200);
            axum::http::StatusCode::from_u16(status).unwrap()
        };
        let router = axum::Router::new().route("/hook", axum::routing::post(receive));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, received }
    }

    pub(crate) async fn next(&mut self) -> Received {
        let patience = std::time::Duration::from_secs(20);
        tokio::time::timeout(patience, self.received.recv())
            .await
            .expect("a webhook")
            .unwrap()
    }

    pub(crate) async fn next_json(&mut self) -> Value {
        serde_json::from_str(&self.next().await.body).unwrap()
    }

    /// Whether nothing more has arrived.
    pub(crate) fn is_empty(&self) -> bool {
        self.received.is_empty()
    }
}

/// The answer that holds the key which webhooks are signed with.
pub(crate) async fn webhook_key(bench: &Bench) -> Value {
    let mut receiver = Receiver::start().await;
    let access_token = bench.item(&["auth"]).await;
    let body = json!({ "access_token": access_token, "webhook": receiver.url });
    bench.ok("/item/webhook/update", body).await;
    let verification = receiver.next().await.verification;
    let header = decode(verification.split('.').next().unwrap());
    bench
        .ok(
            "/webhook_verification_key/get",
            json!({ "key_id": header["kid"] }),
        )
        .await
}

/// A part of a token as JSON.
pub(crate) fn decode(part: &str) -> Value {
    use base64::Engine;
    let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD
        .decode(part)
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}
