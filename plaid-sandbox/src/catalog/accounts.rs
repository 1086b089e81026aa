//! The accounts of the user `user_good`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::money::Money;

/// An account as every Item of this user has it; only its identifier differs.
#[derive(Debug)]
pub(crate) struct AccountTemplate {
    pub(crate) mask: &'static str,
    pub(crate) name: &'static str,
    pub(crate) official_name: Option<&'static str>,
    pub(crate) kind: &'static str,
    pub(crate) subtype: &'static str,
    pub(crate) available: Option<Money>,
    pub(crate) current: Money,
    pub(crate) limit: Option<Money>,
    pub(crate) holder_category: Option<&'static str>,
}

impl AccountTemplate {
    /// Whether the account has numbers that `/auth/get` returns.
    pub(crate) fn has_numbers(&self) -> bool {
        self.kind == "depository"
            && matches!(self.subtype, "checking" | "savings" | "cash management")
    }

    /// Whether a processor or Stripe can be given the account.
    pub(crate) fn can_be_paid_from(&self) -> bool {
        self.kind == "depository" && matches!(self.subtype, "checking" | "savings")
    }
}

/// As its mask.
impl Serialize for AccountTemplate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.mask.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for &'static AccountTemplate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mask = String::deserialize(deserializer)?;
        let mut templates = ACCOUNTS.iter();
        templates
            .find(|template| template.mask == mask)
            .ok_or_else(|| D::Error::custom("no such account"))
    }
}

// The masks of the accounts that transactions are booked on.
pub(crate) const CHECKING: &str = "0000";
pub(crate) const SAVINGS: &str = "1111";
pub(crate) const DEPOSIT: &str = "2222";
pub(crate) const CREDIT_CARD: &str = "3333";
pub(crate) const MONEY_MARKET: &str = "4444";

const BASE: AccountTemplate = AccountTemplate {
    mask: "",
    name: "",
    official_name: None,
    kind: "depository",
    subtype: "",
    available: None,
    current: Money::units(0),
    limit: None,
    holder_category: None,
};

/// All twelve, in the order in which the API lists them.
pub(crate) static ACCOUNTS: [AccountTemplate; 12] = [
    AccountTemplate {
        mask: CHECKING,
        name: "Plaid Checking",
        official_name: Some("Plaid Gold Standard 0% Interest Checking"),
        subtype: "checking",
        available: Some(Money::units(100)),
        current: Money::units(110),
        holder_category: Some("personal"),
        ..BASE
    },
    AccountTemplate {
        mask: SAVINGS,
        name: "Plaid Saving",
        official_name: Some("Plaid Silver Standard 0.1% Interest Saving"),
        subtype: "savings",
        available: Some(Money::units(200)),
        current: Money::units(210),
        holder_category: Some("personal"),
        ..BASE
    },
    AccountTemplate {
        mask: DEPOSIT,
        name: "Plaid CD",
        official_name: Some("Plaid Bronze Standard 0.2% Interest CD"),
        subtype: "cd",
        current: Money::units(1_000),
        ..BASE
    },
    AccountTemplate {
        mask: CREDIT_CARD,
        name: "Plaid Credit Card",
        official_name: Some("Plaid Diamond 12.5% APR Interest Credit Card"),
        kind: "credit",
        subtype: "credit card",
        current: Money::units(410),
        limit: Some(Money::units(2_000)),
        ..BASE
    },
    AccountTemplate {
        mask: MONEY_MARKET,
        name: "Plaid Money Market",
        official_name: Some("Plaid Platinum Standard 1.85% Interest Money Market"),
        subtype: "money market",
        available: Some(Money::units(43_200)),
        current: Money::units(43_200),
        ..BASE
    },
    AccountTemplate {
        mask: "5555",
        name: "Plaid IRA",
        kind: "investment",
        subtype: "ira",
        current: Money::cents(32_076),
        ..BASE
    },
    AccountTemplate {
        mask: "6666",
        name: "Plaid 401k",
        kind: "investment",
        subtype: "401k",
        current: Money::ten_thousandths(236_319_805),
        ..BASE
    },
    AccountTemplate {
        mask: "7777",
        name: "Plaid Student Loan",
        kind: "loan",
        subtype: "student",
        current: Money::units(65_262),
        holder_category: Some("personal"),
        ..BASE
    },
    AccountTemplate {
        mask: "8888",
        name: "Plaid Mortgage",
        kind: "loan",
        subtype: "mortgage",
        current: Money::cents(5_630_206),
        ..BASE
    },
    AccountTemplate {
        mask: "9001",
        name: "Plaid HSA",
        official_name: Some("Plaid Cares Health Savings Account"),
        subtype: "hsa",
        available: Some(Money::units(6_009)),
        current: Money::units(6_009),
        ..BASE
    },
    AccountTemplate {
        mask: "9002",
        name: "Plaid Cash Management",
        official_name: Some("Plaid Growth Cash Management"),
        subtype: "cash management",
        available: Some(Money::units(12_060)),
        current: Money::units(12_060),
        ..BASE
    },
    AccountTemplate {
        mask: "9999",
        name: "Plaid Business Credit Card",
        official_name: Some("Plaid Platinum Small Business Credit Card"),
        kind: "credit",
        subtype: "credit card",
        available: Some(Money::units(4_980)),
        current: Money::units(5_020),
        limit: Some(Money::units(10_000)),
        holder_category: Some("business"),
    },
];
