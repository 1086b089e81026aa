//! What a program would write that needs these answers and has no SDK: derives,
//! amounts as `f64`, enums that know today's values only.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
pub(crate) struct SyncPage {
    pub accounts: Vec<Account>,
    pub added: Vec<Transaction>,
    pub has_more: bool,
    pub modified: Vec<Transaction>,
    pub next_cursor: String,
    pub removed: Vec<Removed>,
    pub request_id: String,
    pub transactions_update_status: UpdateStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum UpdateStatus {
    TransactionsUpdateStatusUnknown,
    NotReady,
    InitialUpdateComplete,
    HistoricalUpdateComplete,
}

#[derive(Deserialize)]
pub(crate) struct Account {
    pub account_id: String,
    pub balances: Balances,
    pub holder_category: Option<String>,
    pub mask: Option<String>,
    pub name: String,
    pub official_name: Option<String>,
    pub persistent_account_id: Option<String>,
    pub subtype: Option<String>,
    #[serde(rename = "type")]
    pub kind: String,
}

#[derive(Deserialize)]
pub(crate) struct Balances {
    pub available: Option<f64>,
    pub current: Option<f64>,
    pub iso_currency_code: Option<String>,
    pub last_updated_datetime: Option<DateTime<Utc>>,
    pub limit: Option<f64>,
    pub unofficial_currency_code: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Removed {
    pub account_id: String,
    pub transaction_id: String,
}

#[derive(Deserialize)]
pub(crate) struct Transaction {
    pub account_id: String,
    pub account_owner: Option<String>,
    pub amount: f64,
    pub authorized_date: Option<NaiveDate>,
    pub authorized_datetime: Option<DateTime<Utc>>,
    pub business_finance_category: Option<BusinessFinanceCategory>,
    pub category: Option<Vec<String>>,
    pub category_id: Option<String>,
    pub check_number: Option<String>,
    pub client_customization: Option<ClientCustomization>,
    #[serde(default)]
    pub counterparties: Vec<Counterparty>,
    pub date: NaiveDate,
    pub datetime: Option<DateTime<Utc>>,
    pub iso_currency_code: Option<String>,
    pub location: Option<Location>,
    pub logo_url: Option<String>,
    pub merchant_entity_id: Option<String>,
    pub merchant_name: Option<String>,
    pub name: Option<String>,
    pub original_description: Option<String>,
    pub payment_channel: PaymentChannel,
    pub payment_meta: Option<PaymentMeta>,
    pub pending: bool,
    pub pending_transaction_id: Option<String>,
    pub personal_finance_category: Option<PersonalFinanceCategory>,
    pub personal_finance_category_icon_url: Option<String>,
    pub transaction_code: Option<TransactionCode>,
    pub transaction_id: String,
    pub transaction_type: Option<TransactionType>,
    pub unofficial_currency_code: Option<String>,
    pub website: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct BusinessFinanceCategory {
    pub confidence_level: Option<String>,
    pub detailed: String,
    pub primary: String,
}

#[derive(Deserialize)]
pub(crate) struct ClientCustomization {
    pub custom_entity_id: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Counterparty {
    pub account_numbers: Option<AccountNumbers>,
    pub confidence_level: Option<String>,
    pub entity_id: Option<String>,
    pub logo_url: Option<String>,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: CounterpartyKind,
    pub website: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct AccountNumbers {
    pub bacs: Option<Bacs>,
    pub international: Option<International>,
}

#[derive(Deserialize)]
pub(crate) struct Bacs {
    pub account: Option<String>,
    pub sort_code: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct International {
    pub bic: Option<String>,
    pub iban: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CounterpartyKind {
    Merchant,
    FinancialInstitution,
    PaymentApp,
    Marketplace,
    PaymentTerminal,
    IncomeSource,
}

#[derive(Deserialize)]
pub(crate) struct Location {
    pub address: Option<String>,
    pub city: Option<String>,
    pub country: Option<String>,
    pub lat: Option<f64>,
    pub lon: Option<f64>,
    pub postal_code: Option<String>,
    pub region: Option<String>,
    pub store_number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentChannel {
    Online,
    #[serde(rename = "in store")]
    InStore,
    Other,
}

#[derive(Deserialize)]
pub(crate) struct PaymentMeta {
    pub by_order_of: Option<String>,
    pub payee: Option<String>,
    pub payer: Option<String>,
    pub payment_method: Option<String>,
    pub payment_processor: Option<String>,
    pub ppd_id: Option<String>,
    pub reason: Option<String>,
    pub reference_number: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct PersonalFinanceCategory {
    pub confidence_level: Option<String>,
    pub detailed: String,
    pub primary: String,
    pub version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TransactionCode {
    Adjustment,
    Atm,
    #[serde(rename = "bank charge")]
    BankCharge,
    #[serde(rename = "bill payment")]
    BillPayment,
    Cash,
    Cashback,
    Cheque,
    #[serde(rename = "direct debit")]
    DirectDebit,
    Interest,
    Purchase,
    #[serde(rename = "standing order")]
    StandingOrder,
    Transfer,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TransactionType {
    Digital,
    Place,
    Special,
    Unresolved,
}

#[derive(Serialize)]
pub(crate) struct StripeRequest<'a> {
    pub access_token: &'a str,
    pub account_id: &'a str,
}

#[derive(Deserialize)]
pub(crate) struct StripeAnswer {
    pub request_id: String,
    pub stripe_bank_account_token: String,
}
