//! How requests are made and responses read. Not part of the API: the generated
//! operations use it.

use std::fmt;

use bytes::Bytes;
use plaid_gen::RequestFor;
use plaid_gen::wire::{self, Deviations, Misfit, Tolerance};
use reqwest::Request;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::net::{Answer, Check, Damage};

/// A request that has been made, and how its response is read.
pub struct Prepared<T> {
    pub(crate) request: reqwest::Result<Request>,
    pub(crate) read: Read<T>,
}

/// Reads the body of a success.
pub(crate) type Read<T> = fn(&Answer, Tolerance) -> Result<(T, Deviations), Unreadable>;

/// Why a success has no value.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// It is JSON of another form.
    Misfit(Misfit),
    /// It is a file that is not as it was sent.
    Damaged(Damage),
    /// It is not what was asked for at all.
    Foreign,
}

impl<T> Prepared<T> {
    fn new<U>(request: reqwest::Result<RequestFor<U>>, read: Read<T>) -> Self {
        Self {
            request: request.map(RequestFor::into_request),
            read,
        }
    }
}

impl<T> fmt::Debug for Prepared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("is_made", &self.request.is_ok())
            .finish_non_exhaustive()
    }
}

/// A request whose response is JSON.
pub fn json<T: DeserializeOwned>(request: reqwest::Result<RequestFor<T>>) -> Prepared<T> {
    Prepared::new(request, read_json)
}

/// A request whose response has nothing in it.
pub fn empty(request: reqwest::Result<RequestFor<()>>) -> Prepared<()> {
    Prepared::new(request, |_, _| Ok(((), Deviations::default())))
}

/// A request whose response is a file.
pub fn bytes<T: From<Bytes>>(request: reqwest::Result<RequestFor<Bytes>>) -> Prepared<T> {
    Prepared::new(request, read_file)
}

/// Posts a JSON body to a path, for operations that are not generated.
pub fn post<T: DeserializeOwned>(
    api: &plaid_gen::Client,
    path: &str,
    body: &impl Serialize,
) -> Prepared<T> {
    json(api.post_json(path, body))
}

/// What does not fit is read a second time if it is JSON, by a reader that knows where it is and
/// takes several times as long.
fn read_json<T: DeserializeOwned>(
    answer: &Answer,
    tolerance: Tolerance,
) -> Result<(T, Deviations), Unreadable> {
    let is_json = answer.claims_json();
    let is_careful = is_json && tolerance == Tolerance::Report;
    if !is_careful && let Ok(value) = serde_json::from_slice(&answer.body) {
        return Ok((value, Deviations::default()));
    }
    if !is_json {
        return Err(Unreadable::Foreign);
    }
    wire::from_slice(&answer.body, tolerance).map_err(Unreadable::Misfit)
}

/// The whole body, unless it is empty, a page or message instead of a file, or not as
/// it was sent.
fn read_file<T: From<Bytes>>(answer: &Answer, _: Tolerance) -> Result<(T, Deviations), Unreadable> {
    if answer.is_text() || answer.body.is_empty() {
        return Err(Unreadable::Foreign);
    }
    let check = Check::of(&answer.headers).all(&answer.body);
    check.map_err(Unreadable::Damaged)?;
    Ok((answer.body.clone().into(), Deviations::default()))
}
