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
mod rows;

use std::hint::black_box;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use criterion::{Criterion, criterion_group, criterion_main};
use plaid::Client;
use plaid::types::TransactionsSyncResponse;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

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
    let page = rows::page(
        "CAESJXRlc3QtY3Vyc29yLTAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAx",
        true,
    );
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
    // The same TLS and redirects.
    let raw = plaid::http_client_builder()
        .expect("a client")
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
