//! Identity verifications: one per user and template, completed, retried, listed.

use crate::common;
use crate::common::{Answer, Bench, Folder, text};
use plaid_sandbox::VerificationError;
use serde_json::{Value, json};

async fn create(bench: &Bench, user: &str, is_idempotent: bool) -> Answer {
    let body = json!({
        "client_user_id": user, "template_id": "idvtmp_1", "is_idempotent": is_idempotent,
        "gave_consent": true, "is_shareable": true,
        "user": {
            "email_address": "ada@example.com",
            "name": { "given_name": "Ada", "family_name": "Byron" },
        },
    });
    bench.post("/identity_verification/create", body).await
}

async fn get(bench: &Bench, id: &Value) -> Value {
    let body = json!({ "identity_verification_id": id });
    bench.ok("/identity_verification/get", body).await
}

#[tokio::test]
async fn a_user_has_one_verification_until_it_is_retried() {
    let bench = Bench::new().await;
    let made = create(&bench, "u1", false).await.json();
    assert_eq!(made["status"], "active");
    assert_eq!(made["user"]["name"]["given_name"], "Ada");
    assert_eq!(made["user"]["phone_number"], Value::Null);
    let refused = create(&bench, "u1", false).await;
    refused.is_error(400, "INVALID_REQUEST", "INVALID_FIELD");
    assert_eq!(create(&bench, "u1", true).await.json()["id"], made["id"]);
    assert_ne!(create(&bench, "u2", true).await.json()["id"], made["id"]);

    let retry = json!({
        "client_user_id": "u1", "template_id": "idvtmp_1", "strategy": "reset",
        "user": { "phone_number": "+12025550143" },
    });
    let path = "/identity_verification/retry";
    let again = bench.ok(path, retry.clone()).await;
    assert_eq!(again["previous_attempt_id"], made["id"]);
    assert_eq!(again["user"]["email_address"], "ada@example.com");
    assert_eq!(again["user"]["phone_number"], "+12025550143");
    let mut stranger = retry;
    stranger["client_user_id"] = json!("nobody");
    let refused = bench.post(path, stranger).await;
    refused.is_error(404, "INVALID_REQUEST", "NOT_FOUND");
}

#[tokio::test]
async fn it_is_completed_once_by_hand_or_over_http() {
    let bench = Bench::new().await;
    let made = create(&bench, "u1", false).await.json();
    let id = text(&made["id"]);
    assert_eq!(made["completed_at"], Value::Null);
    bench
        .sandbox
        .complete_identity_verification(&id, true)
        .unwrap();
    let found = get(&bench, &made["id"]).await;
    assert_eq!(
        (&found["status"], &found["kyc_check"]["status"]),
        (&json!("success"), &json!("success"))
    );
    assert!(found["completed_at"].is_string());
    assert_eq!(
        bench.sandbox.complete_identity_verification(&id, false),
        Err(VerificationError::NotWaiting)
    );

    let second = create(&bench, "u2", false).await.json();
    let body = json!({ "identity_verification_id": second["id"], "passed": false });
    let path = "/_sandbox/identity_verification/complete";
    assert_eq!(bench.post(path, body.clone()).await.status, 200);
    let found = get(&bench, &second["id"]).await;
    assert_eq!(
        (&found["status"], &found["steps"]["kyc_check"]),
        (&json!("failed"), &json!("failed"))
    );
    assert_eq!(bench.post(path, body).await.status, 400);

    let unknown = json!({ "identity_verification_id": "idv_1" });
    let refused = bench.post("/identity_verification/get", unknown).await;
    refused.is_error(404, "INVALID_REQUEST", "NOT_FOUND");
}

#[tokio::test]
async fn they_are_listed_page_by_page_also_after_a_restart() {
    let folder = Folder::new("verifications");
    let bench = folder.start().await;
    let mut made = Vec::new();
    for user in 0..30 {
        let one = create(&bench, &format!("u{user}"), false).await.json();
        made.insert(0, one["id"].clone());
    }
    bench
        .sandbox
        .complete_identity_verification(&text(&made[0]), true)
        .unwrap();

    let bench = folder.restart(bench).await;
    let (mut cursor, mut listed) = (Value::Null, Vec::new());
    loop {
        let body = json!({ "template_id": "idvtmp_1", "cursor": cursor });
        let page = bench.ok("/identity_verification/list", body).await;
        let rows = page["identity_verifications"].as_array().unwrap();
        listed.extend(rows.iter().map(|row| row["id"].clone()));
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(listed, made);
    assert_eq!(get(&bench, &made[0]).await["status"], "success");
    assert_eq!(get(&bench, &made[1]).await["status"], "active");
    let body = json!({ "template_id": "idvtmp_1", "client_user_id": "u3" });
    let page = bench.ok("/identity_verification/list", body).await;
    assert_eq!(page["identity_verifications"][0]["client_user_id"], "u3");
    assert_eq!(common::length(&page["identity_verifications"]), 1);
    bench.sandbox.stop().await;
}
