//! Transactions.

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{accounts::account_json, items::item_json, sandbox::sync_updates_available};
use crate::{
    call::{Call, Reply, fields},
    catalog::categories::CATEGORIES,
    error::ApiError,
    ledger::{Entry, NoPage, Page, Position, Update},
    state::{History, Item},
};

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
    include_original_description: Option<bool>,
    include_personal_finance_category: Option<bool>,
    personal_finance_category_version: Option<String>,
    days_requested: Option<u32>,
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

/// `/transactions/sync`
pub(super) fn sync(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: SyncRequest = call.body()?;
    let options = &request.options;
    let now = call.state.now();
    let item = call.readable_item(&request.access_token, Some("transactions"))?;
    item.days_requested = item.days_requested.or(options.days_requested);
    let status = match item.history(now) {
        History::NotReady => return Ok(not_ready(item)),
        History::Initial => "INITIAL_UPDATE_COMPLETE",
        History::Complete => "HISTORICAL_UPDATE_COMPLETE",
    };
    // The ledger borrows the Item, of which the rest is needed as well.
    item.ledger(now);
    let item: &Item = item;
    let mask = match options.account_id.as_deref() {
        Some(id) => Some(&*item.account(id)?.template.mask),
        None => None,
    };
    let position = position(item, &request)?;
    let page = read_page(item, position, mask, request.count.unwrap_or(DEFAULT_COUNT))?;
    let next = Cursor {
        item: item.id.clone(),
        account: options.account_id.clone(),
        position: page.next,
    };
    let mut answer = updates_json(item, &page, options);
    answer["accounts"] = accounts_json(item);
    answer["has_more"] = json!(page.has_more);
    answer["next_cursor"] = json!(next.encode());
    answer["transactions_update_status"] = json!(status);
    Ok(Reply::json(answer))
}

fn accounts_json(item: &Item) -> Value {
    item.accounts
        .iter()
        .filter(|account| account.template.kind != "investment")
        .map(account_json)
        .collect()
}

/// Data that is not there yet is no error of this operation.
fn not_ready(item: &Item) -> Reply {
    Reply::json(json!({
        "accounts": accounts_json(item),
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
fn position(item: &Item, request: &SyncRequest) -> Result<Position, ApiError> {
    match request.cursor.as_str() {
        "" => Ok(Position::default()),
        "now" => Ok(item
            .opened_ledger()
            .map(|ledger| ledger.end())
            .unwrap_or_default()),
        text => Cursor::decode(text)
            .filter(|cursor| cursor.item == item.id && cursor.account == request.options.account_id)
            .map(|cursor| cursor.position)
            .ok_or_else(unknown_cursor),
    }
}

fn read_page<'i>(
    item: &'i Item,
    position: Position,
    mask: Option<&str>,
    count: usize,
) -> Result<Page<'i>, ApiError> {
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

fn updates_json(item: &Item, page: &Page<'_>, options: &Options) -> Value {
    let (mut added, mut modified, mut removed) = (Vec::new(), Vec::new(), Vec::new());
    for update in &page.updates {
        match update {
            Update::Added(entry) => added.push(transaction_json(item, entry, options)),
            Update::Modified(entry) => modified.push(transaction_json(item, entry, options)),
            Update::Removed(entry) => removed.push(json!({
                "account_id": item.account_id(&entry.booking.account),
                "transaction_id": entry.id,
            })),
        }
    }
    json!({ "added": added, "modified": modified, "removed": removed })
}

/// `/transactions/get`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: GetRequest = call.body()?;
    let options = &request.options;
    let (start, end) = (
        date("start_date", &request.start_date)?,
        date("end_date", &request.end_date)?,
    );
    if end < start {
        return Err(ApiError::invalid_field(
            "end_date must not be before start_date",
        ));
    }
    let now = call.state.now();
    let item = call.readable_item(&request.access_token, Some("transactions"))?;
    item.days_requested = item.days_requested.or(options.days_requested);
    if item.history(now) == History::NotReady {
        return Err(ApiError::item(
            "PRODUCT_NOT_READY",
            "the transactions are still being fetched; wait for INITIAL_UPDATE, or ask again",
        ));
    }
    item.ledger(now);
    let item: &Item = item;
    let accounts = item.select(options.account_ids.as_deref())?;
    let booked_there = |entry: &&Entry| {
        accounts
            .iter()
            .any(|account| account.template.mask == entry.booking.account)
    };
    let ledger = item.opened_ledger().ok_or_else(ApiError::internal)?;
    let found: Vec<_> = ledger
        .newest_first()
        .filter(|entry| (start..=end).contains(&entry.date))
        .filter(booked_there)
        .collect();
    let page: Vec<_> = found
        .iter()
        .skip(options.offset.unwrap_or(0))
        .take(options.count.unwrap_or(DEFAULT_COUNT))
        .map(|entry| transaction_json(item, entry, options))
        .collect();
    Ok(Reply::json(json!({
        "accounts": accounts.into_iter().map(account_json).collect::<Vec<_>>(),
        "item": item_json(item),
        "total_transactions": found.len(),
        "transactions": page,
    })))
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
    let complete = item.history(now) == History::Complete;
    if !item.ledger(now).refresh(now.date_naive()) {
        return Err(ApiError::rate_limit("TRANSACTIONS_REFRESH_LIMIT"));
    }
    let item_id = item.id.clone();
    call.send_webhook(
        &item_id,
        "TRANSACTIONS",
        "SYNC_UPDATES_AVAILABLE",
        fields(sync_updates_available(complete)),
    );
    let update = fields(json!({ "error": null, "new_transactions": 1 }));
    call.send_webhook(&item_id, "TRANSACTIONS", "DEFAULT_UPDATE", update);
    Ok(Reply::empty())
}

/// `/categories/get`: the one operation that does not ask who is calling.
pub(super) fn categories(_: &mut Call<'_>) -> Result<Reply, ApiError> {
    let categories: Vec<_> = CATEGORIES
        .iter()
        .map(|(id, group, hierarchy)| json!({ "category_id": id, "group": group, "hierarchy": hierarchy }))
        .collect();
    Ok(Reply::json(json!({ "categories": categories })))
}

fn transaction_json(item: &Item, entry: &Entry, options: &Options) -> Value {
    let booking = &*entry.booking;
    let original = (options.include_original_description == Some(true)).then_some(&booking.name);
    let mut transaction = json!({
        "account_id": item.account_id(&booking.account),
        "account_owner": null,
        "amount": entry.amount,
        "authorized_date": entry.date,
        "authorized_datetime": null,
        "category": null,
        "category_id": null,
        "check_number": null,
        "counterparties": counterparties(entry),
        "date": entry.date,
        "datetime": null,
        "iso_currency_code": "USD",
        "location": location(),
        "logo_url": null,
        "merchant_entity_id": null,
        "merchant_name": booking.merchant,
        "name": booking.name,
        "original_description": original,
        "payment_channel": booking.channel,
        "payment_meta": payment_meta(),
        "pending": entry.pending,
        "pending_transaction_id": entry.pending_id,
        "transaction_code": null,
        "transaction_id": entry.id,
        "transaction_type": transaction_type(&booking.channel),
        "unofficial_currency_code": null,
        "website": null,
    });
    if options.include_personal_finance_category != Some(false) {
        transaction["personal_finance_category"] = json!({
            "confidence_level": "HIGH",
            "detailed": booking.detail,
            "primary": booking.category,
            "version": options.personal_finance_category_version.as_deref().unwrap_or("v1"),
        });
    }
    transaction
}

fn transaction_type(channel: &str) -> &'static str {
    match channel {
        "online" => "digital",
        "in store" => "place",
        _ => "special",
    }
}

fn counterparties(entry: &Entry) -> Value {
    entry
        .booking
        .merchant
        .iter()
        .map(|name| {
            json!({
                "confidence_level": "HIGH",
                "entity_id": null,
                "logo_url": null,
                "name": name,
                "type": "merchant",
                "website": null,
            })
        })
        .collect()
}

fn location() -> Value {
    json!({
        "address": null,
        "city": null,
        "country": null,
        "lat": null,
        "lon": null,
        "postal_code": null,
        "region": null,
        "store_number": null,
    })
}

fn payment_meta() -> Value {
    json!({
        "by_order_of": null,
        "payee": null,
        "payer": null,
        "payment_method": null,
        "payment_processor": null,
        "ppd_id": null,
        "reason": null,
        "reference_number": null,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

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
    fn a_made_up_cursor_is_none() {
        for text in ["x", "AAAA", "bm93", "e30=", &"A".repeat(10_000)] {
            assert!(Cursor::decode(text).is_none(), "{text}");
        }
    }
}
