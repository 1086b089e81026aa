//! The hand-written core of `plaid`, against scripted answers and real sockets.

mod answers;
mod configuration;
mod generated;
mod requests;
mod retries;
pub(crate) mod support;
mod wire;
