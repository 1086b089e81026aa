//! The benches of `plaid`: decoding and calling.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Ratio;
use crate::report::Report;

/// Runs them and reads the ratios that they print.
pub(super) fn measure(root: &Path, report: &mut Report) -> Result<Vec<Ratio>> {
    let text = run(root, "speed", report)?;
    let ratio = |what: &str, theirs: &str| -> Result<Ratio> {
        let label = format!("{what}, against {theirs}");
        Ok(Ratio::of_medians(&label, printed(&text, what)?, 1.05))
    };
    Ok(vec![
        ratio("decoding 500 transactions", "serde")?,
        ratio("one call over loopback", "reqwest")?,
    ])
}

/// The memory of a long stream against that of a short one.
pub(super) fn memory(root: &Path, report: &mut Report) -> Result<Vec<Ratio>> {
    let what = "memory of a million transactions";
    let text = run(root, "memory", report)?;
    let label = "memory of 1,000,000 rows, against 20,000";
    Ok(vec![Ratio::of_medians(label, printed(&text, what)?, 1.1)])
}

/// What a bench prints.
fn run(root: &Path, bench: &'static str, report: &mut Report) -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let command = |last: &[&str]| {
        let mut command = Command::new(&cargo);
        command
            .args(["bench", "--quiet", "--package", "plaid-benches"])
            .args(["--bench", bench])
            .args(last)
            .current_dir(root);
        command
    };
    if !report
        .step("build", || command(&["--no-run"]).status())?
        .success()
    {
        bail!("the bench `{bench}` does not build");
    }
    let output = report.step(bench, || command(&[]).output())?;
    if !output.status.success() {
        bail!(
            "the benches failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The figure in a line such as `ratio of one call: 1.02`.
fn printed(text: &str, what: &str) -> Result<f64> {
    let label = format!("ratio of {what}: ");
    let figure = text.lines().find_map(|line| line.strip_prefix(&label));
    figure
        .and_then(|figure| figure.parse().ok())
        .with_context(|| format!("the benches say nothing of `{what}`"))
}
