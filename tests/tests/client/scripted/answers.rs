//! What comes back, and what becomes of it.

use plaid::{Action, Error, ErrorCode, ErrorType, RetryPolicy};

use crate::scripted::support::*;

async fn single(step: Step) -> Result<plaid::Response<Value>, Error> {
    look(&Script::new([step]).client_with(RetryPolicy::none())).await
}

async fn failure(step: Step) -> Error {
    single(step).await.unwrap_err()
}

#[tokio::test]
async fn a_response_keeps_everything() {
    let body = r#"{"value": 1, "new": 2.50, "request_id": "in-body"}"#;
    let headers = [("plaid-request-id", "in-header"), ("x-other", "1")];
    let response = single(answer_with(200, &headers, body)).await.unwrap();
    assert_eq!(response.value, 1);
    assert_eq!(response.request_id(), "in-body");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-other"], "1");
    assert_eq!(response.raw(), body);
    assert_eq!(response.json().unwrap()["value"], 1);
    assert_eq!(response.attempts(), 1);
    assert_eq!(response.into_inner().value, 1);
}

#[tokio::test]
async fn the_request_id_may_be_in_a_header_or_nowhere() {
    let headers = [("plaid-request-id", "in-header")];
    let response = single(answer_with(200, &headers, r#"{"value":1}"#))
        .await
        .unwrap();
    assert_eq!(response.request_id(), "in-header");
    let response = single(answer(200, r#"{"value":1}"#)).await.unwrap();
    assert_eq!(response.request_id(), "");
}

#[tokio::test]
async fn an_error_of_plaids_says_what_to_do() {
    let step = plaid_error(
        400,
        "ITEM_ERROR",
        "ITEM_LOGIN_REQUIRED",
        "the login details changed",
    );
    let error = failure(step).await;
    assert_eq!(
        error.to_string(),
        "look: ITEM_ERROR/ITEM_LOGIN_REQUIRED (400): the user has to log in again: \
         open Link in update mode [request req1]"
    );
    assert_eq!(error.action(), Action::RelinkUpdateMode);
    assert_eq!(error.error_code(), Some(&ErrorCode::ItemLoginRequired));
    assert_eq!(error.error_type(), Some(&ErrorType::ItemError));
    assert_eq!(error.request_id(), Some("req1"));
    assert_eq!(error.status().unwrap(), 400);
    assert_eq!(error.operation(), Some("look"));
    assert!(error.may_have_reached_plaid());
    let api = error.as_api().unwrap();
    assert_eq!(api.message(), "the login details changed");
    assert_eq!(api.display_message(), None);
    assert!(api.documentation_url().unwrap().starts_with("https://"));
}

#[tokio::test]
async fn a_wrong_request_shows_what_is_wrong_with_it() {
    let message = "the following required fields are missing: client_id";
    let error = failure(plaid_error(
        400,
        "INVALID_REQUEST",
        "MISSING_FIELDS",
        message,
    ))
    .await;
    let expected = format!("look: INVALID_REQUEST/MISSING_FIELDS (400): {message} [request req1]");
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn an_error_may_lack_everything_but_its_names() {
    let body = r#"{"error_type":"NEW_TYPE","error_code":"NEW_CODE","error_message":null}"#;
    let error = failure(answer(418, body)).await;
    assert_eq!(error.error_code().unwrap().as_str(), "NEW_CODE");
    assert_eq!(error.action(), Action::Unknown);
    assert_eq!(error.as_api().unwrap().message(), "");
}

#[tokio::test]
async fn the_causes_of_a_report_error_are_kept() {
    let body = r#"{"error_type":"ASSET_REPORT_ERROR","error_code":"PRODUCT_NOT_READY",
        "causes":[{"item_id":"a"},{"item_id":"b"}]}"#;
    let error = failure(answer(400, body)).await;
    assert_eq!(error.as_api().unwrap().causes()[1]["item_id"], "b");
    assert_eq!(error.action(), Action::WaitThenRetry);
}

#[tokio::test]
async fn oauth_errors_are_errors_of_plaids() {
    let body = r#"{"error":"invalid_grant","error_description":"expired","request_id":"r"}"#;
    let error = failure(answer(400, body)).await;
    assert_eq!(error.error_code(), Some(&ErrorCode::InvalidGrant));
    assert_eq!(
        error.to_string(),
        "look: OAUTH_ERROR/INVALID_GRANT (400): expired [request r]"
    );
}

#[tokio::test]
async fn an_error_with_a_status_of_success_is_an_error() {
    let step = plaid_error(208, "OAUTH_ERROR", "OAUTH_STATE_ID_ALREADY_PROCESSED", "");
    assert_eq!(failure(step).await.action(), Action::NewLinkSession);
    // It would decode: the type asks for nothing else.
    let body = r#"{"value":1,"error_type":"ITEM_ERROR","error_code":"ITEM_LOCKED"}"#;
    assert_eq!(
        failure(answer(200, body)).await.error_code(),
        Some(&ErrorCode::ItemLocked)
    );
}

#[tokio::test]
async fn a_body_of_the_wrong_shape_tells_where() {
    let body = r#"{"value":"planted","request_id":"req1"}"#;
    let error = failure(answer(200, body)).await;
    let Error::Decode(decode) = &error else {
        panic!("{error}")
    };
    assert_eq!(decode.path(), "value");
    assert_eq!(decode.reason(), "expected u64, found a string");
    assert_eq!(decode.raw(), body);
    assert_eq!(error.action(), Action::UpdateCrate);
    assert_eq!(
        error.to_string(),
        "look: cannot read the answer (200) at value: expected u64, found a string; Plaid did what \
         was asked: read the answer from raw() and do not repeat a write [request req1]"
    );
}

#[tokio::test]
async fn an_error_page_keeps_its_status() {
    let page = "<html><body>planted 502 Bad Gateway</body></html>";
    let headers = [("content-type", "text/html; charset=utf-8")];
    let error = failure(answer_with(502, &headers, page)).await;
    let Error::UnexpectedBody(unexpected) = &error else {
        panic!("{error}")
    };
    assert_eq!(unexpected.content_type(), Some("text/html"));
    assert_eq!(unexpected.length(), page.len());
    assert_eq!(unexpected.raw(), page);
    assert_eq!(error.action(), Action::RetryWithBackoff);
    assert_eq!(
        error.to_string(),
        "look: HTTP 502 with 49 bytes (text/html) that Plaid does not send: \
         a passing trouble: try again with growing pauses"
    );
}

#[tokio::test]
async fn an_empty_body_keeps_its_status() {
    let error = failure(answer_with(504, &[], "")).await;
    assert!(matches!(error, Error::UnexpectedBody(_)));
    assert_eq!(error.status().unwrap(), 504);
    assert!(
        error
            .to_string()
            .starts_with("look: HTTP 504 with no body: ")
    );
    for status in [200, 204] {
        let error = failure(answer(status, "")).await;
        assert!(matches!(error, Error::UnexpectedBody(_)), "{error}");
    }
}

#[tokio::test]
async fn a_page_with_a_status_of_success_is_not_an_answer() {
    let headers = [("content-type", "text/html")];
    let error = failure(answer_with(
        200,
        &headers,
        "<html>log in to the wifi</html>",
    ))
    .await;
    assert!(matches!(error, Error::UnexpectedBody(_)), "{error}");
}

#[tokio::test]
async fn a_write_that_may_have_happened_is_to_be_checked() {
    let uncertain = [
        plaid_error(500, "API_ERROR", "INTERNAL_SERVER_ERROR", ""),
        answer_with(502, &[], "<html>"),
        Step::Break,
    ];
    for step in uncertain {
        let client = Script::new([step]).client();
        let error = transfer(&client).await.unwrap_err();
        assert_eq!(error.action(), Action::CheckBeforeRetry, "{error}");
        assert!(error.may_have_reached_plaid());
    }
    let refused = Script::new([Step::Refuse]).client_with(RetryPolicy::none());
    let error = transfer(&refused).await.unwrap_err();
    assert_eq!(error.action(), Action::RetryWithBackoff);
    assert!(!error.may_have_reached_plaid());
}
