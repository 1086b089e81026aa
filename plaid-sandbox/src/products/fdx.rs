//! Consents in the terms of the Financial Data Exchange.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use crate::{
    call::{Call, Reply},
    error::ApiError,
    state::{Account, Condition},
};

/// `/fdx/consents/{consentId}`: an Item is the user's consent to share its
/// accounts, so a consent has the identifier of its Item and is revoked with
/// it.
pub(super) fn consent(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let id = call.request.path_parameter.as_deref().unwrap_or_default();
    let item = call.state.items.get(id).ok_or_else(ApiError::not_found)?;
    call.item_id = Some(item.id.clone());
    let created = item.created_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let status = if item.condition == Condition::Removed {
        "REVOKED"
    } else {
        "ACTIVE"
    };
    Ok(Reply::bare_json(json!({
        "createdTime": created,
        "id": item.id,
        "parties": [
            { "name": item.institution.name, "type": "DATA_PROVIDER" },
            { "name": "Plaid", "type": "DATA_ACCESS_PLATFORM" },
        ],
        "resources": item.accounts.iter().map(resource).collect::<Vec<_>>(),
        "status": status,
        "updatedTime": created,
    })))
}

fn resource(account: &Account) -> Value {
    json!({
        "dataClusters": ["ACCOUNT_DETAILED", "TRANSACTIONS"],
        "resourceId": account.id,
        "resourceType": "ACCOUNT",
    })
}
