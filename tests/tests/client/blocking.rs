//! Calls from programs without a runtime.

use std::thread;
use std::time::Duration;

use crate::support::loopback::Loopback;
use futures_util::stream;
use plaid::blocking;
use plaid::products::beacon::BeaconReportList;
use plaid::products::items::ItemRemove;
use plaid::testing::{Mock, Reply};
use plaid::{Client, Error};

const TOKEN: &str = "access-sandbox-8ab976e6-64bc-4b38-98f7-731e7a349970";
const REMOVED: &str = r#"{"request_id":"HNTDNrA8F1shFEW"}"#;

fn client(server: &Loopback) -> Client {
    Client::sandbox_at(server.url(), "a-client-id", "a-secret").unwrap()
}

/// Answers so many requests and tells by which connections they came. The server is
/// handed back, since it ends when it is dropped.
fn answer(mut server: Loopback, requests: usize) -> thread::JoinHandle<(Vec<usize>, Loopback)> {
    thread::spawn(move || {
        let connections = (0..requests).map(|_| {
            let asked = server.next_blocking();
            let connection = asked.connection;
            asked.answer(200, "", REMOVED);
            connection
        });
        (connections.collect(), server)
    })
}

#[test]
fn calls_one_after_the_other_share_a_connection() {
    let server = Loopback::start();
    let plaid = client(&server);
    let server = answer(server, 5);
    for _ in 0..5 {
        let answer = plaid.items().remove(TOKEN).send_blocking().unwrap();
        assert_eq!(answer.request_id(), "HNTDNrA8F1shFEW");
    }
    assert_eq!(server.join().unwrap().0, [1; 5]);
}

#[test]
fn threads_call_side_by_side() {
    let mut server = Loopback::start();
    let plaid = client(&server);
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let plaid = plaid.clone();
            thread::spawn(move || plaid.items().remove(TOKEN).send_blocking().unwrap())
        })
        .collect();
    // All of them are under way before the first is answered.
    let asked: Vec<_> = (0..8).map(|_| server.next_blocking()).collect();
    for asked in asked.into_iter().rev() {
        asked.answer(200, "", REMOVED);
    }
    for caller in callers {
        assert_eq!(caller.join().unwrap().attempts(), 1);
    }
}

#[test]
fn time_limits_and_errors_are_as_in_async_calls() {
    let mock = Mock::new();
    mock.on::<ItemRemove>()
        .reply(Reply::silence())
        .times(1)
        .reply(Reply::error("ITEM_ERROR", "ITEM_NOT_FOUND"));
    let plaid = mock.client().unwrap();
    let limit = Duration::from_millis(5);
    let slow = plaid.items().remove(TOKEN).timeout(limit).send_blocking();
    assert!(matches!(slow, Err(Error::Timeout(_))), "{slow:?}");
    let error = plaid.items().remove(TOKEN).send_blocking().unwrap_err();
    assert_eq!(error.error_code(), Some(&plaid::ErrorCode::ItemNotFound));
}

#[test]
fn streams_are_gone_through_item_by_item() {
    let server = Loopback::start();
    let plaid = client(&server);
    let server = answer(server, 3);
    let calls = stream::unfold(0, move |number| {
        let plaid = plaid.clone();
        async move {
            let answer = plaid.items().remove(TOKEN).await;
            Some((answer, number + 1))
        }
    });
    // The iterator must not ask for more than is taken from it.
    let answers: Vec<_> = blocking::iter(calls).take(3).map(Result::unwrap).collect();
    assert_eq!(answers.len(), 3);
    let (connections, mut server) = server.join().unwrap();
    assert_eq!(connections, [1; 3]);
    assert!(server.is_idle());
    let mut empty = blocking::iter(stream::empty::<plaid::Result<()>>());
    assert!(empty.next().is_none() && empty.next().is_none());
}

#[test]
fn the_pages_of_a_list_are_gone_through_row_by_row() {
    let mock = Mock::new();
    for (cursor, next) in [(None, Some("c1")), (Some("c1"), None)] {
        mock.on::<BeaconReportList>()
            .when_asked(move |asked| asked.json()["cursor"].as_str() == cursor)
            .reply(Reply::json(serde_json::json!({
                "beacon_reports": [], "next_cursor": next, "request_id": "HNTDNrA8F1shFEW",
            })))
            .times(1);
    }
    let plaid = mock.client().unwrap();
    let rows = blocking::iter(plaid.beacon().report_list("becusr_1").stream());
    assert_eq!(rows.map(Result::unwrap).count(), 0);
    mock.verify().unwrap();
}

#[tokio::test]
async fn inside_of_a_runtime_it_is_refused_and_not_a_panic() {
    let mock = Mock::new();
    let plaid = mock.client().unwrap();
    let error = plaid.items().remove(TOKEN).send_blocking().unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error}");
    assert!(error.to_string().contains("await it"), "{error}");
    let mut items = blocking::iter(stream::iter([plaid::Result::Ok(1)]));
    assert!(matches!(items.next(), Some(Err(Error::Config(_)))));
    assert!(items.next().is_none());
    assert!(mock.requests().is_empty());
}
