//! What the bench compares, without its limits: nginx and the gateway do the same work, and
//! both answer every call.
//!
//! It needs nginx and wrk, so `cargo xtask test` runs it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::servers::{CLIENT_ID, KEY, Load, SECRET, Servers, hold, missing, upstream};
use crate::support::{Echo, client};
use tokio::task::spawn_blocking;

const GATEWAY: &str = env!("CARGO_BIN_EXE_plaid-gateway");
const IDLE: usize = 1_000;
/// What a caller sends that is not to get through.
const PLANTED: &str = "of-the-caller-planted";

fn tools() {
    let missing = missing();
    assert!(missing.is_empty(), "missing: {}", missing.join(" "));
}

#[test]
#[ignore = "cargo xtask test --only nginx"]
fn nginx_and_the_gateway_answer_every_call_and_a_thousand_connections_stay() {
    tools();
    // Each connection is a file of this process too.
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (_upstream, port) = upstream(folder.path()).unwrap();
    let servers = Servers::start(folder.path(), Path::new(GATEWAY), port).unwrap();
    let load = Load::new(folder.path()).unwrap();
    for port in [servers.ports.proxy, servers.ports.gateway] {
        assert!(load.run(port, 16, 1).unwrap().calls > 0);
    }
    hold(&load, &servers.ports, IDLE, 1).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask test --only nginx"]
async fn the_upstream_sees_the_same_from_nginx_and_from_the_gateway() {
    spawn_blocking(tools).await.unwrap();
    let echo = Echo::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (path, upstream) = (folder.path().to_owned(), echo.address.port());
    let started = move || Servers::start(&path, Path::new(GATEWAY), upstream).unwrap();
    let servers = spawn_blocking(started).await.unwrap();
    for port in [servers.ports.proxy, servers.ports.gateway] {
        let mut call = client()
            .post(format!("http://127.0.0.1:{port}/accounts/get"))
            .bearer_auth(KEY)
            .header("content-type", "application/json")
            .body(r#"{"access_token": "a"}"#);
        for name in [
            "cookie",
            "forwarded",
            "x-forwarded-for",
            "plaid-client-id",
            "plaid-secret",
            "plaid-version",
            "user-agent",
        ] {
            call = call.header(name, PLANTED);
        }
        assert_eq!(call.send().await.unwrap().status(), 200);
    }
    let got = echo.got();
    assert_eq!(got.len(), 2);
    for request in &got {
        assert!(
            !request.contains(PLANTED) && !request.contains(KEY),
            "{request}"
        );
    }
    let [theirs, ours] = [&got[0], &got[1]].map(|request| seen(request));
    assert_eq!(theirs, ours);
    assert_eq!(ours["plaid-client-id"], CLIENT_ID);
    assert_eq!(ours["plaid-secret"], SECRET);
    assert_eq!(ours["plaid-version"], "2020-09-14");
    spawn_blocking(move || drop(servers)).await.unwrap();
}

/// Everything that an upstream learns. Each of the two has a name of its own, and calls the
/// upstream by another.
fn seen(request: &str) -> BTreeMap<String, &str> {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let (line, headers) = head.split_once("\r\n").unwrap();
    let headers = headers.lines().map(|line| line.split_once(": ").unwrap());
    let mut seen: BTreeMap<String, &str> = headers
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    for own in ["host", "user-agent"] {
        assert!(seen.insert(own.to_owned(), "").is_some());
    }
    seen.insert("the request".to_owned(), line);
    seen.insert("the body".to_owned(), body);
    seen
}
