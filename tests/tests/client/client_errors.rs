//! Generated calls when the network, a proxy or Plaid misbehaves: which error it
//! becomes, and whether the request goes out once more.

use std::time::Duration;

use crate::support::{Bench, hasty_client};
use plaid::types::TransferAuthorizationUserInRequest;
use plaid::{Action, Client, Error, ErrorCode};
use plaid_sandbox::Fault;
use tokio::net::TcpListener;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

const TOKEN: &str = "access-sandbox-8ab976e6-64bc-4b38-98f7-731e7a349970";

/// A server that gives one path one answer, `times` times, and a client of it.
/// Dropping the server checks how often it was asked.
async fn server(at: &str, answer: ResponseTemplate, times: u64) -> (MockServer, Client) {
    let server = MockServer::start().await;
    mount(&server, at, answer, times).await;
    let client = hasty_client(&server.uri(), "a-client-id", "a-secret");
    (server, client)
}

async fn mount(server: &MockServer, at: &str, answer: ResponseTemplate, times: u64) {
    Mock::given(path(at))
        .respond_with(answer)
        .up_to_n_times(times)
        .expect(times)
        .mount(server)
        .await;
}

fn html(status: u16) -> ResponseTemplate {
    let page = "<html><body>Bad Gateway</body></html>";
    ResponseTemplate::new(status).set_body_raw(page, "text/html; charset=utf-8")
}

fn rate_limit() -> ResponseTemplate {
    ResponseTemplate::new(429).set_body_json(serde_json::json!({
        "error_type": "RATE_LIMIT_EXCEEDED",
        "error_code": "TRANSACTIONS_SYNC_LIMIT",
        "error_message": "rate limit exceeded",
        "request_id": "HNTDNrA8F1shFEW",
    }))
}

fn synced() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(serde_json::json!({
        "accounts": [], "added": [], "modified": [], "removed": [],
        "has_more": false, "next_cursor": "c1", "request_id": "HNTDNrA8F1shFEW",
        "transactions_update_status": "HISTORICAL_UPDATE_COMPLETE",
    }))
}

fn authorized() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(serde_json::json!({
        "authorization": {
            "created": "2026-02-03T10:18:05Z",
            "decision": "approved",
            "decision_rationale": null,
            "guarantee_decision": null,
            "guarantee_decision_rationale": null,
            "id": "a1",
            "payment_risk": null,
            "proposed_transfer": {
                "account_id": "1", "amount": "1.00", "credit_funds_source": null,
                "funding_account_id": null, "iso_currency_code": "USD", "ledger_id": null,
                "network": "ach", "origination_account_id": "", "originator_client_id": null,
                "type": "debit",
                "user": {
                    "address": null, "email_address": null, "legal_name": "A", "phone_number": null,
                },
            },
        },
        "request_id": "HNTDNrA8F1shFEW",
    }))
}

#[tokio::test]
async fn a_read_outlasts_error_pages_and_ends_with_the_last() {
    let (_server, plaid) = server("/accounts/get", html(502), 3).await;
    let error = plaid.accounts().get(TOKEN).await.unwrap_err();
    let Error::UnexpectedBody(page) = &error else {
        panic!("{error}")
    };
    assert_eq!(page.content_type(), Some("text/html"));
    assert!(page.raw().starts_with(b"<html>"));
    assert_eq!(error.status().unwrap(), 502);
    assert_eq!(error.attempts(), 3);
    assert_eq!(error.operation(), Some("accountsGet"));
    assert_eq!(error.action(), Action::RetryWithBackoff);
}

#[tokio::test]
async fn a_write_is_not_sent_twice_after_an_empty_gateway_timeout() {
    let (_server, plaid) = server("/item/remove", ResponseTemplate::new(504), 1).await;
    let error = plaid.items().remove(TOKEN).await.unwrap_err();
    assert!(matches!(error, Error::UnexpectedBody(_)), "{error}");
    assert_eq!(error.status().unwrap(), 504);
    assert_eq!(error.attempts(), 1);
    assert!(error.may_have_reached_plaid());
    assert_eq!(error.action(), Action::CheckBeforeRetry);
}

#[tokio::test]
async fn a_rate_limit_passes() {
    let (server, plaid) = server("/transactions/sync", rate_limit(), 1).await;
    mount(&server, "/transactions/sync", synced(), 1).await;
    let page = plaid.transactions().sync(TOKEN).await.unwrap();
    assert_eq!((page.attempts(), &*page.next_cursor), (2, "c1"));
}

#[tokio::test]
async fn a_write_does_not_wait_for_a_rate_limit() {
    let (_server, plaid) = server("/transactions/refresh", rate_limit(), 1).await;
    let error = plaid.transactions().refresh(TOKEN).await.unwrap_err();
    assert_eq!(error.error_code(), Some(&ErrorCode::TransactionsSyncLimit));
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn a_transfer_with_a_key_is_sent_again_and_one_without_is_not() {
    let at = "/transfer/authorization/create";
    let person = || TransferAuthorizationUserInRequest::new("A");
    let (server, plaid) = server(at, html(502), 2).await;
    mount(&server, at, authorized(), 1).await;
    let transfer = plaid.transfer();
    let create = || transfer.authorization_create(TOKEN, "1", "debit", "ach", "1.00", person());

    let error = create().await.unwrap_err();
    assert_eq!(error.attempts(), 1);
    assert_eq!(error.action(), Action::CheckBeforeRetry);

    let answer = create().idempotent("key-1").await.unwrap();
    assert_eq!(answer.attempts(), 2);
    let requests = server.received_requests().await.unwrap();
    let keys: Vec<_> = requests
        .iter()
        .map(|request| request.body_json::<serde_json::Value>().unwrap()["idempotency_key"].clone())
        .collect();
    assert_eq!(
        keys,
        [serde_json::Value::Null, "key-1".into(), "key-1".into()]
    );
}

/// The answer of the emulator to a call, changed at one place.
async fn changed(at: &str, pointer: &str, value: serde_json::Value) -> (MockServer, Client) {
    let bench = Bench::start().await;
    let access_token = bench.item(&["auth"]).await;
    let answer = bench.plaid.auth().get(&access_token).await.unwrap();
    let mut body = answer.json().unwrap();
    *body.pointer_mut(pointer).unwrap() = value;
    server(at, ResponseTemplate::new(200).set_body_json(body), 1).await
}

#[tokio::test]
async fn an_answer_of_the_wrong_shape_names_the_field() {
    for (pointer, path, reason) in [
        (
            "/accounts/2/balances/current",
            "accounts[2].balances.current",
            "expected a number",
        ),
        (
            "/numbers/ach/1/account",
            "numbers.ach[1].account",
            "found an object",
        ),
        ("/item/item_id", "item.item_id", "found an object"),
    ] {
        let (_server, plaid) = changed("/auth/get", pointer, serde_json::json!({})).await;
        let error = plaid.auth().get(TOKEN).await.unwrap_err();
        let Error::Decode(decode) = &error else {
            panic!("{error}")
        };
        assert_eq!(decode.path(), path);
        assert!(decode.reason().contains(reason), "{error}");
        assert!(decode.raw().ends_with(b"}"));
        assert_eq!(error.attempts(), 1, "Plaid would answer the same");
        assert_eq!(error.action(), Action::UpdateCrate);
        assert!(error.request_id().is_some());
    }
}

#[tokio::test]
async fn a_required_field_that_is_missing_is_named() {
    let (_server, plaid) = changed("/auth/get", "/accounts/0", serde_json::json!({})).await;
    let error = plaid.auth().get(TOKEN).await.unwrap_err();
    let Error::Decode(decode) = &error else {
        panic!("{error}")
    };
    assert_eq!(decode.path(), "accounts[0]");
    assert_eq!(decode.reason(), "missing field `account_id`");
}

#[tokio::test]
async fn what_is_not_known_yet_is_no_error() {
    let kind = serde_json::json!("spaceship");
    let (_server, plaid) = changed("/auth/get", "/accounts/0/type", kind).await;
    let answer = plaid.auth().get(TOKEN).await.unwrap();
    assert_eq!(answer.accounts[0].type_.as_str(), "spaceship");
}

/// The server says that this is all, but it is half of a JSON document.
#[tokio::test]
async fn half_a_document_is_told_from_half_a_body() {
    let body = r#"{"accounts":[{"account_id":"1","bala"#;
    let answer = ResponseTemplate::new(200).set_body_raw(body, "application/json");
    let (_server, plaid) = server("/accounts/get", answer, 1).await;
    let error = plaid.accounts().get(TOKEN).await.unwrap_err();
    let Error::Decode(decode) = &error else {
        panic!("{error}")
    };
    assert!(decode.reason().starts_with("EOF"), "{error}");
    assert_eq!(decode.raw(), body);
}

#[tokio::test]
async fn half_a_body_of_a_read_is_asked_for_again() {
    let bench = Bench::hasty().await;
    let access_token = bench.item(&["auth"]).await;
    bench.sandbox.fail_next("/accounts/get", Fault::Truncate);
    let answer = bench.plaid.accounts().get(&access_token).await.unwrap();
    assert_eq!((answer.attempts(), answer.accounts.len()), (2, 12));
}

/// Plaid has done it, and the answer that says so got lost.
#[tokio::test]
async fn half_a_body_of_a_write_leaves_a_doubt_that_is_told() {
    let bench = Bench::hasty().await;
    let access_token = bench.item(&["auth"]).await;
    bench.sandbox.fail_next("/item/remove", Fault::Truncate);
    let error = bench.plaid.items().remove(&access_token).await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error}");
    assert_eq!(error.attempts(), 1);
    assert!(error.may_have_reached_plaid());
    assert_eq!(error.action(), Action::CheckBeforeRetry);
    assert_eq!(bench.requests_of("/item/remove"), 1);
    let error = bench.plaid.items().get(&access_token).await.unwrap_err();
    assert_eq!(error.error_code(), Some(&ErrorCode::ItemNotFound));
}

#[tokio::test]
async fn a_dropped_connection_is_made_again_for_a_read_only() {
    let bench = Bench::hasty().await;
    let access_token = bench.item(&["auth"]).await;
    bench.sandbox.fail_next("/auth/get", Fault::Drop);
    let answer = bench.plaid.auth().get(&access_token).await.unwrap();
    assert_eq!(answer.attempts(), 2);

    bench.sandbox.fail_next("/item/remove", Fault::Drop);
    let error = bench.plaid.items().remove(&access_token).await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error}");
    assert!(error.may_have_reached_plaid());
    assert_eq!(bench.requests_of("/item/remove"), 1);
    // The emulator dropped it unread, which the caller could not know.
    assert!(bench.plaid.items().get(&access_token).await.is_ok());
}

#[tokio::test]
async fn a_slow_answer_is_given_up_in_time() {
    let slow = synced().set_delay(Duration::from_secs(600));
    let (_server, plaid) = server("/transactions/sync", slow, 1).await;
    let limit = Duration::from_millis(200);
    let call = plaid.transactions().sync(TOKEN).timeout(limit);
    let error = call.await.unwrap_err();
    let Error::Timeout(timeout) = &error else {
        panic!("{error}")
    };
    assert_eq!(timeout.limit(), Some(limit));
    assert_eq!(error.attempts(), 1, "the limit is one of the whole call");
    assert!(error.may_have_reached_plaid());
    assert_eq!(error.action(), Action::RetryWithBackoff);
}

#[tokio::test]
async fn a_closed_port_is_certain_to_have_seen_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let plaid = hasty_client(&url, "a-client-id", "a-secret");
    let error = plaid.items().remove(TOKEN).await.unwrap_err();
    assert!(matches!(error, Error::Connect(_)), "{error}");
    assert!(!error.may_have_reached_plaid());
    assert_eq!(
        error.attempts(),
        3,
        "nothing was sent, so even a write is tried again"
    );
    assert_eq!(error.action(), Action::RetryWithBackoff);
}

/// A GET changes nothing, wherever its path ends.
#[tokio::test]
async fn a_get_is_a_read() {
    let bench = Bench::hasty().await;
    let access_token = bench.item(&["auth"]).await;
    let item = bench.plaid.items().get(&access_token).await.unwrap();
    bench
        .sandbox
        .fail_next("/fdx/consents/{consentId}", Fault::Drop);
    let consent = bench.plaid.fdx().consents_get(&item.item.item_id);
    assert_eq!(consent.await.unwrap().attempts(), 2);
}

/// A maintenance page saved as `report.pdf` would be noticed when somebody opens it.
#[tokio::test]
async fn a_page_an_error_or_nothing_is_not_a_file() {
    let message = ResponseTemplate::new(200).set_body_json(serde_json::json!({"note": "later"}));
    let nothing = ResponseTemplate::new(200).set_body_raw(Vec::new(), "application/pdf");
    for answer in [html(200), message, nothing] {
        let (_server, plaid) = server("/asset_report/pdf/get", answer, 1).await;
        let error = plaid.assets().report_pdf_get(TOKEN).await.unwrap_err();
        assert!(matches!(error, Error::UnexpectedBody(_)), "{error}");
    }
}
