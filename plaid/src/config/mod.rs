//! Where Plaid is, and what is wrong with a setting.

mod environment;
mod error;

pub(crate) use environment::BaseUrl;
pub use environment::Environment;
pub use error::ConfigError;
