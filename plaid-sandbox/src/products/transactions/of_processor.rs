//! The transactions of the one account that a processor's token opens.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Asked, Gone, Options, Rows, Updates, days, found, not_ready, open, run, visit};
use crate::{
    call::{Call, Reply, fields},
    error::ApiError,
    ledger::Transaction,
    products::{accounts::account_json, processor, sandbox::sync_updates_available},
    server::pretty,
    state::{AccountToken, History, Item},
};

#[derive(Deserialize)]
struct SyncRequest {
    processor_token: String,
    #[serde(default)]
    cursor: String,
    count: Option<usize>,
    #[serde(default)]
    options: Options,
}

#[derive(Deserialize)]
struct GetRequest {
    processor_token: String,
    start_date: String,
    end_date: String,
    #[serde(default)]
    options: Options,
}

#[derive(Deserialize)]
struct RefreshRequest {
    processor_token: String,
}

/// The fields are in the order of the alphabet, as in all answers.
#[derive(Serialize)]
struct Synced<'a> {
    account: Value,
    added: Rows<'a>,
    has_more: bool,
    modified: Rows<'a>,
    next_cursor: String,
    removed: Gone<'a>,
    request_id: &'a str,
    transactions_update_status: &'static str,
}

#[derive(Serialize)]
struct Got<'a> {
    account: Value,
    request_id: &'a str,
    total_transactions: usize,
    transactions: Rows<'a>,
}

/// `/processor/transactions/sync`
pub(in crate::products) fn sync(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: SyncRequest = call.body()?;
    let now = call.state.now();
    let (token, item) = readable(call, &request.processor_token)?;
    let account = account_json(item.account(&token.account_id)?);
    let asked = Asked {
        cursor: request.cursor,
        account_id: Some(token.account_id),
        count: request.count,
        details: request.options.details,
        days_requested: request.options.days_requested,
    };
    let Some(run) = run(item, asked, now)? else {
        return Ok(not_ready("account", account));
    };
    Ok(Reply::deferred(move |request_id| {
        let Updates {
            added,
            modified,
            removed,
        } = &run.page.updates;
        pretty(&Synced {
            account,
            added: run.shown.rows(added),
            has_more: run.page.has_more,
            modified: run.shown.rows(modified),
            next_cursor: run.cursor.encode(),
            removed: run.shown.removed(removed),
            request_id,
            transactions_update_status: run.status,
        })
    }))
}

/// `/processor/transactions/get`
pub(in crate::products) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: GetRequest = call.body()?;
    let days = days(&request.start_date, &request.end_date)?;
    let now = call.state.now();
    let (token, item) = readable(call, &request.processor_token)?;
    open(item, now)?;
    let item: &Item = item;
    let Options {
        offset,
        count,
        details,
        ..
    } = request.options;
    let account = item.account(&token.account_id)?;
    let (total_transactions, page): (usize, Vec<Transaction>) =
        found(item, &days, &[account], (offset, count))?;
    let (account, shown) = (account_json(account), super::Shown::new(item, details));
    Ok(Reply::deferred(move |request_id| {
        pretty(&Got {
            account,
            request_id,
            total_transactions,
            transactions: shown.rows(&page),
        })
    }))
}

/// `/processor/transactions/refresh`
pub(in crate::products) fn refresh(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: RefreshRequest = call.body()?;
    let now = call.state.now();
    let (_, item) = readable(call, &request.processor_token)?;
    let item_id = visit(item, now)?;
    let complete = item.history(now) == History::Complete;
    let available = fields(sync_updates_available(complete));
    call.send_webhook(
        &item_id,
        "TRANSACTIONS",
        "SYNC_UPDATES_AVAILABLE",
        available,
    );
    Ok(Reply::empty())
}

fn readable<'c>(
    call: &'c mut Call<'_>,
    token: &str,
) -> Result<(AccountToken, &'c mut Item), ApiError> {
    let token = processor::find(call, token)?;
    let item = call.readable_item_of(&token, "transactions")?;
    Ok((token, item))
}
