//! What the emulator takes: its start, a thousand Items with 10,000 transactions each
//! synced wholly, and the same with a data file; a start with that file; and writes that
//! wait for the disk. The client is in the same process, and so in the figures. It
//! counts the transactions of a page and does not look at them.
//!
//! `cargo bench -p plaid-sandbox --bench sandbox`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_arithmetic
)]

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use plaid_sandbox::Sandbox;
use reqwest::Client;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};

const ITEMS: usize = 1_000;
/// The longest history that an Item has, the transactions that come with it, and those
/// that are added to it.
const DAYS: u32 = 730;
const MONTHS: usize = 394;
const ADDED: usize = 10_000;
/// The largest page there is.
const PAGE: usize = 500;
const CALLERS: usize = 32;
const WRITES: usize = 4_000;
const START: Duration = Duration::from_millis(100);

/// What is looked at of a page.
#[derive(serde::Deserialize)]
struct Page {
    added: Vec<IgnoredAny>,
    has_more: bool,
    next_cursor: String,
}

struct Item {
    id: String,
    access_token: String,
}

struct Caller<'a> {
    sandbox: &'a Sandbox,
    client: Client,
    requests: AtomicUsize,
}

impl<'a> Caller<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        Self {
            sandbox,
            client: Client::builder().no_proxy().build().unwrap(),
            requests: AtomicUsize::new(0),
        }
    }

    async fn ok<T: DeserializeOwned>(&self, path: &str, body: Value) -> T {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let answer = self
            .client
            .post(format!("{}{path}", self.sandbox.url()))
            .header("PLAID-CLIENT-ID", self.sandbox.client_id())
            .header("PLAID-SECRET", self.sandbox.secret())
            .json(&body)
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{path}");
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    async fn item(&self) -> Item {
        let body = json!({
            "institution_id": "ins_109508", "initial_products": ["transactions"],
        });
        let token: Value = self.ok("/sandbox/public_token/create", body).await;
        let body = json!({ "public_token": token["public_token"] });
        let exchanged: Value = self.ok("/item/public_token/exchange", body).await;
        let text = |name: &str| exchanged[name].as_str().unwrap().to_owned();
        Item {
            id: text("item_id"),
            access_token: text("access_token"),
        }
    }

    /// All updates of an Item, counted.
    async fn sync(&self, item: &Item) -> usize {
        let (mut cursor, mut found) = (String::new(), 0);
        loop {
            let body = json!({
                "access_token": item.access_token, "cursor": cursor, "count": PAGE,
                "options": { "days_requested": DAYS },
            });
            let page: Page = self.ok("/transactions/sync", body).await;
            found += page.added.len();
            if !page.has_more {
                return found;
            }
            cursor = page.next_cursor;
        }
    }

    async fn sync_all(&self, items: &[Item]) -> usize {
        let found = stream::iter(items).map(|item| self.sync(item));
        let found = found.buffer_unordered(CALLERS);
        found.fold(0, async |sum, found| sum + found).await
    }

    fn say(&self, what: &str, since: Instant) {
        let requests = self.requests.swap(0, Ordering::Relaxed);
        let seconds = since.elapsed().as_secs_f64();
        let rate = requests as f64 / seconds;
        println!("{what:<34} {requests:>7} requests {seconds:>7.2} s {rate:>9.0} /s");
    }
}

/// The memory of this process, in MB; 0 where the system does not say.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
    kilobytes.unwrap_or_default() / 1024
}

async fn long_histories(sandbox: &Sandbox) -> Vec<Item> {
    let caller = Caller::new(sandbox);
    let before = memory();
    let start = Instant::now();
    let items = stream::iter(0..ITEMS).map(|_| caller.item());
    let items: Vec<_> = items.buffer_unordered(CALLERS).collect().await;
    caller.say("Items made", start);
    for item in &items {
        sandbox.add_transactions(&item.id, ADDED).unwrap();
    }
    // The first time they are made, the second time they are there.
    for what in ["all synced, the first time", "all synced again"] {
        let start = Instant::now();
        let found = caller.sync_all(&items).await;
        let rate = found as f64 / start.elapsed().as_secs_f64();
        caller.say(what, start);
        assert_eq!(found, ITEMS * (MONTHS + ADDED));
        println!(
            "  {found} transactions, {rate:.0} /s; memory {before} MB before, {} MB now",
            memory()
        );
    }
    items
}

async fn write(sandbox: &Sandbox, what: &str) {
    let caller = Caller::new(sandbox);
    for callers in [1, CALLERS] {
        let start = Instant::now();
        let count = if callers == 1 { WRITES / 10 } else { WRITES };
        stream::iter(0..count)
            .map(|number| {
                let body = json!({ "client_user_id": format!("{callers}-{number}") });
                caller.ok::<IgnoredAny>("/user/create", body)
            })
            .buffer_unordered(callers)
            .for_each(async |_| {})
            .await;
        caller.say(&format!("written {what}, {callers} callers"), start);
    }
}

#[tokio::main]
async fn main() {
    let start = Instant::now();
    let sandbox = Sandbox::start().await.unwrap();
    let took = start.elapsed();
    println!("started in {took:?}");
    assert!(took < START, "the start takes more than {START:?}");
    long_histories(&sandbox).await;
    write(&sandbox, "to memory").await;
    sandbox.stop().await;

    let name = format!("plaid-sandbox-bench-{}", std::process::id());
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let sandbox = Sandbox::builder().data(&file).start().await.unwrap();
    write(&sandbox, "to a file").await;
    let items = long_histories(&sandbox).await;
    sandbox.stop().await;
    let start = Instant::now();
    let sandbox = Sandbox::builder().data(&file).start().await.unwrap();
    let took = start.elapsed();
    let size = std::fs::metadata(&file).unwrap().len() / 1024 / 1024;
    println!("started again with a file of {size} MB in {took:?}");
    let found = Caller::new(&sandbox).sync(&items[ITEMS / 2]).await;
    assert_eq!(found, MONTHS + ADDED, "the file has lost some");
    sandbox.stop().await;
    std::fs::remove_file(&file).unwrap();
}
