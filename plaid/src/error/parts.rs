//! The body of an error, in any of the shapes that it comes in.

use serde_json::{Map, Value};

use super::{ErrorCode, ErrorType, table};
use crate::redact::{self, Redactor};

/// A success is searched for an error only when it is no longer than this: an
/// error is small, and the search reads the whole body once more.
const MAX_ERROR_IN_SUCCESS: usize = 16 * 1024;
const ERROR_CODE: &[u8] = b"\"error_code\"";

/// The fields of the body, in any of the shapes that errors come in.
pub(crate) struct Parts {
    pub(crate) error_type: ErrorType,
    pub(crate) error_code: ErrorCode,
    pub(super) message: Option<String>,
    pub(super) display_message: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) documentation_url: Option<String>,
    pub(super) suggested_action: Option<String>,
    pub(super) causes: Vec<Value>,
}

impl Parts {
    /// Reads an error body; `None` if it is none of Plaid's.
    pub(crate) fn read(body: &[u8], redactor: &Redactor) -> Option<Self> {
        let fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let names = plaid_names(&fields).or_else(|| oauth_names(&fields))?;
        Some(Self::new(fields, names, redactor))
    }

    fn new(
        mut fields: Map<String, Value>,
        (error_type, error_code): (String, String),
        redactor: &Redactor,
    ) -> Self {
        let clean = |name: &str| text(&fields, name).map(|text| redactor.clean(text));
        Self {
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
        }
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
        let names = plaid_names(&fields)?;
        Some(Self::new(fields, names, redactor))
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
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
