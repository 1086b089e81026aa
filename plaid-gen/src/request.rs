//! Requests as progenitor makes them, without a way to send them.
//!
//! progenitor's methods would also send the request and read the response, and lose
//! the status of one and the body of the other on the way. What sends, retries and
//! reads stands in `plaid`; the methods end with the request.

use std::fmt;
use std::marker::PhantomData;

use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Request, Url};
use serde::Serialize;

use crate::Client;

/// A request whose response is a `T`. `Debug` shows nothing of it: its body and, for
/// a few operations, its path hold tokens and ids.
pub struct RequestFor<T> {
    request: Request,
    response: PhantomData<fn() -> T>,
}

impl<T> RequestFor<T> {
    #[inline]
    pub(crate) fn new(request: Request) -> Self {
        Self {
            request,
            response: PhantomData,
        }
    }

    /// The request, without credentials.
    #[inline]
    pub fn into_request(self) -> Request {
        self.request
    }
}

impl<T> fmt::Debug for RequestFor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestFor").finish_non_exhaustive()
    }
}

/// Where the API is, without a slash at the end of the path unless that is all of it.
///
/// Parsed once: to parse a URL costs more than all else that making a request does.
#[derive(Clone, Debug)]
pub struct Base(pub Url);

impl Client {
    /// What progenitor writes for an operation that posts JSON and gets JSON; the
    /// generated methods call it, so that it is there once.
    ///
    /// # Errors
    /// When the body cannot be written as JSON.
    #[inline]
    pub fn post_json<B, T>(&self, path: &str, body: &B) -> reqwest::Result<RequestFor<T>>
    where
        B: Serialize,
    {
        self.json_request(path, body).map(RequestFor::new)
    }

    fn json_request<B: Serialize>(&self, path: &str, body: &B) -> reqwest::Result<Request> {
        self.client
            .post(address(&self.inner.0, path))
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .json(body)
            .build()
    }
}

/// A value as one segment of a path, and never more.
///
/// progenitor leaves `\` as it is, which a URL takes for `/`. A value of dots would be
/// a step in the path even when it is encoded, so it is encoded twice: no such thing
/// is found, which is true.
#[allow(dead_code)] // without a product that has one
pub(crate) fn encode_path(value: &str) -> String {
    match value {
        "." | ".." => value.replace('.', "%252E"),
        _ => progenitor_client::encode_path(value).replace('\\', "%5C"),
    }
}

fn address(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    match base.path() {
        "/" => url.set_path(path),
        prefix => url.set_path(&format!("{prefix}{path}")),
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_prints_nothing_of_itself() {
        let url = Url::parse("https://h.example/fdx/consents/planted").unwrap();
        let mut request = Request::new(reqwest::Method::POST, url);
        *request.body_mut() = Some("planted".into());
        let request = RequestFor::<()>::new(request);
        assert_eq!(format!("{request:?}"), "RequestFor { .. }");
    }

    #[test]
    fn a_value_is_one_segment_of_the_path_whatever_it_is() {
        for value in [
            "a/b", "a\\b", "..", ".", "../item", "..\\item", "%2e%2e", "a?b#c", "a\tb", "ü",
        ] {
            let url = format!("https://h.example/fdx/consents/{}", encode_path(value));
            let url = Url::parse(&url).unwrap();
            let segments: Vec<&str> = url.path_segments().into_iter().flatten().collect();
            assert_eq!(segments[..2], ["fdx", "consents"], "{value}");
            assert_eq!(segments.len(), 3, "{value}");
            assert_eq!((url.query(), url.fragment()), (None, None), "{value}");
        }
        assert_eq!(encode_path("a-consent_id.1"), "a-consent_id.1");
    }

    #[test]
    fn the_path_comes_after_that_of_the_base() {
        for (base, expected) in [
            ("https://h.example", "https://h.example/item/get"),
            ("https://h.example/a/b", "https://h.example/a/b/item/get"),
        ] {
            let base = Url::parse(base).unwrap();
            assert_eq!(address(&base, "/item/get").as_str(), expected);
        }
    }
}
