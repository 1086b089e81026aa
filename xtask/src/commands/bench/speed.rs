//! The benches of `plaid`: decoding and calling.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Ratio;
use crate::report::Report;

/// Runs them and reads the medians that criterion leaves.
pub(super) fn measure(root: &Path, report: &mut Report) -> Result<Vec<Ratio>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["bench", "--quiet", "--package", "plaid", "--bench", "speed"])
        .current_dir(root);
    let output = report.step("speed", || command.output())?;
    if !output.status.success() {
        bail!(
            "the benches failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let median = |name: &str| median(&root.join("target/criterion").join(name));
    Ok(vec![
        Ratio::new(
            "decoding 500 transactions, against serde",
            median("decode 500 transactions/plaid")?,
            median("decode 500 transactions/by hand")?,
            "ns",
            1.05,
        ),
        Ratio::new(
            "one call over loopback, against reqwest",
            median("one call/plaid")?,
            median("one call/reqwest")?,
            "ns",
            1.05,
        ),
    ])
}

fn median(folder: &Path) -> Result<f64> {
    let file = folder.join("new/estimates.json");
    let text = fs::read_to_string(&file).with_context(|| format!("no {}", file.display()))?;
    let estimates: Value = serde_json::from_str(&text)?;
    estimates["median"]["point_estimate"]
        .as_f64()
        .with_context(|| format!("{} has no median", file.display()))
}
