//! An answer that is not what was asked for.

use std::fmt;

use bytes::Bytes;
use plaid_gen::wire::Misfit;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::{Action, Context};
use crate::net::Answer;

/// Plaid did what was asked, but its answer does not fit the type.
///
/// The answer is kept, see [`raw`](Self::raw); it is never printed.
pub struct DecodeError {
    pub(super) context: Context,
    misfit: Misfit,
    answer: Answer,
}

impl DecodeError {
    pub(crate) fn new(context: Context, misfit: Misfit, answer: Answer) -> Self {
        Self {
            context,
            misfit,
            answer,
        }
    }

    /// Where in the answer, for instance `accounts[0].balances.current`.
    pub fn path(&self) -> &str {
        self.misfit.path()
    }

    /// What does not fit. The value itself is not quoted.
    pub fn reason(&self) -> &str {
        self.misfit.reason()
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.answer.status
    }

    /// The headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.answer.headers
    }

    /// Plaid's id of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.answer.request_id()
    }

    /// The body as it came: nothing of the answer is lost.
    pub fn raw(&self) -> &Bytes {
        &self.answer.body
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: cannot read the answer ({}) at {}: {}; {}",
            self.context.operation,
            self.status().as_u16(),
            self.path(),
            self.reason(),
            Action::UpdateCrate,
        )?;
        self.context.write_tail(f, self.request_id())
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("operation", &self.context.operation)
            .field("status", &self.status().as_u16())
            .field("path", &self.path())
            .field("reason", &self.reason())
            .field("request_id", &self.request_id())
            .field("body_length", &self.answer.body.len())
            .finish_non_exhaustive()
    }
}

impl std::error::Error for DecodeError {}

/// The body is not Plaid's: a proxy's error page, nothing at all, a redirect.
///
/// It is kept, see [`raw`](Self::raw); it is never printed.
pub struct UnexpectedBody {
    pub(super) context: Context,
    answer: Answer,
}

impl UnexpectedBody {
    pub(crate) fn new(context: Context, answer: Answer) -> Self {
        Self { context, answer }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.answer.status
    }

    /// The headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.answer.headers
    }

    /// The media type that the answer claims, without parameters.
    pub fn content_type(&self) -> Option<&str> {
        self.answer.content_type()
    }

    /// How many bytes the body has.
    pub fn length(&self) -> usize {
        self.answer.body.len()
    }

    /// Plaid's id of the request, where the request got that far.
    pub fn request_id(&self) -> Option<&str> {
        self.answer.header_request_id()
    }

    /// The body as it came.
    pub fn raw(&self) -> &Bytes {
        &self.answer.body
    }

    pub(super) fn action(&self) -> Action {
        let status = self.status();
        if status == StatusCode::TOO_MANY_REQUESTS {
            Action::RetryWithBackoff
        } else if status.is_server_error() || status.is_success() {
            self.context.after_uncertainty()
        } else {
            // A redirect or a proxy's refusal: the base URL is not Plaid's.
            Action::FixConfiguration
        }
    }
}

impl fmt::Display for UnexpectedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: HTTP {}",
            self.context.operation,
            self.status().as_u16()
        )?;
        if self.status().is_redirection() {
            f.write_str(", a redirect, which is never followed")?;
        } else if self.length() == 0 {
            f.write_str(" with no body")?;
        } else {
            let kind = self.content_type().unwrap_or("no content type");
            write!(
                f,
                " with {} bytes ({kind}) that Plaid does not send",
                self.length()
            )?;
        }
        write!(f, ": {}", self.action())?;
        self.context.write_tail(f, self.request_id())
    }
}

impl fmt::Debug for UnexpectedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnexpectedBody")
            .field("operation", &self.context.operation)
            .field("status", &self.status().as_u16())
            .field("content_type", &self.content_type())
            .field("length", &self.length())
            .field("request_id", &self.request_id())
            .field("attempts", &self.context.attempts)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for UnexpectedBody {}

/// The answer is longer than the client takes; see
/// [`max_body`](crate::ClientBuilder::max_body).
#[derive(Debug)]
pub struct TooLarge {
    pub(super) context: Context,
    pub(super) status: StatusCode,
    pub(super) limit: usize,
}

impl TooLarge {
    pub(crate) fn new(context: Context, status: StatusCode, limit: usize) -> Self {
        Self {
            context,
            status,
            limit,
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// How many bytes the client takes.
    pub fn limit(&self) -> usize {
        self.limit
    }
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: the answer ({}) has more than {} bytes: ask for less or raise max_body",
            self.context.operation,
            self.status.as_u16(),
            self.limit,
        )?;
        self.context.write_tail(f, None)
    }
}

impl std::error::Error for TooLarge {}
