//! Who waits at a gate, for how long, and what is left of it. The clock is paused:
//! it jumps to whatever is waited for next.

use futures_util::future::join_all;
use futures_util::{FutureExt, poll};

use super::*;
use crate::config::Environment;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn limiter(item: Option<u32>, client: Option<u32>) -> Arc<Limiter> {
    let mut limits = RateLimits::new();
    if let Some(requests) = item {
        limits = limits.per_item("/x", Limit::per_minute(requests));
    }
    if let Some(requests) = client {
        limits = limits.per_client("/x", Limit::per_minute(requests));
    }
    Arc::new(Limiter::new(limits))
}

fn of(limiter: &Arc<Limiter>, token: &str) -> Admission {
    limiter.admission("/x".into(), Some(token))
}

/// Sends a request for an Item and tells how long that took to be allowed.
async fn send(limiter: &Arc<Limiter>, token: &str) -> Duration {
    let started = Instant::now();
    of(limiter, token).wait(None).await.unwrap();
    started.elapsed()
}

#[tokio::test(start_paused = true)]
async fn what_exceeds_the_limit_of_an_item_waits_and_other_items_do_not() {
    let limiter = limiter(Some(2), None);
    assert_eq!(send(&limiter, "a").await, Duration::ZERO);
    time::advance(10 * SECOND).await;
    assert_eq!(send(&limiter, "a").await, Duration::ZERO);
    let waiting = join_all([
        send(&limiter, "a"),
        send(&limiter, "a"),
        send(&limiter, "b"),
    ]);
    let waited = waiting.await;
    assert_eq!(waited, [50 * SECOND, MINUTE, Duration::ZERO]);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_waits_does_not_hold_the_place_of_others() {
    let limiter = limiter(Some(1), Some(3));
    assert_eq!(send(&limiter, "a").await, Duration::ZERO);
    // Two of the same Item wait for it alone; the client has room for two more.
    let (first, second, b, c, d) = tokio::join!(
        send(&limiter, "a"),
        send(&limiter, "a"),
        send(&limiter, "b"),
        send(&limiter, "c"),
        send(&limiter, "d"),
    );
    assert_eq!((b, c), (Duration::ZERO, Duration::ZERO));
    assert_eq!((first, second), (MINUTE, 2 * MINUTE));
    assert_eq!(d, MINUTE);
}

#[tokio::test(start_paused = true)]
async fn operations_have_limits_of_their_own() {
    let limiter = limiter(Some(1), Some(1));
    send(&limiter, "a").await;
    let other = limiter.admission("/y".into(), Some("a"));
    assert_eq!(other.wait(None).now_or_never(), Some(Ok(())));
}

#[tokio::test(start_paused = true)]
async fn requests_without_an_item_are_limited_for_the_client() {
    let limiter = limiter(Some(1), Some(2));
    for _ in 0..2 {
        let admission = limiter.admission("/x".into(), None);
        assert_eq!(admission.wait(None).now_or_never(), Some(Ok(())));
    }
    assert_eq!(send(&limiter, "a").await, MINUTE);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_go_in_the_order_they_came() {
    let limiter = limiter(Some(1), None);
    let order = Mutex::new(Vec::new());
    join_all((0..20).map(|number| {
        let (limiter, order) = (&limiter, &order);
        async move {
            send(limiter, "a").await;
            order.lock().unwrap().push(number);
        }
    }))
    .await;
    assert!(order.into_inner().unwrap().is_sorted());
}

#[tokio::test(start_paused = true)]
async fn who_stops_waiting_gives_the_place_to_the_next() {
    let limiter = limiter(Some(1), Some(10));
    send(&limiter, "a").await;
    let mut gives_up = Box::pin(send(&limiter, "a"));
    let mut stays = Box::pin(send(&limiter, "a"));
    assert!(poll!(&mut gives_up).is_pending() && poll!(&mut stays).is_pending());
    // Each would be too late for the next, as long as both are there.
    let end = Instant::now() + 2 * MINUTE;
    let late = of(&limiter, "a").wait(Some(end)).await.unwrap_err();
    assert_eq!(late.wait, 3 * MINUTE);
    drop(gives_up);
    assert_eq!(stays.await, MINUTE);
    // And nothing was counted for the one that left.
    assert_eq!(send(&limiter, "a").await, MINUTE);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_cannot_end_in_time_fails_at_once() {
    let limiter = limiter(Some(1), Some(1_000));
    send(&limiter, "a").await;
    let started = Instant::now();
    let admission = of(&limiter, "a");
    let held = admission.wait(Some(started + 59 * SECOND)).await;
    let expected = Held {
        scope: LimitScope::Item,
        limit: Some(Limit::per_minute(1)),
        wait: MINUTE,
    };
    assert_eq!(held, Err(expected));
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert_eq!(admission.wait(Some(started + 61 * SECOND)).await, Ok(()));
    assert_eq!(started.elapsed(), MINUTE);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_takes_longer_than_it_had_to_ends_in_time() {
    let limiter = limiter(Some(1), None);
    send(&limiter, "a").await;
    let admission = of(&limiter, "a");
    let started = Instant::now();
    let end = started + 70 * SECOND;
    let wait = admission.wait(Some(end));
    tokio::pin!(wait);
    assert!(poll!(&mut wait).is_pending());
    admission.refused(Some(MINUTE), LimitScope::Item);
    time::advance(50 * SECOND).await;
    admission.refused(Some(MINUTE), LimitScope::Item);
    let held = wait.await.unwrap_err();
    assert_eq!(started.elapsed(), 70 * SECOND);
    assert_eq!((held.limit, held.wait), (None, 40 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn no_window_ever_has_more_than_the_limit() {
    let limiter = limiter(Some(7), Some(100));
    let random = Mutex::new(fastrand::Rng::with_seed(4));
    let sent = Mutex::new(Vec::new());
    join_all((0..3).map(async |_| {
        for _ in 0..60 {
            let pause = Duration::from_millis(random.lock().unwrap().u64(0..9_000));
            time::sleep(pause).await;
            send(&limiter, "a").await;
            sent.lock().unwrap().push(Instant::now());
        }
    }))
    .await;
    let sent = sent.into_inner().unwrap();
    assert_eq!(sent.len(), 180);
    for eight in sent.windows(8) {
        assert!(eight[7] - eight[0] >= MINUTE);
    }
    // Nor does it wait for much more than it has to: 180 requests, 7 a minute.
    assert!(*sent.last().unwrap() - sent[0] < 27 * MINUTE);
}

#[tokio::test(start_paused = true)]
async fn large_limits_are_kept_in_batches_and_still_kept() {
    let limiter = limiter(None, Some(20_000));
    let started = Instant::now();
    for number in 0..20_000 {
        send(&limiter, "a").await;
        if number % 100 == 0 {
            time::advance(Duration::from_millis(10)).await;
        }
    }
    assert_eq!(started.elapsed(), 2 * SECOND);
    send(&limiter, "a").await;
    // At the end of the first batch, which is less than a second long.
    assert!((MINUTE..61 * SECOND).contains(&started.elapsed()));
}

#[tokio::test(start_paused = true)]
async fn after_too_many_requests_an_item_pauses_for_longer_and_longer() {
    let limiter = limiter(None, None);
    let admission = of(&limiter, "a");
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        admission.refused(None, LimitScope::Item);
        assert_eq!(send(&limiter, "b").await, Duration::ZERO);
        assert_eq!(send(&limiter, "a").await, seconds * SECOND);
    }
    admission.passed();
    admission.refused(None, LimitScope::Item);
    assert_eq!(send(&limiter, "a").await, SECOND);
    admission.refused(Some(17 * SECOND), LimitScope::Item);
    assert_eq!(send(&limiter, "a").await, 17 * SECOND);
    // A header is not believed without end.
    admission.refused(Some(Duration::MAX), LimitScope::Item);
    assert_eq!(send(&limiter, "a").await, MINUTE);
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_the_client_pauses_all_items() {
    let limiter = limiter(None, None);
    of(&limiter, "a").refused(Some(3 * SECOND), LimitScope::Client);
    assert_eq!(send(&limiter, "b").await, 3 * SECOND);
    let open = limiter.admission("/x".into(), None);
    open.refused(Some(3 * SECOND), LimitScope::Item);
    assert_eq!(send(&limiter, "b").await, 3 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn idle_items_are_forgotten() {
    let limiter = limiter(Some(5), Some(1_000_000));
    let gates = || limiter.lock().by_key.len();
    for minute in 0..50 {
        for item in 0..1_000 {
            send(&limiter, &format!("{minute}-{item}")).await;
        }
        time::advance(MINUTE).await;
        assert!(gates() <= 3 * FIRST_SWEEP, "{}", gates());
    }
    // Those in use stay: this one has used up what it may send.
    for _ in 0..5 {
        send(&limiter, "busy").await;
    }
    for item in 0..5_000 {
        send(&limiter, &format!("new-{item}")).await;
    }
    assert_eq!(send(&limiter, "busy").await, MINUTE);
}

#[test]
fn nothing_of_a_token_is_kept() {
    let limiter = limiter(Some(5), None);
    let admission = of(&limiter, "access-sandbox-planted");
    assert_eq!(admission.wait(None).now_or_never(), Some(Ok(())));
    assert!(!format!("{limiter:?} {:?}", limiter.lock().by_key).contains("planted"));
}

#[test]
fn the_published_limits_are_those_of_the_page() {
    let production = RateLimits::published(Environment::Production);
    let sandbox = RateLimits::published(Environment::Sandbox);
    let minutely = |item, client| {
        let limit = |requests: u32| (requests > 0).then(|| Limit::per_minute(requests));
        (limit(item), limit(client))
    };
    for (path, in_production, in_sandbox) in [
        ("/accounts/balance/get", (5, 1_200), (25, 100)),
        ("/accounts/get", (15, 15_000), (100, 5_000)),
        ("/auth/get", (15, 12_000), (100, 500)),
        ("/identity/get", (15, 2_000), (100, 1_000)),
        ("/institutions/get", (0, 50), (0, 10)),
        ("/item/get", (15, 5_000), (40, 5_000)),
        ("/liabilities/get", (15, 1_000), (10, 1_000)),
        ("/transactions/sync", (50, 2_500), (50, 1_000)),
        ("/transactions/refresh", (2, 100), (2, 100)),
        ("/sandbox/transactions/create", (0, 0), (2, 50)),
        ("/asset_report/pdf/get", (15, 50), (0, 0)),
        ("/link/token/create", (0, 0), (0, 0)),
    ] {
        let (item, client) = in_production;
        assert_eq!(production.of(path), minutely(item, client), "{path}");
        let (item, client) = in_sandbox;
        assert_eq!(sandbox.of(path), minutely(item, client), "{path}");
    }
    let (item, client) = production.of("/signal/evaluate");
    assert_eq!(item, Some(Limit::new(70, Duration::from_secs(3_600))));
    assert_eq!(client, Some(Limit::new(20, SECOND)));
    assert_eq!((production.problem(), sandbox.problem()), (None, None));
}

#[test]
fn limits_that_make_no_sense_are_named() {
    let path = RateLimits::new().per_item("item/get", Limit::per_minute(1));
    assert!(path.problem().unwrap().contains("`item/get`"));
    let zero = RateLimits::new().per_client("/item/get", Limit::per_minute(0));
    assert!(zero.problem().unwrap().contains("/item/get"));
    let endless = RateLimits::new().per_client("/item/get", Limit::new(1, Duration::ZERO));
    assert!(endless.problem().is_some());
    assert_eq!(zero.without("/item/get").problem(), None);
}
