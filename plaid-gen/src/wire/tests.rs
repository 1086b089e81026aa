//! What the shared parts promise, on a record made by hand.
#![allow(clippy::unwrap_used, unreachable_pub)]

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::json;

use super::prelude::*;
use super::{open_enums, records};

#[derive(Clone, PartialEq)]
pub(super) struct Probe {
    pub(super) amount: Decimal,
    pub(super) at: Option<DateTime<Utc>>,
    pub(super) count: Option<i64>,
    pub(super) day: Option<NaiveDate>,
    pub(super) kind: Option<Kind>,
    pub(super) list: Vec<String>,
    pub(super) note: Option<String>,
    pub(super) token: Option<Secret>,
}

impl Generated for Probe {
    const EMPTY: Self = Self {
        amount: Wire::EMPTY,
        at: Wire::EMPTY,
        count: Wire::EMPTY,
        day: Wire::EMPTY,
        kind: Wire::EMPTY,
        list: Wire::EMPTY,
        note: Wire::EMPTY,
        token: Wire::EMPTY,
    };
}

impl Record for Probe {
    const NAME: &'static str = "Probe";
    const FIELDS: &'static [(&'static str, Presence)] = &[
        ("amount", Required),
        ("at", Optional),
        ("count", Optional),
        ("day", Optional),
        ("kind", Optional),
        ("list", Optional),
        ("note", Written),
        ("token", Optional),
    ];
    fn read_field<'de, A: MapAccess<'de>>(
        &mut self,
        index: usize,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match index {
            0 => fill(&mut self.amount, map),
            1 => fill(&mut self.at, map),
            2 => fill(&mut self.count, map),
            3 => fill(&mut self.day, map),
            4 => fill(&mut self.kind, map),
            5 => fill(&mut self.list, map),
            6 => fill(&mut self.note, map),
            7 => fill(&mut self.token, map),
            _ => Ok(()),
        }
    }
    fn visit<V: FieldVisitor>(&self, visitor: &mut V) {
        visitor.field(0, &self.amount);
        visitor.field(1, &self.at);
        visitor.field(2, &self.count);
        visitor.field(3, &self.day);
        visitor.field(4, &self.kind);
        visitor.field(5, &self.list);
        visitor.field(6, &self.note);
        visitor.field(7, &self.token);
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Cash,
    Unknown(UnknownValue),
}

impl OpenEnum for Kind {
    const VARIANTS: &'static [(&'static str, Self)] = &[("cash", Self::Cash)];
    fn unknown(value: UnknownValue) -> Self {
        Self::Unknown(value)
    }
    fn as_unknown(&self) -> Option<&UnknownValue> {
        match self {
            Self::Unknown(value) => Some(value),
            Self::Cash => None,
        }
    }
}

records!(Probe);
open_enums!(Kind);

fn read(text: &str) -> Result<Probe, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn with(field: &str) -> Result<Probe, String> {
    read(&format!(r#"{{"amount": 1, {field}}}"#))
}

#[test]
fn amounts_survive_digit_by_digit_and_are_numbers() {
    for digits in [
        "575.67",
        "23631.9805",
        "0.1",
        "100",
        "1.10",
        "-0.05",
        "1234567890123456.78",
    ] {
        let probe = read(&format!(r#"{{"amount":{digits}}}"#)).unwrap();
        let written = serde_json::to_string(&probe).unwrap();
        assert_eq!(written, format!(r#"{{"amount":{digits},"note":null}}"#));
    }
}

#[test]
fn amounts_may_be_in_scientific_notation_or_quoted() {
    assert_eq!(
        read(r#"{"amount":1.5e2}"#).unwrap().amount,
        Decimal::from(150)
    );
    assert_eq!(
        read(r#"{"amount":"2.50"}"#).unwrap().amount.to_string(),
        "2.50"
    );
}

#[test]
fn an_amount_that_does_not_fit_is_an_error_and_not_a_rounding() {
    for amount in [
        "1e400",
        "0.123456789012345678901234567890123",
        "true",
        "[]",
        "\"x\"",
    ] {
        assert!(
            read(&format!(r#"{{"amount":{amount}}}"#)).is_err(),
            "{amount}"
        );
    }
}

#[test]
fn amounts_are_read_behind_serdes_buffer_too() {
    #[derive(serde::Deserialize)]
    struct Outer {
        #[serde(flatten)]
        probe: Probe,
    }
    let outer: Outer = serde_json::from_str(r#"{"amount": 575.67, "x": 1}"#).unwrap();
    assert_eq!(outer.probe.amount.to_string(), "575.67");
    let value: Probe = serde_json::from_value(json!({"amount": 0.1})).unwrap();
    assert_eq!(value.amount.to_string(), "0.1");
}

#[test]
fn a_missing_required_field_is_named() {
    assert!(read("{}").unwrap_err().contains("missing field `amount`"));
    assert!(read(r#"{"amount": null}"#).is_err());
}

#[test]
fn absent_and_null_are_forgiven_elsewhere() {
    let bare = read(r#"{"amount": 1}"#).unwrap();
    let nulls = with(r#""at":null,"count":null,"day":null,"kind":null,"list":null,"note":null"#);
    assert_eq!(bare, nulls.unwrap());
    assert_eq!(
        with(r#""list": ["a", null, "b"]"#).unwrap().list,
        ["a", "b"]
    );
}

#[test]
fn unknown_fields_are_skipped_and_order_does_not_matter() {
    let probe = read(r#"{"note":"n","zzz":{"a":[1]},"count":2,"aaa":0,"amount":1}"#).unwrap();
    assert_eq!((probe.note.as_deref(), probe.count), (Some("n"), Some(2)));
}

#[test]
fn an_unknown_value_is_kept() {
    let probe = with(r#""kind": "spaceship""#).unwrap();
    assert_eq!(probe.kind.as_ref().map(Kind::as_str), Some("spaceship"));
    assert_eq!(
        serde_json::to_value(&probe).unwrap()["kind"],
        json!("spaceship")
    );
    assert_eq!(Kind::from("cash"), Kind::Cash);
    assert_eq!(Kind::from("spaceship").to_string(), "spaceship");
}

#[test]
fn dates_are_understood_as_banks_write_them() {
    let at = |text: &str| with(&format!(r#""at":"{text}""#)).map(|p| p.at.unwrap().to_rfc3339());
    let noon = "2024-05-31T12:00:00+00:00";
    for text in [
        "2024-05-31T12:00:00Z",
        "2024-05-31T14:00:00+02:00",
        "2024-05-31T12:00:00",
        "2024-05-31 12:00:00",
    ] {
        assert_eq!(at(text).as_deref(), Ok(noon), "{text}");
    }
    assert_eq!(at("2024-05-31").as_deref(), Ok("2024-05-31T00:00:00+00:00"));
    assert!(at("soon").is_err());
    let day = with(r#""day":"2024-05-31T23:00:00-05:00""#).unwrap().day;
    assert_eq!(day, NaiveDate::from_ymd_opt(2024, 5, 31));
    assert!(with(r#""day":"31.5.2024""#).is_err());
}

#[test]
fn integers_are_read_from_whole_numbers_only() {
    for text in ["3", "3.0", "\"3\""] {
        assert_eq!(
            with(&format!(r#""count":{text}"#)).unwrap().count,
            Some(3),
            "{text}"
        );
    }
    for text in ["3.5", "18446744073709551615", "\"x\"", "1e300"] {
        assert!(with(&format!(r#""count":{text}"#)).is_err(), "{text}");
    }
}

#[test]
fn bare_numbers_are_taken_as_text() {
    assert_eq!(
        with(r#""note": 1234"#).unwrap().note.as_deref(),
        Some("1234")
    );
}

#[test]
fn a_secret_is_not_in_debug_and_comes_back_in_json() {
    let probe = with(r#""token": "access-sandbox-planted""#).unwrap();
    assert!(!format!("{probe:?}").contains("planted"));
    let json = serde_json::to_value(&probe).unwrap();
    assert_eq!(json["token"], json!("access-sandbox-planted"));
}
