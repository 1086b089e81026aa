//! Limits, reloads, shutdown, pages of other origins, HTTP/2 and the explorer's files.

use crate::support;
use std::time::Duration;

use crate::support::{Echo, OK, PATIENCE, Running, SECRET, client, config, until};
use plaid_gateway::{Caller, Config, Credentials, Gateway, NewKey, Upstream};
use reqwest::{Method, RequestBuilder, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

fn call(running: &Running, path: &str, key: &NewKey) -> RequestBuilder {
    let call = client().post(running.url(path)).bearer_auth(&key.key);
    call.header("content-type", "application/json").body("{}")
}

async fn status(call: RequestBuilder) -> (u16, String) {
    let answer = tokio::time::timeout(PATIENCE, call.send())
        .await
        .unwrap()
        .unwrap();
    let status = answer.status().as_u16();
    let body: serde_json::Value = answer.json().await.unwrap();
    let code = body["error_code"].as_str().unwrap_or_default();
    (status, code.to_owned())
}

/// An upstream that answers when it is told to.
struct Gate {
    url: String,
    arrived: mpsc::UnboundedReceiver<tokio::net::TcpStream>,
}

impl Gate {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, arrived) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let tell = tell.clone();
                tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    if stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {
                        let _ = tell.send(stream);
                    }
                });
            }
        });
        Self { url, arrived }
    }

    async fn next(&mut self) -> tokio::net::TcpStream {
        tokio::time::timeout(PATIENCE, self.arrived.recv())
            .await
            .unwrap()
            .unwrap()
    }
}

async fn release(mut stream: tokio::net::TcpStream) {
    let answer = OK.replace("content-length", "connection: close\r\ncontent-length");
    stream.write_all(answer.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn each_caller_has_its_own_limits() {
    let echo = Echo::start().await;
    let [narrow, slow, small, free] = std::array::from_fn(|_| NewKey::generate().unwrap());
    let mut config = config(&echo.url());
    config.callers = vec![
        Caller::new("narrow", narrow.hash)
            .operations(["/accounts/get"])
            .products(["auth"]),
        Caller::new("slow", slow.hash).all_operations().rate(1, 2),
        Caller::new("small", small.hash)
            .all_operations()
            .max_body(10),
        Caller::new("free", free.hash).all_operations(),
    ];
    let running = Running::start(config).await;
    for (path, expected) in [
        ("/accounts/get", 200),
        ("/auth/get", 200),
        ("/transfer/create", 403),
        ("/item/remove", 403),
    ] {
        assert_eq!(
            status(call(&running, path, &narrow)).await.0,
            expected,
            "{path}"
        );
    }
    let mut refused = 0;
    for _ in 0..20 {
        let answer = call(&running, "/accounts/get", &slow).send().await.unwrap();
        if answer.status() == 429 {
            refused += 1;
            assert_eq!(answer.headers()["retry-after"], "1");
            let body = answer.text().await.unwrap();
            assert!(body.contains("RATE_LIMIT_EXCEEDED"), "{body}");
        }
    }
    assert!((1..=18).contains(&refused), "{refused} of 20 were refused");
    let large = |key| call(&running, "/accounts/get", key).body(r#"{"a":"b","c":1}"#);
    assert_eq!(
        status(large(&small)).await,
        (413, "INVALID_BODY".to_owned())
    );
    assert_eq!(status(large(&free)).await.0, 200);
    let metrics = running.gateway.metrics();
    for line in [
        r#"plaid_gateway_calls_total{operation="accountsGet",status="2xx",caller="free"} 1"#,
        r#"plaid_gateway_calls_total{operation="transferCreate",status="4xx",caller="narrow"} 1"#,
        r#"plaid_gateway_refusals_total{reason="not_allowed"} 2"#,
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

#[tokio::test]
async fn a_caller_has_only_so_many_calls_under_way() {
    let mut gate = Gate::start().await;
    let [few, other] = std::array::from_fn(|_| NewKey::generate().unwrap());
    let mut config = config(&gate.url);
    config.callers = vec![
        Caller::new("few", few.hash).all_operations().concurrency(1),
        Caller::new("other", other.hash).all_operations(),
    ];
    config.limits.calls = 2;
    let running = Running::start(config).await;
    let first = tokio::spawn(status(call(&running, "/accounts/get", &few)));
    let held = gate.next().await;
    assert_eq!(status(call(&running, "/accounts/get", &few)).await.0, 429);
    let second = tokio::spawn(status(call(&running, "/accounts/get", &other)));
    let held_too = gate.next().await;
    // The gateway as a whole is full.
    assert_eq!(status(call(&running, "/accounts/get", &other)).await.0, 503);
    release(held).await;
    release(held_too).await;
    assert_eq!(first.await.unwrap().0, 200);
    assert_eq!(second.await.unwrap().0, 200);
    let third = tokio::spawn(status(call(&running, "/accounts/get", &few)));
    release(gate.next().await).await;
    assert_eq!(third.await.unwrap().0, 200);
}

#[tokio::test]
async fn a_reload_changes_callers_and_credentials_and_drops_no_call() {
    let mut gate = Gate::start().await;
    let [before, after] = std::array::from_fn(|_| NewKey::generate().unwrap());
    let mut first = config(&gate.url);
    first.callers = vec![Caller::new("a", before.hash).all_operations()];
    let running = Running::start(first).await;
    let under_way = tokio::spawn(status(call(&running, "/accounts/get", &before)));
    let held = gate.next().await;

    let echo = Echo::start().await;
    let mut second = config(&echo.url());
    second.callers = vec![Caller::new("a", after.hash).all_operations()];
    let fresh = "another-secret-of-the-server";
    second.credentials = Some(Credentials::new("another-client-id", fresh).unwrap());
    running.gateway.reload(second.clone()).unwrap();

    assert_eq!(
        status(call(&running, "/accounts/get", &before)).await.0,
        401
    );
    assert_eq!(status(call(&running, "/accounts/get", &after)).await.0, 200);
    assert!(echo.got()[0].contains(fresh) && !echo.got()[0].contains(SECRET));
    release(held).await;
    assert_eq!(under_way.await.unwrap().0, 200);

    // A mistake changes nothing.
    second.cors_origins = vec!["*".to_owned()];
    assert!(running.gateway.reload(second).is_err());
    assert_eq!(status(call(&running, "/accounts/get", &after)).await.0, 200);
    let metrics = running.gateway.metrics();
    assert!(
        metrics.contains("plaid_gateway_reloads_total 1"),
        "{metrics}"
    );
    assert!(
        metrics.contains("plaid_gateway_failed_reloads_total 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn keys_that_are_taken_away_do_not_open_the_gateway() {
    let echo = Echo::start().await;
    let key = NewKey::generate().unwrap();
    let mut open = config(&echo.url());
    open.listen = "0.0.0.0:0".parse().unwrap();
    open.callers = vec![Caller::new("a", key.hash).all_operations()];
    let gateway = Gateway::new(open).unwrap();
    assert!(gateway.reload(config(&echo.url())).is_err());

    // Neither does a listener on another address than the configuration says.
    let gateway = Gateway::new(config(&echo.url())).unwrap();
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    assert!(gateway.serve(listener, async {}).await.is_err());
}

#[tokio::test]
async fn a_gateway_that_stops_ends_its_calls_first() {
    let mut gate = Gate::start().await;
    let mut running = Running::start(config(&gate.url)).await;
    let key = NewKey::generate().unwrap();
    let under_way = tokio::spawn(status(call(&running, "/accounts/get", &key)));
    let held = gate.next().await;
    running.stop();
    let address = running.address;
    let refused = async { while tokio::net::TcpStream::connect(address).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, refused)
        .await
        .expect("it still listens");
    assert!(!running.task.is_finished());
    release(held).await;
    assert_eq!(under_way.await.unwrap().0, 200);
    tokio::time::timeout(PATIENCE, running.task)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_gateway_that_stops_does_not_wait_for_ever() {
    let mut gate = Gate::start().await;
    let mut config = config(&gate.url);
    config.timeouts.shutdown = Duration::from_millis(50);
    let mut running = Running::start(config).await;
    let key = NewKey::generate().unwrap();
    let under_way = tokio::spawn(call(&running, "/accounts/get", &key).send());
    let _held = gate.next().await;
    running.stop();
    tokio::time::timeout(PATIENCE, running.task)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(under_way.await.unwrap().is_err());
}

#[tokio::test]
async fn both_versions_of_http_are_understood() {
    let echo = Echo::start().await;
    let running = Running::start(config(&echo.url())).await;
    let old = crate::support::http::builder()
        .http1_only()
        .build()
        .unwrap();
    let new = crate::support::http::builder()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    for client in [old, new] {
        let calls = (0..20).map(|_| {
            let call = client.post(running.url("/accounts/get"));
            call.header("content-type", "application/json")
                .body("{}")
                .send()
        });
        for answer in futures_util::future::join_all(calls).await {
            let answer: Response = answer.unwrap();
            assert_eq!(answer.status(), 200);
            assert_eq!(answer.bytes().await.unwrap().len(), 23);
        }
    }
    assert_eq!(echo.got().len(), 40);
    assert!(
        echo.got()
            .iter()
            .all(|request| request.contains("HTTP/1.1"))
    );
}

#[tokio::test]
async fn pages_of_configured_origins_may_call_and_others_may_not() {
    let echo = Echo::start().await;
    let mut config = config(&echo.url());
    let app = "https://app.example";
    config.cors_origins = vec![app.to_owned()];
    let running = Running::start(config).await;
    let ask = |origin: &str| {
        client()
            .request(Method::OPTIONS, running.url("/accounts/get"))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            )
            .send()
    };
    let answer = ask(app).await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(answer.headers()["access-control-allow-origin"], app);
    assert!(
        !answer
            .headers()
            .contains_key("access-control-allow-credentials")
    );
    let answer = ask("https://evil.example").await.unwrap();
    assert_eq!(answer.status(), 403);
    assert!(!answer.headers().contains_key("access-control-allow-origin"));

    let key = NewKey::generate().unwrap();
    let call = call(&running, "/accounts/get", &key).header("origin", app);
    let answer = call.send().await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], app);
    // A refusal can be read as well, or the page could not say what is wrong.
    let call = client().post(running.url("/nothing")).header("origin", app);
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.headers()["access-control-allow-origin"], app);
}

#[tokio::test]
async fn metrics_have_a_listener_of_their_own() {
    let echo = Echo::start().await;
    let running = Running::start(config(&echo.url())).await;
    assert_eq!(
        client()
            .get(running.url("/metrics"))
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let gateway = running.gateway.clone();
    let admin =
        tokio::spawn(async move { gateway.serve_admin(listener, std::future::pending()).await });
    assert!(running.still_serves().await);
    let get = |path: &str| client().get(format!("{url}{path}")).send();
    let text = get("/metrics").await.unwrap().text().await.unwrap();
    assert!(
        text.contains("plaid_gateway_call_duration_seconds_bucket"),
        "{text}"
    );
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert_eq!(get("/healthz").await.unwrap().status(), 200);
    let call = client()
        .post(format!("{url}/accounts/get"))
        .send()
        .await
        .unwrap();
    assert_eq!(call.status(), 404);
    admin.abort();
}

#[tokio::test]
async fn connections_that_nobody_uses_are_closed() {
    let echo = Echo::start().await;
    let mut config = config(&echo.url());
    config.timeouts.idle = Duration::from_millis(50);
    let running = Running::start(config).await;
    let mut used = running.connect().await;
    let request = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    used.write_all(request.as_bytes()).await.unwrap();
    let got = support::read_to_end(&mut used).await;
    assert!(got.ends_with("ok\n"), "{got}");
    let mut unused = running.connect().await;
    assert_eq!(support::read_to_end(&mut unused).await, "");
    until(|| {
        running
            .gateway
            .metrics()
            .contains("plaid_gateway_connections 0")
    })
    .await;
}

fn page(running: &Running, path: &str) -> RequestBuilder {
    client().get(running.url(path))
}

#[tokio::test]
async fn the_explorer_is_served_with_everything_it_needs() {
    let echo = Echo::start().await;
    let running = Running::start(config(&echo.url())).await;
    for path in ["/", "/explorer"] {
        let answer = page(&running, path).send().await.unwrap();
        assert_eq!(answer.status(), 307);
        assert_eq!(answer.headers()["location"], "explorer/");
    }
    let index = page(&running, "/explorer/").send().await.unwrap();
    let policy = index.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-cache"),
    ] {
        assert_eq!(index.headers()[name], value);
    }
    let html = index.text().await.unwrap();
    let sources: Vec<&str> = html
        .split(['"', '\''])
        .filter_map(|part| part.strip_prefix("./").or(part.strip_prefix("/explorer/")))
        .collect();
    assert!(
        sources.iter().any(|source| source.ends_with(".js")),
        "{html}"
    );
    let files = sources.iter().map(|source| format!("/explorer/{source}"));
    let catalogue = "/explorer/catalogue/index.json".to_owned();
    for path in files.chain([catalogue]) {
        let plain = page(&running, &path).send().await.unwrap();
        assert_eq!(plain.status(), 200, "{path}");
        let etag = plain.headers()["etag"].clone();
        let plain = plain.bytes().await.unwrap();
        let packed = page(&running, &path).header("accept-encoding", "br, gzip");
        let packed = packed.send().await.unwrap();
        assert_eq!(packed.headers()["content-encoding"], "gzip");
        assert_eq!(packed.headers()["vary"], "accept-encoding");
        assert!(packed.bytes().await.unwrap().len() < plain.len(), "{path}");
        let known = page(&running, &path)
            .header("if-none-match", &etag)
            .send()
            .await
            .unwrap();
        assert_eq!(known.status(), 304);
        assert_eq!(known.bytes().await.unwrap().len(), 0);
    }
    for path in [
        "/explorer/nothing.js",
        "/explorer/../Cargo.toml",
        "/explorer/%2e%2e/a",
    ] {
        assert_eq!(
            page(&running, path).send().await.unwrap().status(),
            404,
            "{path}"
        );
    }
    assert!(echo.got().is_empty());
}

#[tokio::test]
async fn every_operation_has_a_page_in_the_explorer() {
    let echo = Echo::start().await;
    let running = Running::start(config(&echo.url())).await;
    let index: serde_json::Value = page(&running, "/explorer/catalogue/index.json")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let listed: Vec<&str> = index["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|operation| operation["id"].as_str().unwrap())
        .collect();
    assert_eq!(listed.len(), plaid_gateway::operations().len());
    let pool = client();
    for operation in plaid_gateway::operations() {
        assert!(listed.contains(&operation.id.as_str()), "{}", operation.id);
        let path = format!("/explorer/catalogue/operations/{}.json", operation.id);
        let answer = pool.get(running.url(&path)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/json");
    }
}

#[tokio::test]
async fn the_explorer_knows_the_gateway_and_can_be_left_out() {
    let echo = Echo::start().await;
    let settings = |config: Config| async {
        let running = Running::start(config).await;
        let answer = page(&running, "/explorer/settings.json")
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let mut sandbox = Config::new(Upstream::sandbox());
    sandbox.allow_caller_credentials = true;
    for (config, expected) in [
        (
            config(&echo.url()),
            r#"{"environment":"custom","own_credentials":false}"#,
        ),
        (
            sandbox,
            r#"{"environment":"sandbox","own_credentials":true}"#,
        ),
    ] {
        let (status, text) = settings(config).await;
        let told: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!((status, told), (200, expected));
    }
    let mut without = config(&echo.url());
    without.explorer = Some(false);
    assert_eq!(settings(without).await.0, 404);
}

#[tokio::test]
async fn where_others_reach_it_the_explorer_has_to_be_asked_for() {
    let echo = Echo::start().await;
    let mut open = config(&echo.url());
    open.callers = vec![Caller::new("a", NewKey::generate().unwrap().hash)];
    let mut asked_for = open.clone();
    asked_for.explorer = Some(true);
    let path = "/explorer/settings.json";
    for (config, expected) in [(open, 404), (asked_for, 200)] {
        // On an address of everybody's, which its configuration does not say.
        let gateway = Gateway::new(config.clone()).unwrap();
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let served =
            tokio::spawn(async move { gateway.serve(listener, std::future::pending()).await });
        let url = format!("http://127.0.0.1:{port}{path}");
        let answer = client().get(url).send().await.unwrap();
        assert_eq!(answer.status(), expected);
        served.abort();

        // Mounted in a server, of which the gateway does not know who reaches it.
        let mounted = mounted(config).await;
        let answer = client().get(format!("{mounted}{path}")).send();
        assert_eq!(answer.await.unwrap().status(), expected);
    }
}

/// The URL of a gateway that is mounted under a prefix.
async fn mounted(config: Config) -> String {
    let router = Gateway::new(config).unwrap().router();
    let app = axum::Router::new().nest_service("/some/plaid", router);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/some/plaid", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

#[tokio::test]
async fn a_mounted_explorer_is_found_from_its_prefix_with_and_without_a_slash() {
    let echo = Echo::start().await;
    let mut config = config(&echo.url());
    config.explorer = Some(true);
    let url = mounted(config).await;
    let browser = crate::support::http::builder().build().unwrap();
    for path in ["", "/", "/explorer", "/explorer/"] {
        let answer = browser.get(format!("{url}{path}")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path:?}");
        assert_eq!(answer.url().path(), "/some/plaid/explorer/", "{path:?}");
    }
}

#[tokio::test]
async fn an_answer_without_content_has_no_length_whatever_the_upstream_says() {
    let lying = "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n";
    let echo = Echo::answering(lying).await;
    let running = Running::start(config(&echo.url())).await;
    let request = "POST /accounts/get HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                   content-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    let got = running.raw(request.as_bytes()).await;
    assert!(got.starts_with("HTTP/1.1 204"), "{got}");
    assert!(!got.contains("content-length"), "{got}");
    let new = crate::support::http::builder()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let call = new.post(running.url("/accounts/get"));
    let call = call.header("content-type", "application/json").body("{}");
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(answer.bytes().await.unwrap().len(), 0);
}
