//! Asset Reports.

use axum::http::StatusCode;
use chrono::{DateTime, Days, NaiveDate, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{accounts::account_fields, identity::owner, pdf};
use crate::{
    agenda::Event,
    call::{Call, Reply, fields},
    error::ApiError,
    ids::{ENVIRONMENT, Shape, shape},
    ledger::{Ledger, Transaction},
    state::{Account, Condition, Item, Report},
};

/// Days of history that an account shows at most: a balance for each of 731
/// days and 99 Items would make an answer of a hundred megabytes.
const MAX_BALANCES: u32 = 90;

#[derive(Deserialize)]
struct CreateRequest {
    access_tokens: Option<Vec<String>>,
    days_requested: u32,
    #[serde(default)]
    options: CreateOptions,
}

#[derive(Default, Deserialize)]
struct CreateOptions {
    client_report_id: Option<String>,
    webhook: Option<String>,
    user: Option<Value>,
}

#[derive(Deserialize)]
struct GetRequest {
    asset_report_token: Option<String>,
    #[serde(default)]
    options: GetOptions,
}

#[derive(Default, Deserialize)]
struct GetOptions {
    days_to_include: Option<u32>,
}

#[derive(Deserialize)]
struct RefreshRequest {
    asset_report_token: String,
    days_requested: Option<u32>,
    #[serde(default)]
    options: CreateOptions,
}

#[derive(Deserialize)]
struct FilterRequest {
    asset_report_token: String,
    account_ids_to_exclude: Vec<String>,
}

#[derive(Deserialize)]
struct RemoveRequest {
    asset_report_token: String,
}

/// The reports that an auditor may read, by one of two names.
#[derive(Deserialize)]
struct AuditRequest {
    asset_report_token: Option<String>,
    #[serde(default)]
    report_tokens: Vec<String>,
}

#[derive(Deserialize)]
struct AuditUpdateRequest {
    audit_copy_token: String,
    report_tokens: Vec<String>,
}

#[derive(Deserialize)]
struct AuditCopyRequest {
    audit_copy_token: String,
}

/// `/asset_report/create`
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: CreateRequest = call.body()?;
    let access_tokens = request
        .access_tokens
        .ok_or_else(|| ApiError::missing_fields("access_tokens"))?;
    let mut item_ids = Vec::new();
    for access_token in &access_tokens {
        let item = call.readable_item(access_token, Some("assets"))?;
        if item_ids.contains(&item.id) {
            return Err(ApiError::invalid_field(
                "access_tokens must name each item once",
            ));
        }
        item_ids.push(item.id.clone());
    }
    let report = Report {
        id: call.state.ids.uuid(),
        created_at: call.state.now(),
        days_requested: request.days_requested,
        client_report_id: request.options.client_report_id,
        user: request.options.user.unwrap_or_else(|| json!({})),
        webhook: request.options.webhook,
        item_ids,
        excluded: Vec::new(),
        ready: false,
    };
    keep(call, report)
}

/// Keeps a report under a new token, and plans when it is ready.
fn keep(call: &mut Call<'_>, report: Report) -> Result<Reply, ApiError> {
    let token = call.state.ids.token("assets");
    let reply = json!({ "asset_report_id": report.id, "asset_report_token": token });
    call.state.reports.insert(token.clone(), report)?;
    if let Some(time) = call.state.pace.report() {
        let at = call.state.now() + time;
        call.state.agenda.add(at, Event::ReportReady(token));
    }
    Ok(Reply::json(reply))
}

/// `/asset_report/refresh`: a report of today about the Items of an older one, which
/// stays. What the request does not say is as it was.
pub(super) fn refresh(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: RefreshRequest = call.body()?;
    let old = find(call, &request.asset_report_token)?.clone();
    for id in &old.item_ids {
        if let Some(error) = call.live_item(id.clone())?.error() {
            return Err(error);
        }
    }
    let options = request.options;
    let report = Report {
        id: call.state.ids.uuid(),
        created_at: call.state.now(),
        days_requested: request.days_requested.unwrap_or(old.days_requested),
        client_report_id: options.client_report_id.or(old.client_report_id),
        user: options.user.unwrap_or(old.user),
        webhook: options.webhook.or(old.webhook),
        ready: false,
        ..old
    };
    keep(call, report)
}

/// `/asset_report/filter`: the same report without some of its accounts. The whole
/// one stays.
pub(super) fn filter(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: FilterRequest = call.body()?;
    let mut report = find(call, &request.asset_report_token)?.clone();
    if !report.ready {
        return Err(not_ready());
    }
    for id in request.account_ids_to_exclude {
        let items = report.item_ids.iter();
        let mut items = items.filter_map(|id| call.state.items.get(id));
        if !items.any(|item| item.account(&id).is_ok()) {
            return Err(ApiError::invalid_account_id());
        }
        report.excluded.push(id);
    }
    report.id = call.state.ids.uuid();
    report.ready = false;
    keep(call, report)
}

/// `/asset_report/remove`: its audit copies go with it.
pub(super) fn remove(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: RemoveRequest = call.body()?;
    find(call, &request.asset_report_token)?;
    call.state.reports.remove(&request.asset_report_token);
    Ok(Reply::json(json!({ "removed": true })))
}

/// `/asset_report/audit_copy/create` and `/credit/audit_copy_token/create`
pub(super) fn create_audit_copy(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: AuditRequest = call.body()?;
    let mut reports = request.report_tokens;
    reports.extend(request.asset_report_token);
    for token in &reports {
        poll(call, token)?;
    }
    let token = format!(
        "a-{ENVIRONMENT}-{}",
        call.state.ids.alphanumeric(26).to_ascii_lowercase()
    );
    call.state.audit_copies.insert(token.clone(), reports)?;
    Ok(Reply::json(json!({ "audit_copy_token": token })))
}

/// `/credit/audit_copy_token/update`: adds reports.
pub(super) fn update_audit_copy(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: AuditUpdateRequest = call.body()?;
    for token in &request.report_tokens {
        poll(call, token)?;
    }
    let copy = call.state.audit_copies.get_mut(&request.audit_copy_token);
    let reports = copy.ok_or_else(no_audit_copy)?;
    for token in request.report_tokens {
        if !reports.contains(&token) {
            reports.push(token);
        }
    }
    Ok(Reply::json(json!({ "updated": true })))
}

/// `/asset_report/audit_copy/remove` and `/credit/audit_copy_token/remove`
pub(super) fn remove_audit_copy(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: AuditCopyRequest = call.body()?;
    let copy = call.state.audit_copies.remove(&request.audit_copy_token);
    copy.ok_or_else(no_audit_copy)?;
    Ok(Reply::json(json!({ "removed": true })))
}

/// `/asset_report/audit_copy/get`
pub(super) fn get_audit_copy(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let token = audited(call)?;
    show(call, &token, None)
}

/// `/asset_report/audit_copy/pdf/get`
pub(super) fn audit_copy_pdf(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let token = audited(call)?;
    print(call, &token)
}

/// The report that an auditor reads: the first of those that are still there.
fn audited(call: &Call<'_>) -> Result<String, ApiError> {
    let request: AuditCopyRequest = call.body()?;
    let copy = call.state.audit_copies.get(&request.audit_copy_token);
    let mut reports = copy.into_iter().flatten();
    let report = reports.find(|token| call.state.reports.get(token).is_some());
    report.cloned().ok_or_else(no_audit_copy)
}

fn no_audit_copy() -> ApiError {
    ApiError::invalid_input("INVALID_AUDIT_COPY_TOKEN", "").without_message()
}

/// `/asset_report/get`
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: GetRequest = call.body()?;
    let token = request
        .asset_report_token
        .ok_or_else(|| ApiError::missing_fields("asset_report_token"))?;
    poll(call, &token)?;
    show(call, &token, request.options.days_to_include)
}

fn show(call: &mut Call<'_>, token: &str, days: Option<u32>) -> Result<Reply, ApiError> {
    let report = find(call, token)?.clone();
    let days = days.unwrap_or(report.days_requested);
    if days > report.days_requested {
        return Err(ApiError::invalid_field(
            "options.days_to_include must be at most the days that were requested",
        ));
    }
    let period = Period::ending(report.created_at, days);
    let items: Vec<_> = report
        .item_ids
        .iter()
        .filter_map(|id| item_json(call, id, &report.excluded, &period))
        .collect();
    Ok(Reply::json(json!({
        "report": {
            "asset_report_id": report.id,
            "client_report_id": report.client_report_id,
            "date_generated": timestamp(report.created_at),
            "days_requested": report.days_requested,
            "items": items,
            "user": report.user,
        },
        "warnings": [],
    })))
}

/// `/asset_report/pdf/get`
pub(super) fn pdf(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let request: GetRequest = call.body()?;
    let token = request.asset_report_token.unwrap_or_default();
    poll(call, &token)?;
    print(call, &token)
}

fn print(call: &Call<'_>, token: &str) -> Result<Reply, ApiError> {
    let report = find(call, token)?;
    let mut lines = vec![
        "Asset Report".to_owned(),
        format!("Report {}", report.id),
        format!(
            "Generated {}, {} days",
            timestamp(report.created_at),
            report.days_requested
        ),
    ];
    for item in report
        .item_ids
        .iter()
        .filter_map(|id| call.state.items.get(id))
    {
        lines.push(item.institution.name.to_owned());
        let shown = |account: &&Account| !report.excluded.contains(&account.id);
        lines.extend(item.accounts.iter().filter(shown).map(account_line));
    }
    Ok(Reply::pdf(pdf::document(&lines)))
}

fn account_line(account: &Account) -> String {
    let template = &account.template;
    format!(
        "{} ({}): USD {}",
        template.name, template.mask, template.current
    )
}

fn find<'c>(call: &'c Call<'_>, token: &str) -> Result<&'c Report, ApiError> {
    let known = (shape("assets", token) == Shape::Ours)
        .then(|| call.state.reports.get(token))
        .flatten();
    known.ok_or_else(|| {
        ApiError::invalid_field(
            "asset_report_token must be one that was created in this environment",
        )
    })
}

/// A report takes its time. Unless told otherwise that is until somebody asks for
/// it: it is not ready the first time, and ready from then on.
fn poll(call: &mut Call<'_>, token: &str) -> Result<(), ApiError> {
    if find(call, token)?.ready {
        return Ok(());
    }
    if call.state.pace.report().is_none() {
        announce(call, token);
    }
    Err(not_ready())
}

fn not_ready() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "ASSET_REPORT_ERROR",
        "PRODUCT_NOT_READY",
        "the report is still being generated; ask again",
    )
}

/// Makes a report ready and tells its webhook.
pub(crate) fn announce(call: &mut Call<'_>, token: &str) {
    let Some(report) = call.state.reports.get_mut(token) else {
        return;
    };
    report.ready = true;
    let details = fields(json!({ "asset_report_id": report.id, "report_type": "FULL" }));
    if let Some(address) = report.webhook.clone() {
        call.post_webhook(&address, "ASSETS", "PRODUCT_READY", details);
    }
}

/// The days that a report covers.
struct Period {
    last: NaiveDate,
    days: u32,
}

impl Period {
    fn ending(moment: DateTime<Utc>, days: u32) -> Self {
        Self {
            last: moment.date_naive(),
            days,
        }
    }

    /// The days, newest first.
    fn days(&self) -> impl Iterator<Item = NaiveDate> {
        (0..self.days).map_while(|age| self.last.checked_sub_days(Days::new(age.into())))
    }

    fn contains(&self, date: NaiveDate) -> bool {
        date <= self.last && self.last.signed_duration_since(date).num_days() < i64::from(self.days)
    }
}

/// An Item of a report; nothing if the report leaves all its accounts out.
fn item_json(call: &mut Call<'_>, id: &str, excluded: &[String], period: &Period) -> Option<Value> {
    let now = call.state.now();
    let item = call
        .state
        .items
        .get_mut(id)
        .filter(|item| item.condition != Condition::Removed)?;
    item.ledger(now);
    let item: &Item = item;
    let accounts: Vec<_> = item
        .accounts
        .iter()
        .filter(|account| !excluded.contains(&account.id))
        .map(|account| account_json(item, account, period))
        .collect();
    (!accounts.is_empty()).then_some(())?;
    Some(json!({
        "accounts": accounts,
        "date_last_updated": timestamp(item.created_at),
        "institution_id": item.institution.id,
        "institution_name": item.institution.name,
        "item_id": item.id,
    }))
}

fn account_json(item: &Item, account: &Account, period: &Period) -> Value {
    let transactions = item
        .opened_ledger()
        .map_or_else(Vec::new, |ledger| transactions(ledger, account, period));
    let mut described = account_fields(account);
    if let Some(balances) = described.get_mut("balances") {
        balances["margin_loan_amount"] = Value::Null;
    }
    described.extend(fields(json!({
        "days_available": period.days,
        "historical_balances": historical_balances(account, period),
        "owners": [owner(account)],
        "ownership_type": null,
        "transactions": transactions,
    })));
    described.remove("holder_category");
    Value::Object(described)
}

fn transactions(ledger: &Ledger, account: &Account, period: &Period) -> Vec<Value> {
    let Some(number) = ledger.account(&account.template.mask) else {
        return Vec::new();
    };
    let numbers =
        ledger.newest_first(|entry| entry.account == number && period.contains(entry.date));
    numbers
        .into_iter()
        .map(|number| transaction_json(account, &ledger.transaction(number)))
        .collect()
}

/// Balances do not move in the sandbox: the bookings repeat, the balance stays.
fn historical_balances(account: &Account, period: &Period) -> Value {
    let days = period.days().take(MAX_BALANCES as usize);
    days.map(|date| {
        json!({
            "current": account.template.current,
            "date": date,
            "iso_currency_code": "USD",
            "unofficial_currency_code": null,
        })
    })
    .collect()
}

fn transaction_json(account: &Account, transaction: &Transaction) -> Value {
    let entry = &transaction.entry;
    json!({
        "account_id": account.id,
        "amount": entry.amount,
        "date": entry.date,
        "date_transacted": null,
        "iso_currency_code": "USD",
        "name": entry.booking.name,
        "original_description": entry.booking.name,
        "pending": entry.pending,
        "transaction_id": transaction.id(),
        "unofficial_currency_code": null,
    })
}

fn timestamp(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}
