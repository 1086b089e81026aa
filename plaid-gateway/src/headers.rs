//! Which headers go to Plaid, and which come back. Both are lists of what passes: a
//! header that nobody thought of stays where it is.

use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_DISPOSITION,
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    ORIGIN, RETRY_AFTER, USER_AGENT, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Request, StatusCode, Version};

use crate::credentials::Credentials;
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
    // Mostly no header is there twice, and then there is none to look for.
    let is_twice = |name: &HeaderName| headers.get_all(name).iter().nth(1).is_some();
    if headers.len() > headers.keys_len() && ONCE.iter().any(is_twice) {
        return Err(Refusal::Ambiguous(
            "a header that stands alone is there twice",
        ));
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
    if content_type == "application/json" {
        return true;
    }
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

/// The headers of the request to Plaid: the gateway's own, and those of the caller that
/// pass and that it has none of itself.
pub(crate) fn outgoing(caller: &HeaderMap, extra: &[HeaderName], own: &HeaderMap) -> HeaderMap {
    let mut headers = own.clone();
    // The caller's are few, and so are those that pass: to go through them is cheaper
    // than to look each of the latter up.
    for (name, value) in caller {
        let passes = FORWARDED.contains(name) || extra.contains(name);
        if passes && !own.contains_key(name) && !is_hop_by_hop(name, caller) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

/// What the gateway itself puts into the head of every request with a body.
///
/// The answer is asked for as it is: compressed, it could not be watched for the
/// gateway's secret.
pub(crate) fn own(host: HeaderValue, version: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(HOST, host);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(PLAID_VERSION, version);
    headers
}

/// Adds the credentials, or puts them in the place of those that are there.
pub(crate) fn add_credentials(headers: &mut HeaderMap, credentials: &Credentials) {
    let [client_id, secret] = credentials.headers();
    headers.insert(PLAID_CLIENT_ID, client_id);
    headers.insert(PLAID_SECRET, secret);
}

/// Whether the sender says that a header is meant for this connection alone.
fn is_hop_by_hop(name: &HeaderName, headers: &HeaderMap) -> bool {
    let named = headers.get_all(CONNECTION).iter();
    let mut named = named.flat_map(|list| list.as_bytes().split(|b| *b == b','));
    named.any(|one| {
        one.trim_ascii()
            .eq_ignore_ascii_case(name.as_str().as_bytes())
    })
}

/// For an operation that takes none.
pub(crate) fn remove_credentials(headers: &mut HeaderMap) {
    headers.remove(PLAID_CLIENT_ID);
    headers.remove(PLAID_SECRET);
}

/// The headers of Plaid's answer that the caller gets.
pub(crate) fn incoming(status: StatusCode, answer: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(6);
    let may_repeat = answer.len() > answer.keys_len();
    for (name, value) in answer {
        // Of one that is there twice the first counts.
        if ANSWERED.contains(name) && !(may_repeat && headers.contains_key(name)) {
            headers.append(name.clone(), value.clone());
        }
    }
    if status == StatusCode::NO_CONTENT {
        // There is no content, whatever its length.
        headers.remove(CONTENT_LENGTH);
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
        caller.insert("x-hop", HeaderValue::from_static("planted"));
        caller.insert("connection", HeaderValue::from_static("close, X-Hop"));
        let extra = ["x-experiment", "x-hop", "user-agent"].map(HeaderName::from_static);
        let own = own(
            HeaderValue::from_static("own"),
            HeaderValue::from_static("own"),
        );
        let out = outgoing(&caller, &extra, &own);
        assert!(out.values().all(|value| value != "planted"), "{out:?}");
        assert_eq!(out["oauth-state-id"], "kept");
        assert_eq!(out["x-experiment"], "kept");
        assert_eq!(out.get_all(USER_AGENT).iter().count(), 1);
        let back = incoming(StatusCode::OK, &caller);
        let passed = back.iter().filter(|(_, value)| *value == "planted");
        let passed: Vec<&str> = passed.map(|(name, _)| name.as_str()).collect();
        assert_eq!(passed, ["content-length"]);
        assert!(!incoming(StatusCode::NO_CONTENT, &caller).contains_key(CONTENT_LENGTH));
    }
}
