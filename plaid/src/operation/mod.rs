//! What is known about each operation.
//!
//! Most programs need nothing from here. For an endpoint that this crate does not
//! have, use [`Client::call`](crate::Client::call).

mod file;
#[doc(hidden)]
pub mod machinery;

use std::borrow::Cow;

use machinery::Prepared;

pub use file::File;

/// An operation of the API: a type without values that ties a request to its
/// response.
///
/// The generated operations implement it. It is sealed: a method that it requires is
/// not part of the API and changes with any release.
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

    /// The request as progenitor makes it, and how its response is read.
    #[doc(hidden)]
    fn prepare(api: &plaid_gen::Client, request: &Self::Request) -> Prepared<Self::Response>;

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
