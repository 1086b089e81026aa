//! A gateway to the Plaid API.
//!
//! Plaid's credentials stay in one place, and programs that need Plaid get a key of the
//! gateway's. Each key has an allow list, a rate and limits of its own, and can be taken
//! back without touching the credentials.
//!
//! # What passes
//!
//! Exactly the operations of the API, by method and path, to one fixed upstream. A
//! request's credentials are the gateway's, whatever the caller sent in their place in
//! headers or body; the rest of a body reaches Plaid byte for byte. Only headers that mean
//! something to Plaid go there, and only those that mean something to a caller come back.
//! An answer that holds the gateway's secret is cut off.
//!
//! What the gateway answers itself has the shape of Plaid's errors, but for what the HTTP
//! library refuses before there is a request: that is a 400, 414 or 431 without a body.
//!
//! # What it writes down
//!
//! One line per call with operation, status, duration, caller and request id, and
//! metrics of the same. Never a body, a token, a header or a query.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod answer;
mod body;
mod call;
mod callers;
mod config;
mod credentials;
mod error;
mod explorer;
mod gateway;
mod headers;
mod key;
mod metrics;
mod mounted;
mod operations;
mod origin;
mod pulse;
mod record;
mod refusal;
pub mod rewrite;
mod server;
mod settings;
mod slots;
#[cfg(feature = "command")]
pub mod source;
#[doc(hidden)]
pub mod tap;
mod upstream;
mod watch;
mod within;

pub use answer::{AnswerBody, CutOff};
pub use callers::Caller;
pub use config::{Config, Limits, Timeouts, Upstream};
pub use credentials::Credentials;
pub use error::ConfigError;
pub use gateway::Gateway;
pub use key::{KeyHash, NewKey};
pub use operations::{Operation, Place, operations};
