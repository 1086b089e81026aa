//! JSON numbers compared as numbers: `1` and `1.0` are the same one.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// Above it an `i128` does not hold every whole double.
const LARGEST: f64 = 1e38;

/// Orders two numbers, exactly: what is beyond 2^53 is whole, and compared as such.
pub(super) fn compare(one: &Number, other: &Number) -> Ordering {
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        // JSON has no number that cannot be compared.
        _ => one
            .as_f64()
            .partial_cmp(&other.as_f64())
            .unwrap_or(Ordering::Equal),
    }
}

pub(super) fn is_whole(number: &Number) -> bool {
    number.is_i64()
        || number.is_u64()
        || number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

fn whole(number: &Number) -> Option<i128> {
    let integer = number.as_i64().map(i128::from);
    let integer = integer.or_else(|| number.as_u64().map(i128::from));
    let double = number
        .as_f64()
        .filter(|double| double.fract() == 0.0 && double.abs() < LARGEST);
    integer.or(double.map(|double| double as i128))
}

/// A value that has the same text as those it is equal to.
pub(super) fn canonical(value: &Value) -> Value {
    match value {
        Value::Number(number) => {
            let integer = whole(number).and_then(Number::from_i128);
            Value::Number(integer.unwrap_or_else(|| number.clone()))
        }
        Value::Array(elements) => elements.iter().map(canonical).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), canonical(value)))
            .collect(),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_compared_by_their_value() {
        let number = |value: Value| match value {
            Value::Number(number) => number,
            _ => Number::from(0),
        };
        for (one, other, order) in [
            (json!(1), json!(1.0), Ordering::Equal),
            (json!(0), json!(-0.0), Ordering::Equal),
            (json!(1), json!(1.5), Ordering::Less),
            (json!(-1), json!(u64::MAX), Ordering::Less),
            (json!(0.01), json!(0.01), Ordering::Equal),
            (json!(0.009), json!(0.01), Ordering::Less),
            // The double nearest to it is one more.
            (
                json!(u64::MAX),
                json!(18_446_744_073_709_551_616.0),
                Ordering::Less,
            ),
            (json!(1e300), json!(u64::MAX), Ordering::Greater),
            (json!(-1e300), json!(i64::MIN), Ordering::Less),
        ] {
            let (one, other) = (number(one), number(other));
            assert_eq!(compare(&one, &other), order, "{one} {other}");
            assert_eq!(compare(&other, &one), order.reverse(), "{other} {one}");
        }
    }

    #[test]
    fn equal_values_have_one_canonical_form() {
        for (one, other, same) in [
            (json!(1), json!(1.0), true),
            (json!([0, { "a": 2.0 }]), json!([-0.0, { "a": 2 }]), true),
            (json!(1), json!("1"), false),
            (json!(1.5), json!(1), false),
            (json!(["a,b"]), json!(["a", "b"]), false),
        ] {
            assert_eq!(canonical(&one) == canonical(&other), same, "{one} {other}");
        }
    }
}
