//! The user `user_custom`, whose password says who they are.

use std::{collections::HashSet, sync::Arc};

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Number, Value, json};

use super::sandbox::simulated;
use crate::{
    catalog::{
        accounts::{AccountTemplate, Numbers},
        transactions::Booking,
    },
    contract::Contract,
    error::ApiError,
    ledger::{Plan, Planned},
    money::Money,
    state::Custom,
};

/// What the sandbox takes at most.
const MAX_ACCOUNTS: usize = 10;
const MAX_BYTES: usize = 55_000;

/// The part of a configuration that shows in what the emulator has of a user.
/// Holdings, liabilities, income and the model of inflows are accepted and not
/// used.
#[derive(Deserialize)]
struct Configuration {
    override_accounts: Vec<Account>,
    force_error: Option<String>,
}

#[derive(Deserialize)]
struct Account {
    #[serde(rename = "type", default = "depository")]
    kind: String,
    #[serde(default = "checking")]
    subtype: String,
    starting_balance: Option<Number>,
    force_available_balance: Option<Number>,
    #[serde(default)]
    has_null_available_balance: bool,
    currency: Option<String>,
    #[serde(default)]
    meta: Meta,
    #[serde(default)]
    numbers: AccountNumbers,
    #[serde(default)]
    transactions: Vec<Transaction>,
    identity: Option<Value>,
}

#[derive(Default, Deserialize)]
struct Meta {
    name: Option<String>,
    official_name: Option<String>,
    limit: Option<Number>,
    mask: Option<String>,
}

#[derive(Default, Deserialize)]
struct AccountNumbers {
    account: Option<String>,
    ach_routing: Option<String>,
    ach_wire_routing: Option<String>,
}

#[derive(Deserialize)]
struct Transaction {
    date_posted: NaiveDate,
    amount: Number,
    description: String,
    currency: Option<String>,
}

fn depository() -> String {
    "depository".into()
}

fn checking() -> String {
    "checking".into()
}

/// Reads the password of `user_custom`.
pub(super) fn user(password: &str) -> Result<Custom, ApiError> {
    if password.len() > MAX_BYTES {
        return Err(unusable("is too long"));
    }
    let configuration: Configuration = serde_json::from_str(password)
        .map_err(|_| unusable("is not the configuration of a user as JSON"))?;
    if let Some(code) = configuration.force_error.filter(|code| !code.is_empty()) {
        return Err(simulated(&code));
    }
    let accounts = configuration.override_accounts;
    if accounts.is_empty() || accounts.len() > MAX_ACCOUNTS {
        return Err(unusable("must have one to ten override_accounts"));
    }
    let mut custom = Vec::new();
    let mut plan = Plan::new();
    for (number, account) in accounts.into_iter().enumerate() {
        let (template, bookings) = account.into_template(number)?;
        plan.extend(bookings);
        custom.push(Arc::new(template));
    }
    // Transactions find their account by its mask.
    let masks: HashSet<_> = custom.iter().map(|account| &account.mask).collect();
    if masks.len() < custom.len() {
        return Err(unusable("must have accounts with different masks"));
    }
    plan.sort_by_key(|planned| planned.date);
    Ok(Custom {
        accounts: custom,
        plan: Some(Arc::new(plan)),
    })
}

fn unusable(why: &str) -> ApiError {
    ApiError::invalid_field(format!("options.override_password {why}"))
}

impl Account {
    /// Refuses what answers could not show.
    fn check(&self) -> Result<(), ApiError> {
        let contract = Contract::embedded().map_err(|_| ApiError::internal())?;
        if !contract.is_valid("AccountType", &json!(self.kind))
            || !contract.is_valid("AccountSubtype", &json!(self.subtype))
        {
            return Err(unusable("has an account of an unknown type or subtype"));
        }
        let identity = self.identity.as_ref();
        if identity.is_some_and(|identity| !contract.is_valid("Owner", identity)) {
            return Err(unusable("has an identity that is not that of an owner"));
        }
        let is_mask = |mask: &String| {
            mask.is_empty()
                || (2..=4).contains(&mask.len())
                    && mask.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if !self.meta.mask.as_ref().is_none_or(is_mask) {
            return Err(unusable(
                "has a mask that is not of two to four letters or digits",
            ));
        }
        let mut currencies = self.transactions.iter().map(|one| &one.currency);
        let is_other = |currency: &Option<String>| {
            currency
                .as_deref()
                .is_some_and(|currency| currency != "USD")
        };
        if is_other(&self.currency) || currencies.any(is_other) {
            return Err(unusable(
                "has a currency that this emulator lacks: it has USD",
            ));
        }
        Ok(())
    }

    fn into_template(self, number: usize) -> Result<(AccountTemplate, Plan), ApiError> {
        self.check()?;
        let mask = self.meta.mask.filter(|mask| !mask.is_empty());
        let mask = mask.unwrap_or_else(|| format!("{number:04}"));
        let current = money(self.starting_balance.as_ref())?.unwrap_or_default();
        let available = match money(self.force_available_balance.as_ref())? {
            _ if self.has_null_available_balance => None,
            // What is owed or invested is not available.
            None => (self.kind == "depository").then_some(current),
            forced => forced,
        };
        let bookings = self.transactions.into_iter().map(|transaction| {
            let amount = money(Some(&transaction.amount))?.unwrap_or_default();
            let booking = Booking::custom(transaction.description, amount, mask.clone());
            Ok(Planned {
                date: transaction.date_posted,
                booking: Arc::new(booking),
            })
        });
        let bookings = bookings.collect::<Result<_, ApiError>>()?;
        let name = self.meta.name.filter(|name| !name.is_empty());
        let template = AccountTemplate {
            name: name
                .unwrap_or_else(|| format!("Plaid {}", self.subtype))
                .into(),
            official_name: self.meta.official_name.map(Into::into),
            kind: self.kind.into(),
            subtype: self.subtype.into(),
            available,
            current,
            limit: money(self.meta.limit.as_ref())?,
            holder_category: None,
            numbers: Numbers {
                account: self.numbers.account,
                routing: self.numbers.ach_routing,
                wire_routing: self.numbers.ach_wire_routing,
            },
            owner: self.identity,
            mask: mask.into(),
        };
        Ok((template, bookings))
    }
}

fn money(number: Option<&Number>) -> Result<Option<Money>, ApiError> {
    let amount = |number| {
        Money::of_number(number)
            .ok_or_else(|| unusable("has an amount with more than four decimals, or too large"))
    };
    number.map(amount).transpose()
}
