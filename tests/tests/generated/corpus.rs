//! Plays what the fuzzer has found worth keeping, so that a finding that was mended
//! stays so for everybody, also without a fuzzer. See `fuzz/README.md`.

use crate::repository;
use std::panic::catch_unwind;

use plaid_tests::fuzz;

#[test]
fn the_decoder_keeps_its_promises() {
    play("decoder", fuzz::decoder);
}

#[test]
fn requests_begin_where_the_gateway_sees_them_begin() {
    play("framing", plaid_tests::framing::check);
}

#[test]
fn lists_end_and_no_row_comes_twice() {
    play("pager", fuzz::pager);
}

#[test]
fn only_what_was_signed_is_believed() {
    play("verifier", fuzz::verifier);
}

#[test]
fn credentials_are_taken_out_of_bodies_and_nothing_else() {
    play("rewriting", plaid_tests::rewriting::check);
}

/// Runs a target on every file of its corpus.
fn play(target: &str, run: fn(&[u8])) {
    let folder = repository::root().join("fuzz/corpus").join(target);
    let files = repository::files(&folder);
    assert!(files.len() > 20, "{} files in {folder:?}", files.len());
    for (name, bytes) in files {
        let outcome = catch_unwind(|| run(&bytes));
        assert!(
            outcome.is_ok(),
            "{target} has a finding in {}",
            name.display()
        );
    }
}
