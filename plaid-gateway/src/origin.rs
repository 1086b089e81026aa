//! Which pages may call: those of the gateway itself and those of configured origins.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HOST,
    HeaderMap, HeaderValue, ORIGIN, VARY,
};
use http::uri::Authority;
use http::{Method, Request, Response, StatusCode};

use crate::config::is_loopback;
use crate::refusal::Refusal;

/// What a page may send.
const HEADERS: &str = "authorization, content-type, oauth-state-id, \
                       plaid-new-user-api-enabled, plaid-client-id, plaid-secret";
/// What a page may read of an answer's headers.
const EXPOSED: &str = "plaid-request-id, plaid-content-hash, retry-after, content-disposition";

/// The origin that an answer may be shown to.
#[derive(Debug, Clone)]
pub(crate) struct Shown(Option<HeaderValue>);

/// Decides about the page that a request comes from, if it comes from one.
///
/// A gateway that asks for no key also looks at the name it is called by: a page could
/// otherwise give its own host name the address of this machine and be of the same
/// origin.
pub(crate) fn check<B>(
    request: &Request<B>,
    origins: &[String],
    asks_for_keys: bool,
) -> Result<Shown, Refusal> {
    if !asks_for_keys && !authority(request).is_some_and(|a| is_loopback(a.host())) {
        return Err(Refusal::Host);
    }
    let headers = request.headers();
    let Some(origin) = headers.get(ORIGIN) else {
        // Browsers leave the origin out of some requests across sites, but not this.
        let is_foreign = headers
            .get("sec-fetch-site")
            .is_some_and(|v| v == "cross-site");
        let is_visit = headers
            .get("sec-fetch-mode")
            .is_some_and(|v| v == "navigate");
        return match is_foreign && !is_visit {
            true => Err(Refusal::Origin),
            false => Ok(Shown(None)),
        };
    };
    let text = origin.to_str().map_err(|_| Refusal::Origin)?;
    if origins.iter().any(|allowed| allowed == text) {
        return Ok(Shown(Some(origin.clone())));
    }
    let own = text.split_once("://").map(|(_, own)| own);
    match authority(request) {
        Some(authority) if own == Some(authority.as_str()) => Ok(Shown(None)),
        _ => Err(Refusal::Origin),
    }
}

fn authority<B>(request: &Request<B>) -> Option<Authority> {
    let host = request.headers().get(HOST);
    let named = host.and_then(|host| host.to_str().ok()?.parse().ok());
    named.or_else(|| request.uri().authority().cloned())
}

/// Whether a browser asks on behalf of a page what it may send.
pub(crate) fn is_preflight<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    *request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to that.
pub(crate) fn preflight() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

impl Shown {
    /// Nobody but a program, or a page of the gateway's own.
    pub(crate) const NOBODY: Self = Self(None);

    /// Lets the page read the answer.
    pub(crate) fn mark(&self, headers: &mut HeaderMap) {
        if let Some(origin) = &self.0 {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            let exposed = HeaderValue::from_static(EXPOSED);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
            headers.append(VARY, HeaderValue::from_static("origin"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(headers: &[(&str, &str)], asks_for_keys: bool) -> Result<bool, Refusal> {
        let mut request = Request::new(());
        for (name, value) in headers {
            let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let origins = ["https://app.example".to_owned()];
        check(&request, &origins, asks_for_keys).map(|shown| shown.0.is_some())
    }

    #[test]
    fn pages_of_configured_origins_and_of_the_gateway_itself_may_call() {
        let host = ("host", "127.0.0.1:4010");
        assert_eq!(outcome(&[host], false), Ok(false));
        for (origin, expected) in [
            ("https://app.example", Ok(true)),
            ("http://127.0.0.1:4010", Ok(false)),
            ("http://127.0.0.1:4011", Err(Refusal::Origin)),
            ("https://app.example:444", Err(Refusal::Origin)),
            ("http://app.example", Err(Refusal::Origin)),
            ("https://app.example.evil.example", Err(Refusal::Origin)),
            ("null", Err(Refusal::Origin)),
            ("", Err(Refusal::Origin)),
        ] {
            assert_eq!(
                outcome(&[host, ("origin", origin)], false),
                expected,
                "{origin}"
            );
        }
        let cross = ("sec-fetch-site", "cross-site");
        assert_eq!(outcome(&[host, cross], false), Err(Refusal::Origin));
        let visit = ("sec-fetch-mode", "navigate");
        assert_eq!(outcome(&[host, cross, visit], false), Ok(false));
    }

    #[test]
    fn without_keys_the_gateway_answers_to_the_names_of_this_machine_alone() {
        for (host, taken) in [
            ("localhost:4010", true),
            ("127.0.0.1", true),
            ("127.9.9.9:1", true),
            ("[::1]:4010", true),
            ("evil.example:4010", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example", false),
            ("10.0.0.1", false),
            ("", false),
        ] {
            assert_eq!(outcome(&[("host", host)], false).is_ok(), taken, "{host}");
            assert!(outcome(&[("host", host)], true).is_ok(), "{host}");
        }
    }
}
