//! Who owns the accounts.

use serde_json::{Value, json};

use super::{
    accounts::{AccountsRequest, account_fields},
    items::item_json,
};
use crate::{
    call::{Call, Reply},
    catalog::identity::owner,
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

fn account_with_owner(account: &Account) -> Value {
    let mut fields = account_fields(account);
    fields.insert("owners".into(), json!([owner()]));
    Value::Object(fields)
}
