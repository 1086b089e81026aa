//! The benches of `plaid`: decoding and calling.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Ratio;
use crate::report::Report;

/// Runs them and reads what criterion leaves.
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
    let best = |name: &str| best(&root.join("target/criterion").join(name));
    Ok(vec![
        Ratio::new(
            "decoding 500 transactions, against serde",
            best("decode 500 transactions/plaid")?,
            best("decode 500 transactions/by hand")?,
            "ns",
            1.05,
        ),
        Ratio::new(
            "one call over loopback, against reqwest",
            best("one call/plaid")?,
            best("one call/reqwest")?,
            "ns",
            1.05,
        ),
    ])
}

/// The time of one iteration in the best tenth of the samples: what else runs on
/// the machine makes the others longer, and rarely both sides of a pair alike.
// Times are what floats are for.
#[allow(clippy::float_arithmetic)]
fn best(folder: &Path) -> Result<f64> {
    let file = folder.join("new/sample.json");
    let text = fs::read_to_string(&file).with_context(|| format!("no {}", file.display()))?;
    let sample: Value = serde_json::from_str(&text)?;
    let list = |name: &str| sample[name].as_array().into_iter().flatten();
    let pairs = list("times").zip(list("iters"));
    let mut each: Vec<f64> = pairs
        .filter_map(|(time, count)| Some(time.as_f64()? / count.as_f64()?))
        .collect();
    each.sort_by(f64::total_cmp);
    let tenth = each.get(each.len() / 10).copied();
    tenth.with_context(|| format!("{} has no samples", file.display()))
}
