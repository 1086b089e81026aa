//! Nothing planted may come out of a `Debug`, a `Display` or a trace.

use plaid::{Client, HttpTransport, RetryPolicy, Secret, TransportFailure, TransportFuture};

use crate::listener::{heard, listen};
use crate::script::*;

/// A name, as it could stand in any field of an answer.
const NAME: &str = "Planted Person";
const ACCOUNT: &str = "1111222233330000";
const HEADER: &str = "planted-header-value";
const FORBIDDEN: [&str; 7] = [
    CLIENT_ID,
    SECRET,
    "planted-0000-token",
    NAME,
    ACCOUNT,
    HEADER,
    AMOUNT,
];

fn assert_clean(what: &str, text: &str) {
    for planted in FORBIDDEN {
        assert!(!text.contains(planted), "{what} shows {planted}: {text}");
    }
}

/// Everything that quotes what was sent, or has something of its own to hide.
fn indiscreet() -> Vec<Step> {
    let quoted = format!("{TOKEN} of {CLIENT_ID} with {SECRET} for {ACCOUNT} is not valid");
    let named = serde_json::json!({"value": NAME, "account": ACCOUNT, "request_id": TOKEN});
    let nested = serde_json::json!({
        "error_type": TOKEN, "error_code": SECRET, "error_message": quoted,
        "display_message": quoted, "suggested_action": quoted, "request_id": TOKEN,
        "causes": [{"error_message": NAME}],
    });
    let oauth = serde_json::json!({"error": "invalid_grant", "error_description": quoted});
    let html = format!("<html>{NAME} {TOKEN} {ACCOUNT}</html>");
    let labels = [
        ("content-type", TOKEN),
        ("plaid-request-id", TOKEN),
        ("location", HEADER),
    ];
    vec![
        plaid_error(400, "INVALID_INPUT", "INVALID_ACCESS_TOKEN", &quoted),
        plaid_error(500, "API_ERROR", "INTERNAL_SERVER_ERROR", &quoted),
        answer(400, nested.to_string()),
        answer(400, oauth.to_string()),
        answer(200, named.to_string()),
        answer(200, format!(r#"{{"value":{{"{TOKEN}":"{NAME}"}}}}"#)),
        answer(200, format!(r#"{{"value":"{NAME}"#)),
        answer_with(200, &labels, html.clone()),
        answer_with(307, &labels, html.clone()),
        answer_with(502, &labels, html),
        Step::Break,
        Step::Refuse,
    ]
}

#[tokio::test]
async fn errors_and_traces_are_discreet() {
    listen();
    for step in indiscreet() {
        let client = Script::new([step]).client_with(RetryPolicy::none());
        let error = look(&client).header("x-planted", HEADER).await.unwrap_err();
        assert_clean("an error", &printed(&error));
        assert_eq!(error.to_string().lines().count(), 1);
    }
    let traces = heard();
    assert_clean("a trace", &traces);
    assert!(traces.contains("plaid.call"));
}

#[tokio::test]
async fn retries_are_discreet() {
    listen();
    for step in indiscreet() {
        let client = Script::new([step, ok()]).client_with(hasty());
        let _ = look(&client).await;
    }
    let traces = heard();
    assert_clean("a trace", &traces);
    assert!(traces.contains("trying again after an answer"));
    assert!(traces.contains("trying again without an answer"));
}

/// Below the transport others trace: hyper, and whatever reqwest builds on.
#[tokio::test]
async fn the_layers_below_are_discreet() {
    listen();
    let url = server_of("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"value\":1}").await;
    look(&client_at(&url))
        .header("x-planted", HEADER)
        .await
        .unwrap();
    assert_clean("a trace", &heard());
}

#[tokio::test]
async fn a_span_says_what_an_operator_needs() {
    listen();
    look(&Script::new([answer(503, ""), ok()]).client_with(hasty()))
        .await
        .unwrap();
    let error = plaid_error(400, "ITEM_ERROR", "ITEM_LOCKED", "");
    look(&Script::new([error]).client()).await.unwrap_err();
    let text = heard();
    for part in [
        "plaid.call",
        r#"operation="look""#,
        "status=200",
        "attempts=2",
        r#"request_id="req1""#,
        "duration_ms=",
        r#"outcome="ok""#,
        r#"outcome="api_error""#,
        "error_code=ITEM_LOCKED",
    ] {
        assert!(text.contains(part), "no {part} in {text}");
    }
}

#[tokio::test]
async fn debug_is_discreet() {
    let builder = Client::builder()
        .base_url("https://a.example")
        .credentials(CLIENT_ID, SECRET);
    assert_clean("a builder", &format!("{builder:?} {builder:#?}"));

    let body = format!(r#"{{"value":1,"account":"{ACCOUNT}","owner":"{NAME}"}}"#);
    let headers = [("x-planted", HEADER)];
    let steps = [
        answer_with(200, &headers, body.clone()),
        answer_with(200, &headers, body),
    ];
    let client = Script::new(steps).client();
    assert_clean("a client", &format!("{client:?} {client:#?}"));

    let call = look(&client)
        .header("x-planted", HEADER)
        .extra("name", NAME);
    assert_clean("a call", &format!("{call:?} {call:#?}"));
    let response = call.await.unwrap();
    assert_clean("a response", &format!("{response:?} {response:#?}"));

    let body = serde_json::json!({"access_token": TOKEN, "name": NAME});
    let call = client.call::<serde_json::Value>("/new", body);
    assert_clean("an untyped call", &format!("{call:?} {call:#?}"));
    let response = call.await.unwrap();
    assert_eq!(response["owner"], NAME);
    assert_clean(
        "an untyped response",
        &format!("{response:?} {response:#?}"),
    );
}

#[derive(Debug)]
struct Talkative;

impl std::fmt::Display for Talkative {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "cannot send {TOKEN} with {SECRET} to https://{CLIENT_ID}.example"
        )
    }
}

impl std::error::Error for Talkative {}

impl HttpTransport for Talkative {
    fn execute(&self, _request: reqwest::Request) -> TransportFuture<'_> {
        Box::pin(async { Err(TransportFailure::other(Talkative)) })
    }
}

#[tokio::test]
async fn a_talkative_transport_is_cut_short() {
    let client = Client::builder()
        .base_url("https://plaid.example")
        .credentials(CLIENT_ID, Secret::from(SECRET))
        .retry(RetryPolicy::none())
        .transport(Talkative)
        .build()
        .unwrap();
    let error = look(&client).await.unwrap_err();
    assert_clean("an error", &printed(&error));
}
