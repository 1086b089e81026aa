//! Who owns the accounts.

use serde_json::{Value, json};

use super::{
    accounts::{AccountsRequest, account_fields},
    items::item_json,
};
use crate::{
    call::{Call, Reply},
    catalog::identity,
    error::ApiError,
    state::Account,
};

/// `/identity/get`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: AccountsRequest = call.body()?;
    let item = call.readable_item(&request.access_token, Some("identity"))?;
    let accounts = item.select(request.options.account_ids.as_deref())?;
    Ok(Reply::json(json!({
        "accounts": accounts.into_iter().map(account_with_owner).collect::<Vec<_>>(),
        "item": item_json(item),
    })))
}

/// Who owns an account.
pub(super) fn owner(account: &Account) -> Value {
    account
        .template
        .owner
        .clone()
        .unwrap_or_else(identity::owner)
}

fn account_with_owner(account: &Account) -> Value {
    let mut fields = account_fields(account);
    fields.insert("owners".into(), json!([owner(account)]));
    Value::Object(fields)
}
