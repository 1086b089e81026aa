//! Refunds of transfers. Each stands with its transfer, as answers show it.

use chrono::SecondsFormat;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    transfer::replay,
    transfers::{announce, failure, note, unknown},
};
use crate::{
    call::{Call, Reply},
    error::ApiError,
    money::Money,
};

/// Refunds of one transfer: a transfer of a cent has one at most, and nobody needs
/// more than a few.
const CAPACITY: usize = 100;

#[derive(Deserialize)]
struct CreateRequest {
    transfer_id: String,
    amount: String,
    idempotency_key: String,
}

#[derive(Deserialize)]
struct RefundRequest {
    refund_id: String,
}

#[derive(Deserialize)]
struct SimulateRequest {
    refund_id: String,
    event_type: String,
    failure_reason: Option<Value>,
    webhook: Option<String>,
}

/// `/transfer/refund/create`: a part of a debit goes back, or all of it.
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: CreateRequest = call.body()?;
    let now = call.state.now();
    if let Some(answer) = replay(&call.state.refunds, &request.idempotency_key, now) {
        return Ok(Reply::json(answer));
    }
    let transfer = call.state.transfers.find("id", &request.transfer_id);
    let transfer = transfer.ok_or_else(|| unknown("transfer_id"))?.clone();
    check(&transfer, &request.amount)?;
    let id = call.state.ids.uuid();
    let refund = json!({
        "amount": request.amount,
        "created": now.to_rfc3339_opts(SecondsFormat::Secs, true),
        "failure_reason": null,
        "id": id,
        "ledger_id": transfer["ledger_id"],
        "network_trace_id": null,
        "status": "pending",
        "transfer_id": request.transfer_id,
    });
    let answer = json!({ "refund": refund });
    call.state
        .refunds
        .insert(request.idempotency_key, (now, answer.clone()))?;
    if let Some(transfer) = call.state.transfers.find("id", &request.transfer_id)
        && let Some(Value::Array(refunds)) = transfer.get_mut("refunds")
    {
        refunds.push(refund);
    }
    note(call, &transfer, "refund.pending", Value::Null, Some(&id));
    Ok(Reply::json(answer))
}

/// Whether that much of a transfer can still go back.
fn check(transfer: &Map<String, Value>, amount: &str) -> Result<(), ApiError> {
    let over = |status: &Value| {
        ["cancelled", "failed", "returned"]
            .iter()
            .any(|end| status == end)
    };
    if transfer["type"] != "debit" || over(&transfer["status"]) {
        return Err(ApiError::invalid_field(
            "transfer_id must be that of a debit that has not failed",
        ));
    }
    let refunds = transfer["refunds"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if refunds.len() >= CAPACITY {
        return Err(ApiError::rate_limit("RATE_LIMIT"));
    }
    let none = Money::units(0);
    let parse = |amount: &Value| amount.as_str().and_then(Money::parse).unwrap_or(none);
    let kept = refunds.iter().filter(|refund| !over(&refund["status"]));
    let refunded = kept.fold(none, |sum, refund| sum.plus(parse(&refund["amount"])));
    let amount = Money::parse(amount).filter(|amount| *amount > none);
    match amount {
        Some(amount) if refunded.plus(amount) <= parse(&transfer["amount"]) => Ok(()),
        _ => Err(ApiError::invalid_field(
            "amount must be positive and at most what has not been refunded yet",
        )),
    }
}

/// `/transfer/refund/get`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: RefundRequest = call.body()?;
    let (_, refund) = find(call, &request.refund_id)?;
    Ok(Reply::json(json!({ "refund": refund })))
}

/// `/transfer/refund/cancel`: as long as the refund is pending.
pub(super) fn cancel(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: RefundRequest = call.body()?;
    let (transfer, refund) = find(call, &request.refund_id)?;
    if refund["status"] != "pending" {
        return Err(ApiError::transfer(
            "TRANSFER_NOT_CANCELLABLE",
            "only a pending refund can be cancelled",
        ));
    }
    proceed(
        call,
        &transfer,
        &request.refund_id,
        "cancelled",
        Value::Null,
    );
    Ok(Reply::empty())
}

/// The states that a refund can be in, and the events that end them.
const TRANSITIONS: [(&str, &str); 4] = [
    ("pending", "failed"),
    ("pending", "posted"),
    ("posted", "returned"),
    ("posted", "settled"),
];

/// `/sandbox/transfer/refund/simulate`
pub(super) fn simulate(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: SimulateRequest = call.body()?;
    let (transfer, refund) = find(call, &request.refund_id)?;
    let status = refund["status"].as_str().unwrap_or_default();
    let event = request
        .event_type
        .strip_prefix("refund.")
        .unwrap_or_default();
    if !TRANSITIONS.contains(&(status, event)) {
        return Err(ApiError::sandbox(
            "SANDBOX_TRANSFER_EVENT_TRANSITION_INVALID",
            format!("a refund that is {status} cannot be moved by this event"),
        ));
    }
    let reason = match event {
        "failed" | "returned" => request.failure_reason.unwrap_or_else(|| failure(event)),
        _ => Value::Null,
    };
    proceed(call, &transfer, &request.refund_id, event, reason);
    if let Some(address) = request.webhook {
        announce(call, &address)?;
    }
    Ok(Reply::empty())
}

/// A refund and the transfer that it belongs to.
fn find(call: &Call<'_>, id: &str) -> Result<(Map<String, Value>, Value), ApiError> {
    let of = |transfer: &Map<String, Value>| {
        let mut refunds = transfer["refunds"].as_array()?.iter();
        let refund = refunds.find(|refund| refund["id"] == id)?;
        Some((transfer.clone(), refund.clone()))
    };
    let mut all = call.state.transfers.all();
    all.find_map(of).ok_or_else(|| unknown("refund_id"))
}

/// Moves a refund to a state, and notes it.
fn proceed(
    call: &mut Call<'_>,
    transfer: &Map<String, Value>,
    id: &str,
    status: &str,
    failure: Value,
) {
    let transfer_id = transfer["id"].as_str().unwrap_or_default();
    let kept = call.state.transfers.find("id", transfer_id);
    let refunds = kept.and_then(|transfer| transfer.get_mut("refunds")?.as_array_mut());
    let mut refunds = refunds.into_iter().flatten();
    if let Some(refund) = refunds.find(|refund| refund["id"] == id) {
        refund["status"] = json!(status);
        refund["failure_reason"] = failure.clone();
    }
    note(
        call,
        transfer,
        &format!("refund.{status}"),
        failure,
        Some(id),
    );
}
