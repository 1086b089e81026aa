//! The key that webhooks are signed with.

use serde::Deserialize;
use serde_json::json;

use crate::{
    call::{Call, Reply},
    error::ApiError,
};

#[derive(Deserialize)]
struct KeyRequest {
    key_id: String,
}

/// `/webhook_verification_key/get`
pub(super) fn verification_key(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: KeyRequest = call.body()?;
    if request.key_id != call.state.signer.key_id() {
        return Err(ApiError::invalid_input(
            "INVALID_WEBHOOK_VERIFICATION_KEY_ID",
            "there is no key with the provided key_id in this environment",
        ));
    }
    Ok(Reply::json(
        json!({ "key": call.state.signer.public_key() }),
    ))
}
