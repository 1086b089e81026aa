//! What can be wrong with a configuration.

use std::borrow::Cow;

/// What is wrong with a configuration, and what to do. Values are not quoted where they
/// could be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(Cow<'static, str>);

impl ConfigError {
    pub(crate) fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self(message.into())
    }
}
