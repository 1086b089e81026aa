//! Faults by rule, published rate limits, and the controls over HTTP.

use std::{net::Ipv4Addr, time::Duration};

use crate::common::{Answer, Bench, Receiver, length, text};
use plaid_sandbox::{Fault, FaultRule, Sandbox};
use serde_json::{Value, json};

const PATH: &str = "/item/get";

async fn statuses(bench: &Bench, path: &str, body: &Value, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(bench.post(path, body.clone()).await.status);
    }
    statuses
}

#[tokio::test]
async fn a_rule_hits_the_requests_that_it_says() {
    let bench = Bench::new().await;
    let token = bench.item(&["auth"]).await;
    let body = json!({ "access_token": token });
    let rule = FaultRule::new(Fault::RateLimit).operation("itemGet").nth(3);
    let rule = bench.sandbox.fail(rule);
    assert_eq!(
        statuses(&bench, PATH, &body, 5).await,
        [200, 200, 429, 200, 200]
    );
    assert_eq!(bench.sandbox.hits(rule), Some(1));
    assert!(bench.sandbox.withdraw(rule));
    assert!(!bench.sandbox.withdraw(rule));
    assert_eq!(bench.sandbox.hits(rule), None);
}

#[tokio::test]
async fn a_rule_for_an_item_leaves_the_others_alone() {
    let bench = Bench::new().await;
    let (mine, other) = (bench.item(&["auth"]).await, bench.item(&["auth"]).await);
    let mine = json!({ "access_token": mine });
    let other = json!({ "access_token": other });
    let item_id = text(&bench.ok(PATH, mine.clone()).await["item"]["item_id"]);
    let account_id = bench
        .account(mine["access_token"].as_str().unwrap(), "0000")
        .await;
    let mut create = mine.clone();
    create["account_id"] = json!(account_id);
    create["processor"] = json!("dwolla");
    let processor = bench.ok("/processor/token/create", create).await;
    let processor = json!({ "processor_token": processor["processor_token"] });

    let fault = Fault::Error {
        error_type: "INSTITUTION_ERROR".into(),
        error_code: "INSTITUTION_DOWN".into(),
        status: 400,
    };
    bench.sandbox.fail(FaultRule::new(fault).item(item_id));
    let down = |answer: Answer| answer.is_error(400, "INSTITUTION_ERROR", "INSTITUTION_DOWN");
    down(bench.post(PATH, mine.clone()).await);
    down(bench.post("/auth/get", mine.clone()).await);
    down(bench.post("/processor/auth/get", processor).await);
    bench.ok(PATH, other).await;
    let large = "x".repeat(2 * 1024 * 1024);
    assert_eq!(bench.post_text(PATH, large).await.status, 413);
    bench.sandbox.clear_faults();
    bench.ok(PATH, mine).await;
}

#[tokio::test]
async fn what_answers_in_place_of_the_api_is_not_json_or_not_the_right_one() {
    let bench = Bench::new().await;
    bench
        .sandbox
        .fail(FaultRule::new(Fault::html(502)).times(1));
    let page = bench.post("/categories/get", json!({})).await;
    assert_eq!(
        (page.status, page.content_type.as_str()),
        (502, "text/html")
    );
    bench.sandbox.fail(FaultRule::new(Fault::wrong_json()));
    let wrong = bench.post("/categories/get", json!({})).await;
    assert_eq!(wrong.status, 200);
    assert!(wrong.json().get("categories").is_none());
}

#[tokio::test]
async fn published_limits_hold_for_a_minute_of_the_clock() {
    let bench = Bench::new().await;
    let token = bench.item(&["transactions"]).await;
    let body = json!({ "access_token": token });
    bench.sandbox.enforce_rate_limits(true);
    let path = "/transactions/refresh";
    assert_eq!(statuses(&bench, path, &body, 3).await, [200, 200, 429]);
    let limited = bench.post(path, body.clone()).await;
    limited.is_error(429, "RATE_LIMIT_EXCEEDED", "TRANSACTIONS_REFRESH_LIMIT");
    bench.sandbox.advance(Duration::from_secs(60));
    assert_eq!(statuses(&bench, path, &body, 2).await, [200, 200]);
    bench.sandbox.enforce_rate_limits(false);
    assert_eq!(statuses(&bench, path, &body, 2).await, [200, 200]);
}

/// A call of the controls, as a client in any language would make it.
async fn control(bench: &Bench, method: &str, path: &str, body: Option<Value>) -> Answer {
    let url = format!("{}/_sandbox{path}", bench.sandbox.url());
    let mut request = bench.client.request(method.parse().unwrap(), url);
    if let Some(body) = body {
        request = request.json(&body);
    }
    Answer::of(request).await
}

async fn told(bench: &Bench, path: &str, body: Value) -> Value {
    let answer = control(bench, "POST", path, Some(body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn the_controls_tell_what_a_client_needs() {
    let bench = Bench::new().await;
    let about = control(&bench, "GET", "", None).await.json();
    assert_eq!(about["client_id"], bench.sandbox.client_id());
    assert_eq!(about["secret"], bench.sandbox.secret());
    assert_eq!(about["operations"], 329);
}

#[tokio::test]
async fn faults_come_and_go_over_http() {
    let bench = Bench::new().await;
    let token = bench.item(&["auth"]).await;
    let body = json!({ "access_token": token });
    for (fault, status) in [
        (json!({ "kind": "html" }), 502),
        (json!({ "kind": "rate_limit" }), 429),
        (json!({ "kind": "status", "status": 504 }), 504),
        (json!({ "kind": "delay", "milliseconds": 1 }), 200),
        (
            json!({ "kind": "error", "error_type": "API_ERROR", "error_code": "PLANNED_MAINTENANCE", "status": 503 }),
            503,
        ),
    ] {
        let rule = json!({ "fault": fault, "operation": PATH, "nth": 1 });
        let id = told(&bench, "/faults", rule).await["id"].clone();
        assert_eq!(statuses(&bench, PATH, &body, 2).await, [status, 200]);
        let faults = control(&bench, "GET", "/faults", None).await.json();
        assert_eq!(faults["faults"], json!([{ "hits": 1, "id": id }]));
        let path = format!("/faults/{id}");
        assert_eq!(control(&bench, "DELETE", &path, None).await.status, 200);
        assert_eq!(control(&bench, "DELETE", &path, None).await.status, 404);
    }
    let often = json!({ "fault": { "kind": "rate_limit" }, "probability": { "percent": 100 } });
    told(&bench, "/faults", often).await;
    assert_eq!(bench.post(PATH, body.clone()).await.status, 429);
    assert_eq!(control(&bench, "DELETE", "/faults", None).await.status, 200);
    bench.ok(PATH, body).await;
}

#[tokio::test]
async fn time_link_and_requests_are_controlled_over_http() {
    let bench = Bench::new().await;
    let public_token = bench.public_token(&["auth"], json!({})).await;
    let before = bench.sandbox.now();
    let now = told(&bench, "/clock/advance", json!({ "seconds": 1_800 })).await;
    let now: chrono::DateTime<chrono::Utc> = now["now"].as_str().unwrap().parse().unwrap();
    assert!((now - before).num_seconds() >= 1_800);
    let exchange = "/item/public_token/exchange";
    bench
        .post(exchange, json!({ "public_token": public_token }))
        .await
        .is_error(400, "INVALID_INPUT", "INVALID_PUBLIC_TOKEN");

    let create = json!({
        "client_name": "Shop", "language": "en", "country_codes": ["US"], "products": ["auth"],
        "user": { "client_user_id": "1" },
    });
    let link = bench.ok("/link/token/create", create).await;
    let link = json!({ "link_token": link["link_token"] });
    let completed = told(&bench, "/link/complete", link).await;
    bench.ok(exchange, completed).await;

    let requests = control(&bench, "GET", "/requests", None).await;
    let listed = requests.json();
    assert_eq!(length(&listed["requests"]), 4);
    assert_eq!(listed["requests"][1]["operation"], exchange);
    assert_eq!(listed["requests"][1]["status"], 400);
    assert!(!requests.text.contains("public-sandbox-"));
    assert_eq!(
        control(&bench, "DELETE", "/requests", None).await.status,
        200
    );
    assert!(bench.sandbox.requests().is_empty());
}

#[tokio::test]
async fn webhooks_are_controlled_over_http() {
    let bench = Bench::new().await;
    let mut receiver = Receiver::start().await;
    let options = json!({ "webhook": receiver.url });
    let token = bench.item_with(&["transactions"], options).await;
    told(&bench, "/webhooks/hold", json!({})).await;
    told(&bench, "/webhooks/repeat", json!({ "times": 2 })).await;
    bench
        .ok("/transactions/refresh", json!({ "access_token": token }))
        .await;
    told(&bench, "/webhooks/release", json!({ "order": "reversed" })).await;
    for code in ["DEFAULT_UPDATE", "DEFAULT_UPDATE", "SYNC_UPDATES_AVAILABLE"] {
        assert_eq!(receiver.next_json().await["webhook_code"], code);
    }
    let sent = control(&bench, "GET", "/webhooks", None).await.json();
    assert_eq!(
        sent["webhooks"][0],
        json!({ "status": 200, "webhook_code": "DEFAULT_UPDATE", "webhook_type": "TRANSACTIONS" })
    );
}

#[tokio::test]
async fn controls_say_what_they_do_not_understand() {
    let bench = Bench::new().await;
    for (path, body) in [
        ("/clock/advance", json!({})),
        ("/clock/advance", json!({ "seconds": -1 })),
        ("/clock/advance", json!({ "seconds": 1, "minutes": 1 })),
        ("/faults", json!({ "fault": { "kind": "earthquake" } })),
        ("/link/complete", json!({ "link_token": "link-sandbox-1" })),
        ("/webhooks/release", json!({ "order": "random" })),
    ] {
        let answer = control(&bench, "POST", path, Some(body)).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        assert!(!text(&answer.json()["error"]).is_empty());
    }
    // A page of another origin can send this unasked, and must not be heard.
    let url = format!("{}/_sandbox/webhooks/hold", bench.sandbox.url());
    let form = bench.client.post(url).header("content-type", "text/plain");
    assert_eq!(Answer::of(form.body("{}")).await.status, 400);
    assert_eq!(control(&bench, "GET", "/nothing", None).await.status, 404);
}

#[tokio::test]
async fn a_name_that_somebody_pointed_at_this_machine_has_no_controls() {
    let bench = Bench::new().await;
    let url = format!("{}/_sandbox", bench.sandbox.url());
    let rebound = bench.client.get(url).header("host", "attacker.example");
    let answer = Answer::of(rebound).await;
    assert_eq!(answer.status, 404);
    assert!(!answer.text.contains(bench.sandbox.secret()));
}

#[tokio::test]
async fn an_emulator_on_all_addresses_is_reached_on_this_machine() {
    let builder = Sandbox::builder().bind(Ipv4Addr::UNSPECIFIED.into());
    let bench = Bench::with(builder.start().await.unwrap());
    assert!(bench.sandbox.url().starts_with("http://127.0.0.1:"));
    bench.item(&["auth"]).await;
    assert_eq!(control(&bench, "GET", "", None).await.status, 200);
}
