//! Keys that could not be fetched.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// Why there is no key to check with.
#[derive(Clone, Debug)]
pub struct KeyUnavailable(Why);

#[derive(Clone, Debug)]
enum Why {
    /// Too many unknown ids of late.
    Limited,
    /// It was asked for in vain a moment ago.
    JustFailed,
    Failed(Arc<dyn StdError + Send + Sync>),
}

impl KeyUnavailable {
    pub(crate) const LIMITED: Self = Self(Why::Limited);
    pub(crate) const JUST_FAILED: Self = Self(Why::JustFailed);

    pub(crate) fn failed(cause: Box<dyn StdError + Send + Sync>) -> Self {
        Self(Why::Failed(cause.into()))
    }

    /// Whether Plaid was not asked because made-up key ids have used up the fetches.
    pub fn is_limited(&self) -> bool {
        matches!(self.0, Why::Limited)
    }

    /// What asking for the key failed with, if it was asked for. That of a client's is a
    /// [`plaid::Error`](crate::Error).
    pub fn cause(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        match &self.0 {
            Why::Failed(cause) => Some(&**cause),
            Why::Limited | Why::JustFailed => None,
        }
    }
}

impl fmt::Display for KeyUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the webhook could not be checked: ")?;
        match &self.0 {
            Why::Limited => f.write_str("too many unknown keys were named of late"),
            Why::JustFailed => f.write_str("its key could not be fetched a moment ago"),
            Why::Failed(cause) => write!(f, "its key could not be fetched: {cause}"),
        }
    }
}

/// `Display` says what [`cause`](KeyUnavailable::cause) says, so that is not the source.
impl StdError for KeyUnavailable {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause()?.source()
    }
}
