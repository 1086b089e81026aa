//! Decoding and calling, against the same by hand. `cargo xtask bench speed` runs this
//! and reads the lines that begin with `ratio`.

// The fields of the hand-written types are read by nobody; that they are filled is
// the point.
#![allow(
    dead_code,
    missing_docs,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod by_hand;

use std::hint::black_box;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use criterion::{Criterion, criterion_group, criterion_main};
use plaid::Client;
use plaid::types::TransactionsSyncResponse;
use reqwest::redirect;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// The page that `/transactions/sync` answers with when all is new.
fn page() -> String {
    let rows: Vec<Value> = (0..500).map(transaction).collect();
    json!({
        "accounts": [account(1), account(2)],
        "added": rows,
        "has_more": true,
        "modified": [],
        "next_cursor": "CAESJXRlc3QtY3Vyc29yLTAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAx",
        "removed": [{ "account_id": id("acc", 1), "transaction_id": id("old", 1) }],
        "request_id": "k5vT7QpUe2aZx9C",
        "transactions_update_status": "HISTORICAL_UPDATE_COMPLETE",
    })
    .to_string()
}

fn id(prefix: &str, n: u32) -> String {
    format!("{prefix}BxBXxLj1m4HMXBm9WZZmCWVbPj{n:010}")
}

fn account(n: u32) -> Value {
    json!({
        "account_id": id("acc", n),
        "balances": {
            "available": 110.94, "current": 100, "iso_currency_code": "USD",
            "limit": null, "unofficial_currency_code": null,
        },
        "holder_category": "personal",
        "mask": "0000",
        "name": "Everyday Checking",
        "official_name": "Gold Standard Everyday Checking",
        "subtype": "checking",
        "type": "depository",
    })
}

/// Card payments, transfers and deposits in turn, so that not every row has the
/// same fields filled.
fn transaction(n: u32) -> Value {
    let is_card = n.is_multiple_of(3);
    let merchant = is_card.then(|| format!("Corner Shop {n}"));
    let counterparty = json!({
        "account_numbers": null,
        "confidence_level": "VERY_HIGH",
        "entity_id": id("ent", n),
        "logo_url": "https://logos.example/corner_shop_1060.png",
        "name": format!("Corner Shop {n}"),
        "type": "merchant",
        "website": "cornershop.example",
    });
    json!({
        "account_id": id("acc", n % 2),
        "account_owner": null,
        "amount": serde_json::from_str::<Value>(&format!("{}.{:02}", n * 7 % 900, n % 100)).unwrap(),
        "authorized_date": "2026-03-14",
        "authorized_datetime": is_card.then_some("2026-03-14T10:34:50Z"),
        "category": null,
        "category_id": null,
        "check_number": null,
        "counterparties": if is_card { vec![counterparty] } else { vec![] },
        "date": "2026-03-15",
        "datetime": (n % 3 == 1).then_some("2026-03-15T11:00:00Z"),
        "iso_currency_code": "USD",
        "location": {
            "address": is_card.then_some("300 Post Street"),
            "city": is_card.then_some("San Francisco"),
            "country": is_card.then_some("US"),
            "lat": is_card.then_some(40.740_352),
            "lon": is_card.then_some(-74.001_761),
            "postal_code": is_card.then_some("94108"),
            "region": is_card.then_some("CA"),
            "store_number": null,
        },
        "logo_url": is_card.then_some("https://logos.example/corner_shop_1060.png"),
        "merchant_entity_id": is_card.then(|| id("ent", n)),
        "merchant_name": merchant,
        "name": format!("PURCHASE CORNER SHOP #{n:06}"),
        "payment_channel": if is_card { "in store" } else { "online" },
        "payment_meta": {
            "by_order_of": null, "payee": null, "payer": null, "payment_method": null,
            "payment_processor": null, "ppd_id": null, "reason": null,
            "reference_number": (n % 3 == 2).then_some("20260315-000123"),
        },
        "pending": n.is_multiple_of(50),
        "pending_transaction_id": null,
        "personal_finance_category": {
            "confidence_level": "VERY_HIGH",
            "detailed": "GENERAL_MERCHANDISE_SUPERSTORES",
            "primary": "GENERAL_MERCHANDISE",
            "version": "v2",
        },
        "personal_finance_category_icon_url": "https://icons.example/PFC_GENERAL_MERCHANDISE.png",
        "transaction_code": null,
        "transaction_id": id("txn", n),
        "transaction_type": if is_card { "place" } else { "special" },
        "unofficial_currency_code": null,
        "website": is_card.then_some("cornershop.example"),
    })
}

/// Benches two functions that should take equally long, and prints how they compare.
///
/// They take turns, and what counts is the median of the ratios of neighbours: what
/// a machine does a second later differs by more than what is measured.
fn compare<A, B>(
    c: &mut Criterion,
    group: &str,
    names: [&str; 2],
    mut ours: impl FnMut() -> A,
    mut theirs: impl FnMut() -> B,
) {
    let mut ratios = Vec::new();
    let mut turns = |rounds: u64| {
        let mut totals = [Duration::ZERO; 2];
        for round in 0..rounds {
            let [mine, other] = if round.is_multiple_of(2) {
                let mine = timed(&mut ours);
                [mine, timed(&mut theirs)]
            } else {
                let other = timed(&mut theirs);
                [timed(&mut ours), other]
            };
            totals[0] += mine;
            totals[1] += other;
            ratios.push(mine.as_secs_f64() / other.as_secs_f64());
        }
        totals
    };
    let mut benches = c.benchmark_group(group);
    benches.bench_function(names[0], |b| b.iter_custom(|rounds| turns(rounds)[0]));
    benches.bench_function(names[1], |b| b.iter_custom(|rounds| turns(rounds)[1]));
    benches.finish();
    ratios.sort_by(f64::total_cmp);
    if let Some(median) = ratios.get(ratios.len() / 2) {
        println!("ratio of {group}: {median:.4}");
    }
}

fn timed<T>(function: &mut impl FnMut() -> T) -> Duration {
    let started = Instant::now();
    black_box(function());
    started.elapsed()
}

fn decoding(c: &mut Criterion) {
    let page = page();
    let body = page.as_bytes();
    let ours = || serde_json::from_slice::<TransactionsSyncResponse>(body).expect("a page");
    let theirs = || serde_json::from_slice::<by_hand::SyncPage>(body).expect("a page");
    assert_eq!(ours().added.len(), theirs().added.len());

    let names = ["plaid", "by hand"];
    compare(c, "decoding 500 transactions", names, ours, theirs);
}

const PATH: &str = "/processor/stripe/bank_account_token/create";
const ANSWER: &str =
    r#"{"request_id":"k5vT7QpUe2aZx9C","stripe_bank_account_token":"btok_5oEetfLzPklE1fwJZ7SG"}"#;

/// A server on a thread of its own that always answers the same.
fn serve() -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        runtime().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            sender
                .send(listener.local_addr().expect("an address"))
                .expect("a receiver");
            let answer = || async { ([(CONTENT_TYPE, "application/json")], ANSWER) };
            let router = Router::new().fallback(answer);
            axum::serve(listener, router).await.expect("a server");
        });
    });
    format!("http://{}", receiver.recv().expect("an address"))
}

/// Of one thread: with more, the scheduler's choices are most of what is measured.
fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime")
}

async fn with_reqwest(client: &reqwest::Client, url: &str) -> by_hand::StripeAnswer {
    let request = by_hand::StripeRequest {
        access_token: "access-sandbox-1",
        account_id: "account",
    };
    let response = client
        .post(url)
        .header("PLAID-CLIENT-ID", "id")
        .header("PLAID-SECRET", "secret")
        .header("Plaid-Version", "2020-09-14")
        .header("Accept", "application/json")
        .json(&request)
        .send()
        .await
        .expect("an answer");
    response
        .error_for_status()
        .expect("a success")
        .json()
        .await
        .expect("a token")
}

fn calling(c: &mut Criterion) {
    let url = serve();
    let runtime = runtime();
    let plaid = Client::sandbox_at(&url, "id", "secret").expect("a client");
    let raw = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(60))
        .build()
        .expect("a client");
    let url = url + PATH;

    let ours = || {
        runtime.block_on(async {
            let call = plaid
                .processor()
                .stripe_bank_account_token_create("access-sandbox-1", "account");
            call.await.expect("a token")
        })
    };
    let theirs = || runtime.block_on(with_reqwest(&raw, &url));

    let names = ["plaid", "reqwest"];
    compare(c, "one call over loopback", names, ours, theirs);
}

criterion_group!(benches, decoding, calling);
criterion_main!(benches);
