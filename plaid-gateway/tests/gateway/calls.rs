//! Calls through the gateway to the emulator, as programs make them.

use crate::support::{Running, client};
use plaid::{Client, Environment};
use plaid_gateway::{Caller, Config, Credentials, Gateway, NewKey, Upstream};
use plaid_sandbox::Sandbox;
use serde_json::{Value, json};

fn config(sandbox: &Sandbox) -> Config {
    let mut config = Config::new(Upstream::emulator(sandbox.url()).unwrap());
    let credentials = Credentials::new(sandbox.client_id(), sandbox.secret());
    config.credentials = Some(credentials.unwrap());
    config
}

async fn started() -> (Sandbox, Running) {
    let sandbox = Sandbox::start().await.unwrap();
    let running = Running::start(config(&sandbox)).await;
    (sandbox, running)
}

async fn post(running: &Running, path: &str, body: &Value) -> (u16, Value) {
    let answer = client()
        .post(running.url(path))
        .json(body)
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn stripe_token(plaid: &Client) -> plaid::Result<String> {
    let public = plaid
        .sandbox()
        .public_token_create("ins_109508", ["auth"])
        .await?;
    let item = plaid
        .items()
        .public_token_exchange(public.public_token.clone())
        .await?;
    let accounts = plaid.accounts().get(item.access_token.clone()).await?;
    let account = accounts.accounts[0].account_id.clone();
    let token = plaid
        .processor()
        .stripe_bank_account_token_create(item.access_token.clone(), account)
        .await?;
    Ok(token.stripe_bank_account_token.expose_secret().to_owned())
}

#[tokio::test]
async fn a_program_without_credentials_gets_a_stripe_token() {
    let (_sandbox, running) = started().await;
    let plaid = Client::gateway(running.url("")).build().unwrap();
    let token = stripe_token(&plaid).await.unwrap();
    assert!(token.starts_with("btok_"), "{token}");
}

#[tokio::test]
async fn a_program_with_a_key_gets_it_and_one_without_does_not() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut config = config(&sandbox);
    let key = NewKey::generate().unwrap();
    config
        .callers
        .push(Caller::new("program", key.hash).all_operations());
    let running = Running::start(config).await;

    let plaid = Client::gateway(running.url(""))
        .key(key.key)
        .build()
        .unwrap();
    assert!(stripe_token(&plaid).await.unwrap().starts_with("btok_"));

    for builder in [
        Client::gateway(running.url("")),
        Client::gateway(running.url("")).key("pgk_wrong"),
    ] {
        let error = stripe_token(&builder.build().unwrap()).await.unwrap_err();
        let api = error.as_api().unwrap();
        assert_eq!(api.status().as_u16(), 401);
        assert_eq!(api.error_code().as_str(), "INVALID_API_KEYS");
    }
}

#[tokio::test]
async fn what_the_api_does_not_have_is_not_found_in_plaids_shape() {
    let (sandbox, running) = started().await;
    let before = sandbox.requests().len();
    for path in [
        "/",
        "/new/endpoint",
        "/accounts/get/",
        "/ACCOUNTS/GET",
        "/fdx/consents/",
    ] {
        let (status, body) = post(&running, path, &json!({})).await;
        assert_eq!(status, 404, "{path}");
        assert_eq!(body["error_type"], "INVALID_REQUEST");
        assert_eq!(body["error_code"], "NOT_FOUND");
        let keys: Vec<&str> = body
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            keys,
            [
                "display_message",
                "documentation_url",
                "error_code",
                "error_message",
                "error_type",
                "request_id",
                "suggested_action",
            ],
        );
    }
    for method in ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"] {
        let method = method.parse().unwrap();
        let answer = client()
            .request(method, running.url("/accounts/get"))
            .send();
        assert_eq!(answer.await.unwrap().status(), 404);
    }
    assert_eq!(sandbox.requests().len(), before, "something was forwarded");
}

#[tokio::test]
async fn credentials_of_the_caller_are_replaced_in_headers_and_body() {
    let (sandbox, running) = started().await;
    for body in [
        json!({"client_id": "planted", "secret": "planted", "institution_id": "ins_109508", "initial_products": ["auth"]}),
        json!({"institution_id": "ins_109508", "initial_products": ["auth"]}),
    ] {
        let call = async |url: String| {
            let call = client()
                .post(format!("{url}/sandbox/public_token/create"))
                .header("PLAID-CLIENT-ID", "planted")
                .header("PLAID-SECRET", "planted")
                .header("Plaid-Version", "2017-03-08");
            let answer = call.json(&body).send().await.unwrap();
            (answer.status(), answer.json::<Value>().await.unwrap())
        };
        let (status, answer) = call(running.url("")).await;
        assert_eq!(status, 200);
        assert!(answer["public_token"].is_string(), "{answer}");
        // The emulator refuses it with these credentials.
        let (status, answer) = call(sandbox.url().to_owned()).await;
        assert_eq!(status, 400);
        let message = answer["error_message"].as_str().unwrap();
        assert!(message.contains("client_id"), "{message}");
    }
}

#[tokio::test]
async fn operations_that_want_credentials_in_the_body_get_them_and_open_ones_get_none() {
    let (_sandbox, running) = started().await;
    for (path, body) in [
        ("/application/get", json!({"application_id": "a"})),
        (
            "/application/get",
            json!({"application_id": "a", "client_id": "planted", "secret": "x"}),
        ),
        ("/categories/get", json!({})),
        (
            "/categories/get",
            json!({"client_id": "planted", "secret": "x"}),
        ),
    ] {
        let (status, answer) = post(&running, path, &body).await;
        assert_eq!(status, 200, "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_path_parameter_reaches_plaid() {
    let (sandbox, running) = started().await;
    let answer = client()
        .get(running.url("/fdx/recipient/a-1"))
        .send()
        .await
        .unwrap();
    assert_ne!(answer.status(), 404);
    let logged = sandbox.requests();
    assert_eq!(logged[0].operation, Some("/fdx/recipient/{recipientId}"));
}

#[tokio::test]
async fn plaids_errors_pass_as_they_are() {
    let (_sandbox, running) = started().await;
    let (status, body) = post(
        &running,
        "/accounts/get",
        &json!({"access_token": "planted"}),
    )
    .await;
    assert_eq!(status, 400);
    assert_eq!(body["error_code"], "INVALID_ACCESS_TOKEN");
}

#[tokio::test]
async fn the_router_asks_for_keys_wherever_it_is_mounted() {
    let sandbox = Sandbox::start().await.unwrap();
    let key = NewKey::generate().unwrap();
    let mut keyed = config(&sandbox);
    keyed
        .callers
        .push(Caller::new("program", key.hash).all_operations());
    for (config, status) in [(config(&sandbox), 401), (keyed, 200)] {
        let gateway = Gateway::new(config).unwrap();
        let app = axum::Router::new()
            .route("/own", axum::routing::get(|| async { "own" }))
            .nest_service("/plaid", gateway.router());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move { axum::serve(listener, app).await });
        let answer = client()
            .post(format!("http://{address}/plaid/institutions/get_by_id"))
            .bearer_auth(&key.key)
            .json(&json!({"institution_id": "ins_109508", "country_codes": ["US"]}))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), status);
        let own = client()
            .get(format!("http://{address}/own"))
            .send()
            .await
            .unwrap();
        assert_eq!(own.text().await.unwrap(), "own");
        server.abort();
    }
}

#[tokio::test]
async fn files_stream_through() {
    let (_sandbox, running) = started().await;
    let products = json!({"institution_id": "ins_109508", "initial_products": ["assets"]});
    let (_, public) = post(&running, "/sandbox/public_token/create", &products).await;
    let exchange = json!({"public_token": public["public_token"]});
    let (_, item) = post(&running, "/item/public_token/exchange", &exchange).await;
    let report = json!({"access_tokens": [item["access_token"]], "days_requested": 10});
    let (_, report) = post(&running, "/asset_report/create", &report).await;
    let token = json!({"asset_report_token": report["asset_report_token"]});
    // Not ready when it is first asked for.
    let (status, _) = post(&running, "/asset_report/pdf/get", &token).await;
    assert_eq!(status, 400);
    let answer = client()
        .post(running.url("/asset_report/pdf/get"))
        .json(&token)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/pdf");
    assert!(answer.headers().contains_key("plaid-request-id"));
    let pdf = answer.bytes().await.unwrap();
    assert!(pdf.starts_with(b"%PDF"));
}

#[tokio::test]
async fn health_is_told_without_a_key() {
    let (_sandbox, running) = started().await;
    for path in ["/healthz", "/readyz"] {
        let answer = client().get(running.url(path)).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "ok\n");
    }
}

#[test]
fn a_gateway_is_not_an_environment() {
    let both = Client::gateway("https://g.example").credentials("a", "b");
    assert!(both.environment(Environment::Sandbox).build().is_err());
}
