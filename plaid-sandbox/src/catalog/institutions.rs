//! The banks of the sandbox.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// How well a bank is reachable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    Healthy,
    Degraded,
    Down,
    /// The bank cannot be connected at all.
    Unsupported,
}

/// A bank.
#[derive(Debug)]
pub(crate) struct Institution {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) products: &'static [&'static str],
    pub(crate) country: &'static str,
    pub(crate) routing_numbers: &'static [&'static str],
    pub(crate) dtc_numbers: &'static [&'static str],
    pub(crate) oauth: bool,
    pub(crate) health: Health,
}

/// What most banks support. Which products the real sandbox lists for which
/// bank is not published; this is everything that a US Item can hold.
const UNITED_STATES: &[&str] = &[
    "assets",
    "auth",
    "balance",
    "credit_details",
    "identity",
    "identity_match",
    "income",
    "income_verification",
    "investments",
    "investments_auth",
    "liabilities",
    "processor_payments",
    "recurring_transactions",
    "signal",
    "statements",
    "transactions",
    "transfer",
];
const CANADA: &[&str] = &[
    "assets",
    "auth",
    "balance",
    "identity",
    "investments",
    "liabilities",
    "transactions",
];
const UNITED_KINGDOM: &[&str] = &[
    "auth",
    "balance",
    "identity",
    "payment_initiation",
    "transactions",
];

const BASE: Institution = Institution {
    id: "",
    name: "",
    products: UNITED_STATES,
    country: "US",
    routing_numbers: &[],
    dtc_numbers: &[],
    oauth: false,
    health: Health::Healthy,
};

const fn bank(id: &'static str, name: &'static str) -> Institution {
    Institution { id, name, ..BASE }
}

/// All banks, in the order in which they are listed.
static INSTITUTIONS: [Institution; 18] = [
    Institution {
        routing_numbers: &["011401533", "021000021"],
        ..bank("ins_109508", "First Platypus Bank")
    },
    Institution {
        products: &["auth", "balance", "identity", "transactions"],
        ..bank("ins_130016", "First Platypus Balance Bank")
    },
    bank("ins_109509", "First Gingham Credit Union"),
    bank("ins_109510", "Tattersall Federal Credit Union"),
    bank("ins_109511", "Tartan Bank"),
    Institution {
        products: &["auth", "balance", "identity", "transactions"],
        routing_numbers: &["011000138", "011200365", "011400495"],
        dtc_numbers: &["2236", "0955", "1367"],
        ..bank("ins_109512", "Houndstooth Bank")
    },
    Institution {
        products: CANADA,
        country: "CA",
        ..bank("ins_43", "Tartan-Dominion Bank of Canada")
    },
    Institution {
        products: UNITED_KINGDOM,
        country: "GB",
        oauth: true,
        ..bank("ins_116834", "Flexible Platypus Open Banking")
    },
    Institution {
        products: UNITED_KINGDOM,
        country: "GB",
        ..bank("ins_117650", "Royal Bank of Plaid")
    },
    Institution {
        oauth: true,
        ..bank("ins_127287", "Platypus OAuth Bank")
    },
    Institution {
        oauth: true,
        ..bank("ins_132241", "First Platypus OAuth App2App Bank")
    },
    Institution {
        products: UNITED_KINGDOM,
        country: "GB",
        oauth: true,
        ..bank("ins_117181", "Flexible Platypus Open Banking (QR)")
    },
    bank("ins_135858", "Windowpane Bank"),
    Institution {
        health: Health::Degraded,
        ..bank("ins_132363", "Unhealthy Platypus - Degraded")
    },
    Institution {
        health: Health::Down,
        ..bank("ins_132361", "Unhealthy Platypus - Down")
    },
    Institution {
        health: Health::Unsupported,
        ..bank("ins_133402", "Unsupported Platypus")
    },
    bank("ins_133502", "RUX Auth"),
    bank("ins_133503", "RUX Match"),
];

/// All banks.
pub(crate) fn all() -> &'static [Institution] {
    &INSTITUTIONS
}

/// The bank that Link sessions end at unless a caller says otherwise.
pub(crate) const DEFAULT: &str = "ins_109508";

/// The bank with this identifier.
pub(crate) fn find(id: &str) -> Option<&'static Institution> {
    INSTITUTIONS.iter().find(|institution| institution.id == id)
}

/// As its identifier.
impl Serialize for Institution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.id.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for &'static Institution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        find(&id).ok_or_else(|| D::Error::custom("no such institution"))
    }
}

/// Whether a text looks like an institution's identifier.
pub(crate) fn is_id(id: &str) -> bool {
    id.strip_prefix("ins_").is_some_and(|number| {
        !number.is_empty() && number.len() <= 9 && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}
