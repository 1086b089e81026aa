//! Serves the explorer: files that are built into the program.

use std::io::Read;

use axum::extract::OriginalUri;
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, LOCATION, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{Method, Request, Response, StatusCode};

use crate::config::Config;

/// A file, compressed. `name` is what comes after `/explorer/`.
struct File {
    name: &'static str,
    etag: &'static str,
    gzip: &'static [u8],
}

/// In the order of their names.
static FILES: &[File] = &include!(concat!(env!("OUT_DIR"), "/explorer.rs"));

/// The page itself.
const INDEX: &str = "index.html";
/// Vite puts files here whose names change with their content.
const HASHED: &str = "assets/";

/// The answer to a request for the explorer, if it is one.
pub(crate) fn respond<B>(
    request: &Request<B>,
    config: &Config,
    is_local: bool,
) -> Option<Response<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) || !config.serves_explorer(is_local)
    {
        return None;
    }
    let mut response = match request.uri().path() {
        "/" => moved(request.extensions().get()),
        "/explorer" => moved(None),
        "/explorer/settings.json" => settings(config, config.allow_caller_credentials && is_local),
        path => file(path.strip_prefix("/explorer/")?, request.headers())?,
    };
    protect(response.headers_mut(), config);
    Some(response)
}

/// To the page, by a relative address: the gateway may be mounted under a prefix. Asked
/// for by that alone, without a slash, the page is below it and not beside it.
fn moved(asked: Option<&OriginalUri>) -> Response<Bytes> {
    let last = asked.and_then(|uri| uri.path().rsplit('/').next());
    let location = match last {
        Some(prefix) if !prefix.is_empty() => {
            HeaderValue::try_from(format!("./{prefix}/explorer/"))
        }
        _ => Ok(HeaderValue::from_static("explorer/")),
    };
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let headers = response.headers_mut();
    // A path has no characters that a header does not take.
    headers.extend(location.ok().map(|location| (LOCATION, location)));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// What the page has to know of the gateway.
fn settings(config: &Config, takes_credentials: bool) -> Response<Bytes> {
    let settings = serde_json::json!({
        "own_credentials": takes_credentials,
        "environment": config.upstream.name,
    });
    let mut response = Response::new(Bytes::from(settings.to_string()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn file(name: &str, asked: &HeaderMap) -> Option<Response<Bytes>> {
    let name = if name.is_empty() { INDEX } else { name };
    let index = FILES.binary_search_by(|file| file.name.cmp(name)).ok()?;
    let file = &FILES[index];
    let is_known = asked
        .get(IF_NONE_MATCH)
        .is_some_and(|tags| tags.to_str().is_ok_and(|tags| tags.contains(file.etag)));
    let mut response = if is_known {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        content(file, takes_gzip(asked))?
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, HeaderValue::from_static(file.etag));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    let caching = match file.name.starts_with(HASHED) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    Some(response)
}

fn content(file: &File, takes_gzip: bool) -> Option<Response<Bytes>> {
    let mut response = if takes_gzip {
        let mut response = Response::new(Bytes::from_static(file.gzip));
        let gzip = HeaderValue::from_static("gzip");
        response.headers_mut().insert(CONTENT_ENCODING, gzip);
        response
    } else {
        let mut plain = Vec::new();
        // What was packed at the build can be unpacked.
        GzDecoder::new(file.gzip).read_to_end(&mut plain).ok()?;
        Response::new(plain.into())
    };
    let kind = HeaderValue::from_static(content_type(file.name));
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Some(response)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("webmanifest") => "application/manifest+json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn takes_gzip(asked: &HeaderMap) -> bool {
    let codings = asked.get_all(ACCEPT_ENCODING);
    let mut codings = codings.iter().filter_map(|value| value.to_str().ok());
    codings.any(|codings| {
        codings.split(',').any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
            let is_none = weight.bytes().all(|b| matches!(b, b'0' | b'.'));
            name.trim().eq_ignore_ascii_case("gzip") && !is_none
        })
    })
}

/// A page that has a caller's key in its storage runs no script but its own and is shown
/// in no frame. It talks to the gateway that serves it, to those of the configuration, and
/// to this machine, where gateways are tried out: a page cannot tell a gateway there from
/// anything else that listens.
fn protect(headers: &mut HeaderMap, config: &Config) {
    let mut policy = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self'; font-src 'self'; manifest-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      connect-src 'self' http://127.0.0.1:* http://localhost:*"
        .to_owned();
    for gateway in &config.explorer_gateways {
        policy.push(' ');
        policy.push_str(gateway);
    }
    // Origins have been checked: they hold no character that a header does not take.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        for (value, taken) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip;q=0.000, br", false),
            ("identity", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(takes_gzip(&headers), taken, "{value}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn files_are_in_the_order_in_which_they_are_looked_for() {
        assert!(FILES.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn no_path_leads_out_of_the_explorers_files() {
        for name in [
            "../Cargo.toml",
            "..",
            "/etc/passwd",
            "catalogue",
            "catalogue/",
            "%2e",
        ] {
            assert!(file(name, &HeaderMap::new()).is_none(), "{name}");
        }
    }
}
