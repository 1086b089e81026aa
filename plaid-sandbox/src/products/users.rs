//! Users.

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::{
    call::{Call, Reply},
    error::ApiError,
    state::User,
};

/// The header that decides how a new user is named.
const NEW_API: &str = "Plaid-New-User-API-Enabled";

#[derive(Deserialize)]
struct CreateRequest {
    client_user_id: String,
}

/// `/user/create`: 201 for a new user, 200 for one that is known.
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: CreateRequest = call.body()?;
    let with_token = !is_new_api(call)?;
    let (user, status) = match call.state.users.get(&request.client_user_id) {
        Some(user) => (user.clone(), StatusCode::OK),
        None => (add(call, request.client_user_id)?, StatusCode::CREATED),
    };
    let mut answer = json!({ "user_id": user.user_id });
    if with_token {
        answer["user_token"] = json!(user.user_token);
    }
    Ok(Reply::json(answer).with_status(status))
}

fn add(call: &mut Call<'_>, client_user_id: String) -> Result<User, ApiError> {
    let user = User {
        user_id: format!("usr_{}", call.state.ids.alphanumeric(16)),
        user_token: call.state.ids.token("user"),
    };
    call.state.users.insert(client_user_id, user.clone())?;
    Ok(user)
}

fn is_new_api(call: &Call<'_>) -> Result<bool, ApiError> {
    match call
        .request
        .headers
        .get(NEW_API)
        .map(|value| value.as_bytes())
    {
        None | Some(b"false") => Ok(false),
        Some(b"true") => Ok(true),
        Some(_) => Err(ApiError::invalid_request(
            "INVALID_HEADERS",
            format!("{NEW_API} must be true or false"),
        )),
    }
}

/// Checks that the user whom another call names exists.
pub(crate) fn check(
    call: &Call<'_>,
    user_token: Option<&str>,
    user_id: Option<&str>,
) -> Result<(), ApiError> {
    if user_token.is_some_and(|token| call.state.user_by_token(token).is_none()) {
        return Err(ApiError::invalid_input(
            "INVALID_USER_TOKEN",
            "could not find matching user token",
        ));
    }
    if user_id.is_some_and(|id| call.state.user_by_id(id).is_none()) {
        let message = "there is no user with the provided user_id";
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "USER_ERROR",
            "USER_NOT_FOUND",
            message,
        ));
    }
    Ok(())
}
