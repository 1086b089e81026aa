//! Webhooks: whether Plaid sent them, and what they say.
//!
//! [`verify`](crate::products::webhooks::Webhooks::verify) checks the signature over
//! the raw body and leads it to its type:
//!
//! ```no_run
//! # async fn example(
//! #     plaid: plaid::Client,
//! #     headers: http::HeaderMap,
//! #     body: Vec<u8>,
//! # ) -> Result<(), plaid::WebhookError> {
//! use plaid::webhook::{TransactionsWebhook, Webhook};
//!
//! match plaid.webhooks().verify(&headers, &body).await? {
//!     Webhook::Transactions(TransactionsWebhook::SyncUpdatesAvailable(event)) => {
//!         println!("something new for {}", event.item_id);
//!     }
//!     Webhook::Unknown(webhook) => println!("new to this crate: {webhook:?}"),
//!     other => println!("{} {}", other.webhook_type(), other.webhook_code()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What is checked
//!
//! The header `Plaid-Verification`, once, and an ES256 signature by a key that Plaid
//! gives out and has not expired; that it was made within the last five minutes (and at
//! most one minute from now); that it is over this very body, to the byte. Hand over
//! the body as it came: formatting is part of what is signed.
//!
//! # Keys
//!
//! The key is fetched by the id in the signature, which anybody can make up. Clones of a
//! client share a cache: a key is asked for again after 15 minutes, to notice that it has
//! expired; an id that Plaid does not know is remembered for five; concurrent
//! verifications of one id share a fetch; and ids that are not known may cause five
//! fetches in a row and then one every ten seconds, of which those that found a key
//! do not count. What cannot be checked for want of a fetch is
//! [inconclusive](WebhookError::is_inconclusive), which is not the same as forged: answer
//! it with 503, and Plaid delivers again, for up to 24 hours.
//!
//! # Twice the same
//!
//! Plaid delivers again what was not answered with 200 within ten seconds, and sometimes
//! what was. See [`Fingerprint`] for what tells a repetition.

#[cfg(feature = "axum")]
mod axum;
mod envelope;
mod error;
// prettyplease formats it; rustfmt would format it differently.
#[rustfmt::skip]
#[path = "../generated/webhook_events.rs"]
mod events;
mod fingerprint;
mod keys;
mod read;
#[cfg(feature = "testing")]
mod signer;
mod token;
mod verifier;

#[cfg(feature = "axum")]
pub use self::axum::VerifiedWebhook;
pub use crate::client::keys::{InvalidKey, KeyFuture, KeySource, KeySourceError, KeyUnavailable};
pub use envelope::{Event, UnknownWebhook};
pub use error::{WebhookDecodeError, WebhookError};
pub use events::*;
pub use fingerprint::Fingerprint;
pub use keys::KeySet;
#[cfg(feature = "testing")]
pub use signer::{Signer, body};
pub use verifier::Verifier;

/// How long a body may be, unless a [`Verifier`] says otherwise: 1 MiB. Those that Plaid
/// sends have a few hundred bytes, the longest some thousand.
pub const MAX_BODY: usize = 1024 * 1024;
