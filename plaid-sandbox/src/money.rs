//! Amounts of money, exact.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount, kept in ten-thousandths of the currency's unit: the finest amount the
/// emulator has is a balance of 23631.9805.
///
/// Amounts are read, written and rounded as [`Decimal`]s. They are kept as the half of one:
/// a transaction of the ledger has 32 bytes, and 40 with a `Decimal` in it, and an Item may
/// have ten thousand. The data file has the same integer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Money(i64);

/// Decimals of the finest amount.
const FINEST: u32 = 4;
/// From here on a double is not exact: that is fifteen digits with the finest decimals.
const EXACT: Decimal = Decimal::from_parts(1_215_752_192, 23, 0, false, 0);

impl Money {
    pub(crate) const fn ten_thousandths(amount: i64) -> Self {
        Self(amount)
    }

    pub(crate) const fn cents(amount: i64) -> Self {
        Self(amount * 100)
    }

    pub(crate) const fn units(amount: i64) -> Self {
        Self(amount * 10_000)
    }

    fn decimal(self) -> Decimal {
        Decimal::new(self.0, FINEST)
    }

    /// None of an amount that is finer than the finest, or larger than the largest.
    fn of_decimal(mut amount: Decimal) -> Option<Self> {
        if amount.scale() > FINEST {
            return None;
        }
        amount.rescale(FINEST);
        // A number too large for more decimals keeps those that it has.
        let is_rescaled = amount.scale() == FINEST;
        let amount = amount.mantissa().try_into().ok()?;
        is_rescaled.then_some(Self(amount))
    }

    /// Reads an amount with exactly two decimals, the form in which requests
    /// name one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (units, cents) = text.split_once('.')?;
        let digits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(units) || !digits(cents) || cents.len() != 2 {
            return None;
        }
        Self::of_decimal(Decimal::from_str_exact(text).ok()?)
    }

    /// Reads a number of JSON as it was written, up to the finest amount there is. The
    /// JSON library may have had it as a double, which is exact to fifteen digits: larger
    /// amounts are refused rather than changed.
    pub(crate) fn of_number(number: &serde_json::Number) -> Option<Self> {
        let amount = Decimal::from_str_exact(&number.to_string()).ok()?;
        Self::of_decimal(amount).filter(|_| amount.abs() < EXACT)
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.decimal().normalize().fmt(formatter)
    }
}

impl Serialize for Money {
    /// Whole amounts are JSON integers. For the rest the standard library's
    /// parser picks the double nearest to the text, and the shortest text of
    /// that double, which is what serde_json writes, is the same text again.
    /// (serde_json's own parser may be off by one unit in the last place.)
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.to_string();
        if let Ok(whole) = text.parse::<i64>() {
            return serializer.serialize_i64(whole);
        }
        let number = text.parse::<f64>().map_err(serde::ser::Error::custom)?;
        serializer.serialize_f64(number)
    }
}

/// An amount in the data file, where it is nobody's decimal number.
pub(crate) mod exact {
    use super::{Deserialize, Deserializer, Money, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        amount: &Money,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        amount.0.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Money, D::Error> {
        i64::deserialize(deserializer).map(Money)
    }
}

/// The same, of an amount that there may be.
pub(crate) mod exact_option {
    use super::{Deserialize, Deserializer, Money, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        amount: &Option<Money>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        amount.map(|amount| amount.0).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Money>, D::Error> {
        Ok(Option::<i64>::deserialize(deserializer)?.map(Money))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn amounts_are_written_exactly() {
        for (amount, text) in [
            (Money::ten_thousandths(236_319_805), "23631.9805"),
            (Money::cents(32_076), "320.76"),
            (Money::cents(540), "5.4"),
            (Money::cents(-422), "-4.22"),
            (Money::units(43_200), "43200"),
            (Money::ten_thousandths(-1), "-0.0001"),
        ] {
            assert_eq!(serde_json::to_string(&amount).unwrap(), text);
            assert_eq!(amount.to_string(), text);
        }
    }

    #[test]
    fn the_data_file_has_amounts_as_it_always_had() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Stored(
            #[serde(with = "exact")] Money,
            #[serde(with = "exact_option")] Option<Money>,
        );
        let largest = Money::ten_thousandths(i64::MAX);
        for (stored, text) in [
            (Stored(Money::cents(540), None), "[54000,null]"),
            (
                Stored(Money::units(-2), Some(Money::cents(1))),
                "[-20000,100]",
            ),
            (
                Stored(
                    largest.plus(Money::cents(1)),
                    Some(Money::ten_thousandths(1)),
                ),
                "[9223372036854775807,1]",
            ),
        ] {
            assert_eq!(serde_json::to_string(&stored).unwrap(), text);
            assert_eq!(
                serde_json::from_str::<Stored>(text).unwrap(),
                stored,
                "{text}"
            );
            let packed = postcard::to_allocvec(&stored).unwrap();
            let integers: (i64, Option<i64>) = postcard::from_bytes(&packed).unwrap();
            assert_eq!(serde_json::to_string(&integers).unwrap(), text);
        }
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        let read = |text: &str| Money::of_number(&serde_json::from_str(text).unwrap());
        assert_eq!(
            read("23631.9805"),
            Some(Money::ten_thousandths(236_319_805))
        );
        assert_eq!(read("-4.2"), Some(Money::cents(-420)));
        assert_eq!(read("-0.5"), Some(Money::cents(-50)));
        assert_eq!(read("100"), Some(Money::units(100)));
        for text in ["1e300", "0.00001", "9223372036854775807", "-1e-7"] {
            assert_eq!(read(text), None, "{text}");
        }
        // As a double the first would be a cent less.
        for text in ["99999999999999.99", "-100000000000", "100000000000.5"] {
            assert_eq!(read(text), None, "{text}");
        }
        for text in ["99999999999.9999", "-99999999999.99", "99999999999"] {
            let amount = read(text).unwrap();
            assert_eq!(
                serde_json::to_string(&amount)
                    .unwrap()
                    .trim_end_matches(".0"),
                text
            );
        }
    }

    #[test]
    fn every_cent_survives_the_double() {
        for cents in (0..2_000_000).step_by(7) {
            let amount = Money::cents(cents);
            assert_eq!(serde_json::to_string(&amount).unwrap(), amount.to_string());
        }
    }

    #[test]
    fn requested_amounts_have_two_decimals() {
        assert_eq!(Money::parse("12.34"), Some(Money::cents(1234)));
        assert_eq!(Money::parse("0.05"), Some(Money::cents(5)));
        for text in [
            "",
            ".",
            "12",
            "12.3",
            "12.345",
            "-1.00",
            "+1.00",
            "1e3.00",
            "9223372036854775807.00",
            "１.00",
        ] {
            assert_eq!(Money::parse(text), None, "{text}");
        }
    }
}
