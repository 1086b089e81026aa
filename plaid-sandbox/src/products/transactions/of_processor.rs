//! The transactions of the one account that a processor's token opens.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Asked, Of, Options, Rows, Shown, announce, days, found, open, run, synced, visit};
use crate::{
    call::{Call, Reply},
    error::ApiError,
    products::{accounts::account_json, processor},
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

/// The answer of `/processor/transactions/get`. The fields are in the order of the
/// alphabet, as in all answers.
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
    Ok(synced(run(item, asked, now)?, Of::Account(account)))
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
    let (total_transactions, page) = found(item, &days, &[account], (offset, count))?;
    let (account, shown) = (account_json(account), Shown::new(item, details));
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
    announce(call, &item_id, complete);
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
