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

/// The operations that are acted out, and their handlers. A test holds the list
/// against the description of the API. The other operations check what they are
/// given and say that the emulator goes no further.
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

/// The ids of the operations that the emulator acts out, as the description of the
/// API has them.
///
/// The others check their request as Plaid does and then answer 501,
/// `NOT_EMULATED`.
///
/// ```
/// assert!(plaid_sandbox::emulated().any(|id| id == "transactionsSync"));
/// ```
pub fn emulated() -> impl Iterator<Item = &'static str> {
    HANDLERS.iter().map(|(id, _)| *id)
}

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
    fn every_handler_has_an_operation() {
        let described: BTreeSet<_> = Contract::embedded()
            .unwrap()
            .operations()
            .iter()
            .map(|operation| operation.id.as_str())
            .collect();
        let handled: BTreeSet<_> = HANDLERS.iter().map(|(id, _)| *id).collect();
        let unknown: Vec<_> = handled.difference(&described).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        assert_eq!(
            handled.len(),
            HANDLERS.len(),
            "an operation is listed twice"
        );
    }
}
