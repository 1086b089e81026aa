//! Pages that do not make up a list.

use std::borrow::Cow;
use std::fmt;

use super::Action;

/// Why a list cannot be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// There is more, but no cursor that leads to it.
    NoCursor,
    /// A cursor leads back to a page that has been read.
    Circle,
    /// There is more, but the page is empty, or goes back.
    Stuck,
    /// The list changed each time that it was read.
    Restless,
}

/// The pages of a list contradict each other, so that nobody can say whether all of
/// its rows have come.
///
/// What came before the error is not the whole list. Read it again from where it was
/// begun.
#[derive(Clone, Debug)]
pub struct PagingError {
    operation: Cow<'static, str>,
    page: u32,
    problem: Problem,
    request_id: Option<String>,
}

impl PagingError {
    pub(crate) fn new(
        operation: Cow<'static, str>,
        page: u32,
        problem: Problem,
        request_id: &str,
    ) -> Self {
        Self {
            operation,
            page,
            problem,
            request_id: (!request_id.is_empty()).then(|| request_id.to_owned()),
        }
    }

    pub(super) fn operation(&self) -> &str {
        &self.operation
    }

    /// Which page it was, from 1.
    pub fn page(&self) -> u32 {
        self.page
    }

    /// What is wrong.
    pub fn problem(&self) -> Problem {
        self.problem
    }

    /// Plaid's id of the request for that page.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

impl fmt::Display for PagingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.problem {
            Problem::NoCursor => "has no cursor to go on from",
            Problem::Circle => "leads back to a page that was read already",
            Problem::Stuck => "is not the last, and leads nowhere",
            Problem::Restless => "shows that the list changed each time it was read",
        };
        write!(
            f,
            "{}: page {} {what}; {}",
            self.operation,
            self.page,
            Action::RestartPagination
        )?;
        match &self.request_id {
            Some(id) => write!(f, " [request {id}]"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PagingError {}
