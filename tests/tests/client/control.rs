//! What a caller has control of: deadlines, rate limits, transports, and the mock
//! that stands in for Plaid. Nothing here goes over a network, and tokio's clock is
//! paused: it jumps to whatever is waited for next.

use std::future::Ready;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::join_all;
use plaid::products::accounts::AccountsGet;
use plaid::products::balance::AccountsBalanceGet;
use plaid::products::fdx::GetRecipient;
use plaid::products::items::{ItemGet, ItemRemove};
use plaid::testing::{Mock, Reply};
use plaid::types::ItemRemoveResponse;
use plaid::{
    Action, Client, Environment, Error, ErrorCode, HttpTransport, Limit, LimitScope, RateLimits,
    RetryPolicy, TowerTransport, TransportFailure, TransportFuture,
};
use reqwest_middleware::{ClientWithMiddleware, Middleware, Next};
use serde_json::json;
use tokio::time::Instant;
use tower::{Service, ServiceBuilder};

const TOKEN: &str = "access-sandbox-8ab976e6-64bc-4b38-98f7-731e7a349970";
const OTHER: &str = "access-sandbox-b7a6a1b1-3f0d-4f0e-9a43-0f1f9c4c7f11";
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn removed() -> ItemRemoveResponse {
    ItemRemoveResponse {
        request_id: "HNTDNrA8F1shFEW".to_owned(),
    }
}

fn accounts() -> Reply {
    Reply::json(json!({
        "accounts": [], "request_id": "HNTDNrA8F1shFEW",
        "item": {
            "item_id": "i", "webhook": null, "error": null, "available_products": [],
            "billed_products": [], "consent_expiration_time": null, "update_type": "background",
        },
    }))
}

/// A mock that has balances for everybody.
fn balances() -> Mock {
    let mock = Mock::new();
    mock.on::<AccountsBalanceGet>().reply(accounts());
    mock
}

fn limited(mock: &Mock, limits: RateLimits) -> Client {
    mock.builder().rate_limits(limits).build().unwrap()
}

mod deadlines {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_call_ends_at_its_deadline_or_timeout_whichever_is_first() {
        let mock = Mock::new();
        mock.on::<ItemGet>().reply(Reply::silence());
        let plaid = mock.client().unwrap();
        for (timeout, deadline, expected) in [(9, 3, 3), (2, 5, 2)] {
            let started = Instant::now();
            let call = plaid.items().get(TOKEN).timeout(timeout * SECOND);
            let error = call
                .deadline(started + deadline * SECOND)
                .await
                .unwrap_err();
            assert!(matches!(error, Error::Timeout(_)), "{error}");
            assert_eq!(started.elapsed(), expected * SECOND);
            assert!(error.may_have_reached_plaid());
        }
    }

    #[tokio::test]
    async fn the_clock_of_the_standard_library_will_do() {
        let mock = Mock::new();
        mock.on::<ItemRemove>().answer(removed());
        let plaid = mock.client().unwrap();
        let later = std::time::Instant::now() + MINUTE;
        plaid.items().remove(TOKEN).deadline(later).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_sent_after_the_deadline() {
        let mock = Mock::new();
        let plaid = mock.client().unwrap();
        let call = plaid.items().remove(TOKEN).deadline(Instant::now());
        let error = call.await.unwrap_err();
        assert!(matches!(error, Error::Timeout(_)), "{error}");
        assert_eq!(error.attempts(), 0);
        assert!(!error.may_have_reached_plaid());
        assert_eq!(error.action(), Action::RetryWithBackoff);
        assert!(error.to_string().contains("not sent"), "{error}");
        assert!(mock.requests().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_retry_that_would_begin_after_the_deadline_is_not_waited_for() {
        let mock = Mock::new();
        let limit = Reply::error("RATE_LIMIT_EXCEEDED", "ITEM_GET_LIMIT");
        let limit = limit.header("retry-after", "5").delay(2 * SECOND);
        mock.on::<ItemGet>().reply(limit).times(1);
        let plaid = mock.client().unwrap();
        let started = Instant::now();
        let call = plaid.items().get(TOKEN).deadline(started + 6 * SECOND);
        let error = call.await.unwrap_err();
        assert_eq!(error.error_code(), Some(&ErrorCode::ItemGetLimit));
        assert_eq!(started.elapsed(), 2 * SECOND);
        mock.verify().unwrap();
    }
}

mod rate_limits {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_sixth_balance_within_a_minute_waits_and_other_items_do_not() {
        let mock = balances();
        let published = RateLimits::published(Environment::Production);
        let plaid = limited(&mock, published);
        let started = Instant::now();
        let balance = async |token: &str| {
            plaid.balance().get(token).await.unwrap();
            started.elapsed()
        };
        let same = join_all((0..6).map(|_| balance(TOKEN)));
        let (same, other) = tokio::join!(same, balance(OTHER));
        assert_eq!(same, [[Duration::ZERO; 5].as_slice(), &[MINUTE]].concat());
        assert_eq!(other, Duration::ZERO);
        assert_eq!(mock.requests().len(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn they_are_off_unless_asked_for() {
        let mock = balances();
        let plaid = mock.client().unwrap();
        let started = Instant::now();
        join_all((0..50).map(async |_| plaid.balance().get(TOKEN).await.unwrap())).await;
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_without_the_time_to_wait_fails_at_once_and_is_not_sent() {
        let mock = balances();
        let limits = RateLimits::new().per_item("/accounts/balance/get", Limit::per_minute(1));
        let plaid = limited(&mock, limits);
        plaid.balance().get(TOKEN).await.unwrap();
        let started = Instant::now();
        let call = plaid.balance().get(TOKEN).timeout(30 * SECOND);
        let error = call.await.unwrap_err();
        assert_eq!(started.elapsed(), Duration::ZERO);
        let Error::HeldBack(held) = &error else {
            panic!("{error}")
        };
        assert_eq!(held.wait(), MINUTE);
        assert_eq!(held.scope(), LimitScope::Item);
        assert_eq!(held.limit(), Some(Limit::per_minute(1)));
        assert!(!error.may_have_reached_plaid());
        assert_eq!(error.attempts(), 0);
        assert_eq!(error.action(), Action::RetryWithBackoff);
        assert_eq!(error.operation(), Some("accountsBalanceGet"));
        assert!(error.to_string().contains("not sent"), "{error}");
        for text in [error.to_string(), format!("{error:?} {plaid:?}")] {
            assert!(!text.contains("8ab976e6"), "{text}");
        }
        assert_eq!(mock.requests().len(), 1);
        // The call that was held back has taken nobody's place.
        plaid.balance().get(TOKEN).await.unwrap();
        assert_eq!(started.elapsed(), MINUTE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_retry_counts_as_a_request() {
        let mock = Mock::new();
        mock.on::<AccountsBalanceGet>()
            .reply(Reply::broken_connection())
            .reply(accounts());
        let limits = RateLimits::new().per_item("/accounts/balance/get", Limit::per_minute(2));
        let plaid = limited(&mock, limits);
        let started = Instant::now();
        let answer = plaid.balance().get(TOKEN).await.unwrap();
        assert_eq!((answer.attempts(), started.elapsed()), (2, Duration::ZERO));
        plaid.balance().get(TOKEN).await.unwrap();
        assert_eq!(started.elapsed(), MINUTE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_retry_that_is_held_back_ends_with_what_came_before_it() {
        let mock = Mock::new();
        let maintenance = Reply::error("API_ERROR", "PLANNED_MAINTENANCE");
        mock.on::<AccountsBalanceGet>().reply(maintenance).times(1);
        let limits = RateLimits::new().per_item("/accounts/balance/get", Limit::per_minute(1));
        let plaid = limited(&mock, limits);
        let call = plaid.balance().get(TOKEN).timeout(30 * SECOND);
        let error = call.await.unwrap_err();
        assert_eq!(error.error_code(), Some(&ErrorCode::PlannedMaintenance));
        assert!(error.may_have_reached_plaid());
        assert_eq!(error.attempts(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_item_of_which_there_were_too_many_requests_pauses_and_others_do_not() {
        let mock = Mock::new();
        let limit = Reply::error("RATE_LIMIT_EXCEEDED", "ITEM_GET_LIMIT");
        mock.on::<ItemRemove>()
            .reply(limit.header("retry-after", "20"))
            .answer(removed());
        let plaid = limited(&mock, RateLimits::new());
        let started = Instant::now();
        // A write without a key, which is not tried again.
        plaid.items().remove(TOKEN).await.unwrap_err();
        let held = plaid.items().remove(TOKEN).timeout(SECOND).await;
        let error = held.unwrap_err();
        let Error::HeldBack(held) = &error else {
            panic!("{error}")
        };
        assert_eq!((held.limit(), held.wait()), (None, 20 * SECOND));
        plaid.items().remove(OTHER).await.unwrap();
        assert_eq!(started.elapsed(), Duration::ZERO);
        plaid.items().remove(TOKEN).await.unwrap();
        assert_eq!(started.elapsed(), 20 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_quota_that_is_used_up_pauses_nothing() {
        let mock = Mock::new();
        let quota = Reply::error("RATE_LIMIT_EXCEEDED", "CREDITS_EXHAUSTED");
        mock.on::<ItemRemove>().reply(quota).answer(removed());
        let plaid = limited(&mock, RateLimits::new());
        let started = Instant::now();
        plaid.items().remove(TOKEN).await.unwrap_err();
        plaid.items().remove(TOKEN).await.unwrap();
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn endpoints_that_are_not_generated_are_limited_by_path_and_token() {
        let mock = Mock::new();
        mock.at("/new/endpoint").answer(json!({}));
        let limits = RateLimits::new().per_item("/new/endpoint", Limit::per_minute(1));
        let plaid = limited(&mock, limits);
        let started = Instant::now();
        for (token, elapsed) in [(TOKEN, 0), (OTHER, 0), (TOKEN, 60)] {
            let body = json!({ "access_token": token, "amount": 1 });
            let call = plaid.call::<serde_json::Value>("/new/endpoint", body);
            call.await.unwrap();
            assert_eq!(started.elapsed(), elapsed * SECOND);
        }
    }

    #[test]
    fn limits_that_nothing_could_pass_are_refused() {
        let limits = RateLimits::new().per_item("/item/get", Limit::per_minute(0));
        let error = Mock::new().builder().rate_limits(limits).build();
        assert!(error.unwrap_err().to_string().contains("/item/get"));
    }

    /// A path that the API does not have would limit nothing.
    #[test]
    fn every_published_limit_is_of_an_operation_that_there_is() {
        let operations = include_str!("../../../plaid-sandbox/src/generated/contract.json");
        for environment in [Environment::Production, Environment::Sandbox] {
            let limits = format!("{:?}", RateLimits::published(environment));
            let paths: Vec<&str> = limits.split('"').filter(|p| p.starts_with('/')).collect();
            assert!(paths.len() > 50);
            for path in paths {
                assert!(operations.contains(&format!("\"{path}\"")), "{path}");
            }
        }
    }
}

mod transports {
    use super::*;

    /// A service that is ready every other time that it is asked, and does not like
    /// to be called when it is not.
    #[derive(Clone, Default)]
    struct Moody {
        is_ready: bool,
        calls: Arc<AtomicUsize>,
        is_closed: Arc<AtomicBool>,
    }

    impl Service<reqwest::Request> for Moody {
        type Response = reqwest::Response;
        type Error = Box<dyn std::error::Error + Send + Sync>;
        type Future = Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            if self.is_closed.load(Ordering::Relaxed) {
                return Poll::Ready(Err("closed".into()));
            }
            if self.is_ready {
                return Poll::Ready(Ok(()));
            }
            self.is_ready = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }

        fn call(&mut self, _: reqwest::Request) -> Self::Future {
            assert!(std::mem::take(&mut self.is_ready), "called when not ready");
            let call = self.calls.fetch_add(1, Ordering::Relaxed);
            let body = r#"{"request_id":"HNTDNrA8F1shFEW"}"#;
            std::future::ready(match call {
                0 => Ok(http::Response::new(body).into()),
                1 => Err("something".into()),
                2 => Err(TransportFailure::connect("refused").into()),
                _ => Err(TransportFailure::refused("the breaker is open").into()),
            })
        }
    }

    fn client(transport: impl HttpTransport) -> Client {
        Client::builder()
            .environment(Environment::Sandbox)
            .credentials("a-client-id", "a-secret")
            .retry(RetryPolicy::none())
            .transport(transport)
            .build()
            .unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_tower_service_is_called_when_it_is_ready_and_its_errors_are_understood() {
        let service = Moody::default();
        let plaid = client(TowerTransport::new(service.clone()));
        let call = async || plaid.items().remove(TOKEN).await;
        assert_eq!(call().await.unwrap().request_id(), "HNTDNrA8F1shFEW");
        let error = call().await.unwrap_err();
        assert!(matches!(error, Error::Transport(_)), "{error}");
        assert!(error.may_have_reached_plaid());
        let error = call().await.unwrap_err();
        assert!(matches!(error, Error::Connect(_)), "{error}");
        assert!(!error.may_have_reached_plaid());
        let error = call().await.unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{error}");
        assert!(error.to_string().contains("the breaker is open"), "{error}");
        service.is_closed.store(true, Ordering::Relaxed);
        let error = call().await.unwrap_err();
        assert!(matches!(error, Error::Connect(_)), "{error}");
        assert_eq!(service.calls.load(Ordering::Relaxed), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn the_errors_of_layers_can_be_explained() {
        let service = Moody::default();
        service.calls.store(1, Ordering::Relaxed);
        let transport = TowerTransport::new(service).classify(TransportFailure::refused);
        let error = client(transport).items().remove(TOKEN).await.unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{error}");
        assert!(!error.may_have_reached_plaid());
    }

    /// Counts how many requests are under way at a time.
    #[derive(Clone, Default)]
    struct Crowd(Arc<Mutex<(usize, usize)>>);

    impl Service<reqwest::Request> for Crowd {
        type Response = reqwest::Response;
        type Error = reqwest::Error;
        type Future =
            std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: reqwest::Request) -> Self::Future {
            let counts = self.0.clone();
            Box::pin(async move {
                {
                    let mut counts = counts.lock().unwrap();
                    counts.0 += 1;
                    counts.1 = counts.1.max(counts.0);
                }
                tokio::time::sleep(SECOND).await;
                counts.lock().unwrap().0 -= 1;
                Ok(http::Response::new(r#"{"request_id":"1"}"#).into())
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_layer_of_towers_limits_how_many_calls_are_under_way() {
        let crowd = Crowd::default();
        let service = ServiceBuilder::new()
            .concurrency_limit(3)
            .service(crowd.clone());
        let plaid = client(TowerTransport::new(service));
        let started = Instant::now();
        join_all((0..10).map(async |_| plaid.items().remove(TOKEN).await.unwrap())).await;
        assert_eq!(started.elapsed(), 4 * SECOND);
        assert_eq!(*crowd.0.lock().unwrap(), (0, 3));
    }

    /// Answers in place of Plaid, once it has seen the request.
    struct Stamp(Arc<AtomicUsize>);

    #[async_trait::async_trait]
    impl Middleware for Stamp {
        async fn handle(
            &self,
            request: reqwest::Request,
            _: &mut http::Extensions,
            _: Next<'_>,
        ) -> reqwest_middleware::Result<reqwest::Response> {
            assert!(request.headers().contains_key("plaid-client-id"));
            match self.0.fetch_add(1, Ordering::Relaxed) {
                0 => Ok(http::Response::new(r#"{"request_id":"stamped"}"#).into()),
                _ => Err(reqwest_middleware::Error::middleware(std::fmt::Error)),
            }
        }
    }

    struct WithMiddleware(ClientWithMiddleware);

    impl HttpTransport for WithMiddleware {
        fn execute(&self, request: reqwest::Request) -> TransportFuture<'_> {
            Box::pin(async move {
                let answer = self.0.execute(request).await;
                answer.map_err(|error| match error {
                    reqwest_middleware::Error::Reqwest(error) => error.into(),
                    reqwest_middleware::Error::Middleware(error) => TransportFailure::other(error),
                })
            })
        }
    }

    #[tokio::test]
    async fn the_middleware_of_reqwest_middleware_fits_in() {
        let seen = Arc::new(AtomicUsize::new(0));
        let http = reqwest_middleware::ClientBuilder::new(crate::http::client())
            .with(Stamp(seen.clone()))
            .build();
        let plaid = client(WithMiddleware(http));
        let answer = plaid.items().remove(TOKEN).await.unwrap();
        assert_eq!(answer.request_id(), "stamped");
        let error = plaid.items().remove(TOKEN).await.unwrap_err();
        assert!(matches!(error, Error::Transport(_)), "{error}");
        assert_eq!(seen.load(Ordering::Relaxed), 2);
    }
}

mod mocks {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn replies_are_given_in_sequence_and_the_last_without_end() {
        let mock = Mock::new();
        mock.on::<ItemRemove>()
            .reply(Reply::error("ITEM_ERROR", "ITEM_NOT_FOUND"))
            .times(2)
            .reply(Reply::error("INVALID_INPUT", "INVALID_ACCESS_TOKEN"))
            .answer(removed());
        let plaid = mock.client().unwrap();
        let call = async || plaid.items().remove(TOKEN).await;
        for code in ["ITEM_NOT_FOUND", "ITEM_NOT_FOUND", "INVALID_ACCESS_TOKEN"] {
            let error = call().await.unwrap_err();
            assert_eq!(error.error_code().unwrap().as_str(), code);
            assert_eq!(error.status().unwrap(), 400);
        }
        for _ in 0..3 {
            assert_eq!(call().await.unwrap().request_id(), "HNTDNrA8F1shFEW");
        }
        mock.verify().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_rule_whose_condition_holds_answers() {
        let mock = Mock::new();
        mock.on::<ItemRemove>()
            .when(|request| request.access_token.expose_secret() == OTHER)
            .reply(Reply::error("ITEM_ERROR", "ITEM_NOT_FOUND"))
            .times(1);
        mock.on::<ItemRemove>()
            .when_asked(|asked| asked.header("x-tenant") == Some("7"))
            .reply(Reply::error("API_ERROR", "PLANNED_MAINTENANCE"));
        mock.on::<ItemRemove>().answer(removed());
        let plaid = mock.client().unwrap();
        let call = |token: &str| plaid.items().remove(token);
        assert!(call(TOKEN).await.is_ok());
        assert!(call(OTHER).await.is_err());
        assert!(call(OTHER).await.is_ok(), "that rule is used up");
        let error = call(TOKEN).header("x-tenant", "7").await.unwrap_err();
        assert_eq!(error.status().unwrap(), 503);
        mock.verify().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_without_a_rule_says_what_was_asked_and_what_there_is() {
        let mock = Mock::new();
        mock.on::<ItemRemove>().answer(removed()).times(1);
        let plaid = mock.client().unwrap();
        plaid.items().remove(TOKEN).await.unwrap();
        // A read, which would be tried again after a failure of the network.
        for error in [
            plaid.accounts().get(TOKEN).await.unwrap_err(),
            plaid.items().remove(TOKEN).await.unwrap_err(),
        ] {
            assert!(matches!(error, Error::Config(_)), "{error}");
            let text = error.to_string();
            assert!(text.contains("with access_token"), "{text}");
            assert!(text.contains("POST /item/remove ("), "{text}");
            assert!(text.contains("used up after 1"), "{text}");
            assert!(!text.contains("8ab976e6"), "{text}");
        }
        assert_eq!(mock.requests().len(), 3);
        let unmet = mock.verify().unwrap_err().to_string();
        assert_eq!(unmet.lines().count(), 2);
        assert!(unmet.contains("no rule for POST /accounts/get"), "{unmet}");
    }

    #[tokio::test(start_paused = true)]
    async fn rules_that_nobody_needed_are_reported() {
        let mock = Mock::new();
        mock.on::<ItemGet>().reply(Reply::silence()).optional();
        mock.on::<AccountsGet>().reply(accounts());
        mock.on::<ItemRemove>().answer(removed()).times(2);
        let plaid = mock.client().unwrap();
        plaid.items().remove(TOKEN).await.unwrap();
        let unmet = mock.verify().unwrap_err().to_string();
        assert_eq!(unmet.lines().count(), 2, "{unmet}");
        assert!(unmet.contains("POST /accounts/get") && unmet.contains("POST /item/remove"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_asked_is_kept_without_the_credentials() {
        let mock = Mock::new();
        mock.on::<AccountsGet>().reply(accounts());
        let plaid = mock.client().unwrap();
        let call = plaid.accounts().get(TOKEN).header("x-tenant", "7");
        call.extra("new_field", 1).await.unwrap();
        let asked = mock.requests_of::<AccountsGet>();
        let [asked] = asked.as_slice() else {
            panic!("{asked:?}")
        };
        assert_eq!((asked.method(), asked.path()), ("POST", "/accounts/get"));
        assert_eq!(asked.header("x-tenant"), Some("7"));
        assert_eq!(asked.header("plaid-version"), Some("2020-09-14"));
        assert!(!asked.headers().contains_key("plaid-secret"));
        assert!(!asked.headers().contains_key("plaid-client-id"));
        assert_eq!(
            *asked.json(),
            json!({ "access_token": TOKEN, "new_field": 1 })
        );
        let request = asked.decode::<plaid::types::AccountsGetRequest>().unwrap();
        assert_eq!(request.access_token.expose_secret(), TOKEN);
        let shown = format!("{asked:?} {mock:?}");
        assert!(shown.contains("access_token"), "{shown}");
        assert!(!shown.contains("8ab976e6"), "{shown}");
    }

    #[tokio::test(start_paused = true)]
    async fn every_way_to_fail_can_be_had() {
        let mock = Mock::new();
        mock.on::<ItemRemove>()
            .reply(Reply::no_connection())
            .reply(Reply::transport_timeout())
            .reply(Reply::broken_connection())
            .reply(Reply::json(removed()).break_off_after(5))
            .reply(Reply::raw(502, "text/html", "<html>"))
            .reply(Reply::json(json!({ "request_id": [] })));
        let plaid = mock.builder().retry(RetryPolicy::none()).build().unwrap();
        let mut seen = Vec::new();
        for _ in 0..6 {
            seen.push(plaid.items().remove(TOKEN).await.unwrap_err());
        }
        assert!(matches!(seen[0], Error::Connect(_)), "{seen:?}");
        assert!(!seen[0].may_have_reached_plaid());
        assert!(matches!(seen[1], Error::Timeout(_)), "{seen:?}");
        assert!(matches!(seen[2], Error::Transport(_)), "{seen:?}");
        assert!(matches!(seen[3], Error::Transport(_)), "{seen:?}");
        assert!(seen[1..].iter().all(Error::may_have_reached_plaid));
        assert!(matches!(seen[4], Error::UnexpectedBody(_)), "{seen:?}");
        assert_eq!(seen[4].raw().unwrap(), "<html>");
        assert!(matches!(seen[5], Error::Decode(_)), "{seen:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn answers_take_as_long_as_they_are_told_to() {
        let mock = Mock::new();
        let slow = Reply::json(removed()).delay(3 * SECOND);
        mock.on::<ItemRemove>().reply(slow);
        let plaid = mock.client().unwrap();
        let started = Instant::now();
        plaid.items().remove(TOKEN).await.unwrap();
        assert_eq!(started.elapsed(), 3 * SECOND);
        let late = plaid.items().remove(TOKEN).timeout(SECOND).await;
        assert!(matches!(late, Err(Error::Timeout(_))), "{late:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn paths_with_ids_in_them_are_matched_by_their_template() {
        let mock = Mock::new();
        mock.on::<GetRecipient>().reply(Reply::json(json!({})));
        let plaid = mock.client().unwrap();
        let _ = plaid.fdx().recipient_get("r1").await;
        let asked = mock.requests_of::<GetRecipient>();
        assert_eq!(asked[0].path(), "/fdx/recipient/r1");
        mock.verify().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_reply_that_cannot_be_given_says_why() {
        let mock = Mock::new();
        mock.on::<ItemRemove>()
            .reply(Reply::raw(7, "text/html", ""))
            .reply(Reply::silence().header("a", "b"))
            .reply(Reply::json(removed()).header("a b", "c"));
        let plaid = mock.client().unwrap();
        for expected in ["7 is not a status", "header `a`", "header `a b`"] {
            let error = plaid.items().remove(TOKEN).await.unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
