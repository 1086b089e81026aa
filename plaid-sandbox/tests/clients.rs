//! Plaid's own clients for Python and Node take the emulator for Plaid's sandbox: nothing of
//! them is changed but the host. Their flows stand in `tests/clients/`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../tests/tools.rs"]
mod tools;

use std::path::{Path, PathBuf};
use std::process::Command;

use plaid_sandbox::{Fault, Sandbox};

/// Runs a command against an emulator of its own.
async fn run(mut command: Command) {
    let sandbox = Sandbox::start().await.unwrap();
    // The flows read an error of this kind, which no request brings about.
    sandbox.fail_next("/institutions/get_by_id", Fault::RateLimit);
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command
        .env("PLAID_URL", sandbox.url())
        .env("PLAID_CLIENT_ID", sandbox.client_id())
        .env("PLAID_SECRET", sandbox.secret());
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output.unwrap().unwrap();
    assert!(output.status.success(), "{}", tools::said(&output));
}

fn source(name: &str) -> PathBuf {
    let clients = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/clients");
    Path::new(clients).join(name)
}

fn installed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("clients")
        .join(name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plaids_python_client_takes_it_for_plaid() {
    let folder = source("python");
    let Some(python) = tools::ready(|| tools::python(&folder, &installed("python"))) else {
        return;
    };
    let mut command = Command::new(python);
    // `-B`: nothing is compiled into the repository.
    command.args(["-B", "flows.py"]).current_dir(folder);
    run(command).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plaids_node_client_takes_it_for_plaid() {
    let copy = installed("node");
    if tools::ready(|| tools::node(&source("node"), &copy)).is_none() {
        return;
    }
    let mut command = Command::new("node");
    command.args(["--test", "flows.test.mjs"]).current_dir(copy);
    run(command).await;
}
