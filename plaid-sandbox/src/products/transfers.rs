//! Transfers that were authorized: they are made, move through their states when the
//! sandbox is told to move them, and leave events behind.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    call::{Call, Reply},
    error::ApiError,
    state::{Authorized, Kept},
    storage::{Journal, Misfit},
    webhook::Destination,
};

const DEFAULT_COUNT: usize = 25;
const DEFAULT_SYNC_COUNT: usize = 100;

#[derive(Deserialize)]
struct CreateRequest {
    access_token: String,
    account_id: String,
    authorization_id: String,
    description: String,
    amount: Option<String>,
    metadata: Option<Value>,
    facilitator_fee: Option<String>,
}

#[derive(Deserialize)]
struct GetRequest {
    transfer_id: Option<String>,
    authorization_id: Option<String>,
}

#[derive(Deserialize)]
struct CancelRequest {
    transfer_id: String,
}

/// Which transfers or events are asked for.
#[derive(Deserialize)]
struct ListRequest {
    start_date: Option<String>,
    end_date: Option<String>,
    transfer_id: Option<String>,
    account_id: Option<String>,
    transfer_type: Option<String>,
    event_types: Option<Vec<String>>,
    count: Option<usize>,
    offset: Option<usize>,
}

#[derive(Deserialize)]
struct SyncRequest {
    after_id: u64,
    count: Option<usize>,
}

#[derive(Deserialize)]
struct SimulateRequest {
    transfer_id: String,
    event_type: String,
    failure_reason: Option<Value>,
    webhook: Option<String>,
}

#[derive(Deserialize)]
struct FireRequest {
    webhook: String,
}

/// What has been decided and what has been made of it.
#[derive(Default)]
pub(crate) struct Transfers {
    /// In the order in which they were made, as answers show them.
    made: Vec<Map<String, Value>>,
    events: Vec<Value>,
    /// The places of what may have changed since the data file was last told; `None`
    /// without such a file.
    touched: Option<BTreeSet<usize>>,
    /// As many events as the data file has. They stay as they are.
    written: usize,
}

impl Transfers {
    pub(super) fn find(&mut self, field: &str, value: &str) -> Option<&mut Map<String, Value>> {
        let is_it = |transfer: &Map<String, Value>| {
            transfer.get(field).and_then(Value::as_str) == Some(value)
        };
        let place = self.made.iter().position(is_it)?;
        self.touch(place);
        self.made.get_mut(place)
    }

    /// All of them, in the order in which they were made.
    pub(super) fn all(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.made.iter()
    }

    fn add(&mut self, transfer: Map<String, Value>) {
        self.touch(self.made.len());
        self.made.push(transfer);
    }

    fn touch(&mut self, place: usize) {
        if let Some(touched) = &mut self.touched {
            touched.insert(place);
        }
    }
}

/// The names of the records. With zeros in front they are in the order of the places.
const MADE: &str = "made/";
const EVENT: &str = "event/";

impl Kept for Transfers {
    fn track(&mut self) {
        self.touched = Some(BTreeSet::new());
    }

    fn changes(&mut self, kind: &'static str, journal: &mut Journal) {
        for place in self
            .touched
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
        {
            journal.note(kind, &format!("{MADE}{place:06}"), self.made.get(place));
        }
        for (place, event) in self.events.iter().enumerate().skip(self.written) {
            journal.append(kind, format!("{EVENT}{place:06}"), event);
        }
        self.written = self.events.len();
    }

    fn restore(&mut self, name: &str, value: &[u8]) -> Result<(), Misfit> {
        let place = |text: &str, next: usize| text.parse() == Ok(next);
        if let Some(text) = name.strip_prefix(MADE) {
            self.made.push(serde_json::from_slice(value)?);
            return place(text, self.made.len() - 1).then_some(()).ok_or(Misfit);
        }
        let text = name.strip_prefix(EVENT).ok_or(Misfit)?;
        self.events.push(serde_json::from_slice(value)?);
        self.written = self.events.len();
        place(text, self.written - 1).then_some(()).ok_or(Misfit)
    }
}

/// Transfers and events that are kept.
const CAPACITY: usize = 10_000;

/// `/transfer/create`: a second time with the same authorization it answers the
/// transfer that was made the first time.
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: CreateRequest = call.body()?;
    let item_id = call.item(&request.access_token)?.id.clone();
    let id = request.authorization_id.as_str();
    let authorized = call.state.authorized.get(id).cloned();
    let authorized = authorized
        .filter(|authorized| authorized.item_id == item_id)
        .ok_or_else(|| unknown("authorization_id"))?;
    if let Some(first) = call.state.transfers.find("authorization_id", id) {
        return Ok(Reply::json(json!({ "transfer": first })));
    }
    if !authorized.approved {
        return Err(ApiError::invalid_field(
            "authorization_id must be that of an authorization that was approved",
        ));
    }
    if authorized.proposed["account_id"] != request.account_id.as_str() {
        return Err(ApiError::invalid_field(
            "account_id must be that of the authorization",
        ));
    }
    if call.state.transfers.made.len() >= CAPACITY {
        return Err(ApiError::rate_limit("RATE_LIMIT"));
    }
    let transfer = describe(call, &request, &authorized);
    let reply = Reply::json(json!({ "transfer": transfer }));
    note(call, &transfer, "pending", Value::Null, None);
    call.state.transfers.add(transfer);
    Ok(reply)
}

fn describe(
    call: &mut Call<'_>,
    request: &CreateRequest,
    authorized: &Authorized,
) -> Map<String, Value> {
    let now = call.state.now();
    let proposed = &authorized.proposed;
    let in_days = |days| (now + TimeDelta::days(days)).date_naive();
    let mut transfer = crate::call::fields(json!({
        "account_id": request.account_id,
        "amount": request.amount.as_deref().or(proposed["amount"].as_str()),
        "authorization_id": request.authorization_id,
        "cancellable": true,
        "created": timestamp(now),
        "credit_funds_source": proposed["credit_funds_source"],
        "description": request.description,
        "expected_funds_available_date": null,
        "expected_settlement_date": in_days(2),
        "expected_sweep_settlement_schedule": [],
        "failure_reason": null,
        "funding_account_id": proposed["funding_account_id"],
        "guarantee_decision": null,
        "guarantee_decision_rationale": null,
        "id": call.state.ids.uuid(),
        "iso_currency_code": proposed["iso_currency_code"],
        "ledger_id": proposed["ledger_id"],
        "metadata": request.metadata,
        "network": proposed["network"],
        "network_trace_id": null,
        "origination_account_id": "",
        "originator_client_id": proposed["originator_client_id"],
        "recurring_transfer_id": null,
        "refunds": [],
        // Two business days for the first, sixty days for the second.
        "standard_return_window": in_days(4),
        "status": "pending",
        "sweep_status": "unswept",
        "type": proposed["type"],
        "unauthorized_return_window": in_days(62),
        "user": proposed["user"],
    }));
    for field in ["ach_class", "wire_details"] {
        if let Some(value) = proposed.get(field) {
            transfer.insert(field.to_owned(), value.clone());
        }
    }
    if let Some(fee) = &request.facilitator_fee {
        transfer.insert("facilitator_fee".to_owned(), json!(fee));
    }
    transfer
}

/// `/transfer/get`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: GetRequest = call.body()?;
    let transfers = &mut call.state.transfers;
    let found = match (request.transfer_id, request.authorization_id) {
        (Some(id), _) => transfers
            .find("id", &id)
            .ok_or_else(|| unknown("transfer_id")),
        (None, Some(id)) => transfers
            .find("authorization_id", &id)
            .ok_or_else(|| unknown("authorization_id")),
        (None, None) => Err(ApiError::missing_fields("transfer_id")),
    };
    Ok(Reply::json(json!({ "transfer": found? })))
}

pub(super) fn unknown(field: &str) -> ApiError {
    ApiError::invalid_field(format!(
        "{field} must be one that was made in this environment"
    ))
}

/// `/transfer/cancel`: as long as the transfer is pending.
pub(super) fn cancel(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: CancelRequest = call.body()?;
    let transfers = &mut call.state.transfers;
    let transfer = transfers
        .find("id", &request.transfer_id)
        .ok_or_else(|| unknown("transfer_id"))?;
    if transfer["status"] != "pending" {
        return Err(ApiError::transfer(
            "TRANSFER_NOT_CANCELLABLE",
            "only a pending transfer can be cancelled",
        ));
    }
    proceed(call, &request.transfer_id, "cancelled", Value::Null);
    Ok(Reply::empty())
}

/// Moves a transfer to a state, and notes it.
fn proceed(call: &mut Call<'_>, id: &str, status: &str, failure: Value) {
    let Some(transfer) = call.state.transfers.find("id", id) else {
        return;
    };
    transfer.insert("status".to_owned(), json!(status));
    transfer.insert("cancellable".to_owned(), json!(false));
    transfer.insert("failure_reason".to_owned(), failure.clone());
    let transfer = transfer.clone();
    note(call, &transfer, status, failure, None);
}

/// Adds an event to those that `/transfer/event/sync` hands out.
pub(super) fn note(
    call: &mut Call<'_>,
    transfer: &Map<String, Value>,
    kind: &str,
    failure: Value,
    refund_id: Option<&str>,
) {
    let now = call.state.now();
    let events = &mut call.state.transfers.events;
    // Later events would have no number that was not given out.
    if events.len() >= 8 * CAPACITY {
        return;
    }
    events.push(json!({
        "account_id": transfer["account_id"],
        "event_id": events.len() + 1,
        "event_type": kind,
        "failure_reason": failure,
        "funding_account_id": transfer["funding_account_id"],
        "intent_id": null,
        "ledger_id": transfer["ledger_id"],
        "origination_account_id": transfer["origination_account_id"],
        "originator_client_id": transfer["originator_client_id"],
        "refund_id": refund_id,
        "sweep_amount": null,
        "sweep_id": null,
        "timestamp": timestamp(now),
        "transfer_amount": transfer["amount"],
        "transfer_id": transfer["id"],
        "transfer_type": transfer["type"],
        "wire_return_fee": null,
    }));
}

/// `/transfer/list`, newest first.
pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: ListRequest = call.body()?;
    let made = call.state.transfers.made.iter().rev();
    let wanted = made.filter(|transfer| is_within(&request, &transfer["created"]));
    let (page, _) = page(wanted, &request);
    Ok(Reply::json(json!({ "transfers": page })))
}

/// `/transfer/event/list`
pub(super) fn events(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: ListRequest = call.body()?;
    let is = |wanted: &Option<String>, found: &Value| {
        wanted.as_deref().is_none_or(|wanted| found == wanted)
    };
    let events = call.state.transfers.events.iter().filter(|event| {
        let kinds = request.event_types.as_deref().unwrap_or_default();
        is(&request.transfer_id, &event["transfer_id"])
            && is(&request.account_id, &event["account_id"])
            && is(&request.transfer_type, &event["transfer_type"])
            && (kinds.is_empty()
                || kinds
                    .iter()
                    .any(|kind| event["event_type"] == kind.as_str()))
            && is_within(&request, &event["timestamp"])
    });
    let (page, has_more) = page(events, &request);
    Ok(Reply::json(
        json!({ "has_more": has_more, "transfer_events": page }),
    ))
}

/// `/transfer/event/sync`
pub(super) fn sync(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: SyncRequest = call.body()?;
    // Events are numbered from 1 without gaps.
    let after = usize::try_from(request.after_id).unwrap_or(usize::MAX);
    let count = request.count.unwrap_or(DEFAULT_SYNC_COUNT);
    let mut events = call.state.transfers.events.iter().skip(after);
    let page: Vec<_> = events.by_ref().take(count).collect();
    Ok(Reply::json(json!({
        "has_more": events.next().is_some(),
        "transfer_events": page,
    })))
}

fn page<'a, T: 'a>(rows: impl Iterator<Item = &'a T>, request: &ListRequest) -> (Vec<&'a T>, bool) {
    let mut rows = rows.skip(request.offset.unwrap_or(0));
    let count = request.count.unwrap_or(DEFAULT_COUNT);
    let page = rows.by_ref().take(count).collect();
    (page, rows.next().is_some())
}

fn is_within(request: &ListRequest, moment: &Value) -> bool {
    let moment = moment.as_str().and_then(instant);
    let after = request.start_date.as_deref().and_then(instant);
    let before = request.end_date.as_deref().and_then(instant);
    after.is_none_or(|after| moment >= Some(after))
        && before.is_none_or(|before| moment <= Some(before))
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    let day = |text: &str| text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0);
    text.parse()
        .ok()
        .or_else(|| day(text).map(|day| day.and_utc()))
}

/// `/sandbox/transfer/simulate`
pub(super) fn simulate(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: SimulateRequest = call.body()?;
    let transfers = &mut call.state.transfers;
    let transfer = transfers
        .find("id", &request.transfer_id)
        .ok_or_else(|| unknown("transfer_id"))?;
    let status = transfer["status"].as_str().unwrap_or_default();
    let event = request.event_type.as_str();
    let transition = (status, event);
    if !TRANSITIONS.contains(&transition) {
        return Err(ApiError::sandbox(
            "SANDBOX_TRANSFER_EVENT_TRANSITION_INVALID",
            format!("a transfer that is {status} cannot be moved by this event"),
        ));
    }
    let failure = match event {
        "failed" | "returned" => request.failure_reason.unwrap_or_else(|| failure(event)),
        _ => Value::Null,
    };
    proceed(call, &request.transfer_id, event, failure);
    if let Some(address) = request.webhook {
        announce(call, &address)?;
    }
    Ok(Reply::empty())
}

/// The states that a transfer can be in, and the events that end them.
const TRANSITIONS: [(&str, &str); 5] = [
    ("pending", "failed"),
    ("pending", "posted"),
    ("posted", "returned"),
    ("posted", "settled"),
    ("settled", "funds_available"),
];

pub(super) fn failure(event: &str) -> Value {
    if event == "returned" {
        json!({
            "ach_return_code": "R01",
            "description": "the account does not hold the amount",
            "failure_code": "R01",
        })
    } else {
        json!({
            "ach_return_code": null,
            "description": "the transfer could not be sent",
            "failure_code": null,
        })
    }
}

/// `/sandbox/transfer/fire_webhook`
pub(super) fn fire_webhook(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: FireRequest = call.body()?;
    announce(call, &request.webhook)?;
    Ok(Reply::empty())
}

/// Says that there are events. Transfers have no webhook of their own in the
/// sandbox: the address comes with the call.
pub(super) fn announce(call: &mut Call<'_>, address: &str) -> Result<(), ApiError> {
    if Destination::of(address) == Destination::Invalid {
        return Err(ApiError::sandbox(
            "SANDBOX_WEBHOOK_INVALID",
            "webhook is not an address that a webhook could be sent to",
        ));
    }
    call.post_webhook(address, "TRANSFER", "TRANSFER_EVENTS_UPDATE", Map::new());
    Ok(())
}

fn timestamp(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}
