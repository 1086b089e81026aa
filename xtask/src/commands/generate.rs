//! `cargo xtask generate`: everything that is made from the description.

use std::path::Path;

use anyhow::{Result, bail};

use super::OPENAPI;
use crate::document::load;
use crate::emit::{self, tree};
use crate::lower;
use crate::report::Report;

/// Makes the code and writes it, or with `check` only compares.
///
/// # Errors
/// When the description has mistakes, or with `check` when anything differs.
pub fn run(root: &Path, check: bool, report: &mut Report) -> Result<()> {
    let document = report.step("load", || load::folder(&root.join(OPENAPI)))?;
    let mut outputs = emit::run(&document, report)?;
    let facts = lower::lower(&document).facts;
    outputs.extend(emit::features::readme(root, &facts)?);
    features(root, &document)?;
    let changes = tree::compare(root, &outputs)?;
    let lines: usize = outputs
        .iter()
        .map(|output| output.text.lines().count())
        .sum();
    if check && !changes.is_empty() {
        // The diff is the result of this command, so it goes to standard output.
        #[allow(clippy::print_stdout)]
        {
            println!("{}", tree::diff(root, &changes));
        }
        bail!(
            "the generated code is not what openapi/ makes of it: {} files differ, {} should not \
             be there.\nRun `cargo xtask generate` and commit the result; generated files are \
             never edited.",
            changes.write.len(),
            changes.remove.len()
        );
    }
    tree::apply(root, &changes)?;
    let verb = if check { "up to date" } else { "written" };
    report.line(
        "done",
        &format!(
            "{} operations, {} schemas → {} files, {lines} lines, {} changed, {} removed; {verb} \
             in {} ms",
            document.operations().count(),
            document.schemas().len(),
            outputs.len(),
            changes.write.len(),
            changes.remove.len(),
            report.elapsed().as_millis()
        ),
    );
    Ok(())
}

/// Every product is a feature of both crates; a gate without one would compile
/// nothing and say nothing.
fn features(root: &Path, document: &crate::document::Document) -> Result<()> {
    let tags = document
        .operations()
        .flat_map(|(_, _, o)| crate::document::strings(o, "tags"));
    let products: std::collections::BTreeSet<&str> = tags.collect();
    for manifest in ["plaid-gen/Cargo.toml", "plaid/Cargo.toml"] {
        let Ok(text) = std::fs::read_to_string(root.join(manifest)) else {
            continue;
        };
        for product in &products {
            let declared = |line: &str| line.trim_start().starts_with(&format!("{product} = ["));
            if !text.lines().any(declared) {
                bail!(
                    "{manifest} has no feature `{product}`, and openapi/ has a product of that \
                     name.\nAdd it under [features], and to `full`."
                );
            }
        }
    }
    Ok(())
}
