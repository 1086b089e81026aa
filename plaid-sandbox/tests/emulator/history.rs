//! Items with long histories: transactions that a test asks for are there, as many as
//! it asked for, in every way that transactions are read.

use std::{collections::BTreeMap, time::Duration};

use crate::common::{Answer, Bench, Folder, Receiver, text};
use chrono::{Days, NaiveDate, Utc};
use plaid_sandbox::{Pace, Sandbox, TransactionsError};
use serde_json::{Value, json};

/// An Item's identifier and access token.
async fn item(bench: &Bench, products: &[&str], options: Value) -> (String, String) {
    let access_token = bench.item_with(products, options).await;
    let body = json!({ "access_token": access_token });
    let answer = bench.ok("/item/get", body).await;
    (text(&answer["item"]["item_id"]), access_token)
}

/// What `/transactions/sync` has added since a cursor, by identifier, and the cursor
/// at the end.
async fn synced(
    bench: &Bench,
    access_token: &str,
    cursor: &str,
) -> (BTreeMap<String, Value>, String) {
    let (mut cursor, mut found) = (cursor.to_owned(), BTreeMap::new());
    loop {
        let body = json!({
            "access_token": access_token, "cursor": cursor, "count": 500,
            "options": { "days_requested": 365 },
        });
        let page = bench.ok("/transactions/sync", body).await;
        assert_eq!(page["modified"], json!([]));
        assert_eq!(page["removed"], json!([]));
        for one in page["added"].as_array().unwrap() {
            let previous = found.insert(text(&one["transaction_id"]), one.clone());
            assert!(previous.is_none(), "an identifier is given twice");
        }
        cursor = text(&page["next_cursor"]);
        if page["has_more"] == false {
            return (found, cursor);
        }
    }
}

fn get(access_token: &str, count: usize, offset: usize) -> Value {
    json!({
        "access_token": access_token, "start_date": "2000-01-01", "end_date": "2999-01-01",
        "options": { "count": count, "offset": offset },
    })
}

async fn total(bench: &Bench, access_token: &str) -> u64 {
    let answer = bench.ok("/transactions/get", get(access_token, 1, 0)).await;
    answer["total_transactions"].as_u64().unwrap()
}

async fn control(bench: &Bench, item_id: &str, body: Value) -> Answer {
    let url = format!(
        "{}/_sandbox/items/{item_id}/transactions",
        bench.sandbox.url()
    );
    Answer::of(bench.client.post(url).json(&body)).await
}

#[tokio::test]
async fn a_test_that_asks_for_transactions_has_exactly_as_many_more() {
    let bench = Bench::new().await;
    let (item_id, access_token) = item(&bench, &["transactions"], json!({})).await;
    let (_, plain) = item(&bench, &["transactions"], json!({})).await;
    let month = synced(&bench, &plain, "").await.0.len();

    // The first sync settles how many days there are, not this.
    bench.sandbox.add_transactions(&item_id, 3_000).unwrap();
    let (first, cursor) = synced(&bench, &access_token, "").await;
    assert_eq!(first.len(), month + 3_000);

    let answer = control(&bench, &item_id, json!({ "count": 1_234 })).await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({ "added": 1_234 }))
    );
    let (second, cursor) = synced(&bench, &access_token, &cursor).await;
    assert_eq!(second.len(), 1_234);
    bench.sandbox.add_transactions(&item_id, 0).unwrap();
    assert!(synced(&bench, &access_token, &cursor).await.0.is_empty());

    let all = synced(&bench, &access_token, "").await.0;
    assert_eq!(all.len(), month + 4_234);
    assert!(
        first
            .iter()
            .chain(&second)
            .all(|(id, one)| all.get(id) == Some(one))
    );
    assert_eq!(total(&bench, &access_token).await, all.len() as u64);
    let mut got = BTreeMap::new();
    for offset in (0..all.len()).step_by(500) {
        let page = bench
            .ok("/transactions/get", get(&access_token, 500, offset))
            .await;
        for one in page["transactions"].as_array().unwrap() {
            got.insert(text(&one["transaction_id"]), one.clone());
        }
    }
    assert!(got == all, "sync and get differ");
    assert_eq!(synced(&bench, &plain, "").await.0.len(), month);
}

#[tokio::test]
async fn added_transactions_look_like_those_of_a_bank() {
    let bench = Bench::new().await;
    let (item_id, access_token) = item(&bench, &["transactions"], json!({})).await;
    let before = synced(&bench, &access_token, "").await.1;
    bench.sandbox.add_transactions(&item_id, 2_000).unwrap();
    let (added, _) = synced(&bench, &access_token, &before).await;
    let accounts = bench
        .ok("/accounts/get", json!({ "access_token": access_token }))
        .await;
    let subtype = |id: &Value| {
        let accounts = accounts["accounts"].as_array().unwrap();
        let account = accounts.iter().find(|account| account["account_id"] == *id);
        text(&account.unwrap()["subtype"])
    };
    let today = Utc::now().date_naive();
    let days = today - Days::new(365)..=today + Days::new(1);
    for (id, one) in &added {
        assert_eq!((id.len(), &one["pending"]), (37, &json!(false)));
        assert!(one["merchant_name"].is_string());
        assert!(["checking", "credit card"].contains(&subtype(&one["account_id"]).as_str()));
        let date: NaiveDate = text(&one["date"]).parse().unwrap();
        assert!(days.contains(&date), "{date}");
        let amount = one["amount"].to_string();
        let cents = amount.split_once('.').map_or("", |(_, cents)| cents);
        assert!(cents.len() <= 2, "{amount}");
    }
    // All three are varied.
    for (name, least) in [("merchant_name", 30), ("amount", 1_000), ("date", 300)] {
        let values: std::collections::BTreeSet<_> =
            added.values().map(|one| one[name].to_string()).collect();
        assert!(values.len() >= least, "{name}: {}", values.len());
    }
}

/// Programs compare files that they have kept, so that a field which moves or a space
/// less would show.
#[tokio::test]
async fn pages_are_written_as_all_answers_are() {
    let bench = Bench::new().await;
    let (item_id, access_token) = item(&bench, &["transactions"], json!({})).await;
    bench.sandbox.add_transactions(&item_id, 20).unwrap();
    let token = json!({ "access_token": access_token });
    bench.ok("/transactions/refresh", token.clone()).await;
    let cursor = bench
        .ok(
            "/transactions/sync",
            json!({ "access_token": access_token, "cursor": "now" }),
        )
        .await;
    bench.ok("/transactions/refresh", token.clone()).await;
    let since = json!({ "access_token": access_token, "cursor": cursor["next_cursor"] });
    for (path, body) in [
        ("/transactions/sync", token),
        ("/transactions/sync", since),
        ("/transactions/get", get(&access_token, 100, 0)),
    ] {
        let answer = bench.post(path, body).await;
        let again = serde_json::to_string_pretty(&answer.json()).unwrap();
        assert_eq!(lines(&answer.text), lines(&again), "{path}");
        let own_fields = |line: &&str| line.starts_with("  \"");
        let fields: Vec<_> = answer.text.lines().filter(own_fields).collect();
        assert!(
            fields.len() >= 5 && fields.is_sorted(),
            "{path}: {fields:?}"
        );
    }
}

/// The lines of a text, in any order: that of the fields of objects depends on how
/// the JSON library was built.
fn lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text
        .lines()
        .map(|line| line.trim_end_matches(','))
        .collect();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn the_webhook_says_that_there_is_more() {
    let bench = Bench::new().await;
    let mut receiver = Receiver::start().await;
    let options = json!({ "webhook": receiver.url });
    let (item_id, _) = item(&bench, &["transactions"], options).await;
    bench.sandbox.add_transactions(&item_id, 10).unwrap();
    let webhook = receiver.next_json().await;
    assert_eq!(webhook["webhook_code"], "SYNC_UPDATES_AVAILABLE");
    assert_eq!(webhook["item_id"], item_id);
    assert_eq!(webhook["historical_update_complete"], true);
    assert!(receiver.is_empty());
}

#[tokio::test]
async fn added_during_a_run_of_pages_they_break_it() {
    let bench = Bench::new().await;
    let (item_id, access_token) = item(&bench, &["transactions"], json!({})).await;
    bench.sandbox.add_transactions(&item_id, 100).unwrap();
    let first = json!({ "access_token": access_token, "count": 100 });
    let first = bench.ok("/transactions/sync", first).await;
    bench.sandbox.add_transactions(&item_id, 1).unwrap();
    let second = json!({ "access_token": access_token, "cursor": first["next_cursor"] });
    bench.post("/transactions/sync", second).await.is_error(
        400,
        "TRANSACTIONS_ERROR",
        "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION",
    );
}

#[tokio::test]
async fn the_same_seed_makes_the_same_transactions() {
    let run = async |seed| {
        let bench = Bench::with(Sandbox::builder().seed(seed).start().await.unwrap());
        let (item_id, access_token) = item(&bench, &["transactions"], json!({})).await;
        bench.sandbox.add_transactions(&item_id, 500).unwrap();
        synced(&bench, &access_token, "").await.0
    };
    let (one, same, other) = (run(1).await, run(1).await, run(2).await);
    assert!(one == same && one != other);
}

#[tokio::test]
async fn they_wait_until_all_of_the_history_is_there() {
    let bench = Bench::with(
        Sandbox::builder()
            .pace(Pace::Lifelike)
            .start()
            .await
            .unwrap(),
    );
    let (item_id, access_token) = item(&bench, &["transactions"], json!({})).await;
    bench.sandbox.add_transactions(&item_id, 100).unwrap();
    bench.sandbox.advance(Duration::from_secs(15));
    assert_eq!(total(&bench, &access_token).await, 16);
    bench.sandbox.add_transactions(&item_id, 100).unwrap();
    assert_eq!(total(&bench, &access_token).await, 16);
    bench.sandbox.advance(Duration::from_secs(60));
    assert_eq!(total(&bench, &access_token).await, 48 + 200);
}

#[tokio::test]
async fn a_restart_with_a_data_file_forgets_none() {
    let folder = Folder::new("history-added");
    let bench = folder.start().await;
    let (item_id, access_token) = item(&bench, &["transactions"], json!({})).await;
    let (unread_id, unread) = item(&bench, &["transactions"], json!({})).await;
    let before = synced(&bench, &access_token, "").await.1;
    bench.sandbox.add_transactions(&item_id, 2_000).unwrap();
    bench.sandbox.add_transactions(&unread_id, 700).unwrap();
    let (known, cursor) = synced(&bench, &access_token, &before).await;

    let bench = folder.restart(bench).await;
    assert!(synced(&bench, &access_token, &before).await == (known.clone(), cursor.clone()));
    let first = synced(&bench, &unread, "").await.0;
    assert_eq!(first.len(), total(&bench, &unread).await as usize);
    assert_eq!(
        first.len() + 1_300,
        synced(&bench, &access_token, "").await.0.len()
    );
    bench.sandbox.add_transactions(&item_id, 50).unwrap();

    // What counts towards the limit is not forgotten either.
    let bench = folder.restart(bench).await;
    assert_eq!(synced(&bench, &access_token, &cursor).await.0.len(), 50);
    assert!(synced(&bench, &unread, "").await.0 == first);
    let refused = bench.sandbox.add_transactions(&item_id, 100_000);
    assert_eq!(refused, Err(TransactionsError::TooMany { left: 97_950 }));
    bench.sandbox.stop().await;
}

#[tokio::test]
async fn what_cannot_be_added_is_refused_and_says_why() {
    let bench = Bench::new().await;
    let (item_id, access_token) = item(&bench, &["transactions"], json!({})).await;
    let (without, _) = item(&bench, &["auth"], json!({})).await;
    let savings = json!({ "override_accounts": [{ "subtype": "savings" }] });
    let savings = json!({
        "override_username": "user_custom", "override_password": savings.to_string(),
    });
    let (savings, _) = item(&bench, &["transactions"], savings).await;
    let (removed, token) = item(&bench, &["transactions"], json!({})).await;
    bench
        .ok("/item/remove", json!({ "access_token": token }))
        .await;

    bench.sandbox.add_transactions(&item_id, 99_990).unwrap();
    for (id, count, error, status) in [
        ("nobody's", 1, TransactionsError::UnknownItem, 404),
        (&removed, 1, TransactionsError::UnknownItem, 404),
        (&without, 1, TransactionsError::NotEnabled, 400),
        (&savings, 1, TransactionsError::NoAccount, 400),
        (&item_id, 11, TransactionsError::TooMany { left: 10 }, 400),
        (
            &item_id,
            usize::MAX,
            TransactionsError::TooMany { left: 10 },
            400,
        ),
    ] {
        assert_eq!(bench.sandbox.add_transactions(id, count), Err(error));
        let answer = control(&bench, id, json!({ "count": count })).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (status, &json!(error.to_string()))
        );
    }
    for body in [
        json!({}),
        json!({ "count": -1 }),
        json!({ "count": 1, "days": 1 }),
    ] {
        assert_eq!(control(&bench, &item_id, body).await.status, 400);
    }
    let many = TransactionsError::TooMany { left: 10 }.to_string();
    assert!(
        many.contains("100000 transactions at most; this one takes 10 more"),
        "{many}"
    );
    bench.sandbox.add_transactions(&item_id, 10).unwrap();
    assert_eq!(total(&bench, &access_token).await, 100_048);
}

/// An Item of somebody whom a test made up gets them on the accounts that it has.
#[tokio::test]
async fn a_made_up_user_can_have_a_long_history_too() {
    let bench = Bench::new().await;
    let user = json!({ "override_accounts": [
        { "subtype": "savings", "meta": { "mask": "1234" } },
        { "subtype": "checking", "meta": { "mask": "ab12" } },
    ] });
    let options = json!({
        "override_username": "user_custom", "override_password": user.to_string(),
    });
    let (item_id, access_token) = item(&bench, &["transactions"], options).await;
    bench.sandbox.add_transactions(&item_id, 700).unwrap();
    let checking = bench.account(&access_token, "ab12").await;
    let added = synced(&bench, &access_token, "").await.0;
    assert_eq!(added.len(), 700);
    assert!(added.values().all(|one| one["account_id"] == checking));
}

/// A transaction of today that a caller makes up.
fn made(description: &str, amount: &str) -> Value {
    let today = Utc::now().date_naive();
    let amount: serde_json::Number = amount.parse().unwrap();
    json!({
        "date_transacted": today, "date_posted": today, "amount": amount,
        "description": description, "iso_currency_code": "USD",
    })
}

const DYNAMIC: &str = "user_transactions_dynamic";

#[tokio::test]
async fn transactions_that_a_caller_makes_up_come_with_the_next_sync() {
    let bench = Bench::new().await;
    let mut receiver = Receiver::start().await;
    let options = json!({ "override_username": DYNAMIC, "webhook": receiver.url });
    let (_, access_token) = item(&bench, &["transactions"], options).await;
    let (_, cursor) = synced(&bench, &access_token, "").await;
    let body = json!({
        "access_token": access_token,
        "transactions": [made("Bakery", "12.34"), made("Salary", "-1000.1")],
    });
    bench.ok("/sandbox/transactions/create", body).await;
    let webhook = receiver.next_json().await;
    assert_eq!(webhook["webhook_code"], "SYNC_UPDATES_AVAILABLE");

    let (added, _) = synced(&bench, &access_token, &cursor).await;
    let found: BTreeMap<_, _> = added
        .values()
        .map(|one| (text(&one["name"]), one["amount"].to_string()))
        .collect();
    let expected = [("Bakery", "12.34"), ("Salary", "-1000.1")];
    assert_eq!(
        found,
        expected
            .map(|(name, amount)| (name.into(), amount.into()))
            .into()
    );
    let checking = bench.account(&access_token, "0000").await;
    assert!(added.values().all(|one| one["account_id"] == checking));
}

#[tokio::test]
async fn transactions_cannot_be_made_up_for_everybody_nor_for_any_day() {
    let bench = Bench::new().await;
    let options = json!({ "override_username": DYNAMIC });
    let (_, dynamic) = item(&bench, &["transactions"], options).await;
    let (_, plain) = item(&bench, &["transactions"], json!({})).await;
    let on = |days: i64| {
        let day = Utc::now().date_naive() - chrono::TimeDelta::days(days);
        let mut made = made("Bakery", "1");
        made["date_transacted"] = json!(day);
        made["date_posted"] = json!(day);
        made
    };
    let mut backwards = made("Bakery", "1");
    backwards["date_transacted"] = json!(Utc::now().date_naive());
    backwards["date_posted"] = on(3)["date_posted"].clone();
    let mut euros = made("Bakery", "1");
    euros["iso_currency_code"] = json!("EUR");
    for (access_token, transactions) in [
        (&plain, vec![made("Bakery", "1")]),
        (&dynamic, vec![]),
        (&dynamic, vec![made("Bakery", "1"); 11]),
        (&dynamic, vec![on(-2)]),
        (&dynamic, vec![on(16)]),
        (&dynamic, vec![backwards]),
        (&dynamic, vec![euros]),
        (&dynamic, vec![made("Bakery", "0.00001")]),
    ] {
        let before = total(&bench, access_token).await;
        let body = json!({ "access_token": access_token, "transactions": transactions });
        let answer = bench
            .post("/sandbox/transactions/create", body.clone())
            .await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.json()["error_type"], "INVALID_REQUEST", "{body}");
        assert_eq!(total(&bench, access_token).await, before, "{body}");
    }
}

#[tokio::test]
async fn what_was_made_up_is_there_after_a_restart() {
    let folder = Folder::new("history-made-up");
    let bench = folder.start().await;
    let options = json!({ "override_username": DYNAMIC });
    let (_, access_token) = item(&bench, &["transactions"], options).await;
    let make =
        |name: &str| json!({ "access_token": access_token, "transactions": [made(name, "7.5")] });
    bench
        .ok("/sandbox/transactions/create", make("Bakery"))
        .await;
    let (before, cursor) = synced(&bench, &access_token, "").await;

    let bench = folder.restart(bench).await;
    assert_eq!(synced(&bench, &access_token, "").await.0, before);
    bench
        .ok("/sandbox/transactions/create", make("Butcher"))
        .await;
    let (added, _) = synced(&bench, &access_token, &cursor).await;
    let names: Vec<_> = added.values().map(|one| text(&one["name"])).collect();
    assert_eq!(names, ["Butcher"]);
}

#[tokio::test]
async fn a_processor_reads_the_transactions_of_its_account_and_no_others() {
    let bench = Bench::new().await;
    let (_, access_token) = item(&bench, &["transactions"], json!({})).await;
    let checking = bench.account(&access_token, "0000").await;
    let body =
        json!({ "access_token": access_token, "account_id": checking, "processor": "dwolla" });
    let token = text(&bench.ok("/processor/token/create", body).await["processor_token"]);
    let (all, _) = synced(&bench, &access_token, "").await;
    let of_account = all
        .values()
        .filter(|one| one["account_id"] == checking)
        .count();
    assert!((1..all.len()).contains(&of_account));

    let ask = |cursor: &str| json!({ "processor_token": token, "cursor": cursor, "count": 3 });
    let (mut cursor, mut found) = (String::new(), BTreeMap::new());
    loop {
        let page = bench.ok("/processor/transactions/sync", ask(&cursor)).await;
        assert_eq!(page["account"]["account_id"], checking);
        for one in page["added"].as_array().unwrap() {
            found.insert(text(&one["transaction_id"]), one.clone());
        }
        cursor = text(&page["next_cursor"]);
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(found.len(), of_account);
    assert!(found.iter().all(|(id, one)| all[id] == *one));

    let body = json!({
        "processor_token": token, "start_date": "2000-01-01", "end_date": "2999-01-01",
        "options": { "count": 500 },
    });
    let got = bench.ok("/processor/transactions/get", body).await;
    assert_eq!(got["total_transactions"], of_account);
    assert_eq!(got["account"]["account_id"], checking);

    let body = json!({ "processor_token": token });
    bench.ok("/processor/transactions/refresh", body).await;
    let news = bench.ok("/processor/transactions/sync", ask(&cursor)).await;
    let changed = ["added", "modified"].map(|list| news[list].as_array().unwrap().len());
    assert!(changed.iter().sum::<usize>() > 0, "{news}");

    let body = json!({ "access_token": access_token });
    bench.ok("/item/remove", body).await;
    let gone = bench.post("/processor/transactions/sync", ask("")).await;
    assert_eq!(gone.status, 400);
}
