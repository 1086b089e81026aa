//! What integrations do, from the first token to the removal of the Item.

use std::{collections::BTreeMap, time::Duration};

use crate::common::{Answer, Bench, length, text};
use plaid_sandbox::{LinkError, Sandbox};
use serde_json::{Value, json};

#[tokio::test]
async fn a_public_token_is_exchanged_once() {
    let bench = Bench::new().await;
    let public_token = bench.public_token(&["auth"], json!({})).await;
    let exchanged = bench
        .ok(
            "/item/public_token/exchange",
            json!({ "public_token": public_token }),
        )
        .await;
    assert!(
        exchanged["access_token"]
            .as_str()
            .unwrap()
            .starts_with("access-sandbox-")
    );
    assert_eq!(text(&exchanged["item_id"]).len(), 37);
    let again = bench
        .post(
            "/item/public_token/exchange",
            json!({ "public_token": public_token }),
        )
        .await;
    again.is_error(400, "INVALID_INPUT", "INVALID_PUBLIC_TOKEN");
}

#[tokio::test]
async fn a_public_token_expires() {
    let bench = Bench::new().await;
    let public_token = bench.public_token(&["auth"], json!({})).await;
    bench.sandbox.advance(Duration::from_secs(30 * 60));
    let late = bench
        .post(
            "/item/public_token/exchange",
            json!({ "public_token": public_token }),
        )
        .await;
    late.is_error(400, "INVALID_INPUT", "INVALID_PUBLIC_TOKEN");
}

#[tokio::test]
async fn user_good_has_twelve_accounts_and_exact_balances() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["auth"]).await;
    let answer = bench
        .post("/accounts/get", json!({ "access_token": access_token }))
        .await;
    assert!(answer.text.contains("\"current\": 23631.9805"));
    assert!(answer.text.contains("\"current\": 56302.06"));
    assert!(answer.text.contains("\"available\": 100,"));
    let answer = answer.json();
    let masks: Vec<_> = answer["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| text(&account["mask"]))
        .collect();
    let expected = [
        "0000", "1111", "2222", "3333", "4444", "5555", "6666", "7777", "8888", "9001", "9002",
        "9999",
    ];
    assert_eq!(masks, expected);
    let first = &answer["accounts"][0];
    assert_eq!(
        (&first["holder_category"], &first["subtype"]),
        (&json!("personal"), &json!("checking"))
    );
    assert!(answer["accounts"][2].get("holder_category").is_none());
}

#[tokio::test]
async fn accounts_can_be_chosen() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["auth"]).await;
    let id = bench.account(&access_token, "1111").await;
    let choose =
        |ids: Value| json!({ "access_token": access_token, "options": { "account_ids": ids } });
    let chosen = bench.ok("/accounts/balance/get", choose(json!([id]))).await;
    assert_eq!(length(&chosen["accounts"]), 1);
    let other = bench
        .post("/accounts/get", choose(json!([id, "nobody's"])))
        .await;
    other.says(
        "INVALID_INPUT",
        "INVALID_ACCOUNT_ID",
        "failed to find requested account ID for requested item",
    );
    let card = bench.account(&access_token, "3333").await;
    bench
        .post("/auth/get", choose(json!([card])))
        .await
        .is_error(400, "ITEM_ERROR", "NO_AUTH_ACCOUNTS");
}

#[tokio::test]
async fn auth_has_numbers_for_three_accounts() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["auth"]).await;
    let answer = bench
        .ok("/auth/get", json!({ "access_token": access_token }))
        .await;
    let numbers: Vec<_> = answer["numbers"]["ach"]
        .as_array()
        .unwrap()
        .iter()
        .map(|number| text(&number["account"]))
        .collect();
    assert_eq!(
        numbers,
        ["1111222233330000", "1111222233331111", "1111222233339002"]
    );
    assert_eq!(answer["numbers"]["ach"][0]["routing"], "011401533");
    assert_eq!(answer["item"]["auth_method"], "INSTANT_AUTH");
}

#[tokio::test]
async fn auth_without_an_account_that_has_numbers_is_an_error() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["auth"]).await;
    let credit_card = bench.account(&access_token, "3333").await;
    for account_ids in [json!([]), json!([credit_card])] {
        let body = json!({
            "access_token": access_token, "options": { "account_ids": account_ids },
        });
        let refused = bench.post("/auth/get", body).await;
        refused.is_error(400, "ITEM_ERROR", "NO_AUTH_ACCOUNTS");
    }
    let other = bench.account(&bench.item(&["auth"]).await, "0000").await;
    for path in ["/auth/get", "/identity/match", "/liabilities/get"] {
        let item = bench.item(&["auth", "identity", "liabilities"]).await;
        let body = json!({ "access_token": item, "options": { "account_ids": [other] } });
        let refused = bench.post(path, body).await;
        refused.is_error(400, "INVALID_INPUT", "INVALID_ACCOUNT_ID");
    }
}

#[tokio::test]
async fn an_item_says_what_it_has() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["transactions"]).await;
    let item = &bench
        .ok("/item/get", json!({ "access_token": access_token }))
        .await["item"];
    let available = json!([
        "assets",
        "balance",
        "credit_details",
        "identity",
        "identity_match",
        "income",
        "income_verification",
        "investments",
        "liabilities",
        "signal",
    ]);
    assert_eq!(item["available_products"], available);
    assert_eq!(item["billed_products"], json!(["transactions"]));
    let consented = json!([
        "assets",
        "identity",
        "identity_match",
        "income_verification",
        "transactions"
    ]);
    assert_eq!(item["consented_products"], consented);
    assert_eq!(item["error"], Value::Null);
    assert_eq!(item["institution_id"], "ins_109508");
}

#[tokio::test]
async fn a_rotated_token_is_dead_and_its_successor_alive() {
    let bench = Bench::new().await;
    let old = bench.item(&["auth"]).await;
    let rotated = bench
        .ok(
            "/item/access_token/invalidate",
            json!({ "access_token": old }),
        )
        .await;
    bench
        .post("/accounts/get", json!({ "access_token": old }))
        .await
        .says(
            "INVALID_INPUT",
            "INVALID_ACCESS_TOKEN",
            "could not find matching access token",
        );
    bench
        .ok(
            "/accounts/get",
            json!({ "access_token": rotated["new_access_token"] }),
        )
        .await;
}

#[tokio::test]
async fn removal_kills_every_token_of_the_item() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["auth"]).await;
    let account_id = bench.account(&access_token, "0000").await;
    let target =
        json!({ "access_token": access_token, "account_id": account_id, "processor": "dwolla" });
    let processor_token =
        bench.ok("/processor/token/create", target.clone()).await["processor_token"].clone();
    bench
        .ok(
            "/processor/auth/get",
            json!({ "processor_token": processor_token }),
        )
        .await;

    let removed = bench
        .ok("/item/remove", json!({ "access_token": access_token }))
        .await;
    assert_eq!(removed.as_object().unwrap().len(), 1);
    let gone = |answer: Answer| answer.is_error(400, "ITEM_ERROR", "ITEM_NOT_FOUND");
    gone(
        bench
            .post("/item/get", json!({ "access_token": access_token }))
            .await,
    );
    gone(
        bench
            .post("/item/remove", json!({ "access_token": access_token }))
            .await,
    );
    gone(bench.post("/processor/token/create", target).await);
    gone(
        bench
            .post(
                "/processor/auth/get",
                json!({ "processor_token": processor_token }),
            )
            .await,
    );
}

#[tokio::test]
async fn partners_get_checking_and_savings_accounts_only() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["auth"]).await;
    for (mask, good) in [
        ("0000", true),
        ("1111", true),
        ("2222", false),
        ("3333", false),
        ("5555", false),
    ] {
        let account_id = bench.account(&access_token, mask).await;
        let body = json!({ "access_token": access_token, "account_id": account_id });
        let answer = bench
            .post("/processor/stripe/bank_account_token/create", body)
            .await;
        if good {
            let token = text(&answer.json()["stripe_bank_account_token"]);
            assert_eq!((token.len(), &token[..5]), (29, "btok_"));
        } else {
            answer.is_error(400, "INVALID_INPUT", "INVALID_ACCOUNT_ID");
        }
    }
}

#[tokio::test]
async fn a_reset_login_blocks_data_until_the_user_comes_back() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["auth", "identity", "transactions"]).await;
    let body = json!({ "access_token": access_token });
    assert_eq!(
        bench.ok("/sandbox/item/reset_login", body.clone()).await["reset_login"],
        true
    );
    for path in [
        "/accounts/get",
        "/accounts/balance/get",
        "/auth/get",
        "/identity/get",
        "/transactions/sync",
    ] {
        bench
            .post(path, body.clone())
            .await
            .is_error(400, "ITEM_ERROR", "ITEM_LOGIN_REQUIRED");
    }
    let error = bench.ok("/item/get", body.clone()).await["item"]["error"].clone();
    assert_eq!(
        (&error["error_code"], &error["status"]),
        (&json!("ITEM_LOGIN_REQUIRED"), &json!(400))
    );

    let update = json!({
        "client_name": "Shop", "language": "en", "country_codes": ["US"],
        "access_token": access_token, "user": { "client_user_id": "1" },
    });
    let link_token = text(&bench.ok("/link/token/create", update).await["link_token"]);
    bench.sandbox.complete_link(&link_token).unwrap();
    bench.ok("/accounts/get", body).await;
}

#[tokio::test]
async fn link_leads_to_an_item() {
    let bench = Bench::new().await;
    let create = json!({
        "client_name": "Shop", "language": "en", "country_codes": ["US"],
        "products": ["auth"], "webhook": "http://127.0.0.1:9/", "user": { "client_user_id": "1" },
    });
    let link_token = text(&bench.ok("/link/token/create", create).await["link_token"]);
    let before = bench
        .ok("/link/token/get", json!({ "link_token": link_token }))
        .await;
    assert_eq!(before["metadata"]["initial_products"], json!(["auth"]));
    assert_eq!(length(&before["link_sessions"]), 0);

    let public_token = bench.sandbox.complete_link(&link_token).unwrap();
    let after = bench
        .ok("/link/token/get", json!({ "link_token": link_token }))
        .await;
    assert_eq!(
        after["link_sessions"][0]["on_success"]["public_token"],
        public_token
    );
    let exchanged = bench
        .ok(
            "/item/public_token/exchange",
            json!({ "public_token": public_token }),
        )
        .await;
    bench
        .ok(
            "/auth/get",
            json!({ "access_token": exchanged["access_token"] }),
        )
        .await;

    assert_eq!(
        bench.sandbox.complete_link("link-sandbox-1"),
        Err(LinkError::UnknownToken)
    );
    bench.sandbox.advance(Duration::from_secs(4 * 60 * 60));
    assert_eq!(
        bench.sandbox.complete_link(&link_token),
        Err(LinkError::UnknownToken)
    );
}

/// What a caller of `/transactions/sync` keeps.
#[derive(Default)]
struct Mirror {
    cursor: String,
    transactions: BTreeMap<String, Value>,
    pages: usize,
}

impl Mirror {
    /// Runs to the end, as an integration would.
    async fn sync(&mut self, bench: &Bench, access_token: &str, count: u32) {
        loop {
            let body =
                json!({ "access_token": access_token, "cursor": self.cursor, "count": count });
            let page = bench.ok("/transactions/sync", body).await;
            for transaction in page["added"].as_array().unwrap() {
                let previous = self
                    .transactions
                    .insert(text(&transaction["transaction_id"]), transaction.clone());
                assert!(previous.is_none());
            }
            for transaction in page["modified"].as_array().unwrap() {
                let previous = self
                    .transactions
                    .insert(text(&transaction["transaction_id"]), transaction.clone());
                assert!(previous.is_some());
            }
            for transaction in page["removed"].as_array().unwrap() {
                assert!(
                    self.transactions
                        .remove(transaction["transaction_id"].as_str().unwrap())
                        .is_some()
                );
            }
            self.pages += 1;
            self.cursor = text(&page["next_cursor"]);
            if page["has_more"] == false {
                break;
            }
        }
    }
}

#[tokio::test]
async fn sync_follows_what_the_bank_does() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["transactions"]).await;
    let mut mirror = Mirror::default();
    mirror.sync(&bench, &access_token, 20).await;
    assert_eq!((mirror.pages, mirror.transactions.len()), (3, 48));
    for _ in 0..4 {
        bench
            .ok(
                "/transactions/refresh",
                json!({ "access_token": access_token }),
            )
            .await;
        mirror.sync(&bench, &access_token, 20).await;
    }
    let mut fresh = Mirror::default();
    fresh.sync(&bench, &access_token, 500).await;
    assert_eq!(mirror.transactions, fresh.transactions);
    let pending = mirror
        .transactions
        .values()
        .filter(|transaction| transaction["pending"] == true);
    assert_eq!(pending.count(), 1);
}

#[tokio::test]
async fn sync_refuses_to_page_through_what_has_changed() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["transactions"]).await;
    let first = bench
        .ok(
            "/transactions/sync",
            json!({ "access_token": access_token, "count": 10 }),
        )
        .await;
    assert_eq!(first["has_more"], true);
    bench
        .ok(
            "/transactions/refresh",
            json!({ "access_token": access_token }),
        )
        .await;
    let second =
        json!({ "access_token": access_token, "count": 10, "cursor": first["next_cursor"] });
    for _ in 0..2 {
        let answer = bench.post("/transactions/sync", second.clone()).await;
        answer.is_error(
            400,
            "TRANSACTIONS_ERROR",
            "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION",
        );
    }
    bench
        .ok(
            "/transactions/sync",
            json!({ "access_token": access_token, "count": 10 }),
        )
        .await;
}

#[tokio::test]
async fn a_cursor_belongs_to_its_item_and_account() {
    let bench = Bench::new().await;
    let (one, other) = (
        bench.item(&["transactions"]).await,
        bench.item(&["transactions"]).await,
    );
    let savings = bench.account(&one, "1111").await;
    let narrowed = json!({ "access_token": one, "options": { "account_id": savings } });
    let page = bench.ok("/transactions/sync", narrowed.clone()).await;
    assert_eq!(length(&page["added"]), 6);
    let cursor = &page["next_cursor"];
    bench
        .ok(
            "/transactions/sync",
            json!({ "access_token": one, "cursor": cursor, "options": narrowed["options"] }),
        )
        .await;
    for body in [
        json!({ "access_token": one, "cursor": cursor }),
        json!({ "access_token": other, "cursor": cursor }),
        json!({ "access_token": one, "cursor": "bm90IG91cnM=" }),
        json!({ "access_token": one, "cursor": "?" }),
    ] {
        bench.post("/transactions/sync", body).await.is_error(
            400,
            "INVALID_REQUEST",
            "INVALID_FIELD",
        );
    }
    let now = bench
        .ok(
            "/transactions/sync",
            json!({ "access_token": one, "cursor": "now" }),
        )
        .await;
    assert_eq!(length(&now["added"]), 0);
}

#[tokio::test]
async fn transactions_are_paged_by_offset_too() {
    let bench = Bench::new().await;
    let options = json!({ "transactions": { "days_requested": 730 } });
    let access_token = bench.item_with(&["transactions"], options).await;
    let mut offset = 0;
    loop {
        let body = json!({
            "access_token": access_token, "start_date": "2000-01-01", "end_date": "2999-01-01",
            "options": { "count": 150, "offset": offset },
        });
        let page = bench.ok("/transactions/get", body).await;
        assert_eq!(page["total_transactions"], 394);
        offset += length(&page["transactions"]);
        if length(&page["transactions"]) < 150 {
            break;
        }
    }
    assert_eq!(offset, 394);
}

#[tokio::test]
async fn a_date_range_narrows_transactions() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["transactions"]).await;
    let get = |start: &str, end: &str| json!({ "access_token": access_token, "start_date": start, "end_date": end });
    let all = bench
        .ok("/transactions/get", get("2000-01-01", "2999-01-01"))
        .await;
    let newest = text(&all["transactions"][0]["date"]);
    let day = bench.ok("/transactions/get", get(&newest, &newest)).await;
    assert_eq!(day["total_transactions"], 2);
    assert_eq!(day["transactions"][0]["amount"], 25);
    assert_eq!(day["transactions"][1]["amount"], 5.4);
    for body in [get("2999-01-01", "2000-01-01"), get("today", "2999-01-01")] {
        bench.post("/transactions/get", body).await.is_error(
            400,
            "INVALID_REQUEST",
            "INVALID_FIELD",
        );
    }
}

#[tokio::test]
async fn an_authorization_is_replayed_by_its_key() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["transfer"]).await;
    let account_id = bench.account(&access_token, "0000").await;
    let body = |amount: &str, key: Option<&str>| {
        json!({
            "access_token": access_token, "account_id": account_id, "type": "debit", "network": "ach",
            "amount": amount, "user": { "legal_name": "Robin Sandoval" }, "idempotency_key": key,
        })
    };
    const PATH: &str = "/transfer/authorization/create";
    let first = bench.ok(PATH, body("10.00", Some("k"))).await;
    let replayed = bench.ok(PATH, body("10.00", Some("k"))).await;
    assert_eq!(first["authorization"], replayed["authorization"]);
    assert_ne!(first["request_id"], replayed["request_id"]);
    let other = bench.ok(PATH, body("10.00", None)).await;
    assert_ne!(first["authorization"]["id"], other["authorization"]["id"]);

    let declined = bench.ok(PATH, body("100.01", None)).await;
    assert_eq!(declined["authorization"]["decision"], "declined");
    for amount in ["10", "0.00", "-1.00", "1e3"] {
        bench.post(PATH, body(amount, None)).await.is_error(
            400,
            "INVALID_REQUEST",
            "INVALID_FIELD",
        );
    }
    bench
        .ok(
            "/sandbox/item/reset_login",
            json!({ "access_token": access_token }),
        )
        .await;
    let blocked = bench.ok(PATH, body("10.00", Some("k2"))).await;
    assert_eq!(blocked["authorization"]["decision"], "user_action_required");
    bench.sandbox.advance(Duration::from_secs(48 * 60 * 60));
    let late = bench.ok(PATH, body("10.00", Some("k"))).await;
    assert_ne!(first["authorization"]["id"], late["authorization"]["id"]);
}

#[tokio::test]
async fn a_user_is_created_once() {
    let bench = Bench::new().await;
    let create = |id: &str, new_api: &'static str| {
        let request = bench
            .request("/user/create")
            .header("Plaid-New-User-API-Enabled", new_api);
        Answer::of(request.json(&json!({ "client_user_id": id })))
    };
    let (first, second) = (create("a", "false").await, create("a", "false").await);
    assert_eq!((first.status, second.status), (201, 200));
    assert_eq!(first.json()["user_token"], second.json()["user_token"]);
    let new = create("b", "true").await.json();
    assert!(new["user_id"].as_str().unwrap().starts_with("usr_"));
    assert!(new.get("user_token").is_none());
    create("c", "perhaps")
        .await
        .is_error(400, "INVALID_REQUEST", "INVALID_HEADERS");

    let link = |name: &str, value: Value| {
        let mut body = json!({ "client_name": "Shop", "language": "en", "country_codes": ["US"] });
        body[name] = value;
        body
    };
    bench
        .ok(
            "/link/token/create",
            link("user_id", new["user_id"].clone()),
        )
        .await;
    bench
        .post("/link/token/create", link("user_id", json!("usr_1")))
        .await
        .is_error(400, "USER_ERROR", "USER_NOT_FOUND");
    bench
        .post(
            "/link/token/create",
            link("user_token", json!("user-sandbox-1")),
        )
        .await
        .says(
            "INVALID_INPUT",
            "INVALID_USER_TOKEN",
            "could not find matching user token",
        );
}

#[tokio::test]
async fn a_user_is_kept_as_told_and_gone_once_removed() {
    let bench = Bench::new().await;
    let name = json!({ "given_name": "Ada", "family_name": "Byron" });
    let body = json!({ "client_user_id": "u1", "identity": { "name": name } });
    let made = bench.ok("/user/create", body).await;
    let user = json!({ "user_id": made["user_id"] });
    let found = bench.ok("/user/get", user.clone()).await;
    assert_eq!(found["client_user_id"], "u1");
    assert_eq!(found["identity"], json!({ "name": name }));

    let told = json!({ "user_id": made["user_id"], "identity": { "date_of_birth": "1815-12-10" } });
    bench.ok("/user/update", told).await;
    let found = bench.ok("/user/get", user.clone()).await;
    let both = json!({ "name": name, "date_of_birth": "1815-12-10" });
    assert_eq!(found["identity"], both);
    bench.ok("/user/identity/remove", user.clone()).await;
    let found = bench.ok("/user/get", user.clone()).await;
    assert_eq!(found.get("identity"), None);

    bench.post("/user/remove", json!({})).await.says(
        "INVALID_REQUEST",
        "MISSING_FIELDS",
        "the following required fields are missing: user_id",
    );
    bench.ok("/user/remove", user.clone()).await;
    for path in [
        "/user/get",
        "/user/update",
        "/user/remove",
        "/credit/sessions/get",
    ] {
        let mut body = user.clone();
        if path == "/credit/sessions/get" {
            body = json!({ "user_token": made["user_token"] });
            let refused = bench.post(path, body).await;
            refused.is_error(400, "INVALID_INPUT", "INVALID_USER_TOKEN");
        } else {
            let refused = bench.post(path, body).await;
            refused.is_error(400, "USER_ERROR", "USER_NOT_FOUND");
        }
    }
    let body = json!({ "client_user_id": "u1" });
    let again = bench.ok("/user/create", body).await;
    assert_ne!(again["user_id"], made["user_id"]);
}

#[tokio::test]
async fn a_report_covers_the_days_it_was_asked_for() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["assets"]).await;
    let body = json!({ "access_tokens": [access_token], "days_requested": 10 });
    let token = bench.ok("/asset_report/create", body).await["asset_report_token"].clone();
    let get = |days: Option<u32>| json!({ "asset_report_token": token, "options": { "days_to_include": days } });
    bench
        .post(
            "/asset_report/pdf/get",
            json!({ "asset_report_token": token }),
        )
        .await
        .is_error(400, "ASSET_REPORT_ERROR", "PRODUCT_NOT_READY");
    let checking =
        bench.ok("/asset_report/get", get(None)).await["report"]["items"][0]["accounts"][0].clone();
    assert_eq!(
        (
            length(&checking["historical_balances"]),
            length(&checking["transactions"])
        ),
        (10, 5)
    );
    let shorter =
        bench.ok("/asset_report/get", get(Some(2))).await["report"]["items"][0]["accounts"][0]
            .clone();
    assert_eq!(
        (
            length(&shorter["historical_balances"]),
            length(&shorter["transactions"])
        ),
        (2, 1)
    );
    bench
        .post("/asset_report/get", get(Some(11)))
        .await
        .is_error(400, "INVALID_REQUEST", "INVALID_FIELD");
    let twice = json!({ "access_tokens": [access_token, access_token], "days_requested": 10 });
    bench.post("/asset_report/create", twice).await.is_error(
        400,
        "INVALID_REQUEST",
        "INVALID_FIELD",
    );
}

#[tokio::test]
async fn institutions_are_filtered_and_paged() {
    let bench = Bench::new().await;
    let get = |count: u32, offset: u32, countries: Value| json!({ "count": count, "offset": offset, "country_codes": countries });
    let page = bench
        .ok("/institutions/get", get(2, 1, json!(["GB"])))
        .await;
    assert_eq!(
        (&page["total"], length(&page["institutions"])),
        (&json!(3), 2)
    );
    assert!(page["institutions"][0].get("url").is_none());
    let beyond = bench
        .ok("/institutions/get", get(2, u32::MAX, json!(["GB"])))
        .await;
    assert_eq!(length(&beyond["institutions"]), 0);

    let search = json!({ "query": "houndstooth BANK", "country_codes": ["US"] });
    let found = bench.ok("/institutions/search", search).await;
    assert_eq!(
        found["institutions"][0]["routing_numbers"],
        json!(["011000138", "011200365", "011400495"])
    );

    let by_id =
        |id: &str, country: &str| json!({ "institution_id": id, "country_codes": [country] });
    for body in [by_id("bank", "US"), by_id("ins_43", "US")] {
        let answer = bench.post("/institutions/get_by_id", body).await;
        answer.says(
            "INVALID_INPUT",
            "INVALID_INSTITUTION",
            "invalid institution_id provided",
        );
    }
    let elsewhere = bench
        .post("/institutions/get_by_id", by_id("ins_999999", "US"))
        .await;
    elsewhere.is_error(
        400,
        "INSTITUTION_ERROR",
        "INSTITUTION_NOT_ENABLED_IN_ENVIRONMENT",
    );
}

#[tokio::test]
async fn a_consent_ends_with_its_item() {
    let bench = Bench::new().await;
    let access_token = bench.item(&["auth"]).await;
    let body = json!({ "access_token": access_token });
    let item_id = text(&bench.ok("/item/get", body.clone()).await["item"]["item_id"]);
    let consent = |id: &str| {
        let request = bench
            .client
            .get(format!("{}/fdx/consents/{id}", bench.sandbox.url()));
        let request = request.header("PLAID-CLIENT-ID", bench.sandbox.client_id());
        Answer::of(request.header("PLAID-SECRET", bench.sandbox.secret()))
    };
    assert_eq!(consent(&item_id).await.json()["status"], "ACTIVE");
    bench.ok("/item/remove", body).await;
    assert_eq!(consent(&item_id).await.json()["status"], "REVOKED");
    consent("unknown")
        .await
        .is_error(404, "INVALID_REQUEST", "NOT_FOUND");
    consent("%FF")
        .await
        .is_error(404, "INVALID_REQUEST", "NOT_FOUND");
}

#[tokio::test]
async fn a_seed_repeats_everything() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let bench = Bench::with(Sandbox::builder().seed(42).start().await.unwrap());
        let access_token = bench.item(&["transactions"]).await;
        let first = bench
            .ok(
                "/transactions/sync",
                json!({ "access_token": access_token }),
            )
            .await;
        runs.push((
            bench.sandbox.client_id().to_owned(),
            access_token,
            first["added"][0]["transaction_id"].clone(),
        ));
    }
    assert_eq!(runs[0], runs[1]);
}
