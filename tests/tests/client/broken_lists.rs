//! Lists and runs over real connections that break, and over data that changes, while
//! they are read: the caller has everything once, or an error and the old cursor.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::Bench;
use plaid::paging::{SyncBatch, SyncResult};
use plaid::types::TransactionsGetRequestOptions;
use plaid::{Client, Error, HttpTransport, NaiveDate, RetryPolicy, Secret, TransportFuture};
use plaid_sandbox::Fault;

/// What happens when a request is about to be sent.
#[derive(Clone, Copy)]
enum Mischief {
    /// The connection is closed and nothing comes back.
    Drop,
    /// Half of the answer comes back.
    Truncate,
    /// The bank has news.
    Refresh,
}

/// Sends requests, and does mischief before some of them, by their number.
struct Saboteur {
    bench: Arc<Bench>,
    access_token: Secret,
    plan: BTreeMap<usize, Mischief>,
    sent: AtomicUsize,
    inner: reqwest::Client,
}

impl HttpTransport for Saboteur {
    fn execute(&self, request: reqwest::Request) -> TransportFuture<'_> {
        Box::pin(async move {
            let number = self.sent.fetch_add(1, Ordering::Relaxed);
            let fail = |fault| self.bench.sandbox.fail_next(request.url().path(), fault);
            match self.plan.get(&number) {
                None => {}
                Some(Mischief::Drop) => fail(Fault::Drop),
                Some(Mischief::Truncate) => fail(Fault::Truncate),
                Some(Mischief::Refresh) => {
                    let transactions = self.bench.plaid.transactions();
                    transactions.refresh(&self.access_token).await.unwrap();
                }
            }
            HttpTransport::execute(&self.inner, request).await
        })
    }
}

/// An Item of an emulator, and a client whose requests go through a saboteur.
struct Scene {
    bench: Arc<Bench>,
    access_token: Secret,
    plaid: Client,
}

impl Scene {
    async fn with(plan: impl IntoIterator<Item = (usize, Mischief)>) -> Self {
        let bench = Arc::new(Bench::start().await);
        let access_token = bench.item(&["transactions"]).await;
        let saboteur = Saboteur {
            bench: Arc::clone(&bench),
            access_token: access_token.clone(),
            plan: plan.into_iter().collect(),
            sent: AtomicUsize::default(),
            inner: crate::http::client(),
        };
        let sandbox = &bench.sandbox;
        let plaid = Client::builder()
            .base_url(sandbox.url())
            .credentials(sandbox.client_id(), sandbox.secret())
            .retry(RetryPolicy::new().base(Duration::from_millis(1)))
            .transport(saboteur)
            .build()
            .unwrap();
        Self {
            bench,
            access_token,
            plaid,
        }
    }

    /// A run from the beginning.
    async fn run(&self) -> plaid::Result<SyncBatch> {
        let sync = self.plaid.transactions().sync(&self.access_token).count(5);
        match sync.run(None).await? {
            SyncResult::Changes(batch) => Ok(batch),
            other => panic!("{other:?}"),
        }
    }

    /// The ids of a list, in its order.
    async fn list(&self) -> plaid::Result<Vec<String>> {
        let (start, end) = (day(2000), day(2999));
        let get = self
            .plaid
            .transactions()
            .get(&self.access_token, start, end);
        let options = TransactionsGetRequestOptions {
            count: Some(5),
            ..Default::default()
        };
        let rows = get.options(options).collect_all().await?;
        let rows = rows.transactions.into_iter();
        Ok(rows.map(|row| row.transaction_id).collect())
    }

    /// The ids that the emulator has now.
    async fn truth(&self) -> BTreeSet<String> {
        let get = self
            .bench
            .plaid
            .transactions()
            .get(&self.access_token, day(2000), day(2999));
        let rows = get.collect_all().await.unwrap();
        let ids = rows.transactions.into_iter().map(|row| row.transaction_id);
        ids.collect()
    }
}

fn day(year: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap()
}

/// Everything is there, and once.
fn assert_whole(ids: impl IntoIterator<Item = String>, truth: &BTreeSet<String>) {
    let ids: Vec<String> = ids.into_iter().collect();
    assert!(ids.len() > 10, "{} rows are no test of pages", ids.len());
    let once: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!(once.len(), ids.len(), "a row came twice");
    assert_eq!(&once, truth);
}

fn added(batch: SyncBatch) -> impl Iterator<Item = String> {
    batch.added.into_iter().map(|row| row.transaction_id)
}

#[tokio::test]
async fn a_run_survives_connections_that_break_in_the_middle() {
    let plan = [
        (1, Mischief::Drop),
        (3, Mischief::Truncate),
        (5, Mischief::Drop),
    ];
    let scene = Scene::with(plan).await;
    let batch = scene.run().await.unwrap();
    assert!(batch.modified.is_empty() && batch.removed.is_empty());
    assert_whole(added(batch), &scene.truth().await);
}

#[tokio::test]
async fn a_list_survives_connections_that_break_in_the_middle() {
    let plan = [
        (1, Mischief::Truncate),
        (2, Mischief::Drop),
        (4, Mischief::Truncate),
    ];
    let scene = Scene::with(plan).await;
    assert_whole(scene.list().await.unwrap(), &scene.truth().await);
}

#[tokio::test]
async fn a_run_that_the_bank_overtakes_twice_has_what_is_there_in_the_end() {
    let plan = [(2, Mischief::Refresh), (5, Mischief::Refresh)];
    let scene = Scene::with(plan).await;
    let batch = scene.run().await.unwrap();
    assert_eq!(batch.restarts, 2);
    assert_whole(added(batch), &scene.truth().await);
}

#[tokio::test]
async fn a_run_over_a_line_that_stays_broken_leaves_the_caller_with_the_old_cursor() {
    let plan = (2..50).map(|number| (number, Mischief::Drop));
    let scene = Scene::with(plan).await;
    let error = scene.run().await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
}
