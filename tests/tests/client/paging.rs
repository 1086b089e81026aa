//! Lists in pages: whatever happens in between, a caller gets every row once, or an
//! error.

use crate::repository;
use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use plaid::paging::{Key, Paged, Pager, Paging, Position, Problem, Sight, Style, Turn};
use plaid::paging::{SyncResult, SyncUpdate};
use plaid::types::CountryCode;
use plaid::{
    Action, Call, Client, Error, ErrorCode, HttpTransport, NaiveDate, RetryPolicy,
    TransportFailure, TransportFuture,
};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};
use xtask::document::paging::{self, Until};
use xtask::document::{Document, ref_name, strings, text};

/// The description of the API, read once.
static API: LazyLock<Document> = LazyLock::new(repository::openapi);

/// Rows per page where the request cannot say how many.
const USUAL: usize = 7;

const TOKEN: &str = "access-sandbox-00000000-0000-0000-0000-000000000000";

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, day).unwrap()
}

/// Runs a check for every operation with pages, and says for which.
macro_rules! every_list {
    ($plaid:ident, $check:expr) => {{
        let mut paths = BTreeSet::new();
        every_list!(@each paths, $plaid, $check;
            transactions().get(TOKEN, day(1), day(2)),
            transactions().cashflow_report_get(TOKEN, 10),
            transactions().cashflow_report_transactions_get(TOKEN),
            processor().transactions_get(TOKEN, day(1), day(2)),
            processor().investments_transactions_get(TOKEN, day(1), day(2)),
            investments().transactions_get(TOKEN, day(1), day(2)),
            institutions().get(500, 0, [CountryCode::Us]),
            bank_transfers().event_list(),
            bank_transfers().event_sync(0),
            bank_transfers().list(),
            beacon().report_list("id"),
            beacon().report_syndication_list("id"),
            beacon().user_history_list("id"),
            identity_verification().list("id"),
            monitor().dashboard_user_list(),
            monitor().watchlist_screening_entity_history_list("id"),
            monitor().watchlist_screening_entity_hit_list("id"),
            monitor().watchlist_screening_entity_list("id"),
            monitor().watchlist_screening_entity_program_list(),
            monitor().watchlist_screening_entity_review_list("id"),
            monitor().watchlist_screening_individual_history_list("id"),
            monitor().watchlist_screening_individual_hit_list("id"),
            monitor().watchlist_screening_individual_list("id"),
            monitor().watchlist_screening_individual_program_list(),
            monitor().watchlist_screening_individual_review_list("id"),
            payment_initiation().payment_list(),
            payment_initiation().recipient_list(),
            permissions_manager().item_activity_list(),
            sandbox().transfer_test_clock_list(),
            transfer().event_list(),
            transfer().event_sync(0),
            transfer().ledger_event_list(),
            transfer().list(),
            transfer().originator_list(),
            transfer().recurring_list(),
            transfer().repayment_list(),
            transfer().repayment_return_list("id"),
            transfer().sweep_list(),
            wallets().list(),
            wallets().transaction_list("id"),
        );
        paths
    }};
    (@each $paths:ident, $plaid:ident, $check:expr; $($product:ident() . $call:ident($($argument:expr),*)),* $(,)?) => {$(
        $paths.insert($check(|$plaid: &Client| $plaid.$product().$call($($argument),*)).await);
    )*};
}

#[tokio::test]
async fn every_list_is_read_to_its_end_and_no_further() {
    let mut paths = every_list!(plaid, whole_list);
    // These two hand out changes, which have tests of their own.
    paths.insert("/transactions/sync");
    paths.insert("/processor/transactions/sync");
    let described: BTreeSet<&str> = API
        .operations()
        .filter(|(_, _, operation)| operation.get("x-paging").is_some())
        .map(|(path, _, _)| path)
        .collect();
    assert_eq!(paths, described);
    assert_eq!(described.len(), 42);
}

/// Lists of 0 rows, 1, one page, one page and 1, and many.
async fn whole_list<O>(call: impl Fn(&Client) -> Call<O>) -> &'static str
where
    O: Paged<Row: Serialize, Response: Serialize>,
{
    let per_page = match O::PAGING.most {
        Some(most) => usize::try_from(most).unwrap(),
        None => USUAL,
    };
    for length in [0, 1, per_page, per_page + 1, 3 * per_page - 1] {
        let list = List::of::<O>(length);
        let plaid = list.client();
        let rows = drain(call(&plaid).stream()).await.unwrap();
        let context = format!("{} with {length} rows", O::INFO.path);
        assert_eq!(list.ids_of(&rows), list.ids(), "{context}");
        let requests = list.requests();
        assert!(
            requests <= length / per_page + 1 + usize::from(list.ends_empty()),
            "{context}: {requests}"
        );

        let all = call(&plaid).collect_all().await.unwrap();
        let all = serde_json::to_value(&all).unwrap();
        let gathered = all[O::PAGING.rows].as_array().cloned().unwrap_or_default();
        assert_eq!(list.ids_of(&gathered), list.ids(), "{context}, gathered");
        for side in list.paging.with.keys() {
            let side = all[side].as_array().map_or(0, Vec::len);
            assert_eq!(side, 1, "{context}: the lists beside the rows are united");
        }
    }
    O::INFO.path
}

async fn drain<O: Paged<Row: Serialize>>(
    mut rows: plaid::paging::Rows<O>,
) -> plaid::Result<Vec<Value>> {
    let mut found = Vec::new();
    while let Some(row) = rows.try_next().await? {
        found.push(serde_json::to_value(&row).unwrap());
    }
    Ok(found)
}

#[tokio::test]
async fn rows_that_are_put_before_others_do_not_come_twice() {
    every_list!(plaid, a_list_that_grows);
}

/// New rows at the top push those that have been read onto the next page.
async fn a_list_that_grows<O>(call: impl Fn(&Client) -> Call<O>) -> &'static str
where
    O: Paged<Row: Serialize>,
{
    let list = List::of::<O>(0);
    if list.paging.offset.is_none() {
        return O::INFO.path;
    }
    let list = List::of::<O>(3 * list.most);
    let before = list.ids();
    list.before_request(2, |rows| {
        rows.splice(0..0, ["new a", "new b", "new c"].map(str::to_owned));
    });
    let rows = drain(call(&list.client()).stream()).await.unwrap();
    let found = list.ids_of(&rows);
    let unique: HashSet<&String> = found.iter().collect();
    assert_eq!(unique.len(), found.len(), "{}", O::INFO.path);
    for id in before {
        assert!(found.contains(&id), "{} lost {id}", O::INFO.path);
    }
    O::INFO.path
}

#[tokio::test]
async fn rows_that_go_away_take_no_other_with_them() {
    let list = List::at("/transactions/get", 60);
    let kept: Vec<String> = list.ids().split_off(15);
    // The second page would begin 15 rows too far.
    list.before_request(2, |rows| {
        rows.drain(..15);
    });
    let options = plaid::types::TransactionsGetRequestOptions {
        count: Some(20),
        ..Default::default()
    };
    let plaid = list.client();
    let call = plaid
        .transactions()
        .get(TOKEN, day(1), day(2))
        .options(options);
    let found = list.ids_of(&drain(call.stream()).await.unwrap());
    let unique: HashSet<&String> = found.iter().collect();
    assert_eq!(unique.len(), found.len());
    for id in kept {
        assert!(found.contains(&id), "lost {id}");
    }
}

#[tokio::test]
async fn a_list_that_never_rests_is_an_error() {
    let list = List::at("/institutions/get", 40);
    list.before_every_request(|rows| {
        rows.remove(0);
    });
    let plaid = list.client();
    let call = plaid.institutions().get(5, 0, [CountryCode::Us]);
    let error = call.collect_all().await.unwrap_err();
    let Error::Paging(paging) = &error else {
        panic!("{error}")
    };
    assert_eq!(paging.problem(), Problem::Restless);
    assert_eq!(error.action(), Action::RestartPagination);
    assert!(error.to_string().contains("institutionsGet"), "{error}");
}

#[tokio::test]
async fn a_count_is_honoured_and_lowered_to_what_is_allowed() {
    for (wanted, sent) in [(3, 3), (25, 25), (1000, 25)] {
        let list = List::at("/transfer/list", 30);
        let plaid = list.client();
        let call = plaid.transfer().list().count(wanted);
        assert_eq!(drain(call.stream()).await.unwrap().len(), 30);
        let bodies = list.bodies();
        assert!(
            bodies.iter().all(|body| body["count"] == sent),
            "{bodies:?}"
        );
    }
}

#[tokio::test]
async fn reading_begins_where_the_call_says() {
    let list = List::at("/transfer/list", 30);
    let plaid = list.client();
    let rows = drain(plaid.transfer().list().offset(28).stream())
        .await
        .unwrap();
    assert_eq!(list.ids_of(&rows), &list.ids()[28..]);
}

#[tokio::test]
async fn nothing_is_fetched_before_it_is_needed() {
    let list = List::at("/wallet/list", 60);
    let plaid = list.client();
    let mut rows = plaid.wallets().list().stream();
    assert_eq!(list.requests(), 0);
    for _ in 0..20 {
        rows.try_next().await.unwrap().unwrap();
    }
    assert_eq!(list.requests(), 1);
    rows.try_next().await.unwrap().unwrap();
    assert_eq!(list.requests(), 2);
    drop(rows);
    assert_eq!(list.requests(), 2);
}

#[tokio::test]
async fn a_null_among_the_rows_does_not_end_the_list() {
    let list = List::at("/transfer/list", 60);
    list.put_null_into(1);
    let plaid = list.client();
    let rows = drain(plaid.transfer().list().stream()).await.unwrap();
    assert_eq!(list.ids_of(&rows).len(), 59, "all but the row that is null");
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_again_and_nothing_comes_twice() {
    let list = List::at("/wallet/list", 60);
    list.break_request(2, 1);
    let plaid = list.client();
    let rows = drain(plaid.wallets().list().stream()).await.unwrap();
    assert_eq!(list.ids_of(&rows), list.ids());
}

#[tokio::test]
async fn a_connection_that_stays_broken_ends_the_stream_with_the_error() {
    let list = List::at("/wallet/list", 60);
    list.break_request(2, 100);
    let plaid = list.client();
    let mut rows = plaid.wallets().list().stream();
    for _ in 0..20 {
        rows.try_next().await.unwrap().unwrap();
    }
    let error = rows.try_next().await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error}");
    assert!(
        rows.try_next().await.unwrap().is_none(),
        "after an error it is at its end"
    );
    let error = plaid.wallets().list().collect_all().await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error}");
}

#[tokio::test]
async fn cursors_that_lead_in_a_circle_are_an_error() {
    let list = List::at("/wallet/list", 60);
    list.change_answers(|answer| answer["next_cursor"] = json!("c20"));
    let plaid = list.client();
    let error = plaid.wallets().list().collect_all().await.unwrap_err();
    let Error::Paging(error) = error else {
        panic!("{error}")
    };
    assert_eq!((error.problem(), error.page()), (Problem::Circle, 2));
}

// What has changed since a cursor.

#[tokio::test]
async fn a_run_has_every_change_and_the_cursor_of_the_end() {
    for length in [0, 1, 500, 501, 1300] {
        let list = List::at("/transactions/sync", length);
        let plaid = list.client();
        let run = plaid.transactions().sync(TOKEN).run(None).await.unwrap();
        let SyncResult::Changes(changes) = run else {
            panic!("ready")
        };
        let ids: Vec<String> = changes
            .added
            .iter()
            .map(|t| t.transaction_id.clone())
            .collect();
        assert_eq!(ids, list.ids());
        assert_eq!(changes.cursor, format!("c{length}"));
        assert_eq!((changes.restarts, changes.accounts.len()), (0, 1));
        assert_eq!(changes.is_empty(), length == 0);

        // Nothing new since then.
        let again = plaid.transactions().sync(TOKEN).run(Some(&changes.cursor));
        let SyncResult::Changes(none) = again.await.unwrap() else {
            panic!("ready")
        };
        assert!(none.is_empty());
        assert_eq!(none.cursor, changes.cursor);
    }
}

#[tokio::test]
async fn a_run_of_a_processor_is_the_same() {
    let list = List::at("/processor/transactions/sync", 600);
    let plaid = list.client();
    let run = plaid.processor().transactions_sync(TOKEN).run(Some("c100"));
    let SyncResult::Changes(changes) = run.await.unwrap() else {
        panic!("ready")
    };
    assert_eq!((changes.added.len(), changes.accounts.len()), (500, 1));
}

#[tokio::test(start_paused = true)]
async fn a_run_begins_again_when_the_data_changes_in_between() {
    let list = List::at("/transactions/sync", 1300);
    // Twice, each time in the middle.
    list.fail_request(2, MUTATION);
    list.fail_request(5, MUTATION);
    let plaid = list.client();
    let run = plaid
        .transactions()
        .sync(TOKEN)
        .run(Some("c10"))
        .await
        .unwrap();
    let SyncResult::Changes(changes) = run else {
        panic!("ready")
    };
    assert_eq!(changes.restarts, 2);
    let ids: Vec<String> = changes
        .added
        .iter()
        .map(|t| t.transaction_id.clone())
        .collect();
    assert_eq!(ids, &list.ids()[10..]);
    let cursors: Vec<Value> = list
        .bodies()
        .iter()
        .map(|body| body["cursor"].clone())
        .collect();
    let expected = [
        "c10", "c510", "c10", "c510", "c1010", "c10", "c510", "c1010",
    ];
    assert_eq!(cursors, expected);
}

#[tokio::test(start_paused = true)]
async fn a_run_gives_up_after_a_number_of_restarts() {
    let list = List::at("/transactions/sync", 1300);
    for request in 1..=100 {
        list.fail_request(2 * request, MUTATION);
    }
    let plaid = list.client();
    let run = plaid.transactions().sync(TOKEN).run(None).max_restarts(3);
    let error = run.await.unwrap_err();
    let code = ErrorCode::TransactionsSyncMutationDuringPagination;
    assert_eq!(error.error_code(), Some(&code));
    assert_eq!(error.action(), Action::RestartPagination);
    assert_eq!(list.requests(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_fails_hands_out_nothing() {
    let list = List::at("/transactions/sync", 1300);
    list.break_request(3, 100);
    let plaid = list.client();
    let error = plaid
        .transactions()
        .sync(TOKEN)
        .run(None)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error}");
}

#[tokio::test]
async fn not_ready_is_not_empty() {
    let list = List::at("/transactions/sync", 0);
    list.change_answers(|answer| {
        answer["transactions_update_status"] = json!("NOT_READY");
        answer["next_cursor"] = json!("");
    });
    let plaid = list.client();
    let run = plaid.transactions().sync(TOKEN).run(None).await.unwrap();
    assert!(matches!(run, SyncResult::NotReady));
    let mut updates = plaid.transactions().sync(TOKEN).stream();
    let first = updates.try_next().await.unwrap();
    assert!(matches!(first, Some(SyncUpdate::NotReady)));
    assert!(updates.try_next().await.unwrap().is_none());
}

/// The status is what tells: one server sends a cursor that must not be stored.
#[tokio::test]
async fn a_cursor_that_comes_with_not_ready_is_not_handed_out() {
    let list = List::at("/transactions/sync", 0);
    list.change_answers(|answer| {
        answer["transactions_update_status"] = json!("NOT_READY");
        answer["next_cursor"] = json!("poisoned");
    });
    let plaid = list.client();
    let run = plaid.transactions().sync(TOKEN).run(None).await.unwrap();
    assert!(matches!(run, SyncResult::NotReady));
    let mut updates = plaid.transactions().sync(TOKEN).stream();
    while let Some(update) = updates.try_next().await.unwrap() {
        assert!(matches!(update, SyncUpdate::NotReady), "{update:?}");
    }
}

#[tokio::test]
async fn changes_without_a_cursor_are_an_error() {
    let list = List::at("/transactions/sync", 3);
    list.change_answers(|answer| answer["next_cursor"] = json!(""));
    let plaid = list.client();
    let error = plaid
        .transactions()
        .sync(TOKEN)
        .run(None)
        .await
        .unwrap_err();
    let Error::Paging(error) = error else {
        panic!("{error}")
    };
    assert_eq!(error.problem(), Problem::NoCursor);
}

#[tokio::test]
async fn a_stream_of_changes_ends_with_the_cursor() {
    let list = List::at("/transactions/sync", 1300);
    let plaid = list.client();
    let mut updates = plaid.transactions().sync(TOKEN).stream();
    let (mut added, mut cursor) = (Vec::new(), None);
    while let Some(update) = updates.try_next().await.unwrap() {
        assert!(cursor.is_none(), "nothing comes after the cursor");
        match update {
            SyncUpdate::Added(transaction) => added.push(transaction.transaction_id),
            SyncUpdate::Cursor(end) => cursor = Some(end),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(added, list.ids());
    assert_eq!(cursor.as_deref(), Some("c1300"));
}

#[tokio::test]
async fn a_stream_of_changes_that_are_overtaken_ends_with_an_error_and_without_a_cursor() {
    let list = List::at("/transactions/sync", 1300);
    list.fail_request(3, MUTATION);
    let plaid = list.client();
    let mut updates = plaid.transactions().sync(TOKEN).stream();
    let error = loop {
        match updates.try_next().await {
            Ok(Some(SyncUpdate::Cursor(_)) | None) => panic!("the list is not whole"),
            Ok(Some(_)) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.action(), Action::RestartPagination);
}

/// In one run a transaction is added on one page, changed on the next and removed on
/// a third: who stores the lists one after the other has to end with the truth.
#[tokio::test]
async fn a_transaction_is_in_one_list_of_a_run_as_it_was_last() {
    let list = List::at("/transactions/sync", 3);
    let row = |id: &str, name: &str| {
        let mut row = list.row(id);
        row["name"] = json!(name);
        row
    };
    let gone = |id: &str| json!({"transaction_id": id, "account_id": "a"});
    let page = |added: Value, modified: Value, removed: Value, next: &str, more: bool| {
        let mut answer = list.answer(&json!({"count": 500}));
        answer["added"] = added;
        answer["modified"] = modified;
        answer["removed"] = removed;
        answer["next_cursor"] = json!(next);
        answer["has_more"] = json!(more);
        answer
    };
    let pages = [
        page(
            json!([row("a", "1"), row("b", "1"), row("b", "2")]),
            json!([row("x", "1")]),
            json!([gone("r")]),
            "1",
            true,
        ),
        page(
            json!([row("r", "back")]),
            json!([row("a", "2"), row("x", "2")]),
            json!([]),
            "2",
            true,
        ),
        page(
            json!([]),
            json!([row("y", "1")]),
            json!([gone("b"), gone("x")]),
            "3",
            false,
        ),
    ];
    list.answer_with(pages);
    let plaid = list.client();
    let SyncResult::Changes(changes) = plaid.transactions().sync(TOKEN).run(None).await.unwrap()
    else {
        panic!("ready")
    };
    let names = |list: &[plaid::types::Transaction]| -> Vec<String> {
        list.iter()
            .map(|t| format!("{} {}", t.transaction_id, t.name.as_deref().unwrap()))
            .collect()
    };
    assert_eq!(names(&changes.added), ["a 2", "r back"]);
    assert_eq!(names(&changes.modified), ["y 1"]);
    let removed: Vec<&str> = changes.removed.iter().map(|r| &*r.transaction_id).collect();
    assert_eq!(removed, ["b", "x"]);
    assert_eq!(changes.cursor, "3");
}

#[tokio::test]
async fn dropping_a_run_or_a_stream_leaves_no_task_behind() {
    let list = List::at("/transactions/sync", 1300);
    list.hang_request(2);
    let plaid = list.client();
    let before = tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks();
    let run = plaid.transactions().sync(TOKEN).run(None).send();
    let reached = list.reached();
    tokio::select! {
        _ = run => panic!("the second page hangs"),
        () = reached.notified() => {}
    }
    let after = tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks();
    assert_eq!(after, before);
    // The next one is served.
    let again = plaid
        .transactions()
        .sync(TOKEN)
        .run(Some("c1200"))
        .await
        .unwrap();
    assert!(matches!(again, SyncResult::Changes(changes) if changes.added.len() == 100));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// A list of which rows are taken and to which rows are added while it is read:
    /// no row comes twice, and each that was there all the time comes.
    #[test]
    fn whatever_is_done_to_a_list_each_row_comes_once_or_an_error_does(
        length in 0_usize..120,
        count in 1_i64..30,
        edits in prop::collection::vec((0_usize..6, any::<bool>(), 0_usize..150, 1_usize..6), 0..5),
    ) {
        let mut rows: Vec<i64> = (0..i64::try_from(length).unwrap()).collect();
        let mut stayed: HashSet<i64> = rows.iter().copied().collect();
        let paging = Paging { style: Style::Offset, rows: "rows", most: Some(500) };
        let mut pager = Pager::new(paging, Position::Offset(0), Some(count));
        let mut found = Vec::new();
        let mut next_id = 1000;
        for page in 0.. {
            prop_assert!(page < 5_000, "it does not end");
            for (_, add, at, number) in edits.iter().filter(|(when, ..)| *when == page) {
                let at = (*at).min(rows.len());
                if *add {
                    for _ in 0..*number {
                        rows.insert(at, next_id);
                        next_id += 1;
                    }
                } else {
                    for gone in rows.drain(at..(at + number).min(rows.len())) {
                        stayed.remove(&gone);
                    }
                }
            }
            let start = usize::try_from(pager.position().to_number()).unwrap().min(rows.len());
            let end = (start + usize::try_from(count).unwrap()).min(rows.len());
            let slice = &rows[start..end];
            found.extend(slice.iter().filter(|id| pager.is_new(Key::Number(**id))));
            let sight = Sight {
                received: slice.len(),
                total: Some(i64::try_from(rows.len()).unwrap()),
                ..Sight::default()
            };
            match pager.turn(&sight) {
                Ok(Turn::Next) => {}
                Ok(Turn::Done) => break,
                Err(_) => return Ok(()),
            }
        }
        let unique: HashSet<i64> = found.iter().copied().collect();
        prop_assert_eq!(unique.len(), found.len());
        // A removal and an insertion of the same number between two pages look like
        // nothing; only then may a row be missed.
        let balanced = (0..6).any(|page| {
            let sum = |add: bool| -> usize {
                edits.iter().filter(|e| e.0 == page && e.1 == add).map(|e| e.3).sum()
            };
            sum(true) > 0 && sum(false) > 0
        });
        if !balanced {
            prop_assert!(stayed.is_subset(&unique), "{:?}", stayed.difference(&unique));
        }
    }
}

// A server of lists, made from what the description says of them.

const MUTATION: (&str, &str) = (
    "TRANSACTIONS_ERROR",
    "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION",
);

/// A list of rows behind one operation, in this process.
#[derive(Clone)]
struct List {
    path: &'static str,
    operation: Arc<Value>,
    paging: paging::Paging,
    most: usize,
    /// A row, but for its id.
    template: Value,
    state: Arc<Mutex<State>>,
    reached: Arc<tokio::sync::Notify>,
}

type Edit = Box<dyn FnMut(&mut Vec<String>) + Send>;

#[derive(Default)]
struct State {
    ids: Vec<String>,
    bodies: Vec<Value>,
    edits: Vec<(usize, Edit)>,
    at_every: Option<Edit>,
    errors: Vec<(usize, (&'static str, &'static str))>,
    /// The request that breaks, and how often.
    broken: Option<(usize, usize)>,
    hanging: Option<usize>,
    null_row: Option<usize>,
    change: Option<fn(&mut Value)>,
    answers: Vec<Value>,
}

impl List {
    fn of<O: Paged>(length: usize) -> Self {
        Self::at(O::INFO.path, length)
    }

    fn at(path: &'static str, length: usize) -> Self {
        let operation = API.paths()[path]["post"].clone();
        let paging = paging::Paging::of(&operation).unwrap().unwrap();
        let request = paging::body(&operation, true).unwrap();
        let count = paging.count.as_deref();
        let count = count.and_then(|count| paging::field(&API, request, count));
        let most = count.map_or(USUAL, |c| {
            usize::try_from(c["maximum"].as_u64().unwrap()).unwrap()
        });
        let state = State {
            ids: (1..=length).map(|index| index.to_string()).collect(),
            ..State::default()
        };
        let mut list = Self {
            path,
            operation: Arc::new(operation),
            paging,
            most,
            template: Value::Null,
            state: Arc::new(Mutex::new(state)),
            reached: Arc::default(),
        };
        list.template = required(list.row_schema());
        list
    }

    fn client(&self) -> Client {
        Client::builder()
            .base_url("http://127.0.0.1:1")
            .credentials("id", "secret")
            .retry(RetryPolicy::new().base(Duration::from_millis(1)))
            .transport(self.clone())
            .build()
            .unwrap()
    }

    /// The ids as they are on the wire, in order.
    fn ids(&self) -> Vec<String> {
        let ids = self.state.lock().unwrap().ids.clone();
        ids.iter().map(|id| self.wire(id)).collect()
    }

    fn wire(&self, id: &str) -> String {
        match self.row(id)[self.id_field()].as_str() {
            Some(text) => text.to_owned(),
            None => self.row(id)[self.id_field()].to_string(),
        }
    }

    fn ids_of(&self, rows: &[Value]) -> Vec<String> {
        let field = self.id_field();
        let id = |row: &Value| {
            row[&field]
                .as_str()
                .map_or_else(|| row[&field].to_string(), str::to_owned)
        };
        rows.iter().map(id).collect()
    }

    fn requests(&self) -> usize {
        self.state.lock().unwrap().bodies.len()
    }

    fn bodies(&self) -> Vec<Value> {
        self.state.lock().unwrap().bodies.clone()
    }

    fn ends_empty(&self) -> bool {
        self.paging.until == Some(Until::EmptyPage)
    }

    fn before_request(&self, number: usize, edit: impl FnMut(&mut Vec<String>) + Send + 'static) {
        self.state
            .lock()
            .unwrap()
            .edits
            .push((number, Box::new(edit)));
    }

    fn before_every_request(&self, edit: impl FnMut(&mut Vec<String>) + Send + 'static) {
        self.state.lock().unwrap().at_every = Some(Box::new(edit));
    }

    fn fail_request(&self, number: usize, error: (&'static str, &'static str)) {
        self.state.lock().unwrap().errors.push((number, error));
    }

    fn break_request(&self, number: usize, times: usize) {
        self.state.lock().unwrap().broken = Some((number, times));
    }

    fn hang_request(&self, number: usize) {
        self.state.lock().unwrap().hanging = Some(number);
    }

    fn reached(&self) -> Arc<tokio::sync::Notify> {
        self.reached.clone()
    }

    fn put_null_into(&self, page: usize) {
        self.state.lock().unwrap().null_row = Some(page);
    }

    fn change_answers(&self, change: fn(&mut Value)) {
        self.state.lock().unwrap().change = Some(change);
    }

    fn answer_with(&self, answers: impl IntoIterator<Item = Value>) {
        self.state.lock().unwrap().answers = answers.into_iter().collect();
    }

    fn response(&self) -> &Value {
        paging::body(&self.operation, false).unwrap()
    }

    fn list_name(&self) -> &str {
        self.paging.rows.as_deref().unwrap_or("added")
    }

    fn row_schema(&self) -> &Value {
        let list = paging::field(&API, self.response(), self.list_name()).unwrap();
        paging::entries(&API, list).unwrap()
    }

    /// What a row is known by, also where the description does not have to say it.
    fn id_field(&self) -> String {
        if let Some(key) = &self.paging.key {
            return key.clone();
        }
        let fields = properties(self.row_schema());
        let own = [
            "transaction_id",
            "id",
            "payment_id",
            "recipient_id",
            "wallet_id",
        ];
        own.iter()
            .find(|name| fields.contains_key(**name))
            .unwrap()
            .to_string()
    }

    fn row(&self, id: &str) -> Value {
        let field = self.id_field();
        let mut row = self.template.clone();
        row[&field] = match row[&field].is_number() {
            true => json!(
                id.parse::<i64>()
                    .unwrap_or_else(|_| 9000 + i64::from(*id.as_bytes().last().unwrap()))
            ),
            false => json!(id),
        };
        row
    }

    /// The page that a request asks for.
    fn answer(&self, body: &Value) -> Value {
        let ids = self.state.lock().unwrap().ids.clone();
        let at = |path: &Option<String>| {
            path.as_ref().and_then(|path| {
                body.pointer(&format!("/{}", path.replace('.', "/")))
                    .cloned()
            })
        };
        let count = at(&self.paging.count).and_then(|count| count.as_u64());
        let count = count.map_or(USUAL, |count| usize::try_from(count).unwrap());
        assert!(
            count <= self.most,
            "{}: Plaid refuses a count of {count}",
            self.path
        );
        let number = |value: Option<Value>| {
            usize::try_from(value.and_then(|v| v.as_u64()).unwrap_or(0)).unwrap()
        };
        let start = match (at(&self.paging.offset), at(&self.paging.after)) {
            (offset @ Some(_), _) => number(offset),
            (_, after @ Some(_)) => {
                let after = number(after);
                ids.iter()
                    .position(|id| id.parse::<usize>().unwrap() > after)
                    .unwrap_or(ids.len())
            }
            _ => place(at(&self.paging.cursor)),
        };
        let start = start.min(ids.len());
        let end = (start + count).min(ids.len());
        let rows: Vec<Value> = ids[start..end].iter().map(|id| self.row(id)).collect();
        let mut answer = required(self.response());
        answer[self.list_name()] = json!(rows);
        if let Some(total) = &self.paging.total {
            answer[total] = json!(ids.len());
        }
        if let Some(more) = &self.paging.more {
            answer[more] = json!(end < ids.len());
        }
        if let Some(next) = &self.paging.next {
            let is_last = end == ids.len() && self.paging.more.is_none() && !self.ends_empty();
            let is_time = paging::field(&API, self.response(), next)
                .is_some_and(|f| text(f, "format") == "date-time");
            answer[next] = match (is_last, is_time) {
                (true, _) => Value::Null,
                (false, true) => json!(format!(
                    "2026-01-01T{:02}:{:02}:{:02}Z",
                    end / 3600,
                    end / 60 % 60,
                    end % 60
                )),
                (false, false) => json!(format!("c{end}")),
            };
        }
        if let Some(status) = &self.paging.status {
            answer[status] = json!("HISTORICAL_UPDATE_COMPLETE");
        }
        for (list, key) in &self.paging.with {
            let list_schema = paging::field(&API, self.response(), list).unwrap();
            let mut entry = required(paging::entries(&API, list_schema).unwrap());
            entry[key] = json!("the same on every page");
            answer[list] = json!([entry]);
        }
        if self.paging.accounts.as_deref() == Some("accounts") {
            let list = paging::field(&API, self.response(), "accounts").unwrap();
            answer["accounts"] = json!([required(paging::entries(&API, list).unwrap())]);
        }
        if self.paging.accounts.as_deref() == Some("account") {
            answer["account"] = required(paging::field(&API, self.response(), "account").unwrap());
        }
        answer
    }

    async fn serve(&self, body: Value) -> Result<(u16, Value), TransportFailure> {
        let number = {
            let mut state = self.state.lock().unwrap();
            state.bodies.push(body.clone());
            let number = state.bodies.len();
            let State {
                edits,
                ids,
                at_every,
                ..
            } = &mut *state;
            edits
                .iter_mut()
                .filter(|(at, _)| *at == number)
                .for_each(|(_, edit)| edit(ids));
            at_every.iter_mut().for_each(|edit| edit(ids));
            number
        };
        let hangs = {
            let mut state = self.state.lock().unwrap();
            if state.hanging == Some(number) {
                state.hanging = None;
                true
            } else {
                false
            }
        };
        if hangs {
            self.reached.notify_one();
            std::future::pending::<()>().await;
        }
        {
            let state = self.state.lock().unwrap();
            if let Some((first, times)) = state.broken
                && (first..first + times).contains(&number)
            {
                return Err(TransportFailure::other("the connection was reset"));
            }
            if let Some((_, (kind, code))) = state.errors.iter().find(|(at, _)| *at == number) {
                return Ok((
                    400,
                    json!({
                        "error_type": kind, "error_code": code, "error_message": "changed",
                        "display_message": null, "request_id": "abcdefghijklmno"
                    }),
                ));
            }
        }
        let ready = {
            let mut state = self.state.lock().unwrap();
            (!state.answers.is_empty()).then(|| state.answers.remove(0))
        };
        let mut answer = ready.unwrap_or_else(|| self.answer(&body));
        let state = self.state.lock().unwrap();
        if state.null_row == Some(number) {
            answer[self.list_name()][0] = Value::Null;
        }
        if let Some(change) = state.change {
            change(&mut answer);
        }
        Ok((200, answer))
    }
}

impl HttpTransport for List {
    fn execute(&self, request: reqwest::Request) -> TransportFuture<'_> {
        Box::pin(async move {
            assert!(request.url().path().ends_with(self.path));
            let body = request.body().and_then(|body| body.as_bytes()).unwrap();
            let (status, answer) = self.serve(serde_json::from_slice(body).unwrap()).await?;
            let response = http::Response::builder()
                .status(status)
                .header("content-type", "application/json")
                .body(answer.to_string())
                .unwrap();
            Ok(response.into())
        })
    }
}

/// The place that a cursor names: `c12`, or a time of the day.
fn place(cursor: Option<Value>) -> usize {
    let cursor = cursor.and_then(|cursor| cursor.as_str().map(str::to_owned));
    let cursor = cursor.unwrap_or_default();
    if let Some(number) = cursor.strip_prefix('c') {
        return number.parse().unwrap();
    }
    let digits: Vec<usize> = cursor
        .get(11..19)
        .map(|time| time.split(':').map(|part| part.parse().unwrap()).collect())
        .unwrap_or_default();
    digits.iter().fold(0, |sum, part| sum * 60 + part)
}

/// The fields of a schema, through references and `allOf`.
fn properties(schema: &Value) -> Map<String, Value> {
    let mut found = Map::new();
    if let Some(target) = ref_name(schema) {
        return properties(&API.schemas()[target]);
    }
    for part in schema
        .get("allOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        found.extend(properties(part));
    }
    if let Some(own) = schema.get("properties").and_then(Value::as_object) {
        found.extend(own.clone());
    }
    found
}

/// The least that an object of a schema has to have.
fn required(schema: &Value) -> Value {
    if let Some(target) = ref_name(schema) {
        return required(&API.schemas()[target]);
    }
    if schema.get("enum").is_some() {
        return schema["enum"]
            .as_array()
            .unwrap()
            .iter()
            .find(|v| v.is_string())
            .cloned()
            .unwrap_or_default();
    }
    match text(schema, "type") {
        "array" => json!([]),
        "integer" => json!(1),
        "number" => json!(1.5),
        "boolean" => json!(false),
        "string" => match text(schema, "format") {
            "date" => json!("2026-01-01"),
            "date-time" => json!("2026-01-01T00:00:00Z"),
            _ => json!("text"),
        },
        "" if properties(schema).is_empty() && schema.get("allOf").is_some() => {
            required(&schema["allOf"][0])
        }
        _ => {
            let fields = properties(schema);
            let mut names: BTreeSet<String> = strings(schema, "required")
                .iter()
                .map(|s| s.to_string())
                .collect();
            for part in schema
                .get("allOf")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                let part = ref_name(part).map_or(part, |name| &API.schemas()[name]);
                names.extend(all_required(part));
            }
            let value = |name: String| {
                let value = required(fields.get(&name)?);
                Some((name, value))
            };
            Value::Object(names.into_iter().filter_map(value).collect())
        }
    }
}

fn all_required(schema: &Value) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = strings(schema, "required")
        .iter()
        .map(|s| s.to_string())
        .collect();
    for part in schema
        .get("allOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let part = ref_name(part).map_or(part, |name| &API.schemas()[name]);
        names.extend(all_required(part));
    }
    names
}
