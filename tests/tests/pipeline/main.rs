//! `cargo xtask`: what its commands do, and the code that comes out of a document.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod catalogue;
mod commands;
mod counts;
mod layers;
#[path = "../../repository.rs"]
mod repository;
mod snapshots;
mod surface;
