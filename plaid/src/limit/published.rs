//! The limits that Plaid publishes: the table that the emulator enforces too.

use std::time::Duration;

use super::{Limit, Pair};
use crate::environment::Environment;

/// A path; its limits in production and in the sandbox, each for an Item and for
/// the client.
type Row = plaid_common::rate_limits::Row;

/// The limits of an environment.
pub(super) fn pairs(environment: Environment) -> impl Iterator<Item = (&'static str, Pair)> {
    TABLE
        .iter()
        .map(move |row| (row.path, pair(row, environment)))
        .filter(|(_, pair)| *pair != Pair::default())
}

fn pair(row: &Row, environment: Environment) -> Pair {
    let limits = match environment {
        Environment::Production => row.production,
        Environment::Sandbox => row.sandbox,
    };
    let own = |limit: plaid_common::rate_limits::Limit| {
        Limit::new(limit.requests, Duration::from_secs(limit.seconds.into()))
    };
    Pair {
        item: limits.item.map(own),
        client: limits.client.map(own),
    }
}

const TABLE: &[Row] = plaid_common::rate_limits::TABLE;
