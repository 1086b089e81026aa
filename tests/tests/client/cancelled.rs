//! Calls that are dropped while they run: no task stays behind, and the connections
//! serve the next call correctly.

use std::sync::Arc;
use std::time::Duration;

use crate::support::loopback::Loopback;
use futures_util::poll;
use plaid::{
    Client, ClientBuilder, HttpTransport, Limit, RateLimits, RetryPolicy, TransportFuture,
};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

const TOKEN: &str = "access-sandbox-8ab976e6-64bc-4b38-98f7-731e7a349970";
const OTHER: &str = "access-sandbox-b7a6a1b1-3f0d-4f0e-9a43-0f1f9c4c7f11";
const REMOVED: &str = r#"{"request_id":"HNTDNrA8F1shFEW"}"#;
const HOURS: Duration = Duration::from_secs(20_000);

fn builder(server: &Loopback) -> ClientBuilder {
    Client::builder()
        .base_url(server.url())
        .credentials("a-client-id", "a-secret")
        .timeout(HOURS)
        .retry(RetryPolicy::new().budget(HOURS))
}

/// The tasks of this test's runtime: all of them are the client's.
fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Makes a call whose answer is the only thing that comes, and tells which
/// connection it went by.
async fn call(plaid: &Client, server: &mut Loopback) -> usize {
    let answered = async {
        let asked = server.next().await;
        assert_eq!(asked.path, "/item/remove");
        let connection = asked.connection;
        asked.answer(200, "", REMOVED);
        connection
    };
    let (answer, connection) = tokio::join!(plaid.items().remove(TOKEN).send(), answered);
    assert_eq!(answer.unwrap().request_id(), "HNTDNrA8F1shFEW");
    connection
}

/// The tasks of a client that has made a call undisturbed: that of its connection,
/// and what else the pool runs.
async fn tasks_at_rest() -> usize {
    let mut server = Loopback::start();
    let plaid = builder(&server).build().unwrap();
    let before = tasks();
    call(&plaid, &mut server).await;
    tasks() - before
}

#[tokio::test]
async fn before_the_headers_came() {
    let mut server = Loopback::start();
    let plaid = builder(&server).build().unwrap();
    let dropped = plaid.accounts().get(TOKEN).send();
    let asked = tokio::select! {
        result = dropped => panic!("{result:?}"),
        asked = server.next() => asked,
    };
    assert_eq!(asked.path, "/accounts/get");
    asked.hung_up().await;
    assert_eq!(tasks(), 0);
    assert_eq!(call(&plaid, &mut server).await, 2);
    // And that connection is kept.
    assert_eq!(call(&plaid, &mut server).await, 2);
    let after = tasks();
    assert_eq!(after, tasks_at_rest().await);
}

/// Tells when the headers of an answer are there.
struct Telling(reqwest::Client, Arc<Notify>);

impl HttpTransport for Telling {
    fn execute(&self, request: reqwest::Request) -> TransportFuture<'_> {
        Box::pin(async move {
            let answer = HttpTransport::execute(&self.0, request).await;
            self.1.notify_one();
            answer
        })
    }
}

#[tokio::test]
async fn while_the_body_came() {
    let mut server = Loopback::start();
    let headers = Arc::new(Notify::new());
    let transport = Telling(crate::http::client(), headers.clone());
    let plaid = builder(&server).transport(transport).build().unwrap();
    let dropped = plaid.accounts().get(TOKEN).send();
    let half = async {
        let asked = server.next().await;
        asked.send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"accounts\":[");
        headers.notified().await;
        asked
    };
    let asked = tokio::select! {
        result = dropped => panic!("{result:?}"),
        asked = half => asked,
    };
    asked.hung_up().await;
    assert_eq!(tasks(), 0);
    assert_eq!(call(&plaid, &mut server).await, 2);
}

/// Tells when the client says that it will try again.
struct Pauses(Arc<Notify>);

impl Subscriber for Pauses {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut Message(&self.0));
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Message<'a>(&'a Notify);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" && format!("{value:?}").starts_with("trying again") {
            self.0.notify_one();
        }
    }
}

#[tokio::test]
async fn in_the_pause_before_it_is_tried_again() {
    let pause = Arc::new(Notify::new());
    let _guard = tracing::subscriber::set_default(Pauses(pause.clone()));
    let mut server = Loopback::start();
    let plaid = builder(&server).build().unwrap();
    let dropped = plaid.accounts().get(TOKEN).send();
    let failed = async {
        server
            .next()
            .await
            .answer(500, "retry-after: 10000\r\n", "{}");
        pause.notified().await;
    };
    tokio::select! {
        result = dropped => panic!("{result:?}"),
        () = failed => {}
    }
    // The connection has gone back, and nothing comes but the next call.
    assert_eq!(call(&plaid, &mut server).await, 1);
    assert!(server.is_idle());
    let after = tasks();
    assert_eq!(after, tasks_at_rest().await);
}

#[tokio::test]
async fn while_a_rate_limit_held_it_back() {
    let mut server = Loopback::start();
    let limits = RateLimits::new()
        .per_item("/item/remove", Limit::new(1, HOURS / 4))
        .per_client("/item/remove", Limit::new(2, HOURS / 4));
    let plaid = builder(&server).rate_limits(limits).build().unwrap();
    assert_eq!(call(&plaid, &mut server).await, 1);
    let before = tasks();
    let mut waiting = Box::pin(plaid.items().remove(TOKEN).send());
    assert!(poll!(&mut waiting).is_pending());
    drop(waiting);
    assert_eq!(tasks(), before);
    // The place for the client was not taken.
    let other = plaid.items().remove(OTHER).send();
    let answered = async {
        let asked = server.next().await;
        assert_eq!(asked.connection, 1);
        asked.answer(200, "", REMOVED);
    };
    let (answer, ()) = tokio::join!(other, answered);
    answer.unwrap();
    assert!(server.is_idle());
}

#[tokio::test]
async fn dropping_the_client_ends_its_connections() {
    let mut server = Loopback::start();
    let plaid = builder(&server).build().unwrap();
    let asked = tokio::select! {
        result = plaid.accounts().get(TOKEN).send() => panic!("{result:?}"),
        asked = server.next() => asked,
    };
    drop(plaid);
    asked.hung_up().await;
    assert_eq!(tasks(), 0);
}
