//! Transactions that a caller makes up, for Items of the user that has such.

use std::sync::Arc;

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Number;

use super::{MAX_ADDED, announce, date};
use crate::{
    call::{Call, Reply},
    catalog::transactions::Booking,
    error::ApiError,
    money::Money,
    state::{History, Item},
};

/// Transactions of one request.
const MOST: usize = 10;
/// How old they may be, in days.
const OLDEST: i64 = 14;

#[derive(Deserialize)]
struct CreateRequest {
    access_token: String,
    transactions: Vec<Made>,
}

#[derive(Deserialize)]
struct Made {
    date_transacted: String,
    date_posted: String,
    amount: Number,
    description: String,
    iso_currency_code: Option<String>,
}

/// `/sandbox/transactions/create`
pub(in crate::products) fn create(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: CreateRequest = call.body()?;
    let now = call.state.now();
    let item = call.readable_item(&request.access_token, Some("transactions"))?;
    if !item.is_dynamic {
        return Err(ApiError::invalid_field(
            "access_token must be of an Item that was made for the user \
             user_transactions_dynamic",
        ));
    }
    if !(1..=MOST).contains(&request.transactions.len()) {
        return Err(ApiError::invalid_field(format!(
            "transactions must be one to {MOST} transactions"
        )));
    }
    let mask = depository(item)?;
    let today = now.date_naive();
    let made = request.transactions.iter();
    let made: Vec<_> = made
        .map(|made| made.booking(&mask, today))
        .collect::<Result<_, _>>()?;
    let added = u32::try_from(made.len()).unwrap_or(MAX_ADDED);
    if item.added + added > MAX_ADDED {
        return Err(ApiError::rate_limit("RATE_LIMIT"));
    }
    item.added += added;
    let ledger = item.ledger(now);
    for (date, booking) in made {
        ledger.add(&Arc::new(booking), date);
    }
    let item_id = item.id.clone();
    let complete = item.history(now) == History::Complete;
    announce(call, &item_id, complete);
    Ok(Reply::empty())
}

/// The mask of the account that they are booked on.
fn depository(item: &Item) -> Result<String, ApiError> {
    let account = item
        .accounts
        .iter()
        .find(|account| account.template.kind == "depository")
        .ok_or_else(ApiError::invalid_account_id)?;
    Ok(account.template.mask.to_string())
}

impl Made {
    fn booking(&self, mask: &str, today: NaiveDate) -> Result<(NaiveDate, Booking), ApiError> {
        let recent = |name, text| {
            let date = date(name, text)?;
            let age = today.signed_duration_since(date).num_days();
            (0..=OLDEST).contains(&age).then_some(date).ok_or_else(|| {
                ApiError::invalid_field(format!(
                    "{name} must be a day of the last two weeks, and not after today"
                ))
            })
        };
        let transacted = recent("date_transacted", &self.date_transacted)?;
        let posted = recent("date_posted", &self.date_posted)?;
        if posted < transacted {
            return Err(ApiError::invalid_field(
                "date_posted must not be before date_transacted",
            ));
        }
        if self
            .iso_currency_code
            .as_deref()
            .is_some_and(|code| code != "USD")
        {
            return Err(ApiError::invalid_field(
                "iso_currency_code must be USD, the one currency of this emulator",
            ));
        }
        let amount = Money::of_number(&self.amount).ok_or_else(|| {
            ApiError::invalid_field("amount must have four decimals at most, and not be too large")
        })?;
        let booking = Booking::custom(self.description.clone(), amount, mask.to_owned());
        Ok((posted, booking))
    }
}
