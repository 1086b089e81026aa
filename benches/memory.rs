//! How much memory a million streamed transactions take. `cargo xtask bench memory`
//! runs this and reads the line that begins with `ratio`.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

#[path = "speed/rows.rs"]
mod rows;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::post;
use plaid::Client;
use plaid::paging::SyncUpdate;
use serde_json::Value;
use tokio::net::TcpListener;

/// Streamed first, so that buffers and pools have the size that they keep.
const FEW: u32 = 20_000;
const MANY: u32 = 1_000_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // `cargo test` runs benches, too; there is nothing to compare then.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let url = serve().await;
    let plaid = Client::sandbox_at(url, "id", "secret").expect("a client");
    let few = peak_after(&plaid, FEW).await;
    let started = Instant::now();
    let many = peak_after(&plaid, MANY).await;
    let rate = f64::from(MANY) / started.elapsed().as_secs_f64();
    println!("{FEW} transactions: {few} kB at most; {MANY}: {many} kB; {rate:.0} per second");
    println!(
        "ratio of memory of a million transactions: {:.4}",
        many / few
    );
}

/// The most memory that the process has had, in kB, when so many have come.
async fn peak_after(plaid: &Client, wanted: u32) -> f64 {
    // The server begins that far before its end.
    let start = MANY / rows::ROWS - wanted / rows::ROWS;
    let call = plaid.transactions().sync("access-sandbox-1");
    let mut updates = call.cursor(start.to_string()).stream();
    let (mut count, mut last) = (0, String::new());
    while let Some(update) = updates.try_next().await.expect("an update") {
        match update {
            SyncUpdate::Added(transaction) => {
                count += 1;
                assert_ne!(transaction.transaction_id, last);
                last = transaction.transaction_id;
            }
            SyncUpdate::Cursor(cursor) => assert_eq!(cursor, (MANY / rows::ROWS).to_string()),
            _ => {}
        }
    }
    assert_eq!(count, wanted);
    peak()
}

/// From Linux's `/proc`; nothing else says it without `unsafe`.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.expect("a figure").parse().expect("a number")
}

/// A server of pages that differ in their cursors and the ids of their transactions.
/// It makes each from one template, so that it needs no memory of its own.
async fn serve() -> String {
    let template = Arc::new(Template::new());
    let answer = async move |body: Bytes| {
        let request: Value = serde_json::from_slice(&body).expect("JSON");
        let page = request["cursor"]
            .as_str()
            .expect("a cursor")
            .parse()
            .expect("a page");
        ([(CONTENT_TYPE, "application/json")], template.page(page))
    };
    let router = Router::new().route("/transactions/sync", post(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async { axum::serve(listener, router).await });
    format!("http://{address}")
}

struct Template {
    more: String,
    last: String,
    /// Where the numbers of the ids are in both.
    numbers: Vec<usize>,
}

const CURSOR: &str = "@@@@";

impl Template {
    fn new() -> Self {
        let more = rows::page(CURSOR, true);
        let at = |n| {
            let id = format!("\"transaction_id\":\"{}", rows::id("txn", n));
            more.find(&id).expect("the row") + id.len() - 10
        };
        Self {
            numbers: (0..rows::ROWS).map(at).collect(),
            last: more.replace("\"has_more\":true", "\"has_more\":false"),
            more,
        }
    }

    fn page(&self, page: u32) -> Vec<u8> {
        let is_last = page + 1 == MANY / rows::ROWS;
        let text = if is_last { &self.last } else { &self.more };
        // Both keys come before the first row.
        let shift = text.len().abs_diff(self.more.len());
        let next = (page + 1).to_string();
        let mut body = text.clone().into_bytes();
        for (row, at) in (0..).zip(&self.numbers) {
            let number = format!("{:010}", page * rows::ROWS + row);
            let first = text[..*at].contains("\"has_more\"");
            let at = if first { at + shift } else { *at };
            body[at..at + 10].copy_from_slice(number.as_bytes());
        }
        String::from_utf8(body)
            .expect("text")
            .replace(CURSOR, &next)
            .into_bytes()
    }
}
