//! Transfers.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    call::{Call, Reply},
    catalog::{accounts::CHECKING, institutions},
    error::ApiError,
    money::Money,
    state::{Account, Authorized, Blueprint, Item, Store},
};

/// How long a repeated request gets the first answer.
const REPLAY_WINDOW: TimeDelta = TimeDelta::hours(48);

#[derive(Deserialize)]
struct AuthorizationRequest {
    access_token: String,
    account_id: String,
    #[serde(rename = "type")]
    kind: String,
    network: String,
    amount: String,
    ach_class: Option<String>,
    user: User,
    iso_currency_code: Option<String>,
    idempotency_key: Option<String>,
    ledger_id: Option<String>,
    funding_account_id: Option<String>,
    originator_client_id: Option<String>,
    credit_funds_source: Option<String>,
    wire_details: Option<Value>,
}

#[derive(Deserialize)]
struct User {
    legal_name: String,
    phone_number: Option<String>,
    email_address: Option<String>,
    address: Option<Address>,
}

#[derive(Deserialize)]
struct Address {
    street: Option<String>,
    city: Option<String>,
    region: Option<String>,
    postal_code: Option<String>,
    country: Option<String>,
}

/// What is made of a proposal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    Approved,
    InsufficientFunds,
    LoginRequired,
}

impl Decision {
    fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::InsufficientFunds => "declined",
            Self::LoginRequired => "user_action_required",
        }
    }

    fn rationale(self) -> Value {
        match self {
            Self::Approved => Value::Null,
            Self::InsufficientFunds => json!({
                "code": "NSF",
                "description": "the account does not hold the amount",
            }),
            Self::LoginRequired => json!({
                "code": "ITEM_LOGIN_REQUIRED",
                "description": "the user has to sign in again before the transfer can be judged",
            }),
        }
    }
}

/// `/transfer/authorization/create`
pub(super) fn authorize(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: AuthorizationRequest = call.body()?;
    let amount = Money::parse(&request.amount)
        .filter(|amount| *amount > Money::units(0))
        .ok_or_else(|| {
            ApiError::invalid_field(
                "amount must be a positive decimal with two digits after the point",
            )
        })?;
    let now = call.state.now();
    call.item(&request.access_token)?;
    let key = request.idempotency_key.as_deref();
    if let Some(answer) = key.and_then(|key| replay(&call.state.authorizations, key, now)) {
        return Ok(Reply::json(answer));
    }
    let item = call.item(&request.access_token)?;
    if !item.has("transfer") {
        return Err(ApiError::products_not_supported());
    }
    let account = item.account(&request.account_id)?;
    if !account.template.can_be_paid_from() {
        let message = "transfers need a checking or savings account";
        return Err(ApiError::transfer(
            "TRANSFER_UNSUPPORTED_ACCOUNT_TYPE",
            message,
        ));
    }
    let decision = decide(item, account, &request.kind, amount);
    let item_id = item.id.clone();
    let (id, proposed) = (call.state.ids.uuid(), proposed_transfer(&request));
    let authorized = Authorized {
        item_id,
        approved: decision == Decision::Approved,
        proposed: proposed.clone(),
    };
    call.state.authorized.insert(id.clone(), authorized)?;
    let answer = json!({
        "authorization": {
            "created": now.to_rfc3339_opts(SecondsFormat::Secs, true),
            "decision": decision.name(),
            "decision_rationale": decision.rationale(),
            "guarantee_decision": null,
            "guarantee_decision_rationale": null,
            "id": id,
            "payment_risk": null,
            "proposed_transfer": proposed,
        },
    });
    // Once the user has acted the same request deserves a new decision.
    if let Some(key) = request
        .idempotency_key
        .filter(|_| decision != Decision::LoginRequired)
    {
        call.state
            .authorizations
            .insert(key, (now, answer.clone()))?;
    }
    Ok(Reply::json(answer))
}

/// `/transfer/migrate_account`: numbers that another service has verified become an
/// Item of one account, which is the checking account of the user of the sandbox.
pub(super) fn migrate(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let item_id = call.state.create_item(Blueprint {
        institution: institutions::find(institutions::DEFAULT).ok_or_else(ApiError::internal)?,
        products: vec!["auth".to_owned(), "transfer".to_owned()],
        webhook: None,
        days_requested: None,
        user: None,
        is_dynamic: false,
    })?;
    call.item_id = Some(item_id.clone());
    let item = call.live_item(item_id.clone())?;
    item.accounts
        .retain(|account| account.template.mask == CHECKING);
    let account_id = item.account_id(CHECKING).to_owned();
    let access_token = call.state.issue_access_token(item_id)?;
    Ok(Reply::json(
        json!({ "access_token": access_token, "account_id": account_id }),
    ))
}

/// The first answer to a request that is repeated in time.
pub(super) fn replay(
    answers: &Store<(DateTime<Utc>, Value)>,
    key: &str,
    now: DateTime<Utc>,
) -> Option<Value> {
    let (first, answer) = answers.get(key)?;
    (now.signed_duration_since(first) < REPLAY_WINDOW).then(|| answer.clone())
}

fn decide(item: &Item, account: &Account, kind: &str, amount: Money) -> Decision {
    let covered = account
        .template
        .available
        .is_some_and(|available| amount <= available);
    if item.error().is_some() {
        Decision::LoginRequired
    } else if kind == "debit" && !covered {
        Decision::InsufficientFunds
    } else {
        Decision::Approved
    }
}

fn proposed_transfer(request: &AuthorizationRequest) -> Value {
    let address = request.user.address.as_ref().map(|address| {
        json!({
            "city": address.city,
            "country": address.country,
            "postal_code": address.postal_code,
            "region": address.region,
            "street": address.street,
        })
    });
    let mut proposed = json!({
        "account_id": request.account_id,
        "amount": request.amount,
        "credit_funds_source": request.credit_funds_source,
        "funding_account_id": request.funding_account_id,
        "iso_currency_code": request.iso_currency_code.as_deref().unwrap_or("USD"),
        "ledger_id": request.ledger_id,
        "network": request.network,
        "origination_account_id": "",
        "originator_client_id": request.originator_client_id,
        "type": request.kind,
        "user": {
            "address": address,
            "email_address": request.user.email_address,
            "legal_name": request.user.legal_name,
            "phone_number": request.user.phone_number,
        },
    });
    if let Some(class) = &request.ach_class {
        proposed["ach_class"] = json!(class);
    }
    if let Some(details) = &request.wire_details {
        proposed["wire_details"] = details.clone();
    }
    proposed
}
