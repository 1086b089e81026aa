//! The limits that Plaid publishes: the table that the emulator enforces too.

use std::borrow::Cow;
use std::time::Duration;

use super::rates::{Limit, Pair, RateLimits};
use crate::config::Environment;

impl RateLimits {
    /// The limits on Plaid's page, as this version of the crate knows them. Plaid
    /// changes them, and calls its list incomplete.
    ///
    /// <https://plaid.com/docs/errors/rate-limit-exceeded/>
    pub fn published(environment: Environment) -> Self {
        let pairs = pairs(environment);
        let by_path = pairs.map(|(path, pair)| (Cow::Borrowed(path), pair));
        Self {
            by_path: by_path.collect(),
        }
    }
}

/// A path; its limits in production and in the sandbox, each for an Item and for
/// the client.
type Row = plaid_common::rate_limits::Row;

/// The limits of an environment.
fn pairs(environment: Environment) -> impl Iterator<Item = (&'static str, Pair)> {
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
