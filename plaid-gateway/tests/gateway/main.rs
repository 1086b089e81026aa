//! The gateway as its callers, its operators and its upstream see it.
//!
//! One binary, since every test binary links the whole gateway.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod browser;
mod calls;
#[cfg(feature = "command")]
mod command;
mod credentials;
mod explorer;
mod hostile;
#[cfg(feature = "command")]
mod nginx;
mod operating;
mod patience;
#[cfg(feature = "command")]
#[path = "../../../xtask/src/commands/bench/servers.rs"]
#[allow(dead_code, reason = "figures are the bench's")]
mod servers;
#[cfg(feature = "command")]
mod source;
mod support;
#[path = "../../../tests/tools.rs"]
mod tools;
mod upstream;
