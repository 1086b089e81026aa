//! Asset Reports after they were made: refreshed, filtered, shown to auditors, removed.

use crate::common::{Answer, Bench, length, text};
use serde_json::{Value, json};

/// The token of a report that is ready.
async fn report(bench: &Bench, access_token: &str) -> Value {
    let body = json!({
        "access_tokens": [access_token], "days_requested": 10,
        "options": { "client_report_id": "loan-1" },
    });
    let made = bench.ok("/asset_report/create", body).await;
    ready(bench, &made["asset_report_token"]).await;
    made["asset_report_token"].clone()
}

/// Asks for a report until it is there: the second time.
async fn ready(bench: &Bench, token: &Value) -> Value {
    let body = json!({ "asset_report_token": token });
    let first = bench.post("/asset_report/get", body.clone()).await;
    first.is_error(400, "ASSET_REPORT_ERROR", "PRODUCT_NOT_READY");
    bench.ok("/asset_report/get", body).await["report"].clone()
}

async fn audit_copy(bench: &Bench, token: &Value) -> Value {
    let body = json!({ "asset_report_token": token });
    let made = bench.ok("/asset_report/audit_copy/create", body).await;
    json!({ "audit_copy_token": made["audit_copy_token"] })
}

async fn audited(bench: &Bench, copy: &Value) -> Answer {
    bench
        .post("/asset_report/audit_copy/get", copy.clone())
        .await
}

#[track_caller]
fn is_no_audit_copy(answer: &Answer) {
    let error = answer.is_error(400, "INVALID_INPUT", "INVALID_AUDIT_COPY_TOKEN");
    assert_eq!(error["error_message"], Value::Null);
}

#[tokio::test]
async fn a_refreshed_report_is_another_one_of_the_same_items() {
    let bench = Bench::new().await;
    let token = report(&bench, &bench.item(&["assets"]).await).await;
    let old = bench
        .ok("/asset_report/get", json!({ "asset_report_token": token }))
        .await;
    bench
        .sandbox
        .advance(std::time::Duration::from_secs(86_400));
    let body = json!({ "asset_report_token": token, "days_requested": 3 });
    let made = bench.ok("/asset_report/refresh", body).await;
    assert_ne!(made["asset_report_token"], token);
    let new = ready(&bench, &made["asset_report_token"]).await;
    let old = &old["report"];
    assert_ne!(new["asset_report_id"], old["asset_report_id"]);
    assert_eq!(new["client_report_id"], "loan-1");
    assert_eq!(new["days_requested"], 3);
    assert_eq!(new["items"][0]["item_id"], old["items"][0]["item_id"]);
    let date = |report: &Value| text(&report["date_generated"]);
    assert!(date(&new) > date(old));
    // The old one stays as it was.
    let body = json!({ "asset_report_token": token });
    assert_eq!(&bench.ok("/asset_report/get", body).await["report"], old);
}

#[tokio::test]
async fn a_filtered_report_lacks_accounts_and_nothing_else() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["assets"]).await;
    let token = report(&bench, &access_token).await;
    let savings = bench.account(&access_token, "1111").await;
    let body = json!({ "asset_report_token": token, "account_ids_to_exclude": [savings] });
    let made = bench.ok("/asset_report/filter", body).await;
    let filtered = ready(&bench, &made["asset_report_token"]).await;
    let accounts = filtered["items"][0]["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 11);
    assert!(
        accounts
            .iter()
            .all(|account| account["account_id"] != savings)
    );
    let pdf = json!({ "asset_report_token": made["asset_report_token"] });
    let pdf = bench.post("/asset_report/pdf/get", pdf).await;
    assert!(pdf.text.contains("0000") && !pdf.text.contains("Plaid Saving"));
    let body = json!({ "asset_report_token": token });
    let whole = bench.ok("/asset_report/get", body).await;
    assert_eq!(length(&whole["report"]["items"][0]["accounts"]), 12);

    let body = json!({ "asset_report_token": token, "account_ids_to_exclude": ["other"] });
    bench.post("/asset_report/filter", body).await.is_error(
        400,
        "INVALID_INPUT",
        "INVALID_ACCOUNT_ID",
    );
}

#[tokio::test]
async fn an_auditor_reads_the_report_until_the_copy_is_removed() {
    let bench = Bench::new().await;
    let token = report(&bench, &bench.item(&["assets"]).await).await;
    let copy = audit_copy(&bench, &token).await;
    let body = json!({ "asset_report_token": token });
    let own = bench.ok("/asset_report/get", body).await;
    assert_eq!(audited(&bench, &copy).await.json()["report"], own["report"]);
    let pdf = bench
        .post("/asset_report/audit_copy/pdf/get", copy.clone())
        .await;
    assert!(pdf.text.starts_with("%PDF-"));

    bench
        .ok("/asset_report/audit_copy/remove", copy.clone())
        .await;
    is_no_audit_copy(&audited(&bench, &copy).await);
    for path in ["pdf/get", "remove"] {
        let path = format!("/asset_report/audit_copy/{path}");
        is_no_audit_copy(&bench.post(&path, copy.clone()).await);
    }
}

#[tokio::test]
async fn a_removed_report_is_gone_with_its_audit_copies() {
    let bench = Bench::new().await;
    let token = report(&bench, &bench.item(&["assets"]).await).await;
    let copy = audit_copy(&bench, &token).await;
    let body = json!({ "asset_report_token": token });
    let removed = bench.ok("/asset_report/remove", body.clone()).await;
    assert_eq!(removed["removed"], true);
    is_no_audit_copy(&audited(&bench, &copy).await);
    for path in ["get", "pdf/get", "refresh", "remove", "audit_copy/create"] {
        let path = format!("/asset_report/{path}");
        let answer = bench.post(&path, body.clone()).await;
        answer.is_error(400, "INVALID_REQUEST", "INVALID_FIELD");
    }
}

#[tokio::test]
async fn a_report_is_refreshed_only_while_its_items_can_be_read() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["assets"]).await;
    let token = report(&bench, &access_token).await;
    let refresh = json!({ "asset_report_token": token });
    let item = json!({ "access_token": access_token });
    bench.ok("/sandbox/item/reset_login", item.clone()).await;
    let answer = bench.post("/asset_report/refresh", refresh.clone()).await;
    answer.is_error(400, "ITEM_ERROR", "ITEM_LOGIN_REQUIRED");
    bench.ok("/item/remove", item).await;
    let answer = bench.post("/asset_report/refresh", refresh).await;
    answer.is_error(400, "ITEM_ERROR", "ITEM_NOT_FOUND");
}
