//! What happens by itself goes by the emulator's clock, which a test puts forward.

use std::time::Duration;

use crate::common::{Bench, Receiver, length, text};
use plaid_sandbox::{Order, Pace, Sandbox};
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn item(bench: &Bench, receiver: &Receiver, products: &[&str]) -> Value {
    let options = json!({ "webhook": receiver.url });
    json!({ "access_token": bench.item_with(products, options).await })
}

async fn lifelike() -> Bench {
    let builder = Sandbox::builder().pace(Pace::Lifelike);
    Bench::with(builder.start().await.unwrap())
}

/// The types and codes of the next webhooks.
async fn codes(receiver: &mut Receiver, count: usize) -> Vec<String> {
    let mut codes = Vec::new();
    for _ in 0..count {
        let webhook = receiver.next_json().await;
        codes.push(format!(
            "{}/{}",
            text(&webhook["webhook_type"]),
            text(&webhook["webhook_code"])
        ));
    }
    codes
}

#[tokio::test]
async fn an_item_asks_for_a_new_login_after_thirty_days() {
    let bench = Bench::new().await;
    let mut receiver = Receiver::start().await;
    let item = item(&bench, &receiver, &["auth"]).await;
    bench.sandbox.advance(29 * DAY);
    bench.ok("/auth/get", item.clone()).await;
    bench.sandbox.advance(DAY);
    bench
        .post("/auth/get", item.clone())
        .await
        .is_error(400, "ITEM_ERROR", "ITEM_LOGIN_REQUIRED");
    let webhook = receiver.next_json().await;
    assert_eq!(webhook["error"]["error_code"], "ITEM_LOGIN_REQUIRED");

    let mut update = json!({ "client_name": "Shop", "language": "en", "country_codes": ["US"] });
    update["access_token"] = item["access_token"].clone();
    let token = text(&bench.ok("/link/token/create", update).await["link_token"]);
    bench.sandbox.complete_link(&token).unwrap();
    assert_eq!(codes(&mut receiver, 1).await, ["ITEM/LOGIN_REPAIRED"]);
    bench.sandbox.advance(29 * DAY);
    bench.ok("/auth/get", item.clone()).await;
    bench.sandbox.advance(DAY);
    assert_eq!(codes(&mut receiver, 1).await, ["ITEM/ERROR"]);
}

#[tokio::test]
async fn every_day_brings_transactions_that_are_pending_until_the_next() {
    let bench = Bench::new().await;
    let mut receiver = Receiver::start().await;
    let mut body = item(&bench, &receiver, &["transactions"]).await;
    body["count"] = json!(500);
    let first = bench.ok("/transactions/sync", body.clone()).await;
    assert!(length(&first["added"]) > 40);

    // Bookings come on some days only; within thirty all of them come.
    body["cursor"] = first["next_cursor"].clone();
    for day in 1.. {
        assert!(day < 30, "nothing was booked");
        bench.sandbox.advance(DAY);
        let update = bench.ok("/transactions/sync", body.clone()).await;
        if length(&update["added"]) > 0 {
            body["cursor"] = update["next_cursor"].clone();
            let added = &update["added"][0];
            assert_eq!(added["pending"], true);
            bench.sandbox.advance(DAY);
            let settled = bench.ok("/transactions/sync", body.clone()).await;
            let pending = &added["transaction_id"];
            let removed = settled["removed"].as_array().unwrap();
            assert!(removed.iter().any(|one| one["transaction_id"] == *pending));
            let posted = settled["added"].as_array().unwrap().iter();
            let posted: Vec<_> = posted
                .filter(|one| one["pending_transaction_id"] == *pending)
                .collect();
            assert_eq!(posted.len(), 1);
            assert_eq!(posted[0]["pending"], false);
            break;
        }
    }
    assert_eq!(
        codes(&mut receiver, 2).await,
        ["TRANSACTIONS/SYNC_UPDATES_AVAILABLE"; 2]
    );
}

#[tokio::test]
async fn transactions_take_their_time_and_say_when_they_are_there() {
    let bench = lifelike().await;
    let mut receiver = Receiver::start().await;
    let body = item(&bench, &receiver, &["transactions"]).await;
    let sync = || bench.ok("/transactions/sync", body.clone());
    let mut get = body.clone();
    get["start_date"] = json!("2000-01-01");
    get["end_date"] = json!("2999-12-31");

    let nothing = sync().await;
    assert_eq!(nothing["transactions_update_status"], "NOT_READY");
    assert_eq!(nothing["next_cursor"], "");
    assert_eq!(nothing["added"], json!([]));
    bench.post("/transactions/get", get.clone()).await.is_error(
        400,
        "ITEM_ERROR",
        "PRODUCT_NOT_READY",
    );

    bench.sandbox.advance(Duration::from_secs(10));
    let month = sync().await;
    assert_eq!(
        month["transactions_update_status"],
        "INITIAL_UPDATE_COMPLETE"
    );
    assert_eq!(length(&month["added"]), 16);
    assert_eq!(
        codes(&mut receiver, 2).await,
        [
            "TRANSACTIONS/INITIAL_UPDATE",
            "TRANSACTIONS/SYNC_UPDATES_AVAILABLE"
        ]
    );

    bench.sandbox.advance(Duration::from_secs(50));
    let mut rest = body.clone();
    rest["cursor"] = month["next_cursor"].clone();
    let rest = bench.ok("/transactions/sync", rest).await;
    assert_eq!(
        rest["transactions_update_status"],
        "HISTORICAL_UPDATE_COMPLETE"
    );
    assert_eq!(length(&rest["added"]), 32);
    assert_eq!(
        codes(&mut receiver, 2).await,
        [
            "TRANSACTIONS/HISTORICAL_UPDATE",
            "TRANSACTIONS/SYNC_UPDATES_AVAILABLE"
        ]
    );
    assert_eq!(
        bench.ok("/transactions/get", get).await["total_transactions"],
        48
    );
}

#[tokio::test]
async fn a_report_takes_its_time_and_says_when_it_is_ready() {
    let bench = lifelike().await;
    let mut receiver = Receiver::start().await;
    let access_token = bench.item(&["assets"]).await;
    let options = json!({ "webhook": receiver.url });
    let body = json!({ "access_tokens": [access_token], "days_requested": 1, "options": options });
    let created = bench.ok("/asset_report/create", body).await;
    let report = json!({ "asset_report_token": created["asset_report_token"] });
    for _ in 0..3 {
        let early = bench.post("/asset_report/get", report.clone()).await;
        early.is_error(400, "ASSET_REPORT_ERROR", "PRODUCT_NOT_READY");
    }
    bench.sandbox.advance(Duration::from_secs(30));
    assert_eq!(codes(&mut receiver, 1).await, ["ASSETS/PRODUCT_READY"]);
    bench.ok("/asset_report/get", report).await;
}

#[tokio::test]
async fn a_webhook_that_was_not_received_comes_again_later_each_time() {
    let bench = Bench::new().await;
    let mut receiver = Receiver::answering([500, 204]).await;
    let item = item(&bench, &receiver, &["auth"]).await;
    bench.ok("/sandbox/item/reset_login", item).await;
    let first = receiver.next().await.body;
    for wait in [30, 120] {
        bench.sandbox.advance(Duration::from_secs(wait - 1));
        assert!(receiver.is_empty());
        bench.sandbox.advance(Duration::from_secs(1));
        assert_eq!(receiver.next().await.body, first);
    }
    // It was received: nothing follows, and what does follow is something else.
    bench.sandbox.advance(2 * DAY);
    let access_token = bench
        .item_with(&["auth"], json!({ "webhook": receiver.url }))
        .await;
    let fire = json!({ "access_token": access_token, "webhook_code": "NEW_ACCOUNTS_AVAILABLE" });
    bench.ok("/sandbox/item/fire_webhook", fire).await;
    assert_eq!(
        codes(&mut receiver, 1).await,
        ["ITEM/NEW_ACCOUNTS_AVAILABLE"]
    );
    let sent = bench.sandbox.webhooks();
    let statuses: Vec<_> = sent.iter().map(|webhook| webhook.status).collect();
    assert_eq!(statuses[..3], [Some(500), Some(204), Some(200)]);
}

#[tokio::test]
async fn webhooks_are_duplicated_and_reordered_on_request() {
    let bench = Bench::new().await;
    let mut receiver = Receiver::start().await;
    let item = item(&bench, &receiver, &["auth", "transactions"]).await;
    bench.sandbox.hold_webhooks();
    bench.ok("/transactions/refresh", item.clone()).await;
    bench.ok("/sandbox/item/reset_login", item).await;
    assert!(receiver.is_empty());
    bench.sandbox.repeat_webhooks(2);
    bench.sandbox.release_webhooks(Order::Reversed);
    assert_eq!(
        codes(&mut receiver, 6).await,
        [
            "ITEM/ERROR",
            "ITEM/ERROR",
            "TRANSACTIONS/DEFAULT_UPDATE",
            "TRANSACTIONS/DEFAULT_UPDATE",
            "TRANSACTIONS/SYNC_UPDATES_AVAILABLE",
            "TRANSACTIONS/SYNC_UPDATES_AVAILABLE",
        ]
    );
}

#[tokio::test]
async fn the_clock_can_be_put_as_far_as_anybody_likes() {
    let bench = Bench::new().await;
    let receiver = Receiver::start().await;
    let item = item(&bench, &receiver, &["transactions"]).await;
    for _ in 0..2 {
        bench.sandbox.advance(Duration::MAX);
        bench.ok("/item/get", item.clone()).await;
        bench.public_token(&["auth"], json!({})).await;
    }
}
