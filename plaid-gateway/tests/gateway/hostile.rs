//! Requests and upstreams that mean no good, byte by byte: each is refused or bounded,
//! and the next call is served.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Echo, OK, PATIENCE, Running, client, config, read_to_end, until};
use futures_util::future::join_all;
use plaid_gateway::{Config, Timeouts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

const SMUGGLED: &str = "POST /transfer/create HTTP/1.1\r\nhost: localhost\r\n\
                        content-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

/// Long enough for a call on a machine that is busy, and short enough to be waited for.
const SHORT: Duration = Duration::from_millis(500);

/// What is made short. Everything else stays long, so that what a test sees can come of
/// nothing else.
type Shorten = fn(&mut Timeouts);
const HEADERS: Shorten = |timeouts| timeouts.headers = SHORT;
const BODY: Shorten = |timeouts| timeouts.body = SHORT;
const FIRST_BYTE: Shorten = |timeouts| timeouts.first_byte = SHORT;
const ANSWER: Shorten = |timeouts| timeouts.answer = SHORT;
const STALL: Shorten = |timeouts| timeouts.stall = SHORT;
const IDLE: Shorten = |timeouts| timeouts.idle = SHORT;

fn impatient(upstream: &str, shorten: Shorten) -> Config {
    let mut config = config(upstream);
    shorten(&mut config.timeouts);
    config
}

fn post(path: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}\r\n{body}"
    )
}

/// The status of every answer in what came back.
fn statuses(got: &str) -> Vec<&str> {
    let answers = got.split("HTTP/1.1 ").skip(1);
    answers.filter_map(|answer| answer.get(..3)).collect()
}

#[tokio::test]
async fn no_second_request_is_smuggled_in() {
    let echo = Echo::start().await;
    let running = Running::start(config(&echo.url())).await;
    let length = SMUGGLED.len();
    let chunked = format!("{length:x}\r\n{SMUGGLED}\r\n0\r\n\r\n");
    for (what, request) in [
        (
            "two lengths that differ",
            post(
                "/accounts/get",
                &format!("content-length: 2\r\ncontent-length: {length}\r\n"),
                &format!("{{}}{SMUGGLED}"),
            ),
        ),
        (
            "two lengths that are alike",
            post(
                "/accounts/get",
                "content-length: 2\r\ncontent-length: 2\r\n",
                &format!("{{}}{SMUGGLED}"),
            ),
        ),
        (
            "a list of lengths",
            post(
                "/accounts/get",
                "content-length: 2, 2\r\n",
                &format!("{{}}{SMUGGLED}"),
            ),
        ),
        (
            "a length, and chunks",
            post(
                "/accounts/get",
                "content-length: 2\r\ntransfer-encoding: chunked\r\n",
                &format!("0\r\n\r\n{SMUGGLED}"),
            ),
        ),
        (
            "chunks, and a length",
            post(
                "/accounts/get",
                &format!(
                    "transfer-encoding: chunked\r\ncontent-length: {}\r\n",
                    chunked.len()
                ),
                &format!("2\r\n{{}}\r\n0\r\n\r\n{SMUGGLED}"),
            ),
        ),
        (
            "chunks twice",
            post(
                "/accounts/get",
                "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
                &format!("2\r\n{{}}\r\n0\r\n\r\n{SMUGGLED}"),
            ),
        ),
        (
            "another coding",
            post(
                "/accounts/get",
                "transfer-encoding: gzip, chunked\r\n",
                &format!("2\r\n{{}}\r\n0\r\n\r\n{SMUGGLED}"),
            ),
        ),
        (
            "chunks that are not last",
            post(
                "/accounts/get",
                "transfer-encoding: chunked, identity\r\n",
                &format!("2\r\n{{}}\r\n0\r\n\r\n{SMUGGLED}"),
            ),
        ),
        (
            "a coding with odd letters",
            post(
                "/accounts/get",
                "transfer-encoding: \u{b}chunked\r\n",
                &format!("2\r\n{{}}\r\n0\r\n\r\n{SMUGGLED}"),
            ),
        ),
        (
            "a name with a space",
            post(
                "/accounts/get",
                "transfer-encoding : chunked\r\ncontent-length: 2\r\n",
                &format!("{{}}{SMUGGLED}"),
            ),
        ),
        (
            "a folded line",
            post(
                "/accounts/get",
                "x: y\r\n content-length: 50\r\ncontent-length: 2\r\n",
                &format!("{{}}{SMUGGLED}"),
            ),
        ),
        (
            "a bare line feed",
            post(
                "/accounts/get",
                "x: y\ncontent-length: 2\r\n",
                &format!("{{}}{SMUGGLED}"),
            ),
        ),
        (
            "a length with a sign",
            post(
                "/accounts/get",
                "content-length: +2\r\n",
                &format!("{{}}{SMUGGLED}"),
            ),
        ),
        (
            "chunks that are followed by more",
            post(
                "/accounts/get",
                "transfer-encoding: chunked\r\n",
                &format!("2\r\n{{}}\r\n0\r\n\r\n{SMUGGLED}"),
            ),
        ),
        (
            "a chunk with a wrong size",
            post(
                "/accounts/get",
                "transfer-encoding: chunked\r\n",
                &format!("1\r\n{{}}\r\n0\r\n\r\n{SMUGGLED}"),
            ),
        ),
        (
            "a chunk with a huge size",
            post(
                "/accounts/get",
                "transfer-encoding: chunked\r\n",
                &format!("fffffffffffffffff\r\n{{}}\r\n0\r\n\r\n{SMUGGLED}"),
            ),
        ),
        ("HTTP/0.9", format!("GET /healthz\r\n{SMUGGLED}")),
        (
            "HTTP/1.0 with chunks",
            format!(
                "POST /accounts/get HTTP/1.0\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}"
            ),
        ),
    ] {
        let got = running.raw(request.as_bytes()).await;
        assert!(statuses(&got).len() <= 1, "{what}: {got}");
        let reached = echo.got();
        let smuggled = reached
            .iter()
            .filter(|request| request.contains("/transfer/create"));
        assert_eq!(smuggled.count(), 0, "{what}: {reached:?}");
        let is_sound = what == "chunks that are followed by more";
        let refused = statuses(&got).iter().all(|status| *status == "400");
        assert!(refused != is_sound, "{what}: {got}");
    }
    assert!(running.still_serves().await);
}

#[tokio::test]
async fn two_sound_requests_on_one_connection_are_two_calls() {
    let echo = Echo::start().await;
    let running = Running::start(config(&echo.url())).await;
    let first = post("/accounts/get", "content-length: 2\r\n", "{}");
    let last = post(
        "/auth/get",
        "content-length: 2\r\nconnection: close\r\n",
        "{}",
    );
    let got = running.raw(format!("{first}{last}").as_bytes()).await;
    assert_eq!(statuses(&got), ["200", "200"], "{got}");
    assert_eq!(echo.got().len(), 2);
}

#[tokio::test]
async fn targets_that_are_not_plainly_an_operations_path_reach_nothing() {
    let echo = Echo::start().await;
    let running = Running::start(config(&echo.url())).await;
    for target in [
        "http://evil.example/accounts/get",
        "https://localhost/accounts/get",
        "//accounts/get",
        "//evil.example/accounts/get",
        "/./accounts/get",
        "/x/../accounts/get",
        "/accounts/get/..",
        "/accounts%2Fget",
        "/accounts/%67et",
        "/accounts/get%00",
        "/accounts/get%0d%0aplaid-secret:%20x",
        "/accounts/get;x",
        "/accounts/get?a=b",
        "/accounts/get?",
        "/accounts/get#a",
        "/fdx/consents/..",
        "/fdx/consents/%2e%2e",
        "/fdx/consents/a/../../accounts/get",
        "*",
        "localhost:80",
        "/accounts/get HTTP/1.1",
    ] {
        for method in ["POST", "GET", "CONNECT"] {
            let request = format!(
                "{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
            );
            let got = running.raw(request.as_bytes()).await;
            let refused = statuses(&got).iter().all(|s| ["400", "404"].contains(s));
            assert!(refused, "{method} {target}: {got}");
        }
    }
    let reached = echo.got();
    assert!(reached.is_empty(), "{reached:?}");
    assert!(running.still_serves().await);
}

#[tokio::test]
async fn headers_that_contradict_each_other_are_refused() {
    let echo = Echo::start().await;
    let running = Running::start(config(&echo.url())).await;
    let length = "content-length: 2\r\n";
    for headers in [
        "host: evil.example\r\n",
        "content-type: text/plain\r\n",
        "authorization: Bearer a\r\nauthorization: Bearer b\r\n",
        "plaid-secret: a\r\nplaid-secret: b\r\n",
        "content-encoding: gzip\r\n",
        "content-encoding: identity, gzip\r\n",
        "host: localhost\r\n",
        "origin: https://evil.example\r\n",
        "origin: null\r\n",
        "sec-fetch-site: cross-site\r\n",
        "bad header: a\r\n",
        "x: \u{0}\r\n",
    ] {
        let request = post(
            "/accounts/get",
            &format!("connection: close\r\n{headers}{length}"),
            "{}",
        );
        let got = running.raw(request.as_bytes()).await;
        let refused = statuses(&got)
            .iter()
            .all(|s| ["400", "403", "415"].contains(s));
        assert!(refused && !got.contains("200 OK"), "{headers}: {got}");
    }
    let without_host = "POST /accounts/get HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    assert_eq!(
        statuses(&running.raw(without_host.as_bytes()).await),
        ["400"]
    );
    let foreign = post("/accounts/get", length, "{}").replace("localhost", "evil.example");
    let foreign = foreign.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    assert_eq!(statuses(&running.raw(foreign.as_bytes()).await), ["403"]);
    assert!(echo.got().is_empty(), "{:?}", echo.got());
    assert!(running.still_serves().await);
}

#[tokio::test]
async fn no_other_protocol_is_gone_over_to() {
    let echo = Echo::start().await;
    let running = Running::start(config(&echo.url())).await;
    let upgrade = "connection: upgrade, http2-settings\r\nupgrade: h2c\r\n\
                   http2-settings: AAMAAABkAAQAAP__\r\ncontent-length: 2\r\n";
    // What follows is of a protocol that was not agreed on.
    let smuggled = h2(&h2_post("/transfer/create"), b"{}");
    let request = [post("/accounts/get", upgrade, "{}").into_bytes(), smuggled].concat();
    let got = running.raw(&request).await;
    assert_ne!(statuses(&got).first(), Some(&"101"), "{got}");
    for request in echo.got() {
        let request = request.to_ascii_lowercase();
        for part in ["upgrade", "http2-settings", "transfer/create"] {
            assert!(!request.contains(part), "{request}");
        }
    }
    assert!(running.still_serves().await);
}

#[tokio::test]
async fn requests_of_http2_that_contradict_themselves_reach_nothing() {
    let echo = Echo::start().await;
    let running = Running::start(config(&echo.url())).await;
    let sound = h2_post("/accounts/get");
    let with = |name, value| [&sound[..], &[(name, value)]].concat();
    let without = |name: &str| {
        let rest = sound.iter().filter(|(other, _)| *other != name);
        rest.copied().collect::<Vec<_>>()
    };
    for (headers, body) in [
        (with("content-length", "2"), &b"{} "[..]),
        (
            with("content-length", "2"),
            b"{}POST /transfer/create HTTP/1.1\r\n",
        ),
        (with("content-length", "3"), b"{}"),
        (with("content-length", "+2"), b"{}"),
        (
            [with("content-length", "2"), vec![("content-length", "2")]].concat(),
            b"{}",
        ),
        (with("transfer-encoding", "chunked"), b"0\r\n\r\n"),
        (with("connection", "close"), b"{}"),
        (with("keep-alive", "timeout=5"), b"{}"),
        (with("proxy-connection", "keep-alive"), b"{}"),
        (with("upgrade", "h2c"), b"{}"),
        (with("te", "gzip"), b"{}"),
        (with(":authority", "localhost"), b"{}"),
        (with(":path", "/transfer/create"), b"{}"),
        (with("host", "other.example"), b"{}"),
        (
            [with("host", "localhost"), vec![("host", "localhost")]].concat(),
            b"{}",
        ),
        (with("X-Large", "a"), b"{}"),
        (with("x a", "a"), b"{}"),
        (with("x", "a\r\nplaid-secret: a"), b"{}"),
        (with("x", "a\0"), b"{}"),
        (without(":path"), b"{}"),
        (without(":method"), b"{}"),
        (
            [&without(":path")[..], &[(":path", "http://a/accounts/get")]].concat(),
            b"{}",
        ),
    ] {
        let answer = h2_answer(&running, &h2(&headers, body)).await;
        assert_ne!(answer, H2Answer::Ok, "{headers:?}");
        assert!(echo.got().is_empty(), "{headers:?}: {:?}", echo.got());
    }
    let sound = h2(&with("content-length", "2"), b"{}");
    assert_eq!(h2_answer(&running, &sound).await, H2Answer::Ok);
    assert_eq!(echo.got().len(), 1);
    assert!(running.still_serves().await);
}

fn h2_post(path: &str) -> [(&str, &str); 5] {
    [
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "localhost"),
        (":path", path),
        ("content-type", "application/json"),
    ]
}

/// A connection of HTTP/2 with one request, byte by byte: a library would refuse to send
/// what these tests send.
fn h2(headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let short = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let fields = headers
        .iter()
        .flat_map(|(name, value)| [vec![0], short(name), short(value)].concat());
    let fields: Vec<u8> = fields.collect();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    // The headers end with their frame, and the request with that of the body.
    for (kind, flags, payload) in [(1, 4, &fields[..]), (0, 1, body)] {
        bytes.extend([0, 0, u8::try_from(payload.len()).unwrap(), kind, flags]);
        bytes.extend(1_u32.to_be_bytes());
        bytes.extend(payload);
    }
    bytes
}

#[derive(Debug, PartialEq, Eq)]
enum H2Answer {
    Ok,
    /// Another status, or none: the request or the connection was given up.
    Refused,
}

/// What becomes of the first request.
async fn h2_answer(running: &Running, bytes: &[u8]) -> H2Answer {
    let mut stream = running.connect().await;
    let _ = stream.write_all(bytes).await;
    let read = async {
        loop {
            let mut head = [0; 9];
            if stream.read_exact(&mut head).await.is_err() {
                return H2Answer::Refused;
            }
            let length = usize::from(head[1]) << 8 | usize::from(head[2]);
            let mut payload = vec![0; length];
            stream.read_exact(&mut payload).await.unwrap();
            match (head[3], payload.first()) {
                // Status 200 is a byte in the table of headers.
                (1, Some(0x88)) => return H2Answer::Ok,
                // Another status, a reset, the end.
                (1 | 3 | 7, _) => return H2Answer::Refused,
                _ => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap()
}

#[tokio::test]
async fn floods_of_headers_are_cut_off() {
    let echo = Echo::start().await;
    let running = Running::start(config(&echo.url())).await;
    let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    let long = format!("x: {}\r\n", "y".repeat(100_000));
    for headers in [many, long] {
        let request = post("/accounts/get", &headers, "");
        let got = running.raw(request.as_bytes()).await;
        assert!(statuses(&got).iter().all(|s| *s == "431"), "{got}");
    }
    // Without an end.
    let mut stream = running.connect().await;
    let line = "x: y\r\n".repeat(1000);
    stream
        .write_all(b"POST /accounts/get HTTP/1.1\r\n")
        .await
        .unwrap();
    let flood = async { while stream.write_all(line.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, flood)
        .await
        .expect("the flood is taken");
    let target = format!(
        "GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "a".repeat(100_000)
    );
    let got = running.raw(target.as_bytes()).await;
    assert!(
        statuses(&got).iter().all(|s| ["414", "431"].contains(s)),
        "{got}"
    );
    assert!(echo.got().is_empty());
    assert!(running.still_serves().await);
}

#[tokio::test]
async fn nothing_is_smuggled_in_behind_a_head_as_large_as_may_be() {
    let echo = Echo::start().await;
    let mut large = config(&echo.url());
    large.limits.headers = 128;
    large.limits.header_bytes = 64 * 1024;
    let running = Running::start(large).await;
    for (count, bytes, is_sound) in [
        (120, 10, true),
        (125, 10, true),
        (126, 10, false),
        (1, 60_000, true),
        (1, 65_300, true),
        (1, 65_600, false),
        (1, 120_000, false),
    ] {
        let many: String = (0..count)
            .map(|n| format!("x-{n}: {}\r\n", "y".repeat(bytes)))
            .collect();
        let sound = post(
            "/accounts/get",
            &format!("{many}content-length: 2\r\n"),
            "{}",
        );
        let last = post(
            "/accounts/get",
            "content-length: 2\r\nconnection: close\r\n",
            "{}",
        );
        let got = running.raw(format!("{sound}{last}").as_bytes()).await;
        assert_eq!(
            statuses(&got) == ["200", "200"],
            is_sound,
            "{count} {bytes}: {got}"
        );
        let before = echo.got().len();
        let twofold = format!("{many}content-length: 2\r\ntransfer-encoding: chunked\r\n");
        let request = post("/accounts/get", &twofold, &format!("0\r\n\r\n{SMUGGLED}"));
        let got = running.raw(request.as_bytes()).await;
        let refused = statuses(&got).iter().all(|s| ["400", "431"].contains(s));
        assert!(
            refused && echo.got().len() == before,
            "{count} {bytes}: {got}"
        );
    }
    assert!(running.still_serves().await);
}

#[tokio::test]
async fn bodies_that_are_too_large_or_endless_are_refused() {
    let echo = Echo::start().await;
    let mut config = config(&echo.url());
    config.limits.body = 10_000;
    let running = Running::start(config).await;
    // Refused by its length, before it has come.
    let got = running
        .raw(
            post(
                "/accounts/get",
                "content-length: 10001\r\nexpect: 100-continue\r\n",
                "",
            )
            .as_bytes(),
        )
        .await;
    assert_eq!(statuses(&got), ["413"], "{got}");
    let got = running
        .raw(
            post(
                "/accounts/get",
                "content-length: 18446744073709551615\r\n",
                "{",
            )
            .as_bytes(),
        )
        .await;
    assert!(["400", "413", "431"].contains(&statuses(&got)[0]), "{got}");
    // Endless: whoever sends it is hung up on.
    let mut stream = running.connect().await;
    let head = post("/accounts/get", "transfer-encoding: chunked\r\n", "");
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("400\r\n{}\r\n", " ".repeat(0x400));
    let endless = async { while stream.write_all(chunk.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, endless)
        .await
        .expect("it is taken without an end");
    // Just small enough.
    let body = format!("{{{}}}", " ".repeat(9_998));
    let answer = client()
        .post(running.url("/accounts/get"))
        .header("content-type", "application/json")
        .body(body);
    assert_eq!(answer.send().await.unwrap().status(), 200);
    assert_eq!(echo.got().len(), 1);
    assert!(running.still_serves().await);
}

#[tokio::test]
async fn slow_writers_are_hung_up_on() {
    let echo = Echo::start().await;
    let url = echo.url();
    let cases = [
        ("".to_owned(), IDLE),
        ("P".to_owned(), HEADERS),
        (
            "POST /accounts/get HTTP/1.1\r\nhost: local".to_owned(),
            HEADERS,
        ),
        (post("/accounts/get", "content-length: 2\r\n", ""), BODY),
        (post("/accounts/get", "content-length: 2\r\n", "{"), BODY),
        (
            post("/accounts/get", "transfer-encoding: chunked\r\n", "1\r\n"),
            BODY,
        ),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), IDLE),
    ];
    let all = cases.map(async |(begun, shorten)| {
        let running = Running::start(impatient(&url, shorten)).await;
        let got = running.raw(begun.as_bytes()).await;
        assert!(
            statuses(&got).iter().all(|status| *status == "408"),
            "{begun}: {got}"
        );
        running
    });
    let all = join_all(all).await;
    assert!(echo.got().is_empty());
    for running in all {
        assert!(running.still_serves().await);
    }
    let running = Running::start(impatient(&url, HEADERS)).await;
    // A byte at a time, each in time: the head as a whole is not.
    let mut stream = running.connect().await;
    let drip = async {
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, drip)
        .await
        .expect("it may go on for ever");
    assert!(running.still_serves().await);
}

#[tokio::test]
async fn slow_readers_are_hung_up_on() {
    let length = 64 * 1024 * 1024;
    let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").into_bytes();
    answer.resize(answer.len() + length, b' ');
    let echo = Echo::answering_first(answer).await;
    let running = Running::start(impatient(&echo.url(), STALL)).await;
    let mut stream = running.connect().await;
    let request = post("/accounts/get", "content-length: 2\r\n", "{}");
    stream.write_all(request.as_bytes()).await.unwrap();
    // It takes nothing: the gateway gives it up, and what it held.
    until(|| {
        let metrics = running.gateway.metrics();
        metrics.contains("operation=\"accountsGet\"")
            && metrics.contains("plaid_gateway_connections 0")
            && metrics.contains("plaid_gateway_calls_in_flight 0")
    })
    .await;
    let metrics = running.gateway.metrics();
    let passed = metrics
        .lines()
        .find_map(|line| line.strip_prefix("plaid_gateway_answer_bytes_total "));
    assert!(passed.unwrap().parse::<usize>().unwrap() < length / 2);
    assert!(running.still_serves().await);
}

#[tokio::test]
async fn a_dead_upstream_is_a_bad_gateway_until_it_is_back() {
    // The address is taken, so that nobody else gets it, and nobody listens.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let running = Running::start(config(&format!("http://{address}"))).await;
    for _ in 0..3 {
        let (status, body) = call(&running).await;
        assert_eq!(status, 502);
        assert_eq!(body["error_type"], "API_ERROR");
        assert!(body["error_message"].as_str().unwrap().contains("gateway"));
        assert!(!body.to_string().contains(&address.port().to_string()));
    }
    let _echo = Echo::on(socket.listen(16).unwrap(), usize::MAX, OK);
    assert!(running.still_serves().await);
}

#[tokio::test]
async fn an_upstream_that_hangs_is_given_up() {
    for (answer, shorten) in [
        ("", FIRST_BYTE),
        ("HTTP/1.1 200 OK\r\n", FIRST_BYTE),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", ANSWER),
    ] {
        let address = stuck_at_first(answer).await;
        let running = Running::start(impatient(&format!("http://{address}"), shorten)).await;
        let (status, body) = call(&running).await;
        assert_eq!(status, 504, "{answer:?}");
        assert_eq!(body["error_code"], "INTERNAL_SERVER_ERROR");
        assert!(running.still_serves().await, "{answer:?}");
    }
    // In the middle of the answer, when its head has been passed on.
    let begun = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbegun";
    let address = stuck_at_first(begun).await;
    let running = Running::start(impatient(&format!("http://{address}"), ANSWER)).await;
    let request = post("/accounts/get", "content-length: 2\r\n", "{}");
    let got = running.raw(request.as_bytes()).await;
    assert!(got.ends_with("\r\n\r\nbegun"), "{got}");
    assert!(running.still_serves().await);
}

#[tokio::test]
async fn an_upstream_that_lies_is_not_believed() {
    for (what, answer) in [
        ("not HTTP", "SSH-2.0-OpenSSH\r\n"),
        (
            "two lengths",
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} ",
        ),
        (
            "another protocol",
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        ),
        (
            "a redirect",
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: https://evil.example/\r\ncontent-length: 0\r\n\r\n",
        ),
        (
            "an encoding",
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}",
        ),
        (
            "too many headers",
            &format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(1000)),
        ),
        (
            "too long headers",
            &format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(1_000_000)),
        ),
        (
            "too long by its length",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
        ),
        ("nothing", "\r\n"),
    ] {
        let echo = Echo::answering_first(answer).await;
        let running = Running::start(config(&echo.url())).await;
        let (status, body) = call(&running).await;
        assert_eq!(status, 502, "{what}");
        assert_eq!(body["error_type"], "API_ERROR", "{what}");
        assert!(running.still_serves().await, "{what}");
    }
    for (what, answer) in [
        (
            "shorter than it says",
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbegun",
        ),
        (
            "chunks that break off",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegun\r\n",
        ),
    ] {
        let address = breaking_off(answer).await;
        let running = Running::start(config(&format!("http://{address}"))).await;
        let call = client()
            .post(running.url("/accounts/get"))
            .header("content-type", "application/json")
            .body("{}");
        // Part of it may have come; it must not look like the whole.
        let failed = match call.send().await {
            Ok(answer) => answer.status() == 200 && answer.bytes().await.is_err(),
            Err(error) => error.is_request(),
        };
        assert!(failed, "{what}");
        assert!(running.still_serves().await, "{what}");
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let first_endless = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer).await;
        let mut next: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        while stream.write_all(next).await.is_ok() {
            next = b"5\r\nagain\r\n";
        }
        listener
    });
    let mut config = config(&format!("http://{address}"));
    config.limits.answer = 100_000;
    let running = Running::start(config).await;
    let request = post("/accounts/get", "content-length: 2\r\n", "{}");
    let got = running.raw(request.as_bytes()).await;
    assert!(got.matches("again").count() <= 20_000);
    assert!(!got.ends_with("0\r\n\r\n"), "it looks complete");
    // The gateway has hung up on the upstream as well.
    let listener = tokio::time::timeout(PATIENCE, first_endless).await;
    let _echo = Echo::on(listener.unwrap().unwrap(), usize::MAX, OK);
    assert!(running.still_serves().await);
}

#[tokio::test]
async fn callers_that_go_away_leave_nothing_behind() {
    const GONE: usize = 20;
    let (address, asked) = stuck("", GONE).await;
    let running = Running::start(config(&format!("http://{address}"))).await;
    let request = post("/accounts/get", "content-length: 2\r\n", "{}");
    for number in 1..=GONE {
        let mut stream = running.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        until(|| asked.load(Ordering::SeqCst) == number).await;
        drop(stream);
    }
    until(|| {
        let metrics = running.gateway.metrics();
        metrics.contains("plaid_gateway_calls_in_flight 0")
            && metrics.contains("plaid_gateway_connections 0")
    })
    .await;
    assert!(running.still_serves().await);
}

#[tokio::test]
async fn resets_without_end_over_http2_are_bounded() {
    let echo = Echo::start().await;
    let running = Running::start(config(&echo.url())).await;
    let mut stream = running.connect().await;
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    // A request's head without its body, and its reset, again and again. The head is
    // `:method POST`, `:scheme http`, `:path /`, `:authority a`.
    let flood = async {
        for id in (1_u32..200_000).step_by(2) {
            let mut frames = vec![0, 0, 6, 1, 4];
            frames.extend_from_slice(&id.to_be_bytes());
            frames.extend_from_slice(b"\x83\x86\x84\x41\x01a");
            frames.extend_from_slice(b"\0\0\x04\x03\0");
            frames.extend_from_slice(&id.to_be_bytes());
            frames.extend_from_slice(&[0, 0, 0, 8]);
            if stream.write_all(&frames).await.is_err() {
                return;
            }
        }
        let _ = read_to_end(&mut stream).await;
    };
    tokio::time::timeout(PATIENCE, flood)
        .await
        .expect("it is taken without an end");
    assert!(running.still_serves().await);
}

async fn call(running: &Running) -> (u16, serde_json::Value) {
    let call = client()
        .post(running.url("/accounts/get"))
        .header("content-type", "application/json")
        .body("{}")
        .send();
    let answer = tokio::time::timeout(PATIENCE, call).await.unwrap().unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// An upstream that hangs up in the middle of its first answer; afterwards it answers.
async fn breaking_off(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        drop(stream);
        let _echo = Echo::on(listener, usize::MAX, OK);
        std::future::pending::<()>().await;
    });
    address
}

/// An upstream that begins its first answer and then does nothing any more.
async fn stuck_at_first(answer: &'static str) -> SocketAddr {
    stuck(answer, 1).await.0
}

/// The same for so many connections, and how many have asked so far. Over those after
/// them it answers.
async fn stuck(answer: &'static str, connections: usize) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut held: Vec<TcpStream> = Vec::new();
        for _ in 0..connections {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            held.push(stream);
            count.fetch_add(1, Ordering::SeqCst);
        }
        let _echo = Echo::on(listener, usize::MAX, OK);
        std::future::pending::<()>().await;
    });
    (address, asked)
}
