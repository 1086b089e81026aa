//! The table of features: which product is behind which, and what its calls are.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Output;
use super::names::method_name;
use crate::lower::Facts;

/// The table stands in the documentation of `plaid` and in the README.
const FILE: &str = "plaid/src/generated/features.md";
const README: &str = "README.md";
const START: &str = "<!-- features: written by `cargo xtask generate` -->\n";
const END: &str = "<!-- /features -->\n";

/// The table for the documentation of the crate.
pub fn output(facts: &Facts) -> Output {
    Output {
        path: PathBuf::from(FILE),
        text: table(facts),
    }
}

/// The README with the table of today in it, if there is a README.
///
/// # Errors
/// When it cannot be read, or has no place for the table.
pub fn readme(root: &Path, facts: &Facts) -> Result<Option<Output>> {
    let path = root.join(README);
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {README}"))?;
    let place = || {
        format!(
            "{README} has no lines `{}` and `{}`",
            START.trim(),
            END.trim()
        )
    };
    let (before, rest) = text.split_once(START).with_context(place)?;
    let (_, after) = rest.split_once(END).with_context(place)?;
    Ok(Some(Output {
        path: PathBuf::from(README),
        text: format!("{before}{START}{}{END}{after}", table(facts)),
    }))
}

fn table(facts: &Facts) -> String {
    let mut products: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for operation in &facts.operations {
        let calls = products.entry(&operation.product).or_default();
        calls.push(format!("`{}`", method_name(operation)));
    }
    let mut text = "| feature | what it brings | calls |\n| --- | --- | --- |\n".to_owned();
    for (product, calls) in products {
        let about = facts.products.get(product).map_or("", String::as_str);
        let _ = writeln!(text, "| `{product}` | {about} | {} |", calls.join(", "));
    }
    text
}
