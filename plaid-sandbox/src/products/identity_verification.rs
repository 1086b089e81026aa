//! Identity Verification: created, waiting for the user, passed or not, and tried again.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    call::{Call, Reply, fields},
    error::ApiError,
};

/// Verifications on a page of the list.
const PAGE: usize = 25;

#[derive(Deserialize)]
struct CreateRequest {
    template_id: String,
    client_user_id: Option<String>,
    user_id: Option<String>,
    is_shareable: bool,
    is_idempotent: Option<bool>,
    gave_consent: bool,
    user: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct RetryRequest {
    template_id: String,
    client_user_id: String,
    is_shareable: Option<bool>,
    user: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct GetRequest {
    identity_verification_id: String,
}

#[derive(Deserialize)]
struct ListRequest {
    template_id: String,
    client_user_id: Option<String>,
    user_id: Option<String>,
    cursor: Option<String>,
}

/// How far a user has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Progress {
    Active,
    Passed,
    Failed,
}

/// One attempt of a user to prove who they are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Verification {
    id: String,
    /// Counts all verifications.
    number: usize,
    template_id: String,
    client_user_id: String,
    user_id: Option<String>,
    user: Map<String, Value>,
    gave_consent: bool,
    is_shareable: bool,
    created_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
    progress: Progress,
    previous: Option<String>,
}

/// `/identity_verification/create`: a user has one verification per template. Asked
/// for again it is the same one, if that is wanted, and an error otherwise.
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: CreateRequest = call.body()?;
    super::users::check(call, None, request.user_id.as_deref())?;
    let mut user = request.user.unwrap_or_default();
    let named = match user.remove("client_user_id") {
        Some(Value::String(id)) => Some(id),
        _ => None,
    };
    let client_user_id = request.client_user_id.or(named);
    if client_user_id.is_none() && request.user_id.is_none() {
        return Err(ApiError::missing_fields("client_user_id"));
    }
    let client_user_id = client_user_id.unwrap_or_default();
    let user_id = request.user_id;
    let first = latest(call, &request.template_id, |verification| {
        if client_user_id.is_empty() {
            verification.user_id == user_id
        } else {
            verification.client_user_id == client_user_id
        }
    });
    if let Some(first) = first {
        return if request.is_idempotent == Some(true) {
            Ok(Reply::json(first.describe()))
        } else {
            Err(ApiError::invalid_field(
                "client_user_id has a verification of this template already; retry it, or \
                 set is_idempotent",
            ))
        };
    }
    let verification = Verification {
        template_id: request.template_id,
        client_user_id,
        user_id,
        user,
        gave_consent: request.gave_consent,
        is_shareable: request.is_shareable,
        ..begin(call)
    };
    keep(call, verification)
}

/// `/identity_verification/retry`: another attempt, which knows the one before it.
pub(super) fn retry(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: RetryRequest = call.body()?;
    let last = latest(call, &request.template_id, |verification| {
        verification.client_user_id == request.client_user_id
    });
    let last = last.ok_or_else(ApiError::not_found)?.clone();
    let mut user = last.user;
    user.extend(request.user.unwrap_or_default());
    let verification = Verification {
        template_id: last.template_id,
        client_user_id: last.client_user_id,
        user_id: last.user_id,
        user,
        gave_consent: last.gave_consent,
        is_shareable: request.is_shareable.unwrap_or(last.is_shareable),
        previous: Some(last.id),
        ..begin(call)
    };
    keep(call, verification)
}

/// An attempt of nobody yet.
fn begin(call: &mut Call<'_>) -> Verification {
    Verification {
        id: format!("idv_{}", call.state.ids.alphanumeric(14)),
        number: call.state.verifications.len(),
        template_id: String::new(),
        client_user_id: String::new(),
        user_id: None,
        user: Map::new(),
        gave_consent: false,
        is_shareable: false,
        created_at: call.state.now(),
        completed_at: None,
        progress: Progress::Active,
        previous: None,
    }
}

fn keep(call: &mut Call<'_>, verification: Verification) -> Result<Reply, ApiError> {
    let answer = verification.describe();
    let id = verification.id.clone();
    call.state.verifications.insert(id, verification)?;
    Ok(Reply::json(answer))
}

/// The last attempt with a template that is meant.
fn latest<'c>(
    call: &'c Call<'_>,
    template_id: &str,
    is_meant: impl Fn(&Verification) -> bool,
) -> Option<&'c Verification> {
    let all = call.state.verifications.values();
    let meant = all.filter(|one| one.template_id == template_id && is_meant(one));
    meant.max_by_key(|one| one.number)
}

/// `/identity_verification/get`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: GetRequest = call.body()?;
    let id = &request.identity_verification_id;
    let found = call.state.verifications.get(id);
    Ok(Reply::json(
        found.ok_or_else(ApiError::not_found)?.describe(),
    ))
}

/// `/identity_verification/list`, newest first. The cursor is the last of the page
/// before.
pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: ListRequest = call.body()?;
    let before = match request
        .cursor
        .as_deref()
        .filter(|cursor| !cursor.is_empty())
    {
        None => usize::MAX,
        Some(cursor) => match call.state.verifications.get(cursor) {
            Some(last) => last.number,
            None => {
                return Err(ApiError::invalid_field(
                    "cursor must be one that this endpoint returned",
                ));
            }
        },
    };
    let is = |wanted: &Option<String>, found: Option<&str>| {
        wanted.is_none() || wanted.as_deref() == found
    };
    let all = call.state.verifications.values();
    let mut meant: Vec<_> = all
        .filter(|one| one.number < before && one.template_id == request.template_id)
        .filter(|one| is(&request.client_user_id, Some(&one.client_user_id)))
        .filter(|one| is(&request.user_id, one.user_id.as_deref()))
        .collect();
    meant.sort_by_key(|one| std::cmp::Reverse(one.number));
    let next = meant.get(PAGE).map(|_| &meant[PAGE - 1].id);
    let page = meant.iter().take(PAGE).map(|one| one.describe());
    Ok(Reply::json(json!({
        "identity_verifications": page.collect::<Vec<_>>(),
        "next_cursor": next,
    })))
}

/// Plays the user who goes through a verification. It tells whether there is one that
/// waits for its user.
pub(crate) fn complete(call: &mut Call<'_>, id: &str, passed: bool) -> bool {
    let now = call.state.now();
    let is_active = |one: &Verification| one.progress == Progress::Active;
    if !call.state.verifications.get(id).is_some_and(is_active) {
        return false;
    }
    if let Some(verification) = call.state.verifications.get_mut(id) {
        verification.completed_at = Some(now);
        verification.progress = if passed {
            Progress::Passed
        } else {
            Progress::Failed
        };
    }
    true
}

impl Verification {
    fn describe(&self) -> Value {
        let (status, kyc) = match self.progress {
            Progress::Active => ("active", "waiting_for_prerequisite"),
            Progress::Passed => ("success", "success"),
            Progress::Failed => ("failed", "failed"),
        };
        let is_over = self.progress != Progress::Active;
        let first = match (self.gave_consent || is_over, is_over) {
            (false, _) => ("active", "waiting_for_prerequisite"),
            (true, false) => ("success", "active"),
            (true, true) => ("success", "success"),
        };
        let url = format!("https://verify.invalid/{}", self.id);
        json!({
            "beacon_user_id": null,
            "client_user_id": self.client_user_id,
            "completed_at": self.completed_at.map(timestamp),
            "created_at": timestamp(self.created_at),
            "documentary_verification": null,
            "id": self.id,
            "kyc_check": is_over.then(|| kyc_check(self.progress == Progress::Passed)),
            "previous_attempt_id": self.previous,
            "redacted_at": null,
            "risk_check": null,
            "selfie_check": null,
            // A name that never resolves: there is no page to share.
            "shareable_url": self.is_shareable.then_some(url),
            "status": status,
            "steps": {
                "accept_tos": first.0,
                "documentary_verification": "not_applicable",
                "kyc_check": kyc,
                "risk_check": "not_applicable",
                "selfie_check": "not_applicable",
                "verify_sms": first.1,
                "watchlist_screening": "not_applicable",
            },
            "template": { "id": self.template_id, "version": 1 },
            "user": self.person(),
            "user_id": self.user_id,
            "verify_sms": null,
            "watchlist_screening_id": null,
        })
    }

    /// What was told of the user, with null for the rest.
    fn person(&self) -> Value {
        let mut person = fields(json!({
            "address": null,
            "date_of_birth": null,
            "email_address": null,
            "id_number": null,
            "ip_address": null,
            "name": null,
            "phone_number": null,
        }));
        person.extend(self.user.clone());
        if let Some(Value::Object(address)) = person.get_mut("address") {
            for part in ["city", "postal_code", "region", "street", "street2"] {
                address.entry(part).or_insert(Value::Null);
            }
        }
        Value::Object(person)
    }
}

fn timestamp(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn kyc_check(passed: bool) -> Value {
    let (status, summary) = if passed {
        ("success", "match")
    } else {
        ("failed", "no_match")
    };
    json!({
        "address": { "po_box": "no", "summary": summary, "type": "residential" },
        "date_of_birth": { "summary": summary },
        "id_number": { "summary": summary },
        "name": { "summary": summary },
        "phone_number": { "area_code": summary, "summary": summary },
        "status": status,
    })
}
