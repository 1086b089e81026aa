//! The user `user_custom` has what its password says.

use std::time::Duration;

use crate::common::{Bench, Folder, length, text};
use chrono::{Days, Utc};
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn request(configuration: &Value) -> Value {
    json!({
        "institution_id": "ins_109508",
        "initial_products": ["auth", "identity", "transactions"],
        "options": {
            "override_username": "user_custom",
            "override_password": configuration.to_string(),
        },
    })
}

async fn item(bench: &Bench, configuration: &Value) -> Value {
    let created = bench
        .ok("/sandbox/public_token/create", request(configuration))
        .await;
    let body = json!({ "public_token": created["public_token"] });
    let exchanged = bench.ok("/item/public_token/exchange", body).await;
    json!({ "access_token": exchanged["access_token"] })
}

fn configuration() -> Value {
    let today = Utc::now().date_naive();
    let (before, after) = (today - Days::new(40), today + Days::new(2));
    json!({
        "override_accounts": [
            {
                "type": "depository", "subtype": "checking", "starting_balance": 1250.75,
                "meta": {
                    "name": "Everyday", "official_name": "Everyday Checking", "mask": "4321",
                },
                "numbers": { "account": "000123456789", "ach_routing": "322271627" },
                "transactions": [
                    {
                        "date_transacted": before, "date_posted": before,
                        "amount": 12.5, "description": "Groceries",
                    },
                    {
                        "date_transacted": after, "date_posted": after,
                        "amount": -900, "description": "Salary",
                    },
                ],
                "identity": {
                    "names": ["Amara Okafor"], "phone_numbers": [], "addresses": [],
                    "emails": [
                        { "data": "amara@example.com", "primary": true, "type": "primary" },
                    ],
                },
            },
            {
                "type": "credit", "subtype": "credit card", "starting_balance": 80,
                "meta": { "limit": 500 },
            },
        ],
        "mfa": { "type": "none" },
    })
}

#[tokio::test]
async fn accounts_numbers_and_owners_are_those_of_the_configuration() {
    let bench = Bench::new().await;
    let item = item(&bench, &configuration()).await;
    let accounts = bench.ok("/accounts/get", item.clone()).await["accounts"].clone();
    assert_eq!(length(&accounts), 2);
    assert_eq!(accounts[0]["name"], "Everyday");
    assert_eq!(accounts[0]["mask"], "4321");
    assert_eq!(accounts[0]["balances"]["available"], 1250.75);
    assert_eq!(accounts[1]["balances"]["available"], Value::Null);
    assert_eq!(accounts[1]["balances"]["limit"], 500);

    let numbers = bench.ok("/auth/get", item.clone()).await["numbers"].clone();
    assert_eq!(length(&numbers["ach"]), 1);
    assert_eq!(numbers["ach"][0]["account"], "000123456789");
    assert_eq!(numbers["ach"][0]["routing"], "322271627");

    let owned = bench.ok("/identity/get", item).await;
    let owners = &owned["accounts"][0]["owners"];
    assert_eq!(owners[0]["names"], json!(["Amara Okafor"]));
}

#[tokio::test]
async fn transactions_come_on_their_day_and_no_others() {
    let bench = Bench::new().await;
    let mut body = item(&bench, &configuration()).await;
    let names = |update: &Value| -> Vec<String> {
        let added = update["added"].as_array().unwrap().iter();
        added.map(|one| text(&one["name"])).collect()
    };
    let first = bench.ok("/transactions/sync", body.clone()).await;
    assert_eq!(names(&first), ["Groceries"]);
    bench.ok("/transactions/refresh", body.clone()).await;
    body["cursor"] = first["next_cursor"].clone();
    bench.sandbox.advance(3 * DAY);
    let second = bench.ok("/transactions/sync", body).await;
    assert_eq!(names(&second), ["Salary"]);
    assert_eq!(second["added"][0]["amount"], -900);
}

#[tokio::test]
async fn a_restart_with_a_data_file_forgets_nothing_of_it() {
    let folder = Folder::new("custom");
    let bench = folder.start().await;
    let mut body = item(&bench, &configuration()).await;
    let identity = bench.ok("/identity/get", body.clone()).await["accounts"].clone();
    let first = bench.ok("/transactions/sync", body.clone()).await;

    let bench = folder.restart(bench).await;
    let again = bench.ok("/identity/get", body.clone()).await["accounts"].clone();
    assert_eq!(again, identity);
    body["cursor"] = first["next_cursor"].clone();
    bench.sandbox.advance(3 * DAY);
    let second = bench.ok("/transactions/sync", body).await;
    assert_eq!(length(&second["added"]), 1);
    assert_eq!(second["added"][0]["name"], "Salary");
    bench.sandbox.stop().await;
}

#[tokio::test]
async fn a_configuration_that_cannot_be_shown_is_refused() {
    let bench = Bench::new().await;
    let account = json!({ "type": "depository", "subtype": "checking" });
    let with = |name: &str, value: Value| {
        let mut account = account.clone();
        account[name] = value;
        json!({ "override_accounts": [account] })
    };
    let mut same_masks = with("meta", json!({ "mask": "11" }));
    let first = same_masks["override_accounts"][0].clone();
    same_masks["override_accounts"] = json!([first, first]);
    for configuration in [
        json!("pass_good"),
        json!({}),
        json!({ "override_accounts": [] }),
        json!({ "override_accounts": vec![account.clone(); 11] }),
        with("type", json!("piggy bank")),
        with("currency", json!("EUR")),
        with("starting_balance", json!(1e300)),
        with("identity", json!({ "names": "Amara" })),
        with("meta", json!({ "mask": "12345" })),
        same_masks,
    ] {
        bench
            .post("/sandbox/public_token/create", request(&configuration))
            .await
            .is_error(400, "INVALID_REQUEST", "INVALID_FIELD");
    }
    let locked = json!({ "override_accounts": [account], "force_error": "ITEM_LOCKED" });
    bench
        .post("/sandbox/public_token/create", request(&locked))
        .await
        .is_error(400, "ITEM_ERROR", "ITEM_LOCKED");
}
