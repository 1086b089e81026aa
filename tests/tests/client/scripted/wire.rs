//! Real sockets, and servers that misbehave.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use plaid::{Client, Error, RetryPolicy};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use wiremock::matchers::{any, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::scripted::support::*;

#[tokio::test]
async fn a_limit_and_then_an_answer() {
    let server = MockServer::start().await;
    let limit =
        serde_json::json!({"error_type": "RATE_LIMIT_EXCEEDED", "error_code": "RATE_LIMIT"});
    Mock::given(method("POST"))
        .and(path("/look"))
        .and(header("plaid-client-id", CLIENT_ID))
        .respond_with(ResponseTemplate::new(429).set_body_json(limit))
        .up_to_n_times(1)
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(path("/look"))
        .respond_with(ResponseTemplate::new(200).set_body_string(r#"{"value":7}"#))
        .expect(1)
        .mount(&server)
        .await;
    let response = look(&client_at(&server.uri())).await.unwrap();
    assert_eq!((response.value, response.attempts()), (7, 2));
    let requests = server.received_requests().await.unwrap();
    assert!(
        requests
            .iter()
            .all(|request| !request.headers.contains_key("api-version"))
    );
}

#[tokio::test]
async fn an_error_page_is_asked_for_three_times() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(502).set_body_raw("<html>", "text/html"))
        .expect(3)
        .mount(&server)
        .await;
    let error = look(&client_at(&server.uri())).await.unwrap_err();
    assert!(matches!(error, Error::UnexpectedBody(_)));
    assert_eq!(
        (error.status().unwrap().as_u16(), error.attempts()),
        (502, 3)
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_string(r#"{"value":1}"#))
        .expect(0)
        .mount(&elsewhere)
        .await;
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(307).insert_header("location", elsewhere.uri()))
        .expect(1)
        .mount(&server)
        .await;
    let error = look(&client_at(&server.uri())).await.unwrap_err();
    assert!(matches!(error, Error::UnexpectedBody(_)));
    assert!(
        error
            .to_string()
            .starts_with("look: HTTP 307, a redirect, which is never followed")
    );
}

#[tokio::test]
async fn a_callers_client_that_follows_redirects_is_found_out() {
    let server = MockServer::start().await;
    Mock::given(path("/look"))
        .respond_with(ResponseTemplate::new(307).insert_header("location", "/elsewhere"))
        .mount(&server)
        .await;
    Mock::given(path("/elsewhere"))
        .respond_with(ResponseTemplate::new(200).set_body_string(r#"{"value":1}"#))
        .mount(&server)
        .await;
    let client = Client::builder()
        .base_url(server.uri())
        .credentials(CLIENT_ID, SECRET)
        .retry(RetryPolicy::none())
        .http_client(crate::http::client())
        .build()
        .unwrap();
    let error = look(&client).await.unwrap_err();
    assert!(
        error.to_string().contains("a redirect was followed"),
        "{error}"
    );
}

#[tokio::test]
async fn half_a_body_is_no_answer() {
    let url = server_of("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"value\":").await;
    let error = look(&client_at(&url)).await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error}");
    assert_eq!(error.attempts(), 3);
    let error = transfer(&client_at(&url)).await.unwrap_err();
    assert_eq!(error.attempts(), 1);
    assert!(error.may_have_reached_plaid());
}

#[tokio::test]
async fn a_dropped_connection_may_have_carried_the_request() {
    let url = server_of("").await;
    let error = transfer(&client_at(&url)).await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error}");
    assert!(error.may_have_reached_plaid());
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn a_closed_port_is_certain() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = transfer(&client_at(&url)).await.unwrap_err();
    assert!(matches!(error, Error::Connect(_)), "{error}");
    assert!(!error.may_have_reached_plaid());
    assert_eq!(error.attempts(), 3);
    assert!(
        error
            .to_string()
            .contains("could not connect: Connection refused"),
        "{error}"
    );
    assert!(std::error::Error::source(&error).is_some());
    assert!(!printed(&error).contains("/move"), "{}", printed(&error));
}

fn small(url: &str) -> Client {
    Client::builder()
        .base_url(url)
        .credentials(CLIENT_ID, SECRET)
        .max_body(20)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_body_that_is_announced_too_long_is_not_read() {
    let url = server_of("HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n").await;
    let error = look(&small(&url)).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge(_)), "{error}");
    assert!(error.to_string().contains("more than 20 bytes"));
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn the_limit_itself_is_allowed() {
    let url =
        server_of("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"value\":         7}").await;
    assert_eq!(look(&small(&url)).await.unwrap().value, 7);
}

/// 100 MB without a length, of which the client reads no more than it has to.
#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = sent.clone();
    let url = server(move |mut stream| {
        let counter = counter.clone();
        async move {
            read_request(&mut stream).await;
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head).await.unwrap();
            let mut chunk = b"100000\r\n".to_vec();
            chunk.resize(chunk.len() + 0x10_0000, b' ');
            chunk.extend_from_slice(b"\r\n");
            for _ in 0..100 {
                if stream.write_all(&chunk).await.is_err() {
                    return;
                }
                counter.fetch_add(0x10_0000, Ordering::Relaxed);
            }
        }
    })
    .await;
    let error = look(&client_at(&url)).await.unwrap_err();
    let Error::TooLarge(too_large) = &error else {
        panic!("{error}")
    };
    assert_eq!(too_large.limit(), 64 * 1024 * 1024);
    assert!(sent.load(Ordering::Relaxed) < 100 * 0x10_0000);
}
