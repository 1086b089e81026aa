//! What is written down about calls, and what never is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "gateway/support/mod.rs"]
mod support;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use plaid_gateway::{Caller, NewKey};
use support::{CLIENT_ID, Echo, PATIENCE, Running, SECRET, client, config};
use tracing_subscriber::fmt::MakeWriter;

/// Everything that is logged.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logged {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn log_metrics_errors_and_debug_hold_nothing_that_was_sent() {
    let logged = Logged::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(logged.clone())
        .finish();
    // For all threads: this test is alone in its program.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-a: planted-answer\r\ncontent-length: 43\r\n\r\n{\"a\":\"planted-answer\",\"request_id\":\"abc12\"}";
    let echo = Echo::answering(answer).await;
    let key = NewKey::generate().unwrap();
    let mut config = config(&echo.url());
    config
        .callers
        .push(Caller::new("a-program", key.hash).products(["accounts"]));
    let shown = format!("{config:?}");
    let running = Running::start(config).await;
    let mut told = format!("{shown}{:?}", running.gateway);
    let planted = "planted-of-the-caller";
    for (path, key, body) in [
        (
            "/accounts/get",
            key.key.as_str(),
            r#"{"access_token":"planted-of-the-caller"}"#,
        ),
        ("/accounts/get", "planted-of-the-caller", "{}"),
        ("/accounts/get?planted-of-the-caller", &key.key, "{}"),
        ("/auth/get", &key.key, "{}"),
        ("/planted-of-the-caller", &key.key, "{}"),
        ("/accounts/get", &key.key, r#"{"planted-of-the-caller"}"#),
        ("/accounts/get", &key.key, r#"["planted-of-the-caller"]"#),
    ] {
        let answer = client()
            .post(running.url(path))
            .bearer_auth(key)
            .header("x-planted-of-the-caller", planted)
            .header("content-type", "application/json")
            .body(body)
            .send();
        let answer = tokio::time::timeout(PATIENCE, answer)
            .await
            .unwrap()
            .unwrap();
        if answer.status() != 200 {
            told += &answer.text().await.unwrap();
        }
    }
    told += &running.gateway.metrics();
    let log = String::from_utf8(logged.0.lock().unwrap().clone()).unwrap();
    let lines = log
        .lines()
        .filter(|line| line.contains("plaid_gateway::call"));
    assert_eq!(lines.count(), 7, "{log}");
    let good = log
        .lines()
        .find(|line| line.contains("\"status\":200"))
        .unwrap();
    for part in ["accountsGet", "a-program", "abc12", "duration_us"] {
        assert!(good.contains(part), "{good}");
    }
    // Other crates' events are theirs, but even at their most talkative they must not
    // say what is secret.
    for text in [&log, &told] {
        for secret in [SECRET, CLIENT_ID, &key.key, &key.hash.to_string()] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    let own: String = log
        .lines()
        .filter(|line| line.contains("plaid_gateway"))
        .collect();
    for text in [&own, &told] {
        assert!(
            !text.contains("planted-answer") && !text.contains(planted),
            "{text}"
        );
    }
}
