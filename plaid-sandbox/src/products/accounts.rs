//! Accounts and balances.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::items::item_json;
use crate::{
    call::{Call, Reply, fields},
    error::ApiError,
    state::Account,
};

/// The fields that calls about an Item's accounts have in common.
#[derive(Deserialize)]
pub(super) struct AccountsRequest {
    pub(super) access_token: String,
    #[serde(default)]
    pub(super) options: Options,
}

#[derive(Default, Deserialize)]
pub(super) struct Options {
    pub(super) account_ids: Option<Vec<String>>,
}

/// `/accounts/get`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: AccountsRequest = call.body()?;
    let item = call.readable_item(&request.access_token, None)?;
    let accounts = item.select(request.options.account_ids.as_deref())?;
    Ok(Reply::json(json!({
        "accounts": accounts.into_iter().map(account_json).collect::<Vec<_>>(),
        "item": item_json(item),
    })))
}

/// `/accounts/balance/get`: no bank is asked, so balances are those of
/// `/accounts/get`.
pub(super) fn balance(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    get(call)
}

/// An account as all answers show it.
pub(super) fn account_json(account: &Account) -> Value {
    Value::Object(account_fields(account))
}

pub(crate) fn account_fields(account: &Account) -> Map<String, Value> {
    let template = &*account.template;
    let mut fields = fields(json!({
        "account_id": account.id,
        "balances": {
            "available": template.available,
            "current": template.current,
            "iso_currency_code": "USD",
            "limit": template.limit,
            "unofficial_currency_code": null,
        },
        "mask": template.mask,
        "name": template.name,
        "official_name": template.official_name,
        "subtype": template.subtype,
        "type": template.kind,
    }));
    if let Some(category) = &template.holder_category {
        fields.insert("holder_category".into(), json!(category));
    }
    if let Some(status) = &account.verification_status {
        fields.insert("verification_status".into(), status.as_str().into());
    }
    fields
}
