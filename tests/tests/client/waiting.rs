//! Waiting for what Plaid makes in the background.
//!
//! Time is tokio's, which stands still but for the pauses of the wait: a wait of
//! minutes takes no time, and every pause is seen. What the clock would disturb
//! (sockets) is tested without it, with waits that do not pause.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{Bench, client_over};
use plaid::types::{AssetReportCreateResponse, TransactionsUpdateStatus};
use plaid::{
    Action, Call, Client, Error, ErrorCode, HttpTransport, RetryPolicy, TransportFailure,
    TransportFuture,
};
use plaid_sandbox::Fault;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::time::Instant;

/// What the server does with one request.
enum Step {
    Answer(u16, Value),
    Throttle(u64),
    Break,
    Hang,
}

/// Plays its steps, and then the last one over again. Remembers when it was asked.
#[derive(Clone)]
struct Server {
    steps: Arc<Mutex<VecDeque<Step>>>,
    asked: Arc<Mutex<Vec<Duration>>>,
    started: Instant,
}

impl Server {
    fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: Arc::new(Mutex::new(steps.into_iter().collect())),
            asked: Arc::default(),
            started: Instant::now(),
        }
    }

    fn client(&self) -> Client {
        client_over(self.clone())
    }

    /// When requests came, since the start.
    fn asked(&self) -> Vec<Duration> {
        self.asked.lock().unwrap().clone()
    }

    fn requests(&self) -> usize {
        self.asked().len()
    }

    /// The pauses between them.
    fn pauses(&self) -> Vec<Duration> {
        let asked = self.asked();
        asked.windows(2).map(|two| two[1] - two[0]).collect()
    }

    fn answer(status: u16, body: &Value) -> http::Response<String> {
        let response = http::Response::builder().status(status);
        let response = response.header("content-type", "application/json");
        response.body(body.to_string()).unwrap()
    }
}

impl HttpTransport for Server {
    fn execute(&self, _request: reqwest::Request) -> TransportFuture<'_> {
        self.asked.lock().unwrap().push(self.started.elapsed());
        let mut steps = self.steps.lock().unwrap();
        let step = steps.pop_front().expect("more requests than steps");
        if let (Step::Answer(status, body), true) = (&step, steps.is_empty()) {
            steps.push_back(Step::Answer(*status, body.clone()));
        }
        Box::pin(async move {
            let response = match step {
                Step::Answer(status, body) => Self::answer(status, &body),
                Step::Throttle(seconds) => {
                    let body = error("RATE_LIMIT_EXCEEDED", "RATE_LIMIT", "limited");
                    let mut response = Self::answer(429, &body);
                    response.headers_mut().insert("retry-after", seconds.into());
                    response
                }
                Step::Break => return Err(TransportFailure::other("it broke")),
                Step::Hang => std::future::pending().await,
            };
            Ok(response.into())
        })
    }
}

fn error(error_type: &str, error_code: &str, request_id: &str) -> Value {
    json!({
        "display_message": null,
        "error_code": error_code,
        "error_message": "",
        "error_type": error_type,
        "request_id": request_id,
    })
}

fn not_ready(request_id: &str) -> Step {
    Step::Answer(400, error("ITEM_ERROR", "PRODUCT_NOT_READY", request_id))
}

fn failed(error_type: &str, error_code: &str) -> Step {
    Step::Answer(400, error(error_type, error_code, "failed"))
}

/// An answer of `/transactions/recurring/get` without streams.
fn ready() -> Step {
    Step::Answer(
        200,
        json!({
            "inflow_streams": [],
            "outflow_streams": [],
            "updated_datetime": "2026-01-01T00:00:00Z",
            "personal_finance_category_version": "v1",
            "request_id": "ready",
        }),
    )
}

/// An answer of `/transactions/sync` without transactions.
fn sync_page(status: &str) -> Step {
    Step::Answer(
        200,
        json!({
            "accounts": [],
            "added": [],
            "has_more": false,
            "modified": [],
            "next_cursor": if status == "NOT_READY" { "" } else { "next" },
            "removed": [],
            "request_id": status,
            "transactions_update_status": status,
        }),
    )
}

fn recurring(server: &Server) -> Call<plaid::products::transactions::TransactionsRecurringGet> {
    server
        .client()
        .transactions()
        .recurring_get("access-sandbox-1")
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[tokio::test(start_paused = true)]
async fn what_becomes_ready_arrives_and_is_asked_for_once_per_pause() {
    let server = Server::new([not_ready("1"), not_ready("2"), not_ready("3"), ready()]);
    let answer = recurring(&server).wait_until_ready().await.unwrap();
    assert_eq!(answer.request_id(), "ready");
    let pauses = server.pauses();
    assert_eq!(pauses.len(), 3);
    for (pause, longest) in pauses.iter().zip([2, 4, 8]) {
        let longest = secs(longest);
        assert!(*pause >= longest / 2 && *pause <= longest, "{pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_ready_already_arrives_at_once() {
    let server = Server::new([ready()]);
    recurring(&server).wait_until_ready().await.unwrap();
    assert_eq!(server.asked(), [Duration::ZERO]);
}

#[tokio::test(start_paused = true)]
async fn the_time_runs_out_and_the_error_says_what_was_tried() {
    let server = Server::new([not_ready("last")]);
    let call = recurring(&server);
    let wait = call.clone().wait_until_ready().timeout(secs(60));
    let error = wait.await.unwrap_err();
    let waited = server.started.elapsed();
    assert!(waited > secs(45) && waited <= secs(60), "{waited:?}");

    assert_eq!(error.action(), Action::WaitThenRetry);
    assert_eq!(error.error_code(), Some(&ErrorCode::ProductNotReady));
    assert_eq!(error.request_id(), Some("last"));
    assert_eq!(error.attempts() as usize, server.requests());
    let text = error.to_string();
    let Error::NotReady(error) = error else {
        panic!("{error:?}")
    };
    assert_eq!(error.asks() as usize, server.requests());
    assert_eq!(error.waited(), waited);
    assert_eq!(
        error.webhook(),
        Some("TRANSACTIONS/RECURRING_TRANSACTIONS_UPDATE")
    );
    assert!(matches!(error.last_error(), Some(Error::Api(_))));
    for part in [
        "transactionsRecurringGet",
        "ITEM_ERROR/PRODUCT_NOT_READY",
        "request last",
    ] {
        assert!(text.contains(part), "{text}");
    }

    // Nothing is used up: the same call goes on where the wait ended.
    server.steps.lock().unwrap().clear();
    server.steps.lock().unwrap().push_back(ready());
    call.wait_until_ready().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_a_point_in_time() {
    let server = Server::new([not_ready("1")]);
    let wait = recurring(&server).wait_until_ready();
    let error = wait.deadline(Instant::now() + secs(10)).await.unwrap_err();
    assert!(matches!(error, Error::NotReady(_)));
    assert!(server.started.elapsed() <= secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_failure_for_good_ends_the_wait_at_once() {
    for (error_type, error_code) in [
        ("ASSET_REPORT_ERROR", "ASSET_REPORT_GENERATION_FAILED"),
        ("ASSET_REPORT_ERROR", "DATA_QUALITY_CHECK_FAILED"),
        ("CONSUMER_REPORT_ERROR", "CONSUMER_REPORT_EXPIRED"),
        ("ITEM_ERROR", "ITEM_LOGIN_REQUIRED"),
    ] {
        let server = Server::new([not_ready("1"), failed(error_type, error_code)]);
        let error = recurring(&server).wait_until_ready().await.unwrap_err();
        assert!(matches!(error, Error::Api(_)), "{error:?}");
        assert_eq!(error.error_code().unwrap().as_str(), error_code);
        assert_eq!(server.requests(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_trouble_is_waited_out_without_the_client_s_own_retries() {
    let steps = [not_ready("1"), Step::Throttle(30), Step::Break, ready()];
    let server = Server::new(steps);
    recurring(&server).wait_until_ready().await.unwrap();
    let pauses = server.pauses();
    assert_eq!(pauses.len(), 3);
    // What the server asks for is more than the wait would have paused.
    assert_eq!(pauses[1], secs(30));
    // A retry of the client's would have come within half a second.
    assert!(pauses.iter().all(|pause| *pause >= secs(1)), "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn a_trouble_that_does_not_pass_ends_the_wait_after_as_many_attempts_as_a_call() {
    let server = Server::new([not_ready("1"), Step::Break, Step::Break, Step::Break]);
    let error = recurring(&server).wait_until_ready().await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
    assert_eq!(server.requests(), 4);

    let server = Server::new([not_ready("1"), Step::Break]);
    let call = recurring(&server).retry(RetryPolicy::none());
    call.wait_until_ready().await.unwrap_err();
    assert_eq!(server.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_the_server_asks_for_beyond_the_end_is_not_begun() {
    let server = Server::new([Step::Throttle(3600)]);
    let error = recurring(&server).wait_until_ready().await.unwrap_err();
    assert!(matches!(error, Error::NotReady(_)), "{error:?}");
    assert_eq!(error.action(), Action::RetryWithBackoff);
    assert_eq!(server.started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_does_not_stretch_the_wait() {
    let server = Server::new([not_ready("1"), Step::Hang]);
    let wait = recurring(&server).wait_until_ready().timeout(secs(20));
    let error = wait.await.unwrap_err();
    assert_eq!(server.started.elapsed(), secs(20));
    let Error::NotReady(error) = error else {
        panic!("{error:?}")
    };
    assert!(matches!(error.last_error(), Some(Error::Timeout(_))));
    assert_eq!(error.asks(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_wait_is_no_trouble_of_the_server_s() {
    let server = Server::new([not_ready("1"), Step::Hang]);
    let call = recurring(&server).retry(RetryPolicy::none());
    let wait = call.wait_until_ready().timeout(secs(20));
    let error = wait.await.unwrap_err();
    assert!(matches!(error, Error::NotReady(_)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_the_call_is_that_of_the_wait_too() {
    let server = Server::new([not_ready("1")]);
    let call = recurring(&server).deadline(Instant::now() + secs(10));
    let error = call.wait_until_ready().await.unwrap_err();
    assert!(matches!(error, Error::NotReady(_)), "{error:?}");
    assert!(server.started.elapsed() <= secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_may_have_happened_is_not_sent_again() {
    let server = Server::new([not_ready("1"), Step::Break]);
    let client = server.client();
    let amount: plaid::Decimal = "12.5".parse().unwrap();
    let call = client
        .signal()
        .evaluate("access-sandbox-1", "account", "id", amount);
    let error = call.wait_until_ready().await.unwrap_err();
    assert_eq!(error.action(), Action::CheckBeforeRetry);
    assert_eq!(server.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_before_each_pause_and_in_order() {
    let steps = [not_ready("1"), Step::Break, not_ready("3"), ready()];
    let server = Server::new(steps);
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = told.clone();
    let wait = recurring(&server)
        .wait_until_ready()
        .progress(move |progress| {
            let code = progress.error_code().map(ToString::to_string);
            let request_id = progress.request_id().map(str::to_owned);
            let times = (progress.elapsed(), progress.next_pause());
            seen.lock()
                .unwrap()
                .push((progress.asks(), code, request_id, times));
        });
    wait.await.unwrap();

    let told = told.lock().unwrap();
    let asked = server.asked();
    let expected = [Some("1"), None, Some("3")];
    assert_eq!(told.len(), expected.len());
    for (index, (asks, code, request_id, (elapsed, pause))) in told.iter().enumerate() {
        assert_eq!(*asks as usize, index + 1);
        assert_eq!(request_id.as_deref(), expected[index]);
        assert_eq!(
            code.as_deref(),
            expected[index].and(Some("PRODUCT_NOT_READY"))
        );
        assert_eq!(*elapsed, asked[index]);
        assert_eq!(*elapsed + *pause, asked[index + 1]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_dropped_asks_no_more_and_leaves_no_task() {
    for first in [not_ready("1"), Step::Hang] {
        let server = Server::new([first, ready()]);
        let wait = recurring(&server).wait_until_ready().send();
        let dropped = tokio::time::timeout(Duration::from_millis(500), wait).await;
        assert!(dropped.is_err());
        assert_eq!(server.requests(), 1);
        tokio::time::sleep(secs(3600)).await;
        assert_eq!(server.requests(), 1);
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sync_that_is_not_ready_is_told_apart_from_an_empty_one() {
    let server = Server::new([
        sync_page("NOT_READY"),
        sync_page("NOT_READY"),
        sync_page("INITIAL_UPDATE_COMPLETE"),
    ]);
    let client = server.client();
    let page = client.transactions().sync("access-sandbox-1");
    let page = page.wait_until_ready().await.unwrap();
    assert_eq!(server.requests(), 3);
    assert!(page.added.is_empty());
    assert_eq!(page.next_cursor, "next");
    let status = TransactionsUpdateStatus::InitialUpdateComplete;
    assert_eq!(page.transactions_update_status, status);

    let server = Server::new([sync_page("HISTORICAL_UPDATE_COMPLETE")]);
    let client = server.client();
    let page = client.processor().transactions_sync("processor-sandbox-1");
    assert!(page.wait_until_ready().await.unwrap().added.is_empty());
    assert_eq!(server.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_sync_that_never_becomes_ready_ends_with_the_request_to_ask_about() {
    let server = Server::new([sync_page("NOT_READY")]);
    let client = server.client();
    let wait = client
        .transactions()
        .sync("access-sandbox-1")
        .wait_until_ready();
    let error = wait.await.unwrap_err();
    assert_eq!(error.request_id(), Some("NOT_READY"));
    assert_eq!(error.error_code(), None);
    assert!(error.may_have_reached_plaid());
    let Error::NotReady(error) = error else {
        panic!("{error:?}")
    };
    assert!(error.last_error().is_none());
    assert_eq!(error.webhook(), Some("TRANSACTIONS/SYNC_UPDATES_AVAILABLE"));
    assert_eq!(server.started.elapsed(), secs(299));
}

/// A report that is not ready when it is first asked for.
async fn report_in_the_making(bench: &Bench) -> AssetReportCreateResponse {
    let token = bench.item(&["assets"]).await;
    let create = bench.plaid.assets().report_create(30);
    create.access_tokens([token]).await.unwrap().into_inner()
}

#[tokio::test]
async fn an_asset_report_is_waited_for() {
    let bench = Bench::start().await;
    let created = report_in_the_making(&bench).await;
    // A trouble on top of the report not being ready when it is first asked for.
    bench.sandbox.fail_next("/asset_report/get", Fault::Drop);
    let get = bench.plaid.assets().report_get();
    let get = get.asset_report_token(created.asset_report_token.clone());
    let report = get.wait_until_ready().base(Duration::ZERO).await.unwrap();
    assert_eq!(report.report.asset_report_id, created.asset_report_id);
    assert_eq!(bench.requests_of("/asset_report/get"), 3);
}

#[tokio::test]
async fn the_pdf_of_a_report_is_waited_for() {
    let bench = Bench::start().await;
    let created = report_in_the_making(&bench).await;
    let get = bench
        .plaid
        .assets()
        .report_pdf_get(created.asset_report_token);
    let pdf = get.wait_until_ready().base(Duration::ZERO).await.unwrap();
    assert!(pdf.starts_with(b"%PDF"));
    assert_eq!(bench.requests_of("/asset_report/pdf/get"), 2);
}

#[tokio::test]
async fn a_report_is_waited_for_and_then_streamed() {
    let bench = Bench::start().await;
    let created = report_in_the_making(&bench).await;
    let get = bench
        .plaid
        .assets()
        .report_pdf_get(created.asset_report_token);
    let wait = get.wait_until_ready().base(Duration::ZERO);
    let mut download = wait.download().await.unwrap();
    let part = download.next().await.unwrap().unwrap();
    assert!(part.starts_with(b"%PDF"));
    assert_eq!(bench.requests_of("/asset_report/pdf/get"), 2);
}

#[tokio::test]
async fn transactions_that_are_not_there_yet_are_waited_for() {
    let bench = Bench::start().await;
    let token = bench.item(&["transactions"]).await;
    for _ in 0..4 {
        let not_yet = Fault::Error {
            error_type: "ITEM_ERROR".to_owned(),
            error_code: "PRODUCT_NOT_READY".to_owned(),
            status: 400,
        };
        bench.sandbox.fail_next("/transactions/get", not_yet);
    }
    let (from, to) = ("2026-01-01".parse().unwrap(), "2026-01-31".parse().unwrap());
    let get = bench.plaid.transactions().get(&token, from, to);
    let page = get.wait_until_ready().base(Duration::ZERO).await.unwrap();
    assert_eq!(page.accounts.len(), 12);
    // More often than a call is tried again, and no more often than asked.
    assert_eq!(bench.requests_of("/transactions/get"), 5);
}

#[tokio::test]
async fn a_report_token_that_does_not_exist_is_not_waited_for() {
    let bench = Bench::start().await;
    let get = bench.plaid.assets().report_get();
    let get = get.asset_report_token("assets-sandbox-00000000-0000-4000-8000-000000000000");
    let error = get.wait_until_ready().await.unwrap_err();
    assert!(matches!(error, Error::Api(_)), "{error:?}");
    assert_eq!(bench.requests_of("/asset_report/get"), 1);
}
