//! Numbers that suit the name of their field.

use serde_json::{Value, json};

use crate::{
    ids::Ids,
    money::Money,
    schema::{Kind, Shape},
};

/// Parts of names of fractions: between nothing and one.
const FRACTIONS: [&str; 6] = [
    "confidence",
    "percentage",
    "probability",
    "rate",
    "ratio",
    "bound",
];
/// Parts of names of things that are counted.
const COUNTS: [&str; 9] = [
    "attempt", "breach", "cnt", "count", "days", "edits", "hours", "num_", "quantity",
];

pub(super) fn number(name: &str, index: usize, shape: &Shape<'_>, ids: &mut Ids) -> Value {
    let whole = shape.kind == Kind::Integer;
    let row = i64::try_from(index).unwrap_or_default() + 1;
    let hundredths = match name {
        "lat" => return within(Money::cents(4_471), shape),
        "lon" => return within(Money::cents(-12_261), shape),
        // Lists that are read from a number on have rows numbered from 1.
        "event_id" | "sequence_number" | "rank" | "page_number" | "attempt" => row * 100,
        "version" | "SchemaVersion" | "interval_count" => 100,
        "year" => 202_500,
        "month" => 600,
        "created_at" | "iat" => 176_843_520_000,
        "exp" | "expired_at" => 208_396_800_000,
        "expires_in" => 90_000,
        "score" | "similarity" => ids.below(1, 100) * 100,
        _ if FRACTIONS.iter().any(|part| name.contains(part)) && !whole => ids.below(1, 100),
        _ if COUNTS.iter().any(|part| name.contains(part)) => ids.below(1, 13) * 100,
        _ if whole => ids.below(1, 50) * 100,
        _ => ids.below(500, 250_000),
    };
    let hundredths = if whole {
        hundredths / 100 * 100
    } else {
        hundredths
    };
    within(Money::cents(hundredths), shape)
}

/// An amount inside the limits of its schema.
fn within(amount: Money, shape: &Shape<'_>) -> Value {
    let least = shape.limit("minimum").map(Money::units);
    let most = shape.limit("maximum").map(Money::units);
    let amount = least.map_or(amount, |least| amount.max(least));
    let amount = most.map_or(amount, |most| amount.min(most));
    json!(amount)
}
