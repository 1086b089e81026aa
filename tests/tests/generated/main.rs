//! Every generated type: what it is read from, what is made of odd data, and every call's
//! code.
//!
//! One binary, since each test here compiles code for some 400 types.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod corpus;
mod decoding;
mod every_answer;
#[path = "../../http.rs"]
mod http;
mod received;
#[path = "../../repository.rs"]
mod repository;
#[path = "../../../plaid-sandbox/tests/emulator/common/requests.rs"]
mod requests;
mod snippets;
mod tolerance;
