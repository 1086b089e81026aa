//! What a request is about: the Item behind a token, with its accounts.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    call::Call,
    contract::Operation,
    error::ApiError,
    ids::{ENVIRONMENT, Shape, check_token, shape},
    products::{accounts::account_fields, items::item_json, processor, users},
    state::{Account, Item},
};

/// Products whose operations read data that an Item has only with the product.
const PRODUCTS: [&str; 6] = [
    "identity",
    "investments",
    "liabilities",
    "statements",
    "transactions",
    "transfer",
];

/// Operations on the Item itself work although the user has to sign in again.
const ON_THE_ITEM: [&str; 4] = ["items", "link", "permissions_manager", "sandbox"];

/// Tokens that the emulator makes up without keeping them, by the name of their
/// field. The form is all that can be checked.
const UNKEPT: [(&str, &str, &str); 3] = [
    ("payment_profile_token", "payment-profile", "INVALID_FIELD"),
    ("relay_token", "credit-relay", "INVALID_FIELD"),
    (
        "third_party_user_token",
        "third-party-user",
        "INVALID_USER_TOKEN",
    ),
];

/// An account of the subject, as answers show it.
pub(super) struct Holding {
    pub(super) id: String,
    pub(super) mask: String,
    pub(super) fields: Map<String, Value>,
}

/// The Item that a request is about.
pub(super) struct Subject {
    pub(super) item: Value,
    pub(super) accounts: Vec<Holding>,
}

impl Subject {
    /// Checks the tokens of a request and finds what they open.
    pub(super) fn of(call: &mut Call<'_>, operation: &Operation) -> Result<Option<Self>, ApiError> {
        let body = &call.request.body;
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        users::check(call, text("user_token"), text("user_id"))?;
        check_kept(call)?;
        for (name, kind, code) in UNKEPT {
            if let Some(token) = text(name) {
                check_unkept(name, kind, code, token)?;
            }
        }
        if let Some(token) = text("processor_token") {
            return of_processor(call, token).map(Some);
        }
        for token in body
            .get("access_tokens")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            call.item(token)?;
        }
        let Some(token) = text("access_token") else {
            return Ok(None);
        };
        let product = operation.product.as_deref().unwrap_or_default();
        let item = if ON_THE_ITEM.contains(&product) {
            call.item(token)?
        } else {
            let needed = PRODUCTS.contains(&product).then_some(product);
            call.readable_item(token, needed)?
        };
        let mut accounts = item.select(asked_accounts(body).as_deref())?;
        if product == "investments" {
            accounts.retain(|account| account.template.kind == "investment");
        }
        Ok(Some(Self::new(item, &accounts)))
    }

    fn new(item: &Item, accounts: &[&Account]) -> Self {
        Self {
            item: item_json(item),
            accounts: accounts
                .iter()
                .map(|account| Holding {
                    id: account.id.clone(),
                    mask: account.template.mask.to_string(),
                    fields: account_fields(account),
                })
                .collect(),
        }
    }
}

/// The accounts that a request is narrowed to, wherever it says so.
fn asked_accounts(body: &Map<String, Value>) -> Option<Vec<String>> {
    let one = body.get("account_id").and_then(Value::as_str);
    let several = body
        .get("account_ids")
        .or_else(|| body.get("options")?.get("account_ids"))
        .and_then(Value::as_array)
        .filter(|ids| !ids.is_empty());
    match (one, several) {
        (Some(id), _) if !id.is_empty() => Some(vec![id.to_owned()]),
        (_, Some(ids)) => Some(
            ids.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        ),
        _ => None,
    }
}

fn of_processor(call: &mut Call<'_>, token: &str) -> Result<Subject, ApiError> {
    let token = processor::find(call, token)?;
    let item = call.live_item(token.item_id.clone())?;
    if let Some(error) = item.error() {
        return Err(error);
    }
    let account = item.account(&token.account_id)?;
    Ok(Subject::new(item, &[account]))
}

/// Tokens that the emulator gave out and remembers.
fn check_kept(call: &Call<'_>) -> Result<(), ApiError> {
    let text = |name: &str| call.request.body.get(name).and_then(Value::as_str);
    if text("link_token").is_some_and(|token| call.state.link_tokens.get(token).is_none()) {
        return Err(ApiError::invalid_input(
            "INVALID_LINK_TOKEN",
            "invalid link_token provided",
        ));
    }
    if text("asset_report_token").is_some_and(|token| call.state.reports.get(token).is_none()) {
        return Err(ApiError::invalid_field(
            "asset_report_token must be one that was created in this environment",
        ));
    }
    match text("public_token") {
        Some(token) => check_token("public", "INVALID_PUBLIC_TOKEN", token),
        None => Ok(()),
    }
}

fn check_unkept(name: &str, kind: &str, code: &'static str, token: &str) -> Result<(), ApiError> {
    if shape(kind, token) == Shape::Ours {
        return Ok(());
    }
    let message = format!(
        "{name} is in an invalid format. expected format: {kind}-{ENVIRONMENT}-<identifier>"
    );
    Err(match code {
        "INVALID_FIELD" => ApiError::invalid_field(message),
        _ => ApiError::invalid_input(code, message),
    })
}

/// Accounts for an answer that is about no Item: the user's first two, under
/// other identifiers.
pub(super) fn strangers(mut id: impl FnMut(&str) -> String) -> Vec<Holding> {
    let templates = crate::catalog::accounts::ACCOUNTS.iter().take(2);
    templates
        .map(|template| {
            let account = Account {
                id: id(&template.mask),
                template: Arc::clone(template),
                verification_status: None,
            };
            Holding {
                id: account.id.clone(),
                mask: template.mask.to_string(),
                fields: account_fields(&account),
            }
        })
        .collect()
}

/// The fields of an account under the names that they have beside others.
pub(super) fn aliases(account: &Holding) -> Map<String, Value> {
    let mut fields = account.fields.clone();
    for (alias, name) in [
        ("account_mask", "mask"),
        ("account_name", "name"),
        ("account_official_name", "official_name"),
        ("account_subtype", "subtype"),
        ("account_type", "type"),
    ] {
        if let Some(value) = account.fields.get(name) {
            fields.insert(alias.to_owned(), value.clone());
        }
    }
    fields.insert("id".to_owned(), json!(account.id));
    fields
}
