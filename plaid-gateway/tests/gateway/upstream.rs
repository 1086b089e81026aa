//! The connections to the upstream: kept for the next call as long as they are sound,
//! and never the reason that a call is made twice or gets the answer of another.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::tls::Tls;
use crate::support::{OK, PATIENCE, Running, client, config, until};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Barrier;

/// An upstream that counts.
struct Counting {
    url: String,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    /// Its connections that were closed, by whomever.
    closed: Arc<AtomicUsize>,
}

/// What an upstream does with a request.
#[derive(Clone, Copy)]
enum Then {
    Answer(&'static str),
    AnswerAndClose(&'static str),
    Close,
}

impl Counting {
    /// `then` decides by the number of the request on its connection.
    async fn start(then: impl Fn(usize) -> Then + Copy + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let counting = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            connections: Arc::default(),
            requests: Arc::default(),
            closed: Arc::default(),
        };
        let connections = Arc::clone(&counting.connections);
        let (requests, closed) = (Arc::clone(&counting.requests), Arc::clone(&counting.closed));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.fetch_add(1, Ordering::SeqCst);
                let (requests, closed) = (Arc::clone(&requests), Arc::clone(&closed));
                tokio::spawn(async move {
                    converse(stream, &requests, then).await;
                    closed.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        counting
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn converse(mut stream: TcpStream, requests: &AtomicUsize, then: impl Fn(usize) -> Then) {
    let mut buffer = [0; 8192];
    let mut number = 0;
    // The requests of these tests come in one piece.
    while let Ok(1..) = stream.read(&mut buffer).await {
        number += 1;
        requests.fetch_add(1, Ordering::SeqCst);
        let (answer, is_last) = match then(number) {
            Then::Answer(answer) => (answer, false),
            Then::AnswerAndClose(answer) => (answer, true),
            Then::Close => ("", true),
        };
        let _ = stream.write_all(answer.as_bytes()).await;
        if is_last {
            return;
        }
    }
}

async fn call(running: &Running) -> (u16, Value) {
    let body = json!({ "access_token": "a" });
    let call = client()
        .post(running.url("/accounts/get"))
        .json(&body)
        .send();
    let answer = tokio::time::timeout(PATIENCE, call).await.unwrap().unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn calls_one_after_another_share_a_connection() {
    let upstream = Counting::start(|_| Then::Answer(OK)).await;
    let running = Running::start(config(&upstream.url)).await;
    for _ in 0..20 {
        assert_eq!(call(&running).await.0, 200);
    }
    assert_eq!((upstream.connections(), upstream.requests()), (1, 20));
}

#[tokio::test]
async fn chunked_and_empty_answers_leave_the_connection_for_the_next_call() {
    let upstream = Counting::start(|number| {
        Then::Answer(match number % 3 {
            0 => "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            1 => {
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
            }
            _ => "HTTP/1.1 204 No Content\r\n\r\n",
        })
    })
    .await;
    let running = Running::start(config(&upstream.url)).await;
    for _ in 0..9 {
        let call = client().post(running.url("/accounts/get")).json(&json!({}));
        let answer = call.send().await.unwrap();
        assert!(answer.status().is_success());
        assert!(["", "{}"].contains(&answer.text().await.unwrap().as_str()));
    }
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_was_closed_in_silence_costs_no_call() {
    let upstream = Counting::start(|_| Then::AnswerAndClose(OK)).await;
    let running = Running::start(config(&upstream.url)).await;
    for number in 1..=20 {
        assert_eq!(call(&running).await.0, 200);
        // The end of the connection is on its way before the next call begins.
        until(|| upstream.closed.load(Ordering::SeqCst) == number).await;
    }
    assert_eq!((upstream.connections(), upstream.requests()), (20, 20));
}

#[tokio::test]
async fn a_call_that_was_sent_and_not_answered_is_not_made_again() {
    let upstream = Counting::start(|number| match number {
        1 => Then::Answer(OK),
        _ => Then::Close,
    })
    .await;
    let running = Running::start(config(&upstream.url)).await;
    assert_eq!(call(&running).await.0, 200);
    let (status, body) = call(&running).await;
    assert_eq!(status, 502);
    let message = body["error_message"].as_str().unwrap();
    assert!(message.contains("check whether it happened"), "{message}");
    assert_eq!((upstream.connections(), upstream.requests()), (1, 2));
    // And the next is served, over a connection that is sound.
    assert_eq!(call(&running).await.0, 200);
}

#[tokio::test]
async fn what_an_upstream_says_beyond_its_answer_is_nobodys_answer() {
    const MORE: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                        content-length: 2\r\n\r\n{}\
                        HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"of\":\"other\"}";
    let upstream = Counting::start(|_| Then::Answer(MORE)).await;
    let running = Running::start(config(&upstream.url)).await;
    for _ in 0..10 {
        assert_eq!(call(&running).await, (200, json!({})));
    }
    assert_eq!(upstream.connections(), 10);
}

#[tokio::test]
async fn an_upstream_that_asks_for_it_gets_its_connection_closed() {
    const LAST: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                        connection: close\r\ncontent-length: 2\r\n\r\n{}";
    let upstream = Counting::start(|_| Then::Answer(LAST)).await;
    let running = Running::start(config(&upstream.url)).await;
    for _ in 0..3 {
        assert_eq!(call(&running).await.0, 200);
    }
    until(|| upstream.closed.load(Ordering::SeqCst) == 3).await;
    assert_eq!(upstream.connections(), 3);
}

#[tokio::test]
async fn connections_that_nobody_uses_are_given_back() {
    let upstream = Counting::start(|_| Then::Answer(OK)).await;
    let running = Running::start(config(&upstream.url)).await;
    assert_eq!(call(&running).await.0, 200);
    assert_eq!(upstream.closed.load(Ordering::SeqCst), 0);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(60)).await;
    tokio::time::resume();
    until(|| upstream.closed.load(Ordering::SeqCst) == 1).await;
}

/// An upstream that takes connections and never says a word, and how many it has taken.
async fn silent() -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    tokio::spawn(async move {
        let mut held = Vec::new();
        loop {
            held.push(listener.accept().await.unwrap());
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    (address, taken)
}

async fn is_unreachable(running: &Running) -> bool {
    let (status, body) = call(running).await;
    let message = body["error_message"].as_str().unwrap();
    status == 502 && message.contains("could not reach Plaid")
}

#[tokio::test]
async fn an_upstream_that_does_not_finish_connecting_is_given_up_in_time() {
    let (address, taken) = silent().await;
    let mut impatient = config(&format!("https://{address}"));
    impatient.timeouts.connect = Duration::from_millis(200);
    let running = Running::start(impatient).await;
    // Not a byte of the call was sent, and that is what the caller is told.
    assert!(is_unreachable(&running).await);
    assert_eq!(taken.load(Ordering::SeqCst), 1, "TLS was not begun");
}

#[tokio::test]
async fn an_upstream_that_takes_no_connection_is_given_up_in_time() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    let mut stuck = 0;
    // The queue is full when the system leaves one attempt after another pending.
    while stuck < 3 {
        let mut attempt = Box::pin(TcpStream::connect(address));
        match tokio::time::timeout(Duration::from_millis(100), &mut attempt).await {
            Ok(taken) => waiting.push(taken.unwrap()),
            Err(_) => stuck += 1,
        }
    }
    let mut impatient = config(&format!("http://{address}"));
    impatient.timeouts.connect = Duration::from_millis(200);
    let running = Running::start(impatient).await;
    assert!(is_unreachable(&running).await);
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_is_refused() {
    let upstream = Tls::start().await;
    let running = Running::start(config(&upstream.url)).await;
    assert!(is_unreachable(&running).await);
    assert_eq!(upstream.requests(), 0);
}

#[tokio::test]
async fn many_calls_at_once_each_get_their_own_answer() {
    const CALLS: usize = 32;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    tokio::spawn(async move {
        // All calls are there before one is answered.
        let all = Arc::new(Barrier::new(CALLS));
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(mirror(stream, Arc::clone(&all)));
        }
    });
    let running = Running::start(config(&url)).await;
    let client = client();
    for round in 0..5 {
        let calls = (0..CALLS).map(async |number| {
            let body = json!({ "access_token": format!("{round}-{number}") });
            let call = client.post(running.url("/accounts/get")).json(&body);
            let answer = call.send().await.unwrap();
            assert_eq!(answer.json::<Value>().await.unwrap(), body);
        });
        let all = futures_util::future::join_all(calls);
        tokio::time::timeout(PATIENCE, all).await.unwrap();
    }
    assert_eq!(opened.load(Ordering::SeqCst), CALLS);
}

/// Answers each request with its own body.
async fn mirror(mut stream: TcpStream, all: Arc<Barrier>) {
    let mut buffer = [0; 8192];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let request = String::from_utf8_lossy(&buffer[..count]).into_owned();
        let body = request.split("\r\n\r\n").nth(1).unwrap();
        all.wait().await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:";
        let answer = format!("{head} {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}
