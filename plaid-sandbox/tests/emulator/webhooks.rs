//! Webhooks: when they come, what they say, and that they can be verified.

use crate::common::{Bench, Receiver, decode, text};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PRODUCTS: [&str; 5] = [
    "assets",
    "auth",
    "investments",
    "liabilities",
    "transactions",
];

async fn item(bench: &Bench, receiver: &Receiver) -> String {
    bench
        .item_with(&PRODUCTS, json!({ "webhook": receiver.url }))
        .await
}

#[tokio::test]
async fn a_webhook_verifies() {
    let bench = Bench::new().await;
    let mut receiver = Receiver::start().await;
    let access_token = item(&bench, &receiver).await;
    let fire = json!({ "access_token": access_token, "webhook_code": "SYNC_UPDATES_AVAILABLE" });
    assert_eq!(
        bench.ok("/sandbox/item/fire_webhook", fire).await["webhook_fired"],
        true
    );

    let webhook = receiver.next().await;
    assert!(
        webhook.body.starts_with("{\n  \""),
        "indented by two spaces"
    );
    let (signed, signature) = webhook.verification.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let (header, claims) = (decode(header), decode(claims));
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!("ES256"), &json!("JWT"))
    );
    let digest: String = Sha256::digest(&webhook.body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(claims["request_body_sha256"], digest);
    let age = chrono::Utc::now().timestamp() - claims["iat"].as_i64().unwrap();
    assert!((0..300).contains(&age));

    let key = bench
        .ok(
            "/webhook_verification_key/get",
            json!({ "key_id": header["kid"] }),
        )
        .await["key"]
        .clone();
    let coordinate = |name: &str| BASE64_URL_SAFE_NO_PAD.decode(text(&key[name])).unwrap();
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    let signature =
        Signature::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    VerifyingKey::from_sec1_bytes(&point)
        .unwrap()
        .verify(signed.as_bytes(), &signature)
        .unwrap();
}

#[tokio::test]
async fn every_code_can_be_fired() {
    let bench = Bench::new().await;
    let mut receiver = Receiver::start().await;
    let access_token = item(&bench, &receiver).await;
    for (code, wanted, kind, field) in [
        ("DEFAULT_UPDATE", None, "TRANSACTIONS", "new_transactions"),
        (
            "DEFAULT_UPDATE",
            Some("AUTH"),
            "AUTH",
            "account_ids_with_new_auth",
        ),
        (
            "DEFAULT_UPDATE",
            Some("HOLDINGS"),
            "HOLDINGS",
            "new_holdings",
        ),
        (
            "DEFAULT_UPDATE",
            Some("INVESTMENTS_TRANSACTIONS"),
            "INVESTMENTS_TRANSACTIONS",
            "new_investments_transactions",
        ),
        (
            "DEFAULT_UPDATE",
            Some("LIABILITIES"),
            "LIABILITIES",
            "account_ids_with_new_liabilities",
        ),
        (
            "SYNC_UPDATES_AVAILABLE",
            None,
            "TRANSACTIONS",
            "historical_update_complete",
        ),
        (
            "RECURRING_TRANSACTIONS_UPDATE",
            None,
            "TRANSACTIONS",
            "account_ids",
        ),
        ("NEW_ACCOUNTS_AVAILABLE", Some("ITEM"), "ITEM", "item_id"),
        ("USER_PERMISSION_REVOKED", None, "ITEM", "error"),
        ("USER_ACCOUNT_REVOKED", None, "ITEM", "account_id"),
        ("PENDING_DISCONNECT", None, "ITEM", "disconnect_time"),
        ("LOGIN_REPAIRED", None, "ITEM", "item_id"),
        ("SMS_MICRODEPOSITS_VERIFICATION", None, "AUTH", "status"),
        ("AUTHORIZATION_GRANTED", None, "AUTH", "account_id"),
        ("PRODUCT_READY", None, "ASSETS", "asset_report_id"),
        ("ERROR", None, "ASSETS", "error"),
    ] {
        let mut fire = json!({ "access_token": access_token, "webhook_code": code });
        if let Some(wanted) = wanted {
            fire["webhook_type"] = json!(wanted);
        }
        bench.ok("/sandbox/item/fire_webhook", fire).await;
        let webhook = receiver.next_json().await;
        assert_eq!(
            (&webhook["webhook_type"], &webhook["webhook_code"]),
            (&json!(kind), &json!(code))
        );
        assert_eq!(webhook["environment"], "sandbox");
        assert!(webhook.get(field).is_some(), "{webhook}");
        assert_eq!(webhook.get("item_id").is_some(), kind != "ASSETS");
    }
    let status = &bench
        .ok("/item/get", json!({ "access_token": access_token }))
        .await["status"];
    assert_eq!(status["last_webhook"]["code_sent"], "ERROR");
}

#[tokio::test]
async fn calls_cause_webhooks() {
    let bench = Bench::new().await;
    let mut receiver = Receiver::start().await;
    let access_token = item(&bench, &receiver).await;
    let body = json!({ "access_token": access_token });
    let mut expect = async |codes: &[&str]| {
        let mut webhook = Value::Null;
        for code in codes {
            webhook = receiver.next_json().await;
            assert_eq!(webhook["webhook_code"], *code);
        }
        webhook
    };

    bench.ok("/transactions/refresh", body.clone()).await;
    expect(&["SYNC_UPDATES_AVAILABLE", "DEFAULT_UPDATE"]).await;

    let account_id = bench.account(&access_token, "0000").await;
    let mut verify = body.clone();
    verify["account_id"] = json!(account_id);
    verify["verification_status"] = json!("verification_expired");
    bench
        .ok("/sandbox/item/set_verification_status", verify)
        .await;
    assert_eq!(
        expect(&["VERIFICATION_EXPIRED"]).await["account_id"],
        account_id
    );

    bench.ok("/sandbox/item/reset_login", body.clone()).await;
    assert_eq!(
        expect(&["ERROR"]).await["error"]["error_code"],
        "ITEM_LOGIN_REQUIRED"
    );

    let update = json!({
        "client_name": "Shop", "language": "en", "country_codes": ["US"], "access_token": access_token,
    });
    let link_token = text(&bench.ok("/link/token/create", update).await["link_token"]);
    bench.sandbox.complete_link(&link_token).unwrap();
    expect(&["LOGIN_REPAIRED"]).await;
}

#[tokio::test]
async fn a_ready_report_is_announced() {
    let bench = Bench::new().await;
    let mut receiver = Receiver::start().await;
    let access_token = bench.item(&["assets"]).await;
    let options = json!({ "webhook": receiver.url });
    let body = json!({ "access_tokens": [access_token], "days_requested": 1, "options": options });
    let created = bench.ok("/asset_report/create", body).await;
    bench
        .post(
            "/asset_report/get",
            json!({ "asset_report_token": created["asset_report_token"] }),
        )
        .await;
    assert_eq!(
        receiver.next_json().await["asset_report_id"],
        created["asset_report_id"]
    );
}

#[tokio::test]
async fn a_new_address_is_told_about_itself() {
    let bench = Bench::new().await;
    let (old, mut new) = (Receiver::start().await, Receiver::start().await);
    let access_token = item(&bench, &old).await;
    let body = json!({ "access_token": access_token, "webhook": new.url });
    assert_eq!(
        bench.ok("/item/webhook/update", body).await["item"]["webhook"],
        new.url
    );
    let webhook = new.next_json().await;
    assert_eq!(webhook["webhook_code"], "WEBHOOK_UPDATE_ACKNOWLEDGED");
    assert_eq!(webhook["new_webhook_url"], new.url);
    assert!(old.is_empty());
}

#[tokio::test]
async fn what_cannot_be_fired_is_an_error() {
    let bench = Bench::new().await;
    let fire = |access_token: &str| json!({ "access_token": access_token, "webhook_code": "SYNC_UPDATES_AVAILABLE" });
    let path = "/sandbox/item/fire_webhook";
    let without_webhook = bench.item(&["transactions"]).await;
    bench.post(path, fire(&without_webhook)).await.is_error(
        400,
        "SANDBOX_ERROR",
        "SANDBOX_WEBHOOK_INVALID",
    );
    let without_product = bench.item(&["auth"]).await;
    bench.post(path, fire(&without_product)).await.is_error(
        400,
        "SANDBOX_ERROR",
        "SANDBOX_PRODUCT_NOT_ENABLED",
    );
    let mut mixed_up = fire(&without_webhook);
    mixed_up["webhook_type"] = json!("ITEM");
    bench
        .post(path, mixed_up)
        .await
        .is_error(400, "INVALID_REQUEST", "INVALID_FIELD");
}

#[tokio::test]
async fn an_address_beyond_this_machine_is_accepted_but_not_called() {
    let bench = Bench::new().await;
    let options = json!({ "webhook": "https://example.invalid/hook" });
    let access_token = bench.item_with(&["transactions"], options).await;
    let fire = json!({ "access_token": access_token, "webhook_code": "SYNC_UPDATES_AVAILABLE" });
    assert_eq!(
        bench.ok("/sandbox/item/fire_webhook", fire).await["webhook_fired"],
        true
    );
}

#[tokio::test]
async fn a_dead_receiver_holds_up_nobody() {
    let bench = Bench::new().await;
    let mut receiver = Receiver::start().await;
    let dead = bench
        .item_with(
            &["transactions"],
            json!({ "webhook": "http://127.0.0.1:1/" }),
        )
        .await;
    let alive = item(&bench, &receiver).await;
    for access_token in [dead, alive] {
        bench
            .ok(
                "/transactions/refresh",
                json!({ "access_token": access_token }),
            )
            .await;
    }
    receiver.next_json().await;
}
