//! Prints the JSON Schema of every operation's request, by the operation's id.
//!
//! `cargo run -p plaid-gen --example schemas --features full,schemars`

use std::collections::BTreeMap;
use std::io::{Write as _, stdout};

fn main() -> std::io::Result<()> {
    let schemas: BTreeMap<_, _> = plaid_gen::request_schemas().collect();
    let mut out = stdout().lock();
    serde_json::to_writer(&mut out, &schemas)?;
    writeln!(out)
}
