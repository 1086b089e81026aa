//! Transfers: made once per authorization, moved on request, and their events.

use crate::common;
use crate::common::{Bench, Receiver, length, text};
use serde_json::{Value, json};

/// An Item's checking account, and a way to transfers from it.
struct Account {
    bench: Bench,
    fields: Value,
}

impl Account {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let access_token = bench.item(&["transfer"]).await;
        let account_id = bench.account(&access_token, "0000").await;
        let fields = json!({ "access_token": access_token, "account_id": account_id });
        Self { bench, fields }
    }

    async fn authorize(&self, amount: &str) -> String {
        let mut body = self.fields.clone();
        body["type"] = json!("debit");
        body["network"] = json!("ach");
        body["ach_class"] = json!("web");
        body["amount"] = json!(amount);
        body["user"] = json!({ "legal_name": "Robin Sandoval" });
        let authorized = self.bench.ok("/transfer/authorization/create", body).await;
        text(&authorized["authorization"]["id"])
    }

    fn creation(&self, authorization_id: &str) -> Value {
        let mut body = self.fields.clone();
        body["authorization_id"] = json!(authorization_id);
        body["description"] = json!("Rent");
        body
    }

    async fn transfer(&self, amount: &str) -> Value {
        let body = self.creation(&self.authorize(amount).await);
        self.bench.ok("/transfer/create", body).await["transfer"].clone()
    }

    async fn status(&self, transfer: &Value) -> String {
        let body = json!({ "transfer_id": transfer["id"] });
        let found = self.bench.ok("/transfer/get", body).await;
        text(&found["transfer"]["status"])
    }

    fn event(transfer: &Value, event: &str) -> Value {
        json!({ "transfer_id": transfer["id"], "event_type": event })
    }
}

const SIMULATE: &str = "/sandbox/transfer/simulate";

#[tokio::test]
async fn a_transfer_is_made_once_per_authorization() {
    let account = Account::new().await;
    let body = account.creation(&account.authorize("12.34").await);
    let first = account.bench.ok("/transfer/create", body.clone()).await;
    let again = account.bench.ok("/transfer/create", body).await;
    assert_eq!(first["transfer"], again["transfer"]);
    assert_eq!(first["transfer"]["amount"], "12.34");
    assert_eq!(first["transfer"]["status"], "pending");
    let listed = account.bench.ok("/transfer/list", json!({})).await;
    assert_eq!(listed["transfers"], json!([first["transfer"]]));

    let declined = account.creation(&account.authorize("100.01").await);
    for body in [declined, account.creation("made up")] {
        let refused = account.bench.post("/transfer/create", body).await;
        refused.is_error(400, "INVALID_REQUEST", "INVALID_FIELD");
    }
}

#[tokio::test]
async fn a_transfer_moves_along_the_ways_that_there_are() {
    let account = Account::new().await;
    let bench = &account.bench;
    let good = account.transfer("1.00").await;
    for event in ["posted", "settled", "funds_available"] {
        bench.ok(SIMULATE, Account::event(&good, event)).await;
        assert_eq!(account.status(&good).await, event);
    }
    let returned = account.transfer("1.00").await;
    for event in ["posted", "returned"] {
        bench.ok(SIMULATE, Account::event(&returned, event)).await;
    }
    let body = json!({ "transfer_id": returned["id"] });
    let found = bench.ok("/transfer/get", body).await;
    assert_eq!(
        found["transfer"]["failure_reason"]["ach_return_code"],
        "R01"
    );
    for (transfer, event) in [(&good, "returned"), (&returned, "posted"), (&good, "swept")] {
        bench
            .post(SIMULATE, Account::event(transfer, event))
            .await
            .is_error(
                400,
                "SANDBOX_ERROR",
                "SANDBOX_TRANSFER_EVENT_TRANSITION_INVALID",
            );
    }
}

#[tokio::test]
async fn only_a_pending_transfer_is_cancelled() {
    let account = Account::new().await;
    let transfer = account.transfer("1.00").await;
    let body = json!({ "transfer_id": transfer["id"] });
    account.bench.ok("/transfer/cancel", body.clone()).await;
    assert_eq!(account.status(&transfer).await, "cancelled");
    account.bench.post("/transfer/cancel", body).await.is_error(
        400,
        "TRANSFER_ERROR",
        "TRANSFER_NOT_CANCELLABLE",
    );
}

#[tokio::test]
async fn events_are_handed_out_once_each_and_announced() {
    let account = Account::new().await;
    let mut receiver = Receiver::start().await;
    for _ in 0..2 {
        let transfer = account.transfer("1.00").await;
        let mut event = Account::event(&transfer, "posted");
        event["webhook"] = json!(receiver.url);
        account.bench.ok(SIMULATE, event).await;
        let webhook = receiver.next_json().await;
        assert_eq!(webhook["webhook_code"], "TRANSFER_EVENTS_UPDATE");
    }
    let (mut after, mut kinds, mut pages) = (0, Vec::new(), 0);
    loop {
        let body = json!({ "after_id": after, "count": 3 });
        let page = account.bench.ok("/transfer/event/sync", body).await;
        for event in page["transfer_events"].as_array().unwrap() {
            assert_eq!(event["event_id"], after + 1);
            after += 1;
            kinds.push(text(&event["event_type"]));
        }
        pages += 1;
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(kinds, ["pending", "posted", "pending", "posted"]);
    assert_eq!(pages, 2);

    let posted = json!({ "event_types": ["posted"], "count": 1 });
    let listed = account.bench.ok("/transfer/event/list", posted).await;
    assert_eq!(length(&listed["transfer_events"]), 1);
    assert_eq!(listed["has_more"], true);
}

impl Account {
    async fn refund(&self, transfer: &Value, amount: &str, key: &str) -> common::Answer {
        let body = json!({
            "transfer_id": transfer["id"], "amount": amount, "idempotency_key": key,
        });
        self.bench.post("/transfer/refund/create", body).await
    }
}

#[tokio::test]
async fn no_more_is_refunded_than_was_taken() {
    let account = Account::new().await;
    let transfer = account.transfer("3.00").await;
    let first = account.refund(&transfer, "2.00", "a").await.json();
    assert_eq!(first["refund"]["transfer_id"], transfer["id"]);
    let again = account.refund(&transfer, "2.00", "a").await.json();
    assert_eq!(again["refund"], first["refund"], "the key is the same");
    let refused = async |amount: &str, key: &str| {
        let refused = account.refund(&transfer, amount, key).await;
        refused.is_error(400, "INVALID_REQUEST", "INVALID_FIELD");
    };
    refused("1.01", "b").await;
    refused("0.00", "c").await;
    refused("-1.00", "d").await;
    // What is cancelled does not count.
    let refund = json!({ "refund_id": first["refund"]["id"] });
    account.bench.ok("/transfer/refund/cancel", refund).await;
    let whole = account.refund(&transfer, "3.00", "e").await;
    assert_eq!(whole.status, 200, "{}", whole.text);
    let body = json!({ "transfer_id": transfer["id"] });
    let found = account.bench.ok("/transfer/get", body).await;
    assert_eq!(length(&found["transfer"]["refunds"]), 2);

    let stranger = json!({ "id": "made up" });
    let refused = account.refund(&stranger, "1.00", "f").await;
    refused.is_error(400, "INVALID_REQUEST", "INVALID_FIELD");
}

#[tokio::test]
async fn a_refund_moves_along_the_ways_that_there_are() {
    let account = Account::new().await;
    let bench = &account.bench;
    let transfer = account.transfer("3.00").await;
    let made = account.refund(&transfer, "1.00", "a").await.json();
    let refund = json!({ "refund_id": made["refund"]["id"] });
    let event = |event: &str| json!({ "refund_id": refund["refund_id"], "event_type": event });
    let simulate = "/sandbox/transfer/refund/simulate";
    for (name, status) in [("refund.posted", "posted"), ("refund.returned", "returned")] {
        bench.ok(simulate, event(name)).await;
        let found = bench.ok("/transfer/refund/get", refund.clone()).await;
        assert_eq!(found["refund"]["status"], status);
    }
    let found = bench.ok("/transfer/refund/get", refund.clone()).await;
    assert_eq!(found["refund"]["failure_reason"]["failure_code"], "R01");
    for name in ["refund.settled", "posted", "refund.pending"] {
        let refused = bench.post(simulate, event(name)).await;
        let code = "SANDBOX_TRANSFER_EVENT_TRANSITION_INVALID";
        refused.is_error(400, "SANDBOX_ERROR", code);
    }
    let refused = bench.post("/transfer/refund/cancel", refund.clone()).await;
    refused.is_error(400, "TRANSFER_ERROR", "TRANSFER_NOT_CANCELLABLE");
    let unknown = json!({ "refund_id": "made up" });
    let refused = bench.post("/transfer/refund/get", unknown).await;
    refused.is_error(400, "INVALID_REQUEST", "INVALID_FIELD");

    let body = json!({ "after_id": 0 });
    let events = bench.ok("/transfer/event/sync", body).await;
    let events = events["transfer_events"].as_array().unwrap();
    let of_refund = events
        .iter()
        .filter(|event| event["refund_id"] == refund["refund_id"]);
    let kinds: Vec<_> = of_refund.map(|event| text(&event["event_type"])).collect();
    assert_eq!(
        kinds,
        ["refund.pending", "refund.posted", "refund.returned"]
    );
}

#[tokio::test]
async fn tokens_that_are_made_without_link_open_their_items() {
    let bench = Bench::new().await;
    let body = json!({ "institution_id": "ins_109508" });
    let made = bench.ok("/sandbox/processor_token/create", body).await;
    let processor = json!({ "processor_token": made["processor_token"] });
    for path in [
        "/processor/auth/get",
        "/processor/balance/get",
        "/processor/identity/get",
    ] {
        bench.ok(path, processor.clone()).await;
    }

    let body = json!({
        "products": ["auth"], "user_auth": { "user_id": "u", "auth_token": "t" },
    });
    let imported = bench.ok("/item/import", body).await;
    let item = json!({ "access_token": imported["access_token"] });
    bench.ok("/auth/get", item.clone()).await;

    let public = bench.ok("/item/public_token/create", item.clone()).await;
    let public = json!({ "public_token": public["public_token"] });
    let again = bench.ok("/item/public_token/exchange", public).await;
    let other = json!({ "access_token": again["access_token"] });
    let item_id = |answer: &Value| text(&answer["item"]["item_id"]);
    assert_eq!(
        item_id(&bench.ok("/item/get", item).await),
        item_id(&bench.ok("/item/get", other).await)
    );

    let body = json!({
        "account_number": "1111222233330000", "routing_number": "011401533",
        "account_type": "checking",
    });
    let migrated = bench.ok("/transfer/migrate_account", body).await;
    let token = text(&migrated["access_token"]);
    assert_eq!(migrated["account_id"], bench.account(&token, "0000").await);
    let accounts = bench
        .ok("/accounts/get", json!({ "access_token": token }))
        .await;
    assert_eq!(length(&accounts["accounts"]), 1);
}
