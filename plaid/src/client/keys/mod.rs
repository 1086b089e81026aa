//! The public keys that webhooks are signed with, as far as they have been fetched.

mod cache;
mod key;
mod unavailable;

pub(crate) use cache::{KeyCache, Missing};
pub use cache::{KeyFuture, KeySource, KeySourceError};
pub use key::InvalidKey;
pub(crate) use key::{Distrust, Key, is_key_id};
pub use unavailable::KeyUnavailable;
