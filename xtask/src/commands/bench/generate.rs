//! The pipeline against its dearest step.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::{Ratio, figure};
use crate::report::Report;

/// Runs `generate --check`, optimised, and compares all of it with the step that is
/// progenitor alone.
pub(super) fn measure(root: &Path, report: &mut Report) -> Result<Vec<Ratio>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let xtask = |verb: &str| {
        let mut command = Command::new(&cargo);
        command
            .args([verb, "--quiet", "--release", "--package", "xtask"])
            .current_dir(root);
        command
    };
    // Optimised, which is not the program that runs this.
    if !report.step("build", || xtask("build").status())?.success() {
        bail!("xtask does not build");
    }
    let check = || xtask("run").args(["--", "generate", "--check"]).output();
    let output = report.step("generate", check)?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("`generate --check` failed:\n{said}");
    }
    let mut all = 0.0;
    for step in ["load", "check", "lower", "progenitor", "refine", "write"] {
        all = add(all, figure(&said, step)?);
    }
    let alone = figure(&said, "progenitor")?;
    Ok(vec![Ratio::new(
        "generate, against progenitor alone",
        all,
        alone,
        "ms",
        10.0,
    )])
}

// Milliseconds.
#[allow(clippy::float_arithmetic)]
fn add(one: f64, other: f64) -> f64 {
    one + other
}
