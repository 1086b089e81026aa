//! Mistakes get the answer that Plaid gives them, and hostile input nothing
//! else.

use crate::common::{Answer, Bench};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const BAD_ID: &str = "client_id must be a properly formatted, non-empty string";

#[tokio::test]
async fn credentials_are_asked_for() {
    let bench = Bench::new().await;
    let (id, secret) = (bench.sandbox.client_id(), bench.sandbox.secret());
    assert_eq!((id.len(), secret.len()), (24, 30));
    const MISSING: &str = "the following required fields are missing: ";
    let missing = |names: &str| format!("{MISSING}{names}");
    for (body, code, message) in [
        (json!({}), "MISSING_FIELDS", missing("client_id, secret")),
        (
            json!({ "secret": secret }),
            "MISSING_FIELDS",
            missing("client_id"),
        ),
        (
            json!({ "client_id": id }),
            "MISSING_FIELDS",
            missing("secret"),
        ),
        (
            json!({ "client_id": "", "secret": secret }),
            "INVALID_FIELD",
            BAD_ID.into(),
        ),
        (
            json!({ "client_id": "me", "secret": secret }),
            "INVALID_FIELD",
            BAD_ID.into(),
        ),
        (
            json!({ "client_id": 7, "secret": secret }),
            "INVALID_FIELD",
            BAD_ID.into(),
        ),
    ] {
        bench
            .post_bare("/item/get", body)
            .await
            .says("INVALID_REQUEST", code, &message);
    }
    for body in [
        json!({ "client_id": id, "secret": "wrong" }),
        json!({ "client_id": "0123456789abcdef01234567", "secret": secret }),
    ] {
        let answer = bench.post_bare("/item/get", body).await;
        answer.says(
            "INVALID_INPUT",
            "INVALID_API_KEYS",
            "invalid client_id or secret provided",
        );
    }
}

#[tokio::test]
async fn credentials_may_stand_in_the_body() {
    let bench = Bench::new().await;
    let body = json!({
        "client_id": bench.sandbox.client_id(), "secret": bench.sandbox.secret(),
        "institution_id": "ins_109508", "initial_products": ["auth"],
    });
    assert_eq!(
        bench
            .post_bare("/sandbox/public_token/create", body)
            .await
            .status,
        200
    );
    let categories = bench
        .post_bare(
            "/categories/get",
            json!({ "client_id": bench.sandbox.client_id() }),
        )
        .await;
    categories.says(
        "INVALID_REQUEST",
        "UNKNOWN_FIELDS",
        "the following fields are not recognized by this endpoint: client_id",
    );
}

#[tokio::test]
async fn tokens_are_told_apart() {
    let bench = Bench::new().await;
    for (token, code, message) in [
        (
            "whatever",
            "INVALID_ACCESS_TOKEN",
            "provided access token is in an invalid format. expected format: access-<environment>-<identifier>",
        ),
        (
            "access-production-0b8f6a37-4f7c-4a86-9c0a-0f3f9b9b5b1e",
            "INVALID_ACCESS_TOKEN",
            "provided access token is for the wrong Plaid environment. expected \"sandbox\", got \"production\"",
        ),
        (
            "access-sandbox-0b8f6a37-4f7c-4a86-9c0a-0f3f9b9b5b1e",
            "INVALID_ACCESS_TOKEN",
            "could not find matching access token",
        ),
    ] {
        bench
            .post("/item/get", json!({ "access_token": token }))
            .await
            .says("INVALID_INPUT", code, message);
    }
    for (token, message) in [
        (
            "whatever",
            "provided public token is in an invalid format. expected format: public-<environment>-<identifier>",
        ),
        ("public-sandbox-1", "could not find matching public token"),
    ] {
        let answer = bench
            .post(
                "/item/public_token/exchange",
                json!({ "public_token": token }),
            )
            .await;
        answer.says("INVALID_INPUT", "INVALID_PUBLIC_TOKEN", message);
    }
    let empty = bench
        .post("/item/public_token/exchange", json!({ "public_token": "" }))
        .await;
    empty.says(
        "INVALID_REQUEST",
        "INVALID_FIELD",
        "public_token must be a non-empty string",
    );
    let processor = bench
        .post(
            "/processor/auth/get",
            json!({ "processor_token": "processor-sandbox-1" }),
        )
        .await;
    let body = processor.is_error(400, "INVALID_INPUT", "INVALID_PROCESSOR_TOKEN");
    assert!(body["error_message"].is_null());
    let link = bench
        .post("/link/token/get", json!({ "link_token": "link-sandbox-1" }))
        .await;
    link.says(
        "INVALID_INPUT",
        "INVALID_LINK_TOKEN",
        "invalid link_token provided",
    );
    let key = bench
        .post("/webhook_verification_key/get", json!({ "key_id": "1" }))
        .await;
    key.is_error(400, "INVALID_INPUT", "INVALID_WEBHOOK_VERIFICATION_KEY_ID");
    let report = bench
        .post(
            "/asset_report/get",
            json!({ "asset_report_token": "assets-sandbox-1" }),
        )
        .await;
    report.is_error(400, "INVALID_REQUEST", "INVALID_FIELD");
    let report = bench.post("/asset_report/get", json!({})).await;
    report.is_error(400, "INVALID_REQUEST", "MISSING_FIELDS");
}

#[tokio::test]
async fn products_have_to_be_there() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["auth"]).await;
    for path in [
        "/identity/get",
        "/transactions/sync",
        "/transactions/refresh",
    ] {
        let answer = bench
            .post(path, json!({ "access_token": access_token }))
            .await;
        answer.says("ITEM_ERROR", "PRODUCTS_NOT_SUPPORTED", "");
    }
    let create = |institution: &str, product: &str| json!({ "institution_id": institution, "initial_products": [product] });
    let path = "/sandbox/public_token/create";
    bench.post(path, create("ins_43", "statements")).await.says(
        "ITEM_ERROR",
        "PRODUCTS_NOT_SUPPORTED",
        "",
    );
    bench
        .post(path, create("ins_132361", "auth"))
        .await
        .is_error(400, "INSTITUTION_ERROR", "INSTITUTION_DOWN");
    bench
        .post(path, create("ins_109508", "gold"))
        .await
        .is_error(400, "INVALID_REQUEST", "INVALID_FIELD");
}

#[tokio::test]
async fn a_password_asks_for_an_error() {
    let bench = Bench::new().await;
    let create = |password: &str| {
        json!({
            "institution_id": "ins_109508", "initial_products": ["auth"],
            "options": { "override_password": password },
        })
    };
    let path = "/sandbox/public_token/create";
    bench
        .post(path, create("error_ITEM_LOCKED"))
        .await
        .is_error(400, "ITEM_ERROR", "ITEM_LOCKED");
    let broken = bench
        .post(path, create("error_INTERNAL_SERVER_ERROR"))
        .await;
    broken.is_error(500, "API_ERROR", "INTERNAL_SERVER_ERROR");
    assert_eq!(bench.post(path, create("pass_good")).await.status, 200);
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let bench = Bench::new().await;
    for path in [
        "/",
        "/nothing",
        "/item/get/",
        "/fdx/consents/",
        "//item/get",
    ] {
        let body = bench
            .post(path, json!({}))
            .await
            .is_error(404, "INVALID_REQUEST", "NOT_FOUND");
        assert_eq!(body["error_message"], "not found");
    }
    let get = Answer::of(
        bench
            .client
            .get(format!("{}/item/get", bench.sandbox.url())),
    )
    .await;
    get.is_error(404, "INVALID_REQUEST", "NOT_FOUND");
}

/// An operation without a behaviour of its own still tells a sound request from a
/// wrong one.
#[tokio::test]
async fn what_is_made_up_is_asked_for_correctly() {
    let bench = Bench::new().await;
    let path = "/liabilities/get";
    let missing = bench.post(path, json!({})).await;
    missing.is_error(400, "INVALID_REQUEST", "MISSING_FIELDS");
    let malformed = bench.post(path, json!({"access_token": "a"})).await;
    malformed.is_error(400, "INVALID_INPUT", "INVALID_ACCESS_TOKEN");
}

#[tokio::test]
async fn oauth_reports_errors_as_its_standard_does() {
    let bench = Bench::new().await;
    let (id, secret) = (bench.sandbox.client_id(), bench.sandbox.secret());
    let body = |secret: &str| json!({ "client_id": id, "client_secret": secret, "grant_type": "client_credentials" });
    let good = bench.post_bare("/oauth/token", body(secret)).await;
    assert_eq!(good.status, 200, "{}", good.text);
    for (body, error) in [
        (body("wrong"), "invalid_client"),
        (
            json!({ "client_id": id, "client_secret": secret }),
            "invalid_request",
        ),
    ] {
        let answer = bench.post_bare("/oauth/token", body).await;
        assert_eq!(answer.status, 400);
        let keys: Vec<_> = answer.json().as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["error", "error_description", "request_id"]);
        assert_eq!(answer.json()["error"], error);
        assert_eq!(answer.json()["request_id"], answer.request_id);
    }
}

#[tokio::test]
async fn a_body_is_a_json_object() {
    let bench = Bench::new().await;
    let deep = "[".repeat(100_000);
    let nested = format!("{}1{}", "{\"a\":".repeat(50_000), "}".repeat(50_000));
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"text\"",
        "{\"a\":}",
        "{}{}",
        "\u{feff}{}",
        &deep,
        &nested,
    ] {
        let answer = bench.post_text("/item/get", body.to_owned()).await;
        answer.says(
            "INVALID_REQUEST",
            "INVALID_BODY",
            "body could not be parsed as JSON",
        );
    }
    let answer = bench
        .post_text("/item/get", b"{\"access_token\":\"\xff\"}".to_vec())
        .await;
    answer.is_error(400, "INVALID_REQUEST", "INVALID_BODY");

    let plain = bench
        .request("/item/get")
        .header("content-type", "text/plain")
        .body("{}");
    Answer::of(plain)
        .await
        .is_error(400, "INVALID_REQUEST", "INVALID_BODY");
    let unlabelled = bench.request("/item/get").body("{}");
    Answer::of(unlabelled)
        .await
        .is_error(400, "INVALID_REQUEST", "INVALID_HEADERS");
}

#[tokio::test]
async fn a_body_has_a_limit() {
    let bench = Bench::new().await;
    let body = format!("{{\"access_token\":\"{}\"}}", "a".repeat(1024 * 1024));
    bench
        .post_text("/item/get", body)
        .await
        .is_error(413, "INVALID_REQUEST", "INVALID_BODY");
    let nested = format!(
        "{{\"access_token\":{}1{}}}",
        "[".repeat(100),
        "]".repeat(100)
    );
    bench
        .post_text("/item/get", nested)
        .await
        .is_error(400, "INVALID_REQUEST", "INVALID_FIELD");
}

#[tokio::test]
async fn numbers_at_the_edge_are_errors_at_most() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["transactions"]).await;
    for count in [
        "0",
        "-1",
        "501",
        "1e400",
        "99999999999999999999",
        "1.5",
        "\"5\"",
        "null",
    ] {
        let body = format!("{{\"access_token\":\"{access_token}\",\"count\":{count}}}");
        assert_eq!(
            bench.post_text("/transactions/sync", body).await.status,
            400,
            "{count}"
        );
    }
    for offset in ["18446744073709551615", "9007199254740993"] {
        let body = format!(
            "{{\"access_token\":\"{access_token}\",\"start_date\":\"2000-01-01\",\"end_date\":\"2999-01-01\",\
             \"options\":{{\"offset\":{offset}}}}}"
        );
        assert_eq!(
            bench.post_text("/transactions/get", body).await.status,
            200,
            "{offset}"
        );
    }
}

#[tokio::test]
async fn nothing_secret_is_repeated() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["auth"]).await;
    let planted = "access-sandbox-planted";
    let bodies = [
        json!({ "access_token": planted }),
        json!({ "access_token": [planted] }),
        json!({ "access_token": access_token, planted: 1 }),
        json!({ "access_token": access_token, "options": { "account_ids": [planted] } }),
    ];
    for body in bodies {
        let answer = bench.post("/accounts/get", body).await;
        assert_eq!(answer.status, 400);
        assert!(!answer.text.contains(planted), "{}", answer.text);
    }
    let shown = format!("{:?} {:?}", bench.sandbox, bench.sandbox.requests());
    for secret in [
        planted,
        &access_token,
        bench.sandbox.secret(),
        bench.sandbox.client_id(),
    ] {
        assert!(!shown.contains(secret));
    }
}

#[tokio::test]
async fn requests_are_logged_with_their_item() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["auth"]).await;
    let answer = bench
        .post("/accounts/get", json!({ "access_token": access_token }))
        .await;
    bench.post("/nothing", json!({})).await;
    let requests = bench.sandbox.requests();
    let [.., accounts, nothing] = requests.as_slice() else {
        panic!("{requests:?}")
    };
    assert_eq!(
        (accounts.operation, accounts.status),
        (Some("/accounts/get"), Some(200))
    );
    assert_eq!(accounts.request_id, answer.request_id);
    assert_eq!(
        accounts.item_id.as_deref(),
        answer.json()["item"]["item_id"].as_str()
    );
    assert_eq!(
        (nothing.operation, nothing.status, &nothing.item_id),
        (None, Some(404), &None)
    );
}

#[tokio::test]
async fn noise_on_the_wire_disturbs_nobody() {
    let bench = Bench::new().await;
    for noise in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /item/get HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(bench.sandbox.address()).await.unwrap();
        stream.write_all(noise).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
    }
    bench.item(&["auth"]).await;
}

#[tokio::test]
async fn a_stopped_emulator_listens_no_more() {
    let bench = Bench::new().await;
    bench.item(&["auth"]).await;
    let address = bench.sandbox.address();
    let idle = TcpStream::connect(address).await.unwrap();
    bench.sandbox.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
    drop(idle);
}

#[tokio::test]
async fn a_taken_port_is_an_error() {
    let bench = Bench::new().await;
    let port = bench.sandbox.address().port();
    let error = plaid_sandbox::Sandbox::builder()
        .port(port)
        .start()
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot listen on 127.0.0.1:{port}")
    );
}

#[tokio::test]
async fn dates_times_and_addresses_that_are_none_are_refused_and_not_repeated() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["transactions"]).await;
    for text in ["", "2025-02-30", "25-1-1", "yesterday"] {
        let body = json!({
            "client_user_id": "u1", "template_id": "idvtmp_1", "gave_consent": true,
            "is_shareable": false, "user": { "date_of_birth": text },
        });
        let answer = bench.post("/identity_verification/create", body).await;
        answer.is_error(400, "INVALID_REQUEST", "INVALID_FIELD");
        assert!(!answer.text.contains("yesterday"));
        let body = json!({
            "access_token": access_token, "start_date": text, "end_date": "2026-01-01",
        });
        let message = "start_date must be a date in the form YYYY-MM-DD";
        let answer = bench.post("/transactions/get", body).await;
        answer.says("INVALID_REQUEST", "INVALID_FIELD", message);
        let body = json!({ "start_date": text });
        let answer = bench.post("/transfer/list", body).await;
        answer.is_error(400, "INVALID_REQUEST", "INVALID_FIELD");
        let body = json!({
            "client_user_id": "u1", "template_id": "idvtmp_1", "gave_consent": true,
            "is_shareable": false, "user": { "email_address": text },
        });
        let answer = bench.post("/identity_verification/create", body).await;
        answer.is_error(400, "INVALID_REQUEST", "INVALID_FIELD");
    }
}
