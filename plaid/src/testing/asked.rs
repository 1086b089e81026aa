//! What a mock was asked.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use reqwest::Request;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::{PLAID_CLIENT_ID, PLAID_SECRET};

/// A request that a [`Mock`](super::Mock) got; each attempt of a call is one.
///
/// It can be cloned cheaply. `Debug` shows the names of headers and fields and no
/// values, which may be tokens.
#[derive(Clone)]
pub struct Asked(Arc<Inner>);

struct Inner {
    method: String,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    json: OnceLock<Value>,
}

impl Asked {
    pub(super) fn read(request: &Request) -> Self {
        let body = request.body().and_then(reqwest::Body::as_bytes);
        let mut headers = request.headers().clone();
        for name in [PLAID_CLIENT_ID, PLAID_SECRET, AUTHORIZATION.as_str()] {
            headers.remove(name);
        }
        Self(Arc::new(Inner {
            method: request.method().to_string(),
            path: request.url().path().to_owned(),
            headers,
            body: body.map(Bytes::copy_from_slice).unwrap_or_default(),
            json: OnceLock::new(),
        }))
    }

    /// The HTTP method.
    pub fn method(&self) -> &str {
        &self.0.method
    }

    /// The path, for instance `/transactions/sync`.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The headers without the credentials.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// A header that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.get(name)?.to_str().ok()
    }

    /// The body, to the byte.
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// The body; `null` if it is not JSON.
    pub fn json(&self) -> &Value {
        let read = || serde_json::from_slice(&self.0.body).unwrap_or_default();
        self.0.json.get_or_init(read)
    }

    /// The body as a type, for instance
    /// [`TransactionsSyncRequest`](crate::types).
    ///
    /// # Errors
    /// When it does not fit the type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.0.body)
    }

    fn fields(&self) -> Vec<&str> {
        let fields = self.json().as_object();
        let names = fields.into_iter().flat_map(|fields| fields.keys());
        names.map(String::as_str).collect()
    }
}

/// As a failed test shows it.
impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method(), self.path())?;
        match self.fields().join(", ") {
            names if names.is_empty() => Ok(()),
            names => write!(f, " with {names}"),
        }
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.0.headers.keys().map(|name| name.as_str()).collect();
        f.debug_struct("Asked")
            .field("method", &self.method())
            .field("path", &self.path())
            .field("headers", &headers)
            .field("fields", &self.fields())
            .finish_non_exhaustive()
    }
}
