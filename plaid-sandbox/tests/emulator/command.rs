//! The command: what it prints is enough to call it, and it stops when told to.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

/// A running command, ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(arguments: &[&str]) -> Running {
    let command = Command::new(env!("CARGO_BIN_EXE_plaid-sandbox"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    Running(command.unwrap())
}

/// What it says of itself as JSON.
fn described(running: &mut Running) -> Value {
    let mut line = String::new();
    let output = running.0.stdout.as_mut().unwrap();
    BufReader::new(output).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

#[tokio::test]
async fn it_says_where_it_is_and_is_there() {
    let mut running = start(&["--port", "0", "--seed", "1", "--json"]);
    let described = described(&mut running);
    let url = described["url"].as_str().unwrap();
    let body = json!({
        "client_id": described["client_id"], "secret": described["secret"],
        "institution_id": "ins_109508", "initial_products": ["auth"],
    });
    let http = crate::http::client();
    let path = format!("{url}/sandbox/public_token/create");
    let answer = http.post(path).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);

    let mut again = start(&["--port", "0", "--seed", "1", "--json"]);
    let again = self::described(&mut again);
    assert_eq!(again["secret"], described["secret"]);
    assert_ne!(again["url"], described["url"]);
}

#[test]
fn it_tells_people_what_to_do_next() {
    let mut running = start(&["--port", "0"]);
    let output = BufReader::new(running.0.stdout.as_mut().unwrap());
    let lines = output.lines().map(Result::unwrap);
    let said: Vec<_> = lines
        .take_while(|line| !line.starts_with("Ctrl-C"))
        .collect();
    let said = said.join("\n");
    for part in [
        "http://127.0.0.1:",
        "client_id",
        "curl",
        "Python",
        "Node",
        "/_sandbox",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_port_that_is_taken_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut running = start(&["--port", &port]);
    assert_eq!(running.0.wait().unwrap().code(), Some(1));
    let mut said = String::new();
    let errors = running.0.stderr.as_mut().unwrap();
    errors.read_to_string(&mut said).unwrap();
    assert!(
        said.contains(&format!("cannot listen on 127.0.0.1:{port}")),
        "{said}"
    );
}

#[cfg(unix)]
#[test]
fn it_stops_when_told_to() {
    for signal in ["-INT", "-TERM"] {
        let mut running = start(&["--port", "0", "--json"]);
        described(&mut running);
        let id = running.0.id().to_string();
        let kill = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(kill.success());
        assert_eq!(running.0.wait().unwrap().code(), Some(0), "{signal}");
    }
}
