//! Plaid's own clients for Python and Node take the emulator for Plaid's sandbox: nothing of
//! them is changed but the host. And a property tester, schemathesis, finds nothing in it that
//! differs from the description of the API. What they do stands in `tests/clients/`.

use crate::tools;
use std::path::{Path, PathBuf};
use std::process::Command;

use plaid_sandbox::{Fault, Sandbox};

/// Runs a command against an emulator.
async fn run(mut command: Command, sandbox: Sandbox) {
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

/// An emulator that refuses one call for its rate: the flows read this error, which none of
/// their own calls brings about.
async fn limited() -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.fail_next("/institutions/get_by_id", Fault::RateLimit);
    sandbox
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
#[ignore = "cargo xtask test --only clients"]
async fn plaids_python_client_takes_it_for_plaid() {
    let folder = source("python");
    let python = tools::ready(tools::python(&folder, &installed("python")));
    let mut command = Command::new(python);
    // `-B`: nothing is compiled into the repository.
    command.args(["-B", "flows.py"]).current_dir(folder);
    run(command, limited().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask test --only clients"]
async fn plaids_node_client_takes_it_for_plaid() {
    let copy = installed("node");
    tools::ready(tools::node(&source("node"), &copy));
    let mut command = Command::new("node");
    command.args(["--test", "flows.test.mjs"]).current_dir(copy);
    run(command, limited().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask test --only clients"]
async fn a_property_tester_finds_no_request_that_is_answered_otherwise_than_described() {
    let folder = source("every_operation");
    let environment = installed("every_operation");
    let python = tools::ready(tools::python(&folder, &environment));
    let mut command = Command::new(python);
    command.args(["-B", "run.py"]).current_dir(folder);
    // With a seed, so that what it finds is found again.
    let sandbox = Sandbox::builder().seed(1).start().await.unwrap();
    run(command, sandbox).await;
}
