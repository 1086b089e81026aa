//! The command as its user starts it.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::support::tls::Tls;
use crate::support::{Echo, PATIENCE, client, until};
use plaid_gateway::KeyHash;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// A gateway in a process of its own, which ends with this.
struct Process {
    child: Child,
    url: String,
    errors: Lines<BufReader<ChildStderr>>,
    log: Lines<BufReader<ChildStdout>>,
}

/// One that has not said yet where it listens.
struct Starting {
    child: Child,
    errors: Lines<BufReader<ChildStderr>>,
    log: Lines<BufReader<ChildStdout>>,
}

impl Starting {
    fn begin(command: &mut Command) -> Self {
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, errors, log }
    }

    async fn listening(mut self) -> Process {
        let listening = async {
            loop {
                let line = self.errors.next_line().await.unwrap();
                let line = line.expect("it has ended");
                if let Some(at) = line.find("http://") {
                    let url = line[at..].split_whitespace().next().unwrap();
                    return url.to_owned();
                }
            }
        };
        let url = tokio::time::timeout(PATIENCE, listening).await.unwrap();
        Process {
            child: self.child,
            url,
            errors: self.errors,
            log: self.log,
        }
    }
}

fn signal(child: &Child, signal: Signal) {
    let id = child.id().unwrap().try_into().unwrap();
    kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
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
        Starting::begin(command).listening().await
    }

    async fn call(&self, path: &str, key: &str, body: &Value) -> (u16, Value) {
        let call = client().post(format!("{}{path}", self.url));
        let answer = call.bearer_auth(key).json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    fn signal(&self, name: Signal) {
        signal(&self.child, name);
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

    process.signal(Signal::TERM);
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

/// Replaces a file in one step, as whoever changes a configuration should.
fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, path).unwrap();
}

fn write(path: &Path, upstream: &str, secret: &str, key: &str) {
    let hash = KeyHash::of(key);
    let text = format!(
        "listen = '127.0.0.1:0'\nenvironment = '{upstream}'\n\
         [credentials]\nclient_id = 'an-id-of-the-file'\nsecret = '{secret}'\n\
         [[caller]]\nname = 'a'\nkey_sha256 = '{hash}'\nproducts = ['accounts']\n",
    );
    replace(path, &text);
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
    process.signal(Signal::HUP);
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

    let good = fs::read_to_string(&path).unwrap();
    for (bad, told) in [
        ("[credentials]\nsecret = 5\nplanted", "line 3"),
        // As if it were written and not finished.
        ("", "emulator"),
        (&*good.replace("products = ['accounts']\n", ""), "products"),
        (&good.replace("['accounts']", "[]"), "empty list"),
    ] {
        fs::write(&path, bad).unwrap();
        let line = process.logged("ERROR").await.to_string();
        assert!(line.contains(told) && !line.contains("planted"), "{line}");
        let (status, _) = process.call("/accounts/get", "second", &json!({})).await;
        assert_eq!(status, 200);
        let (status, _) = process.call("/item/get", "second", &json!({})).await;
        assert_eq!(status, 403);
    }

    write(&path, &echo.url(), "the-third-secret", "third");
    process.logged("read again").await;
    assert_eq!(
        process.call("/accounts/get", "third", &json!({})).await.0,
        200
    );
}

/// Credentials as a program prints them, and the configuration of the program, which is
/// `cat` with something before it.
fn printing(folder: &Path, upstream: &str, before: &str) -> String {
    let printed = folder.join("credentials");
    replace(&printed, "an-id\nthe-first-secret\n");
    format!(
        "listen = '127.0.0.1:0'\nenvironment = '{upstream}'\n\
         [credentials]\ncommand = ['sh', '-c', '{before} cat {}']\nrefresh_seconds = 1\n",
        printed.display()
    )
}

/// What the upstream gets of a call.
async fn called(process: &Process, echo: &Echo) -> String {
    assert_eq!(process.call("/accounts/get", "", &json!({})).await.0, 200);
    echo.got().pop().unwrap()
}

/// Makes a call after each time that the credentials were asked for, until one has this
/// with it.
async fn carried(process: &mut Process, echo: &Echo, secret: &str) {
    let changed = async {
        loop {
            process.logged("read again").await;
            if called(process, echo).await.contains(secret) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, changed).await.unwrap();
}

#[tokio::test]
async fn credentials_that_a_program_prints_are_asked_for_again() {
    let echo = Echo::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.toml");
    replace(&path, &printing(folder.path(), &echo.url(), ""));
    let mut process = Process::start(command().arg("--config").arg(&path)).await;
    assert!(called(&process, &echo).await.contains("the-first-secret"));
    let printed = folder.path().join("credentials");
    replace(&printed, "an-id\nthe-second-secret\n");
    carried(&mut process, &echo, "the-second-secret").await;
    // A file that is refused does not keep it from that.
    replace(&path, "a mistake");
    process.logged("ERROR").await;
    replace(&printed, "an-id\nthe-third-secret\n");
    carried(&mut process, &echo, "the-third-secret").await;
    // A program that fails changes nothing.
    fs::remove_file(&printed).unwrap();
    process.logged("ERROR").await;
    assert!(called(&process, &echo).await.contains("the-third-secret"));
}

/// A gateway that waits for its credentials, and the file that gives them free.
async fn waiting(folder: &Path, upstream: &str) -> (Starting, std::path::PathBuf) {
    let [begun, go] = ["begun", "go"].map(|name| folder.join(name));
    let path = folder.join("gateway.toml");
    let wait = format!(
        "touch {}; until [ -e {} ]; do sleep 0.01; done;",
        begun.display(),
        go.display()
    );
    replace(&path, &printing(folder, upstream, &wait));
    let starting = Starting::begin(command().arg("--config").arg(&path));
    until(|| begun.exists()).await;
    (starting, go)
}

#[tokio::test]
async fn a_signal_that_comes_early_is_no_harm() {
    let echo = Echo::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (starting, go) = waiting(folder.path(), &echo.url()).await;
    signal(&starting.child, Signal::HUP);
    fs::write(go, "").unwrap();
    let mut process = starting.listening().await;
    process.logged("read again").await;
    assert_eq!(process.call("/accounts/get", "", &json!({})).await.0, 200);

    let folder = tempfile::tempdir().unwrap();
    let (mut starting, _) = waiting(folder.path(), &echo.url()).await;
    signal(&starting.child, Signal::TERM);
    let ended = tokio::time::timeout(PATIENCE, starting.child.wait()).await;
    assert!(ended.unwrap().unwrap().success());
}

#[tokio::test]
async fn an_upstream_is_reached_over_tls_that_the_system_trusts() {
    let upstream = Tls::start().await;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.pem");
    fs::write(&root, &upstream.root).unwrap();
    let before = async |url: &str| {
        let mut command = command();
        command.args(["--listen", "127.0.0.1:0", "--environment", url]);
        command
            .env("PLAID_CLIENT_ID", "an-id")
            .env("PLAID_SECRET", "a-secret");
        Process::start(command.env("SSL_CERT_FILE", &root)).await
    };
    let process = before(&upstream.url).await;
    let (status, answer) = process.call("/accounts/get", "", &json!({})).await;
    assert_eq!((status, &answer["request_id"]), (200, &json!("abc123")));
    assert_eq!(upstream.requests(), 1);
    // The name counts, and not the certificate alone.
    let by_number = upstream.url.replace("localhost", "127.0.0.1");
    let process = before(&by_number).await;
    assert_eq!(process.call("/accounts/get", "", &json!({})).await.0, 502);
    assert_eq!(upstream.requests(), 1);
}

#[tokio::test]
async fn a_key_is_made_and_only_its_hash_is_to_be_stored() {
    let made = ["key", "new", "--name", "billing", "--products", "accounts"];
    let made = output(&made).await;
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
async fn a_new_caller_may_use_nothing_until_somebody_says_what() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.toml");
    let shown = path.to_str().unwrap();
    let made = output(&["key", "new", "--name", "billing"]).await;
    let told = text(&made.stderr);
    let snippet = told.split_once("[[caller]]").unwrap().1;
    let snippet = format!("environment = 'emulator'\n[[caller]]{snippet}");
    fs::write(&path, &snippet).unwrap();
    let refused = output(&["check", shown]).await;
    assert!(!refused.status.success());
    let told = text(&refused.stderr);
    assert!(told.contains(&format!("{shown}, line 2:")), "{told}");
    let choices = snippet.lines().filter(|line| line.contains(" = ["));
    let choices = choices.chain(["# operations = \"all\""]);
    for choice in choices {
        let chosen = choice.strip_prefix("# ").unwrap();
        assert!(snippet.contains(choice), "{choice}");
        fs::write(&path, snippet.replace(choice, chosen)).unwrap();
        assert!(output(&["check", shown]).await.status.success(), "{chosen}");
    }
}

#[tokio::test]
async fn no_key_is_made_for_a_name_that_no_caller_may_have() {
    for name in ["two words", "", "local", "a\"b"] {
        let made = output(&["key", "new", "--name", name]).await;
        assert!(!made.status.success(), "{name:?}");
        assert_eq!(text(&made.stdout), "", "{name:?}");
        assert!(text(&made.stderr).contains("name"), "{name:?}");
    }
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
