//! Transactions as answers show them, written straight into the answer: of a page of
//! five hundred, trees of JSON would take most of the time.

use chrono::NaiveDate;
use serde::{Serialize, Serializer};

use super::Details;
use crate::{ids::Id, ledger::Transaction, money::Money, state::Item};

/// A field that is always null.
type Null = ();

/// What transactions are shown with.
pub(super) struct Shown {
    /// The identifiers of the accounts, by the numbers that they have in the ledger.
    account_ids: Vec<String>,
    original: bool,
    /// The version of the categories, if they are wanted.
    categories: Option<String>,
}

impl Shown {
    pub(super) fn new(item: &Item, details: Details) -> Self {
        let masks = item
            .opened_ledger()
            .map_or(&[][..], |ledger| ledger.masks());
        let version = details.personal_finance_category_version;
        Self {
            account_ids: masks
                .iter()
                .map(|mask| item.account_id(mask).to_owned())
                .collect(),
            original: details.include_original_description == Some(true),
            categories: (details.include_personal_finance_category != Some(false))
                .then(|| version.unwrap_or_else(|| "v1".to_owned())),
        }
    }

    pub(super) fn rows<'a>(&'a self, transactions: &'a [Transaction]) -> Rows<'a> {
        Rows(self, transactions)
    }

    pub(super) fn removed<'a>(&'a self, transactions: &'a [Transaction]) -> Gone<'a> {
        Gone(self, transactions)
    }

    fn account_id(&self, transaction: &Transaction) -> &str {
        let number = usize::from(transaction.entry.account);
        self.account_ids.get(number).map_or("", String::as_str)
    }
}

/// Transactions that exist.
pub(super) struct Rows<'a>(&'a Shown, &'a [Transaction]);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(shown, transactions) = self;
        serializer.collect_seq(transactions.iter().map(|one| Row::new(shown, one)))
    }
}

/// Transactions that have been removed.
pub(super) struct Gone<'a>(&'a Shown, &'a [Transaction]);

impl Serialize for Gone<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row<'a> {
            account_id: &'a str,
            transaction_id: Id,
        }
        let Self(shown, transactions) = self;
        serializer.collect_seq(transactions.iter().map(|one| Row {
            account_id: shown.account_id(one),
            transaction_id: one.id(),
        }))
    }
}

/// A transaction. The fields are in the order of the alphabet, as in all answers.
#[derive(Serialize)]
struct Row<'a> {
    account_id: &'a str,
    account_owner: Null,
    amount: Money,
    authorized_date: NaiveDate,
    authorized_datetime: Null,
    category: Null,
    category_id: Null,
    check_number: Null,
    #[serde(serialize_with = "list")]
    counterparties: Option<Counterparty<'a>>,
    date: NaiveDate,
    datetime: Null,
    iso_currency_code: &'static str,
    location: Location,
    logo_url: Null,
    merchant_entity_id: Null,
    merchant_name: Option<&'a str>,
    name: &'a str,
    original_description: Option<&'a str>,
    payment_channel: &'a str,
    payment_meta: PaymentMeta,
    pending: bool,
    pending_transaction_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    personal_finance_category: Option<Category<'a>>,
    transaction_code: Null,
    transaction_id: Id,
    transaction_type: &'static str,
    unofficial_currency_code: Null,
    website: Null,
}

impl<'a> Row<'a> {
    fn new(shown: &'a Shown, transaction: &'a Transaction) -> Self {
        let entry = &transaction.entry;
        let booking = &*entry.booking;
        let merchant = booking.merchant.as_deref();
        Self {
            account_id: shown.account_id(transaction),
            account_owner: (),
            amount: entry.amount,
            authorized_date: entry.date,
            authorized_datetime: (),
            category: (),
            category_id: (),
            check_number: (),
            counterparties: merchant.map(Counterparty::merchant),
            date: entry.date,
            datetime: (),
            iso_currency_code: "USD",
            location: Location::default(),
            logo_url: (),
            merchant_entity_id: (),
            merchant_name: merchant,
            name: &booking.name,
            original_description: shown.original.then_some(&booking.name),
            payment_channel: &booking.channel,
            payment_meta: PaymentMeta::default(),
            pending: entry.pending,
            pending_transaction_id: transaction.pending_id(),
            personal_finance_category: shown.categories.as_deref().map(|version| Category {
                confidence_level: "HIGH",
                detailed: &booking.detail,
                primary: &booking.category,
                version,
            }),
            transaction_code: (),
            transaction_id: transaction.id(),
            transaction_type: transaction_type(&booking.channel),
            unofficial_currency_code: (),
            website: (),
        }
    }
}

fn transaction_type(channel: &str) -> &'static str {
    match channel {
        "online" => "digital",
        "in store" => "place",
        _ => "special",
    }
}

/// One thing or none as a list.
fn list<T: Serialize, S: Serializer>(thing: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(thing)
}

#[derive(Serialize)]
struct Counterparty<'a> {
    confidence_level: &'static str,
    entity_id: Null,
    logo_url: Null,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    website: Null,
}

impl<'a> Counterparty<'a> {
    fn merchant(name: &'a str) -> Self {
        Self {
            confidence_level: "HIGH",
            entity_id: (),
            logo_url: (),
            name,
            kind: "merchant",
            website: (),
        }
    }
}

#[derive(Serialize)]
struct Category<'a> {
    confidence_level: &'static str,
    detailed: &'a str,
    primary: &'a str,
    version: &'a str,
}

#[derive(Default, Serialize)]
struct Location {
    address: Null,
    city: Null,
    country: Null,
    lat: Null,
    lon: Null,
    postal_code: Null,
    region: Null,
    store_number: Null,
}

#[derive(Default, Serialize)]
struct PaymentMeta {
    by_order_of: Null,
    payee: Null,
    payer: Null,
    payment_method: Null,
    payment_processor: Null,
    ppd_id: Null,
    reason: Null,
    reference_number: Null,
}
