//! The rate limits that Plaid publishes, from its page on them
//! (<https://plaid.com/docs/errors/rate-limit-exceeded/>).
//!
//! Plaid calls its list incomplete and changes it without notice: it is a table of
//! its own so that a release can follow. Left out is what cannot be counted by a client:
//! the second limit of `/signal/evaluate`, for each transaction, and the limit of
//! `/asset_report/create` for each of the Items that it names.

/// At most this many requests within this many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The number of requests.
    pub requests: u32,
    /// The length of the window.
    pub seconds: u32,
}

/// The limits of an operation in an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For the requests of each [`subject`].
    pub item: Option<Limit>,
    /// For all requests of a client.
    pub client: Option<Limit>,
}

/// An operation with limits.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its path.
    pub path: &'static str,
    /// Its limits in production.
    pub production: Limits,
    /// Its limits in the sandbox.
    pub sandbox: Limits,
}

/// The field of a request by which Plaid counts it, beside the operation and the client:
/// mostly the token of the Item.
pub fn subject(path: &str) -> &'static str {
    match path {
        "/payment_initiation/consent/payment/execute" => "consent_id",
        _ if path.starts_with("/asset_report/") => "asset_report_token",
        _ => "access_token",
    }
}

const fn row(
    path: &'static str,
    [item, client]: [Option<Limit>; 2],
    [sandbox_item, sandbox_client]: [Option<Limit>; 2],
) -> Row {
    Row {
        path,
        production: Limits { item, client },
        sandbox: Limits {
            item: sandbox_item,
            client: sandbox_client,
        },
    }
}

const fn minutely(requests: u32) -> Option<Limit> {
    within(requests, 60)
}

const fn secondly(requests: u32) -> Option<Limit> {
    within(requests, 1)
}

const fn hourly(requests: u32) -> Option<Limit> {
    within(requests, 60 * 60)
}

const fn within(requests: u32, seconds: u32) -> Option<Limit> {
    Some(Limit { requests, seconds })
}

/// All of them, by path.
#[rustfmt::skip] // One row per line.
pub const TABLE: &[Row] = &[
    row("/accounts/balance/get", [minutely(5), minutely(1_200)], [minutely(25), minutely(100)]),
    row("/accounts/get", [minutely(15), minutely(15_000)], [minutely(100), minutely(5_000)]),
    row("/asset_report/create", [None, minutely(50)], [None, minutely(100)]),
    row("/asset_report/get", [minutely(15), minutely(1_000)], [minutely(1_000), minutely(1_000)]),
    row("/asset_report/pdf/get", [minutely(15), minutely(50)], [None, None]),
    row("/asset_report/refresh", [minutely(5), minutely(50)], [None, minutely(100)]),
    row("/auth/get", [minutely(15), minutely(12_000)], [minutely(100), minutely(500)]),
    row("/cra/check_report/base_report/get", [None, minutely(100)], [None, minutely(100)]),
    row("/cra/check_report/cashflow_insights/get", [None, minutely(100)], [None, minutely(100)]),
    row("/cra/check_report/create", [None, minutely(100)], [None, minutely(100)]),
    row("/cra/check_report/income_insights/get", [None, minutely(100)], [None, minutely(100)]),
    row("/cra/check_report/lend_score/get", [None, minutely(100)], [None, minutely(100)]),
    row("/cra/check_report/network_insights/get", [None, minutely(100)], [None, minutely(100)]),
    row("/cra/check_report/partner_insights/get", [None, minutely(100)], [None, minutely(100)]),
    row("/cra/check_report/pdf/get", [None, minutely(100)], [None, minutely(100)]),
    row("/cra/check_report/verification/get", [None, minutely(100)], [None, minutely(100)]),
    row("/cra/check_report/verification/pdf/get", [None, minutely(100)], [None, minutely(100)]),
    row("/cra/monitoring_insights/get", [None, minutely(100)], [None, minutely(100)]),
    row("/cra/monitoring_insights/subscribe", [None, minutely(100)], [None, minutely(100)]),
    row("/cra/monitoring_insights/unsubscribe", [None, minutely(100)], [None, minutely(100)]),
    row("/identity/get", [minutely(15), minutely(2_000)], [minutely(100), minutely(1_000)]),
    row("/identity_verification/create", [None, minutely(120)], [None, minutely(60)]),
    row("/identity_verification/get", [None, minutely(420)], [None, minutely(60)]),
    row("/identity_verification/list", [None, minutely(300)], [None, minutely(60)]),
    row("/identity_verification/retry", [None, minutely(120)], [None, minutely(60)]),
    row("/institutions/get", [None, minutely(50)], [None, minutely(10)]),
    row("/institutions/get_by_id", [None, minutely(400)], [None, minutely(400)]),
    row("/investments/auth/get", [minutely(15), minutely(500)], [minutely(15), minutely(500)]),
    row("/investments/holdings/get", [minutely(15), minutely(2_000)], [minutely(100), minutely(1_000)]),
    row("/investments/refresh", [minutely(1), minutely(100)], [minutely(1), minutely(100)]),
    row("/investments/transactions/get", [minutely(30), minutely(20_000)], [minutely(100), minutely(1_000)]),
    row("/item/get", [minutely(15), minutely(5_000)], [minutely(40), minutely(5_000)]),
    row("/item/remove", [minutely(30), minutely(2_000)], [minutely(100), minutely(500)]),
    row("/liabilities/get", [minutely(15), minutely(1_000)], [minutely(10), minutely(1_000)]),
    row("/network/status/get", [None, minutely(1_000)], [None, minutely(1_000)]),
    row("/payment_initiation/consent/create", [None, minutely(100)], [None, minutely(100)]),
    row("/payment_initiation/consent/get", [None, minutely(240)], [None, minutely(240)]),
    row("/payment_initiation/consent/payment/execute", [minutely(5), minutely(100)], [minutely(10), minutely(100)]),
    row("/payment_initiation/consent/revoke", [None, minutely(100)], [None, minutely(100)]),
    row("/payment_initiation/payment/create", [None, minutely(240)], [None, minutely(100)]),
    row("/payment_initiation/payment/get", [None, minutely(240)], [None, minutely(240)]),
    row("/payment_initiation/payment/list", [None, minutely(240)], [None, minutely(240)]),
    row("/payment_initiation/payment/reverse", [None, minutely(240)], [None, minutely(240)]),
    row("/payment_initiation/recipient/create", [None, minutely(240)], [None, minutely(240)]),
    row("/payment_initiation/recipient/get", [None, minutely(240)], [None, minutely(240)]),
    row("/payment_initiation/recipient/list", [None, minutely(240)], [None, minutely(240)]),
    row("/processor/token/create", [None, minutely(500)], [None, minutely(500)]),
    row("/sandbox/transactions/create", [None, None], [minutely(2), minutely(50)]),
    row("/signal/decision/report", [None, minutely(4_000)], [None, minutely(4_000)]),
    row("/signal/evaluate", [hourly(70), secondly(20)], [hourly(70), secondly(30)]),
    row("/signal/prepare", [None, minutely(2_000)], [None, minutely(2_000)]),
    row("/signal/return/report", [None, minutely(4_000)], [None, minutely(4_000)]),
    row("/statements/download", [None, minutely(50)], [None, minutely(50)]),
    row("/statements/list", [None, minutely(100)], [None, minutely(100)]),
    row("/statements/refresh", [None, minutely(50)], [None, minutely(50)]),
    row("/transactions/enrich", [None, minutely(100)], [None, minutely(100)]),
    row("/transactions/get", [minutely(30), minutely(20_000)], [minutely(80), minutely(1_000)]),
    row("/transactions/recurring/get", [minutely(20), minutely(1_000)], [minutely(20), minutely(1_000)]),
    row("/transactions/refresh", [minutely(2), minutely(100)], [minutely(2), minutely(100)]),
    row("/transactions/sync", [minutely(50), minutely(2_500)], [minutely(50), minutely(1_000)]),
    row("/transfer/authorization/create", [hourly(100), minutely(2_500)], [hourly(100), minutely(100)]),
    row("/transfer/balance/get", [None, minutely(5_000)], [None, None]),
    row("/transfer/cancel", [None, minutely(250)], [None, None]),
    row("/transfer/capabilities/get", [None, minutely(5_000)], [None, None]),
    row("/transfer/configuration/get", [None, minutely(5_000)], [None, None]),
    row("/transfer/create", [None, minutely(2_500)], [None, minutely(100)]),
    row("/transfer/event/list", [None, minutely(100)], [None, None]),
    row("/transfer/get", [None, minutely(5_000)], [None, None]),
    row("/transfer/intent/create", [None, None], [None, minutely(100)]),
    row("/transfer/intent/get", [None, minutely(5_000)], [None, None]),
    row("/transfer/ledger/event/list", [None, minutely(100)], [None, None]),
    row("/transfer/ledger/get", [None, minutely(5_000)], [None, None]),
    row("/transfer/list", [None, minutely(100)], [None, None]),
    row("/transfer/metrics/get", [None, minutely(5_000)], [None, None]),
    row("/transfer/originator/get", [None, minutely(5_000)], [None, None]),
    row("/transfer/originator/list", [None, minutely(100)], [None, None]),
    row("/transfer/recurring/create", [None, None], [None, minutely(100)]),
    row("/transfer/recurring/get", [None, minutely(5_000)], [None, None]),
    row("/transfer/recurring/list", [None, minutely(100)], [None, None]),
    row("/transfer/refund/create", [None, None], [None, minutely(100)]),
    row("/transfer/refund/get", [None, minutely(5_000)], [None, None]),
    row("/transfer/repayment/list", [None, minutely(100)], [None, None]),
    row("/transfer/repayment/return/list", [None, minutely(100)], [None, None]),
    row("/transfer/sweep/get", [None, minutely(5_000)], [None, None]),
    row("/transfer/sweep/list", [None, minutely(100)], [None, None]),
    row("/watchlist_screening/individual/get", [None, minutely(300)], [None, minutely(300)]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_stands_once_and_in_order() {
        for pair in TABLE.windows(2) {
            assert!(pair[0].path < pair[1].path, "{}", pair[1].path);
        }
    }

    #[test]
    fn every_limit_lets_something_through() {
        for row in TABLE {
            let both = [row.production, row.sandbox].map(|limits| [limits.item, limits.client]);
            for limit in both.into_iter().flatten().flatten() {
                assert!(limit.requests > 0 && limit.seconds > 0, "{}", row.path);
            }
        }
    }
}
