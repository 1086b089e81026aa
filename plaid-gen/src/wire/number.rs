//! Numbers: exact, never a binary float.

use std::fmt;

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Unexpected, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

use super::Wire;

/// The name by which `serde_json` recognises a [`RawValue`].
///
/// Asking for it by name, and not for a `RawValue`, keeps a second way open: a
/// deserializer that does not know it (serde's buffer behind `flatten` and
/// untagged enums, or another format) hands over the plain number. A test fails
/// should `serde_json` ever rename it.
pub(super) const RAW_NUMBER: &str = "$serde_json::private::RawValue";

/// A decimal is read from the digits of the JSON number: an `f64` in between would
/// turn `1234567890123456.78` into `1234567890123456.8`.
impl Wire for Decimal {
    const EMPTY: Self = Self::ZERO;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(RAW_NUMBER, DecimalVisitor)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = RawValue::from_string(self.to_string()).map_err(S::Error::custom)?;
        digits.serialize(serializer)
    }
}

/// Accepts `12`, `12.0` and `"12"`; a fraction is an error.
impl Wire for i64 {
    const EMPTY: Self = 0;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntegerVisitor)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(*self)
    }
}

/// Parses the text of a JSON number. More digits than a decimal holds (28) are an
/// error, not a rounding.
fn parse_decimal(text: &str) -> Option<Decimal> {
    let text = text.trim_matches('"');
    let parsed = if text.contains(['e', 'E']) {
        Decimal::from_scientific(text)
    } else {
        Decimal::from_str_exact(text)
    };
    parsed.ok()
}

fn or_error<E: Error>(number: Option<Decimal>) -> Result<Decimal, E> {
    number.ok_or_else(|| E::custom("expected a number of at most 28 digits"))
}

struct DecimalVisitor;

impl<'de> Visitor<'de> for DecimalVisitor {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Decimal, A::Error> {
        map.next_key::<&str>()?;
        // An error inside of the value would name the raw value as its place.
        let Digits(number) = map.next_value()?;
        or_error(number)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, plain: D) -> Result<Decimal, D::Error> {
        let number = serde_json::Number::deserialize(plain)?;
        or_error(parse_decimal(&number.to_string()))
    }
}

/// The number in the text that a raw value hands over, if there is one.
struct Digits(Option<Decimal>);

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Digits;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the text of a number")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Digits, E> {
                Ok(Digits(parse_decimal(text)))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

struct IntegerVisitor;

impl Visitor<'_> for IntegerVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<i64, E> {
        Ok(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<i64, E> {
        i64::try_from(value)
            .map_err(|_| E::invalid_value(Unexpected::Other("a larger number"), &self))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<i64, E> {
        // Its shortest text has no fraction exactly when the value has none.
        value
            .to_string()
            .parse()
            .map_err(|_| E::invalid_value(Unexpected::Other("a fraction"), &self))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<i64, E> {
        value
            .parse()
            .map_err(|_| E::invalid_type(Unexpected::Other("a string"), &self))
    }
}
