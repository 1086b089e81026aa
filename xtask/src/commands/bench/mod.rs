//! `cargo xtask bench`: what the generated code costs, against what people would
//! use instead.
//!
//! Figures of one run on one machine mean little, so everything is a ratio of two
//! things measured in turn. The compiler works in `target/bench/`.

mod cargo;
mod cold;
mod gateway;
mod generate;
mod servers;
mod speed;
mod tls;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use self::cargo::{Crate, Scratch};
use super::OPENAPI;
use crate::document::load;
use crate::emit::{progenitor, tree};
use crate::lower;
use crate::report::Report;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// `cargo xtask generate` against progenitor alone.
    Generate,
    /// `cargo check` of the generated crate against progenitor's plain output.
    Check,
    /// Release build and library of the same, and the binary of a small consumer.
    Release,
    /// The README's first command built from nothing, against what it was, and a consumer,
    /// against one written on reqwest.
    Cold,
    /// The choices of TLS: build time, size and the time of a call.
    Tls,
    /// Decoding and calling, against serde and reqwest by hand.
    Speed,
    /// Streaming a million transactions, against a few.
    Memory,
    /// The gateway, against nginx. Needs nginx and wrk.
    Gateway,
}

/// One line of the result.
struct Ratio {
    what: String,
    /// Ours and theirs, in this unit.
    figures: Option<(f64, f64, &'static str)>,
    value: f64,
    /// What the ratio may be at most.
    limit: Option<f64>,
}

/// Measures and prints ratios. Each limit is one that this project has set itself.
///
/// # Errors
/// When something does not compile, or a ratio is over its limit.
pub fn run(root: &Path, parts: &[Part], report: &mut Report) -> Result<()> {
    let wanted = |part| parts.is_empty() || parts.contains(&part);
    let mut ratios = Vec::new();
    if wanted(Part::Generate) {
        ratios.extend(generate::measure(root, report)?);
    }
    let compiles = [Part::Check, Part::Release, Part::Cold, Part::Tls];
    if compiles.into_iter().any(wanted) {
        let scratch = scratch(root, report)?;
        if wanted(Part::Check) {
            ratios.extend(check(&scratch, report)?);
        }
        if wanted(Part::Release) {
            ratios.extend(release(&scratch, report)?);
        }
        if wanted(Part::Cold) {
            ratios.extend(cold::first_command(root, &scratch, report)?);
            ratios.extend(cold::consumer(&scratch, report)?);
        }
        if wanted(Part::Tls) {
            ratios.extend(tls::measure(root, &scratch, report)?);
        }
    }
    if wanted(Part::Speed) {
        ratios.extend(speed::measure(root, report)?);
    }
    if wanted(Part::Memory) {
        ratios.extend(speed::memory(root, report)?);
    }
    if wanted(Part::Gateway) {
        ratios.extend(gateway::measure(root, report)?);
    }
    print(&ratios)
}

const PLAIN: &str = "plain";
const PLAIN_MANIFEST: &str = "\
[dependencies]
bytes = \"*\"
chrono = { version = \"*\", default-features = false, features = [\"serde\", \"std\"] }
progenitor-client = \"*\"
reqwest = { version = \"*\", default-features = false, features = [\"json\", \"query\", \"stream\"] }
serde = { version = \"*\", features = [\"derive\"] }
serde_json = \"*\"
";

const TOKIO: &str = "tokio = { version = \"*\", features = [\"macros\", \"rt-multi-thread\"] }\n";

/// Writes the crates to compare.
fn scratch(root: &Path, report: &mut Report) -> Result<Scratch> {
    let scratch = Scratch::new(root)?;
    let document = load::folder(&root.join(OPENAPI))?;
    let lowered = lower::lower(&document);
    let code = report.step("progenitor", || progenitor::plain(&lowered.document))?;
    let code = tree::format(&code)?;
    let ours = lines(&root.join("plaid-gen/src"))?;
    report.line(
        "lines",
        &format!("{} of plain progenitor, {ours} here", code.lines().count()),
    );
    // Its warnings would hide what this command has to say.
    let code = format!("#![allow(warnings)]\n{code}");
    scratch.write(PLAIN, PLAIN_MANIFEST, "lib.rs", &code)?;
    let root = root.display();
    let raw = format!(
        "[dependencies]\n{TOKIO}serde = {{ version = \"*\", features = [\"derive\"] }}\n\
         reqwest = {{ version = \"*\", features = [\"json\"]"
    );
    let program = include_str!("programs/raw.rs");
    scratch.write("raw", &format!("{raw} }}\n"), "main.rs", program)?;
    let lean =
        format!("{raw}, default-features = false }}\n").replace("json\"", "json\", \"rustls\"");
    scratch.write("raw-lean", &lean, "main.rs", program)?;
    let ours = format!("[dependencies]\n{TOKIO}plaid = {{ path = '{root}/plaid' }}\n");
    scratch.write("ours", &ours, "main.rs", include_str!("programs/ours.rs"))?;
    let plain = format!(
        "[dependencies]\n{TOKIO}plain = {{ path = '../plain' }}\n\
         reqwest = {{ version = \"*\", default-features = false, features = [\"rustls\"] }}\n"
    );
    scratch.write(
        "plain-consumer",
        &plain,
        "main.rs",
        include_str!("programs/plain.rs"),
    )?;
    Ok(scratch)
}

fn lines(folder: &Path) -> Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        count += if path.is_dir() {
            lines(&path)?
        } else {
            fs::read_to_string(&path)?.lines().count()
        };
    }
    Ok(count)
}

/// The features that `plaid` has by default, as far as they are products.
const DEFAULT: &str = "accounts,auth,balance,identity,institutions,items,link,processor,sandbox,\
                       transactions,webhooks";

fn crates(scratch: &Scratch) -> [Crate; 3] {
    [
        scratch.plain(PLAIN),
        scratch.of_workspace("plaid-gen", "full"),
        scratch.of_workspace("plaid-gen", DEFAULT),
    ]
}

/// The crates alone, their dependencies being there. In turn, thrice, and the
/// shortest counts: whatever else the machine does only makes it longer.
fn check(scratch: &Scratch, report: &mut Report) -> Result<Vec<Ratio>> {
    let crates = crates(scratch);
    report.step("build", || {
        crates.iter().try_for_each(|one| one.prepare("check"))
    })?;
    let mut best = [Duration::MAX; 3];
    for _ in 0..3 {
        for (one, best) in crates.iter().zip(&mut best) {
            let took = report.step("check", || one.timed("check"))?;
            *best = took.min(*best);
        }
    }
    let [plain, full, default] = best.map(|took| took.as_secs_f64());
    Ok(vec![
        Ratio::new("check, full", full, plain, "s", 0.3),
        Ratio::new("check, default features", default, plain, "s", 0.12),
    ])
}

fn release(scratch: &Scratch, report: &mut Report) -> Result<Vec<Ratio>> {
    let crates = crates(scratch);
    let mut took = [0.0; 3];
    let mut size = [0.0; 3];
    for (index, one) in crates.iter().enumerate() {
        report.step("build", || one.prepare("build"))?;
        took[index] = report.step("release", || one.timed("build"))?.as_secs_f64();
        size[index] = one.library_size()?;
    }
    let plain = scratch.binary("plain-consumer", report)?;
    let ours = scratch.binary("ours", report)?;
    Ok(vec![
        Ratio::new("release build, full", took[1], took[0], "s", 0.2),
        Ratio::new(
            "release build, default features",
            took[2],
            took[0],
            "s",
            0.12,
        ),
        Ratio::new("rlib, full", size[1], size[0], "MB", 0.3),
        Ratio::new("rlib, default features", size[2], size[0], "MB", 0.12),
        // A program that makes one call has the retries, limits and traces in it that
        // plain progenitor lacks.
        Ratio::new("binary of a consumer", ours, plain, "MB", 1.0).without_limit(),
    ])
}

// Times and sizes are what floats are for.
#[allow(clippy::float_arithmetic)]
impl Ratio {
    fn new(what: &str, ours: f64, theirs: f64, unit: &'static str, limit: f64) -> Self {
        Self {
            what: what.to_owned(),
            figures: Some((ours, theirs, unit)),
            value: ours / theirs,
            limit: Some(limit),
        }
    }

    /// A ratio that was measured as one.
    fn of_medians(what: &str, value: f64, limit: f64) -> Self {
        Self {
            what: what.to_owned(),
            figures: None,
            value,
            limit: Some(limit),
        }
    }

    /// Only told.
    fn without_limit(self) -> Self {
        Self {
            limit: None,
            ..self
        }
    }

    fn is_over(&self) -> bool {
        self.limit.is_some_and(|limit| self.value > limit)
    }
}

// The table is the result of the command, so it goes to standard output.
#[allow(clippy::print_stdout)]
fn print(ratios: &[Ratio]) -> Result<()> {
    println!(
        "{:<42} {:>10} {:>10} {:>8} {:>8}",
        "", "here", "there", "ratio", "limit"
    );
    for ratio in ratios {
        let [ours, theirs] = match ratio.figures {
            Some((ours, theirs, unit)) => {
                [ours, theirs].map(|figure| format!("{figure:.2} {unit:<2}"))
            }
            None => Default::default(),
        };
        let limit = ratio.limit.map(|limit| format!("{limit:.2}"));
        println!(
            "{:<42} {ours:>10} {theirs:>10} {:>8.3} {:>8}{}",
            ratio.what,
            ratio.value,
            limit.unwrap_or_default(),
            if ratio.is_over() { "  over" } else { "" },
        );
    }
    match ratios.iter().filter(|ratio| ratio.is_over()).count() {
        0 => Ok(()),
        count => bail!("{count} of {} ratios are over their limits", ratios.len()),
    }
}

/// Reads a figure out of a line such as `progenitor 702 ms`.
fn figure(text: &str, label: &str) -> Result<f64> {
    let line = text
        .lines()
        .find(|line| line.trim_start().starts_with(label));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("no line says how long `{label}` took"))
}
