//! What people wait for who start from nothing: the README's first command, and a program
//! with `plaid` among its dependencies.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Ratio;
use super::cargo::Scratch;
use crate::report::Report;

/// The last commit at which the first command was built with the benches and tests of
/// `plaid`, and with TLS in C.
const BEFORE: &str = "83b7d53";

/// A program with one call, against the same on reqwest.
pub(super) fn consumer(scratch: &Scratch, report: &mut Report) -> Result<Vec<Ratio>> {
    let mut cold = |name: &'static str| -> Result<f64> {
        let took = report.step(name, || scratch.cold(name))?;
        Ok(took.as_secs_f64())
    };
    let (ours, raw, lean) = (cold("ours")?, cold("raw")?, cold("raw-lean")?);
    Ok(vec![
        Ratio::new(
            "consumer from nothing, against reqwest",
            ours,
            raw,
            "s",
            0.9,
        ),
        Ratio::new(
            "… against reqwest with json and rustls alone",
            ours,
            lean,
            "s",
            1.0,
        )
        .without_limit(),
    ])
}

/// The README's first command, against what it was.
pub(super) fn first_command(
    root: &Path,
    scratch: &Scratch,
    report: &mut Report,
) -> Result<Option<Ratio>> {
    let folder = scratch.folder("first");
    let before = folder.join("before");
    if let Err(why) = unpack(root, &before) {
        report.line("skipped", &format!("the first command: {why:#}"));
        return Ok(None);
    }
    let theirs = report.step("before", || built(&before, &folder.join("target-before")))?;
    let ours = report.step("first", || built(root, &folder.join("target")))?;
    let what = "`cargo run --example stripe` from nothing";
    let (ours, theirs) = (ours.as_secs_f64(), theirs.as_secs_f64());
    Ok(Some(Ratio::new(what, ours, theirs, "s", 0.45)))
}

/// Writes the files of a commit into a folder.
fn unpack(root: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let mut archive = Command::new("git")
        .args(["archive", "--format=tar", BEFORE])
        .current_dir(root)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("git cannot be started")?;
    let files = archive.stdout.take().context("git has no output")?;
    let unpacked = Command::new("tar")
        .args(["-x", "-C"])
        .arg(folder)
        .stdin(files)
        .status()
        .context("tar cannot be started")?;
    if !archive.wait()?.success() || !unpacked.success() {
        bail!("this clone lacks the commit {BEFORE}: run `git fetch --unshallow`");
    }
    Ok(())
}

/// How long the first command takes to build; what it does then takes milliseconds.
fn built(folder: &Path, target: &PathBuf) -> Result<Duration> {
    if target.exists() {
        fs::remove_dir_all(target)?;
    }
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["build", "--quiet", "--locked", "--example", "stripe"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .stdout(Stdio::null());
    let started = Instant::now();
    if !command.status()?.success() {
        bail!("`{command:?}` failed");
    }
    let took = started.elapsed();
    fs::remove_dir_all(target)?;
    Ok(took)
}
