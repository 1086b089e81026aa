//! What the operations do, one file per product.

mod accounts;
mod assets;
mod auth;
mod fdx;
mod identity;
mod identity_verification;
mod institutions;
mod items;
pub(crate) mod link;
mod pdf;
mod processor;
mod sandbox;
mod transactions;
mod transfer;
mod users;
mod webhooks;

use crate::call::Handler;

/// The operations and their handlers. A test holds the list against the
/// description of the API: an operation without a handler would answer like a
/// path that does not exist.
const HANDLERS: &[(&str, Handler)] = &[
    ("accountsBalanceGet", accounts::balance),
    ("accountsGet", accounts::get),
    ("assetReportCreate", assets::create),
    ("assetReportGet", assets::get),
    ("assetReportPdfGet", assets::pdf),
    ("authGet", auth::get),
    ("categoriesGet", transactions::categories),
    ("fdxConsentGet", fdx::consent),
    ("identityGet", identity::get),
    ("identityVerificationGet", identity_verification::get),
    ("institutionsGet", institutions::get),
    ("institutionsGetById", institutions::get_by_id),
    ("institutionsSearch", institutions::search),
    ("itemAccessTokenInvalidate", items::invalidate),
    ("itemGet", items::get),
    ("itemPublicTokenExchange", items::exchange),
    ("itemRemove", items::remove),
    ("itemWebhookUpdate", items::update_webhook),
    ("linkTokenCreate", link::create),
    ("linkTokenGet", link::get),
    ("processorAuthGet", processor::auth),
    (
        "processorStripeBankAccountTokenCreate",
        processor::stripe_token,
    ),
    ("processorTokenCreate", processor::token),
    ("sandboxItemFireWebhook", sandbox::fire_webhook),
    ("sandboxItemResetLogin", sandbox::reset_login),
    (
        "sandboxItemSetVerificationStatus",
        sandbox::set_verification_status,
    ),
    ("sandboxPublicTokenCreate", sandbox::public_token),
    ("transactionsGet", transactions::get),
    ("transactionsRefresh", transactions::refresh),
    ("transactionsSync", transactions::sync),
    ("transferAuthorizationCreate", transfer::authorize),
    ("userCreate", users::create),
    ("webhookVerificationKeyGet", webhooks::verification_key),
];

/// The handler of an operation.
pub(crate) fn handler(operation: &str) -> Option<Handler> {
    HANDLERS
        .iter()
        .find(|(id, _)| *id == operation)
        .map(|(_, handler)| *handler)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use super::*;
    use crate::contract::Contract;

    #[test]
    fn operations_and_handlers_match() {
        let described: BTreeSet<_> = Contract::embedded()
            .unwrap()
            .operations()
            .iter()
            .map(|operation| operation.id.as_str())
            .collect();
        let handled: BTreeSet<_> = HANDLERS.iter().map(|(id, _)| *id).collect();
        assert_eq!(described, handled);
        assert_eq!(
            handled.len(),
            HANDLERS.len(),
            "an operation is listed twice"
        );
    }
}
