//! The rate limits that Plaid publishes for its sandbox, enforced on request.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::ApiError;

/// A limit counts the requests of a minute.
const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// Pairs of operation and Item whose requests are counted at a time.
const MAX_COUNTS: usize = 100_000;

/// How often an operation can be called in a minute.
struct Limit {
    path: &'static str,
    per_item: Option<u32>,
    per_client: u32,
    /// The code for an Item's limit, and that for all requests together.
    codes: [&'static str; 2],
}

const fn limit(path: &'static str, per_item: u32, per_client: u32, code: &'static str) -> Limit {
    Limit {
        path,
        per_item: Some(per_item),
        per_client,
        codes: [code, code],
    }
}

const fn of_client(path: &'static str, per_client: u32, code: &'static str) -> Limit {
    Limit {
        path,
        per_item: None,
        per_client,
        codes: [code, code],
    }
}

const LIMITS: [Limit; 30] = [
    Limit {
        path: "/accounts/balance/get",
        per_item: Some(25),
        per_client: 100,
        codes: ["BALANCE_LIMIT", "ACCOUNTS_BALANCE_GET_LIMIT"],
    },
    limit("/accounts/get", 100, 5_000, "ACCOUNTS_LIMIT"),
    of_client("/asset_report/create", 100, "RATE_LIMIT"),
    of_client("/asset_report/get", 1_000, "RATE_LIMIT"),
    of_client("/asset_report/refresh", 100, "RATE_LIMIT"),
    limit("/auth/get", 100, 500, "AUTH_LIMIT"),
    limit("/identity/get", 100, 1_000, "IDENTITY_LIMIT"),
    of_client("/identity_verification/create", 60, "RATE_LIMIT"),
    of_client("/identity_verification/get", 60, "RATE_LIMIT"),
    of_client("/identity_verification/list", 60, "RATE_LIMIT"),
    of_client("/institutions/get", 10, "INSTITUTIONS_GET_LIMIT"),
    of_client(
        "/institutions/get_by_id",
        400,
        "INSTITUTIONS_GET_BY_ID_LIMIT",
    ),
    limit("/investments/auth/get", 15, 500, "RATE_LIMIT"),
    limit(
        "/investments/holdings/get",
        100,
        1_000,
        "INVESTMENT_HOLDINGS_GET_LIMIT",
    ),
    limit("/investments/refresh", 1, 100, "RATE_LIMIT"),
    limit(
        "/investments/transactions/get",
        100,
        1_000,
        "INVESTMENT_TRANSACTIONS_LIMIT",
    ),
    limit("/item/get", 40, 5_000, "ITEM_GET_LIMIT"),
    limit("/item/remove", 100, 500, "RATE_LIMIT"),
    limit("/liabilities/get", 10, 1_000, "RATE_LIMIT"),
    of_client("/payment_initiation/payment/create", 100, "RATE_LIMIT"),
    of_client("/payment_initiation/payment/get", 240, "RATE_LIMIT"),
    of_client("/processor/token/create", 500, "RATE_LIMIT"),
    limit("/sandbox/transactions/create", 2, 50, "RATE_LIMIT"),
    limit("/transactions/get", 80, 1_000, "TRANSACTIONS_LIMIT"),
    limit("/transactions/recurring/get", 20, 1_000, "RATE_LIMIT"),
    limit(
        "/transactions/refresh",
        2,
        100,
        "TRANSACTIONS_REFRESH_LIMIT",
    ),
    limit("/transactions/sync", 50, 1_000, "TRANSACTIONS_SYNC_LIMIT"),
    of_client("/transfer/create", 100, "RATE_LIMIT"),
    of_client("/transfer/intent/create", 100, "RATE_LIMIT"),
    of_client("/transfer/refund/create", 100, "RATE_LIMIT"),
];

/// What is counted: the requests of an operation, for an Item or for all.
type Counted = (&'static str, Option<String>);

/// The requests of the minute.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    pub(crate) enforced: bool,
    counts: HashMap<Counted, (DateTime<Utc>, u32)>,
}

impl Limits {
    /// Counts a request, and refuses it if there were too many.
    pub(crate) fn check(
        &mut self,
        path: &str,
        item_id: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let known = LIMITS.iter().find(|limit| limit.path == path);
        let Some(limit) = known.filter(|_| self.enforced) else {
            return Ok(());
        };
        if let (Some(most), Some(item_id)) = (limit.per_item, item_id) {
            let counted = (limit.path, Some(item_id.to_owned()));
            self.count(counted, most, now, limit.codes[0])?;
        }
        self.count((limit.path, None), limit.per_client, now, limit.codes[1])
    }

    fn count(
        &mut self,
        counted: Counted,
        most: u32,
        now: DateTime<Utc>,
        code: &'static str,
    ) -> Result<(), ApiError> {
        if self.counts.len() >= MAX_COUNTS {
            self.counts.retain(|_, (since, _)| now - *since < MINUTE);
        }
        let (since, count) = self.counts.entry(counted).or_insert((now, 0));
        if now - *since >= MINUTE {
            (*since, *count) = (now, 0);
        }
        if *count >= most {
            return Err(ApiError::rate_limit(code));
        }
        *count += 1;
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
        for limit in &LIMITS {
            let mut operations = contract.operations().iter();
            assert!(
                operations.any(|operation| operation.path == limit.path),
                "{}",
                limit.path
            );
        }
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
