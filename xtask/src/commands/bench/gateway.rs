//! The gateway against nginx's `proxy_pass` with the same rewriting of headers, before
//! the same upstream, over loopback: in turn, in one run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use super::Ratio;
use super::servers::{Load, Ports, Server, Servers, hold, missing, upstream};
use crate::report::Report;

/// Rounds of each; the best counts, since whatever else the machine does only makes it
/// slower.
const ROUNDS: usize = 3;
const SECONDS: u32 = 5;
const CONNECTIONS: u32 = 64;
/// Calls after which memory is looked at, and after which it must not be more.
const WARM: u64 = 100_000;
const CALLS: u64 = 1_000_000;
const IDLE: usize = 10_000;

/// Starts everything, measures, and stops it.
pub(super) fn measure(root: &Path, report: &mut Report) -> Result<Vec<Ratio>> {
    let missing = missing();
    if !missing.is_empty() {
        bail!(
            "nginx or wrk is missing: apt-get install {}",
            missing.join(" ")
        );
    }
    let program = report.step("build", || build(root))?;
    let folder = tempfile::tempdir()?;
    let (_upstream, port) = upstream(folder.path())?;
    let servers = Servers::start(folder.path(), &program, port)?;
    let ports = &servers.ports;
    let load = Load::new(folder.path())?;
    let mut ratios = report.step("throughput", || throughput(&load, ports))?;
    ratios.extend(report.step("latency", || latency(&load, ports))?);
    ratios.extend(report.step("memory", || memory(&load, ports, &servers.gateway))?);
    ratios.push(report.step("idle", || idle(&load, ports))?);
    Ok(ratios)
}

fn build(root: &Path) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--profile",
            "dist",
            "--package",
            "plaid-gateway",
        ])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        bail!("the gateway does not build");
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let executable = messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message.get("executable")?.as_str()?))
    });
    executable.context("cargo does not say where the gateway is")
}

#[allow(clippy::float_arithmetic)]
fn throughput(load: &Load, ports: &Ports) -> Result<Vec<Ratio>> {
    let mut best = [0.0_f64; 2];
    for _ in 0..ROUNDS {
        for (port, best) in [ports.gateway, ports.proxy].into_iter().zip(&mut best) {
            *best = best.max(load.run(port, CONNECTIONS, SECONDS)?.rate);
        }
    }
    let [ours, theirs] = best.map(|rate| 1e6 / rate);
    // 0.7 times the calls per second are 1.43 times the time of each.
    let what = "gateway: time a call at 64 connections, against nginx";
    Ok(vec![
        Ratio::new(what, ours, theirs, "µs", 1.43),
        Ratio::new("gateway: calls per second", best[0], best[1], "/s", 1.0).without_limit(),
    ])
}

/// One connection: what the way through costs when nothing else is going on.
#[allow(clippy::float_arithmetic)]
fn latency(load: &Load, ports: &Ports) -> Result<Vec<Ratio>> {
    let mut best = [f64::MAX; 3];
    for _ in 0..ROUNDS {
        let all = [ports.upstream, ports.gateway, ports.proxy];
        for (port, best) in all.into_iter().zip(&mut best) {
            *best = best.min(load.run(port, 1, 2)?.median);
        }
    }
    let [direct, ours, theirs] = best;
    let added = [ours - direct, theirs - direct];
    Ok(vec![
        Ratio::new(
            "gateway: added to the median, of 100 µs",
            added[0],
            100.0,
            "µs",
            1.0,
        ),
        Ratio::new(
            "gateway: added, against nginx",
            added[0],
            added[1],
            "µs",
            1.0,
        )
        .without_limit(),
    ])
}

fn memory(load: &Load, ports: &Ports, gateway: &Server) -> Result<Vec<Ratio>> {
    let after = |calls: u64| -> Result<f64> {
        let mut made = 0;
        while made < calls {
            made += load.run(ports.gateway, CONNECTIONS, SECONDS)?.calls;
        }
        resident(&gateway.process)
    };
    let warm = after(WARM)?;
    let later = after(CALLS)?;
    let what = "gateway: memory after 1,000,000 calls more";
    Ok(vec![Ratio::new(what, later, warm, "MB", 1.1)])
}

/// Memory of a process that is in use, in MB.
#[allow(clippy::float_arithmetic)]
fn resident(process: &Child) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kilobytes.context("the system does not say how much memory is in use")? / 1024.0)
}

/// Less than the time after which the gateway closes such connections: what is shown is
/// that so many take nothing from those that call, and are served when they do.
fn idle(load: &Load, ports: &Ports) -> Result<Ratio> {
    hold(load, ports, IDLE, SECONDS)?;
    let what = format!("gateway: idle for {SECONDS} s, counted, then served");
    Ok(Ratio::new(&what, IDLE as f64, IDLE as f64, "", 1.0))
}
