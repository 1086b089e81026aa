//! What the crates of the Plaid SDK share. It is not meant to be used by others and may
//! change with every release: use `plaid`.
//!
//! The emulator and the gateway do not depend on `plaid`, whose types take longer to
//! build than the two together. What they have in common with it is here, without types
//! of the API and, by default, without dependencies.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod credential;
#[cfg(feature = "error-body")]
pub mod error_body;
pub mod hex;
pub mod rate_limits;
#[cfg(feature = "signer")]
pub mod signer;

/// The version of the API that everything here describes, as the header `Plaid-Version`
/// has it.
pub const PLAID_VERSION: &str = "2020-09-14";
