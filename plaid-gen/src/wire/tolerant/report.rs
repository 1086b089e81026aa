//! What is said about an answer that is not as described.

use std::fmt;
use std::ops::Deref;

use serde_json::error::Category;

/// The place of a value that is in nothing else.
const TOP_LEVEL: &str = "the top level";
/// More places than this are counted only: a list may have millions of elements.
const MAX_LISTED: usize = 10_000;
/// A path longer than this is cut.
const MAX_PATH: usize = 500;

/// A place where an answer is not as the API's description says, and what became of
/// it. It holds no values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    path: String,
    kind: DeviationKind,
    reason: String,
    left_out: bool,
}

/// In which way a place is not as described.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviationKind {
    /// A required field is absent.
    Missing,
    /// It is `null` where that is not provided for.
    Null,
    /// There is another field of this name further down, which is the one that counts.
    Repeated,
    /// It has another type, or is a number or date that cannot be understood.
    Mismatch,
}

impl Deviation {
    pub(super) fn new(path: &str, kind: DeviationKind, reason: String, left_out: bool) -> Self {
        Self {
            path: readable(path),
            kind,
            reason,
            left_out,
        }
    }

    /// Where in the answer, for instance `accounts[0].balances.current`. Places in a
    /// list are counted as they came, also past those that are left out.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// In which way.
    pub fn kind(&self) -> DeviationKind {
        self.kind
    }

    /// What is wrong, in words. The value itself is not quoted.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether it is left out: an element of a list, an entry of a map, or a repeated
    /// field. A
    /// field is filled with its empty value; see [`Tolerance::Report`](super::Tolerance::Report).
    pub fn is_left_out(&self) -> bool {
        self.left_out
    }
}

/// For instance `accounts[0].name: missing; left empty`.
impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = if self.left_out {
            "left out"
        } else {
            "left empty"
        };
        write!(f, "{}: {}; {outcome}", self.path, self.reason)
    }
}

/// Every [`Deviation`] of an answer, in the order in which they were met. Use it like
/// a slice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deviations {
    listed: Vec<Deviation>,
    unlisted: usize,
}

impl Deviations {
    pub(super) fn push(&mut self, deviation: Deviation) {
        if self.listed.len() < MAX_LISTED {
            self.listed.push(deviation);
        } else {
            self.unlisted += 1;
        }
    }

    /// How many there are. Beyond the first 10,000 they are counted and not listed.
    pub fn total(&self) -> usize {
        self.listed.len() + self.unlisted
    }

    /// The same with each path and reason put through a function: names of entries
    /// in a map come from the answer.
    #[must_use]
    pub fn cleaned(mut self, clean: impl Fn(&str) -> String) -> Self {
        for deviation in &mut self.listed {
            deviation.path = clean(&deviation.path);
            deviation.reason = clean(&deviation.reason);
        }
        self
    }
}

impl Deref for Deviations {
    type Target = [Deviation];

    fn deref(&self) -> &[Deviation] {
        &self.listed
    }
}

impl<'a> IntoIterator for &'a Deviations {
    type Item = &'a Deviation;
    type IntoIter = std::slice::Iter<'a, Deviation>;

    fn into_iter(self) -> Self::IntoIter {
        self.listed.iter()
    }
}

/// Where and why a text does not fit its type. It holds no values, but its path may
/// have names from the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    path: String,
    reason: String,
}

impl Misfit {
    pub(super) fn new(path: &str, reason: String) -> Self {
        Self {
            path: readable(path),
            reason,
        }
    }

    /// It is not JSON at all. What is wrong has no name then, but a position.
    pub(super) fn not_json(error: &serde_json::Error) -> Self {
        let message = error.to_string();
        let reason = match message.rfind(" at line ") {
            Some(end) => message[..end].to_owned(),
            None => message,
        };
        let path = match error.classify() {
            Category::Eof => "its end".to_owned(),
            _ => format!("line {}, column {}", error.line(), error.column()),
        };
        Self { path, reason }
    }

    /// The same with path and reason put through a function: names of entries in a
    /// map come from the text.
    #[must_use]
    pub fn cleaned(self, clean: impl Fn(&str) -> String) -> Self {
        Self {
            path: clean(&self.path),
            reason: clean(&self.reason),
        }
    }

    /// Where, for instance `accounts[0].balances.current`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What does not fit. The value itself is not quoted.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

impl std::error::Error for Misfit {}

fn readable(path: &str) -> String {
    match path.char_indices().nth(MAX_PATH) {
        _ if path.is_empty() => TOP_LEVEL.to_owned(),
        Some((end, _)) => format!("{}…", &path[..end]),
        None => path.to_owned(),
    }
}
