//! Cargo's test runner: starts it, and reads what it prints.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::kinds::{Kind, Run};
use super::results::{Outcome, Results};
use crate::report::Report;

/// Compiles everything that the kinds run; cargo shows how far it is.
pub(super) fn build(root: &Path, kinds: &[Kind], report: &Report) -> Result<()> {
    let runs = kinds.iter().flat_map(|kind| kind.runs());
    let mut targets: Vec<&str> = runs
        .filter(|run| run.is_timed())
        .flat_map(|run| run.cargo.iter().copied())
        .collect();
    if targets.is_empty() {
        return Ok(());
    }
    if targets.contains(&"--tests") {
        // These are all there are.
        targets = vec!["--tests"];
    }
    report.line(
        "build",
        &format!("cargo test --workspace {} --no-run", targets.join(" ")),
    );
    let started = Instant::now();
    let status = cargo(root)
        .args(targets)
        .arg("--no-run")
        .status()
        .context("cargo cannot be started")?;
    if !status.success() {
        bail!("the tests do not compile");
    }
    report.line("build", &format!("{} s", started.elapsed().as_secs()));
    Ok(())
}

/// Runs programs, and writes down how each test ended.
pub(super) fn run(root: &Path, run: Run, report: &mut Report, results: &mut Results) -> Result<()> {
    // One pipe for both streams: cargo names the program on one, which prints on the other.
    let (reader, writer) = std::io::pipe()?;
    let mut command = cargo(root);
    command.args(run.cargo).arg("--no-fail-fast");
    if run.is_timed() {
        // The harness tells how long a test took on nightly alone, or with this variable; it
        // is set for the test programs and not for the compiler.
        command.args([
            "--config",
            "target.'cfg(unix)'.runner=['env','RUSTC_BOOTSTRAP=1']",
        ]);
    }
    command.arg("--").args(run.harness);
    if run.is_timed() {
        command.args(["-Zunstable-options", "--report-time"]);
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .context("cargo cannot be started")?;
    // The command holds ends of the pipe, which would never close.
    drop(command);
    let mut reading = Reading::default();
    for line in BufReader::new(reader).split(b'\n') {
        let line = line?;
        reading.take(&String::from_utf8_lossy(&line), report, results);
    }
    let status = child.wait()?;
    reading.finish(report);
    let failed = reading.failed;
    if !status.success() && failed == 0 {
        results.broken(&format!(
            "`cargo test --workspace {}` failed",
            run.cargo.join(" ")
        ));
    }
    Ok(())
}

fn cargo(root: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args(["test", "--workspace"]).current_dir(root);
    command
}

/// One line of what cargo and the test programs print.
#[derive(Debug, PartialEq)]
enum Line<'l> {
    /// A program starts.
    Program(String),
    Test {
        name: &'l str,
        outcome: Outcome<'l>,
        took: Duration,
    },
    /// The harness of a program begins; programs without one say nothing.
    Begin,
    /// A program has ended.
    End,
    Other,
}

fn read(line: &str) -> Line<'_> {
    if let Some(program) = line.trim_start().strip_prefix("Running ") {
        return program_of(program).map_or(Line::Other, Line::Program);
    }
    if let Some(package) = line.trim_start().strip_prefix("Doc-tests ") {
        return Line::Program(format!("{package}, documentation"));
    }
    if line.starts_with("running ") && line.ends_with(['t', 's']) {
        return Line::Begin;
    }
    if line.starts_with("test result: ") {
        return Line::End;
    }
    line.strip_prefix("test ")
        .and_then(test)
        .unwrap_or(Line::Other)
}

/// `unittests src/lib.rs (target/debug/deps/plaid-…)` or `tests/client/main.rs (…)`.
fn program_of(text: &str) -> Option<String> {
    let (source, path) = text.strip_suffix(')')?.split_once(" (")?;
    let file = Path::new(path).file_name()?.to_str()?;
    let (name, _) = file.rsplit_once('-')?;
    Some(match source.starts_with("unittests") {
        true => format!("{name}, unit tests"),
        false => name.to_owned(),
    })
}

/// `a::test ... ok <0.001s>`.
fn test(text: &str) -> Option<Line<'_>> {
    let (name, outcome) = text.split_once(" ... ")?;
    let (outcome, took) = match outcome.split_once(" <") {
        Some((outcome, took)) => (outcome, seconds(took)?),
        None => (outcome, Duration::ZERO),
    };
    let outcome = match outcome {
        "ok" => Outcome::Passed,
        "FAILED" => Outcome::Failed,
        "ignored" => Outcome::Ignored(""),
        _ => Outcome::Ignored(outcome.strip_prefix("ignored, ")?),
    };
    Some(Line::Test {
        name,
        outcome,
        took,
    })
}

/// `0.001s>`. The harness writes thousandths.
fn seconds(text: &str) -> Option<Duration> {
    let text = text.strip_suffix("s>")?;
    let (whole, thousandths) = text.split_once('.')?;
    let millis = whole.parse::<u64>().ok()? * 1_000 + thousandths.parse::<u64>().ok()?;
    Some(Duration::from_millis(millis))
}

/// What has been read of the programs so far.
#[derive(Default)]
struct Reading {
    program: String,
    passed: usize,
    failed: usize,
    failed_here: usize,
    since: Option<Instant>,
    /// What a program printed that is not the outcome of a test: shown when one failed.
    said: Vec<String>,
}

impl Reading {
    fn take(&mut self, line: &str, report: &mut Report, results: &mut Results) {
        match read(line) {
            Line::Program(program) => {
                // One that was killed has no last line.
                self.finish(report);
                *self = Self {
                    program,
                    failed: self.failed,
                    ..Self::default()
                };
            }
            Line::Test {
                name,
                outcome,
                took,
            } => {
                self.passed += usize::from(outcome == Outcome::Passed);
                self.failed_here += usize::from(outcome == Outcome::Failed);
                self.failed += usize::from(outcome == Outcome::Failed);
                results.test(&self.program, name, outcome, took);
                report.now(&format!("{}: {} tests", self.program, self.passed));
            }
            // Documentation has examples that are compiled apart, and so begins twice.
            Line::Begin => {
                self.since = Some(Instant::now());
                self.passed = 0;
                self.failed_here = 0;
            }
            Line::End => self.end(report),
            Line::Other => self.said.push(line.to_owned()),
        }
    }

    fn end(&mut self, report: &mut Report) {
        let took = self
            .since
            .take()
            .map_or(0, |since| since.elapsed().as_millis());
        // Most programs have no tests.
        if self.passed + self.failed_here > 0 {
            let failed = match self.failed_here {
                0 => String::new(),
                failed => format!(", {failed} FAILED"),
            };
            report.line(
                "passed",
                &format!("{} {}{failed}, {took} ms", self.passed, self.program),
            );
        }
        if self.failed_here > 0 {
            self.show(report);
        }
        self.said.clear();
    }

    /// Shows what a program said that has no end.
    fn finish(&mut self, report: &mut Report) {
        if self.since.is_some() {
            report.line("aborted", &self.program);
            self.show(report);
            self.since = None;
        }
    }

    fn show(&self, report: &mut Report) {
        for line in &self.said {
            report.verbatim(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_cargo_and_of_the_harness_are_read() {
        let test = |name, outcome, millis| Line::Test {
            name,
            outcome,
            took: Duration::from_millis(millis),
        };
        for (line, wanted) in [
            (
                "     Running tests/client/main.rs (target/debug/deps/client-0a1b)",
                Line::Program("client".to_owned()),
            ),
            (
                "     Running unittests src/lib.rs (target/debug/deps/plaid_gen-0a1b)",
                Line::Program("plaid_gen, unit tests".to_owned()),
            ),
            (
                "   Doc-tests plaid",
                Line::Program("plaid, documentation".to_owned()),
            ),
            (
                "test a::b ... ok <12.034s>",
                test("a::b", Outcome::Passed, 12_034),
            ),
            ("test a::b ... ok", test("a::b", Outcome::Passed, 0)),
            (
                "test a::b ... FAILED <0.001s>",
                test("a::b", Outcome::Failed, 1),
            ),
            (
                "test src/lib.rs - Call (line 3) ... ignored",
                test("src/lib.rs - Call (line 3)", Outcome::Ignored(""), 0),
            ),
            (
                "test a ... ignored, cargo xtask test --only nginx",
                test("a", Outcome::Ignored("cargo xtask test --only nginx"), 0),
            ),
            ("test result: ok. 1 passed; 0 failed; 0 ignored", Line::End),
            ("test a has been running for over 60 seconds", Line::Other),
            ("running 3 tests", Line::Begin),
            ("running 1 test", Line::Begin),
            ("Running late", Line::Other),
            ("", Line::Other),
        ] {
            assert_eq!(read(line), wanted, "{line}");
        }
    }
}
