//! What the operations do, one file per product.

pub(crate) mod accounts;
pub(crate) mod assets;
mod auth;
mod custom;
mod fdx;
mod identity;
pub(crate) mod identity_verification;
mod institutions;
pub(crate) mod items;
pub(crate) mod link;
pub(crate) mod pdf;
pub(crate) mod processor;
mod refunds;
pub(crate) mod sandbox;
pub(crate) mod transactions;
mod transfer;
pub(crate) mod transfers;
pub(crate) mod users;
mod webhooks;

use crate::call::Handler;

/// The operations with a behaviour of their own, and their handlers. A test holds
/// the list against the description of the API. The other operations check what
/// they are given, and their answers are made from their schemas.
const HANDLERS: &[(&str, Handler)] = &[
    ("accountsBalanceGet", accounts::balance),
    ("accountsGet", accounts::get),
    ("assetReportAuditCopyCreate", assets::create_audit_copy),
    ("assetReportAuditCopyGet", assets::get_audit_copy),
    ("assetReportAuditCopyPdfGet", assets::audit_copy_pdf),
    ("assetReportAuditCopyRemove", assets::remove_audit_copy),
    ("assetReportCreate", assets::create),
    ("assetReportFilter", assets::filter),
    ("assetReportGet", assets::get),
    ("assetReportPdfGet", assets::pdf),
    ("assetReportRefresh", assets::refresh),
    ("assetReportRemove", assets::remove),
    ("authGet", auth::get),
    ("categoriesGet", transactions::categories),
    ("creditAuditCopyTokenCreate", assets::create_audit_copy),
    ("creditAuditCopyTokenUpdate", assets::update_audit_copy),
    ("creditReportAuditCopyRemove", assets::remove_audit_copy),
    ("fdxConsentGet", fdx::consent),
    ("identityGet", identity::get),
    ("identityVerificationCreate", identity_verification::create),
    ("identityVerificationGet", identity_verification::get),
    ("identityVerificationList", identity_verification::list),
    ("identityVerificationRetry", identity_verification::retry),
    ("institutionsGet", institutions::get),
    ("institutionsGetById", institutions::get_by_id),
    ("institutionsSearch", institutions::search),
    ("itemAccessTokenInvalidate", items::invalidate),
    ("itemGet", items::get),
    ("itemImport", items::import),
    ("itemCreatePublicToken", items::create_public_token),
    ("itemPublicTokenExchange", items::exchange),
    ("itemRemove", items::remove),
    ("itemWebhookUpdate", items::update_webhook),
    ("linkTokenCreate", link::create),
    ("linkTokenGet", link::get),
    ("processorApexProcessorTokenCreate", processor::token),
    ("processorAuthGet", processor::auth),
    (
        "processorStripeBankAccountTokenCreate",
        processor::stripe_token,
    ),
    ("processorTokenCreate", processor::token),
    ("processorTransactionsGet", transactions::of_processor::get),
    (
        "processorTransactionsRefresh",
        transactions::of_processor::refresh,
    ),
    (
        "processorTransactionsSync",
        transactions::of_processor::sync,
    ),
    ("sandboxItemFireWebhook", sandbox::fire_webhook),
    ("sandboxItemResetLogin", sandbox::reset_login),
    (
        "sandboxItemSetVerificationStatus",
        sandbox::set_verification_status,
    ),
    ("sandboxProcessorTokenCreate", sandbox::processor_token),
    ("sandboxPublicTokenCreate", sandbox::public_token),
    ("sandboxTransactionsCreate", transactions::create),
    ("sandboxTransferFireWebhook", transfers::fire_webhook),
    ("sandboxTransferRefundSimulate", refunds::simulate),
    ("sandboxTransferSimulate", transfers::simulate),
    ("transactionsGet", transactions::get),
    ("transactionsRefresh", transactions::refresh),
    ("transactionsSync", transactions::sync),
    ("transferAuthorizationCreate", transfer::authorize),
    ("transferCancel", transfers::cancel),
    ("transferCreate", transfers::create),
    ("transferEventList", transfers::events),
    ("transferEventSync", transfers::sync),
    ("transferGet", transfers::get),
    ("transferList", transfers::list),
    ("transferMigrateAccount", transfer::migrate),
    ("transferRefundCancel", refunds::cancel),
    ("transferRefundCreate", refunds::create),
    ("transferRefundGet", refunds::get),
    ("userCreate", users::create),
    ("userGet", users::get),
    ("userIdentityRemove", users::remove_identity),
    ("userRemove", users::remove),
    ("userUpdate", users::update),
    ("webhookVerificationKeyGet", webhooks::verification_key),
];

/// The ids of the operations that have a behaviour of their own: what they are told
/// is remembered, and what others did shows in their answers. The ids are those of
/// the description of the API.
///
/// The others check their request as Plaid does, and their answer is made from the
/// schema of the answer.
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
