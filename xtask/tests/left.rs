//! The last test program of the workspace: it says which tests `cargo test` left out, and how
//! to run them. It has no harness, which would keep that to itself.
#![allow(clippy::print_stderr, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// In front of every test that needs more than cargo.
const MARK: &str = "#[ignore = \"cargo xtask test --only ";

fn main() {
    // A filter or a list is about other tests, and `cargo xtask test` has a summary itself.
    if std::env::args().len() > 1 {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folders = ["tests/tests", "plaid-sandbox/tests", "plaid-gateway/tests"];
    let count: usize = folders.iter().map(|folder| marks(root.join(folder))).sum();
    assert!(
        count > 0,
        "the tests that need more than cargo are elsewhere"
    );
    eprintln!(
        "\n{count} tests were left out: they need a browser, nginx, Node or Python.\n\
         `cargo xtask test` runs them with all others, and says what is missing.\n"
    );
}

/// How many tests of a folder are marked.
fn marks(folder: PathBuf) -> usize {
    let mut count = 0;
    let mut waiting = vec![folder];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            count += fs::read_to_string(&path).unwrap().matches(MARK).count();
        }
    }
    count
}
