//! An emulator of Plaid's sandbox.
//!
//! It runs inside the test that needs it, listens on a loopback port and
//! speaks the API's protocol, so a client in any language can talk to it:
//!
//! ```
//! use plaid_sandbox::Sandbox;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::start().await?;
//!
//! # let _ = rustls::crypto::ring::default_provider().install_default();
//! let answer = reqwest::Client::new()
//!     .post(format!("{}/sandbox/public_token/create", sandbox.url()))
//!     .header("PLAID-CLIENT-ID", sandbox.client_id())
//!     .header("PLAID-SECRET", sandbox.secret())
//!     .json(&serde_json::json!({
//!         "institution_id": "ins_109508",
//!         "initial_products": ["auth", "transactions"],
//!     }))
//!     .send()
//!     .await?;
//! assert_eq!(answer.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! # What it remembers
//!
//! Public tokens become Items by exchange, once. Items have the twelve accounts
//! of the user `user_good`, a month of transactions that repeats as far back as
//! was asked for, and tokens that die with them. `/transactions/refresh` makes
//! the next `/transactions/sync` report additions, modifications and removals,
//! and breaks a run of pages that is under way. [`Sandbox::add_transactions`] gives
//! an Item a long history.
//! `/sandbox/item/reset_login` makes the Item ask for a new login, and
//! [`Sandbox::complete_link`] is the user who gives it.
//!
//! # What it checks
//!
//! Every request is checked against the same description of the API that the
//! client is generated from: unknown fields, missing fields and wrong values
//! are answered as Plaid answers them, and so are tokens that are malformed,
//! foreign, unknown or dead.
//!
//! # What it answers
//!
//! All operations of the API answer. Those that [`emulated`] lists have a behaviour
//! of their own. The answers of the others are made from the description: every
//! field of the schema has a value that suits its name, format and enum, what the
//! request names turns up in the answer, the Item behind a token shows with its
//! accounts, lists have five rows and pages that end. The same seed and the same
//! request make the same answer, so nothing of these is remembered: a transfer that
//! was cancelled can be read as if it had not been.
//!
//! # Time
//!
//! Everything that expires, gets ready or is tried again goes by the emulator's
//! clock, which [`Sandbox::advance`] puts forward.
//!
//! # Control
//!
//! [`Sandbox::fail`] lets requests fail by rule, and [`Sandbox::requests`] tells what
//! was asked. The same over HTTP, for tests in other languages, as JSON and to callers
//! on this machine only:
//!
//! | | |
//! | --- | --- |
//! | `GET /_sandbox` | credentials, and what the clock shows |
//! | `POST /_sandbox/clock/advance` | `{"seconds": 1800}` |
//! | `POST /_sandbox/link/complete` | `{"link_token": "…"}`: the user goes through Link; answers the public token |
//! | `POST /_sandbox/identity_verification/complete` | `{"identity_verification_id": "…", "passed": true}`: the user goes through the verification |
//! | `POST /_sandbox/items/{id}/transactions` | `{"count": 10000}`: adds so many |
//! | `POST /_sandbox/faults` | `{"fault": {"kind": "html"}, "operation": "/item/get", "item_id": "…", "nth": 3}`; instead of `nth` also `from`, `times` and `"probability": {"percent": 10, "seed": 1}`; answers the rule's `id` |
//! | `GET` or `DELETE /_sandbox/faults`, `DELETE /_sandbox/faults/{id}` | how often each has hit; withdraw |
//! | `GET` or `DELETE /_sandbox/requests` | what was asked, without anything that was sent; forget |
//! | `GET /_sandbox/webhooks` | tries to deliver |
//! | `POST /_sandbox/webhooks/hold`, `release`, `repeat` | `{}`, `{"order": "reversed"}`, `{"times": 2}` |
//! | `POST /_sandbox/rate_limits` | `{"enforced": true}` |
//!
//! Kinds of faults: `status` (`status`, `body`), `error` (`error_type`, `error_code`,
//! `status`), `rate_limit`, `delay` (`milliseconds`), `drop`, `truncate`, `html`
//! (`status`), `wrong_json`.
//!
//! # What it remembers
//!
//! What callers make is found again under its name with what was sent, listed, changed
//! and removed, also by the operations whose answers are made up: payments, wallets,
//! screenings, sweeps and others. Where nobody made a thing of that name with such an
//! operation, the answer tells of something made up, so that one call can be tested
//! alone.
//!
//! # What it does not do
//!
//! It never connects to anything but loopback: a webhook to any other address
//! is accepted and not sent. Unless told otherwise with [`Pace`] there is nothing to
//! wait for: data is ready at once, except that an Asset Report is not ready when it
//! is first asked for. Of the special users of the real sandbox only `user_good` and
//! `user_custom` have data of their own; of the latter's configuration, accounts,
//! numbers, transactions and owners count.

mod agenda;
mod answers;
mod beginning;
mod call;
mod catalog;
mod clock;
mod contract;
mod control;
mod error;
mod faults;
mod ids;
mod ledger;
mod limits;
mod log;
mod money;
mod post;
mod products;
mod sandbox;
mod schema;
mod server;
mod state;
mod storage;
mod validate;
mod webhook;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use agenda::Pace;
pub use contract::ContractError;
pub use faults::{Fault, FaultRule};
pub use log::LoggedRequest;
pub use products::{emulated, transactions::TransactionsError};
pub use sandbox::{LinkError, Sandbox, SandboxBuilder, StartError, VerificationError};
pub use storage::DataError;
pub use webhook::{Order, SentWebhook};

/// Locks, also after a panic of another holder: what is behind the locks of
/// this crate is consistent between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
