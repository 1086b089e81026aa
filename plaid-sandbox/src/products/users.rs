//! Users.

use axum::http::StatusCode;
use chrono::SecondsFormat;
use serde::Deserialize;
use serde_json::{Map, Value, json};

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
    identity: Option<Map<String, Value>>,
}

/// A user, by one of two names.
#[derive(Deserialize)]
struct UserRequest {
    user_id: Option<String>,
    user_token: Option<String>,
    identity: Option<Map<String, Value>>,
}

/// `/user/create`: 201 for a new user, 200 for one that is known.
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: CreateRequest = call.body()?;
    let with_token = !is_new_api(call)?;
    let (user, status) = match call.state.users.get(&request.client_user_id) {
        Some(user) => (user.clone(), StatusCode::OK),
        None => (add(call, request)?, StatusCode::CREATED),
    };
    let mut answer = json!({ "user_id": user.user_id });
    if with_token {
        answer["user_token"] = json!(user.user_token);
    }
    Ok(Reply::json(answer).with_status(status))
}

fn add(call: &mut Call<'_>, request: CreateRequest) -> Result<User, ApiError> {
    let now = call.state.now();
    let user = User {
        user_id: format!("usr_{}", call.state.ids.alphanumeric(16)),
        user_token: call.state.ids.token("user"),
        client_user_id: request.client_user_id.clone(),
        identity: request.identity,
        created_at: now,
        updated_at: now,
    };
    call.state
        .users
        .insert(request.client_user_id, user.clone())?;
    Ok(user)
}

/// `/user/get`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let (user, _) = find(call)?;
    let timestamp =
        |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut answer = json!({
        "client_user_id": user.client_user_id,
        "created_at": timestamp(user.created_at),
        "updated_at": timestamp(user.updated_at),
        "user_id": user.user_id,
    });
    if let Some(identity) = user.identity {
        answer["identity"] = Value::Object(identity);
    }
    Ok(Reply::json(answer))
}

/// `/user/update`: what is told of the user takes the place of what was known.
pub(super) fn update(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let (user, told) = find(call)?;
    change(call, &user, |user| {
        if let Some(told) = told {
            user.identity.get_or_insert_default().extend(told);
        }
    });
    Ok(Reply::empty())
}

/// `/user/identity/remove`: the user stays.
pub(super) fn remove_identity(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let (user, _) = find(call)?;
    change(call, &user, |user| user.identity = None);
    Ok(Reply::empty())
}

fn change(call: &mut Call<'_>, user: &User, change: impl FnOnce(&mut User)) {
    let now = call.state.now();
    if let Some(user) = call.state.users.get_mut(&user.client_user_id) {
        change(user);
        user.updated_at = now;
    }
}

/// `/user/remove`
pub(super) fn remove(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let (user, _) = find(call)?;
    call.state.users.remove(&user.client_user_id);
    Ok(Reply::empty())
}

/// The user whom a request names, and what it tells of them.
fn find(call: &Call<'_>) -> Result<(User, Option<Map<String, Value>>), ApiError> {
    let request: UserRequest = call.body()?;
    let (token, id) = (request.user_token.as_deref(), request.user_id.as_deref());
    check(call, token, id)?;
    let by_id = id.and_then(|id| call.state.user_by_id(id));
    let user = by_id.or_else(|| call.state.user_by_token(token?));
    let user = user.ok_or_else(|| ApiError::missing_fields("user_id"))?;
    Ok((user.clone(), request.identity))
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
