//! An error that Plaid answered with.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::{Map, Value};

use super::{Action, Context, ErrorCode, ErrorType, table};
use crate::exchange::Answer;
use crate::redact::{self, Redactor};
use crate::retry;

/// A success is searched for an error only when it is no longer than this: an
/// error is small, and the search reads the whole body once more.
const MAX_ERROR_IN_SUCCESS: usize = 16 * 1024;
const ERROR_CODE: &[u8] = b"\"error_code\"";

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

/// The fields of the body, in any of the shapes that errors come in.
pub(crate) struct Parts {
    pub(crate) error_type: ErrorType,
    pub(crate) error_code: ErrorCode,
    message: Option<String>,
    display_message: Option<String>,
    reason: Option<String>,
    request_id: Option<String>,
    documentation_url: Option<String>,
    suggested_action: Option<String>,
    causes: Vec<Value>,
}

impl Parts {
    /// Reads an error body; `None` if it is none of Plaid's.
    pub(crate) fn read(body: &[u8], redactor: &Redactor) -> Option<Self> {
        let mut fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let (error_type, error_code) = plaid_names(&fields).or_else(|| oauth_names(&fields))?;
        let clean = |name: &str| text(&fields, name).map(|text| redactor.clean(text));
        Some(Self {
            error_type: ErrorType::from(redactor.clean(&error_type).as_str()),
            error_code: ErrorCode::from(redactor.clean(&error_code).as_str()),
            message: clean("error_message").or_else(|| clean("error_description")),
            display_message: clean("display_message"),
            reason: clean("error_code_reason"),
            request_id: text(&fields, "request_id")
                .and_then(redact::id)
                .map(str::to_owned),
            documentation_url: clean("documentation_url").or_else(|| clean("error_uri")),
            suggested_action: clean("suggested_action"),
            causes: match fields.remove("causes") {
                Some(Value::Array(causes)) => causes,
                _ => Vec::new(),
            },
        })
    }

    /// An error that came with a status of success.
    ///
    /// OAUTH_STATE_ID_ALREADY_PROCESSED does (208). No answer of Plaid's has these
    /// two fields at its top level otherwise, but many consist of a request id
    /// alone, and would take an error for themselves.
    pub(crate) fn in_success(body: &[u8], redactor: &Redactor) -> Option<Self> {
        let has_code = |body: &[u8]| {
            body.windows(ERROR_CODE.len())
                .any(|part| part == ERROR_CODE)
        };
        if body.len() > MAX_ERROR_IN_SUCCESS || !has_code(body) {
            return None;
        }
        let fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
        plaid_names(&fields)?;
        Self::read(body, redactor)
    }

    pub(crate) fn again(&self) -> Option<table::Again> {
        table::find(&self.error_type, &self.error_code).map(|entry| entry.again)
    }
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name)?.as_str().filter(|text| !text.is_empty())
}

fn plaid_names(fields: &Map<String, Value>) -> Option<(String, String)> {
    let error_type = text(fields, "error_type")?;
    let error_code = text(fields, "error_code")?;
    Some((error_type.to_owned(), error_code.to_owned()))
}

/// The `/oauth/*` endpoints answer in the form of RFC 6749, with lower-case codes.
///
/// Other servers have a field of that name as well; theirs comes with neither a
/// code of OAuth's nor an id of Plaid's, and is judged by its status.
fn oauth_names(fields: &Map<String, Value>) -> Option<(String, String)> {
    let code = text(fields, "error")?.to_ascii_uppercase();
    let is_known = table::find(&ErrorType::OauthError, &code.as_str().into()).is_some();
    let is_plaids = is_known || text(fields, "request_id").is_some();
    is_plaids.then(|| (ErrorType::OauthError.to_string(), code))
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
        retry::retry_after(&self.answer.headers)
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
