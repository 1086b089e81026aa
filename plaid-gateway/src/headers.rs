//! Which headers go to Plaid, and which come back. Both are lists of what passes: a
//! header that nobody thought of stays where it is.

use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING,
    CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, RETRY_AFTER,
    USER_AGENT, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Request, Version};

use crate::refusal::Refusal;

pub(crate) const PLAID_CLIENT_ID: HeaderName = HeaderName::from_static("plaid-client-id");
pub(crate) const PLAID_SECRET: HeaderName = HeaderName::from_static("plaid-secret");
pub(crate) const PLAID_VERSION: HeaderName = HeaderName::from_static("plaid-version");
pub(crate) const PLAID_REQUEST_ID: HeaderName = HeaderName::from_static("plaid-request-id");

/// The headers that operations take as parameters, and what the answer is to be.
const FORWARDED: [HeaderName; 3] = [
    ACCEPT,
    HeaderName::from_static("oauth-state-id"),
    HeaderName::from_static("plaid-new-user-api-enabled"),
];

/// Those of the answer that mean something to the caller.
const ANSWERED: [HeaderName; 6] = [
    CONTENT_TYPE,
    CONTENT_LENGTH,
    CONTENT_DISPOSITION,
    RETRY_AFTER,
    PLAID_REQUEST_ID,
    HeaderName::from_static("plaid-content-hash"),
];

/// A header that is there twice is read by some as the first and by others as the last.
const ONCE: [HeaderName; 10] = [
    HOST,
    CONTENT_TYPE,
    CONTENT_LENGTH,
    CONTENT_ENCODING,
    AUTHORIZATION,
    ORIGIN,
    HeaderName::from_static("transfer-encoding"),
    PLAID_CLIENT_ID,
    PLAID_SECRET,
    HeaderName::from_static("oauth-state-id"),
];

const AGENT: &str = concat!("plaid-gateway/", env!("CARGO_PKG_VERSION"));

/// Refuses what could be understood in two ways.
pub(crate) fn unambiguous<B>(request: &Request<B>) -> Result<(), Refusal> {
    let headers = request.headers();
    for name in &ONCE {
        if headers.get_all(name).iter().nth(1).is_some() {
            return Err(Refusal::Ambiguous(
                "a header that stands alone is there twice",
            ));
        }
    }
    let uri = request.uri();
    if request.version() < Version::HTTP_2 {
        if uri.authority().is_some() || uri.scheme().is_some() {
            return Err(Refusal::Ambiguous("its target is not a path"));
        }
        if headers.get(HOST).is_none() {
            return Err(Refusal::Ambiguous("it has no host"));
        }
    } else if let (Some(authority), Some(host)) = (uri.authority(), headers.get(HOST))
        && !host
            .as_bytes()
            .eq_ignore_ascii_case(authority.as_str().as_bytes())
    {
        return Err(Refusal::Ambiguous("it names two hosts"));
    }
    if let Some(codings) = headers.get("transfer-encoding")
        && !codings.as_bytes().eq_ignore_ascii_case(b"chunked")
    {
        return Err(Refusal::Ambiguous(
            "its transfer-encoding is not chunked alone",
        ));
    }
    Ok(())
}

/// Credentials hide in what the gateway cannot read, so it takes plain JSON alone.
pub(crate) fn takes_body(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    if *method == Method::GET {
        return Ok(());
    }
    let is_plain = headers
        .get(CONTENT_ENCODING)
        .is_none_or(|value| value.as_bytes().eq_ignore_ascii_case(b"identity"));
    let content_type = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    match content_type {
        Some(content_type) if is_plain && is_json(content_type) => Ok(()),
        _ => Err(Refusal::MediaType),
    }
}

/// `application/json`, and no character set but UTF-8.
fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts
        .next()
        .is_some_and(|t| t.eq_ignore_ascii_case("application/json"));
    is_json
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
                value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => parameter.is_empty(),
        })
}

/// The headers of the request to Plaid, without credentials.
///
/// The answer is asked for as it is: compressed, it could not be watched for the
/// gateway's secret.
pub(crate) fn outgoing(method: &Method, caller: &HeaderMap, extra: &[HeaderName]) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    for name in FORWARDED.iter().chain(extra) {
        for value in caller.get_all(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    if *method != Method::GET {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers
}

/// The headers of Plaid's answer that the caller gets.
pub(crate) fn incoming(answer: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    for name in &ANSWERED {
        if let Some(value) = answer.get(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_taken_in_utf8_alone() {
        for (text, taken) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json;charset=\"utf-8\"", true),
            ("application/json; charset=utf-16", false),
            ("application/json; charset=utf-7", false),
            ("application/json; a=b", false),
            ("application/json-seq", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("multipart/form-data; boundary=a", false),
            ("", false),
        ] {
            assert_eq!(is_json(text), taken, "{text}");
        }
    }

    #[test]
    fn only_known_headers_pass() {
        let mut caller = HeaderMap::new();
        for name in [
            "cookie",
            "authorization",
            "plaid-secret",
            "plaid-client-id",
            "plaid-version",
            "x-forwarded-for",
            "forwarded",
            "via",
            "connection",
            "keep-alive",
            "te",
            "trailer",
            "upgrade",
            "proxy-authorization",
            "host",
            "origin",
            "referer",
            "x-anything",
            "accept-encoding",
            "user-agent",
            "content-length",
            "transfer-encoding",
            "expect",
        ] {
            caller.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static("planted"),
            );
        }
        caller.insert("oauth-state-id", HeaderValue::from_static("kept"));
        caller.insert("x-experiment", HeaderValue::from_static("kept"));
        let extra = [HeaderName::from_static("x-experiment")];
        let out = outgoing(&Method::POST, &caller, &extra);
        assert!(out.values().all(|value| value != "planted"), "{out:?}");
        assert_eq!(out["oauth-state-id"], "kept");
        assert_eq!(out["x-experiment"], "kept");
        let back = incoming(&caller);
        let passed = back.iter().filter(|(_, value)| *value == "planted");
        let passed: Vec<&str> = passed.map(|(name, _)| name.as_str()).collect();
        assert_eq!(passed, ["content-length"]);
    }
}
