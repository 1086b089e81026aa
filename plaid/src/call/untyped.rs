//! Calls of endpoints that this crate does not have.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::Call;
use super::options::Options;
use crate::client::Client;
use crate::operation::machinery::{self, Prepared};
use crate::operation::{Credentials, Effect, Operation, OperationInfo};

impl Client {
    /// A call of an endpoint that this crate does not have.
    ///
    /// It is taken for a write, and so not tried again once it may have arrived;
    /// see [`Call::read_only`].
    ///
    /// ```no_run
    /// # async fn example(plaid: plaid::Client, token: plaid::Secret) -> plaid::Result<()> {
    /// #[derive(serde::Deserialize)]
    /// struct Answer {
    ///     score: u8,
    /// }
    ///
    /// let body = serde_json::json!({ "access_token": token });
    /// let answer = plaid.call::<Answer>("/new/endpoint", body).read_only().await?;
    /// println!("{}", answer.score);
    /// # Ok(())
    /// # }
    /// ```
    pub fn call<T: DeserializeOwned + Send + 'static>(
        &self,
        path: &str,
        body: impl Serialize,
    ) -> Call<Untyped<T>> {
        Call::untyped(self, path, &body)
    }
}

/// An operation that is not generated; see [`Client::call`].
#[derive(Debug)]
pub struct Untyped<T>(PhantomData<fn() -> T>, Infallible);

/// What [`Client::call`] sends.
#[derive(Clone)]
pub struct UntypedRequest {
    path: String,
    body: Box<RawValue>,
    effect: Effect,
}

impl fmt::Debug for UntypedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntypedRequest")
            .field("path", &self.path)
            .field("effect", &self.effect)
            .finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned + Send + 'static> Operation for Untyped<T> {
    const INFO: OperationInfo = OperationInfo {
        id: "call",
        method: "POST",
        path: "",
        product: "",
        effect: Effect::Write,
        credentials: Credentials::Headers,
    };
    const REDACTS: bool = false;

    type Request = UntypedRequest;
    type Response = T;

    fn prepare(api: &plaid_gen::Client, request: &UntypedRequest) -> Prepared<T> {
        machinery::post(api, &request.path, &request.body)
    }

    fn name(request: &UntypedRequest) -> Cow<'static, str> {
        Cow::Owned(request.path.clone())
    }

    fn effect(request: &UntypedRequest) -> Effect {
        request.effect
    }

    fn subject(request: &UntypedRequest) -> Option<&str> {
        #[derive(Deserialize)]
        struct Body<'a> {
            #[serde(borrow)]
            access_token: Option<&'a str>,
        }
        let body = serde_json::from_str::<Body<'_>>(request.body.get()).ok()?;
        body.access_token
    }
}

impl<T: DeserializeOwned + Send + 'static> Call<Untyped<T>> {
    pub(crate) fn untyped(client: &Client, path: &str, body: &impl Serialize) -> Self {
        let mut options = Options::default();
        if !is_path(path) {
            options.complain("the path has to look like /new/endpoint".to_owned());
        }
        let body = to_raw_value(body).unwrap_or_else(|_| {
            options.complain("the body cannot be written as JSON".to_owned());
            RawValue::NULL.to_owned()
        });
        Self {
            core: client.core().clone(),
            request: UntypedRequest {
                path: path.to_owned(),
                body,
                effect: Effect::Write,
            },
            options,
        }
    }

    /// Says that the call changes nothing, so that it may be tried again. Without
    /// this it is taken for a write, which is not.
    pub fn read_only(mut self) -> Self {
        self.request.effect = Effect::Read;
        self
    }
}

/// A plain path. Anything else could lead the credentials to another host, or out
/// of the base URL's own path.
fn is_path(path: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b);
    path.starts_with('/')
        && path.bytes().all(is_plain)
        && !path.split('/').any(|part| part == "." || part == "..")
}
