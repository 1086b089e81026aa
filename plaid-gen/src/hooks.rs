//! What stands between progenitor's client and the network.
//!
//! progenitor resolves hook calls while this crate compiles, so the hook has to
//! live here; what it does is decided by whoever hands in the [`Transport`].

use std::fmt::{self, Debug};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use progenitor_client::{ClientHooks, ClientInfo, Error, OperationInfo, ResponseValue};
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::{Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Client;

/// An answer, read to its end. `Debug` shows neither headers nor body: both can hold
/// tokens.
#[derive(Clone, Default)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// The answer to one request, later.
pub type AnswerFuture<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// Sends one request of an operation and hands back what came.
///
/// Whatever a call needs beyond its body (credentials, retries, limits, traces)
/// is done by the implementation. So is telling why there is no answer: reqwest's
/// errors, which progenitor would take, cannot be made outside of reqwest.
pub trait Transport: Debug + Send + Sync {
    /// Where the API is, without a slash at the end of the path unless that is all
    /// of it. Parsed once: to parse a URL costs more than all else that a call adds.
    fn base(&self) -> &Url;

    /// Sends the request. Where nothing came, the answer has a status that is not
    /// one of success.
    fn execute(&self, request: reqwest::Request) -> AnswerFuture<'_>;
}

/// The transport behind a [`Client`], shared by its clones.
#[derive(Clone, Debug)]
pub struct Connection(pub Arc<dyn Transport>);

impl ClientHooks<Connection> for Client {
    async fn exec(
        &self,
        request: reqwest::Request,
        _operation: &OperationInfo,
    ) -> reqwest::Result<Response> {
        let answer = self.inner().0.execute(request).await;
        let mut response = http::Response::new(answer.body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response.into())
    }
}

impl Client {
    /// What progenitor writes for an operation that posts JSON and gets JSON; the
    /// generated methods call it, so that it is there once.
    ///
    /// # Errors
    /// When the answer is not one of success, or does not fit the type.
    pub async fn post_json<B, T, E>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<ResponseValue<T>, Error<E>>
    where
        B: Serialize,
        T: DeserializeOwned,
        E: DeserializeOwned + Debug,
    {
        let request = self
            .client
            .post(address(self.inner.0.base(), path))
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .json(body)
            .build()?;
        let answer = self.inner.0.execute(request).await;
        match answer.status.as_u16() {
            200..=299 => decode(answer),
            _ => Err(Error::ErrorResponse(decode(answer)?)),
        }
    }
}

// progenitor's error, which all its methods return as it is.
#[allow(clippy::result_large_err)]
fn decode<T: DeserializeOwned, E>(answer: Answer) -> Result<ResponseValue<T>, Error<E>> {
    match serde_json::from_slice(&answer.body) {
        Ok(value) => Ok(ResponseValue::new(value, answer.status, answer.headers)),
        Err(error) => Err(Error::InvalidResponsePayload(answer.body, error)),
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
    fn an_answer_prints_nothing_that_came() {
        let answer = Answer {
            body: "planted".into(),
            headers: [(ACCEPT, HeaderValue::from_static("planted"))]
                .into_iter()
                .collect(),
            ..Answer::default()
        };
        assert!(!format!("{answer:?}").contains("planted"));
        assert!(!format!("{answer:?}").contains(&format!("{:?}", b"planted")));
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
