use super::*;
use crate::error::ErrorType;
use crate::error::table::TABLE;

const NOT_YET: Option<&str> = Some("PRODUCT_NOT_READY");

fn verdict(error_type: &str, error_code: &str) -> Verdict {
    let (error_type, code) = (ErrorType::from(error_type), ErrorCode::from(error_code));
    judge(Some(&code), Action::for_error(&error_type, &code), NOT_YET)
}

#[test]
fn every_row_of_the_error_table_has_its_verdict() {
    let mut counts = [0; 3];
    for entry in TABLE {
        let found = judge(Some(&entry.error_code), entry.action, NOT_YET);
        let expected = match (&entry.error_code, entry.action) {
            (ErrorCode::ProductNotReady, _) => Verdict::NotYet,
            (_, Action::RetryWithBackoff) => Verdict::Trouble,
            _ => Verdict::Failed,
        };
        assert_eq!(found, expected, "{entry:?}");
        counts[found as usize] += 1;
    }
    // One PRODUCT_NOT_READY per type, the rows that are tried again, the rest.
    assert_eq!(counts, [4, 22, TABLE.len() - 26]);
}

#[test]
fn what_takes_days_or_a_person_or_a_new_report_is_not_waited_for() {
    for (error_type, error_code) in [
        ("ASSET_REPORT_ERROR", "ASSET_REPORT_GENERATION_FAILED"),
        ("ASSET_REPORT_ERROR", "DATA_QUALITY_CHECK_FAILED"),
        ("ASSET_REPORT_ERROR", "DATA_UNAVAILABLE"),
        ("CHECK_REPORT_ERROR", "DATA_QUALITY_CHECK_FAILED"),
        ("CONSUMER_REPORT_ERROR", "CONSUMER_REPORT_EXPIRED"),
        ("INCOME_VERIFICATION_ERROR", "INCOME_VERIFICATION_FAILED"),
        (
            "INCOME_VERIFICATION_ERROR",
            "VERIFICATION_STATUS_PENDING_APPROVAL",
        ),
        ("INVALID_REQUEST", "FAILED_PRECONDITION"),
        ("ITEM_ERROR", "ITEM_LOGIN_REQUIRED"),
        ("RATE_LIMIT_EXCEEDED", "CREDITS_EXHAUSTED"),
        ("ITEM_ERROR", "BRAND_NEW"),
    ] {
        assert_eq!(
            verdict(error_type, error_code),
            Verdict::Failed,
            "{error_code}"
        );
    }
}

#[test]
fn not_yet_is_not_yet_under_every_type() {
    for error_type in [
        "ITEM_ERROR",
        "ASSET_REPORT_ERROR",
        "INCOME_VERIFICATION_ERROR",
        "CONSUMER_REPORT_ERROR",
        "BRAND_NEW_ERROR",
    ] {
        assert_eq!(verdict(error_type, "PRODUCT_NOT_READY"), Verdict::NotYet);
    }
}

#[test]
fn where_an_answer_says_not_yet_the_error_is_a_failure() {
    let code = ErrorCode::ProductNotReady;
    assert_eq!(
        judge(Some(&code), Action::WaitThenRetry, None),
        Verdict::Failed
    );
}

#[test]
fn a_write_of_which_nothing_is_known_is_not_repeated() {
    assert_eq!(
        judge(None, Action::RetryWithBackoff, NOT_YET),
        Verdict::Trouble
    );
    assert_eq!(
        judge(None, Action::CheckBeforeRetry, NOT_YET),
        Verdict::Failed
    );
}

const BACKOFF: Backoff = Backoff {
    base: BASE,
    factor: FACTOR,
    cap: CAP,
};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn pauses_grow_up_to_the_cap_and_are_never_less_than_half() {
    for (asks, longest) in [(1, 2), (2, 4), (3, 8), (4, 15), (5, 15), (u32::MAX, 15)] {
        let longest = secs(longest);
        for random in [0, 1, 999_983, u64::MAX] {
            let pause = BACKOFF.jitter(asks, random);
            assert!(
                pause >= longest / 2 && pause <= longest,
                "{asks}: {pause:?}"
            );
        }
    }
    // Both ends are reached.
    assert_eq!(BACKOFF.jitter(1, 0), secs(1));
    assert_eq!(BACKOFF.jitter(1, 1000), secs(2));
}

#[test]
fn no_minute_sees_more_requests_than_one_report_may_be_asked_for() {
    let (mut time, mut asks) = (Duration::ZERO, 1);
    while time < secs(60) {
        time += BACKOFF.jitter(asks, 0);
        asks += 1;
    }
    assert!(asks - 1 <= 12, "{asks}");
}

#[test]
fn the_answer_s_own_pause_is_kept_and_too_long_a_one_ends_the_wait() {
    assert_eq!(
        BACKOFF.pause(1, Some(secs(40)), secs(60), 0),
        Some(secs(40))
    );
    assert_eq!(BACKOFF.pause(1, Some(secs(60)), secs(60), 0), None);
    assert_eq!(
        BACKOFF.pause(1, Some(Duration::MAX), Duration::MAX, 0),
        None
    );
}

#[test]
fn the_last_request_comes_before_the_end() {
    assert_eq!(BACKOFF.pause(5, None, secs(5), u64::MAX / 2), Some(secs(4)));
    assert_eq!(BACKOFF.pause(5, None, secs(1), 0), None);
    assert_eq!(BACKOFF.pause(5, None, Duration::ZERO, 0), None);
}

#[test]
fn extreme_settings_do_not_overflow() {
    let extreme = Backoff {
        base: Duration::MAX,
        factor: u32::MAX,
        cap: Duration::MAX,
    };
    for random in [0, u64::MAX] {
        assert!(
            extreme
                .pause(u32::MAX, None, Duration::MAX, random)
                .is_some()
        );
    }
    let nothing = Backoff {
        base: Duration::ZERO,
        factor: 0,
        cap: Duration::ZERO,
    };
    assert_eq!(nothing.pause(3, None, secs(9), 7), Some(Duration::ZERO));
}
