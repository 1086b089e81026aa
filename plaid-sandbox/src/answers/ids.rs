//! Identifiers and tokens in the forms that the API gives them.

use crate::ids::{ENVIRONMENT, Ids};

/// Identifiers with a prefix of their own: the start of the operation's path, the
/// name of the identifier without its `_id`, the prefix. An object's own `id` is
/// told by the path alone and stands under `""`. The first that matches counts.
const PREFIXES: [(&str, &str, &str); 23] = [
    ("/identity_verification", "", "idv_"),
    ("/business_verification", "", "bv_"),
    ("/watchlist_screening/individual/program", "", "prg_"),
    ("/watchlist_screening/individual/hit", "", "scrhit_"),
    ("/watchlist_screening/individual", "", "scr_"),
    ("/watchlist_screening/entity/program", "", "entprg_"),
    ("/watchlist_screening/entity", "", "entscr_"),
    ("/beacon/report_syndication", "", "becrsn_"),
    ("/beacon/report", "", "becrpt_"),
    ("/beacon/duplicate", "", "becdup_"),
    ("/beacon/user", "", "becusr_"),
    ("/beacon", "program", "becprg_"),
    ("/", "beacon_duplicate", "becdup_"),
    ("/", "beacon_report", "becrpt_"),
    ("/", "beacon_report_syndication", "becrsn_"),
    ("/", "beacon_user", "becusr_"),
    ("/", "entity_watchlist_program", "entprg_"),
    ("/", "entity_watchlist_screening", "entscr_"),
    ("/", "identity_verification", "idv_"),
    ("/", "protect_session", "pse_"),
    ("/", "user", "usr_"),
    ("/", "watchlist_program", "prg_"),
    ("/", "watchlist_screening", "scr_"),
];

/// Objects whose identifier has the form of a token.
const TOKEN_LIKE: [(&str, &str, &str); 7] = [
    ("/payment_initiation", "payment", "payment-id"),
    ("/payment_initiation", "recipient", "recipient-id"),
    ("/payment_initiation", "consent", "consent-id"),
    ("/wallet", "recipient", "recipient-id"),
    ("/wallet", "transaction", "wallet-transaction-id"),
    ("/wallet", "payment", "payment-id"),
    ("/wallet", "wallet", "wallet-id"),
];

/// Identifiers of 37 letters and digits.
const LONG: [&str; 8] = [
    "account",
    "investment_transaction",
    "item",
    "origination_account",
    "pending_transaction",
    "security",
    "statement",
    "transaction",
];

/// What a field named `<stem>_id` of an operation holds.
pub(super) fn identifier(path: &str, stem: &str, ids: &mut Ids) -> String {
    let here = |(start, name, _): &&(&str, &str, &str)| path.starts_with(start) && *name == stem;
    if let Some((_, _, kind)) = TOKEN_LIKE.iter().find(here) {
        return ids.token(kind);
    }
    if let Some((_, _, prefix)) = PREFIXES.iter().find(here) {
        return format!("{prefix}{}", ids.alphanumeric(14));
    }
    match stem {
        "institution" => "ins_109508".into(),
        "template" | "idv_template" => format!("idvtmp_{}", ids.alphanumeric(14)),
        "idv_session" => format!("idv_{}", ids.alphanumeric(14)),
        "client_user" => "customer-1".into(),
        "category" | "legacy_category" => "13005000".into(),
        _ if stem == "client" || stem.ends_with("client") => ids.hex(24),
        _ if LONG.contains(&stem) => ids.id(),
        _ => ids.uuid(),
    }
}

/// What a field named `<stem>_token` holds.
pub(super) fn token(stem: &str, ids: &mut Ids) -> String {
    let kind = match stem {
        "asset_report" => "assets",
        "audit_copy" => return format!("a-{ENVIRONMENT}-{}", base32(ids)),
        "relay" => "credit-relay",
        "stripe_bank_account" => return format!("btok_{}", ids.alphanumeric(24)),
        "" => "token",
        other => return ids.token(&other.replace('_', "-")),
    };
    ids.token(kind)
}

fn base32(ids: &mut Ids) -> String {
    ids.alphanumeric(26).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_prefix_of_their_kind() {
        let mut ids = Ids::new(Some(1));
        for (path, stem, prefix) in [
            ("/watchlist_screening/individual/program/get", "", "prg_"),
            ("/watchlist_screening/individual/get", "", "scr_"),
            (
                "/wallet/transaction/get",
                "transaction",
                "wallet-transaction-id-sandbox-",
            ),
            (
                "/payment_initiation/payment/get",
                "payment",
                "payment-id-sandbox-",
            ),
            ("/user/get", "user", "usr_"),
        ] {
            let made = identifier(path, stem, &mut ids);
            assert!(made.starts_with(prefix), "{path}: {made}");
        }
        assert_eq!(
            identifier("/transactions/recurring/get", "account", &mut ids).len(),
            37
        );
    }

    #[test]
    fn tokens_have_the_prefix_that_their_operations_ask_for() {
        let mut ids = Ids::new(Some(1));
        for (stem, prefix) in [
            ("relay", "credit-relay-sandbox-"),
            ("payment_profile", "payment-profile-sandbox-"),
            ("third_party_user", "third-party-user-sandbox-"),
            ("audit_copy", "a-sandbox-"),
        ] {
            assert!(token(stem, &mut ids).starts_with(prefix), "{stem}");
        }
    }
}
