//! The generated calls, end to end through the same core.

#[tokio::test]
async fn a_generated_call_is_made() {
    use crate::scripted::support::*;

    let body = r#"{"accounts":[],"item":{},"request_id":"req1"}"#;
    let script = Script::new([answer(200, body)]);
    let error = script.client().accounts().get(TOKEN).await.unwrap_err();
    assert_eq!(script.seen()[0].url, "https://plaid.example/accounts/get");
    assert_eq!(script.seen()[0].header("api-version"), None);
    assert_eq!(
        script.seen()[0].body,
        format!(r#"{{"access_token":"{TOKEN}"}}"#)
    );
    let plaid::Error::Decode(decode) = &error else {
        panic!("{error}")
    };
    assert_eq!(decode.path(), "item");
    assert!(decode.reason().starts_with("missing field "), "{error}");
}

#[tokio::test]
async fn a_file_is_handed_over() {
    use crate::scripted::support::*;

    let headers = [
        ("content-type", "application/pdf"),
        ("plaid-request-id", "req1"),
    ];
    let script = Script::new([
        answer_with(200, &headers, "%PDF-planted"),
        plaid_error(400, "ASSET_REPORT_ERROR", "PRODUCT_NOT_READY", ""),
    ]);
    let client = script.client();
    let file = client.assets().report_pdf_get(TOKEN).await.unwrap();
    assert_eq!(&file[..], b"%PDF-planted");
    assert_eq!(file.request_id(), "req1");
    assert!(!format!("{file:?}").contains("planted"));
    let error = client.assets().report_pdf_get(TOKEN).await.unwrap_err();
    assert_eq!(error.action(), plaid::Action::WaitThenRetry);
}
