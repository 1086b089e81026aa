//! The code that comes out of small documents: one for each lowering, and one for
//! each thing that is done to progenitor's output.
//!
//! A snapshot that changes shows what a change of the generator does to everybody's
//! code. `documents/` has the input, `snapshots/` the output; accept a wanted change
//! with `cargo insta review`, or by setting `INSTA_UPDATE=always` once.

use crate::repository;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use xtask::document::{Document, check, load};
use xtask::emit::{self, Output};
use xtask::lower::{self, PASSES, Pass};
use xtask::report::Report;

const TYPES: &str = "plaid-gen/src/generated/types/accounts.rs";
const CLIENT: &str = "plaid-gen/src/generated/client/accounts.rs";
const CALLS: &str = "plaid/src/generated/accounts.rs";

/// One test per document; its name is the name of the file, and in `lowerings` that
/// of the pass. The list says which generated files show what the document is about.
macro_rules! documents {
    ($list:ident: $($name:ident: $files:expr,)*) => {
        const $list: &[(&str, &[&str])] = &[$((stringify!($name), $files)),*];
        $(
            #[test]
            fn $name() {
                insta::assert_snapshot!(stringify!($name), generated(stringify!($name), $files, PASSES));
            }
        )*
    };
}

documents! { LOWERINGS:
    names: &[TYPES],
    responses: &[CLIENT, CALLS],
    parameters: &[CLIENT, CALLS],
    paging: &[CALLS],
    credentials: &[TYPES, CALLS],
    enum_text: &[TYPES],
    all_of: &[TYPES],
    loose_objects: &[TYPES],
    hoist: &[TYPES],
    nullable: &[TYPES],
    inline: &[TYPES],
    presence: &[TYPES, CALLS],
    constraints: &[TYPES],
    secrets: &[TYPES, CALLS],
    numbers: &[TYPES],
}

documents! { REFINEMENTS:
    client: &[CALLS],
    enums: &[TYPES],
    records: &[TYPES],
    gates: &[
        "plaid-gen/src/generated/mod.rs",
        "plaid-gen/src/generated/client/mod.rs",
        "plaid-gen/src/generated/types/mod.rs",
        "plaid-gen/src/generated/types/accounts.rs",
        "plaid-gen/src/generated/types/auth.rs",
        "plaid-gen/src/generated/types/shared.rs",
        "plaid-gen/src/generated/types/webhooks.rs",
        "plaid/src/generated/mod.rs",
        "plaid/src/generated/features.md",
    ],
    webhooks: &["plaid/src/generated/webhook_events.rs"],
}

/// What the emulator is told stands in no Rust file.
#[test]
fn contract() {
    let contract = generated(
        "presence",
        &["plaid-sandbox/src/generated/contract.json"],
        PASSES,
    );
    insta::assert_snapshot!(contract);
}

/// Nor does what the gateway and the explorer are told.
#[test]
fn catalogue() {
    let files = [
        "plaid-gateway/src/generated/operations.json",
        "plaid-gateway/explorer/catalogue/index.json",
    ];
    insta::assert_snapshot!(
        ["credentials", "parameters", "responses"]
            .map(|name| generated(name, &files, PASSES))
            .concat()
    );
}

#[test]
fn every_lowering_has_a_document() {
    let passes: Vec<&str> = PASSES.iter().map(|pass| pass.name).collect();
    let documents: Vec<&str> = LOWERINGS.iter().map(|(name, _)| *name).collect();
    assert_eq!(passes, documents);
}

#[test]
fn every_document_is_looked_at() {
    let tested = LOWERINGS.iter().chain(REFINEMENTS).map(|(name, _)| *name);
    let mut tested: Vec<String> = tested
        .chain(["plaid", "operation"])
        .map(str::to_owned)
        .collect();
    tested.sort();
    assert_eq!(repository::documents(), tested);
}

/// Otherwise a lowering could be lost and nobody would notice.
#[test]
fn every_lowering_changes_what_its_document_becomes() {
    let idle = |(name, files): &&(&str, &[&str])| {
        let others: Vec<Pass> = PASSES
            .iter()
            .copied()
            .filter(|pass| pass.name != *name)
            .collect();
        assert_eq!(others.len(), PASSES.len() - 1, "{name} is not a pass");
        generated(name, files, &others) == generated(name, files, PASSES)
    };
    let idle: Vec<&str> = LOWERINGS
        .iter()
        .filter(idle)
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(
        idle, [""; 0],
        "these could be left out without any snapshot failing"
    );
}

#[test]
fn a_field_that_turns_from_optional_to_required_is_seen() {
    let changed = "required:\n      - id\n      - webhook\n";
    assert_seen("presence", changed, &format!("{changed}      - count\n"));
}

#[test]
fn a_field_that_is_renamed_or_lost_is_seen() {
    assert_seen("presence", "    note:\n", "    remark:\n");
    assert_seen(
        "presence",
        "        note:\n          description: May be absent.\n          type: string\n",
        "",
    );
}

#[test]
fn an_enum_that_loses_a_value_is_seen() {
    assert_seen("enums", "\n      - money market\n", "\n");
    assert_seen("hoist", "\n              - savings\n", "\n");
}

/// A change of a document changes its snapshot.
fn assert_seen(name: &str, from: &str, to: &str) {
    let text = repository::document(name);
    assert_eq!(
        text.matches(from).count(),
        1,
        "{from} stands once in {name}.yaml"
    );
    let changed = outcome(&load_small(name, &text.replace(from, to)), &[TYPES], PASSES);
    assert_ne!(changed, generated(name, &[TYPES], PASSES));
}

/// What a small document becomes with some passes: the given files, or the failure.
fn generated(name: &str, files: &[&str], passes: &[Pass]) -> String {
    outcome(
        &load_small(name, &repository::document(name)),
        files,
        passes,
    )
}

/// A small document, together with what all of them share. One that has no
/// operation is used by the usual one.
fn load_small(name: &str, text: &str) -> Document {
    let mut files = vec![
        ("plaid.yaml".to_owned(), repository::document("plaid")),
        (format!("{name}.yaml"), text.to_owned()),
    ];
    if !text.contains("\npaths:\n") {
        files.push((
            "operation.yaml".to_owned(),
            repository::document("operation"),
        ));
    }
    let folder = repository::folder_of(files);
    let document = load::folder(folder.path()).unwrap();
    check::check(&document).unwrap();
    document
}

/// A document that progenitor cannot take has an outcome too. It stops with an
/// error on some and with a panic on others.
fn outcome(document: &Document, files: &[&str], passes: &[Pass]) -> String {
    let lowered = lower::lower_with(document, passes);
    let emitted = catch_unwind(AssertUnwindSafe(|| {
        emit::emit(document, &lowered, &mut Report::silent())
    }));
    match emitted {
        Ok(Ok(outputs)) => files.iter().map(|file| file_text(&outputs, file)).collect(),
        Ok(Err(error)) => format!("error: {error:#}"),
        Err(_) => "panic".to_owned(),
    }
}

/// A generated file without the lines that all of them begin with.
fn file_text(outputs: &[Output], file: &str) -> String {
    let output = outputs.iter().find(|output| output.path == Path::new(file));
    let text = output.map_or("(not made)\n", |output| output.text.as_str());
    let text = text.strip_prefix(emit::tree::HEADER).unwrap_or(text);
    format!("// {file}\n\n{text}\n")
}
