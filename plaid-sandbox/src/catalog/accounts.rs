//! The accounts of the user `user_good`.

use std::{
    borrow::Cow,
    sync::{Arc, LazyLock},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::money::{Money, exact, exact_option};

/// A text that is part of the program, or of what a caller made up.
type Text = Cow<'static, str>;

/// An account as every Item of this user has it; only its identifier differs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct AccountTemplate {
    pub(crate) mask: Text,
    pub(crate) name: Text,
    pub(crate) official_name: Option<Text>,
    pub(crate) kind: Text,
    pub(crate) subtype: Text,
    #[serde(with = "exact_option")]
    pub(crate) available: Option<Money>,
    #[serde(with = "exact")]
    pub(crate) current: Money,
    #[serde(with = "exact_option")]
    pub(crate) limit: Option<Money>,
    pub(crate) holder_category: Option<Text>,
    pub(crate) numbers: Numbers,
    /// Who owns it, if not the person who owns all accounts.
    pub(crate) owner: Option<Value>,
}

/// Numbers that a caller made up for an account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Numbers {
    pub(crate) account: Option<String>,
    pub(crate) routing: Option<String>,
    pub(crate) wire_routing: Option<String>,
}

impl AccountTemplate {
    /// Whether the account has numbers that `/auth/get` returns.
    pub(crate) fn has_numbers(&self) -> bool {
        self.kind == "depository"
            && matches!(&*self.subtype, "checking" | "savings" | "cash management")
    }

    /// Whether a processor or Stripe can be given the account.
    pub(crate) fn can_be_paid_from(&self) -> bool {
        self.kind == "depository" && matches!(&*self.subtype, "checking" | "savings")
    }
}

/// An account in the data file: one of the twelve is its mask, so that the file
/// stays small.
pub(crate) mod kept {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use super::{ACCOUNTS, AccountTemplate, Arc};

    #[derive(Serialize)]
    #[serde(untagged)]
    enum Written<'a> {
        Known(&'a str),
        MadeUp(&'a AccountTemplate),
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Read {
        Known(String),
        MadeUp(Box<AccountTemplate>),
    }

    pub(crate) fn serialize<S: Serializer>(
        account: &Arc<AccountTemplate>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let is_known = ACCOUNTS.iter().any(|known| Arc::ptr_eq(known, account));
        let written = if is_known {
            Written::Known(&account.mask)
        } else {
            Written::MadeUp(account)
        };
        written.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<AccountTemplate>, D::Error> {
        match Read::deserialize(deserializer)? {
            Read::MadeUp(account) => Ok(Arc::new(*account)),
            Read::Known(mask) => {
                let known = ACCOUNTS.iter().find(|known| known.mask == mask);
                known
                    .cloned()
                    .ok_or_else(|| D::Error::custom("no such account"))
            }
        }
    }
}

// The masks of the accounts that transactions are booked on.
pub(crate) const CHECKING: &str = "0000";
pub(crate) const SAVINGS: &str = "1111";
pub(crate) const DEPOSIT: &str = "2222";
pub(crate) const CREDIT_CARD: &str = "3333";
pub(crate) const MONEY_MARKET: &str = "4444";

fn base() -> AccountTemplate {
    AccountTemplate {
        kind: "depository".into(),
        ..AccountTemplate::default()
    }
}

/// All twelve, in the order in which the API lists them.
pub(crate) static ACCOUNTS: LazyLock<[Arc<AccountTemplate>; 12]> =
    LazyLock::new(|| twelve().map(Arc::new));

fn twelve() -> [AccountTemplate; 12] {
    [
        AccountTemplate {
            mask: CHECKING.into(),
            name: "Plaid Checking".into(),
            official_name: Some("Plaid Gold Standard 0% Interest Checking".into()),
            subtype: "checking".into(),
            available: Some(Money::units(100)),
            current: Money::units(110),
            holder_category: Some("personal".into()),
            ..base()
        },
        AccountTemplate {
            mask: SAVINGS.into(),
            name: "Plaid Saving".into(),
            official_name: Some("Plaid Silver Standard 0.1% Interest Saving".into()),
            subtype: "savings".into(),
            available: Some(Money::units(200)),
            current: Money::units(210),
            holder_category: Some("personal".into()),
            ..base()
        },
        AccountTemplate {
            mask: DEPOSIT.into(),
            name: "Plaid CD".into(),
            official_name: Some("Plaid Bronze Standard 0.2% Interest CD".into()),
            subtype: "cd".into(),
            current: Money::units(1_000),
            ..base()
        },
        AccountTemplate {
            mask: CREDIT_CARD.into(),
            name: "Plaid Credit Card".into(),
            official_name: Some("Plaid Diamond 12.5% APR Interest Credit Card".into()),
            kind: "credit".into(),
            subtype: "credit card".into(),
            current: Money::units(410),
            limit: Some(Money::units(2_000)),
            ..base()
        },
        AccountTemplate {
            mask: MONEY_MARKET.into(),
            name: "Plaid Money Market".into(),
            official_name: Some("Plaid Platinum Standard 1.85% Interest Money Market".into()),
            subtype: "money market".into(),
            available: Some(Money::units(43_200)),
            current: Money::units(43_200),
            ..base()
        },
        AccountTemplate {
            mask: "5555".into(),
            name: "Plaid IRA".into(),
            kind: "investment".into(),
            subtype: "ira".into(),
            current: Money::cents(32_076),
            ..base()
        },
        AccountTemplate {
            mask: "6666".into(),
            name: "Plaid 401k".into(),
            kind: "investment".into(),
            subtype: "401k".into(),
            current: Money::ten_thousandths(236_319_805),
            ..base()
        },
        AccountTemplate {
            mask: "7777".into(),
            name: "Plaid Student Loan".into(),
            kind: "loan".into(),
            subtype: "student".into(),
            current: Money::units(65_262),
            holder_category: Some("personal".into()),
            ..base()
        },
        AccountTemplate {
            mask: "8888".into(),
            name: "Plaid Mortgage".into(),
            kind: "loan".into(),
            subtype: "mortgage".into(),
            current: Money::cents(5_630_206),
            ..base()
        },
        AccountTemplate {
            mask: "9001".into(),
            name: "Plaid HSA".into(),
            official_name: Some("Plaid Cares Health Savings Account".into()),
            subtype: "hsa".into(),
            available: Some(Money::units(6_009)),
            current: Money::units(6_009),
            ..base()
        },
        AccountTemplate {
            mask: "9002".into(),
            name: "Plaid Cash Management".into(),
            official_name: Some("Plaid Growth Cash Management".into()),
            subtype: "cash management".into(),
            available: Some(Money::units(12_060)),
            current: Money::units(12_060),
            ..base()
        },
        AccountTemplate {
            mask: "9999".into(),
            name: "Plaid Business Credit Card".into(),
            official_name: Some("Plaid Platinum Small Business Credit Card".into()),
            kind: "credit".into(),
            subtype: "credit card".into(),
            available: Some(Money::units(4_980)),
            current: Money::units(5_020),
            limit: Some(Money::units(10_000)),
            holder_category: Some("business".into()),
            ..base()
        },
    ]
}
