//! Tells the person at the terminal what is going on.

use std::time::{Duration, Instant};

use console::{Term, style};

/// Prints steps as they happen: in colour and in place on a terminal, as plain
/// lines elsewhere, not at all in tests.
#[derive(Debug)]
pub struct Report {
    terminal: Option<Term>,
    started: Instant,
    steps: Vec<(&'static str, Duration)>,
}

impl Report {
    /// Prints to standard error; standard output is for results.
    pub fn stderr() -> Self {
        Self::new(Some(Term::stderr()))
    }

    /// Prints nothing.
    pub fn silent() -> Self {
        Self::new(None)
    }

    fn new(terminal: Option<Term>) -> Self {
        Self {
            terminal,
            started: Instant::now(),
            steps: Vec::new(),
        }
    }

    /// Runs one step and says how long it took.
    ///
    /// # Errors
    /// When the step fails.
    pub fn step<T, E>(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let on_screen = self.terminal.clone().filter(Term::is_term);
        if let Some(screen) = &on_screen {
            // A terminal that cannot be written to is no reason to stop.
            let _ = screen.write_str(&format!("{name:>12} …"));
        }
        let started = Instant::now();
        let outcome = work();
        let took = started.elapsed();
        if let Some(screen) = &on_screen {
            let _ = screen.clear_line();
        }
        self.steps.push((name, took));
        self.line(name, &format!("{} ms", took.as_millis()));
        outcome
    }

    /// Says something.
    pub fn line(&self, label: &str, text: &str) {
        if let Some(terminal) = &self.terminal {
            if terminal.is_term() {
                let _ = terminal.clear_line();
            }
            let label = style(format!("{label:>12}")).for_stderr().green().bold();
            let _ = terminal.write_line(&format!("{label} {text}"));
        }
    }

    /// Shows how far something is, on a terminal: the next line takes its place.
    pub fn now(&self, text: &str) {
        if let Some(screen) = self.terminal.as_ref().filter(|terminal| terminal.is_term()) {
            let _ = screen.clear_line();
            let _ = screen.write_str(&format!("{:>12} {text}", ""));
        }
    }

    /// Repeats a line of another program.
    pub fn verbatim(&self, line: &str) {
        if let Some(terminal) = &self.terminal {
            let _ = terminal.write_line(line);
        }
    }

    /// Says why the command failed.
    pub fn fail(&self, error: &anyhow::Error) {
        if let Some(terminal) = &self.terminal {
            let label = style("error:").for_stderr().red().bold();
            let _ = terminal.write_line(&format!("{label} {error:#}"));
        }
    }

    /// The time since the report was opened.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
