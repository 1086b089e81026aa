//! The explorer in Chromium, its own tests, and that the bundle which is built into the
//! gateway is what its source makes.
//!
//! They need Node with npm, Python, bash and Chromium. Chromium is installed from Debian
//! where this may be done; of what is missing else a test says so and is skipped. In CI
//! nothing is skipped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;
#[path = "../../tests/tools.rs"]
mod tools;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use plaid_gateway::{Caller, Config, Credentials, NewKey, Upstream};
use plaid_sandbox::Sandbox;
use support::Running;
use tools::{answers, debian, ready, said};

const NO_NODE: &str = "Node 20.19 or later with npm is missing: take it from https://nodejs.org, \
                       or run `nvm install 22`; Debian 12 has version 18";
/// Vite, Vitest and Chromium each take a machine for themselves, and what is measured in
/// one of them is not to depend on the others.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

const EXPLORER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/explorer");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_goes_from_nothing_to_a_stripe_token_in_chromium() {
    let _turn = TURN.lock().await;
    let Some((copy, chromium)) = ready(|| Ok((prepare("browser")?, chromium()?))) else {
        return;
    };
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

#[test]
fn the_bundle_is_what_its_source_makes() {
    let _turn = TURN.blocking_lock();
    let Some(copy) = ready(|| prepare("bundle")) else {
        return;
    };
    fs::remove_dir_all(copy.join("dist")).unwrap();
    run(Command::new("npm")
        .args(["run", "build"])
        .current_dir(&copy));
    let built = files(&copy.join("dist"));
    let committed = files(&Path::new(EXPLORER).join("dist"));
    assert!(built.contains_key(Path::new("index.html")));
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert!(
        built == committed,
        "plaid-gateway/explorer/dist is old: run `npm ci && npm run build` there and commit it.\n\
         built {:?}, committed {:?}",
        names(&built),
        names(&committed)
    );
}

#[test]
fn the_explorers_own_tests_pass() {
    let _turn = TURN.blocking_lock();
    let prepared = || {
        // They run every snippet in its language.
        for (tool, package) in [("python3", "python3"), ("bash", "bash")] {
            if !answers(tool) {
                return Err(format!("{tool} is missing: `apt-get install {package}`"));
            }
        }
        prepare("unit")
    };
    let Some(copy) = ready(prepared) else {
        return;
    };
    run(Command::new("npm").arg("test").current_dir(copy));
}

#[test]
fn the_page_gives_the_advice_that_the_crate_gives() {
    let node = || {
        answers("node")
            .then_some(())
            .ok_or_else(|| NO_NODE.to_owned())
    };
    if ready(node).is_none() {
        return;
    }
    run(Command::new("node")
        .args(["scripts/advice.mjs", "--check"])
        .current_dir(EXPLORER));
}

fn config(sandbox: &Sandbox) -> Config {
    let mut config = Config::new(Upstream::emulator(sandbox.url()).unwrap());
    let credentials = Credentials::new(sandbox.client_id(), sandbox.secret());
    config.credentials = Some(credentials.unwrap());
    config
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Everything in a folder, by its name within it.
fn files(folder: &Path) -> Files {
    let mut found = Files::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        if path.is_dir() {
            let inner = files(&path);
            found.extend(
                inner
                    .into_iter()
                    .map(|(inner, bytes)| (name.join(inner), bytes)),
            );
        } else {
            found.insert(name, fs::read(path).unwrap());
        }
    }
    found
}

/// Past the harness, which shows what a test prints only when it fails.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A copy of the explorer's source with its packages beside it.
fn prepare(name: &str) -> Result<PathBuf, String> {
    if !answers("npm") || !is_new_enough() {
        return Err(NO_NODE.to_owned());
    }
    let base = Path::new(env!("CARGO_TARGET_TMPDIR")).join("explorer");
    let output = Command::new("node")
        .arg("scripts/prepare.mjs")
        .arg(&base)
        .arg(name)
        .current_dir(EXPLORER)
        .output()
        .map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(base.join(name)),
        false => Err(format!(
            "the explorer's packages could not be installed from npm:\n{}",
            said(&output)
        )),
    }
}

/// Whether Node is there in a version that can build the explorer.
fn is_new_enough() -> bool {
    let output = Command::new("node").arg("--version").output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = version.unwrap_or_default();
    let mut numbers = version.trim_start_matches('v').split('.');
    let mut number = || numbers.next().and_then(|number| number.parse().ok());
    (number().unwrap_or(0), number().unwrap_or(0)) >= (20, 19)
}

/// Chromium, from Debian's packages if it is not there.
fn chromium() -> Result<PathBuf, String> {
    if let Some(found) = installed_chromium() {
        return Ok(found);
    }
    debian(&["chromium"]);
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

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}
