//! Steps 4 to 6: progenitor, what is made of its output, and writing it.

pub mod calls;
pub mod catalogue;
pub mod contract;
pub mod docs;
pub mod example;
pub mod features;
pub mod gates;
pub mod names;
pub mod paging;
pub mod progenitor;
mod ready;
pub mod refine;
pub mod rust_type;
pub mod schemas;
pub mod tree;
pub mod webhooks;

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::document::{Document, check};
use crate::lower::{self, Lowered};
use crate::report::Report;

/// A file that the generator makes, by its path in the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The path from the root of the repository.
    pub path: PathBuf,
    /// All of its text.
    pub text: String,
}

/// Runs the whole pipeline in memory.
///
/// # Errors
/// When the document has mistakes, or progenitor cannot take it.
pub fn run(document: &Document, report: &mut Report) -> Result<Vec<Output>> {
    report.step("check", || check::check(document))?;
    let lowered = report.step("lower", || Ok::<_, anyhow::Error>(lower::lower(document)))?;
    emit(document, &lowered, report)
}

/// Everything after the lowerings.
///
/// # Errors
/// When progenitor cannot take the document.
pub fn emit(document: &Document, lowered: &Lowered, report: &mut Report) -> Result<Vec<Output>> {
    let refined = refined(lowered, report)?;
    report.step("write", || {
        let mut outputs = refined
            .outputs()
            .context("cannot format the generated crate")?;
        outputs.extend(calls::outputs(&lowered.facts, &refined)?);
        outputs.extend(webhooks::output(&lowered.facts)?);
        outputs.push(contract::output(document, lowered));
        outputs.push(schemas::output(&lowered.facts)?);
        outputs.extend(catalogue::outputs(document, &lowered.facts));
        outputs.push(features::output(&lowered.facts));
        outputs.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(outputs)
    })
}

/// The generated crate, before it is written.
///
/// # Errors
/// When progenitor cannot take the document.
pub fn refined(lowered: &Lowered, report: &mut Report) -> Result<refine::Refined> {
    let code = report.step("progenitor", || progenitor::generate(&lowered.document))?;
    report.step("refine", || refine::refine(code, &lowered.facts))
}
