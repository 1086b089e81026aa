//! Link tokens, and the user who goes through Link.

use chrono::{SecondsFormat, TimeDelta};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{accounts::account_json, users};
use crate::{
    agenda::{Event, LOGIN_LIFE},
    call::{Call, Reply},
    catalog::institutions,
    error::ApiError,
    sandbox::LinkError,
    state::{Blueprint, Condition, Item, LinkSession, LinkToken},
};

const LIFE: TimeDelta = TimeDelta::hours(4);
/// The life of a token that repairs an Item.
const UPDATE_LIFE: TimeDelta = TimeDelta::minutes(30);

#[derive(Deserialize)]
struct CreateRequest {
    client_name: String,
    language: String,
    country_codes: Vec<String>,
    products: Option<Vec<String>>,
    webhook: Option<String>,
    redirect_uri: Option<String>,
    access_token: Option<String>,
    user_id: Option<String>,
    user_token: Option<String>,
    account_filters: Option<Value>,
    institution_data: Option<Value>,
    transactions: Option<Transactions>,
    hosted_link: Option<Value>,
}

#[derive(Deserialize)]
struct Transactions {
    days_requested: Option<u32>,
}

#[derive(Deserialize)]
struct GetRequest {
    link_token: String,
}

/// `/link/token/create`
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: CreateRequest = call.body()?;
    users::check(
        call,
        request.user_token.as_deref(),
        request.user_id.as_deref(),
    )?;
    let update = match request.access_token.as_deref() {
        Some(access_token) => Some(call.item(access_token)?.id.clone()),
        None => None,
    };
    let created_at = call.state.now();
    let expires_at = created_at + if update.is_some() { UPDATE_LIFE } else { LIFE };
    let token = call.state.ids.token("link");
    let mut answer = json!({
        "expiration": expires_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "link_token": token,
    });
    if request.hosted_link.is_some() {
        // A name that never resolves: there is no page to host.
        answer["hosted_link_url"] = json!(format!(
            "https://link.invalid/{}",
            call.state.ids.alphanumeric(20)
        ));
    }
    if let Some(user_id) = &request.user_id {
        answer["user_id"] = json!(user_id);
    }
    let link_token = LinkToken {
        created_at,
        expires_at,
        metadata: metadata(&request),
        products: request.products.unwrap_or_default(),
        webhook: request.webhook,
        days_requested: request
            .transactions
            .and_then(|transactions| transactions.days_requested),
        user_id: request.user_id,
        update,
        sessions: Vec::new(),
    };
    call.state.link_tokens.insert(token, link_token)?;
    Ok(Reply::json(answer))
}

fn metadata(request: &CreateRequest) -> Value {
    let mut metadata = json!({
        "client_name": request.client_name,
        "country_codes": request.country_codes,
        "initial_products": request.products.as_deref().unwrap_or_default(),
        "language": request.language,
        "redirect_uri": request.redirect_uri,
        "webhook": request.webhook,
    });
    if let Some(filters) = &request.account_filters {
        metadata["account_filters"] = filters.clone();
    }
    if let Some(data) = &request.institution_data {
        metadata["institution_data"] = data.clone();
    }
    metadata
}

/// `/link/token/get`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: GetRequest = call.body()?;
    let token = call
        .state
        .link_tokens
        .get(&request.link_token)
        .ok_or_else(|| {
            ApiError::invalid_input("INVALID_LINK_TOKEN", "invalid link_token provided")
        })?;
    let sessions: Vec<_> = token
        .sessions
        .iter()
        .filter_map(|session| {
            Some(session_json(
                session,
                call.state.items.get(&session.item_id)?,
            ))
        })
        .collect();
    let mut answer = json!({
        "created_at": token.created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "expiration": token.expires_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "link_sessions": sessions,
        "link_token": request.link_token,
        "metadata": token.metadata,
    });
    if let Some(user_id) = &token.user_id {
        answer["user_id"] = json!(user_id);
    }
    Ok(Reply::json(answer))
}

fn session_json(session: &LinkSession, item: &Item) -> Value {
    let finished_at = session
        .finished_at
        .to_rfc3339_opts(SecondsFormat::Secs, true);
    let institution =
        json!({ "institution_id": item.institution.id, "name": item.institution.name });
    let accounts: Vec<_> = item
        .accounts
        .iter()
        .map(account_json)
        .map(shared_account)
        .collect();
    json!({
        "finished_at": finished_at,
        "link_session_id": session.id,
        "on_success": {
            "metadata": {
                "accounts": accounts,
                "institution": institution,
                "link_session_id": session.id,
            },
            "public_token": session.public_token,
        },
        "results": {
            "bank_income_results": [],
            "cra_item_add_results": [],
            "cra_update_results": [],
            "document_income_results": null,
            "item_add_results": [{
                "accounts": accounts,
                "institution": institution,
                "public_token": session.public_token,
            }],
            "payroll_income_results": [],
        },
        "started_at": finished_at,
    })
}

fn shared_account(account: Value) -> Value {
    json!({
        "class_type": null,
        "id": account["account_id"],
        "mask": account["mask"],
        "name": account["name"],
        "subtype": account["subtype"],
        "type": account["type"],
        "verification_status": account["verification_status"],
    })
}

/// Plays the user who goes through Link with a token.
pub(crate) fn complete(call: &mut Call<'_>, link_token: &str) -> Result<String, LinkError> {
    let finished_at = call.state.now();
    let token = call
        .state
        .link_tokens
        .get(link_token)
        .filter(|token| token.expires_at > finished_at)
        .ok_or(LinkError::UnknownToken)?;
    let item_id = match token.update.clone() {
        Some(item_id) => repair(call, item_id)?,
        None => {
            let institution = institutions::find(institutions::DEFAULT).ok_or(LinkError::NoItem)?;
            let blueprint = Blueprint {
                institution,
                products: token.products.clone(),
                webhook: token.webhook.clone(),
                days_requested: token.days_requested,
                user: None,
                is_dynamic: false,
            };
            call.state
                .create_item(blueprint)
                .map_err(|_| LinkError::NoItem)?
        }
    };
    let public_token = call
        .state
        .issue_public_token(item_id.clone())
        .map_err(|_| LinkError::NoItem)?;
    let session = LinkSession {
        id: call.state.ids.uuid(),
        finished_at,
        item_id,
        public_token: public_token.clone(),
    };
    if let Some(token) = call.state.link_tokens.get_mut(link_token) {
        token.sessions.push(session);
    }
    Ok(public_token)
}

fn repair(call: &mut Call<'_>, item_id: String) -> Result<String, LinkError> {
    let now = call.state.now();
    let item = call
        .state
        .items
        .get_mut(&item_id)
        .ok_or(LinkError::NoItem)?;
    match item.condition {
        Condition::Removed => return Err(LinkError::NoItem),
        Condition::Good => item.signed_in_at = now,
        Condition::LoginRequired => {
            item.condition = Condition::Good;
            item.signed_in_at = now;
            call.send_webhook(&item_id, "ITEM", "LOGIN_REPAIRED", Map::new());
        }
    }
    let expiry = Event::LoginExpired(item_id.clone());
    call.state.agenda.add(now + LOGIN_LIFE, expiry);
    Ok(item_id)
}
