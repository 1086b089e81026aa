//! `cargo xtask test`: every test of this repository, whatever it needs.
//!
//! It runs cargo's own test runner. cargo-nextest starts a process per test, and the tests
//! here share what is dear to make (the parsed description of the API, the compiled code
//! samples); it would also have to be installed first.

mod kinds;
mod programs;
mod ready;
mod results;
mod tools;

use std::path::Path;

use anyhow::{Result, bail};

pub use kinds::Kind;
use results::Results;

use crate::report::Report;

/// Runs the tests of some kinds, or all.
///
/// # Errors
/// When a test fails, and with `CI` set when one is skipped.
pub fn run(root: &Path, only: &[Kind], report: &mut Report) -> Result<()> {
    let wanted = |kind: &Kind| only.is_empty() || only.contains(kind);
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(wanted).collect();
    let mut results = Results::new(&kinds);
    let ready = ready::prepare(&kinds, report);
    for (kind, missing) in &ready {
        if let Some(missing) = missing {
            results.skip(*kind, missing.clone());
        }
    }
    let runnable = ready.iter().filter(|(_, missing)| missing.is_none());
    let runnable: Vec<Kind> = runnable.map(|(kind, _)| *kind).collect();
    programs::build(root, &runnable, report)?;
    for kind in runnable {
        for run in kind.runs() {
            programs::run(root, *run, report, &mut results)?;
        }
    }
    results.print(report.elapsed());
    match results.problem(std::env::var_os("CI").is_some()) {
        Some(problem) => bail!(problem),
        None => Ok(()),
    }
}
