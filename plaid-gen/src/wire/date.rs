//! Dates and points in time.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;

use super::Wire;

/// `YYYY-MM-DD`; of a point in time the day as written.
impl Wire for NaiveDate {
    // Nobody takes it for a date, and unlike `MIN` it can be written, read back and
    // counted from.
    const EMPTY: Self = match Self::from_ymd_opt(1, 1, 1) {
        Some(date) => date,
        None => Self::MIN,
    };

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Parsed(parse_date, "a date like 2024-05-31"))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// RFC 3339, turned to UTC. A text without an offset is taken as UTC, and a bare
/// date as its midnight: both occur.
impl Wire for DateTime<Utc> {
    const EMPTY: Self = match NaiveDate::EMPTY.and_hms_opt(0, 0, 0) {
        Some(midnight) => midnight.and_utc(),
        None => Self::MIN_UTC,
    };

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Parsed(parse_time, "a time as in RFC 3339"))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    parse_day(text).or_else(|| parse_day(text.get(..10)?).filter(|_| parse_time(text).is_some()))
}

/// Four digits, two and two. There are 1,000 dates in a page of transactions, and
/// chrono would read its format string for each.
fn parse_day(text: &str) -> Option<NaiveDate> {
    let has_form = text.bytes().enumerate().all(|(index, byte)| match index {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    if !has_form || text.len() != 10 {
        return None;
    }
    let year = text.get(..4)?.parse().ok()?;
    let month = text.get(5..7)?.parse().ok()?;
    NaiveDate::from_ymd_opt(year, month, text.get(8..)?.parse().ok()?)
}

fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    let naive = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let midnight = || parse_day(text)?.and_hms_opt(0, 0, 0);
    naive.or_else(midnight).map(|time| time.and_utc())
}

/// Parses a string with a function; the second part is what was expected.
struct Parsed<T>(fn(&str) -> Option<T>, &'static str);

impl<T> Visitor<'_> for Parsed<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).ok_or_else(|| E::custom(format_args!("expected {}", self.1)))
    }
}
