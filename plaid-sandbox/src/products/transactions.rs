//! Transactions.

use std::ops::RangeInclusive;

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{accounts::account_json, items::item_json, sandbox::sync_updates_available};
use crate::{
    call::{Call, Reply, fields},
    catalog::categories::CATEGORIES,
    error::ApiError,
    ledger::{NoPage, Page, Position, Transaction, Updates},
    server::pretty,
    state::{Account, Condition, History, Item},
};
use rows::{Gone, Rows, Shown};

mod made;
pub(super) mod of_processor;
mod rows;

pub(super) use made::create;

/// Transactions that can be added to an Item, and to all of them. The latter take
/// 640 MB.
const MAX_ADDED: u32 = 100_000;
const MAX_ADDED_IN_ALL: u32 = 20_000_000;

/// Why no transactions were added to an Item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionsError {
    /// There is no such Item, or it has been removed.
    #[error("there is no such Item, or it has been removed")]
    UnknownItem,
    /// The Item was not made with the product.
    #[error("the Item does not have the product transactions")]
    NotEnabled,
    /// All accounts of the Item are of other kinds.
    #[error("the Item has no checking account and no credit card to book transactions on")]
    NoAccount,
    /// An Item is given 100,000 transactions at most.
    #[error("an Item is given {MAX_ADDED} transactions at most; this one takes {left} more")]
    TooMany {
        /// What it still takes.
        left: u32,
    },
    /// All Items together are given 20 million transactions at most.
    #[error(
        "all Items together are given {MAX_ADDED_IN_ALL} transactions at most; \
         they take {left} more"
    )]
    Full {
        /// What they still take.
        left: u32,
    },
    /// The data file cannot be written.
    #[error("the data file cannot be written; start the emulator again when it can")]
    NotWritten,
}

const DEFAULT_COUNT: usize = 100;
/// The longest cursor that the API accepts.
const MAX_CURSOR: usize = 256;

#[derive(Deserialize)]
struct SyncRequest {
    access_token: String,
    #[serde(default)]
    cursor: String,
    count: Option<usize>,
    #[serde(default)]
    options: Options,
}

#[derive(Deserialize)]
struct GetRequest {
    access_token: String,
    start_date: String,
    end_date: String,
    #[serde(default)]
    options: Options,
}

#[derive(Deserialize)]
struct RefreshRequest {
    access_token: String,
}

#[derive(Default, Deserialize)]
struct Options {
    account_id: Option<String>,
    account_ids: Option<Vec<String>>,
    count: Option<usize>,
    offset: Option<usize>,
    #[serde(flatten)]
    details: Details,
    days_requested: Option<u32>,
}

/// What callers can have shown or not.
#[derive(Default, Deserialize)]
struct Details {
    include_original_description: Option<bool>,
    include_personal_finance_category: Option<bool>,
    personal_finance_category_version: Option<String>,
}

/// What a cursor says. It belongs to one Item, and to one of its accounts if
/// the run was narrowed to it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    item: String,
    account: Option<String>,
    position: Position,
}

impl Cursor {
    fn encode(&self) -> String {
        BASE64_STANDARD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn decode(text: &str) -> Option<Self> {
        if text.len() > MAX_CURSOR {
            return None;
        }
        serde_json::from_slice(&BASE64_STANDARD.decode(text).ok()?).ok()
    }
}

/// Whose transactions an answer has. The name of the field is that of the variant.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Of {
    /// Those of an Item.
    Accounts(Value),
    /// Those of the account that a processor's token opens.
    Account(Value),
}

/// The answer of `/transactions/sync`. The fields are in the order of the alphabet, as
/// in all answers.
#[derive(Serialize)]
struct Synced<'a> {
    #[serde(flatten)]
    of: Of,
    added: Rows<'a>,
    has_more: bool,
    modified: Rows<'a>,
    next_cursor: String,
    removed: Gone<'a>,
    request_id: &'a str,
    transactions_update_status: &'static str,
}

/// The answer of `/transactions/get`.
#[derive(Serialize)]
struct Got<'a> {
    accounts: Value,
    item: Value,
    request_id: &'a str,
    total_transactions: usize,
    transactions: Rows<'a>,
}

/// A page of a run through the updates, and what it is shown with.
struct Run {
    page: Page,
    cursor: Cursor,
    status: &'static str,
    shown: Shown,
}

/// What a page is asked for with.
struct Asked {
    cursor: String,
    /// The one account that it is about.
    account_id: Option<String>,
    count: Option<usize>,
    details: Details,
    days_requested: Option<u32>,
}

/// `/transactions/sync`
pub(super) fn sync(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: SyncRequest = call.body()?;
    let options = request.options;
    let now = call.state.now();
    let item = call.readable_item(&request.access_token, Some("transactions"))?;
    let asked = Asked {
        cursor: request.cursor,
        account_id: options.account_id,
        count: request.count,
        details: options.details,
        days_requested: options.days_requested,
    };
    let run = run(item, asked, now)?;
    Ok(synced(run, Of::Accounts(accounts_json(item))))
}

/// The answer with a page; or that nothing is there yet, which is no error of this
/// operation.
fn synced(run: Option<Run>, of: Of) -> Reply {
    let Some(run) = run else {
        return not_ready(of);
    };
    Reply::deferred(move |request_id| {
        let Updates {
            added,
            modified,
            removed,
        } = &run.page.updates;
        pretty(&Synced {
            of,
            added: run.shown.rows(added),
            has_more: run.page.has_more,
            modified: run.shown.rows(modified),
            next_cursor: run.cursor.encode(),
            removed: run.shown.removed(removed),
            request_id,
            transactions_update_status: run.status,
        })
    })
}

/// The next page, or none when nothing is there yet.
fn run(item: &mut Item, asked: Asked, now: DateTime<Utc>) -> Result<Option<Run>, ApiError> {
    item.days_requested = item.days_requested.or(asked.days_requested);
    let status = match item.history(now) {
        History::NotReady => return Ok(None),
        History::Initial => "INITIAL_UPDATE_COMPLETE",
        History::Complete => "HISTORICAL_UPDATE_COMPLETE",
    };
    // The ledger borrows the Item, of which the rest is needed as well.
    item.ledger(now);
    let item: &Item = item;
    let mask = match asked.account_id.as_deref() {
        Some(id) => Some(&*item.account(id)?.template.mask),
        None => None,
    };
    let position = position(item, &asked)?;
    let page = read_page(item, position, mask, asked.count.unwrap_or(DEFAULT_COUNT))?;
    Ok(Some(Run {
        cursor: Cursor {
            item: item.id.clone(),
            account: asked.account_id,
            position: page.next,
        },
        page,
        status,
        shown: Shown::new(item, asked.details),
    }))
}

fn accounts_json(item: &Item) -> Value {
    item.accounts
        .iter()
        .filter(|account| account.template.kind != "investment")
        .map(account_json)
        .collect()
}

fn not_ready(of: Of) -> Reply {
    let (name, accounts) = match of {
        Of::Accounts(accounts) => ("accounts", accounts),
        Of::Account(account) => ("account", account),
    };
    Reply::json(json!({
        name: accounts,
        "added": [],
        "has_more": false,
        "modified": [],
        "next_cursor": "",
        "removed": [],
        "transactions_update_status": "NOT_READY",
    }))
}

/// Where a cursor points. Without one a run starts at the beginning; `now`
/// skips everything that has happened so far.
fn position(item: &Item, asked: &Asked) -> Result<Position, ApiError> {
    match asked.cursor.as_str() {
        "" => Ok(Position::default()),
        "now" => Ok(item
            .opened_ledger()
            .map(|ledger| ledger.end())
            .unwrap_or_default()),
        text => Cursor::decode(text)
            .filter(|cursor| cursor.item == item.id && cursor.account == asked.account_id)
            .map(|cursor| cursor.position)
            .ok_or_else(unknown_cursor),
    }
}

fn read_page(
    item: &Item,
    position: Position,
    mask: Option<&str>,
    count: usize,
) -> Result<Page, ApiError> {
    let ledger = item.opened_ledger().ok_or_else(ApiError::internal)?;
    ledger
        .page(position, mask, count)
        .map_err(|reason| match reason {
            NoPage::Unknown => unknown_cursor(),
            NoPage::Mutated => ApiError::transactions(
                "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION",
                "the transactions changed while they were paged through; \
             start again from the cursor that the first page was asked for with",
            ),
        })
}

fn unknown_cursor() -> ApiError {
    ApiError::invalid_field(
        "cursor must be one that this endpoint returned for this item and these options",
    )
}

/// `/transactions/get`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: GetRequest = call.body()?;
    let options = request.options;
    let days = days(&request.start_date, &request.end_date)?;
    let now = call.state.now();
    let item = call.readable_item(&request.access_token, Some("transactions"))?;
    item.days_requested = item.days_requested.or(options.days_requested);
    open(item, now)?;
    let item: &Item = item;
    let accounts = item.select(options.account_ids.as_deref())?;
    let page = (options.offset, options.count);
    let (total_transactions, page) = found(item, &days, &accounts, page)?;
    let accounts = accounts.into_iter().map(account_json).collect();
    let item_json = item_json(item);
    let shown = Shown::new(item, options.details);
    Ok(Reply::deferred(move |request_id| {
        pretty(&Got {
            accounts,
            item: item_json,
            request_id,
            total_transactions,
            transactions: shown.rows(&page),
        })
    }))
}

fn days(start: &str, end: &str) -> Result<RangeInclusive<NaiveDate>, ApiError> {
    let (start, end) = (date("start_date", start)?, date("end_date", end)?);
    if end < start {
        return Err(ApiError::invalid_field(
            "end_date must not be before start_date",
        ));
    }
    Ok(start..=end)
}

/// Sees to it that the Item has its transactions, if they can be there already.
fn open(item: &mut Item, now: DateTime<Utc>) -> Result<(), ApiError> {
    if item.history(now) == History::NotReady {
        return Err(ApiError::item(
            "PRODUCT_NOT_READY",
            "the transactions are still being fetched; wait for INITIAL_UPDATE, or ask again",
        ));
    }
    item.ledger(now);
    Ok(())
}

/// How many transactions these accounts have on these days, and a page of them: the
/// newest come first.
fn found(
    item: &Item,
    days: &RangeInclusive<NaiveDate>,
    accounts: &[&Account],
    (offset, count): (Option<usize>, Option<usize>),
) -> Result<(usize, Vec<Transaction>), ApiError> {
    let ledger = item.opened_ledger().ok_or_else(ApiError::internal)?;
    let masks = accounts.iter().map(|account| &*account.template.mask);
    let booked_on: Vec<_> = masks.filter_map(|mask| ledger.account(mask)).collect();
    let found = ledger
        .newest_first(|entry| days.contains(&entry.date) && booked_on.contains(&entry.account));
    let page = found
        .iter()
        .skip(offset.unwrap_or(0))
        .take(count.unwrap_or(DEFAULT_COUNT));
    let page = page.map(|number| ledger.transaction(*number)).collect();
    Ok((found.len(), page))
}

fn date(name: &str, text: &str) -> Result<NaiveDate, ApiError> {
    text.parse().map_err(|_| {
        ApiError::invalid_field(format!("{name} must be a date in the form YYYY-MM-DD"))
    })
}

/// `/transactions/refresh`: the bank has something new each time.
pub(super) fn refresh(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: RefreshRequest = call.body()?;
    let now = call.state.now();
    let item = call.readable_item(&request.access_token, Some("transactions"))?;
    let item_id = visit(item, now)?;
    let complete = item.history(now) == History::Complete;
    announce(call, &item_id, complete);
    let update = fields(json!({ "error": null, "new_transactions": 1 }));
    call.send_webhook(&item_id, "TRANSACTIONS", "DEFAULT_UPDATE", update);
    Ok(Reply::empty())
}

/// Says that there is something new to sync. `complete`: the whole history is there.
pub(crate) fn announce(call: &mut Call<'_>, item_id: &str, complete: bool) {
    let available = fields(sync_updates_available(complete));
    call.send_webhook(item_id, "TRANSACTIONS", "SYNC_UPDATES_AVAILABLE", available);
}

/// Looks at the bank for something new, and tells whose Item it was.
fn visit(item: &mut Item, now: DateTime<Utc>) -> Result<String, ApiError> {
    if item.ledger(now).refresh(now.date_naive()) {
        Ok(item.id.clone())
    } else {
        Err(ApiError::rate_limit("TRANSACTIONS_REFRESH_LIMIT"))
    }
}

/// Adds settled transactions to an Item on request. Nothing of the API does.
pub(crate) fn add(
    call: &mut Call<'_>,
    item_id: &str,
    count: usize,
) -> Result<(), TransactionsError> {
    let (now, in_all) = (call.state.now(), call.state.added_transactions());
    let item = call.state.items.get_mut(item_id);
    let item = item
        .filter(|item| item.is_alive())
        .ok_or(TransactionsError::UnknownItem)?;
    if !item.has("transactions") {
        return Err(TransactionsError::NotEnabled);
    }
    if item.pays_with().next().is_none() {
        return Err(TransactionsError::NoAccount);
    }
    let room = |most: u32, there: u32| {
        let left = most.saturating_sub(there);
        let count = u32::try_from(count).ok();
        count.filter(|count| *count <= left).ok_or(left)
    };
    let too_many = |left| TransactionsError::TooMany { left };
    let count = room(MAX_ADDED, item.added).map_err(too_many)?;
    room(MAX_ADDED_IN_ALL, in_all).map_err(|left| TransactionsError::Full { left })?;
    item.add_transactions(count, now);
    // Of what is not there yet a webhook tells when it is.
    let is_seen = item.history(now) == History::Complete && item.condition == Condition::Good;
    if is_seen && count > 0 {
        announce(call, item_id, true);
    }
    Ok(())
}

/// `/categories/get`: the one operation that does not ask who is calling.
pub(super) fn categories(_: &mut Call<'_>) -> Result<Reply, ApiError> {
    let categories: Vec<_> = CATEGORIES
        .iter()
        .map(|(id, group, hierarchy)| json!({ "category_id": id, "group": group, "hierarchy": hierarchy }))
        .collect();
    Ok(Reply::json(json!({ "categories": categories })))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use super::*;
    use crate::{
        agenda::Pace,
        call::Incoming,
        catalog::institutions::find,
        clock::Clock,
        ids::Ids,
        state::{Blueprint, State},
        webhook::Signer,
    };

    #[test]
    fn a_cursor_survives_the_trip_and_stays_short() {
        let id = "a".repeat(37);
        let cursor = Cursor {
            item: id.clone(),
            account: Some(id.clone()),
            position: Position::default(),
        };
        let text = cursor.encode();
        assert!(text.len() <= MAX_CURSOR - 24, "{}", text.len());
        assert_eq!(Cursor::decode(&text).unwrap().item, id);
    }

    #[test]
    fn all_items_together_have_a_limit() {
        let mut ids = Ids::new(Some(1));
        let signer = Arc::new(Signer::new(&mut ids));
        let mut state = State::new(ids, signer, Clock::new(), Pace::AtOnce);
        let mut item = |added| {
            let id = state.create_item(Blueprint {
                institution: find("ins_109508").unwrap(),
                products: vec!["transactions".into()],
                webhook: None,
                days_requested: None,
                user: None,
                is_dynamic: false,
            });
            state.items.get_mut(id.as_ref().unwrap()).unwrap().added = added;
            id.unwrap()
        };
        for _ in 0..MAX_ADDED_IN_ALL / MAX_ADDED - 1 {
            item(MAX_ADDED);
        }
        let id = item(MAX_ADDED - 10);
        let other = item(0);
        let request = Incoming::default();
        let mut call = Call::new(&request, &mut state);
        let full = |left| Err(TransactionsError::Full { left });
        assert_eq!(add(&mut call, &other, 11), full(10));
        assert_eq!(add(&mut call, &other, 3), Ok(()));
        assert_eq!(add(&mut call, &id, 8), full(7));
        assert_eq!(add(&mut call, &id, 7), Ok(()));
        assert_eq!(add(&mut call, &other, 1), full(0));
    }

    #[test]
    fn a_made_up_cursor_is_none() {
        for text in ["x", "AAAA", "bm93", "e30=", &"A".repeat(10_000)] {
            assert!(Cursor::decode(text).is_none(), "{text}");
        }
    }
}
