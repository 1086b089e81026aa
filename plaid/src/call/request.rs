//! What the client adds to the request that progenitor makes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use reqwest::header::{CONTENT_LENGTH, HeaderMap};
use reqwest::{Body, Request};
use serde_json::value::RawValue;

use super::options::Options;
use crate::client::Core;
use crate::operation::Credentials;

/// A request with everything that it is sent with.
pub(super) fn complete(
    mut request: Request,
    core: &Core,
    credentials: Credentials,
    options: &Options,
) -> Result<Request, Cow<'static, str>> {
    if let Some(problem) = &options.problem {
        return Err(problem.clone().into());
    }
    add_headers(request.headers_mut(), core.headers(credentials), options);
    let mut fields = options.extra.clone();
    fields.extend(core.body_fields(credentials)?);
    add_to_body(&mut request, fields)?;
    // The time limits are the exchange's, which cover the retries too.
    *request.timeout_mut() = None;
    Ok(request)
}

fn add_headers(headers: &mut HeaderMap, own: &HeaderMap, options: &Options) {
    headers.reserve(own.len() + options.headers.len());
    for (name, value) in own.iter().chain(&options.headers) {
        headers.insert(name.clone(), value.clone());
    }
}

/// Adds the fields that progenitor does not know of, and leaves those that it wrote as
/// they are, byte for byte: numbers are amounts of money.
fn add_to_body(
    request: &mut Request,
    added: BTreeMap<String, Box<RawValue>>,
) -> Result<(), Cow<'static, str>> {
    let Some(name) = added.keys().next() else {
        return Ok(());
    };
    let body = request.body().and_then(Body::as_bytes).unwrap_or_default();
    let Ok(mut fields) = serde_json::from_slice::<BTreeMap<String, Box<RawValue>>>(body) else {
        return Err(format!("the request has no JSON object to put `{name}` into").into());
    };
    fields.extend(added);
    let body = serde_json::to_vec(&fields).map_err(|_| "the body cannot be encoded")?;
    request.headers_mut().remove(CONTENT_LENGTH);
    *request.body_mut() = Some(body.into());
    Ok(())
}
