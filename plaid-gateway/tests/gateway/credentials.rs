//! Whose credentials go where, and where they never show up.

use crate::support::{CLIENT_ID, Echo, OK, Running, SECRET, client, config};
use plaid_gateway::Credentials;

/// What callers plant, everywhere they can.
const PLANTED: &str = "of-the-caller-planted";

/// Sends a call with credentials planted everywhere and returns what the upstream got.
async fn planted(path: &str, body: &str, config: plaid_gateway::Config, echo: &Echo) -> String {
    let running = Running::start(config).await;
    let mut call = client()
        .post(running.url(path))
        .header("content-type", "application/json")
        .body(body.to_owned());
    for name in [
        "PLAID-CLIENT-ID",
        "PLAID-SECRET",
        "Plaid-Version",
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Real-IP",
        "Forwarded",
        "Via",
        "Referer",
        "User-Agent",
        "X-Anything",
        "TE",
    ] {
        call = call.header(name, PLANTED);
    }
    // What `Connection` names belongs to this connection alone.
    let call = call
        .header("Connection", "x-anything, plaid-version")
        .header("X-Anything", PLANTED);
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    echo.got().pop().unwrap()
}

#[tokio::test]
async fn nothing_of_the_callers_credentials_reaches_plaid() {
    let echo = Echo::start().await;
    for (path, body) in [
        (
            "/accounts/get",
            r#"{"client_id":"of-the-caller-planted","access_token":"a","secret":"of-the-caller-planted"}"#,
        ),
        (
            "/accounts/get",
            r#"{"client\u005fid":"of-the-caller-planted","\u0073ecret":"of-the-caller-planted","access_token":"a"}"#,
        ),
        (
            "/accounts/get",
            r#"{"SECRET":"of-the-caller-planted","secret":1,"secret":"of-the-caller-planted","access_token":"a"}"#,
        ),
        (
            "/application/get",
            r#"{"secret":"of-the-caller-planted","client_id":"of-the-caller-planted","access_token":"a"}"#,
        ),
        (
            "/oauth/token",
            r#"{"client_secret":"of-the-caller-planted","secret":"of-the-caller-planted","access_token":"a"}"#,
        ),
        (
            "/categories/get",
            r#"{"client_id":"of-the-caller-planted","secret":"of-the-caller-planted","access_token":"a"}"#,
        ),
    ] {
        let got = planted(path, body, config(&echo.url()), &echo).await;
        assert!(!got.contains(PLANTED), "{path}: {got}");
        assert!(got.contains(r#""access_token":"a""#), "{path}: {got}");
        let lower = got.to_ascii_lowercase();
        let expected = if path == "/categories/get" { 0 } else { 1 };
        for line in [
            format!("plaid-client-id: {CLIENT_ID}"),
            format!("plaid-secret: {SECRET}"),
        ] {
            assert_eq!(lower.matches(&line).count(), expected, "{path}: {got}");
        }
        assert_eq!(lower.matches("plaid-version: 2020-09-14").count(), 1);
        let in_body = format!("{{\"client_id\":\"{CLIENT_ID}\",\"secret\":\"{SECRET}\"");
        let wants = ["/application/get", "/oauth/token"].contains(&path);
        assert_eq!(got.contains(&in_body), wants, "{path}: {got}");
    }
}

#[tokio::test]
async fn headers_are_forwarded_that_the_configuration_names() {
    let echo = Echo::start().await;
    let mut config = config(&echo.url());
    config.forward_headers = vec!["X-Experiment".to_owned(), "x-trace".to_owned()];
    let running = Running::start(config).await;
    let call = client()
        .post(running.url("/accounts/get"))
        .header("content-type", "application/json")
        .header("X-EXPERIMENT", "one")
        .header("x-experiment", "two")
        .header("x-other", PLANTED)
        .body("{}");
    assert_eq!(call.send().await.unwrap().status(), 200);
    let got = echo.got().pop().unwrap().to_ascii_lowercase();
    let values = got
        .lines()
        .filter_map(|line| line.strip_prefix("x-experiment: "));
    assert_eq!(values.collect::<Vec<_>>(), ["one", "two"]);
    assert!(!got.contains(PLANTED) && !got.contains("x-trace"), "{got}");
}

#[tokio::test]
async fn amounts_reach_plaid_as_they_were_written() {
    let echo = Echo::start().await;
    let body = r#"{"secret":"x", "amount":  1.10, "big": 12345678901234567890.123456789012345678, "e":1E+2,"s":"\u00e4"}"#;
    let got = planted("/transfer/create", body, config(&echo.url()), &echo).await;
    let kept = r#"{ "amount":  1.10, "big": 12345678901234567890.123456789012345678, "e":1E+2,"s":"\u00e4"}"#;
    assert!(got.ends_with(kept), "{got}");
}

#[tokio::test]
async fn a_caller_on_this_machine_may_bring_its_own_where_that_is_allowed() {
    let echo = Echo::start().await;
    let mut allowed = config(&echo.url());
    allowed.allow_caller_credentials = true;
    let got = planted("/application/get", r#"{"a":1}"#, allowed.clone(), &echo).await;
    assert!(!got.contains(SECRET) && !got.contains(CLIENT_ID), "{got}");
    assert_eq!(got.matches(PLANTED).count(), 4, "{got}");

    let running = Running::start(allowed).await;
    let call = |name: &str| {
        client()
            .post(running.url("/accounts/get"))
            .header(name, PLANTED)
    };
    for name in ["PLAID-CLIENT-ID", "PLAID-SECRET"] {
        let answer = call(name)
            .body("{}")
            .header("content-type", "application/json")
            .send();
        assert_eq!(answer.await.unwrap().status(), 400, "{name} alone");
    }
    assert!(running.still_serves().await);
    assert!(echo.got().pop().unwrap().contains(SECRET));
}

/// An upstream that sends back whatever it got, in headers or body.
#[tokio::test]
async fn an_upstream_that_repeats_the_credentials_does_not_reach_the_caller() {
    let quarter = |text: &str| format!("{}\r\n", text);
    for (answer, place) in [
        (
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nplaid-request-id: {SECRET}\r\ncontent-length: 2\r\n\r\n{{}}"
            ),
            "header",
        ),
        (
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/{SECRET}\r\ncontent-length: 2\r\n\r\n{{}}"
            ),
            "type",
        ),
        (
            format!(
                "HTTP/1.1 200 OK\r\nplaid-secret: {SECRET}\r\nplaid-client-id: {CLIENT_ID}\r\nset-cookie: a={SECRET}\r\nx-debug: {SECRET}\r\nlocation: https://a.example/{SECRET}\r\ncontent-length: 2\r\n\r\n{{}}"
            ),
            "other headers",
        ),
        (
            format!("HTTP/1.1 200 {SECRET}\r\ncontent-length: 2\r\n\r\n{{}}"),
            "reason",
        ),
        (
            format!("HTTP/1.1 200 OK\r\ncontent-length: 42\r\n\r\n{{\"debug\":\"{SECRET}\"}}"),
            "body",
        ),
        (
            format!("HTTP/1.1 400 Bad\r\ncontent-length: 36\r\n\r\n{{\"debug\":\"{CLIENT_ID}\"}}"),
            "id in body",
        ),
        (
            format!(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\n{}10\r\n{}0\r\n\r\n",
                quarter(&SECRET[..16]),
                quarter(&SECRET[16..])
            ),
            "pieces",
        ),
        (
            format!(
                "HTTP/1.1 302 Found\r\nlocation: https://a.example/{SECRET}\r\ncontent-length: 0\r\n\r\n"
            ),
            "redirect",
        ),
        (
            format!("HTTP/1.1 103 Early Hints\r\nlink: {SECRET}\r\n\r\n{OK}"),
            "interim",
        ),
    ] {
        let echo = Echo::answering(answer).await;
        let running = Running::start(config(&echo.url())).await;
        let got = running
            .raw(b"POST /accounts/get HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
            .await;
        assert!(got.starts_with("HTTP/1.1 "), "{place}: {got}");
        for secret in [SECRET, CLIENT_ID, &SECRET[..SECRET.len() - 1]] {
            assert!(!got.contains(secret), "{place}: {got}");
        }
        assert_eq!(echo.got().len(), 1, "{place}");
    }
}

#[test]
fn what_cannot_be_a_credential_is_refused_without_being_quoted() {
    for (id, secret) in [
        ("", "a"),
        ("planted\n", "a"),
        ("a", "plan ted"),
        ("a", "plänted"),
    ] {
        let error = Credentials::new(id, secret).unwrap_err().to_string();
        assert!(
            !error.contains("plan") && !error.contains("plän"),
            "{error}"
        );
    }
}
