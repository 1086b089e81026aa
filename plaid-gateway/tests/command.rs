//! The command as its user starts it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use plaid_gateway::KeyHash;
use serde_json::{Value, json};
use support::{Echo, PATIENCE, client};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// A gateway in a process of its own, which ends with this.
struct Process {
    child: Child,
    url: String,
    errors: Lines<BufReader<ChildStderr>>,
    log: Lines<BufReader<ChildStdout>>,
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plaid-gateway"));
    command.kill_on_drop(true);
    for name in ["PLAID_CLIENT_ID", "PLAID_SECRET", "PLAID_ENV"] {
        command.env_remove(name);
    }
    command
}

impl Process {
    async fn start(command: &mut Command) -> Self {
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.unwrap();
        let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = async {
            loop {
                let line = errors.next_line().await.unwrap().expect("it has ended");
                if let Some(at) = line.find("http://") {
                    let url = line[at..].split_whitespace().next().unwrap();
                    return url.to_owned();
                }
            }
        };
        let url = tokio::time::timeout(PATIENCE, listening).await.unwrap();
        Self {
            child,
            url,
            errors,
            log,
        }
    }

    async fn call(&self, path: &str, key: &str, body: &Value) -> (u16, Value) {
        let call = client().post(format!("{}{path}", self.url));
        let answer = call.bearer_auth(key).json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        let sent = std::process::Command::new("kill")
            .args([format!("-{name}"), id])
            .status();
        assert!(sent.unwrap().success());
    }

    /// The next line of the log that has this in it.
    async fn logged(&mut self, part: &str) -> Value {
        let found = async {
            loop {
                let line = self
                    .log
                    .next_line()
                    .await
                    .unwrap()
                    .expect("the log has ended");
                if line.contains(part) {
                    return serde_json::from_str(&line).unwrap();
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.unwrap()
    }
}

async fn output(arguments: &[&str]) -> Output {
    let output = command().args(arguments).output();
    tokio::time::timeout(PATIENCE, output)
        .await
        .unwrap()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn without_credentials_it_stands_before_an_emulator() {
    let mut process = Process::start(command().args(["--listen", "127.0.0.1:0"])).await;
    let body = json!({"institution_id": "ins_109508", "initial_products": ["auth"]});
    let (status, answer) = process
        .call("/sandbox/public_token/create", "", &body)
        .await;
    assert_eq!(status, 200, "{answer}");
    let line = process.logged("sandboxPublicTokenCreate").await;
    assert_eq!(line["status"], 200);
    assert_eq!(line["caller"], "local");
    assert_eq!(line["request_id"], answer["request_id"]);
    assert_eq!(line["outcome"], "answered");
    assert!(line["duration_us"].is_u64());

    process.signal("TERM");
    let ended = tokio::time::timeout(PATIENCE, process.child.wait())
        .await
        .unwrap();
    assert!(ended.unwrap().success());
    let mut rest = String::new();
    process
        .errors
        .into_inner()
        .read_to_string(&mut rest)
        .await
        .unwrap();
    assert!(!rest.contains("panicked"), "{rest}");
}

fn write(path: &Path, upstream: &str, secret: &str, key: &str) {
    let hash = KeyHash::of(key);
    let text = format!(
        "listen = '127.0.0.1:0'\nenvironment = '{upstream}'\n\
         [credentials]\nclient_id = 'an-id-of-the-file'\nsecret = '{secret}'\n\
         [[caller]]\nname = 'a'\nkey_sha256 = '{hash}'\n",
    );
    fs::write(path, text).unwrap();
}

#[tokio::test]
async fn a_changed_file_is_read_again_on_a_signal_and_by_itself() {
    let echo = Echo::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.toml");
    write(&path, &echo.url(), "the-first-secret", "first");
    let mut process = Process::start(command().arg("--config").arg(&path)).await;
    assert_eq!(
        process.call("/accounts/get", "first", &json!({})).await.0,
        200
    );
    assert!(echo.got()[0].contains("the-first-secret"));

    write(&path, &echo.url(), "the-second-secret", "second");
    process.signal("HUP");
    process.logged("read again").await;
    assert_eq!(
        process.call("/accounts/get", "first", &json!({})).await.0,
        401
    );
    assert_eq!(
        process.call("/accounts/get", "second", &json!({})).await.0,
        200
    );
    assert!(echo.got()[1].contains("the-second-secret"));

    fs::write(&path, "[credentials]\nsecret = 5\nplanted").unwrap();
    let line = process.logged("ERROR").await;
    assert!(!line.to_string().contains("planted"), "{line}");
    assert_eq!(
        process.call("/accounts/get", "second", &json!({})).await.0,
        200
    );

    write(&path, &echo.url(), "the-third-secret", "third");
    process.logged("read again").await;
    assert_eq!(
        process.call("/accounts/get", "third", &json!({})).await.0,
        200
    );
}

#[tokio::test]
async fn a_key_is_made_and_only_its_hash_is_to_be_stored() {
    let made = output(&["key", "new", "--name", "billing"]).await;
    assert!(made.status.success());
    let key = text(&made.stdout).trim().to_owned();
    let told = text(&made.stderr);
    assert!(key.starts_with("pgk_") && key.len() == 47, "{}", key.len());
    assert!(!told.contains(&key));
    let snippet = told.split_once("[[caller]]").unwrap().1;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.toml");
    fs::write(&path, format!("[[caller]]{snippet}")).unwrap();
    let echo = Echo::start().await;
    let process = Process::start(
        command()
            .args([
                "--listen",
                "127.0.0.1:0",
                "--environment",
                &echo.url(),
                "--config",
            ])
            .arg(&path)
            .env("PLAID_CLIENT_ID", "an-id-of-the-environment")
            .env("PLAID_SECRET", "a-secret-of-the-environment"),
    )
    .await;
    assert_eq!(process.call("/accounts/get", &key, &json!({})).await.0, 200);
    assert_eq!(
        process.call("/accounts/get", "other", &json!({})).await.0,
        401
    );
    assert!(echo.got()[0].contains("a-secret-of-the-environment"));
}

#[tokio::test]
async fn a_file_can_be_checked_before_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.toml");
    let shown = path.to_str().unwrap();
    fs::write(&path, "environment = 'emulator'").unwrap();
    assert!(output(&["check", shown]).await.status.success());
    fs::write(&path, "listen = '0.0.0.0:80'").unwrap();
    let bad = output(&["check", shown]).await;
    assert!(!bad.status.success());
    let open = output(&["--listen", "0.0.0.0:0"]).await;
    assert!(!open.status.success());
    for output in [bad, open] {
        let told = text(&output.stderr);
        assert!(told.contains("key new"), "{told}");
    }
}
