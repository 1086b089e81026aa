//! The decision table, row by row.

use super::*;
use crate::error::Action;
use crate::error::table::TABLE;
use crate::redact::Redactor;

const POLICY: RetryPolicy = RetryPolicy::new();

fn situation(replay: Replay, outcome: Outcome) -> Situation {
    Situation {
        replay,
        outcome,
        attempts: 1,
        elapsed: Duration::ZERO,
        timeout: Duration::from_secs(120),
        retry_after: None,
    }
}

fn plaid_error(status: u16, error_type: &str, error_code: &str) -> Outcome {
    let body = format!(r#"{{"error_type":"{error_type}","error_code":"{error_code}"}}"#);
    let parts = Parts::read(body.as_bytes(), &Redactor::default());
    let verdict = Verdict::Error(Box::new(parts.unwrap()));
    Outcome::of_answer(StatusCode::from_u16(status).unwrap(), &verdict)
}

fn plain(status: u16) -> Outcome {
    Outcome::of_answer(StatusCode::from_u16(status).unwrap(), &Verdict::Foreign)
}

fn retries(replay: Replay, outcome: Outcome) -> bool {
    decide(&situation(replay, outcome), &POLICY, 7) != Decision::GiveUp
}

#[test]
fn the_effect_decides_who_is_retried() {
    let keyed = Replay::Keyed(Duration::ZERO);
    for outcome in [
        Outcome::Lost,
        plain(502),
        plaid_error(500, "API_ERROR", "INTERNAL_SERVER_ERROR"),
    ] {
        assert!(retries(Replay::Safe, outcome));
        assert!(retries(keyed, outcome));
        assert!(!retries(Replay::Unsafe, outcome));
    }
    assert!(retries(Replay::Unsafe, Outcome::NotConnected));
    assert!(!retries(Replay::Safe, Outcome::Final));
}

#[test]
fn the_code_decides_and_not_the_status() {
    let cases = [
        (
            plaid_error(400, "INSTITUTION_ERROR", "INSTITUTION_DOWN"),
            true,
        ),
        (
            plaid_error(400, "INSTITUTION_ERROR", "UNSUPPORTED_RESPONSE"),
            false,
        ),
        (plaid_error(429, "RATE_LIMIT_EXCEEDED", "AUTH_LIMIT"), true),
        (plaid_error(429, "RATE_LIMIT_EXCEEDED", "NEW_LIMIT"), true),
        (
            plaid_error(429, "RATE_LIMIT_EXCEEDED", "CREDITS_EXHAUSTED"),
            false,
        ),
        (
            plaid_error(429, "RATE_LIMIT_EXCEEDED", "TRIAL_CONNECTION_LIMIT"),
            false,
        ),
        (plaid_error(503, "API_ERROR", "PLANNED_MAINTENANCE"), true),
        (plaid_error(503, "ITEM_ERROR", "ITEM_LOGIN_REQUIRED"), false),
        (plaid_error(400, "ITEM_ERROR", "PRODUCT_NOT_READY"), false),
        (
            plaid_error(
                400,
                "TRANSACTIONS_ERROR",
                "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION",
            ),
            false,
        ),
        (plaid_error(500, "NEW_ERROR", "NEW_CODE"), false),
        (plain(429), true),
        (plain(500), true),
        (plain(503), true),
        (plain(302), false),
        (plain(404), false),
    ];
    for (outcome, expected) in cases {
        assert_eq!(retries(Replay::Safe, outcome), expected, "{outcome:?}");
    }
}

#[test]
fn keys_that_need_a_minute_get_it() {
    let key = Some("k");
    let slow = Replay::of(Effect::Write, "/wallet/transaction/execute", key);
    let minute = Duration::from_secs(60);
    assert_eq!(slow, Replay::Keyed(minute));
    assert_eq!(
        Replay::of(Effect::Write, "/transfer/refund/create", key),
        Replay::Keyed(Duration::ZERO)
    );
    assert_eq!(
        Replay::of(Effect::Write, "/transfer/refund/create", Some("")),
        Replay::Unsafe
    );
    assert_eq!(
        decide(&situation(slow, Outcome::Lost), &POLICY, 7),
        Decision::After(minute)
    );
}

#[test]
fn attempts_and_budget_end_it() {
    let mut late = situation(Replay::Safe, Outcome::Lost);
    late.attempts = 3;
    assert_eq!(decide(&late, &POLICY, 0), Decision::GiveUp);
    late.attempts = 2;
    late.elapsed = Duration::from_secs(61);
    assert_eq!(decide(&late, &POLICY, 0), Decision::GiveUp);
    late.elapsed = Duration::from_secs(2);
    late.timeout = Duration::from_secs(2);
    assert_eq!(decide(&late, &POLICY, 0), Decision::GiveUp);
    assert_eq!(
        decide(
            &situation(Replay::Safe, Outcome::Lost),
            &RetryPolicy::none(),
            0
        ),
        Decision::GiveUp
    );
}

#[test]
fn retry_after_is_a_lower_bound_within_the_budget() {
    let mut asked = situation(Replay::Safe, plain(429));
    asked.retry_after = Some(Duration::from_secs(20));
    assert_eq!(
        decide(&asked, &POLICY, 0),
        Decision::After(Duration::from_secs(20))
    );
    asked.retry_after = Some(Duration::from_secs(61));
    assert_eq!(decide(&asked, &POLICY, 0), Decision::GiveUp);
    asked.retry_after = Some(Duration::MAX);
    assert_eq!(decide(&asked, &POLICY, 0), Decision::GiveUp);
}

#[test]
fn jitter_grows_and_stays_in_its_bounds() {
    for (attempts, longest) in [
        (1, 500),
        (2, 1_000),
        (3, 2_000),
        (7, 30_000),
        (u32::MAX, 30_000),
    ] {
        for random in [0, 1, 12_345_678_901, u64::MAX] {
            assert!(jitter(&POLICY, attempts, random) <= Duration::from_millis(longest));
        }
        let longest = Duration::from_millis(longest);
        let micros = u64::try_from(longest.as_micros()).unwrap();
        assert_eq!(jitter(&POLICY, attempts, micros), longest);
    }
    let endless = POLICY.base(Duration::MAX).cap(Duration::MAX);
    assert_eq!(jitter(&endless, 1, 5), Duration::from_micros(5));
}

/// The documented errors after which the same request is sent again, by name and
/// apart from the table, so that no change of a row goes unnoticed.
const SENT_AGAIN: [(&str, &[&str]); 5] = [
    (
        "API_ERROR",
        &["INTERNAL_SERVER_ERROR", "PLANNED_MAINTENANCE"],
    ),
    (
        "INCOME_VERIFICATION_ERROR",
        &["INCOME_VERIFICATION_UPLOAD_ERROR"],
    ),
    (
        "INSTITUTION_ERROR",
        &[
            "INSTITUTION_DOWN",
            "INSTITUTION_NOT_AVAILABLE",
            "INSTITUTION_NOT_RESPONDING",
        ],
    ),
    (
        "RATE_LIMIT_EXCEEDED",
        &[
            "ACCOUNTS_BALANCE_GET_LIMIT",
            "ACCOUNTS_LIMIT",
            "AUTH_LIMIT",
            "BALANCE_LIMIT",
            "IDENTITY_LIMIT",
            "INSTITUTIONS_GET_BY_ID_LIMIT",
            "INSTITUTIONS_GET_LIMIT",
            "INSTITUTION_RATE_LIMIT",
            "INVESTMENT_HOLDINGS_GET_LIMIT",
            "INVESTMENT_TRANSACTIONS_LIMIT",
            "ITEM_GET_LIMIT",
            "RATE_LIMIT",
            "TRANSACTIONS_LIMIT",
            "TRANSACTIONS_REFRESH_LIMIT",
            "TRANSACTIONS_SYNC_LIMIT",
        ],
    ),
    ("TRANSACTION_ERROR", &["REQUEST_CONFLICT"]),
];

/// How many documented errors call for what, those of the OAuth endpoints
/// included.
const CLASSES: [(Action, usize); 10] = [
    (Action::AccountSetup, 27),
    (Action::FixRequest, 64),
    (Action::NewLinkSession, 25),
    (Action::PermanentInstitution, 5),
    (Action::RecreateReport, 5),
    (Action::RelinkUpdateMode, 8),
    (Action::RestartPagination, 1),
    (Action::RetryWithBackoff, 22),
    (Action::UserAction, 17),
    (Action::WaitThenRetry, 10),
];

fn is_sent_again(error_type: &str, error_code: &str) -> bool {
    let mut types = SENT_AGAIN.iter();
    types.any(|(name, codes)| *name == error_type && codes.contains(&error_code))
}

#[test]
fn every_class_of_error_has_its_documented_size() {
    for (action, size) in CLASSES {
        let rows = TABLE.iter().filter(|entry| entry.action == action);
        assert_eq!(rows.count(), size, "{action:?}");
    }
    let all: usize = CLASSES.iter().map(|(_, size)| size).sum();
    assert_eq!(all, TABLE.len());
    let named: usize = SENT_AGAIN.iter().map(|(_, codes)| codes.len()).sum();
    assert_eq!(named, 22);
}

/// A read again at once, a keyed write not before its key allows it, any other
/// write never; three times at most; and never after an error of another class,
/// whatever the status.
#[test]
fn every_documented_error_is_decided_by_its_class() {
    for entry in TABLE {
        let (kind, code) = (entry.error_type.as_str(), entry.error_code.as_str());
        let passes = is_sent_again(kind, code);
        assert_eq!(passes, entry.action == Action::RetryWithBackoff, "{code}");
        let statuses = entry.status.into_iter().chain([400, 404, 429, 500, 503]);
        for outcome in statuses.map(|status| plaid_error(status, kind, code)) {
            for attempts in 1..=5 {
                let again = passes && attempts < 3;
                check(Replay::Safe, outcome, attempts, again.then_some(0));
                check(Replay::Unsafe, outcome, attempts, None);
                for seconds in [0, 7] {
                    let replay = Replay::Keyed(Duration::from_secs(seconds));
                    check(replay, outcome, attempts, again.then_some(seconds));
                }
            }
        }
    }
}

/// Compares decisions with what is expected: a pause of so many seconds at least
/// and of the jitter at most, or none.
fn check(replay: Replay, outcome: Outcome, attempts: u32, expected: Option<u64>) {
    let mut now = situation(replay, outcome);
    now.attempts = attempts;
    let longest = [500, 1_000].map(Duration::from_millis);
    for random in [0, 1, 499_999, 12_345_678_901, u64::MAX] {
        let decision = decide(&now, &POLICY, random);
        match (expected.map(Duration::from_secs), decision) {
            (None, Decision::GiveUp) => {}
            (Some(least), Decision::After(pause)) => {
                let most = longest[attempts as usize - 1].max(least);
                assert!((least..=most).contains(&pause), "{now:?}: {pause:?}");
            }
            _ => panic!("{now:?}: {decision:?}"),
        }
    }
}
