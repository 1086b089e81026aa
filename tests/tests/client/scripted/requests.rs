//! What is sent.

use plaid::{Call, Client, Error, RetryPolicy, Secret};

use crate::scripted::support::*;

#[tokio::test]
async fn credentials_and_version_are_headers() {
    let script = Script::new([ok()]);
    look(&script.client()).await.unwrap();
    let seen = &script.seen()[0];
    assert_eq!(seen.url, "https://plaid.example/look");
    assert_eq!(seen.header("plaid-client-id"), Some(CLIENT_ID));
    assert_eq!(seen.header("plaid-secret"), Some(SECRET));
    assert_eq!(seen.header("plaid-version"), Some("2020-09-14"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(
        seen.header("user-agent"),
        Some(concat!("plaid-rust/", env!("CARGO_PKG_VERSION")))
    );
    assert!(seen.headers["plaid-client-id"].is_sensitive());
    assert!(seen.headers["plaid-secret"].is_sensitive());
    assert_eq!(
        seen.body,
        format!(r#"{{"access_token":"{TOKEN}","amount":{AMOUNT}}}"#)
    );
}

#[tokio::test]
async fn credentials_can_be_in_the_body() {
    let script = Script::new([ok()]);
    Call::<Token>::new(&script.client(), body()).await.unwrap();
    let seen = &script.seen()[0];
    assert_eq!(seen.header("plaid-secret"), None);
    assert!(seen.body.contains(&format!(r#""client_id":"{CLIENT_ID}""#)));
    assert!(seen.body.contains(&format!(r#""secret":"{SECRET}""#)));
    assert!(seen.body.contains(AMOUNT));
}

#[tokio::test]
async fn an_open_operation_gets_none() {
    let script = Script::new([ok()]);
    Call::<Open>::new(&script.client(), body()).await.unwrap();
    let seen = &script.seen()[0];
    assert_eq!(seen.header("plaid-client-id"), None);
    assert_eq!(seen.header("plaid-secret"), None);
    assert!(!seen.body.contains(SECRET));
}

#[tokio::test]
async fn a_gateway_gets_a_key_and_no_credentials() {
    let script = Script::new([ok(), ok()]);
    let gateway = Client::builder()
        .gateway("https://gateway.example/plaid/")
        .key("caller-key")
        .transport(script.clone())
        .build()
        .unwrap();
    look(&gateway).await.unwrap();
    Call::<Token>::new(&gateway, body()).await.unwrap();
    for seen in script.seen() {
        assert!(seen.url.starts_with("https://gateway.example/plaid/"));
        assert_eq!(seen.header("authorization"), Some("Bearer caller-key"));
        assert!(seen.headers["authorization"].is_sensitive());
        assert_eq!(seen.header("plaid-secret"), None);
        assert!(!seen.body.contains("client_id"));
    }
    let refused = look(&gateway).header("Authorization", "Bearer other").await;
    assert!(matches!(refused, Err(Error::Config(_))));
}

#[tokio::test]
async fn a_gateway_gets_the_callers_own_credentials_as_headers_beside_the_key() {
    for is_first in [true, false] {
        let script = Script::new([ok(), ok(), ok()]);
        let builder = Client::builder().transport(script.clone());
        let builder = match is_first {
            true => builder
                .gateway("https://gateway.example")
                .key("caller-key")
                .credentials(CLIENT_ID, SECRET),
            false => builder
                .credentials(CLIENT_ID, SECRET)
                .key("caller-key")
                .gateway("https://gateway.example"),
        };
        let gateway = builder.build().unwrap();
        look(&gateway).await.unwrap();
        // What Plaid takes in the body, a gateway puts there itself.
        Call::<Token>::new(&gateway, body()).await.unwrap();
        Call::<Open>::new(&gateway, body()).await.unwrap();
        let seen = script.seen();
        for seen in &seen {
            assert_eq!(seen.header("authorization"), Some("Bearer caller-key"));
            assert!(!seen.body.contains(SECRET) && !seen.body.contains("client_id"));
        }
        for seen in &seen[..2] {
            assert_eq!(seen.header("plaid-client-id"), Some(CLIENT_ID));
            assert_eq!(seen.header("plaid-secret"), Some(SECRET));
            assert!(seen.headers["plaid-secret"].is_sensitive());
        }
        assert_eq!(seen[2].header("plaid-client-id"), None);
        assert_eq!(seen[2].header("plaid-secret"), None);
    }
}

#[tokio::test]
async fn a_gateway_without_keys_takes_the_callers_own_credentials_too() {
    let script = Script::new([ok()]);
    let gateway = Client::gateway("https://gateway.example")
        .credentials(CLIENT_ID, SECRET)
        .transport(script.clone())
        .build()
        .unwrap();
    Call::<Token>::new(&gateway, body()).await.unwrap();
    let seen = &script.seen()[0];
    assert_eq!(seen.header("authorization"), None);
    assert_eq!(seen.header("plaid-secret"), Some(SECRET));
    assert!(!seen.body.contains(SECRET));
}

#[tokio::test]
async fn extra_fields_change_nothing_else() {
    let script = Script::new([ok()]);
    let exact: Box<serde_json::value::RawValue> =
        serde_json::from_str("0.10000000000000000001").unwrap();
    look(&script.client())
        .extra("new_field", serde_json::json!({"a": [1, null]}))
        .extra("exact", exact)
        .extra("access_token", Secret::from("access-sandbox-other"))
        .await
        .unwrap();
    let seen = script.seen();
    let body = &seen[0].body;
    assert!(body.contains(r#""new_field":{"a":[1,null]}"#));
    assert!(body.contains(r#""exact":0.10000000000000000001"#));
    assert!(body.contains(r#""access_token":"access-sandbox-other""#));
    assert!(body.contains(&format!(r#""amount":{AMOUNT}"#)));
    assert!(!body.contains(TOKEN));
}

#[tokio::test]
async fn headers_of_a_call_are_added_or_replace_the_defaults() {
    let script = Script::new([ok()]);
    let call = look(&script.client())
        .header("X-Trace", "1")
        .header("Plaid-Version", "2019-05-29");
    call.await.unwrap();
    let seen = &script.seen()[0];
    assert_eq!(seen.header("x-trace"), Some("1"));
    let versions: Vec<_> = seen.headers.get_all("plaid-version").iter().collect();
    assert_eq!(versions, ["2019-05-29"]);
}

#[tokio::test]
async fn mistakes_are_told_and_nothing_is_sent() {
    let script = Script::new([]);
    let client = script.client();
    let calls = [
        (
            look(&client).header("PLAID-SECRET", "planted"),
            "`plaid-secret` is set by the client",
        ),
        (
            look(&client).header("plaid-client-id", "planted"),
            "`plaid-client-id` is set",
        ),
        (look(&client).header("Host", "planted"), "`host` is set"),
        (
            look(&client).header("no good", "planted"),
            "the name of a header",
        ),
        (
            look(&client).header("x-a", "planted\n"),
            "the value of `x-a`",
        ),
        (
            look(&client).extra("secret", "planted"),
            "`secret` is set by the client",
        ),
        (
            look(&client).extra("client_id", "planted"),
            "`client_id` is set by the client",
        ),
    ];
    for (call, problem) in calls {
        let error = call.await.unwrap_err();
        assert!(matches!(error, Error::Config(_)));
        assert!(error.to_string().starts_with("look: not sent: "), "{error}");
        assert!(error.to_string().contains(problem), "{error}");
        assert!(!printed(&error).contains("planted"));
        assert!(!error.may_have_reached_plaid());
        assert_eq!((error.attempts(), error.operation()), (0, Some("look")));
    }
    assert!(script.seen().is_empty());
}

#[tokio::test]
async fn what_is_not_generated_can_be_called() {
    let script = Script::new([ok(), answer(503, ""), ok(), answer(503, "")]);
    let client = script.client_with(hasty());
    let body = serde_json::json!({"access_token": TOKEN});
    let response = client
        .call::<Value>("/new/endpoint", &body)
        .extra("a", 1)
        .await
        .unwrap();
    assert_eq!(response.value, 1);
    assert_eq!(script.seen()[0].url, "https://plaid.example/new/endpoint");
    assert_eq!(
        script.seen()[0].body,
        format!(r#"{{"a":1,"access_token":"{TOKEN}"}}"#)
    );

    let retried = client
        .call::<Value>("/new/endpoint", &body)
        .read_only()
        .await
        .unwrap();
    assert_eq!(retried.attempts(), 2);
    let error = client
        .call::<Value>("/new/endpoint", &body)
        .await
        .unwrap_err();
    assert_eq!(
        (error.operation(), error.attempts()),
        (Some("/new/endpoint"), 1)
    );
}

#[tokio::test]
async fn a_path_cannot_lead_elsewhere() {
    let script = Script::new([]);
    let client = script.client();
    for path in [
        "new",
        "",
        "@evil.example/",
        "/a?b=c",
        "/a#b",
        "/../a",
        "/a/./b",
        "/a\\b",
        "/%2e",
        "/a b",
    ] {
        let error = client.call::<Value>(path, ()).await.unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{path}");
    }
    let list = client
        .call::<Value>("/list", [1])
        .extra("a", 1)
        .await
        .unwrap_err();
    assert!(list.to_string().contains("no JSON object to put `a` into"));
    assert!(script.seen().is_empty());
}

#[tokio::test]
async fn a_call_can_be_spawned_cloned_and_sent() {
    let script = Script::new([ok(), ok(), ok()]);
    let client = script.client_with(RetryPolicy::none());
    let call = look(&client);
    let spawned = tokio::spawn(call.clone().send());
    assert_eq!(spawned.await.unwrap().unwrap().value, 1);
    let boxed = tokio::spawn(call.clone().into_future());
    assert_eq!(boxed.await.unwrap().unwrap().value, 1);
    assert_eq!(call.send().await.unwrap().value, 1);
}
