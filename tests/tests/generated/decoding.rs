//! Reading and writing of every answer and webhook, with values made from the
//! description: what banks send, not only what they should.
//!
//! Values that no enum knows, fields that no record knows, `null` in lists, fields
//! that are absent or `null` where that is allowed: all of it has to be read, and
//! what is written afterwards is what was sent, but for what nobody could use.

use std::collections::BTreeSet;

use crate::received::described::{
    Fill, Source, TYPES, UNKNOWN, described, received, strict_fields,
};
use plaid_gen::types;
use proptest::prelude::*;
use xtask::lower::names::type_name;

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each case makes one value of every type.
    #[test]
    fn whatever_is_allowed_is_read_and_written_back(
        tape in prop::collection::vec(any::<u8>(), 0..400)
    ) {
        for (name, schema, read) in received() {
            let mut source = Source::playing(&tape);
            let (sent, kept) = source.value(&schema, 0);
            let written = (read.strict)(&sent.to_string());
            prop_assert!(written == Ok(kept.clone()), "{name}: {sent:#}\nwas read as {written:?}, not\n{kept:#}");
        }
    }
}

#[test]
fn what_may_be_absent_may_be_absent_everywhere_at_once() {
    assert_read(Fill::Absent);
}

#[test]
fn what_may_be_null_may_be_null_everywhere_at_once() {
    assert_read(Fill::Null);
}

#[test]
fn every_value_of_every_enum_may_be_one_that_nobody_knows() {
    let count = assert_read(Fill::Unknown);
    assert!(count > 200, "only {count} unknown values were sent");
}

/// Nothing that is needed is made up: an account without its id is an error.
#[test]
fn a_field_without_which_there_is_nothing_is_asked_for_by_name() {
    let mut count = 0;
    for (name, schema, read) in received() {
        let (sent, _) = Source::filling(Fill::Absent).value(&schema, 0);
        for field in strict_fields(&schema) {
            let mut without = sent.clone();
            without.as_object_mut().unwrap().remove(&field).unwrap();
            let error = (read.strict)(&without.to_string()).unwrap_err();
            assert!(error.contains(&format!("`{field}`")), "{name}: {error}");
            count += 1;
        }
    }
    assert!(count > 100, "only {count} fields are required");
}

#[test]
fn amounts_are_exact_and_numbers() {
    for digits in [
        "575.67",
        "23631.9805",
        "0.1",
        "1234567890123456.78",
        "-0.10",
        "100",
    ] {
        let sent = format!(r#"{{"available":{digits},"current":{digits},"limit":null}}"#);
        let balance: types::AccountBalance = serde_json::from_str(&sent).unwrap();
        assert_eq!(balance.available.unwrap().to_string(), digits);
        let written = serde_json::to_string(&balance).unwrap();
        assert!(
            written.contains(&format!(r#""available":{digits},"#)),
            "{written}"
        );
    }
}

/// Everything that Plaid sends stands in the table of `received`, so that a new
/// operation is tested or noticed.
#[test]
fn every_answer_and_webhook_is_tested() {
    let schemas: BTreeSet<String> = described().iter().map(|name| type_name(name)).collect();
    let tested: BTreeSet<String> = TYPES.keys().map(|name| (*name).to_owned()).collect();
    assert_eq!(tested, schemas);
}

/// Sends every type filled in one way; says how many values no enum knows.
fn assert_read(fill: Fill) -> usize {
    let mut unknown = 0;
    for (name, schema, read) in received() {
        let (sent, kept) = Source::filling(fill).value(&schema, 0);
        unknown += sent.to_string().matches(UNKNOWN).count();
        assert_eq!(
            (read.strict)(&sent.to_string()),
            Ok(kept),
            "{name}: {sent:#}"
        );
    }
    unknown
}
