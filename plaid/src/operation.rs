//! What the generated code says about each operation, and how it hands over what
//! progenitor made of an answer.
//!
//! Most programs need nothing from here. It is public so that an operation that
//! is not generated can be described by hand; for a single call,
//! [`Client::call`](crate::Client::call) is shorter.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use futures_util::{FutureExt, TryStreamExt};
use plaid_gen::wire::{self, Deviations, Misfit, Tolerance};
use plaid_gen::{ByteStream, ResponseValue};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::net::{Check, Damage};

/// An operation of the API: a type without values that ties a request to its
/// response.
pub trait Operation: 'static {
    /// What does not depend on the request.
    const INFO: OperationInfo;

    /// Whether the response's `Debug` keeps secrets to itself, as that of every
    /// generated type does. If not, [`Response`](crate::Response) does not print it.
    const REDACTS: bool = true;

    /// What is sent.
    type Request: Send + Sync + 'static;

    /// What comes back.
    type Response: Send + 'static;

    /// Makes the call with progenitor's client.
    fn send(
        api: &plaid_gen::Client,
        request: &Self::Request,
    ) -> impl Future<Output = Sent<Self::Response>> + Send;

    /// The key by which Plaid recognises a repetition, if the request has one.
    fn idempotency_key(request: &Self::Request) -> Option<&str> {
        let _ = request;
        None
    }

    /// What the request is about, if Plaid limits requests about it: the token of
    /// the Item or report, or the id of the consent.
    fn subject(request: &Self::Request) -> Option<&str> {
        let _ = request;
        None
    }

    /// Its name in errors and traces.
    fn name(request: &Self::Request) -> Cow<'static, str> {
        let _ = request;
        Cow::Borrowed(Self::INFO.id)
    }

    /// What the request changes.
    fn effect(request: &Self::Request) -> Effect {
        let _ = request;
        Self::INFO.effect
    }
}

/// An operation whose result is made in the background, so that it has to be waited
/// for; see [`Call::wait_until_ready`](crate::Call::wait_until_ready).
pub trait ReadyLater: Operation<Request: Clone> {
    /// The code of the error that says "not yet", where an error says so.
    const NOT_YET: Option<&'static str>;

    /// The webhook that says when it is there, as `TYPE/CODE`.
    const WEBHOOK: Option<&'static str>;

    /// Whether an answer that is no error holds the result.
    fn is_ready(answer: &Self::Response) -> bool {
        let _ = answer;
        true
    }
}

/// What is known about an operation before it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationInfo {
    /// Its id in the description of the API, for instance `transactionsSync`.
    pub id: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path.
    pub path: &'static str,
    /// The product it belongs to.
    pub product: &'static str,
    /// What it changes.
    pub effect: Effect,
    /// Where its credentials go.
    pub credentials: Credentials,
}

/// What an operation changes at Plaid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it may be sent twice.
    Read,
    /// Something: it may be sent twice only with an idempotency key.
    Write,
}

/// Where an operation takes credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// In headers, as nearly all do.
    Headers,
    /// In the body.
    Body,
    /// Nowhere: it is open to everybody.
    None,
}

/// What progenitor made of an answer, and how to read it once more.
///
/// progenitor's own error is dropped: it prints bodies and loses statuses. What came
/// over the wire has been recorded before progenitor saw it.
pub struct Sent<T> {
    value: Option<T>,
    reader: Option<Reader<T>>,
    /// Why a file that came is not to be used.
    damage: Option<Damage>,
}

/// Reads a JSON body; slower than progenitor does, but it knows where it is.
type Reader<T> = fn(&[u8], Tolerance) -> Result<(T, Deviations), Misfit>;

impl<T> Sent<T> {
    /// From what there is, and not in any other way.
    fn only(value: Option<T>) -> Self {
        Self {
            value,
            reader: None,
            damage: None,
        }
    }

    pub(crate) fn damage(&self) -> Option<Damage> {
        self.damage
    }

    /// Judges the body of a success; `None` if it is not what was asked for at all.
    pub(crate) fn judge(
        self,
        body: &[u8],
        is_json: bool,
        tolerance: Tolerance,
    ) -> Option<Result<(T, Deviations), Misfit>> {
        let reader = self.reader.filter(|_| is_json);
        match (self.value, reader) {
            (Some(value), None) => Some(Ok((value, Deviations::default()))),
            (Some(value), _) if tolerance == Tolerance::Strict => {
                Some(Ok((value, Deviations::default())))
            }
            (_, Some(reader)) => Some(reader(body, tolerance)),
            (None, None) => None,
        }
    }
}

impl<T> fmt::Debug for Sent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent")
            .field("is_read", &self.value.is_some())
            .finish_non_exhaustive()
    }
}

/// Hands over a JSON answer.
pub fn json<T: DeserializeOwned, E>(
    result: Result<ResponseValue<T>, plaid_gen::Error<E>>,
) -> Sent<T> {
    Sent {
        value: result.ok().map(ResponseValue::into_inner),
        reader: Some(wire::from_slice::<T>),
        damage: None,
    }
}

/// Hands over an answer that has nothing in it.
pub fn empty<E>(result: Result<ResponseValue<()>, plaid_gen::Error<E>>) -> Sent<()> {
    Sent::only(result.ok().map(ResponseValue::into_inner))
}

/// Hands over an answer that is a file, unless what came is empty, a page or message
/// instead, or not as it was sent.
pub fn bytes<T: From<Bytes>, E>(
    result: Result<ResponseValue<ByteStream>, plaid_gen::Error<E>>,
) -> Sent<T> {
    let Some(answer) = result.ok().filter(|answer| !is_text(answer.headers())) else {
        return Sent::only(None);
    };
    let check = Check::of(answer.headers());
    let stream = answer.into_inner().into_inner();
    let whole = stream.try_fold(Vec::new(), async |mut whole, part| {
        whole.extend_from_slice(&part);
        Ok(whole)
    });
    // The exchange has buffered the answer, so the stream never has to wait.
    let whole = whole.now_or_never().and_then(Result::ok);
    match whole.filter(|whole| !whole.is_empty()) {
        Some(whole) => Sent {
            damage: check.all(&whole).err(),
            ..Sent::only(Some(Bytes::from(whole).into()))
        },
        None => Sent::only(None),
    }
}

/// Proxies and maintenance pages answer 200 too; saved as a file, nobody would
/// notice before it is opened.
pub(crate) fn is_text(headers: &HeaderMap) -> bool {
    let declared = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let starts = |prefix: &[u8]| {
        declared
            .and_then(|value| value.get(..prefix.len()))
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    starts(b"text/") || starts(b"application/json")
}

/// Posts a JSON body to a path, for operations that are not generated.
pub async fn post<T: DeserializeOwned>(
    api: &plaid_gen::Client,
    path: &str,
    body: &(impl Serialize + Sync),
) -> Sent<T> {
    json(api.post_json::<_, T, IgnoredAny>(path, body).await)
}

/// A file that Plaid answered with, for instance a PDF. `Debug` tells its length.
#[derive(Clone, PartialEq, Eq)]
pub struct File(Bytes);

impl File {
    /// The file's content.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl From<Bytes> for File {
    fn from(content: Bytes) -> Self {
        Self(content)
    }
}

impl std::ops::Deref for File {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for File {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({} bytes)", self.0.len())
    }
}
