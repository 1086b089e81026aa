//! Which product an operation belongs to.
//!
//! Plaid's own document has one tag for all operations, so copying from it needs
//! another way to tell: the beginning of the path.

/// Beginnings of paths and their products; the longest that fits decides.
const PREFIXES: [(&str, &str); 62] = [
    ("/accounts", "accounts"),
    ("/accounts/balance", "balance"),
    ("/application", "permissions_manager"),
    ("/asset_report", "assets"),
    ("/auth", "auth"),
    ("/bank_transfer", "bank_transfers"),
    ("/beacon", "beacon"),
    ("/beta", "partner"),
    ("/beta/credit", "income"),
    ("/beta/ewa_report", "cra"),
    ("/beta/transactions", "transactions"),
    ("/beta/transactions/user_insights", "enrich"),
    ("/beta/transactions/v1", "enrich"),
    ("/business_verification", "business_verification"),
    ("/cashflow_report", "transactions"),
    ("/categories", "transactions"),
    ("/consent", "items"),
    ("/consumer_report", "cra"),
    ("/cra", "cra"),
    ("/credit", "income"),
    ("/credit/asset_report", "assets"),
    ("/credit/freddie_mac", "assets"),
    ("/credit/relay", "assets"),
    ("/dashboard_user", "monitor"),
    ("/employers", "income"),
    ("/employment", "income"),
    ("/fdx", "fdx"),
    ("/identity", "identity"),
    ("/identity_verification", "identity_verification"),
    ("/income", "income"),
    ("/institutions", "institutions"),
    ("/investments", "investments"),
    ("/issues", "issues"),
    ("/item", "items"),
    ("/item/activity", "permissions_manager"),
    ("/item/application", "permissions_manager"),
    ("/liabilities", "liabilities"),
    ("/link", "link"),
    ("/link/oauth", "oauth"),
    ("/link_delivery", "link"),
    ("/network", "layer"),
    ("/oauth", "oauth"),
    ("/partner", "partner"),
    ("/payment_initiation", "payment_initiation"),
    ("/payment_profile", "transfer"),
    ("/processor", "processor"),
    ("/profile", "layer"),
    ("/protect", "protect"),
    ("/sandbox", "sandbox"),
    ("/session", "layer"),
    ("/signal", "signal"),
    ("/statements", "statements"),
    ("/transactions", "transactions"),
    ("/transactions/enrich", "enrich"),
    ("/transfer", "transfer"),
    ("/user", "users"),
    ("/user/financial_data", "transactions"),
    ("/user/transactions", "transactions"),
    ("/user_account", "layer"),
    ("/wallet", "wallets"),
    ("/watchlist_screening", "monitor"),
    ("/webhook_verification_key", "webhooks"),
];

/// The product of an operation, by its path.
pub fn of_path(path: &str) -> Option<&'static str> {
    let fits = |prefix: &str| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    PREFIXES
        .iter()
        .filter(|(prefix, _)| fits(prefix))
        .max_by_key(|(prefix, _)| prefix.len())
        .map(|(_, product)| *product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_decides() {
        assert_eq!(of_path("/transactions/sync"), Some("transactions"));
        assert_eq!(of_path("/accounts/balance/get"), Some("balance"));
        assert_eq!(of_path("/accounts/get"), Some("accounts"));
        assert_eq!(of_path("/accountsx/get"), None);
    }
}
