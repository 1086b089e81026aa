//! What the command says to whoever called it: its exit code and its streams.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn xtask(root: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("--root")
        .arg(root)
        .args(arguments)
        .output()
        .expect("xtask runs")
}

#[test]
fn a_mistake_is_exit_code_one_and_says_where() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("openapi")).unwrap();
    let document =
        "openapi: 3.0.3\npaths: {}\ncomponents:\n  schemas:\n    A:\n      type: object\n";
    fs::write(root.path().join("openapi/a.yaml"), document).unwrap();
    let output = xtask(root.path(), &["generate"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("a.yaml:5:5: the schema `A` has no description"),
        "{said}"
    );
    assert!(
        !said.contains('\u{1b}'),
        "no colours where there is no terminal"
    );
    assert!(!root.path().join("plaid-gen").exists());
}

#[test]
fn the_list_is_on_standard_output() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = xtask(root, &["list", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let lines = String::from_utf8(output.stdout).unwrap();
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert!(first["path"].as_str().unwrap().starts_with('/'));
}
