//! Faults on request.

use std::time::Duration;

use crate::common::{Answer, Bench};
use plaid_sandbox::Fault;
use serde_json::json;

const PATH: &str = "/categories/get";

#[tokio::test]
async fn a_fault_befalls_one_request() {
    let bench = Bench::new().await;
    let error = |code: &str| Fault::Error {
        error_type: "INSTITUTION_ERROR".into(),
        error_code: code.into(),
        status: 400,
    };
    bench.sandbox.fail_next(PATH, error("INSTITUTION_DOWN"));
    bench
        .sandbox
        .fail_next(PATH, error("INSTITUTION_NOT_RESPONDING"));
    bench
        .post(PATH, json!({}))
        .await
        .is_error(400, "INSTITUTION_ERROR", "INSTITUTION_DOWN");
    bench.post(PATH, json!({})).await.is_error(
        400,
        "INSTITUTION_ERROR",
        "INSTITUTION_NOT_RESPONDING",
    );
    assert_eq!(bench.post(PATH, json!({})).await.status, 200);
}

#[tokio::test]
async fn a_status_comes_with_its_body() {
    let bench = Bench::new().await;
    for (status, body, content_type) in [
        (502, "<html>Bad Gateway</html>", "text/html"),
        (504, "", "text/html"),
        (
            200,
            "{\"surprise\": [1.50]}",
            "application/json; charset=utf-8",
        ),
    ] {
        bench.sandbox.fail_next(
            PATH,
            Fault::Status {
                status,
                body: body.into(),
            },
        );
        let answer = bench.post(PATH, json!({})).await;
        assert_eq!(
            (
                answer.status,
                answer.text.as_str(),
                answer.content_type.as_str()
            ),
            (status, body, content_type)
        );
        assert_eq!(answer.request_id.len(), 15);
    }
    for (status, body) in [(204, ""), (204, "unseen"), (304, "unseen")] {
        let fault = Fault::Status {
            status,
            body: body.into(),
        };
        bench.sandbox.fail_next(PATH, fault);
        let answer = bench.post(PATH, json!({})).await;
        assert_eq!((answer.status, answer.text.as_str()), (status, ""));
    }
    bench.sandbox.fail_next(
        PATH,
        Fault::Status {
            status: 101,
            body: String::new(),
        },
    );
    assert_eq!(bench.post(PATH, json!({})).await.status, 500);
}

#[tokio::test]
async fn a_rate_limit_is_one() {
    let bench = Bench::new().await;
    bench.sandbox.fail_next(PATH, Fault::RateLimit);
    bench
        .post(PATH, json!({}))
        .await
        .is_error(429, "RATE_LIMIT_EXCEEDED", "RATE_LIMIT");
}

#[tokio::test]
async fn a_dropped_request_has_no_effect_and_no_answer() {
    let bench = Bench::new().await;
    let public_token = bench.public_token(&["auth"], json!({})).await;
    let path = "/item/public_token/exchange";
    bench.sandbox.fail_next(path, Fault::Drop);
    let dropped = bench
        .request(path)
        .json(&json!({ "public_token": public_token }))
        .send()
        .await;
    assert!(dropped.is_err());
    assert_eq!(bench.sandbox.requests().last().unwrap().status, None);
    bench
        .ok(path, json!({ "public_token": public_token }))
        .await;
}

#[tokio::test]
async fn a_truncated_answer_breaks_off() {
    let bench = Bench::new().await;
    bench.sandbox.fail_next(PATH, Fault::Truncate);
    let answer = bench.request(PATH).json(&json!({})).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.bytes().await.is_err());
}

#[tokio::test]
async fn half_an_answer_arrives() {
    let bench = Bench::new().await;
    bench.sandbox.fail_next(PATH, Fault::Truncate);
    let mut answer = bench.request(PATH).json(&json!({})).send().await.unwrap();
    let whole = answer.content_length().unwrap();
    let mut arrived = 0;
    while let Ok(Some(chunk)) = answer.chunk().await {
        arrived += chunk.len() as u64;
    }
    assert_eq!(arrived, whole / 2);
}

#[tokio::test]
async fn a_delayed_answer_comes_or_is_given_up() {
    let bench = Bench::new().await;
    bench
        .sandbox
        .fail_next(PATH, Fault::Delay(Duration::from_millis(1)));
    assert_eq!(bench.post(PATH, json!({})).await.status, 200);
    bench
        .sandbox
        .fail_next(PATH, Fault::Delay(Duration::from_secs(3600)));
    let request = bench
        .request(PATH)
        .json(&json!({}))
        .timeout(Duration::from_millis(50));
    assert!(request.send().await.unwrap_err().is_timeout());
}

/// An answer that did not wait for the body would close the connection, and the
/// caller would see a reset now and then.
#[tokio::test]
async fn an_answer_in_place_of_the_real_one_leaves_the_connection_open() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let bench = Bench::new().await;
    bench.sandbox.fail_next(PATH, Fault::RateLimit);
    let address = bench.sandbox.address();
    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    for status in ["429", "200", "404"] {
        let path = if status == "404" { "/nowhere" } else { PATH };
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: 2\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        tokio::task::yield_now().await;
        connection.write_all(b"{}").await.unwrap();
        let mut answer = Vec::new();
        loop {
            let mut part = [0; 4096];
            let length = connection.read(&mut part).await.unwrap();
            assert!(length > 0, "the connection was closed");
            answer.extend_from_slice(&part[..length]);
            let text = String::from_utf8_lossy(&answer);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                if body.len() == length.unwrap().parse::<usize>().unwrap() {
                    break;
                }
            }
        }
        assert!(answer.starts_with(format!("HTTP/1.1 {status}").as_bytes()));
    }
}

#[tokio::test]
async fn any_path_can_fail() {
    let bench = Bench::new().await;
    bench.sandbox.fail_next(
        "/new/endpoint",
        Fault::Status {
            status: 200,
            body: "{}".into(),
        },
    );
    assert_eq!(bench.post("/new/endpoint", json!({})).await.status, 200);
    bench
        .sandbox
        .fail_next("/fdx/consents/{consentId}", Fault::RateLimit);
    let request = bench
        .client
        .get(format!("{}/fdx/consents/1", bench.sandbox.url()));
    assert_eq!(Answer::of(request).await.status, 429);
}
