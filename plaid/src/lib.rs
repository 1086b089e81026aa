//! The Plaid API for Rust: typed calls, exact money, redacted secrets, and retries
//! that go by the code of an error.
//!
//! ```no_run
//! # #[cfg(feature = "accounts")]
//! # async fn example(access_token: plaid::Secret) -> plaid::Result<()> {
//! let plaid = plaid::Client::from_env()?; // PLAID_CLIENT_ID, PLAID_SECRET, PLAID_ENV
//!
//! let answer = plaid.accounts().get(&access_token).await?;
//! for account in &answer.accounts {
//!     println!("{}: {:?}", account.name, account.balances.current);
//! }
//! println!("request {}", answer.request_id());
//! # Ok(())
//! # }
//! ```
//!
//! # Calls
//!
//! Calls are grouped by product, and each product is a feature of this crate. What
//! a call needs is an argument, what it may have is chained, and `.await` makes it.
//! Every call also takes [`timeout`](Call::timeout), [`retry`](Call::retry),
//! [`header`](Call::header) and [`extra`](Call::extra), for a field that this
//! crate does not know yet; [`Client::call`] reaches endpoints that it does not.
//!
//! A call without one of its arguments does not compile:
//!
//! ```
//! # fn example(plaid: &plaid::Client, token: &plaid::Secret) {
//! # #[cfg(feature = "processor")]
//! let call = plaid.processor().stripe_bank_account_token_create(token, "account id");
//! # }
//! ```
//!
//! ```compile_fail
//! # fn example(plaid: &plaid::Client, token: &plaid::Secret) {
//! let call = plaid.processor().stripe_bank_account_token_create(token);
//! # }
//! ```
//!
//! A [`Response`] is the decoded value together with status, headers and the body
//! to the byte.
//!
//! Lists that come in pages are read to their end by [`stream`](Call::stream) and its
//! siblings, see [`paging`]; what Plaid makes in the background is waited for by
//! [`wait_until_ready`](Call::wait_until_ready).
//!
//! # Errors
//!
//! An [`Error`] says what happened, whether Plaid may have seen the request, and what
//! to do about it:
//!
//! ```no_run
//! # #[cfg(feature = "transactions")]
//! # async fn example(plaid: plaid::Client, token: plaid::Secret) -> plaid::Result<()> {
//! use plaid::{Action, ErrorCode};
//!
//! match plaid.transactions().sync(&token).count(500).await {
//!     Ok(page) => println!("{} new", page.added.len()),
//!     Err(error) if error.action() == Action::RelinkUpdateMode => { /* ask the user */ }
//!     Err(error) if error.error_code() == Some(&ErrorCode::ItemNotFound) => { /* forget it */ }
//!     Err(error) => return Err(error), // one line, without tokens
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Money
//!
//! Amounts are [`Decimal`]s, read from and written to JSON digit by digit.
//!
//! A read is tried again after a failure that may pass. A write is not, unless it
//! has an idempotency key or no connection could be made; see [`RetryPolicy`].
//! After a failure of a write, ask [`Error::may_have_reached_plaid`].
//!
//! # Secrets
//!
//! Tokens, keys and account numbers are [`Secret`]s. No `Debug` of this crate's, no
//! error and no trace shows them, nor a header or a body; what Plaid quotes in its
//! messages is masked. [`Response::raw`] and [`Error::raw`] are the bodies as they
//! came: do not log those.
//!
//! # Runtime
//!
//! tokio and reqwest. TLS is rustls with ring by default; the features `rustls-aws-lc-rs`
//! and `native-tls` choose another library, and `bundled-roots` other trust roots. Bring a
//! [`reqwest::Client`](ClientBuilder::http_client) or a [transport](HttpTransport) of your
//! own. Calls are traced with `tracing`, in spans named `plaid.call`.
//!
//! With the feature `blocking`, calls block in place of being awaited; with `tower`, a
//! transport can be a tower service; `testing` brings a mock for tests of yours, and
//! `axum` an extractor of webhooks. [`ClientBuilder::rate_limits`] keeps to Plaid's rate
//! limits on this side.
//!
//! # Odd data
//!
//! An answer that lacks what it has to have is an [`Error::Decode`] with the path of the
//! field and the body. With [`Tolerance::Report`] the field is filled, and listed by
//! [`Response::deviations`].
//!
//! # Features
//!
//! One per product, for its types and calls; `full` is all of them. `rustls-ring` (the
//! default), `rustls-aws-lc-rs` or `native-tls` is the TLS library, `schemars` derives JSON Schemas of
//! the types, and has a table of those of requests.
//!
#![doc = include_str!("generated/features.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

// Layers, lowest first: a module imports from its own files and from modules that are
// listed before it. `tests/tests/pipeline/layers.rs` checks that.

// Settings, masking and clocks.
mod config;
mod redact;
mod timing;
// HTTP: rate limits, transports, and what came back.
mod limit;
mod net;
// What can go wrong, and what to do about it.
mod error;
// One operation: what is known of it, its response, its retries and its trace.
pub mod operation;
mod response;
mod retry;
mod telemetry;
// What calls share: credentials, settings, connections.
mod client;
// One call, from its request to a response or an error.
pub mod call;
// Other ways to make a call: blocking, as a stream of bytes, page by page, repeatedly.
#[cfg(feature = "blocking")]
pub mod blocking;
#[cfg(feature = "files")]
mod download;
pub mod paging;
mod wait;
// Every operation of the API.
mod generated_prelude;
// prettyplease formats it; rustfmt would format it differently.
#[rustfmt::skip]
// A call has as many arguments as the API asks for.
#[allow(clippy::too_many_arguments)]
#[path = "generated/mod.rs"]
pub mod products;
// What needs some of the operations, or stands in for all of them.
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "webhooks")]
pub mod webhook;

pub use call::Call;
pub use chrono::{DateTime, NaiveDate, Utc};
pub use client::{Client, ClientBuilder, http_client_builder};
pub use config::{ConfigError, Environment};
#[cfg(feature = "files")]
pub use download::Download;
pub use error::{
    Action, ApiError, CorruptFile, DecodeError, Error, ErrorCode, ErrorType, HeldBack,
    NotReadyError, PagingError, Result, SaveError, TimeoutError, TooLarge, TransportError,
    UnexpectedBody, UnknownCode,
};
pub use limit::{Limit, LimitScope, RateLimits};
#[cfg(feature = "tower")]
pub use net::TowerTransport;
pub use net::{HttpTransport, TransportFailure, TransportFuture};
pub use operation::File;
pub use plaid_gen::types;
pub use plaid_gen::wire::{Deviation, DeviationKind, Deviations, Secret, Tolerance};
#[cfg(feature = "schemars")]
pub use plaid_gen::{request_schema, request_schemas};
pub use response::Response;
pub use retry::RetryPolicy;
pub use rust_decimal::Decimal;
pub use wait::{Progress, Wait};
#[cfg(feature = "webhooks")]
pub use webhook::{Webhook, WebhookError};

/// The examples of the README.
#[cfg(all(
    doctest,
    feature = "transactions",
    feature = "processor",
    feature = "institutions"
))]
#[doc = include_str!("../../README.md")]
struct Readme;
