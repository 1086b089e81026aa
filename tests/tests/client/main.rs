//! The crate `plaid` as its users see it: against the emulator, against scripted answers,
//! and against servers that misbehave.
//!
//! One binary, since every test binary links the whole client.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod blocking;
mod broken_lists;
mod cancelled;
mod client_errors;
mod control;
mod download;
mod flows;
#[path = "../../http.rs"]
mod http;
mod odd_data;
mod paging;
#[path = "../../repository.rs"]
mod repository;
mod scripted;
mod stripe_errors;
mod support;
mod waiting;
mod webhooks;
