//! What reading with care promises, on types made by hand and by serde.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::tests::{Kind, Probe};
use super::*;

type Listed = Vec<(String, DeviationKind, String, bool)>;

fn report<T: DeserializeOwned>(text: &str) -> (T, Listed) {
    let (value, deviations) = from_slice(text.as_bytes(), Tolerance::Report).unwrap();
    let listed = deviations.iter().map(|deviation| {
        let text = |text: &str| text.to_owned();
        (
            text(deviation.path()),
            deviation.kind(),
            text(deviation.reason()),
            deviation.is_left_out(),
        )
    });
    (value, listed.collect())
}

fn strict<T: DeserializeOwned>(text: &str) -> (String, String) {
    let result = from_slice::<T>(text.as_bytes(), Tolerance::Strict);
    let misfit = result.map(|_| ()).unwrap_err();
    (misfit.path().to_owned(), misfit.reason().to_owned())
}

fn paths(listed: &Listed) -> Vec<&str> {
    listed.iter().map(|(path, ..)| path.as_str()).collect()
}

#[test]
fn what_is_complete_has_no_deviations_and_is_exact() {
    let text =
        r#"{"amount": 1234567890123456.78, "note": null, "list": ["a\n\u00e9"], "new": [1]}"#;
    let (probe, listed) = report::<Probe>(text);
    assert_eq!(listed, []);
    assert_eq!(probe, serde_json::from_str(text).unwrap());
    assert_eq!(probe.amount.to_string(), "1234567890123456.78");
    assert_eq!(probe.list, ["a\n\u{e9}"]);
}

#[test]
fn what_is_missing_null_or_wrong_is_told_apart() {
    let (_, listed) = report::<Probe>("{}");
    assert_eq!(paths(&listed), ["amount", "note"]);
    assert_eq!(listed[0].1, DeviationKind::Missing);
    let (_, listed) = report::<Probe>(r#"{"amount": null, "note": null}"#);
    let null = (
        "amount".to_owned(),
        DeviationKind::Null,
        "null".to_owned(),
        false,
    );
    assert_eq!(listed, [null]);
    let (probe, listed) = report::<Probe>(r#"{"amount": [], "note": {}, "count": 1.5, "list": 3}"#);
    assert_eq!(paths(&listed), ["amount", "note", "count", "list"]);
    assert!(
        listed
            .iter()
            .all(|(_, kind, ..)| *kind == DeviationKind::Mismatch)
    );
    assert_eq!(probe, <Probe as super::super::Generated>::EMPTY);
}

#[test]
fn an_optional_field_that_is_null_is_absent() {
    let nulls =
        r#""at": null, "count": null, "day": null, "kind": null, "list": null, "token": null"#;
    let (_, listed) = report::<Probe>(&format!(r#"{{"amount": 1, "note": null, {nulls}}}"#));
    assert_eq!(listed, []);
}

#[test]
fn an_element_that_does_not_fit_leaves_the_others_where_they_are() {
    let text = r#"{"amount": 1, "note": "", "list": ["a", null, {"b": ["secret"]}, "c"]}"#;
    let (probe, listed) = report::<Probe>(text);
    assert_eq!(probe.list, ["a", "c"]);
    let reason = "expected a string, found an object".to_owned();
    let expected = [
        (
            "list[1]".to_owned(),
            DeviationKind::Null,
            "null".to_owned(),
            true,
        ),
        ("list[2]".to_owned(), DeviationKind::Mismatch, reason, true),
    ];
    assert_eq!(listed, expected);
}

#[test]
fn numbers_and_dates_that_cannot_be_understood_are_filled() {
    let digits = "9".repeat(400);
    for field in [
        format!(r#""amount": {digits}"#),
        format!(r#""amount": 1, "count": {digits}"#),
        format!(r#""amount": 1, "count": {}"#, &digits[..40]),
        r#""amount": 1, "count": 1e999"#.to_owned(),
        r#""amount": 1, "day": "31.5.2024""#.to_owned(),
        r#""amount": 1, "at": "soon""#.to_owned(),
        r#""amount": 1, "kind": 1.5"#.to_owned(),
        r#""amount": 1, "token": "half a pair: \ud800""#.to_owned(),
    ] {
        let (probe, listed) = report::<Probe>(&format!(r#"{{{field}, "note": "n"}}"#));
        assert_eq!(listed.len(), 1, "{field}: {listed:?}");
        assert_eq!(probe.note.as_deref(), Some("n"), "{field}");
    }
}

#[test]
fn anything_at_the_top_is_an_empty_object() {
    for text in ["null", "[]", "[{}]", "5", "\"secret\"", "true", " 1e999 "] {
        let (probe, listed) = report::<Probe>(text);
        assert_eq!(probe, <Probe as super::super::Generated>::EMPTY, "{text}");
        assert_eq!(paths(&listed), ["the top level"], "{text}");
        assert!(
            listed[0]
                .2
                .starts_with("expected an object (Probe), found ")
        );
        assert!(!listed[0].2.contains("secret"));
    }
}

#[test]
fn what_is_not_json_is_an_error_that_says_where() {
    for (text, path, reason) in [
        ("", "its end", "EOF while parsing a value"),
        (r#"{"note": "pl"#, "its end", "EOF while parsing a string"),
        ("{} planted", "line 1, column 4", "trailing characters"),
        ("{\n'planted'}", "line 2, column 1", "key must be a string"),
    ] {
        for tolerance in [Tolerance::Strict, Tolerance::Report] {
            let misfit = from_slice::<Probe>(text.as_bytes(), tolerance).unwrap_err();
            assert_eq!((misfit.path(), misfit.reason()), (path, reason), "{text}");
        }
    }
}

#[test]
fn bytes_that_are_not_utf8_are_replaced() {
    let text = b"{\"amount\": 1, \"note\": \"Caf\xe9\"}";
    assert!(from_slice::<Probe>(text, Tolerance::Strict).is_err());
    let (probe, deviations) = from_slice::<Probe>(text, Tolerance::Report).unwrap();
    assert_eq!(probe.note.as_deref(), Some("Caf\u{fffd}"));
    assert_eq!(deviations[0].reason(), "expected UTF-8, found other bytes");
    assert_eq!(deviations.total(), 1);
}

#[test]
fn strictness_names_the_place_and_not_the_value() {
    type Probes = BTreeMap<String, Vec<Probe>>;
    let (path, reason) =
        strict::<Probes>(r#"{"a": [{"amount": 1}, {"amount": 1, "day": "secret"}]}"#);
    assert_eq!(path, "a[1].day");
    assert_eq!(reason, "expected a date like 2024-05-31");
    let (path, reason) = strict::<Probes>(r#"{"a": [{"amount": 1}, {"count": 2}]}"#);
    assert_eq!(
        (path.as_str(), reason.as_str()),
        ("a[1]", "missing field `amount`")
    );
    let (path, reason) = strict::<Probes>(r#"{"a": [], "b": "secret"}"#);
    assert_eq!(
        (path.as_str(), reason.as_str()),
        ("b", "expected a sequence, found a string")
    );
}

#[test]
fn of_two_fields_of_one_name_the_last_counts() {
    let (probe, listed) = report::<Probe>(r#"{"amount": 1, "note": "a", "amount": "x"}"#);
    assert_eq!((probe.amount, probe.note.as_deref()), (0.into(), Some("a")));
    assert_eq!(paths(&listed), ["amount", "amount"]);
    assert_eq!((listed[0].1, listed[0].3), (DeviationKind::Repeated, true));
    assert_eq!(listed[1].1, DeviationKind::Mismatch);
}

#[test]
fn a_name_that_is_no_text_is_skipped_and_one_with_escapes_is_read() {
    let text = r#"{"\ud800": 1, "am\u006funt": 2, "note": null}"#;
    let (probe, listed) = report::<Probe>(text);
    assert_eq!(probe.amount, 2.into());
    assert_eq!(listed[0].2, "expected a name of whole characters");
    assert_eq!(listed.len(), 1);
    assert_eq!(
        strict::<Probe>(text).1,
        "expected a string of whole characters"
    );
}

#[test]
fn depth_is_bounded_and_what_is_skipped_may_be_deeper() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let (_, listed) = report::<Probe>(&format!(r#"{{"amount": 1, "note": null, "new": {deep}}}"#));
    assert_eq!(listed, []);
    let (_, listed) = report::<Probe>(&format!(r#"{{"amount": {deep}, "note": null}}"#));
    assert_eq!(paths(&listed), ["amount"]);
    let misfit = from_slice::<Value>(deep.as_bytes(), Tolerance::Report).unwrap_err();
    assert_eq!(misfit.reason(), "expected fewer values around one another");
    assert!(misfit.path().len() < 600);
}

#[test]
fn a_million_misfits_take_little_memory() {
    let list = vec!["{}"; 100_000].join(",");
    let text = format!(r#"{{"amount": 1, "note": null, "list": [{list}]}}"#);
    let (_, deviations) = from_slice::<Probe>(text.as_bytes(), Tolerance::Report).unwrap();
    assert_eq!((deviations.len(), deviations.total()), (10_000, 100_000));
}

/// A type of serde's is as strict as serde makes it; what is generated inside of it
/// is not.
#[test]
fn tolerance_reaches_through_other_types() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Outer {
        id: u8,
        probes: Vec<Probe>,
        #[serde(default)]
        choice: Option<Choice>,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Choice {
        Unit,
        One(Probe),
        Fields { kind: Kind },
    }
    let (outer, listed) = report::<Outer>(
        r#"{"id": 1, "probes": [{"note": 1}, {"amount": 1}], "choice": {"one": {"amount": "x"}}}"#,
    );
    assert_eq!((outer.id, outer.probes.len()), (1, 2));
    let expected = [
        "probes[0].amount",
        "probes[1].note",
        "choice.one.amount",
        "choice.one.note",
    ];
    assert_eq!(paths(&listed), expected);
    for (text, choice) in [
        (r#""unit""#, Choice::Unit),
        (
            r#"{"fields": {"kind": "new"}}"#,
            Choice::Fields { kind: "new".into() },
        ),
    ] {
        let text = format!(r#"{{"id": 1, "probes": [], "choice": {text}}}"#);
        assert_eq!(report::<Outer>(&text).0.choice, Some(choice));
    }
    for (text, path) in [
        ("[]", "the top level"),
        (r#"{"id": 300, "probes": []}"#, "id"),
        (r#"{"id": 1}"#, "the top level"),
        (r#"{"id": 1, "probes": [1]}"#, "probes[0]"),
        (r#"{"id": 1, "probes": [], "choice": "planted"}"#, "choice"),
        (r#"{"id": 1, "id": 1, "probes": []}"#, "id"),
    ] {
        let (place, reason) = strict::<Outer>(text);
        assert_eq!(place, path, "{text}: {reason}");
        assert!(
            !reason.contains("planted") && !reason.contains("300"),
            "{reason}"
        );
    }
}

/// serde tries the variants in turn: the first would swallow everything.
#[test]
fn the_variants_of_an_untagged_enum_are_tried_strictly() {
    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    enum Either {
        Probe(#[expect(dead_code, reason = "only told apart")] Probe),
        Text(String),
    }
    let (either, _) = report::<Vec<Either>>(r#"["text", {"amount": 1}]"#);
    assert!(matches!(&either[..], [Either::Text(text), Either::Probe(_)] if text == "text"));
    let error = from_slice::<Vec<Either>>(br#"[{"amount": []}]"#, Tolerance::Report);
    assert_eq!(error.unwrap_err().path(), "[0]");
}

/// `serde_json` cannot go on after an error, so it is not asked to.
#[test]
fn a_text_within_the_text_is_read_as_its_reader_does() {
    #[derive(Debug)]
    struct Inner(Result<Probe, String>);
    impl<'de> Deserialize<'de> for Inner {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            Ok(Self(serde_json::from_str(&text).map_err(|e| e.to_string())))
        }
    }
    let text = r#"["{\"amount\": {}, \"note\": 1}", "{}"]"#;
    let (inner, listed) = report::<Vec<Inner>>(text);
    assert!(inner.iter().all(|Inner(inner)| inner.is_err()), "{inner:?}");
    assert_eq!(listed, []);
}

#[test]
fn a_reading_that_panicked_leaves_nothing_behind() {
    struct Panics;
    impl<'de> Deserialize<'de> for Panics {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            panic!("planned")
        }
    }
    let read = || from_slice::<Panics>(b"{}", Tolerance::Report).is_ok();
    assert!(std::panic::catch_unwind(read).is_err());
    assert!(from_slice::<Probe>(b"{}", Tolerance::Strict).is_err());
    assert!(serde_json::from_str::<Probe>("{}").is_err());
}

#[test]
fn what_has_no_type_is_kept_as_it_is() {
    let text = r#"{"a": [1, null, -2, 0.5, 1e3], "b": {"c": null}}"#;
    let (value, listed) = report::<Value>(text);
    assert_eq!(
        (value, listed),
        (serde_json::from_str(text).unwrap(), Vec::new())
    );
    let (raw, _) = report::<BTreeMap<String, Box<RawValue>>>(r#"{"a": 1.10, "b": null}"#);
    assert_eq!((raw["a"].get(), raw["b"].get()), ("1.10", "null"));
    assert_eq!(report::<Option<Value>>("null").0, None);
    assert_eq!(report::<Value>("[{}]").0, json!([{}]));
}

#[test]
fn names_in_paths_are_cut() {
    let name = "é".repeat(5_000);
    let (path, _) = strict::<BTreeMap<String, Probe>>(&format!(r#"{{"{name}": 1}}"#));
    assert_eq!(path.chars().count(), 101);
}
