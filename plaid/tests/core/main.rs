//! The hand-written core of `plaid`, against scripted answers and real sockets.
//!
//! One binary, since every test binary links the whole client.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod answers;
mod configuration;
mod generated;
mod requests;
mod retries;
mod secrecy;
mod support;
mod wire;
