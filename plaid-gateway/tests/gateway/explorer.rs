//! The explorer's own tests, and that the bundle which is built into the gateway is what
//! its source makes.
//!
//! They need Node with npm, Python and bash, so `cargo xtask test` runs them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::{answers, ready, said};

const NO_NODE: &str = "Node 20.19 or later with npm is missing: take it from https://nodejs.org, \
                       or run `nvm install 22`; Debian 12 has version 18";
/// Vite, Vitest and Chromium each take a machine for themselves, and what is measured in
/// one of them is not to depend on the others.
pub(crate) static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

const EXPLORER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/explorer");

#[test]
#[ignore = "cargo xtask test --only explorer"]
fn the_bundle_is_what_its_source_makes() {
    let _turn = TURN.blocking_lock();
    let copy = ready(prepare("bundle"));
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
#[ignore = "cargo xtask test --only explorer"]
fn the_explorers_own_tests_pass() {
    let _turn = TURN.blocking_lock();
    // They run every snippet in its language.
    for tool in ["python3", "bash"] {
        assert!(answers(tool), "{tool} is missing");
    }
    let copy = ready(prepare("unit"));
    run(Command::new("npm").arg("test").current_dir(copy));
}

#[test]
#[ignore = "cargo xtask test --only explorer"]
fn the_page_gives_the_advice_that_the_crate_gives() {
    assert!(answers("node"), "{NO_NODE}");
    run(Command::new("node")
        .args(["scripts/advice.mjs", "--check"])
        .current_dir(EXPLORER));
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

/// A copy of the explorer's source with its packages beside it.
pub(crate) fn prepare(name: &str) -> Result<PathBuf, String> {
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

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}
