//! The table of errors.

use super::table::{Again, TABLE};
use super::*;

#[test]
fn every_pair_is_there_once() {
    for (index, entry) in TABLE.iter().enumerate() {
        let same = |other: &table::Entry| {
            other.error_type == entry.error_type && other.error_code == entry.error_code
        };
        assert!(!TABLE[index + 1..].iter().any(same), "{entry:?}");
        assert!(
            !matches!(entry.error_code, ErrorCode::Unknown(_)),
            "{entry:?}"
        );
    }
    // 178 documented ones, and the six codes of the OAuth endpoints.
    assert_eq!(TABLE.len(), 184);
}

#[test]
fn the_columns_agree() {
    for entry in TABLE {
        match entry.again {
            Again::Automatic => assert_eq!(entry.action, Action::RetryWithBackoff),
            Again::AfterEvent => assert_eq!(entry.action, Action::WaitThenRetry),
            Again::Restart => assert_eq!(entry.action, Action::RestartPagination),
            Again::Never => assert_ne!(entry.action, Action::RetryWithBackoff),
        }
        let is_rate_limit = entry.error_type == ErrorType::RateLimitExceeded;
        assert_eq!(entry.status == Some(429), is_rate_limit, "{entry:?}");
    }
}

#[test]
fn the_pair_decides_and_not_the_code_alone() {
    let code = ErrorCode::NoAccounts;
    let item = Action::for_error(&ErrorType::ItemError, &code);
    assert_eq!(item, Action::RelinkUpdateMode);
    let report = Action::for_error(&ErrorType::CheckReportError, &code);
    assert_eq!(report, Action::NewLinkSession);
}

#[test]
fn what_is_not_known_is_kept_and_judged_with_care() {
    let code = ErrorCode::from("BRAND_NEW");
    assert_eq!(code.as_str(), "BRAND_NEW");
    assert_eq!(
        Action::for_error(&ErrorType::ItemError, &code),
        Action::Unknown
    );
    assert_eq!(
        Action::for_error(&ErrorType::InvalidInput, &code),
        Action::FixRequest
    );
    assert_eq!(
        Action::for_error(&ErrorType::RateLimitExceeded, &code),
        Action::RetryWithBackoff
    );
    // A code that has moved to another type keeps its meaning, if it has only one.
    let moved = Action::for_error(&"NEW_TYPE".into(), &ErrorCode::ItemLoginRequired);
    assert_eq!(moved, Action::RelinkUpdateMode);
    let unclear = Action::for_error(&"NEW_TYPE".into(), &ErrorCode::NoAccounts);
    assert_eq!(unclear, Action::Unknown);
}

#[test]
fn every_known_name_is_read_back() {
    for entry in TABLE {
        assert_eq!(ErrorCode::from(entry.error_code.as_str()), entry.error_code);
        assert_eq!(ErrorType::from(entry.error_type.as_str()), entry.error_type);
    }
}
