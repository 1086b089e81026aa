//! Calls whose answers are not as described, and calls of what the description does not
//! have yet.

use crate::support;
use std::io::Write;
use std::sync::{Arc, Mutex};

use crate::support::{Bench, hasty_client};
use plaid::types::{AccountBase, AccountsGetResponse};
use plaid::{Client, DeviationKind, Error, ErrorCode, Response, Tolerance};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::instrument::WithSubscriber;
use wiremock::{Mock, MockServer, ResponseTemplate};

const TOKEN: &str = "access-sandbox-8ab976e6-64bc-4b38-98f7-731e7a349970";

/// A server that always gives this answer, and a client of it that takes what comes.
async fn server(answer: ResponseTemplate) -> (MockServer, Client) {
    let server = MockServer::start().await;
    let mock = Mock::given(wiremock::matchers::any()).respond_with(answer);
    mock.mount(&server).await;
    let plaid = Client::builder()
        .base_url(server.uri())
        .credentials("a-client-id", "a-secret")
        .tolerance(Tolerance::Report)
        .build();
    (server, plaid.unwrap())
}

fn json_text(body: impl Into<Vec<u8>>) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body.into(), "application/json")
}

/// Three accounts, of which one lacks its name, one has an odd balance, and one is none.
fn odd_accounts() -> ResponseTemplate {
    json_text(
        r#"{
            "accounts": [
                {"account_id": "a1", "balances": {"available": 1.10, "current": 2, "limit": null, "iso_currency_code": "USD", "unofficial_currency_code": null},
                 "mask": null, "official_name": null, "subtype": null, "type": "depository"},
                {"account_id": "a2", "balances": {"available": null, "current": "access-sandbox-1", "limit": null, "iso_currency_code": "USD", "unofficial_currency_code": null},
                 "mask": null, "name": "n", "official_name": null, "subtype": null, "type": "depository"},
                "access-sandbox-2"
            ],
            "item": null,
            "request_id": "HNTDNrA8F1shFEW"
        }"#,
    )
}

fn paths<T>(response: &Response<T>) -> Vec<&str> {
    response
        .deviations()
        .iter()
        .map(plaid::Deviation::path)
        .collect()
}

#[tokio::test]
async fn an_answer_with_gaps_can_be_used_and_says_where_they_are() {
    let (_server, plaid) = server(odd_accounts()).await;
    let answer = plaid.accounts().get(TOKEN).await.unwrap();
    assert_eq!(answer.accounts.len(), 2);
    assert_eq!(
        answer.accounts[0].balances.available.unwrap().to_string(),
        "1.10"
    );
    assert_eq!(
        (
            &*answer.accounts[0].name,
            answer.accounts[1].balances.current
        ),
        ("", None)
    );
    assert_eq!(answer.request_id(), "HNTDNrA8F1shFEW");
    let lines: Vec<_> = answer
        .deviations()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        lines,
        [
            "accounts[0].name: missing; left empty",
            "accounts[1].balances.current: expected a number of at most 28 digits; left empty",
            "accounts[2]: expected an object (AccountBase), found a string; left out",
            "item: null; left empty",
        ]
    );
    assert_eq!(answer.deviations()[3].kind(), DeviationKind::Null);
    assert!(answer.raw().ends_with(b"}"), "nothing is lost");
    let printed = format!("{answer:?} {:?}", answer.deviations());
    assert!(
        printed.contains("deviations: 4") && !printed.contains("access-"),
        "{printed}"
    );
}

#[tokio::test]
async fn a_call_can_be_stricter_or_more_tolerant_than_its_client() {
    let (server, lenient) = server(odd_accounts()).await;
    let call = lenient.accounts().get(TOKEN).tolerance(Tolerance::Strict);
    let error = call.await.unwrap_err();
    let Error::Decode(decode) = &error else {
        panic!("{error}")
    };
    assert_eq!(
        (decode.path(), decode.reason()),
        ("accounts[0]", "missing field `name`")
    );
    assert!(decode.raw().starts_with(b"{") && decode.raw().ends_with(b"}"));

    let strict = hasty_client(&server.uri(), "a-client-id", "a-secret");
    assert!(matches!(
        strict.accounts().get(TOKEN).await,
        Err(Error::Decode(_))
    ));
    let call = strict.accounts().get(TOKEN).tolerance(Tolerance::Report);
    assert_eq!(call.await.unwrap().deviations().len(), 4);
}

#[tokio::test]
async fn an_answer_as_described_has_no_deviations() {
    let bench = Bench::start().await;
    let access_token = bench.item(&["auth", "transactions"]).await;
    let call = bench.plaid.auth().get(&access_token);
    let strict = call.clone().await.unwrap();
    assert_eq!(paths(&strict), [""; 0]);
    let report = call.tolerance(Tolerance::Report).await.unwrap();
    assert_eq!(paths(&report), [""; 0]);
    assert_eq!(json!(report.accounts), json!(strict.accounts));
    assert_eq!(json!(report.numbers), json!(strict.numbers));
}

#[tokio::test]
async fn any_json_is_an_answer_and_nothing_else_is() {
    for text in [
        "[1]",
        "null",
        "true",
        "1e999",
        "\"access-sandbox-1\"",
        "{}",
        "[[[[]]]]",
    ] {
        let (_server, plaid) = server(json_text(text)).await;
        let answer = plaid.transactions().sync(TOKEN).await.unwrap();
        assert!(!answer.deviations().is_empty(), "{text}");
        assert!(!format!("{:?}", answer.deviations()).contains("access-"));
    }
    for text in [
        "{",
        "{\"accounts\": [}",
        "[1] 2",
        "{\"a\": \"\u{1}\"}",
        "nul",
    ] {
        let (_server, plaid) = server(json_text(text)).await;
        let error = plaid.transactions().sync(TOKEN).await.unwrap_err();
        assert!(matches!(error, Error::Decode(_)), "{text}: {error}");
        assert_eq!(error.raw().unwrap(), text);
    }
    let page = ResponseTemplate::new(200).set_body_raw("<html>", "text/html");
    for other in [page, ResponseTemplate::new(200)] {
        let (_server, plaid) = server(other).await;
        let error = plaid.transactions().sync(TOKEN).await.unwrap_err();
        assert!(matches!(error, Error::UnexpectedBody(_)), "{error}");
    }
}

/// Nor does progenitor make this one's call as it makes the others'.
#[tokio::test]
async fn an_answer_to_a_get_is_tolerated_too() {
    let (_server, plaid) = server(json_text(r#"{"id": [], "status": 5}"#)).await;
    let answer = plaid.fdx().consents_get("a consent").await.unwrap();
    assert!(paths(&answer).contains(&"id"), "{:?}", answer.deviations());
}

/// An error of Plaid's that comes with a status of success stays one.
#[tokio::test]
async fn tolerance_does_not_hide_an_error() {
    let error = json!({"error_type": "ITEM_ERROR", "error_code": "ITEM_LOGIN_REQUIRED"});
    for status in [200, 400] {
        let answer = ResponseTemplate::new(status).set_body_json(&error);
        let (_server, plaid) = server(answer).await;
        let error = plaid.accounts().get(TOKEN).await.unwrap_err();
        assert_eq!(error.error_code(), Some(&ErrorCode::ItemLoginRequired));
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_trace_has_one_warning_with_places_and_no_values() {
    let gaps = vec!["{}"; 3_000].join(",");
    let body = format!(
        r#"{{"accounts": [{gaps}], "item": {{"access-sandbox-1": 1}}, "request_id": "x"}}"#
    );
    let (_server, plaid) = server(json_text(body)).await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let call = plaid.accounts().get(TOKEN).send();
    let answer = call.with_subscriber(subscriber).await.unwrap();
    assert_eq!(answer.deviations().len(), 10_000);
    assert!(answer.deviations().total() > 20_000);
    let text = log.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(
        text.contains(&format!("count={}", answer.deviations().total())),
        "{text}"
    );
    assert!(
        text.contains("accounts[0].account_id, accounts[0].balances"),
        "{text}"
    );
    assert!(text.len() < 1_500 && !text.contains("sandbox"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands in the fields of an error.
    #[test]
    fn an_error_of_any_shape_is_an_error_of_plaids_or_a_page(
        fields in prop::collection::btree_map(error_field(), odd_value(), 0..12),
        status in 400..600_u16,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let is_plaids = ["error_type", "error_code"].iter().all(|name| {
            let text = fields.get(*name).and_then(Value::as_str);
            text.is_some_and(|text| !text.is_empty())
        });
        runtime.block_on(async {
            let answer = ResponseTemplate::new(status).set_body_json(&fields);
            let (_server, plaid) = server(answer).await;
            let error = plaid.items().remove(TOKEN).await.unwrap_err();
            match &error {
                Error::Api(_) => {}
                Error::UnexpectedBody(_) => assert!(!is_plaids, "{fields:?}: {error}"),
                _ => panic!("{fields:?}: {error}"),
            }
            assert_eq!(error.raw().map(|raw| raw.to_vec()), serde_json::to_vec(&fields).ok());
        });
    }
}

fn error_field() -> impl Strategy<Value = String> {
    let names = [
        "error_type",
        "error_code",
        "error_message",
        "display_message",
        "request_id",
        "causes",
        "error_code_reason",
        "documentation_url",
        "suggested_action",
        "status",
        "error",
        "error_description",
        "error_uri",
    ];
    prop::sample::select(names.to_vec()).prop_map(str::to_owned)
}

fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => any::<String>().prop_map(Value::from),
        1 => prop::sample::select(vec![
            json!(null), json!(""), json!(1.5), json!([]), json!({}), json!([null, {"a": [1]}]),
            json!("ITEM_ERROR"), json!("ITEM_LOGIN_REQUIRED"), json!(-1), json!(true),
        ]),
    ]
}

// What is newer than the description.

/// What serde makes of a type of the caller's stays as strict as serde is; the types of
/// this crate inside of it are not.
#[tokio::test]
async fn tolerance_reaches_into_the_types_of_a_caller() {
    #[derive(Debug, Deserialize)]
    struct Answer {
        accounts: Vec<AccountBase>,
        score: u8,
    }
    let text = r#"{"accounts": [{"account_id": "a1", "type": []}], "score": 7}"#;
    let (_server, plaid) = server(json_text(text)).await;
    let answer = plaid
        .call::<Answer>("/new/endpoint", json!({}))
        .await
        .unwrap();
    assert_eq!((answer.score, &*answer.accounts[0].account_id), (7, "a1"));
    assert!(paths(&answer).contains(&"accounts[0].name"));
    assert!(paths(&answer).contains(&"accounts[0].type"));

    for (text, path) in [
        (r#"{"accounts": [], "score": 700}"#, "score"),
        (r#"{"accounts": [5], "score": 7}"#, "accounts[0]"),
        (r#"{"accounts": []}"#, "the top level"),
        ("[]", "the top level"),
    ] {
        let (_server, plaid) = server(json_text(text)).await;
        let error = plaid
            .call::<Answer>("/new/endpoint", json!({}))
            .await
            .unwrap_err();
        let Error::Decode(decode) = &error else {
            panic!("{error}")
        };
        assert_eq!(decode.path(), path, "{error}");
    }
}

#[tokio::test]
async fn an_endpoint_can_be_called_by_its_path_with_types_of_this_crate_or_none() {
    let bench = Bench::start().await;
    let access_token = bench.item(&["auth"]).await;
    let body = json!({ "access_token": access_token });
    let typed = bench.plaid.accounts().get(&access_token).await.unwrap();
    let call = bench
        .plaid
        .call::<AccountsGetResponse>("/accounts/get", &body);
    let by_path = call.read_only().await.unwrap();
    assert_eq!(json!(by_path.accounts), json!(typed.accounts));
    assert_eq!(by_path.request_id().len(), support::REQUEST_ID_LEN);

    let untyped = bench
        .plaid
        .call::<Value>("/accounts/get", &body)
        .await
        .unwrap();
    assert_eq!(
        untyped["accounts"][0]["name"],
        json!(typed.accounts[0].name)
    );
    let nothing = bench.plaid.call::<Value>("/accounts/get", json!({})).await;
    assert_eq!(
        nothing.unwrap_err().error_code(),
        Some(&ErrorCode::MissingFields)
    );
}

#[tokio::test]
async fn a_field_that_a_request_does_not_have_reaches_plaid() {
    let bench = Bench::start().await;
    let access_token = bench.item(&["auth"]).await;
    let all = bench.plaid.accounts().get(&access_token).await.unwrap();
    let only = json!({ "account_ids": [all.accounts[1].account_id] });
    let call = bench
        .plaid
        .accounts()
        .get("replaced")
        .extra("access_token", &access_token);
    let some = call.extra("options", only).await.unwrap();
    assert_eq!(some.accounts.len(), 1);
    assert_eq!(some.accounts[0].account_id, all.accounts[1].account_id);

    let path = bench.plaid.call::<Value>("/accounts/get", json!({}));
    let answer = path.extra("access_token", &access_token).await.unwrap();
    assert_eq!(
        answer["accounts"].as_array().unwrap().len(),
        all.accounts.len()
    );
}
