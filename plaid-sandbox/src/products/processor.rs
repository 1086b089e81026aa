//! Tokens for partners, and what partners may read with them.

use serde::Deserialize;
use serde_json::json;

use super::{accounts::account_json, auth::ach_json};
use crate::{
    call::{Call, Reply},
    error::ApiError,
    ids::{Shape, shape},
    state::AccountToken,
};

#[derive(Deserialize)]
struct TokenRequest {
    access_token: String,
    account_id: String,
}

#[derive(Deserialize)]
struct AuthRequest {
    processor_token: String,
}

/// `/processor/token/create`
pub(super) fn token(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let target = target(call)?;
    let token = call.state.ids.token("processor");
    call.state.processor_tokens.insert(token.clone(), target)?;
    Ok(Reply::json(json!({ "processor_token": token })))
}

/// `/processor/stripe/bank_account_token/create`
pub(super) fn stripe_token(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let target = target(call)?;
    let token = format!("btok_{}", call.state.ids.alphanumeric(24));
    call.state.stripe_tokens.insert(token.clone(), target)?;
    Ok(Reply::json(json!({ "stripe_bank_account_token": token })))
}

/// `/processor/auth/get`
pub(super) fn auth(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: AuthRequest = call.body()?;
    let token = find(call, &request.processor_token)?;
    let item = call.readable_item_of(&token, "auth")?;
    let account = item.account(&token.account_id)?;
    Ok(Reply::json(json!({
        "account": account_json(account),
        "numbers": { "ach": ach_json(account), "bacs": null, "eft": null, "international": null },
    })))
}

/// What a processor's token opens.
pub(crate) fn find(call: &Call<'_>, token: &str) -> Result<AccountToken, ApiError> {
    let known = (shape("processor", token) == Shape::Ours)
        .then(|| call.state.processor_tokens.get(token))
        .flatten();
    known
        .cloned()
        .ok_or_else(|| ApiError::invalid_input("INVALID_PROCESSOR_TOKEN", "").without_message())
}

/// The account that a token is asked for: one that money can be moved from.
fn target(call: &mut Call<'_>) -> Result<AccountToken, ApiError> {
    let request: TokenRequest = call.body()?;
    let item = call.item(&request.access_token)?;
    let account = item.account(&request.account_id)?;
    if !account.template.can_be_paid_from() {
        return Err(ApiError::invalid_input(
            "INVALID_ACCOUNT_ID",
            "the requested account is neither a checking nor a savings account",
        ));
    }
    Ok(AccountToken {
        item_id: item.id.clone(),
        account_id: account.id.clone(),
    })
}
