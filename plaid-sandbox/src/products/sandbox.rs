//! What only the sandbox can do: make Items without Link, and make things
//! happen to them.

use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{custom, institutions, users};
use crate::{
    call::{Call, Reply, fields},
    catalog::{
        accounts::CHECKING,
        institutions::{Health, Institution},
    },
    error::ApiError,
    state::{AccountToken, Blueprint, Condition, Custom, Item},
    webhook::Destination,
};

const USERNAME: &str = "user_good";
const PASSWORD: &str = "pass_good";
/// Users of the real sandbox who sign in with any password. Here they have the
/// accounts of `user_good`.
const OTHER_USERS: [&str; 9] = [
    "user_bank_income",
    "user_credit_bonus",
    "user_credit_joint_account",
    "user_credit_profile_excellent",
    "user_credit_profile_good",
    "user_credit_profile_poor",
    "user_ewa_user",
    DYNAMIC,
    "user_yuppie",
];
/// The user for whom transactions can be made up.
const DYNAMIC: &str = "user_transactions_dynamic";

#[derive(Deserialize)]
struct PublicTokenRequest {
    institution_id: String,
    initial_products: Vec<String>,
    #[serde(default)]
    options: PublicTokenOptions,
    user_token: Option<String>,
    user_id: Option<String>,
}

#[derive(Default, Deserialize)]
struct PublicTokenOptions {
    webhook: Option<String>,
    override_username: Option<String>,
    override_password: Option<String>,
    transactions: Option<TransactionsOptions>,
}

#[derive(Deserialize)]
struct ProcessorTokenRequest {
    institution_id: String,
    options: Option<PublicTokenOptions>,
}

#[derive(Deserialize)]
struct TransactionsOptions {
    start_date: Option<String>,
    days_requested: Option<u32>,
}

#[derive(Deserialize)]
struct FireRequest {
    access_token: String,
    webhook_code: String,
    webhook_type: Option<String>,
}

#[derive(Deserialize)]
struct ItemRequest {
    access_token: String,
}

#[derive(Deserialize)]
struct VerificationRequest {
    access_token: String,
    account_id: String,
    verification_status: String,
}

/// `/sandbox/public_token/create`
pub(super) fn public_token(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: PublicTokenRequest = call.body()?;
    let institution = institutions::find(&request.institution_id)?;
    users::check(
        call,
        request.user_token.as_deref(),
        request.user_id.as_deref(),
    )?;
    connect(institution, &request.initial_products)?;
    let options = request.options;
    let user = sign_in(
        options.override_username.as_deref(),
        options.override_password.as_deref(),
    )?;
    let days_requested = match options.transactions {
        Some(transactions) => days_requested(&transactions, call.state.now().date_naive())?,
        None => None,
    };
    let item_id = call.state.create_item(Blueprint {
        institution,
        products: distinct(request.initial_products),
        webhook: options.webhook.filter(|address| !address.is_empty()),
        days_requested,
        user,
        is_dynamic: options.override_username.as_deref() == Some(DYNAMIC),
    })?;
    call.item_id = Some(item_id.clone());
    let public_token = call.state.issue_public_token(item_id)?;
    Ok(Reply::json(json!({ "public_token": public_token })))
}

fn connect(institution: &Institution, products: &[String]) -> Result<(), ApiError> {
    match institution.health {
        Health::Down => return Err(simulated("INSTITUTION_DOWN")),
        Health::Unsupported => return Err(simulated("INSTITUTION_NO_LONGER_SUPPORTED")),
        Health::Healthy | Health::Degraded => {}
    }
    let supported = |product: &String| institution.products.contains(&product.as_str());
    if products.iter().all(supported) {
        Ok(())
    } else {
        Err(ApiError::products_not_supported())
    }
}

/// Signs in, and tells who it is if not `user_good`.
fn sign_in(username: Option<&str>, password: Option<&str>) -> Result<Option<Custom>, ApiError> {
    let username = username.unwrap_or(USERNAME);
    let password = password.unwrap_or(PASSWORD);
    if let Some(code) = password.strip_prefix("error_") {
        return Err(simulated(code));
    }
    match username {
        "user_custom" => custom::user(password).map(Some),
        USERNAME if password != PASSWORD => Err(simulated("INVALID_CREDENTIALS")),
        USERNAME => Ok(None),
        other if OTHER_USERS.contains(&other) => Ok(None),
        _ => Err(simulated("INVALID_CREDENTIALS")),
    }
}

/// The error that a password of the form `error_<CODE>` asks for. A code that
/// is not one of them is a wrong password.
pub(super) fn simulated(code: &str) -> ApiError {
    let message = "the institution answered the login with a simulated error";
    match code {
        "INTERNAL_SERVER_ERROR" => ApiError::internal(),
        "COUNTRY_NOT_SUPPORTED" => ApiError::institution("COUNTRY_NOT_SUPPORTED", message),
        "INSTITUTION_DOWN" => ApiError::institution("INSTITUTION_DOWN", message),
        "INSTITUTION_NO_LONGER_SUPPORTED" => {
            ApiError::institution("INSTITUTION_NO_LONGER_SUPPORTED", message)
        }
        "INSTITUTION_NOT_AVAILABLE" => ApiError::institution("INSTITUTION_NOT_AVAILABLE", message),
        "INSTITUTION_NOT_RESPONDING" => {
            ApiError::institution("INSTITUTION_NOT_RESPONDING", message)
        }
        "INSUFFICIENT_CREDENTIALS" => ApiError::item("INSUFFICIENT_CREDENTIALS", message),
        "INVALID_MFA" => ApiError::item("INVALID_MFA", message),
        "INVALID_SEND_METHOD" => ApiError::item("INVALID_SEND_METHOD", message),
        "ITEM_LOCKED" => ApiError::item("ITEM_LOCKED", message),
        "ITEM_LOGIN_REQUIRED" => ApiError::login_required(),
        "ITEM_NOT_SUPPORTED" => ApiError::item("ITEM_NOT_SUPPORTED", message),
        "MFA_NOT_SUPPORTED" => ApiError::item("MFA_NOT_SUPPORTED", message),
        _ => ApiError::item(
            "INVALID_CREDENTIALS",
            "the provided credentials were not correct",
        ),
    }
}

fn days_requested(
    options: &TransactionsOptions,
    today: NaiveDate,
) -> Result<Option<u32>, ApiError> {
    let Some(start) = &options.start_date else {
        return Ok(options.days_requested);
    };
    let start: NaiveDate = start.parse().map_err(|_| {
        ApiError::invalid_field(
            "options.transactions.start_date must be a date in the form YYYY-MM-DD",
        )
    })?;
    let days = today
        .signed_duration_since(start)
        .num_days()
        .saturating_add(1)
        .clamp(1, 730);
    Ok(options.days_requested.or(u32::try_from(days).ok()))
}

fn distinct(products: Vec<String>) -> Vec<String> {
    let mut distinct = Vec::new();
    for product in products {
        if !distinct.contains(&product) {
            distinct.push(product);
        }
    }
    distinct
}

/// The institution of this identifier, if it can be connected.
pub(super) fn institution(id: &str) -> Result<&'static Institution, ApiError> {
    let institution = institutions::find(id)?;
    connect(institution, &[])?;
    Ok(institution)
}

/// `/sandbox/processor_token/create`: an Item and the token of its checking account
/// in one call. Partners who only ever see such tokens test with it, so the Item has
/// what the processor's calls read.
pub(super) fn processor_token(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: ProcessorTokenRequest = call.body()?;
    let institution = institution(&request.institution_id)?;
    let options = request.options.unwrap_or_default();
    let user = sign_in(
        options.override_username.as_deref(),
        options.override_password.as_deref(),
    )?;
    let item_id = call.state.create_item(Blueprint {
        institution,
        products: institution
            .products
            .iter()
            .map(|name| (*name).to_owned())
            .collect(),
        webhook: None,
        days_requested: None,
        user,
        is_dynamic: options.override_username.as_deref() == Some(DYNAMIC),
    })?;
    call.item_id = Some(item_id.clone());
    let account_id = call
        .live_item(item_id.clone())?
        .account_id(CHECKING)
        .to_owned();
    let token = call.state.ids.token("processor");
    let account = AccountToken {
        item_id,
        account_id,
    };
    call.state.processor_tokens.insert(token.clone(), account)?;
    Ok(Reply::json(json!({ "processor_token": token })))
}

/// `/sandbox/item/fire_webhook`
pub(super) fn fire_webhook(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: FireRequest = call.body()?;
    let now = call.state.now();
    let code = request.webhook_code.as_str();
    let item = call.item(&request.access_token)?;
    let kind = webhook_kind(code, request.webhook_type.as_deref())?;
    if product_of(kind).is_some_and(|product| !item.has(product)) {
        return Err(ApiError::sandbox(
            "SANDBOX_PRODUCT_NOT_ENABLED",
            "the item does not have the product of this webhook",
        ));
    }
    if item
        .webhook
        .as_deref()
        .is_none_or(|address| Destination::of(address) == Destination::Invalid)
    {
        return Err(ApiError::sandbox(
            "SANDBOX_WEBHOOK_INVALID",
            "the item has no valid webhook",
        ));
    }
    let (item_id, details) = (item.id.clone(), webhook_fields(item, kind, code, now));
    call.send_webhook(&item_id, kind, code, details);
    Ok(Reply::json(json!({ "webhook_fired": true })))
}

/// The type of a webhook; `DEFAULT_UPDATE` is the only code that several have.
fn webhook_kind(code: &str, wanted: Option<&str>) -> Result<&'static str, ApiError> {
    let kinds: &[&'static str] = match code {
        "DEFAULT_UPDATE" => &[
            "TRANSACTIONS",
            "AUTH",
            "HOLDINGS",
            "INVESTMENTS_TRANSACTIONS",
            "LIABILITIES",
        ],
        "RECURRING_TRANSACTIONS_UPDATE" | "SYNC_UPDATES_AVAILABLE" => &["TRANSACTIONS"],
        "AUTHORIZATION_GRANTED" | "SMS_MICRODEPOSITS_VERIFICATION" => &["AUTH"],
        "ERROR" | "PRODUCT_READY" => &["ASSETS"],
        _ => &["ITEM"],
    };
    kinds
        .iter()
        .copied()
        .find(|kind| wanted.is_none_or(|wanted| wanted == *kind))
        .ok_or_else(|| {
            ApiError::invalid_field(
                "webhook_code is not one that webhooks of this webhook_type have",
            )
        })
}

fn product_of(kind: &str) -> Option<&'static str> {
    match kind {
        "TRANSACTIONS" => Some("transactions"),
        "AUTH" => Some("auth"),
        "HOLDINGS" | "INVESTMENTS_TRANSACTIONS" => Some("investments"),
        "LIABILITIES" => Some("liabilities"),
        "ASSETS" => Some("assets"),
        _ => None,
    }
}

/// The fields that a webhook has besides those that all have.
fn webhook_fields(item: &Item, kind: &str, code: &str, now: DateTime<Utc>) -> Map<String, Value> {
    // Every Item has the same accounts, and the first is a checking account.
    let account_id = item.accounts.first().map(|account| account.id.as_str());
    fields(match (kind, code) {
        ("TRANSACTIONS", "DEFAULT_UPDATE") => json!({ "error": null, "new_transactions": 1 }),
        ("TRANSACTIONS", "SYNC_UPDATES_AVAILABLE") => sync_updates_available(true),
        ("TRANSACTIONS", _) => json!({ "account_ids": [account_id] }),
        ("AUTH", "DEFAULT_UPDATE") => json!({
            "account_ids_with_new_auth": [account_id],
            "account_ids_with_updated_auth": {},
            "error": null,
        }),
        ("AUTH", "SMS_MICRODEPOSITS_VERIFICATION") => {
            json!({ "account_id": account_id, "status": "MANUALLY_VERIFIED" })
        }
        ("AUTH", _) | ("ITEM", "USER_ACCOUNT_REVOKED") => json!({ "account_id": account_id }),
        ("HOLDINGS", _) => json!({ "error": null, "new_holdings": 1, "updated_holdings": 0 }),
        ("INVESTMENTS_TRANSACTIONS", _) => json!({
            "cancelled_investments_transactions": 0,
            "error": null,
            "new_investments_transactions": 1,
        }),
        ("LIABILITIES", _) => json!({
            "account_ids_with_new_liabilities": [account_id],
            "account_ids_with_updated_liabilities": {},
            "error": null,
        }),
        // The report is made up: which of several the caller means cannot be said.
        ("ASSETS", "ERROR") => json!({
            "asset_report_id": "6f1a5c1e-24a6-4d0f-9f1c-0c5c6a7e3b11",
            "error": ApiError::new(
                StatusCode::BAD_REQUEST,
                "ASSET_REPORT_ERROR",
                "ASSET_REPORT_GENERATION_FAILED",
                "the report could not be generated",
            )
            .embedded(),
        }),
        ("ASSETS", _) => json!({
            "asset_report_id": "6f1a5c1e-24a6-4d0f-9f1c-0c5c6a7e3b11",
            "report_type": "FULL",
        }),
        (_, "PENDING_DISCONNECT") => json!({
            "disconnect_time": (now + TimeDelta::days(7)).to_rfc3339_opts(SecondsFormat::Secs, true),
            "reason": "INSTITUTION_MIGRATION",
        }),
        (_, "LOGIN_REPAIRED") => json!({}),
        _ => json!({ "error": null }),
    })
}

/// The fields of the webhook that tells callers of `/transactions/sync` to call
/// again.
pub(crate) fn sync_updates_available(complete: bool) -> Value {
    json!({ "historical_update_complete": complete, "initial_update_complete": true })
}

/// `/sandbox/item/reset_login`
pub(super) fn reset_login(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: ItemRequest = call.body()?;
    let item = call.item(&request.access_token)?;
    item.condition = Condition::LoginRequired;
    let item_id = item.id.clone();
    let details = fields(json!({ "error": ApiError::login_required().embedded() }));
    call.send_webhook(&item_id, "ITEM", "ERROR", details);
    Ok(Reply::json(json!({ "reset_login": true })))
}

/// `/sandbox/item/set_verification_status`
pub(super) fn set_verification_status(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: VerificationRequest = call.body()?;
    let item = call.item(&request.access_token)?;
    let account = item
        .accounts
        .iter_mut()
        .find(|account| account.id == request.account_id)
        .ok_or_else(ApiError::invalid_account_id)?;
    let (status, code) = if request.verification_status == "automatically_verified" {
        ("automatically_verified", "AUTOMATICALLY_VERIFIED")
    } else {
        ("verification_expired", "VERIFICATION_EXPIRED")
    };
    account.verification_status = Some(status.to_owned());
    let item_id = item.id.clone();
    call.send_webhook(
        &item_id,
        "AUTH",
        code,
        fields(json!({ "account_id": request.account_id })),
    );
    Ok(Reply::empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn passwords_simulate_errors() {
        for (code, kind) in [
            ("INSTITUTION_DOWN", "INSTITUTION_ERROR"),
            ("ITEM_LOCKED", "ITEM_ERROR"),
            ("INTERNAL_SERVER_ERROR", "API_ERROR"),
        ] {
            let error = sign_in(None, Some(&format!("error_{code}"))).unwrap_err();
            assert_eq!(
                (error.error_type.as_ref(), error.error_code.as_ref()),
                (kind, code)
            );
        }
        assert_eq!(
            sign_in(None, Some("wrong")).unwrap_err().error_code,
            "INVALID_CREDENTIALS"
        );
        assert_eq!(
            sign_in(Some("nobody"), None).unwrap_err().error_code,
            "INVALID_CREDENTIALS"
        );
        assert_eq!(
            sign_in(Some("user_custom"), Some("{}"))
                .unwrap_err()
                .error_code,
            "INVALID_FIELD"
        );
        sign_in(Some("user_transactions_dynamic"), Some("anything")).unwrap();
        sign_in(None, None).unwrap();
    }

    #[test]
    fn a_start_date_stands_for_days() {
        let today = NaiveDate::from_ymd_opt(2026, 3, 31).unwrap();
        let days = |start: &str| {
            let options = TransactionsOptions {
                start_date: Some(start.into()),
                days_requested: None,
            };
            days_requested(&options, today)
        };
        assert_eq!(days("2026-03-31").unwrap(), Some(1));
        assert_eq!(days("2026-03-02").unwrap(), Some(30));
        assert_eq!(days("0001-01-01").unwrap(), Some(730));
        assert_eq!(days("2999-01-01").unwrap(), Some(1));
        assert_eq!(days("yesterday").unwrap_err().error_code, "INVALID_FIELD");
    }

    #[test]
    fn a_code_belongs_to_its_types() {
        assert_eq!(
            webhook_kind("DEFAULT_UPDATE", None).unwrap(),
            "TRANSACTIONS"
        );
        assert_eq!(
            webhook_kind("DEFAULT_UPDATE", Some("AUTH")).unwrap(),
            "AUTH"
        );
        assert_eq!(
            webhook_kind("NEW_ACCOUNTS_AVAILABLE", None).unwrap(),
            "ITEM"
        );
        assert!(webhook_kind("PRODUCT_READY", Some("ITEM")).is_err());
    }
}
