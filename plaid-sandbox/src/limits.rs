//! The rate limits that Plaid publishes for its sandbox, enforced on request.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use plaid_common::rate_limits::{Limit, TABLE};

use crate::error::ApiError;

/// Pairs of operation and subject whose requests are counted at a time.
const MAX_COUNTS: usize = 100_000;

/// The error code of a limit without one of its own.
const CODE: &str = "RATE_LIMIT";

/// An operation whose limits have codes of their own: the code of the limit for each Item,
/// and that of the limit for all requests.
#[rustfmt::skip] // One row per line.
const CODES: [(&str, [&str; 2]); 12] = [
    ("/accounts/balance/get", ["BALANCE_LIMIT", "ACCOUNTS_BALANCE_GET_LIMIT"]),
    ("/accounts/get", ["ACCOUNTS_LIMIT"; 2]),
    ("/auth/get", ["AUTH_LIMIT"; 2]),
    ("/identity/get", ["IDENTITY_LIMIT"; 2]),
    ("/institutions/get", ["INSTITUTIONS_GET_LIMIT"; 2]),
    ("/institutions/get_by_id", ["INSTITUTIONS_GET_BY_ID_LIMIT"; 2]),
    ("/investments/holdings/get", ["INVESTMENT_HOLDINGS_GET_LIMIT"; 2]),
    ("/investments/transactions/get", ["INVESTMENT_TRANSACTIONS_LIMIT"; 2]),
    ("/item/get", ["ITEM_GET_LIMIT"; 2]),
    ("/transactions/get", ["TRANSACTIONS_LIMIT"; 2]),
    ("/transactions/refresh", ["TRANSACTIONS_REFRESH_LIMIT"; 2]),
    ("/transactions/sync", ["TRANSACTIONS_SYNC_LIMIT"; 2]),
];

/// What is counted: the requests of an operation, for one subject or for all.
type Counted = (&'static str, Option<String>);

/// The requests of the windows that have not ended.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    pub(crate) enforced: bool,
    counts: HashMap<Counted, Count>,
}

/// The requests since the beginning of a window.
#[derive(Debug)]
struct Count {
    since: DateTime<Utc>,
    window: TimeDelta,
    requests: u32,
}

impl Count {
    fn is_over(&self, now: DateTime<Utc>) -> bool {
        now - self.since >= self.window
    }
}

impl Limits {
    /// Counts a request, and refuses it if there were too many. `subject` is the Item, or
    /// whatever else it is counted by.
    pub(crate) fn check(
        &mut self,
        path: &str,
        subject: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let known = TABLE.iter().find(|row| row.path == path);
        let Some(row) = known.filter(|_| self.enforced) else {
            return Ok(());
        };
        let codes = CODES.iter().find(|(path, _)| *path == row.path);
        let [code, client_code] = codes.map_or([CODE; 2], |(_, codes)| *codes);
        if let (Some(limit), Some(subject)) = (row.sandbox.item, subject) {
            let counted = (row.path, Some(subject.to_owned()));
            self.count(counted, limit, now, code)?;
        }
        match row.sandbox.client {
            Some(limit) => self.count((row.path, None), limit, now, client_code),
            None => Ok(()),
        }
    }

    fn count(
        &mut self,
        counted: Counted,
        limit: Limit,
        now: DateTime<Utc>,
        code: &'static str,
    ) -> Result<(), ApiError> {
        if self.counts.len() >= MAX_COUNTS {
            self.counts.retain(|_, count| !count.is_over(now));
        }
        let fresh = || Count {
            since: now,
            window: TimeDelta::seconds(limit.seconds.into()),
            requests: 0,
        };
        let count = self.counts.entry(counted).or_insert_with(fresh);
        if count.is_over(now) {
            *count = fresh();
        }
        if count.requests >= limit.requests {
            return Err(ApiError::rate_limit(code));
        }
        count.requests += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::contract::Contract;

    #[test]
    fn every_limit_is_that_of_an_operation() {
        let contract = Contract::embedded().unwrap();
        for path in TABLE.iter().map(|row| row.path) {
            let mut operations = contract.operations().iter();
            assert!(operations.any(|operation| operation.path == path), "{path}");
        }
        for (path, _) in CODES {
            assert!(TABLE.iter().any(|row| row.path == path), "{path}");
        }
    }

    #[test]
    fn every_published_limit_of_the_sandbox_is_enforced() {
        let now = DateTime::UNIX_EPOCH;
        let mut enforced = 0;
        for row in TABLE {
            for (limit, subject) in [(row.sandbox.item, Some("a")), (row.sandbox.client, None)] {
                let Some(limit) = limit else { continue };
                let mut limits = Limits {
                    enforced: true,
                    ..Limits::default()
                };
                // Evenly, so that none but this limit is reached.
                let millis = i64::from(limit.seconds) * 1000;
                let mut at = |millis: i64| {
                    limits.check(row.path, subject, now + TimeDelta::milliseconds(millis))
                };
                for number in 0..i64::from(limit.requests) {
                    let outcome = at(number * millis / i64::from(limit.requests));
                    assert_eq!(outcome, Ok(()), "{} {subject:?} {number}", row.path);
                }
                let outcome = at(millis - 1);
                assert_eq!(outcome.unwrap_err().status, 429, "{} {subject:?}", row.path);
                assert_eq!(at(millis), Ok(()), "{} {subject:?}", row.path);
                enforced += 1;
            }
        }
        // 65 operations, 20 of them with a limit for each Item too.
        assert_eq!(enforced, 85);
    }

    #[test]
    fn an_item_has_its_own_limit_and_a_minute_ends_it() {
        let mut limits = Limits {
            enforced: true,
            ..Limits::default()
        };
        let start = DateTime::UNIX_EPOCH;
        let mut refresh = |item, seconds| {
            let now = start + TimeDelta::seconds(seconds);
            let outcome = limits.check("/transactions/refresh", Some(item), now);
            outcome.map_err(|error| error.error_code.into_owned())
        };
        let limited = || Err("TRANSACTIONS_REFRESH_LIMIT".to_owned());
        assert_eq!(refresh("a", 0), Ok(()));
        assert_eq!(refresh("a", 1), Ok(()));
        assert_eq!(refresh("a", 59), limited());
        assert_eq!(refresh("b", 59), Ok(()));
        assert_eq!(refresh("a", 60), Ok(()));
    }

    #[test]
    fn all_requests_together_have_a_limit() {
        let mut limits = Limits {
            enforced: true,
            ..Limits::default()
        };
        let now = DateTime::UNIX_EPOCH;
        for _ in 0..10 {
            limits.check("/institutions/get", None, now).unwrap();
        }
        let error = limits.check("/institutions/get", None, now).unwrap_err();
        assert_eq!(error.error_code, "INSTITUTIONS_GET_LIMIT");
        limits.check("/categories/get", None, now).unwrap();
    }
}
