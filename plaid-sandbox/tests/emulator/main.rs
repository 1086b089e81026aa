//! The emulator as its callers see it, over HTTP.
//!
//! One binary, since every test binary links the whole emulator.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod answers;
mod clients;
mod clock;
mod command;
mod common;
mod control;
mod created;
mod custom;
mod errors;
mod every_operation;
mod faults;
mod flows;
mod history;
#[path = "../../../tests/http.rs"]
mod http;
#[cfg(unix)]
mod killed;
mod reports;
mod storage;
#[path = "../../../tests/tools.rs"]
mod tools;
mod transfers;
mod verifications;
mod webhooks;
