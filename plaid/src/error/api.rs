//! An error that Plaid answered with.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::{Action, Context, ErrorCode, ErrorType, Parts};
use crate::net::{Answer, retry_after};

/// An error that Plaid answered with.
///
/// Its texts have been cleaned of tokens, credentials and account numbers, which
/// Plaid quotes from the request; [`raw`](Self::raw) has them as they came.
pub struct ApiError {
    pub(super) context: Context,
    parts: Parts,
    answer: Answer,
    action: Action,
}

impl ApiError {
    pub(crate) fn new(context: Context, parts: Parts, answer: Answer) -> Self {
        let mut action = Action::for_error(&parts.error_type, &parts.error_code);
        // A server that failed halfway through a write may have done the first half.
        if action == Action::RetryWithBackoff && answer.status.is_server_error() {
            action = context.after_uncertainty();
        }
        Self {
            action,
            context,
            parts,
            answer,
        }
    }

    /// The group that the code belongs to.
    pub fn error_type(&self) -> &ErrorType {
        &self.parts.error_type
    }

    /// What went wrong.
    pub fn error_code(&self) -> &ErrorCode {
        &self.parts.error_code
    }

    /// Plaid's text for developers; it changes without notice. Empty if there is none.
    pub fn message(&self) -> &str {
        self.parts.message.as_deref().unwrap_or_default()
    }

    /// Plaid's text for the user, where the user can do something about it.
    pub fn display_message(&self) -> Option<&str> {
        self.parts.display_message.as_deref()
    }

    /// A closer reason for the code, for instance `OAUTH_CONSENT_EXPIRED`.
    pub fn reason(&self) -> Option<&str> {
        self.parts.reason.as_deref()
    }

    /// What Plaid's support asks for first.
    pub fn request_id(&self) -> Option<&str> {
        let header = || self.answer.header_request_id();
        self.parts.request_id.as_deref().or_else(header)
    }

    /// The errors behind this one, for reports made from several Items. They are
    /// as Plaid sent them, not cleaned.
    pub fn causes(&self) -> &[Value] {
        &self.parts.causes
    }

    /// The page that describes the error.
    pub fn documentation_url(&self) -> Option<&str> {
        self.parts.documentation_url.as_deref()
    }

    /// What Plaid suggests.
    pub fn suggested_action(&self) -> Option<&str> {
        self.parts.suggested_action.as_deref()
    }

    /// The HTTP status. Decide by the code: Plaid answers 400 to nearly everything.
    pub fn status(&self) -> StatusCode {
        self.answer.status
    }

    /// The headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.answer.headers
    }

    /// How long Plaid asks to wait, where it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.answer.headers)
    }

    /// What the error calls for.
    pub fn action(&self) -> Action {
        self.action
    }

    /// The body as it came, with whatever it quotes.
    pub fn raw(&self) -> &Bytes {
        &self.answer.body
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &self.parts;
        write!(
            f,
            "{}: {}/{}",
            self.context.operation, parts.error_type, parts.error_code
        )?;
        write!(f, " ({}): ", self.answer.status.as_u16())?;
        match &parts.message {
            Some(message) if self.action.needs_message() => f.write_str(message)?,
            _ => write!(f, "{}", self.action)?,
        }
        self.context.write_tail(f, self.request_id())
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("operation", &self.context.operation)
            .field("status", &self.answer.status.as_u16())
            .field("error_type", &self.parts.error_type.as_str())
            .field("error_code", &self.parts.error_code.as_str())
            .field("message", &self.message())
            .field("display_message", &self.display_message())
            .field("request_id", &self.request_id())
            .field("causes", &self.parts.causes.len())
            .field("attempts", &self.context.attempts)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for ApiError {}
