//! What a call is given beside its request.

use std::collections::BTreeMap;
use std::time::Duration;

use plaid_gen::wire::Tolerance;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::time::Instant;

use crate::client::{Core, PLAID_CLIENT_ID, PLAID_SECRET, Settings};
use crate::retry::RetryPolicy;

/// What a call is given beside its request.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) timeout: Option<Duration>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) tolerance: Option<Tolerance>,
    pub(crate) headers: HeaderMap,
    pub(crate) extra: BTreeMap<String, Box<RawValue>>,
    /// The first mistake.
    pub(crate) problem: Option<String>,
}

/// By what a call goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) timeout: Duration,
    pub(crate) deadline: Option<Instant>,
    pub(crate) policy: RetryPolicy,
    pub(crate) tolerance: Tolerance,
}

impl Options {
    /// By what the call goes: what it was given, or else the client's setting.
    pub(super) fn terms(&self, settings: &Settings) -> Terms {
        Terms {
            timeout: self.timeout.unwrap_or(settings.timeout),
            deadline: self.deadline,
            policy: self.retry.unwrap_or(settings.retry),
            tolerance: self.tolerance.unwrap_or(settings.tolerance),
        }
    }

    pub(super) fn add_header(&mut self, core: &Core, name: &str, value: &str) {
        match header(core, name, value) {
            Ok((name, value)) => {
                self.headers.insert(name, value);
            }
            Err(problem) => self.complain(problem),
        }
    }

    pub(super) fn add_field(&mut self, name: &str, value: &impl Serialize) {
        match extra(name, value) {
            Ok(value) => {
                self.extra.insert(name.to_owned(), value);
            }
            Err(problem) => self.complain(problem),
        }
    }

    pub(super) fn complain(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }
}

/// Headers that a call may not set: the credentials, and what has to agree with
/// the body or the connection.
const RESERVED: [&str; 7] = [
    PLAID_CLIENT_ID,
    PLAID_SECRET,
    "connection",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
];

fn header(core: &Core, name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let name: HeaderName = name
        .parse()
        .map_err(|_| "the name of a header has characters that are not allowed".to_owned())?;
    let is_key = name == AUTHORIZATION && core.has_key();
    if is_key || RESERVED.contains(&name.as_str()) {
        return Err(format!("the header `{name}` is set by the client"));
    }
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| format!("the value of `{name}` has characters that are not allowed"))?;
    value.set_sensitive(true);
    Ok((name, value))
}

fn extra(name: &str, value: &impl Serialize) -> Result<Box<RawValue>, String> {
    if name == "client_id" || name == "secret" {
        return Err(format!("the field `{name}` is set by the client"));
    }
    to_raw_value(value).map_err(|_| format!("the value of `{name}` cannot be written as JSON"))
}
