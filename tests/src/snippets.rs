//! The crates that a program made of the explorer's snippets is written with.
//!
//! The test compiles that program against this library as it is already built, so
//! that nothing is built twice.

pub use {plaid, serde_json, tokio};
