//! Account and routing numbers.

use serde_json::{Value, json};

use super::{
    accounts::{AccountsRequest, account_json},
    items::item_json,
};
use crate::{
    call::{Call, Reply},
    error::ApiError,
    state::Account,
};

/// `/auth/get`: only the accounts that have numbers.
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: AccountsRequest = call.body()?;
    let item = call.readable_item(&request.access_token, Some("auth"))?;
    item.auth_was_read = true;
    let mut accounts = item.select(request.options.account_ids.as_deref())?;
    accounts.retain(|account| account.template.has_numbers());
    if accounts.is_empty() {
        return Err(ApiError::item(
            "NO_AUTH_ACCOUNTS",
            "none of the accounts has an account and routing number",
        ));
    }
    Ok(Reply::json(json!({
        "accounts": accounts.iter().copied().map(account_json).collect::<Vec<_>>(),
        "item": item_json(item),
        "numbers": {
            "ach": accounts.iter().copied().map(ach_json).collect::<Vec<_>>(),
            "bacs": [],
            "eft": [],
            "international": [],
        },
    })))
}

/// The numbers of an account in the US.
pub(super) fn ach_json(account: &Account) -> Value {
    let (template, numbers) = (&account.template, &account.template.numbers);
    let number = || format!("111122223333{}", template.mask);
    json!({
        "account": numbers.account.clone().unwrap_or_else(number),
        "account_id": account.id,
        "is_tokenized_account_number": false,
        "routing": numbers.routing.as_deref().unwrap_or("011401533"),
        "wire_routing": numbers.wire_routing.as_deref().unwrap_or("021000021"),
    })
}
