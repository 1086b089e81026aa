//! Configurations as they are read from files, the environment and programs.
use std::fs;

use plaid_gateway::source::{Emulator, Source};
use plaid_gateway::{Config, Credentials, NewKey};
use tempfile::TempDir;

/// A file with this text, and the folder that goes with it.
fn file(text: &str) -> (TempDir, Source) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.toml");
    fs::write(&path, text).unwrap();
    let source = Source {
        file: Some(path),
        ..Source::default()
    };
    (folder, source)
}

fn emulator() -> Emulator {
    Emulator {
        url: "http://127.0.0.1:1".to_owned(),
        credentials: Credentials::new("emulator-id", "emulator-secret").unwrap(),
    }
}

/// A file with one caller.
fn caller(narrowed: &str) -> String {
    let hash = "a".repeat(64);
    format!("[[caller]]\nname = \"a\"\nkey_sha256 = \"{hash}\"\n{narrowed}")
}

async fn load(source: &Source) -> Result<Option<Config>, String> {
    let loaded = source.load(Some(&emulator())).await;
    loaded
        .map(|loaded| loaded.config)
        .map_err(|error| error.to_string())
}

async fn upstream(source: &Source) -> String {
    let config = load(source).await.unwrap().unwrap();
    format!("{:?}", config.upstream)
}

#[tokio::test]
async fn production_is_reached_by_its_name_alone() {
    let with_credentials = Source {
        client_id: Some("an-id".to_owned()),
        secret: Some("a-secret".to_owned()),
        ..Source::default()
    };
    let of = |environment: &str| Source {
        environment: Some(environment.to_owned()),
        ..with_credentials.clone()
    };
    assert!(upstream(&Source::default()).await.starts_with("emulator"));
    assert!(upstream(&with_credentials).await.starts_with("sandbox"));
    assert!(upstream(&of("sandbox")).await.starts_with("sandbox"));
    assert!(upstream(&of("production")).await.starts_with("production"));
    assert!(upstream(&of("emulator")).await.starts_with("emulator"));
    assert!(
        upstream(&of("https://plaid.example"))
            .await
            .starts_with("custom")
    );
    for name in [
        "Production",
        "prod",
        "live",
        "development",
        "http://plaid.example",
    ] {
        assert!(load(&of(name)).await.is_err(), "{name}");
    }
    let from_variable = Source {
        plaid_env: Some("production".to_owned()),
        ..with_credentials.clone()
    };
    assert!(upstream(&from_variable).await.starts_with("production"));
    // An environment of Plaid's without credentials is a mistake, not an emulator.
    let without = Source {
        environment: Some("sandbox".to_owned()),
        ..Source::default()
    };
    assert!(load(&without).await.unwrap_err().contains("no credentials"));
    let half = Source {
        client_id: Some("an-id".to_owned()),
        ..Source::default()
    };
    assert!(load(&half).await.unwrap_err().contains("only one part"));
}

#[tokio::test]
async fn everything_can_stand_in_the_file() {
    let key = NewKey::generate().unwrap();
    let text = format!(
        r#"
        listen = "0.0.0.0:8080"
        admin = "127.0.0.1:9464"
        environment = "production"
        plaid_version = "2020-09-14"
        forward_headers = ["x-experiment"]

        [credentials]
        client_id = "an-id"
        secret = "a-secret"

        [explorer]
        enabled = true
        gateways = ["https://other.example"]

        [cors]
        origins = ["https://app.example"]

        [limits]
        body = 65536
        calls = 100

        [timeouts]
        first_byte = 60

        [[caller]]
        name = "billing"
        key_sha256 = "{}"
        operations = ["/accounts/get", "itemGet"]
        products = ["transactions"]
        rate_per_second = 20
        burst = 40
        concurrency = 16
        max_body = 4096
        "#,
        key.hash
    );
    let (_folder, source) = file(&text);
    let config = load(&source).await.unwrap().unwrap();
    assert_eq!(config.listen.to_string(), "0.0.0.0:8080");
    assert_eq!(config.limits.body, 65536);
    assert_eq!(config.limits.headers, 64);
    assert_eq!(config.timeouts.first_byte.as_secs(), 60);
    assert_eq!(config.cors_origins, ["https://app.example"]);
    assert_eq!(config.callers.len(), 1);
    assert_eq!(config.explorer, Some(true));
    assert_eq!(
        config.credentials,
        Credentials::new("an-id", "a-secret").ok()
    );
}

#[tokio::test]
async fn a_mistake_in_the_file_is_told_with_its_line_and_without_its_values() {
    let parts = "[credentials]\nclient_id = \"planted\"\n";
    for (text, told) in [
        ("listen = \"planted\"".to_owned(), "line 1"),
        (format!("{parts}secret = 5\n"), "line 3"),
        (format!("{parts}secret = \"planted"), "line 3"),
        (format!("{parts}secrets = \"planted\""), "secrets"),
        (format!("{parts}secret = \"plan ted\""), "secret"),
        (parts.to_owned(), "only one part"),
        (
            "[[caller]]\nname = \"a\"\nkey_sha256 = \"planted\"".to_owned(),
            "key new",
        ),
        ("[limits]\nbody = 0".to_owned(), "limit"),
        ("[limits]\nheaders = 129".to_owned(), "limits.headers"),
        (
            "[limits]\nheader_bytes = 65537".to_owned(),
            "limits.header_bytes",
        ),
        (caller(""), "line 1: the caller \"a\" does not say"),
        (caller("rate_per_second = 1"), "`operations = \"all\"`"),
        (format!("\n\n{}", caller("")), "gateway.toml, line 3"),
        (caller("operations = 'planted'"), "neither `\"all\"` nor"),
        (caller("operations = 5"), "line 4"),
        (
            caller("operations = 'all'\nproducts = ['auth']"),
            "remove one",
        ),
        (caller("products = 'all'"), "line 4"),
        (caller("products = ['all']"), "line 1: the caller"),
        (caller("operations = ['/nothing']"), "line 1: the caller"),
        (caller("operations = []"), "empty list"),
        (caller("products = []"), "empty list"),
        (caller("operations = []\nproducts = ['auth']"), "empty list"),
        ("[timeouts]\nidle = 0".to_owned(), "timeout"),
        ("[cors]\norigins = [\"*\"]".to_owned(), "origin"),
        ("forward_headers = [\"cookie\"]".to_owned(), "cookie"),
        ("listen = \"0.0.0.0:1\"".to_owned(), "key new"),
    ] {
        let (_folder, source) = file(&text);
        let error = load(&source).await.unwrap_err();
        assert!(error.contains(told), "{text}: {error}");
        assert!(
            !error.contains("planted") && !error.contains("plan ted"),
            "{error}"
        );
    }
    let missing = Source {
        file: Some("/nothing/there.toml".into()),
        ..Source::default()
    };
    assert!(
        load(&missing)
            .await
            .unwrap_err()
            .contains("/nothing/there.toml")
    );
}

#[tokio::test]
async fn a_program_can_print_the_credentials() {
    let expected = Credentials::new("an-id", "a-secret").ok();
    for printed in [
        r#"{"client_id":"an-id","secret":"a-secret","other":1}"#,
        "an-id\\na-secret\\n",
    ] {
        let command = format!(
            "[credentials]\ncommand = ['printf', '{}']\nrefresh_seconds = 60",
            printed.replace('%', "%%")
        );
        let (_folder, source) = file(&command);
        let loaded = source.load(None).await.unwrap();
        assert_eq!(loaded.config.unwrap().credentials, expected);
        assert_eq!(loaded.refresh.unwrap().as_secs(), 60);
    }
    for (command, told) in [
        ("[]", "empty"),
        ("['/nothing/there']", "cannot be run"),
        ("['sh', '-c', 'echo planted; exit 1']", "failed"),
        ("['echo', 'planted']", "has to print"),
        ("['printf', 'planted\\nplanted\\nplanted']", "has to print"),
        ("['true']\nsecret = 'planted'", "both"),
    ] {
        let (_folder, source) = file(&format!("[credentials]\ncommand = {command}"));
        let error = load(&source).await.unwrap_err();
        assert!(
            error.contains(told) && !error.contains("planted"),
            "{error}"
        );
    }
}

#[test]
fn debug_shows_no_credentials() {
    let source = Source {
        client_id: Some("planted".to_owned()),
        secret: Some("planted".to_owned()),
        ..Source::default()
    };
    assert!(!format!("{source:?} {:?}", emulator()).contains("planted"));
}
