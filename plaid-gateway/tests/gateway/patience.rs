//! How long the gateway waits for callers, and what it holds for them meanwhile: over
//! HTTP/2, where bytes come without anything going on, behind pipelined requests, at the
//! limit of connections, and when it stops.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::support::{Echo, OK, PATIENCE, Running, config, read_to_end, until};
use bytes::Bytes;
use h2::client::SendRequest;
use plaid_gateway::{Config, Gateway};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const SHORT: Duration = Duration::from_millis(100);

/// A connection of HTTP/2 whose caller answers every ping, sends pings of its own, and
/// grants each answer so many bytes. Ready when the gateway has closed it.
async fn http2(running: &Running, window: u32) -> (SendRequest<Bytes>, JoinHandle<()>) {
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(window);
    let stream = running.connect().await;
    let (send, mut connection) = builder.handshake::<_, Bytes>(stream).await.unwrap();
    let mut pings = connection.ping_pong().unwrap();
    let alive = async move {
        while pings.ping(h2::Ping::opaque()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let task = tokio::spawn(async move {
        tokio::join!(connection, alive).0.ok();
    });
    (send, task)
}

/// Makes a call, and returns the head of its answer with what takes the body.
async fn ask(send: &SendRequest<Bytes>) -> Result<http::Response<h2::RecvStream>, h2::Error> {
    let request = http::Request::post("http://localhost/accounts/get")
        .header("content-type", "application/json")
        .body(())
        .unwrap();
    let (answer, mut body) = send.clone().ready().await?.send_request(request, false)?;
    body.send_data(Bytes::from_static(b"{}"), true)?;
    answer.await
}

async fn ended(task: JoinHandle<()>) {
    let ended = tokio::time::timeout(PATIENCE, task).await;
    ended.expect("the connection stays open").unwrap();
}

fn is_empty(running: &Running) -> bool {
    let metrics = running.gateway.metrics();
    metrics.contains("plaid_gateway_connections 0")
        && metrics.contains("plaid_gateway_calls_in_flight 0")
}

#[tokio::test]
async fn a_caller_that_answers_pings_and_takes_nothing_is_hung_up_on() {
    let mut large = b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n".to_vec();
    large.resize(large.len() + 10_000_000, b' ');
    let echo = Echo::answering_first(large).await;
    let mut config = config(&echo.url());
    config.timeouts.stall = SHORT;
    let running = Running::start(config).await;
    let (send, task) = http2(&running, 1000).await;
    let untaken = ask(&send).await.unwrap();
    assert_eq!(untaken.status(), 200);
    // That it takes other answers all the while does not help it.
    let busy = async {
        while let Ok(answer) = ask(&send).await {
            assert_eq!(answer.status(), 200);
        }
    };
    tokio::time::timeout(PATIENCE, busy)
        .await
        .expect("the connection stays open");
    ended(task).await;
    until(|| is_empty(&running)).await;
    assert!(running.still_serves().await);
}

#[tokio::test]
async fn an_answer_of_which_not_the_first_byte_is_taken_does_not_stay_for_ever() {
    let echo = Echo::start().await;
    let mut config = config(&echo.url());
    config.timeouts.stall = SHORT;
    let running = Running::start(config).await;
    let (send, task) = http2(&running, 0).await;
    let answers: Vec<_> = (0..10).map(|_| ask(&send)).collect();
    // Dropped, they would be cancelled.
    let answers = futures_util::future::join_all(answers).await;
    assert!(answers.iter().all(|a| a.as_ref().unwrap().status() == 200));
    ended(task).await;
    until(|| is_empty(&running)).await;
}

#[tokio::test]
async fn a_caller_that_does_nothing_but_answer_pings_is_hung_up_on() {
    let echo = Echo::start().await;
    let mut config = config(&echo.url());
    config.timeouts.idle = SHORT;
    let running = Running::start(config).await;
    let (unused, first) = http2(&running, 1000).await;
    let (used, second) = http2(&running, 1000).await;
    assert_eq!(ask(&used).await.unwrap().status(), 200);
    ended(first).await;
    ended(second).await;
    drop((unused, used));
    until(|| is_empty(&running)).await;
}

/// An upstream that holds every request until it is let go.
struct Gate {
    listener: TcpListener,
}

impl Gate {
    async fn start() -> (Self, Config) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = config(&format!("http://{}", listener.local_addr().unwrap()));
        (Self { listener }, config)
    }

    /// The connection of the next call, when its request is there.
    async fn held(&self) -> TcpStream {
        let accepted = tokio::time::timeout(PATIENCE, self.listener.accept()).await;
        let (mut stream, _) = accepted.expect("no call arrives").unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        stream
    }
}

const CALL: &str = "POST /accounts/get HTTP/1.1\r\nhost: localhost\r\n\
                    content-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
const HALF_A_HEAD: &str = "POST /accounts/get HTTP/1.1\r\nhost: loc";

#[tokio::test]
async fn half_a_head_behind_a_call_has_time_until_the_call_is_answered() {
    let (gate, mut config) = Gate::start().await;
    config.timeouts.headers = SHORT;
    let running = Running::start(config).await;
    let mut stream = running.connect().await;
    let both = format!("{CALL}{HALF_A_HEAD}");
    stream.write_all(both.as_bytes()).await.unwrap();
    let mut held = gate.held().await;
    // One that comes later and stands alone has run out of its time.
    assert_eq!(running.raw(HALF_A_HEAD.as_bytes()).await, "");
    held.write_all(OK.as_bytes()).await.unwrap();
    let got = read_to_end(&mut stream).await;
    assert!(got.starts_with("HTTP/1.1 200 OK"), "{got}");
    assert_eq!(got.matches("HTTP/1.1").count(), 1, "{got}");
}

#[tokio::test]
async fn bodies_take_room_as_they_come_and_not_as_they_are_announced() {
    let echo = Echo::start().await;
    let mut config = config(&echo.url());
    config.limits.body = 10_000;
    config.limits.bodies = 10_000;
    let running = Running::start(config).await;
    let head = "POST /accounts/get HTTP/1.1\r\nhost: localhost\r\n\
                content-type: application/json\r\ncontent-length: 9000\r\n\r\n";
    let mut announced = Vec::new();
    for _ in 0..5 {
        let mut stream = running.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        announced.push(stream);
    }
    // A body that comes in pieces has room.
    let mut stream = running.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let body = format!("{{{}}}", " ".repeat(8_998));
    for piece in body.as_bytes().chunks(1_000) {
        stream.write_all(piece).await.unwrap();
    }
    let mut got = [0; 12];
    stream.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"HTTP/1.1 200");

    // Of two that together are too much, and do not end, one is refused.
    let mut two = [running.connect().await, running.connect().await];
    for stream in &mut two {
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body.as_bytes()[..6_000]).await.unwrap();
    }
    let [first, second] = &mut two;
    let refused = async {
        tokio::select! {
            read = first.readable() => read,
            read = second.readable() => read,
        }
    };
    let refused = tokio::time::timeout(PATIENCE, refused).await;
    refused.expect("both are held").unwrap();
    let refusals = running.gateway.metrics();
    assert!(
        refusals.contains("plaid_gateway_refusals_total{reason=\"busy\"} 1"),
        "{refusals}"
    );
    assert_eq!(echo.got().len(), 1);
    drop((announced, two));
    assert!(running.still_serves().await);
}

/// A gateway with threads of its own.
struct Threads {
    running: Running,
    stop: Option<oneshot::Sender<Infallible>>,
}

impl Threads {
    async fn start(config: Config) -> Self {
        let gateway = Gateway::new(config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = gateway.clone();
        let task = tokio::spawn(async move {
            let two = NonZeroUsize::new(2).unwrap();
            let stopped = async { drop(stopped.await) };
            served.serve_on_threads(listener, two, stopped).await
        });
        Self {
            running: Running::with(gateway, address, task),
            stop: Some(stop),
        }
    }

    /// Asks it to stop and waits until it has.
    async fn stopped(mut self) {
        self.stop = None;
        let task = tokio::time::timeout(PATIENCE, self.running.task);
        task.await.expect("it does not stop").unwrap().unwrap();
    }
}

#[tokio::test]
async fn threads_answer_calls_and_end_those_under_way_before_they_stop() {
    let (gate, config) = Gate::start().await;
    let threads = Threads::start(config).await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        let mut stream = threads.running.connect().await;
        stream.write_all(CALL.as_bytes()).await.unwrap();
        let held = gate.held().await;
        streams.push((stream, held));
    }
    let stopped = tokio::spawn(threads.stopped());
    for (mut stream, mut held) in streams {
        held.write_all(OK.as_bytes()).await.unwrap();
        let got = read_to_end(&mut stream).await;
        assert!(got.starts_with("HTTP/1.1 200 OK"), "{got}");
    }
    stopped.await.unwrap();
}

#[tokio::test]
async fn threads_stop_at_the_limit_of_connections_too() {
    let (gate, mut config) = Gate::start().await;
    config.limits.connections = 2;
    config.timeouts.shutdown = SHORT;
    let threads = Threads::start(config).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = threads.running.connect().await;
        stream.write_all(CALL.as_bytes()).await.unwrap();
        held.push((stream, gate.held().await));
    }
    // These wait for their turn.
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let mut stream = threads.running.connect().await;
        stream.write_all(CALL.as_bytes()).await.unwrap();
        waiting.push(stream);
    }
    let metrics = threads.running.gateway.metrics();
    assert!(metrics.contains("plaid_gateway_connections 2"), "{metrics}");
    threads.stopped().await;
    for (mut stream, _) in held {
        assert_eq!(read_to_end(&mut stream).await, "");
    }
}

#[tokio::test]
async fn a_connection_that_waits_at_the_limit_is_served_when_there_is_room() {
    let (gate, mut config) = Gate::start().await;
    config.limits.connections = 1;
    let running = Running::start(config).await;
    let mut first = running.connect().await;
    let call = CALL.replace("content-length", "connection: close\r\ncontent-length");
    first.write_all(call.as_bytes()).await.unwrap();
    let mut held = gate.held().await;
    let mut second = running.connect().await;
    second.write_all(call.as_bytes()).await.unwrap();
    let answer = OK.replace("content-length", "connection: close\r\ncontent-length");
    held.write_all(answer.as_bytes()).await.unwrap();
    assert!(read_to_end(&mut first).await.starts_with("HTTP/1.1 200 OK"));
    let mut held = gate.held().await;
    held.write_all(answer.as_bytes()).await.unwrap();
    assert!(
        read_to_end(&mut second)
            .await
            .starts_with("HTTP/1.1 200 OK")
    );
}
