//! What callers make with one call is found with others: wallets, payments, screenings
//! and whatever else the emulator has no behaviour of its own for.

use crate::common::{Bench, Folder, length, text};
use serde_json::{Value, json};

/// An address that the caller gives, with everything that an address may have.
fn address() -> Value {
    json!({
        "street": ["1 High Street"], "city": "London", "postal_code": "N1 9GU", "country": "GB",
    })
}

async fn recipient(bench: &Bench, name: &str) -> Value {
    let body = json!({ "name": name, "iban": "GB29NWBK60161331926819", "address": address() });
    let path = "/payment_initiation/recipient/create";
    bench.ok(path, body).await["recipient_id"].clone()
}

async fn payment(bench: &Bench, recipient_id: &Value, reference: &str) -> Value {
    let body = json!({
        "recipient_id": recipient_id, "reference": reference,
        "amount": { "currency": "GBP", "value": 12.5 },
    });
    let path = "/payment_initiation/payment/create";
    bench.ok(path, body).await
}

#[tokio::test]
async fn a_payment_is_found_with_what_was_sent() {
    let bench = Bench::new().await;
    let recipient_id = recipient(&bench, "Ada").await;
    let body = json!({ "recipient_id": recipient_id });
    let found = bench.ok("/payment_initiation/recipient/get", body).await;
    assert_eq!(found["name"], "Ada");
    assert_eq!(found["address"], address());
    // Left out, so it is not there either.
    assert_eq!(found["bacs"], Value::Null);

    let made = payment(&bench, &recipient_id, "Rent").await;
    let body = json!({ "payment_id": made["payment_id"] });
    let get = "/payment_initiation/payment/get";
    let found = bench.ok(get, body.clone()).await;
    assert_eq!(found["recipient_id"], recipient_id);
    assert_eq!(found["reference"], "Rent");
    assert_eq!(found["amount"], json!({ "currency": "GBP", "value": 12.5 }));
    assert_eq!(found["status"], made["status"]);

    let simulate = json!({
        "payment_id": made["payment_id"], "status": "PAYMENT_STATUS_EXECUTED",
        "webhook": "http://127.0.0.1:9/hook",
    });
    let moved = bench.ok("/sandbox/payment/simulate", simulate).await;
    assert_eq!(moved["old_status"], made["status"]);
    assert_eq!(moved["new_status"], "PAYMENT_STATUS_EXECUTED");
    let found = bench.ok(get, body).await;
    assert_eq!(found["status"], "PAYMENT_STATUS_EXECUTED");
}

#[tokio::test]
async fn lists_have_what_was_made_the_newest_first_and_page_by_page() {
    let bench = Bench::new().await;
    let recipient_id = recipient(&bench, "Ada").await;
    let mut made = Vec::new();
    for reference in ["one", "two", "three"] {
        made.insert(
            0,
            payment(&bench, &recipient_id, reference).await["payment_id"].clone(),
        );
    }
    let (mut cursor, mut listed) = (Value::Null, Vec::new());
    loop {
        let body = json!({ "count": 2, "cursor": cursor });
        let page = bench.ok("/payment_initiation/payment/list", body).await;
        listed.extend(page["payments"].as_array().unwrap().clone());
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    let ids: Vec<_> = listed.iter().map(|row| row["payment_id"].clone()).collect();
    assert_eq!(ids, made);
    for row in &listed {
        let body = json!({ "payment_id": row["payment_id"] });
        let mut found = bench.ok("/payment_initiation/payment/get", body).await;
        found.as_object_mut().unwrap().remove("request_id");
        let mut row = row.clone();
        row.as_object_mut().unwrap().remove("request_id");
        assert_eq!(row, found);
    }
}

#[tokio::test]
async fn a_list_of_what_belongs_to_one_thing_has_nothing_of_another() {
    let bench = Bench::new().await;
    let wallet = async || {
        let body = json!({ "iso_currency_code": "GBP" });
        bench.ok("/wallet/create", body).await["wallet_id"].clone()
    };
    let (first, second) = (wallet().await, wallet().await);
    assert_ne!(first, second, "two wallets were asked for");
    let execute = async |wallet_id: &Value, key: &str| {
        let body = json!({
            "wallet_id": wallet_id, "idempotency_key": key, "reference": "The rent",
            "amount": { "iso_currency_code": "GBP", "value": 3 },
            "counterparty": {
                "name": "Ada",
                "numbers": { "bacs": { "account": "12345678", "sort_code": "601613" } },
            },
        });
        bench.ok("/wallet/transaction/execute", body).await["transaction_id"].clone()
    };
    let made = execute(&first, "a").await;
    assert_eq!(execute(&first, "a").await, made, "the key is the same");
    assert_ne!(execute(&first, "b").await, made);
    execute(&second, "c").await;
    let body = json!({ "wallet_id": first });
    let listed = bench.ok("/wallet/transaction/list", body).await;
    assert_eq!(length(&listed["transactions"]), 2);
    let body = json!({ "transaction_id": made });
    let found = bench.ok("/wallet/transaction/get", body).await;
    assert_eq!(found["wallet_id"], first);
    assert_eq!(
        found["counterparty"]["numbers"]["bacs"]["account"],
        "12345678"
    );
    assert_eq!(
        length(&bench.ok("/wallet/list", json!({})).await["wallets"]),
        2
    );
}

#[tokio::test]
async fn a_deposit_to_the_ledger_is_a_sweep_that_moves() {
    let bench = Bench::new().await;
    let body = json!({
        "amount": "250.00", "idempotency_key": "a", "network": "ach", "description": "Float",
    });
    let made = bench.ok("/transfer/ledger/deposit", body.clone()).await;
    assert_eq!(made["sweep"]["amount"], "250.00");
    assert_eq!(made["sweep"]["status"], "pending");
    let again = bench.ok("/transfer/ledger/deposit", body).await;
    assert_eq!(again["sweep"]["id"], made["sweep"]["id"]);
    let sweep = json!({ "sweep_id": made["sweep"]["id"] });
    for status in ["posted", "settled"] {
        let mut event = sweep.clone();
        event["event_type"] = json!(format!("sweep.{status}"));
        let path = "/sandbox/transfer/ledger/deposit/simulate";
        bench.ok(path, event).await;
        let found = bench.ok("/transfer/sweep/get", sweep.clone()).await;
        assert_eq!(found["sweep"]["status"], status);
        assert_eq!(found["sweep"]["description"], "Float");
    }
    let listed = bench.ok("/transfer/sweep/list", json!({})).await;
    assert_eq!(length(&listed["sweeps"]), 1);
    let pending = json!({ "status": "pending" });
    let listed = bench.ok("/transfer/sweep/list", pending).await;
    assert_eq!(length(&listed["sweeps"]), 0);
}

#[tokio::test]
async fn the_same_recipient_is_made_once() {
    let bench = Bench::new().await;
    let ada = recipient(&bench, "Ada").await;
    assert_eq!(recipient(&bench, "Ada").await, ada);
    assert_ne!(recipient(&bench, "Grace").await, ada);
    let path = "/payment_initiation/recipient/list";
    assert_eq!(length(&bench.ok(path, json!({})).await["recipients"]), 2);
}

#[tokio::test]
async fn a_change_shows_and_what_is_removed_is_gone() {
    let bench = Bench::new().await;
    let body = json!({
        "search_terms": { "watchlist_program_id": "prg_2eRPsDnL66rZ7H", "legal_name": "Ada" },
        "client_user_id": "customer-7",
    });
    let path = "/watchlist_screening/individual/create";
    let made = bench.ok(path, body).await;
    assert_eq!(made["search_terms"]["legal_name"], "Ada");
    let id = &made["id"];
    let body = json!({ "watchlist_screening_id": id, "status": "rejected" });
    let path = "/watchlist_screening/individual/update";
    assert_eq!(bench.ok(path, body).await["status"], "rejected");
    let body = json!({ "watchlist_program_id": "prg_2eRPsDnL66rZ7H" });
    let path = "/watchlist_screening/individual/list";
    let listed = bench.ok(path, body).await;
    let rows = listed["watchlist_screenings"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["id"], &rows[0]["status"]),
        (id, &json!("rejected"))
    );
    let other = json!({ "watchlist_program_id": "prg_other" });
    let listed = bench.ok(path, other).await;
    assert_eq!(length(&listed["watchlist_screenings"]), 0);

    let body = json!({ "recipient_id": "r", "reference": "Rent", "scopes": ["ME_TO_ME"],
        "constraints": {
            "max_payment_amount": { "currency": "GBP", "value": 15 },
            "periodic_amounts": [{
                "amount": { "currency": "GBP", "value": 40 },
                "alignment": "CALENDAR", "interval": "MONTH",
            }],
        } });
    let made = bench
        .ok("/payment_initiation/consent/create", body.clone())
        .await;
    let consent = json!({ "consent_id": made["consent_id"] });
    let get = "/payment_initiation/consent/get";
    let found = bench.ok(get, consent.clone()).await;
    assert_eq!(
        found["constraints"]["periodic_amounts"],
        body["constraints"]["periodic_amounts"]
    );
    bench
        .ok("/payment_initiation/consent/revoke", consent.clone())
        .await;
    assert_eq!(bench.ok(get, consent).await["status"], "REVOKED");

    let made = bench.ok("/payment_profile/create", json!({})).await;
    let profile = json!({ "payment_profile_token": made["payment_profile_token"] });
    bench.ok("/payment_profile/get", profile.clone()).await;
    bench.ok("/payment_profile/remove", profile.clone()).await;
    bench
        .post("/payment_profile/get", profile)
        .await
        .is_error(404, "INVALID_REQUEST", "NOT_FOUND");
}

#[tokio::test]
async fn what_was_made_survives_a_restart() {
    let folder = Folder::new("created");
    let bench = folder.start().await;
    let recipient_id = recipient(&bench, "Ada").await;
    let made = payment(&bench, &recipient_id, "Rent").await;
    let questions = [
        (
            "/payment_initiation/payment/get",
            json!({ "payment_id": made["payment_id"] }),
        ),
        (
            "/payment_initiation/recipient/get",
            json!({ "recipient_id": recipient_id }),
        ),
        ("/payment_initiation/payment/list", json!({})),
    ];
    let told = async |bench: &Bench| {
        let mut told = Vec::new();
        for (path, body) in &questions {
            let mut answer = bench.ok(path, body.clone()).await;
            answer.as_object_mut().unwrap().remove("request_id");
            told.push(answer);
        }
        told
    };
    let before = told(&bench).await;

    let bench = folder.restart(bench).await;
    assert_eq!(told(&bench).await, before);
    // The list goes on where it was.
    let second = payment(&bench, &recipient_id, "Rent").await;
    assert_ne!(text(&second["payment_id"]), text(&made["payment_id"]));
    let listed = bench
        .ok("/payment_initiation/payment/list", json!({}))
        .await;
    assert_eq!(listed["payments"][0]["payment_id"], second["payment_id"]);
    assert_eq!(length(&listed["payments"]), 2);
    bench.sandbox.stop().await;
}
