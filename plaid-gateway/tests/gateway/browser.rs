//! The explorer in Chromium, from an empty form to a Stripe token.
//!
//! It needs Node with npm and Chromium, so `cargo xtask test` runs it.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use plaid_gateway::{Caller, Config, Credentials, NewKey, Upstream};
use plaid_sandbox::Sandbox;

use crate::explorer::{TURN, prepare};
use crate::support::Running;
use crate::tools::{ready, said};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask test --only browser"]
async fn a_user_goes_from_nothing_to_a_stripe_token_in_chromium() {
    let _turn = TURN.lock().await;
    let (copy, chromium) = (ready(prepare("browser")), ready(chromium()));
    let sandbox = Sandbox::start().await.unwrap();
    let key = NewKey::generate().unwrap();
    let mut with_key = config(&sandbox);
    with_key
        .callers
        .push(Caller::new("explorer", key.hash).all_operations());
    with_key.allow_caller_credentials = true;
    let with_key = Running::start(with_key).await;
    let plain = Running::start(config(&sandbox)).await;

    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=tap", "browser/explorer.test.mjs"])
        .current_dir(copy)
        .env("CHROMIUM", chromium)
        .env("GATEWAY_URL", with_key.url(""))
        .env("GATEWAY_KEY", key.key)
        .env("PLAIN_GATEWAY_URL", plain.url(""));
    let output = tokio::task::spawn_blocking(move || node.output()).await;
    let output = output.unwrap().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let tap = String::from_utf8_lossy(&output.stdout);
    // Everything that it needs was given.
    assert!(tap.lines().any(|line| line == "# skipped 0"), "{tap}");
    let figures = tap
        .lines()
        .filter_map(|line| line.strip_prefix("# figure: "));
    let figures: Vec<&str> = figures.collect();
    assert_eq!(figures.len(), 2, "{tap}");
    figures.into_iter().for_each(tell);
}

fn config(sandbox: &Sandbox) -> Config {
    let mut config = Config::new(Upstream::emulator(sandbox.url()).unwrap());
    let credentials = Credentials::new(sandbox.client_id(), sandbox.secret());
    config.credentials = Some(credentials.unwrap());
    config
}

/// Past the harness, which shows what a test prints only when it fails.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Where Chromium is.
fn chromium() -> Result<PathBuf, String> {
    installed_chromium().ok_or_else(|| {
        "Chromium is missing: run `apt-get install chromium`, or set CHROMIUM to its path"
            .to_owned()
    })
}

fn installed_chromium() -> Option<PathBuf> {
    let given = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let places = [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ];
    given
        .into_iter()
        .chain(places.map(PathBuf::from))
        .find(|place| place.exists())
}
