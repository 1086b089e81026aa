//! Identity Verification.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    call::{Call, Reply},
    error::ApiError,
};

#[derive(Deserialize)]
struct GetRequest {
    identity_verification_id: String,
}

/// `/identity_verification/get`: there is no way to start a verification here,
/// so every identifier of the right form names one that was passed.
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: GetRequest = call.body()?;
    let id = request.identity_verification_id;
    if id.strip_prefix("idv_").is_none_or(str::is_empty) {
        return Err(ApiError::not_found());
    }
    Ok(Reply::json(json!({
        "beacon_user_id": null,
        "client_user_id": "customer-1",
        "completed_at": "2026-02-03T10:21:40Z",
        "created_at": "2026-02-03T10:18:05Z",
        "documentary_verification": null,
        "id": id,
        "kyc_check": kyc_check(),
        "previous_attempt_id": null,
        "redacted_at": null,
        "risk_check": null,
        "selfie_check": null,
        "shareable_url": null,
        "status": "success",
        "steps": {
            "accept_tos": "success",
            "documentary_verification": "not_applicable",
            "kyc_check": "success",
            "risk_check": "success",
            "selfie_check": "not_applicable",
            "verify_sms": "success",
            "watchlist_screening": "not_applicable",
        },
        "template": { "id": "idvtmp_4FrXJvfQU3zGUR", "version": 1 },
        "user": user(),
        "user_id": null,
        "verify_sms": verify_sms(),
        "watchlist_screening_id": null,
    })))
}

fn user() -> Value {
    json!({
        "address": {
            "city": "Fairbrook",
            "country": "US",
            "postal_code": "97301",
            "region": "OR",
            "street": "12 Juniper Row",
            "street2": null,
        },
        "date_of_birth": "1987-11-24",
        "email_address": "robin@example.com",
        "id_number": { "type": "us_ssn_last_4", "value": "6789" },
        "ip_address": "192.0.2.42",
        "name": { "family_name": "Sandoval", "given_name": "Robin" },
        "phone_number": "+12025550143",
    })
}

fn kyc_check() -> Value {
    json!({
        "address": { "po_box": "no", "summary": "match", "type": "residential" },
        "date_of_birth": { "summary": "match" },
        "id_number": { "summary": "match" },
        "name": { "summary": "match" },
        "phone_number": { "area_code": "match", "summary": "match" },
        "status": "success",
    })
}

fn verify_sms() -> Value {
    json!({
        "status": "success",
        "verifications": [{
            "attempt": 1,
            "delivery_attempt_count": 1,
            "initially_sent_at": "2026-02-03T10:18:30Z",
            "last_sent_at": "2026-02-03T10:18:30Z",
            "phone_number": "+12025550143",
            "redacted_at": null,
            "solve_attempt_count": 1,
            "status": "success",
        }],
    })
}
