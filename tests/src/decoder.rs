//! What has to hold for the decoder, whatever it is given.

use plaid_gen::types;
use plaid_gen::wire::{Tolerance, from_slice};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

/// Reads a text as answers and webhooks of many shapes, strictly and with a report.
///
/// The types are those with the most kinds of fields: amounts, dates, maps, enums,
/// lists in lists, types that contain themselves, and values of any type.
///
/// # Panics
/// When a promise is broken; see [`check_as`].
pub fn check(text: &[u8]) {
    check_as::<types::AccountsGetResponse>(text);
    check_as::<types::TransactionsSyncResponse>(text);
    check_as::<types::AssetReportGetResponse>(text);
    check_as::<types::AuthGetResponse>(text);
    check_as::<types::ItemGetResponse>(text);
    check_as::<types::InvestmentsTransactionsGetResponse>(text);
    check_as::<types::LiabilitiesGetResponse>(text);
    check_as::<types::CreditPayrollIncomeGetResponse>(text);
    check_as::<types::BetaPartnerCustomerV1CreateResponse>(text);
    check_as::<types::LinkTokenGetResponse>(text);
    check_as::<types::IdentityVerificationGetResponse>(text);
    check_as::<types::TransferEventSyncResponse>(text);
    check_as::<types::LinkSessionFinishedWebhook>(text);
    check_as::<types::PlaidError>(text);
}

/// Reads a text as one type.
///
/// # Panics
/// - When a report is refused for JSON, or given for what is none.
/// - When strictness takes what a report reads otherwise, or a report has nothing to
///   say of what strictness does not take.
/// - When what a report filled cannot be written and read back.
pub fn check_as<T: DeserializeOwned + Serialize>(text: &[u8]) {
    let strict = serde_json::from_slice::<T>(text)
        .ok()
        .map(|value| written(&value));
    let located = from_slice::<T>(text, Tolerance::Strict)
        .ok()
        .map(|(value, _)| written(&value));
    let Ok((value, deviations)) = from_slice::<T>(text, Tolerance::Report) else {
        assert!(!is_json(text), "JSON was refused");
        assert_eq!((strict, located), (None, None));
        return;
    };
    assert!(is_json(text), "what is not JSON was taken");
    let value = written(&value);
    let again = serde_json::from_value::<T>(value.clone()).map(|again| written(&again));
    assert_eq!(again.ok().as_ref(), Some(&value));
    assert_eq!(
        located.is_none(),
        strict.is_none() || std::str::from_utf8(text).is_err()
    );
    assert!(located.is_none() || located == strict);
    match strict {
        Some(strict) => assert_eq!(strict, value),
        None => assert!(!deviations.is_empty()),
    }
}

fn written(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// By another way than the decoder's.
fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}
