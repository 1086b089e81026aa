//! What can go wrong, whether Plaid may have seen the request, and what to do.

mod action;
mod answer;
mod api;
mod code;
mod context;
mod file;
mod held;
mod not_ready;
mod paging;
mod parts;
pub(crate) mod table;
#[cfg(test)]
mod tests;
mod transport;
mod verdict;

use std::borrow::Cow;

use bytes::Bytes;
use reqwest::StatusCode;

pub use action::Action;
pub use answer::{DecodeError, TooLarge, UnexpectedBody};
pub use api::ApiError;
pub use code::{ErrorCode, ErrorType, UnknownCode};
pub(crate) use context::Context;
pub use file::{CorruptFile, SaveError};
pub use held::HeldBack;
pub(crate) use not_ready::Last;
pub use not_ready::NotReadyError;
pub use paging::{PagingError, Problem};
pub(crate) use parts::Parts;
pub use transport::{TimeoutError, TransportError};
pub(crate) use verdict::Verdict;

use crate::config::ConfigError;

/// The result of a call, or of making a client.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call has no result.
///
/// `Display` is one line with the advice of [`action`](Self::action). Neither it nor
/// `Debug` ever contains a body, a header, a token or a URL; what came is in
/// [`raw`](Self::raw).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Plaid answered with an error.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// Plaid did what was asked, but the answer does not fit the type.
    #[error(transparent)]
    Decode(Box<DecodeError>),
    /// The answer is not Plaid's: an error page, nothing, a redirect.
    #[error(transparent)]
    UnexpectedBody(Box<UnexpectedBody>),
    /// The answer is longer than the client takes.
    #[error(transparent)]
    TooLarge(Box<TooLarge>),
    /// The client's own rate limits held the request back; nothing was sent.
    #[error(transparent)]
    HeldBack(Box<HeldBack>),
    /// A file came that is not as it was sent.
    #[error(transparent)]
    Corrupt(Box<CorruptFile>),
    /// A file came that could not be saved.
    #[error(transparent)]
    Save(Box<SaveError>),
    /// No answer came in time.
    #[error(transparent)]
    Timeout(Box<TimeoutError>),
    /// What was waited for is still not there.
    #[error(transparent)]
    NotReady(Box<NotReadyError>),
    /// No connection could be made.
    #[error(transparent)]
    Connect(Box<TransportError>),
    /// The connection broke.
    #[error(transparent)]
    Transport(Box<TransportError>),
    /// The client or the call is set up wrongly; nothing was sent.
    #[error(transparent)]
    Config(Box<ConfigError>),
    /// The answers were read, but they do not make up a whole list.
    #[error(transparent)]
    Paging(Box<PagingError>),
}

impl Error {
    /// Not `From`: with a second conversion the compiler no longer knows the error of
    /// `plaid::Result::Ok(42)` in front of a `?`.
    pub(crate) fn of_config(error: ConfigError) -> Self {
        Self::Config(Box::new(error))
    }

    pub(crate) fn config(problem: impl Into<Cow<'static, str>>) -> Self {
        Self::of_config(ConfigError::new(problem))
    }

    fn context(&self) -> Option<&Context> {
        match self {
            Self::Api(error) => Some(&error.context),
            Self::Decode(error) => Some(&error.context),
            Self::UnexpectedBody(error) => Some(&error.context),
            Self::TooLarge(error) => Some(&error.context),
            Self::HeldBack(error) => Some(&error.context),
            Self::Corrupt(error) => Some(&error.context),
            Self::Save(error) => Some(&error.context),
            Self::Timeout(error) => Some(&error.context),
            Self::NotReady(error) => Some(&error.context),
            Self::Connect(error) | Self::Transport(error) => Some(&error.context),
            Self::Config(_) | Self::Paging(_) => None,
        }
    }

    /// What the error calls for.
    pub fn action(&self) -> Action {
        match self {
            Self::Api(error) => error.action(),
            Self::Decode(_) => Action::UpdateCrate,
            Self::UnexpectedBody(error) => error.action(),
            Self::TooLarge(_) => Action::FixRequest,
            Self::HeldBack(error) => error.action(),
            Self::Corrupt(error) => error.action(),
            Self::Save(_) => Action::FixConfiguration,
            Self::Timeout(error) => error.action(),
            Self::NotReady(error) => error.action(),
            Self::Connect(error) | Self::Transport(error) => error.action(),
            Self::Config(_) => Action::FixConfiguration,
            Self::Paging(_) => Action::RestartPagination,
        }
    }

    /// Whether Plaid may have seen the request, in any attempt, and acted on it.
    ///
    /// `false` is certain: nothing was sent.
    pub fn may_have_reached_plaid(&self) -> bool {
        matches!(self, Self::Paging(_))
            || self
                .context()
                .is_some_and(|context| context.may_have_reached)
    }

    /// The operation, for instance `transactionsSync`; `None` when a client could
    /// not be made.
    pub fn operation(&self) -> Option<&str> {
        match self {
            Self::Config(error) => error.operation(),
            Self::Paging(error) => Some(error.operation()),
            _ => self.context().map(|context| &*context.operation),
        }
    }

    /// How many times the request was tried.
    pub fn attempts(&self) -> u32 {
        self.context().map_or(0, |context| context.attempts)
    }

    /// The error that Plaid answered with, if it did; after waiting in vain, the last
    /// one.
    pub fn as_api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            Self::NotReady(error) => error.last_error()?.as_api(),
            _ => None,
        }
    }

    /// The code of the error that Plaid answered with.
    pub fn error_code(&self) -> Option<&ErrorCode> {
        self.as_api().map(ApiError::error_code)
    }

    /// The type of the error that Plaid answered with.
    pub fn error_type(&self) -> Option<&ErrorType> {
        self.as_api().map(ApiError::error_type)
    }

    /// Plaid's id of the request: what its support asks for first.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Api(error) => error.request_id(),
            Self::Decode(error) => error.request_id(),
            Self::UnexpectedBody(error) => error.request_id(),
            Self::Corrupt(error) => error.request_id(),
            Self::NotReady(error) => error.request_id(),
            Self::Paging(error) => error.request_id(),
            _ => None,
        }
    }

    /// The HTTP status, if an answer came.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Api(error) => Some(error.status()),
            Self::Decode(error) => Some(error.status()),
            Self::UnexpectedBody(error) => Some(error.status()),
            Self::TooLarge(error) => Some(error.status()),
            Self::NotReady(error) => error.last_error()?.status(),
            _ => None,
        }
    }

    /// The body of the answer as it came. It may hold tokens and account numbers:
    /// do not log it.
    pub fn raw(&self) -> Option<&Bytes> {
        match self {
            Self::Api(error) => Some(error.raw()),
            Self::Decode(error) => Some(error.raw()),
            Self::UnexpectedBody(error) => Some(error.raw()),
            Self::NotReady(error) => error.last_error()?.raw(),
            _ => None,
        }
    }

    /// One word for traces and metrics.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Api(_) => "api_error",
            Self::Decode(_) => "decode_error",
            Self::UnexpectedBody(_) => "unexpected_body",
            Self::TooLarge(_) => "too_large",
            Self::HeldBack(_) => "held_back",
            Self::Corrupt(_) => "corrupt_file",
            Self::Save(_) => "save_error",
            Self::Timeout(_) => "timeout",
            Self::NotReady(_) => "not_ready",
            Self::Connect(_) => "connect_error",
            Self::Transport(_) => "transport_error",
            Self::Config(_) => "config_error",
            Self::Paging(_) => "paging_error",
        }
    }
}
