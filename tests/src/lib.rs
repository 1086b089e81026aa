//! Workspace tests: see `tests/`. What the fuzzer runs is here, so that the tests can
//! play its corpus.

pub mod decoder;
pub mod framing;
pub mod fuzz;
pub mod rewriting;
pub mod snippets;
