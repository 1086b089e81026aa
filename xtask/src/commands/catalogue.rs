//! `cargo xtask catalogue`: what the explorer shows of every operation.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::OPENAPI;
use crate::document::{Document, check, load};
use crate::emit::catalogue::page;
use crate::emit::{self, Output, tree};
use crate::lower;
use crate::report::Report;

/// Makes the files and writes them, or with `check` only compares.
///
/// # Errors
/// When the description has mistakes, the generated types do not compile, or with
/// `check` when anything differs.
pub fn run(root: &Path, check: bool, report: &mut Report) -> Result<()> {
    let document = report.step("load", || load::folder(&root.join(OPENAPI)))?;
    let schemas = report.step("derive", || derived(root))?;
    let outputs = outputs(&document, &schemas, report)?;
    let changes = tree::compare_in(root, &outputs, &[page::FOLDER])?;
    if check && !changes.is_empty() {
        // The diff is the result of this command, so it goes to standard output.
        #[allow(clippy::print_stdout)]
        {
            println!("{}", tree::diff(root, &changes));
        }
        bail!(
            "{} is not what the generated types say: {} files differ, {} should not be there.\n\
             Run `cargo xtask catalogue` and commit the result; generated files are never edited.",
            page::FOLDER,
            changes.write.len(),
            changes.remove.len()
        );
    }
    tree::apply(root, &changes)?;
    let verb = if check { "up to date" } else { "written" };
    report.line(
        "done",
        &format!(
            "{} files, {} changed, {} removed; {verb} in {} ms",
            outputs.len(),
            changes.write.len(),
            changes.remove.len(),
            report.elapsed().as_millis()
        ),
    );
    Ok(())
}

/// The files, from the description and the schemas by operation.
///
/// # Errors
/// When the description has mistakes, or an operation lacks its schema.
pub fn outputs(
    document: &Document,
    schemas: &BTreeMap<String, Value>,
    report: &mut Report,
) -> Result<Vec<Output>> {
    report.step("check", || check::check(document))?;
    let lowered = report.step("lower", || Ok::<_, anyhow::Error>(lower::lower(document)))?;
    let refined = emit::refined(&lowered, report)?;
    page::outputs(&lowered.facts, &refined, schemas)
        .context("the generated types are not those of openapi/; run `cargo xtask generate` first")
}

/// The schemas by operation, printed by a program that has the generated types.
/// This one makes them, so it cannot be built with them.
fn derived(root: &Path) -> Result<BTreeMap<String, Value>> {
    const PROGRAM: &str = "run --quiet -p plaid-gen --example schemas --features full,schemars";
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(PROGRAM.split(' '))
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("`cargo {PROGRAM}` failed; the schemas are derived from types that compile");
    }
    serde_json::from_slice(&output.stdout).context("what it printed are not schemas by operation")
}
