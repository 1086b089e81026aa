//! How the tests ended.

use std::collections::BTreeMap;
use std::time::Duration;

use super::kinds::Kind;

/// Tests that are named in the summary for their time.
const SLOWEST: usize = 10;

/// How one test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome<'r> {
    Passed,
    Failed,
    /// It is not run with the others, for this reason.
    Ignored(&'r str),
}

/// How all of them ended.
#[derive(Debug)]
pub(super) struct Results {
    /// The kinds that are to be run.
    kinds: Vec<Kind>,
    passed: usize,
    failed: Vec<String>,
    broken: Vec<String>,
    times: Vec<(Duration, String)>,
    /// Kinds that cannot be run, and why.
    skipped: BTreeMap<Kind, String>,
    /// Tests that are left to a kind.
    left: BTreeMap<Kind, Vec<String>>,
    run: Vec<String>,
}

impl Results {
    pub(super) fn new(kinds: &[Kind]) -> Self {
        Self {
            kinds: kinds.to_owned(),
            passed: 0,
            failed: Vec::new(),
            broken: Vec::new(),
            times: Vec::new(),
            skipped: BTreeMap::new(),
            left: BTreeMap::new(),
            run: Vec::new(),
        }
    }

    /// A kind cannot be run.
    pub(super) fn skip(&mut self, kind: Kind, why: String) {
        self.skipped.insert(kind, why);
    }

    /// Something failed that is no test.
    pub(super) fn broken(&mut self, what: &str) {
        self.broken.push(what.to_owned());
    }

    pub(super) fn test(&mut self, program: &str, name: &str, outcome: Outcome<'_>, took: Duration) {
        let test = format!("{program}: {name}");
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed => self.failed.push(test.clone()),
            Outcome::Ignored(reason) => {
                match Kind::of_reason(reason) {
                    Some(kind) => self.left.entry(kind).or_default().push(test),
                    None => self.broken.push(format!(
                        "{test} is ignored for a reason that names no kind of `cargo xtask test`"
                    )),
                }
                return;
            }
        }
        self.times.push((took, test.clone()));
        self.run.push(test);
    }

    /// Tests that were left to a kind which ran, and ran without them.
    fn forgotten(&self) -> Vec<&str> {
        let ran = |kind: &&Kind| self.kinds.contains(kind) && !self.skipped.contains_key(kind);
        let left = self.left.iter().filter(|(kind, _)| ran(kind));
        left.flat_map(|(_, tests)| tests)
            .filter(|test| !self.run.contains(test))
            .map(String::as_str)
            .collect()
    }

    /// How many tests were not run. Without the kind that lists them, a kind counts as one.
    fn count_skipped(&self) -> usize {
        let tests = |kind| self.left.get(kind).map_or(1, Vec::len);
        self.skipped.keys().map(tests).sum()
    }

    /// Why the command fails, if it does.
    pub(super) fn problem(&self, is_ci: bool) -> Option<String> {
        let forgotten = self.forgotten();
        let skipped = self.count_skipped();
        let mut problems = self.broken.clone();
        if !self.failed.is_empty() {
            problems.push(format!("{} tests failed", self.failed.len()));
        }
        if !forgotten.is_empty() {
            problems.push(format!("no run has these tests: {}", forgotten.join(", ")));
        }
        if is_ci && skipped > 0 {
            problems.push(format!("{skipped} tests were skipped, and CI is set"));
        }
        if self.passed == 0 && problems.is_empty() && skipped == 0 {
            problems.push("no test was run".to_owned());
        }
        (!problems.is_empty()).then(|| problems.join("; "))
    }

    // The summary is the result of the command, so it goes to standard output.
    #[allow(clippy::print_stdout)]
    pub(super) fn print(&mut self, took: Duration) {
        self.times.sort();
        println!("\nslowest tests");
        for (took, test) in self.times.iter().rev().take(SLOWEST) {
            println!("{:>9} ms  {test}", took.as_millis());
        }
        if !self.skipped.is_empty() {
            println!("\nskipped");
            for (kind, why) in &self.skipped {
                println!("{:>12}  {why}", kind.name());
            }
        }
        if !self.failed.is_empty() {
            println!("\nfailed");
            for test in &self.failed {
                println!("  {test}");
            }
        }
        println!("\nin {} s:", took.as_secs());
        let (passed, failed) = (self.passed, self.failed.len());
        println!(
            "{passed} passed, {failed} failed, {} skipped",
            self.count_skipped()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NGINX: Outcome<'_> = Outcome::Ignored("cargo xtask test --only nginx");

    fn results(kinds: &[Kind], tests: &[(&str, Outcome<'_>)]) -> Results {
        let mut results = Results::new(kinds);
        for (name, outcome) in tests {
            results.test("gateway", name, *outcome, Duration::ZERO);
        }
        results
    }

    #[test]
    fn a_failure_and_a_test_that_nothing_runs_are_problems() {
        let passed = ("a", Outcome::Passed);
        for (kinds, tests, problem) in [
            (&[Kind::Rust][..], &[passed][..], None),
            (&[Kind::Rust], &[passed, ("b", NGINX)], None),
            (
                &[Kind::Rust, Kind::Nginx],
                &[passed, ("b", NGINX), ("b", Outcome::Passed)],
                None,
            ),
            (
                &[Kind::Rust, Kind::Nginx],
                &[passed, ("b", NGINX)],
                Some("no run has these tests: gateway: b"),
            ),
            (
                &[Kind::Rust],
                &[passed, ("b", Outcome::Failed)],
                Some("1 tests failed"),
            ),
            (
                &[Kind::Rust],
                &[passed, ("b", Outcome::Ignored("slow"))],
                Some("gateway: b is ignored for a reason that names no kind of `cargo xtask test`"),
            ),
            (&[Kind::Rust], &[], Some("no test was run")),
        ] {
            let results = results(kinds, tests);
            assert_eq!(results.problem(false).as_deref(), problem, "{tests:?}");
        }
    }

    #[test]
    fn a_skipped_kind_fails_in_ci_alone_and_counts_its_tests() {
        let tests = [("a", Outcome::Passed), ("b", NGINX), ("c", NGINX)];
        let mut results = results(&[Kind::Rust, Kind::Nginx], &tests);
        results.skip(Kind::Nginx, "wrk is missing".to_owned());
        assert_eq!(results.count_skipped(), 2);
        assert_eq!(results.problem(false), None);
        let problem = results.problem(true).unwrap_or_default();
        assert_eq!(problem, "2 tests were skipped, and CI is set");
    }
}
