//! The limits that Plaid publishes, from its page on rate limits
//! (<https://plaid.com/docs/errors/rate-limit-exceeded/>).
//!
//! Plaid calls its list incomplete and changes it without notice: it is a table of
//! its own so that an update of the crate can follow. Left out is what cannot be
//! counted here: the second limit of `/signal/evaluate`, for each transaction, and
//! the limit of `/asset_report/create` for each of the Items that it names.

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
struct Row(&'static str, Limits, Limits);

type Limits = [Option<Limit>; 2];

/// The limits of an environment.
fn pairs(environment: Environment) -> impl Iterator<Item = (&'static str, Pair)> {
    TABLE
        .iter()
        .filter_map(move |Row(path, production, sandbox)| {
            let [item, client] = match environment {
                Environment::Production => *production,
                Environment::Sandbox => *sandbox,
            };
            (item.is_some() || client.is_some()).then_some((*path, Pair { item, client }))
        })
}

const fn minutely(requests: u32) -> Option<Limit> {
    Some(Limit::per_minute(requests))
}

const fn secondly(requests: u32) -> Option<Limit> {
    Some(Limit::new(requests, Duration::from_secs(1)))
}

const fn hourly(requests: u32) -> Option<Limit> {
    Some(Limit::new(requests, Duration::from_secs(60 * 60)))
}

#[rustfmt::skip] // One row per line.
const TABLE: &[Row] = &[
    Row("/accounts/balance/get", [minutely(5), minutely(1_200)], [minutely(25), minutely(100)]),
    Row("/accounts/get", [minutely(15), minutely(15_000)], [minutely(100), minutely(5_000)]),
    Row("/asset_report/create", [None, minutely(50)], [None, minutely(100)]),
    Row("/asset_report/get", [minutely(15), minutely(1_000)], [minutely(1_000), minutely(1_000)]),
    Row("/asset_report/pdf/get", [minutely(15), minutely(50)], [None, None]),
    Row("/asset_report/refresh", [minutely(5), minutely(50)], [None, minutely(100)]),
    Row("/auth/get", [minutely(15), minutely(12_000)], [minutely(100), minutely(500)]),
    Row("/cra/check_report/base_report/get", [None, minutely(100)], [None, minutely(100)]),
    Row("/cra/check_report/cashflow_insights/get", [None, minutely(100)], [None, minutely(100)]),
    Row("/cra/check_report/create", [None, minutely(100)], [None, minutely(100)]),
    Row("/cra/check_report/income_insights/get", [None, minutely(100)], [None, minutely(100)]),
    Row("/cra/check_report/lend_score/get", [None, minutely(100)], [None, minutely(100)]),
    Row("/cra/check_report/network_insights/get", [None, minutely(100)], [None, minutely(100)]),
    Row("/cra/check_report/partner_insights/get", [None, minutely(100)], [None, minutely(100)]),
    Row("/cra/check_report/pdf/get", [None, minutely(100)], [None, minutely(100)]),
    Row("/cra/check_report/verification/get", [None, minutely(100)], [None, minutely(100)]),
    Row("/cra/check_report/verification/pdf/get", [None, minutely(100)], [None, minutely(100)]),
    Row("/cra/monitoring_insights/get", [None, minutely(100)], [None, minutely(100)]),
    Row("/cra/monitoring_insights/subscribe", [None, minutely(100)], [None, minutely(100)]),
    Row("/cra/monitoring_insights/unsubscribe", [None, minutely(100)], [None, minutely(100)]),
    Row("/identity/get", [minutely(15), minutely(2_000)], [minutely(100), minutely(1_000)]),
    Row("/identity_verification/create", [None, minutely(120)], [None, minutely(60)]),
    Row("/identity_verification/get", [None, minutely(420)], [None, minutely(60)]),
    Row("/identity_verification/list", [None, minutely(300)], [None, minutely(60)]),
    Row("/identity_verification/retry", [None, minutely(120)], [None, minutely(60)]),
    Row("/institutions/get", [None, minutely(50)], [None, minutely(10)]),
    Row("/institutions/get_by_id", [None, minutely(400)], [None, minutely(400)]),
    Row("/investments/auth/get", [minutely(15), minutely(500)], [minutely(15), minutely(500)]),
    Row("/investments/holdings/get", [minutely(15), minutely(2_000)], [minutely(100), minutely(1_000)]),
    Row("/investments/refresh", [minutely(1), minutely(100)], [minutely(1), minutely(100)]),
    Row("/investments/transactions/get", [minutely(30), minutely(20_000)], [minutely(100), minutely(1_000)]),
    Row("/item/get", [minutely(15), minutely(5_000)], [minutely(40), minutely(5_000)]),
    Row("/item/remove", [minutely(30), minutely(2_000)], [minutely(100), minutely(500)]),
    Row("/liabilities/get", [minutely(15), minutely(1_000)], [minutely(10), minutely(1_000)]),
    Row("/network/status/get", [None, minutely(1_000)], [None, minutely(1_000)]),
    Row("/payment_initiation/consent/create", [None, minutely(100)], [None, minutely(100)]),
    Row("/payment_initiation/consent/get", [None, minutely(240)], [None, minutely(240)]),
    Row("/payment_initiation/consent/payment/execute", [minutely(5), minutely(100)], [minutely(10), minutely(100)]),
    Row("/payment_initiation/consent/revoke", [None, minutely(100)], [None, minutely(100)]),
    Row("/payment_initiation/payment/create", [None, minutely(240)], [None, minutely(100)]),
    Row("/payment_initiation/payment/get", [None, minutely(240)], [None, minutely(240)]),
    Row("/payment_initiation/payment/list", [None, minutely(240)], [None, minutely(240)]),
    Row("/payment_initiation/payment/reverse", [None, minutely(240)], [None, minutely(240)]),
    Row("/payment_initiation/recipient/create", [None, minutely(240)], [None, minutely(240)]),
    Row("/payment_initiation/recipient/get", [None, minutely(240)], [None, minutely(240)]),
    Row("/payment_initiation/recipient/list", [None, minutely(240)], [None, minutely(240)]),
    Row("/processor/token/create", [None, minutely(500)], [None, minutely(500)]),
    Row("/sandbox/transactions/create", [None, None], [minutely(2), minutely(50)]),
    Row("/signal/decision/report", [None, minutely(4_000)], [None, minutely(4_000)]),
    Row("/signal/evaluate", [hourly(70), secondly(20)], [hourly(70), secondly(30)]),
    Row("/signal/prepare", [None, minutely(2_000)], [None, minutely(2_000)]),
    Row("/signal/return/report", [None, minutely(4_000)], [None, minutely(4_000)]),
    Row("/statements/download", [None, minutely(50)], [None, minutely(50)]),
    Row("/statements/list", [None, minutely(100)], [None, minutely(100)]),
    Row("/statements/refresh", [None, minutely(50)], [None, minutely(50)]),
    Row("/transactions/enrich", [None, minutely(100)], [None, minutely(100)]),
    Row("/transactions/get", [minutely(30), minutely(20_000)], [minutely(80), minutely(1_000)]),
    Row("/transactions/recurring/get", [minutely(20), minutely(1_000)], [minutely(20), minutely(1_000)]),
    Row("/transactions/refresh", [minutely(2), minutely(100)], [minutely(2), minutely(100)]),
    Row("/transactions/sync", [minutely(50), minutely(2_500)], [minutely(50), minutely(1_000)]),
    Row("/transfer/authorization/create", [hourly(100), minutely(2_500)], [hourly(100), minutely(100)]),
    Row("/transfer/balance/get", [None, minutely(5_000)], [None, None]),
    Row("/transfer/cancel", [None, minutely(250)], [None, None]),
    Row("/transfer/capabilities/get", [None, minutely(5_000)], [None, None]),
    Row("/transfer/configuration/get", [None, minutely(5_000)], [None, None]),
    Row("/transfer/create", [None, minutely(2_500)], [None, minutely(100)]),
    Row("/transfer/event/list", [None, minutely(100)], [None, None]),
    Row("/transfer/get", [None, minutely(5_000)], [None, None]),
    Row("/transfer/intent/create", [None, None], [None, minutely(100)]),
    Row("/transfer/intent/get", [None, minutely(5_000)], [None, None]),
    Row("/transfer/ledger/event/list", [None, minutely(100)], [None, None]),
    Row("/transfer/ledger/get", [None, minutely(5_000)], [None, None]),
    Row("/transfer/list", [None, minutely(100)], [None, None]),
    Row("/transfer/metrics/get", [None, minutely(5_000)], [None, None]),
    Row("/transfer/originator/get", [None, minutely(5_000)], [None, None]),
    Row("/transfer/originator/list", [None, minutely(100)], [None, None]),
    Row("/transfer/recurring/create", [None, None], [None, minutely(100)]),
    Row("/transfer/recurring/get", [None, minutely(5_000)], [None, None]),
    Row("/transfer/recurring/list", [None, minutely(100)], [None, None]),
    Row("/transfer/refund/create", [None, None], [None, minutely(100)]),
    Row("/transfer/refund/get", [None, minutely(5_000)], [None, None]),
    Row("/transfer/repayment/list", [None, minutely(100)], [None, None]),
    Row("/transfer/repayment/return/list", [None, minutely(100)], [None, None]),
    Row("/transfer/sweep/get", [None, minutely(5_000)], [None, None]),
    Row("/transfer/sweep/list", [None, minutely(100)], [None, None]),
    Row("/watchlist_screening/individual/get", [None, minutely(300)], [None, minutely(300)]),
];
