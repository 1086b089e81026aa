//! The code that the explorer shows: for every operation, with its form as it opens,
//! with what is required and with everything filled, the Rust compiles, runs, and
//! sends what the form says.
//!
//! A form opens empty, and its code has an example for all that is required: a name in
//! angle brackets for a text, the first value of a choice, a date. Run, that code makes
//! a call with the examples as they stand. Plaid would refuse most of them; that they
//! are sent, each in its place, is what is tested.
//!
//! Each way to fill a form goes with another caller: one without a key, one with a key,
//! and one with a key and credentials of their own.
//!
//! The explorer's own code makes the snippets, so this needs Node and its packages;
//! `scripts/prepare.mjs` of the explorer installs them below `target/`. Every snippet
//! is a program. They are compiled as one, each in a module, against the crate as it
//! is already built, and each is run in a process of its own, with nothing in its
//! environment but what the snippet asks for. A server on a loopback port notes what
//! it is sent and answers with what the description says of the operation.
//!
//! What is changed in a snippet is the address of the gateway, and nothing else.

use crate::repository;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Seek as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;

use crate::received::described::{API, Fill, Source, received, without_alias};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use plaid::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use xtask::document::{ref_name, text};

/// The gateway in every snippet; no server is there.
const GATEWAY: &str = "http://127.0.0.1:1";
/// The caller's key, in the environment of every snippet.
const KEY: &str = "key-of-a-caller";
/// Credentials of the caller's own, there too.
const CLIENT_ID: &str = "client-of-a-caller";
const SECRET: &str = "secret-of-a-caller";
/// How forms are filled.
const FORMS: [&str; 3] = ["opened", "required", "everything"];

/// What the explorer makes of a form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sample {
    id: String,
    form: String,
    /// Whether the caller has a key, and credentials of their own.
    key: bool,
    own_credentials: bool,
    /// The programs by language.
    snippets: BTreeMap<String, String>,
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    /// The body, unless the call has none.
    request: Option<String>,
    /// The variables that the programs read: the secrets of the form.
    env: BTreeMap<String, String>,
}

impl Sample {
    fn name(&self) -> String {
        format!("{} ({})", self.id, self.form)
    }
}

#[test]
#[ignore = "cargo xtask test --only snippets"]
fn what_the_explorer_shows_for_every_form_compiles_and_sends_what_the_form_says() {
    let samples = samples();
    let program = compiled(&source(samples));
    let server = Recorder::start(samples);
    let outcomes = run_all(&program, samples, server.address);
    let mut wrong = Vec::new();
    for (index, (sample, outcome)) in samples.iter().zip(outcomes).enumerate() {
        let checked = outcome.and_then(|()| check(sample, &server.received(index)));
        wrong.extend(checked.err().map(|why| format!("{}: {why}", sample.name())));
    }
    assert!(
        wrong.is_empty(),
        "{} snippets are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
#[ignore = "cargo xtask test --only snippets"]
fn no_secret_of_a_form_stands_in_the_code_for_it() {
    let samples = samples();
    let mut secrets = 0;
    for sample in samples {
        for secret in sample.env.values() {
            for (language, snippet) in &sample.snippets {
                assert!(!snippet.contains(secret), "{} in {language}", sample.name());
            }
            secrets += 1;
        }
    }
    assert!(secrets > 300, "only {secrets} secrets were in the forms");
}

// The snippets.

/// The snippets of every operation.
fn samples() -> &'static [Sample] {
    // Made once: two tests would install the packages over each other.
    static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(made);
    &SAMPLES
}

fn made() -> Vec<Sample> {
    installed().unwrap_or_else(|why| panic!("{why}"));
    let script = packages().join(COPY).join("scripts/snippets.mjs");
    let printed = node(&[&script, Path::new(GATEWAY)]).unwrap();
    let samples: Vec<Sample> = serde_json::from_slice(&printed).unwrap();
    let all = API.operations();
    let operations: BTreeSet<&str> = all.map(|(_, _, o)| text(o, "operationId")).collect();
    for form in FORMS {
        let of_form = samples.iter().filter(|sample| sample.form == form);
        let made: BTreeSet<&str> = of_form.map(|sample| sample.id.as_str()).collect();
        assert_eq!(made, operations, "{form}");
    }
    samples
}

/// Where the explorer's packages are installed, for the tests of the gateway too.
fn packages() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("explorer")
}

/// The folder beside them with this test's copy of the explorer.
const COPY: &str = "snippets";

/// Installs the explorer's packages, or says what is missing.
fn installed() -> Result<(), String> {
    const NODE: &str = "Node 20.19 or later with npm is missing, and the explorer makes the \
                        code that it shows with it: take it from https://nodejs.org, or run \
                        `nvm install 22`; Debian 12 has version 18";
    let version = node(&[Path::new("--version")]).map_err(|why| format!("{NODE}\n{why}"))?;
    let version = String::from_utf8_lossy(&version).trim().to_owned();
    let numbers = version.trim_start_matches('v').split('.');
    let mut numbers = numbers.map(|number| number.parse().unwrap_or(0));
    let (major, minor) = (numbers.next(), numbers.next());
    if (major, minor) < (Some(20), Some(19)) {
        return Err(format!("{NODE}\nThere is {version}."));
    }
    let script = repository::root().join("plaid-gateway/explorer/scripts/prepare.mjs");
    let outcome = node(&[&script, &packages(), Path::new(COPY)]).map(drop);
    outcome.map_err(|why| format!("npm cannot install the packages of the explorer\n{why}"))
}

fn node(arguments: &[&Path]) -> Result<Vec<u8>, String> {
    // A file and not a pipe: node gives up on a pipe that is full.
    let mut printed = tempfile::tempfile().unwrap();
    let output = Command::new("node")
        .args(arguments)
        .stdout(printed.try_clone().unwrap())
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "`node {}` failed:\n{errors}",
            arguments[0].display()
        ));
    }
    let mut bytes = Vec::new();
    printed.rewind().unwrap();
    printed.read_to_end(&mut bytes).unwrap();
    Ok(bytes)
}

// The program.

/// All snippets as one program, whose argument says which one is run.
fn source(samples: &[Sample]) -> String {
    let mut modules = String::new();
    let mut arms = String::new();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, sample) in samples.iter().enumerate() {
        let snippet = sample.snippets["rust"].as_str();
        let first = *known.entry(snippet).or_insert(index);
        let _ = writeln!(arms, "Some(\"{index}\") => s{first}::run(),");
        if first != index {
            continue;
        }
        let address = format!("{GATEWAY:?}");
        assert_eq!(snippet.matches(&address).count(), 1, "{}", sample.name());
        let _ = write!(
            modules,
            "// {}\nmod s{index} {{\nuse crate::*;\n{}\n\
             pub fn run() -> Outcome {{ main() }}\n}}\n",
            sample.name(),
            snippet.replace(&address, "crate::gateway()")
        );
    }
    format!(
        "#![allow(deprecated, unused_imports)]\n\
         use plaid_tests::snippets::{{plaid, serde_json, tokio}};\n\
         type Outcome = Result<(), Box<dyn std::error::Error>>;\n\
         fn gateway() -> String {{ std::env::var(\"GATEWAY\").unwrap() }}\n\
         fn main() -> Outcome {{\nmatch std::env::args().nth(1).as_deref() {{\n{arms}\
         _ => Err(\"there is no such snippet\".into()),\n}}\n}}\n{modules}"
    )
}

/// Compiles a program against the library of this package, which cargo has just
/// built, with all that is behind it. One that was compiled before is taken as it is.
fn compiled(source: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("snippets");
    let library = library();
    let built = fs::metadata(&library).unwrap().modified().unwrap();
    let stamp = format!("{} {built:?}\n{source}", library.display());
    let (program, stamped) = (folder.join("program"), folder.join("program.stamp"));
    if program.exists() && fs::read_to_string(&stamped).is_ok_and(|known| known == stamp) {
        return program;
    }
    repository::write(&folder.join("program.rs"), source);
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--edition", "2024", "--crate-name", "snippets"])
        .arg(folder.join("program.rs"))
        .arg("-L")
        .arg(format!(
            "dependency={}",
            library.parent().unwrap().display()
        ))
        .arg("--extern")
        .arg(format!("plaid_tests={}", library.display()))
        .arg("-o")
        .arg(&program)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let beginning: String = errors.chars().take(8_000).collect();
    assert!(
        output.status.success(),
        "the snippets do not compile:\n{beginning}"
    );
    fs::write(stamped, stamp).unwrap();
    program
}

/// The library of this package: the latest, since cargo builds it before its tests.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = fs::read_dir(test.parent().unwrap()).unwrap();
    let libraries = folder.map(|entry| entry.unwrap().path()).filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("libplaid_tests-") && name.ends_with(".rlib")
    });
    let latest = libraries.max_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    latest.expect("cargo builds the library beside the tests")
}

/// Runs every snippet; an error is what it failed with.
fn run_all(program: &Path, samples: &[Sample], server: SocketAddr) -> Vec<Result<(), String>> {
    let next = AtomicUsize::new(0);
    let outcomes: Mutex<BTreeMap<usize, Result<(), String>>> = Mutex::default();
    let work = || {
        // Files are saved where the program runs.
        let folder = tempfile::tempdir().unwrap();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(sample) = samples.get(index) else {
                return;
            };
            let gateway = format!("http://{server}/{index}");
            let outcome = run(program, index, sample, &gateway, folder.path());
            outcomes.lock().unwrap().insert(index, outcome);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism()
            .map_or(2, usize::from)
            .min(4)
        {
            scope.spawn(work);
        }
    });
    outcomes.into_inner().unwrap().into_values().collect()
}

fn run(
    program: &Path,
    index: usize,
    sample: &Sample,
    gateway: &str,
    folder: &Path,
) -> Result<(), String> {
    let output = Command::new(program)
        .arg(index.to_string())
        .env_clear()
        .envs(&sample.env)
        .env("PLAID_GATEWAY_KEY", KEY)
        .env("PLAID_CLIENT_ID", CLIENT_ID)
        .env("PLAID_SECRET", SECRET)
        .env("GATEWAY", gateway)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

// The server.

/// What a snippet sent.
#[derive(Clone, Debug)]
struct Asked {
    method: String,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

/// Notes every request by the number that its path begins with, and answers it.
struct Recorder {
    address: SocketAddr,
    asked: Arc<Mutex<BTreeMap<usize, Vec<Asked>>>>,
}

/// An answer: its media type, if it has a body, and the body.
type Answer = (Option<String>, Bytes);

impl Recorder {
    fn start(samples: &[Sample]) -> Self {
        let answers = answers();
        let answers: Vec<Answer> = samples.iter().map(|s| answers[&s.id].clone()).collect();
        let asked = Arc::default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let state = (Arc::clone(&asked), Arc::new(answers));
        thread::spawn(move || {
            let app = axum::Router::new().fallback(note).with_state(state);
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, app).await.unwrap();
            });
        });
        Self { address, asked }
    }

    fn received(&self, index: usize) -> Vec<Asked> {
        self.asked
            .lock()
            .unwrap()
            .remove(&index)
            .unwrap_or_default()
    }
}

type Shared = (Arc<Mutex<BTreeMap<usize, Vec<Asked>>>>, Arc<Vec<Answer>>);

async fn note(
    State((asked, answers)): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let (index, path) = path[1..].split_once('/').unwrap();
    let index: usize = index.parse().unwrap();
    let request = Asked {
        method: method.to_string(),
        path: format!("/{path}"),
        headers,
        body,
    };
    asked
        .lock()
        .unwrap()
        .entry(index)
        .or_default()
        .push(request);
    match answers[index].clone() {
        (Some(media_type), body) => ([(header::CONTENT_TYPE, media_type)], body).into_response(),
        (None, _) => StatusCode::OK.into_response(),
    }
}

/// What each operation answers, made from the description.
fn answers() -> BTreeMap<String, Answer> {
    let values: BTreeMap<String, Value> = received()
        .map(|(name, schema, _)| (name, Source::filling(Fill::Absent).value(&schema, 0).0))
        .collect();
    let answer = |operation: &Value| {
        let responses = operation["responses"].as_object().unwrap();
        let success = responses
            .iter()
            .find(|(code, _)| code.starts_with('2'))
            .unwrap()
            .1;
        let content = success.get("content").and_then(Value::as_object);
        let Some((media_type, content)) = content.and_then(|content| content.iter().next()) else {
            return (None, Bytes::new());
        };
        let body = match ref_name(&content["schema"]) {
            Some(name) if media_type == "application/json" => {
                values[&without_alias(name)].to_string()
            }
            _ => "a file".to_owned(),
        };
        (Some(media_type.clone()), body.into())
    };
    let operations = API.operations();
    operations
        .map(|(_, _, o)| (text(o, "operationId").to_owned(), answer(o)))
        .collect()
}

// What was sent.

/// Whether a snippet made one request, and the one of its form.
fn check(sample: &Sample, asked: &[Asked]) -> Result<(), String> {
    let [asked] = asked else {
        return Err(format!("{} requests were made", asked.len()));
    };
    same("the method", &asked.method, &sample.method)?;
    same("the path", &segments(&asked.path), &segments(&sample.path))?;
    for (name, value) in identity(sample) {
        same(name, &header_of(asked, name), &value)?;
    }
    for (name, value) in &sample.headers {
        same(name, &header_of(asked, name), value)?;
    }
    let Some(request) = &sample.request else {
        return same("the length of the body", &asked.body.len(), &0);
    };
    same(
        "the media type",
        header_of(asked, "content-type").as_str(),
        "application/json",
    )?;
    same("the body", &json(&asked.body), &json(request.as_bytes()))
}

/// The headers that say who calls. An operation without credentials gets none, and the
/// key all the same.
fn identity(sample: &Sample) -> [(&'static str, String); 3] {
    let own = sample.own_credentials && !is_open(&sample.id);
    let if_there = |is_there: bool, value: String| match is_there {
        true => value,
        false => String::new(),
    };
    [
        (
            "authorization",
            if_there(sample.key, format!("Bearer {KEY}")),
        ),
        ("plaid-client-id", if_there(own, CLIENT_ID.to_owned())),
        ("plaid-secret", if_there(own, SECRET.to_owned())),
    ]
}

/// Whether an operation takes no credentials.
fn is_open(id: &str) -> bool {
    let mut operations = API.operations();
    let operation = operations.find(|(_, _, o)| text(o, "operationId") == id);
    operation.unwrap().2["security"] == json!([])
}

fn same<T: PartialEq + std::fmt::Debug + ?Sized>(
    what: &str,
    sent: &T,
    wanted: &T,
) -> Result<(), String> {
    match sent == wanted {
        true => Ok(()),
        false => Err(format!(
            "{what} is\n{sent:#?}\nand the form says\n{wanted:#?}"
        )),
    }
}

fn header_of(asked: &Asked, name: &str) -> String {
    let value = asked.headers.get(name).map(|value| value.as_bytes());
    String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
}

/// The segments of a path, in clear: which characters are escaped that need not be is
/// a matter of taste.
fn segments(path: &str) -> Vec<Vec<u8>> {
    let segments = path.split('/').map(str::as_bytes);
    segments.map(unescaped).collect()
}

fn unescaped(segment: &[u8]) -> Vec<u8> {
    let mut clear = Vec::new();
    let mut rest = segment;
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        clear.push(escaped.unwrap_or(*first));
        rest = &after[if escaped.is_some() { 2 } else { 0 }..];
    }
    clear
}

/// JSON whose numbers are exact: as floats, amounts that differ would be equal.
#[derive(Debug, PartialEq)]
enum Json {
    Object(BTreeMap<String, Json>),
    List(Vec<Json>),
    Number(Decimal),
    Other(Value),
}

fn json(text: &[u8]) -> Json {
    let raw: &RawValue = serde_json::from_slice(text).unwrap();
    let inner = |raw: &RawValue| json(raw.get().as_bytes());
    match raw.get().as_bytes()[0] {
        b'{' => {
            let fields: BTreeMap<String, &RawValue> = serde_json::from_slice(text).unwrap();
            Json::Object(
                fields
                    .into_iter()
                    .map(|(name, raw)| (name, inner(raw)))
                    .collect(),
            )
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_slice(text).unwrap();
            Json::List(items.into_iter().map(inner).collect())
        }
        b'-' | b'0'..=b'9' => Json::Number(Decimal::from_str_exact(raw.get()).unwrap()),
        _ => Json::Other(serde_json::from_slice(text).unwrap()),
    }
}
