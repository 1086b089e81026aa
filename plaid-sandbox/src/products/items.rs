//! Items: exchange, look, rotate, remove.

use std::collections::BTreeSet;

use chrono::SecondsFormat;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::sandbox;
use crate::{
    call::{Call, Reply, fields},
    catalog::institutions,
    error::ApiError,
    state::{Blueprint, Condition, Item},
};

/// Products that an Item can still be given, as the sandbox lists them.
const AVAILABLE: [&str; 10] = [
    "assets",
    "balance",
    "credit_details",
    "identity",
    "identity_match",
    "income",
    "income_verification",
    "investments",
    "liabilities",
    "signal",
];
/// Products that the user of the sandbox consents to in any case.
const CONSENTED: [&str; 5] = [
    "assets",
    "identity",
    "identity_match",
    "income_verification",
    "transactions",
];

#[derive(Deserialize)]
struct ItemRequest {
    access_token: String,
}

#[derive(Deserialize)]
struct ImportRequest {
    products: Vec<String>,
    institution_id: Option<String>,
    options: Option<ImportOptions>,
}

#[derive(Deserialize)]
struct ImportOptions {
    webhook: Option<String>,
}

#[derive(Deserialize)]
struct ExchangeRequest {
    public_token: String,
}

#[derive(Deserialize)]
struct WebhookRequest {
    access_token: String,
    webhook: Option<String>,
}

/// `/item/public_token/exchange`
pub(super) fn exchange(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: ExchangeRequest = call.body()?;
    let item_id = call.state.redeem_public_token(&request.public_token)?;
    call.item_id = Some(item_id.clone());
    let access_token = call.state.issue_access_token(item_id.clone())?;
    Ok(Reply::json(
        json!({ "access_token": access_token, "item_id": item_id }),
    ))
}

/// `/item/public_token/create`: for an Item that there is already.
pub(super) fn create_public_token(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: ItemRequest = call.body()?;
    let item_id = call.item(&request.access_token)?.id.clone();
    let public_token = call.state.issue_public_token(item_id)?;
    Ok(Reply::json(json!({ "public_token": public_token })))
}

/// `/item/import`: a login that another service has kept.
pub(super) fn import(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: ImportRequest = call.body()?;
    let institution = request.institution_id.as_deref();
    let institution = sandbox::institution(institution.unwrap_or(institutions::DEFAULT))?;
    let item_id = call.state.create_item(Blueprint {
        institution,
        products: request.products,
        webhook: request.options.and_then(|options| options.webhook),
        days_requested: None,
        user: None,
        is_dynamic: false,
    })?;
    call.item_id = Some(item_id.clone());
    let access_token = call.state.issue_access_token(item_id)?;
    Ok(Reply::json(json!({ "access_token": access_token })))
}

/// `/item/get`: also for an Item that needs a new login; then it says so.
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: ItemRequest = call.body()?;
    let item = call.item(&request.access_token)?;
    let created_at = item.created_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut described = item_fields(item);
    described.insert("created_at".into(), json!(created_at));
    described.insert("consented_use_cases".into(), json!([]));
    described.insert("consented_data_scopes".into(), json!([]));
    Ok(Reply::json(
        json!({ "item": described, "status": status_json(item) }),
    ))
}

/// `/item/remove`
pub(super) fn remove(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: ItemRequest = call.body()?;
    call.item(&request.access_token)?.condition = Condition::Removed;
    Ok(Reply::empty())
}

/// `/item/access_token/invalidate`
pub(super) fn invalidate(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: ItemRequest = call.body()?;
    let item_id = call.item(&request.access_token)?.id.clone();
    // In this order there is room for the new token.
    call.state.revoke_access_token(&request.access_token);
    let access_token = call.state.issue_access_token(item_id)?;
    Ok(Reply::json(json!({ "new_access_token": access_token })))
}

/// `/item/webhook/update`: the new address is told about itself.
pub(super) fn update_webhook(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: WebhookRequest = call.body()?;
    let item = call.item(&request.access_token)?;
    item.webhook = request.webhook.filter(|address| !address.is_empty());
    let (item_id, address) = (item.id.clone(), item.webhook.clone());
    let reply = Reply::json(json!({ "item": item_json(item) }));
    let acknowledgement = fields(json!({ "error": null, "new_webhook_url": address }));
    call.send_webhook(
        &item_id,
        "ITEM",
        "WEBHOOK_UPDATE_ACKNOWLEDGED",
        acknowledgement,
    );
    Ok(reply)
}

/// An Item as all answers show it.
pub(crate) fn item_json(item: &Item) -> Value {
    Value::Object(item_fields(item))
}

fn item_fields(item: &Item) -> Map<String, Value> {
    let available: Vec<_> = AVAILABLE
        .into_iter()
        .filter(|product| !item.has(product))
        .collect();
    let mut consented: BTreeSet<&str> = CONSENTED.into();
    consented.extend(item.products.iter().map(String::as_str));
    fields(json!({
        "auth_method": item.auth_was_read.then_some("INSTANT_AUTH"),
        "available_products": available,
        "billed_products": item.products,
        "consent_expiration_time": null,
        "consented_products": consented,
        "error": item.error().map(|error| error.embedded()),
        "institution_id": item.institution.id,
        "institution_name": item.institution.name,
        "item_id": item.id,
        "products": item.products,
        "update_type": "background",
        "webhook": item.webhook,
    }))
}

fn status_json(item: &Item) -> Value {
    let updated = item.created_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let last_webhook = item.last_webhook.as_ref().map(|(sent_at, code)| {
        json!({ "code_sent": code, "sent_at": sent_at.to_rfc3339_opts(SecondsFormat::Millis, true) })
    });
    let transactions = item
        .has("transactions")
        .then(|| json!({ "last_failed_update": null, "last_successful_update": updated }));
    json!({ "investments": null, "last_webhook": last_webhook, "transactions": transactions })
}
