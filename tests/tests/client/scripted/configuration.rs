//! Making a client.

use std::time::Duration;

use plaid::{Client, Environment, Error};

use crate::scripted::support::*;

fn from(variables: &[(&str, &str)]) -> Result<Client, Error> {
    Client::from_lookup(|name| {
        let found = variables.iter().find(|(key, _)| *key == name)?;
        Some(found.1.to_owned())
    })
}

fn from_environment(environment: Option<&str>) -> Result<Client, Error> {
    let mut variables = vec![("PLAID_CLIENT_ID", CLIENT_ID), ("PLAID_SECRET", SECRET)];
    variables.extend(environment.map(|value| ("PLAID_ENV", value)));
    from(&variables)
}

#[test]
fn the_environment_is_a_name_or_a_url() {
    for (value, url) in [
        ("sandbox", "https://sandbox.plaid.com"),
        ("production", "https://production.plaid.com"),
        ("http://localhost:4010", "http://localhost:4010"),
        ("https://plaid.example/api/", "https://plaid.example/api"),
    ] {
        assert_eq!(from_environment(Some(value)).unwrap().base_url(), url);
    }
}

#[test]
fn no_environment_is_guessed() {
    for value in [
        None,
        Some(""),
        Some("Sandbox"),
        Some("prod"),
        Some("development"),
        Some(" sandbox"),
    ] {
        let error = from_environment(value).unwrap_err();
        assert!(matches!(error, Error::Config(_)));
        let text = error.to_string();
        assert!(text.starts_with("PLAID_ENV is "), "{text}");
        assert!(
            text.contains("`sandbox`, `production` or a base URL"),
            "{text}"
        );
    }
    // Whoever mixes up two variables does not want to read about it in the log.
    let error = from_environment(Some(SECRET)).unwrap_err();
    assert!(!printed(&error).contains(SECRET));
}

#[test]
fn missing_credentials_are_named() {
    let sandbox = ("PLAID_ENV", "sandbox");
    let error = from(&[sandbox, ("PLAID_SECRET", SECRET)]).unwrap_err();
    assert_eq!(error.to_string(), "PLAID_CLIENT_ID is missing or empty");
    let error = from(&[
        sandbox,
        ("PLAID_CLIENT_ID", CLIENT_ID),
        ("PLAID_SECRET", ""),
    ])
    .unwrap_err();
    assert_eq!(error.to_string(), "PLAID_SECRET is missing or empty");
}

#[test]
fn credentials_have_to_fit_into_a_header() {
    for bad in ["", "planted\n", "plan ted", "plänted"] {
        let error = Client::new(Environment::Sandbox, CLIENT_ID, bad).unwrap_err();
        assert!(error.to_string().starts_with("the secret "), "{error}");
        assert!(!printed(&error).contains("planted"));
        assert!(Client::new(Environment::Sandbox, bad, SECRET).is_err());
    }
}

#[test]
fn a_builder_tells_what_does_not_go_together() {
    let problems = [
        (
            Client::builder().credentials("a", "b"),
            "an environment or a base URL",
        ),
        (
            Client::builder().environment(Environment::Sandbox),
            "needs credentials",
        ),
        (
            Client::builder()
                .base_url("https://g.example")
                .credentials("a", "b")
                .key("planted"),
            "at a gateway alone",
        ),
        (
            Client::builder()
                .environment(Environment::Sandbox)
                .key("planted"),
            "either gateway(url) or environment",
        ),
        (
            Client::builder()
                .gateway("https://g.example")
                .key("planted")
                .credentials("a", "planted")
                .environment(Environment::Production),
            "either gateway(url) or environment",
        ),
        (Client::builder().gateway("http://g.example"), "plain http"),
        (
            Client::builder().gateway("https://u:planted@g.example"),
            "user name",
        ),
        (
            Client::builder().gateway("https://g.example").key(""),
            "the gateway's key is empty",
        ),
        (
            Client::builder()
                .gateway("https://g.example")
                .timeout(Duration::ZERO),
            "zero",
        ),
        (
            Client::builder()
                .gateway("https://g.example")
                .plaid_version("\n"),
            "plaid_version",
        ),
    ];
    for (builder, problem) in problems {
        let error = builder.build().unwrap_err();
        assert!(error.to_string().contains(problem), "{error}");
        assert!(!printed(&error).contains("planted"));
        assert_eq!((error.operation(), error.attempts()), (None, 0));
    }
}

#[test]
fn plain_http_needs_a_word() {
    let plain = Client::builder().gateway("http://gateway.internal");
    assert!(plain.allow_insecure().build().is_ok());
    assert!(Client::gateway("http://127.0.0.1:9").build().is_ok());
    assert!(Client::sandbox_at("http://[::1]:9", CLIENT_ID, SECRET).is_ok());
    assert!(Client::sandbox_at("http://sandbox.example", CLIENT_ID, SECRET).is_err());
}
