//! A client or a call that is set up wrongly.

use std::borrow::Cow;
use std::fmt;

/// The client or the call is set up wrongly; nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    operation: Option<Cow<'static, str>>,
    problem: Cow<'static, str>,
}

impl ConfigError {
    pub(crate) fn new(problem: impl Into<Cow<'static, str>>) -> Self {
        Self {
            operation: None,
            problem: problem.into(),
        }
    }

    pub(crate) fn of_call(operation: Cow<'static, str>, problem: Cow<'static, str>) -> Self {
        Self {
            operation: Some(operation),
            problem,
        }
    }

    /// What is wrong, and what would be right.
    pub fn problem(&self) -> &str {
        &self.problem
    }

    pub(crate) fn operation(&self) -> Option<&str> {
        self.operation.as_deref()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.operation {
            Some(operation) => write!(f, "{operation}: not sent: {}", self.problem),
            None => f.write_str(&self.problem),
        }
    }
}

impl std::error::Error for ConfigError {}
