//! When a request is sent again. Time is tokio's and stands still but for waiting.

use std::time::Duration;

use plaid::{Action, Error, RetryPolicy};
use tokio::time::Instant;

use crate::scripted::support::*;

fn limit() -> Step {
    plaid_error(
        429,
        "RATE_LIMIT_EXCEEDED",
        "TRANSACTIONS_LIMIT",
        "slow down",
    )
}

#[tokio::test(start_paused = true)]
async fn a_limit_passes() {
    let script = Script::new([limit(), limit(), ok()]);
    let response = look(&script.client()).await.unwrap();
    assert_eq!(response.attempts(), 3);
    let seen = script.seen();
    assert!(
        seen.iter()
            .all(|one| one.body == seen[0].body && one.headers == seen[0].headers)
    );
}

#[tokio::test(start_paused = true)]
async fn attempts_run_out() {
    let script = Script::new([limit(), limit(), limit()]);
    let error = look(&script.client()).await.unwrap_err();
    assert_eq!(error.attempts(), 3);
    assert_eq!(error.action(), Action::RetryWithBackoff);
    assert!(
        error.to_string().ends_with("[request req1, 3 attempts]"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_quota_does_not_pass() {
    let quota = plaid_error(429, "RATE_LIMIT_EXCEEDED", "CREDITS_EXHAUSTED", "");
    let error = look(&Script::new([quota]).client()).await.unwrap_err();
    assert_eq!(
        (error.attempts(), error.action()),
        (1, Action::AccountSetup)
    );
}

#[tokio::test(start_paused = true)]
async fn a_bank_that_is_down_may_come_up() {
    let down = plaid_error(400, "INSTITUTION_ERROR", "INSTITUTION_DOWN", "");
    assert_eq!(
        look(&Script::new([down, ok()]).client())
            .await
            .unwrap()
            .attempts(),
        2
    );
}

#[tokio::test(start_paused = true)]
async fn json_of_a_proxy_is_judged_by_its_status() {
    let proxy = answer(503, r#"{"error":"upstream_unavailable"}"#);
    let script = Script::new([proxy, answer(404, r#"{"error":"no_route"}"#)]);
    let error = look(&script.client()).await.unwrap_err();
    assert!(matches!(error, Error::UnexpectedBody(_)), "{error}");
    assert_eq!(
        (error.attempts(), error.action()),
        (2, Action::FixConfiguration)
    );
}

#[tokio::test(start_paused = true)]
async fn a_write_goes_out_once() {
    for step in [limit(), answer(503, ""), Step::Break, answer(500, "<html>")] {
        let script = Script::new([step]);
        let error = transfer(&script.client()).await.unwrap_err();
        assert_eq!(error.attempts(), 1);
        assert_eq!(script.seen().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_with_a_key_goes_out_again() {
    let script = Script::new([Step::Break, answer(503, ""), ok()]);
    let response = keyed_transfer(&script.client()).await.unwrap();
    assert_eq!(response.attempts(), 3);
    assert!(script.seen().iter().all(|seen| seen.body.contains("key-1")));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_never_went_out_is_tried_again() {
    let script = Script::new([Step::Refuse, ok()]);
    assert_eq!(transfer(&script.client()).await.unwrap().attempts(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_earlier_attempt_may_have_arrived() {
    let script = Script::new([Step::Break, Step::Refuse, Step::Refuse]);
    let error = keyed_transfer(&script.client()).await.unwrap_err();
    assert!(matches!(error, Error::Connect(_)));
    assert!(error.may_have_reached_plaid());
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_waited_for() {
    let asked = answer_with(429, &[("retry-after", "20")], "");
    let started = Instant::now();
    look(&Script::new([asked, ok()]).client()).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn retry_after_beyond_the_budget_ends_the_call() {
    let asked = answer_with(503, &[("retry-after", "3600")], "");
    let started = Instant::now();
    let error = look(&Script::new([asked]).client()).await.unwrap_err();
    assert_eq!((error.attempts(), started.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_call_has_its_own_policy() {
    let error = look(&Script::new([limit()]).client())
        .retry(RetryPolicy::none())
        .await;
    assert_eq!(error.unwrap_err().attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_times_out() {
    let started = Instant::now();
    let error = transfer(&Script::new([Step::Hang]).client())
        .await
        .unwrap_err();
    assert_eq!(started.elapsed(), Duration::from_secs(120));
    assert!(error.may_have_reached_plaid());
    assert_eq!(
        error.to_string(),
        "move: no answer within 120s; it may have taken effect: look it up, or repeat it with \
         the same idempotency key"
    );
    let Error::Timeout(timeout) = error else {
        panic!("{error}")
    };
    assert_eq!(timeout.limit(), Some(Duration::from_secs(120)));
}

#[tokio::test(start_paused = true)]
async fn the_limit_covers_every_attempt_and_pause() {
    let script = Script::new([answer_with(429, &[("retry-after", "6")], ""), Step::Hang]);
    let started = Instant::now();
    let call = look(&script.client()).timeout(Duration::from_secs(10));
    let error = call.await.unwrap_err();
    assert!(matches!(error, Error::Timeout(_)));
    assert_eq!(started.elapsed(), Duration::from_secs(10));
    assert_eq!(error.attempts(), 2);
}

#[tokio::test(start_paused = true)]
async fn one_attempt_can_have_a_limit() {
    let script = Script::new([Step::Hang, ok()]);
    let policy = RetryPolicy::new().attempt_timeout(Duration::from_secs(5));
    let response = look(&script.client_with(policy)).await.unwrap();
    assert_eq!(response.attempts(), 2);

    let error = transfer(&Script::new([Step::Hang]).client_with(policy))
        .await
        .unwrap_err();
    let Error::Timeout(timeout) = error else {
        panic!("{error}")
    };
    assert_eq!(timeout.limit(), Some(Duration::from_secs(5)));
}

#[tokio::test(start_paused = true)]
async fn an_endless_limit_is_no_overflow() {
    let call = look(&Script::new([ok()]).client()).timeout(Duration::MAX);
    assert!(call.await.is_ok());
}
