//! The emulator as a process that is killed, a hundred times, at any moment of its life:
//! whatever it had acknowledged is there when it is started again.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::Duration,
};

use fastrand::Rng;
use reqwest::Client;
use serde_json::{Value, json};

const KILLS: u64 = 100;
/// Items are limited; this many are made between two kills.
const ITEMS: usize = 8;
/// Transactions that are added at a time.
const BATCH: usize = 250;

/// What the emulator has said, and what must therefore still be so.
#[derive(Default)]
struct Acknowledged {
    /// Callers' names of users with their tokens.
    users: Vec<(String, String)>,
    access_tokens: Vec<String>,
    /// Not exchanged.
    public_tokens: Vec<String>,
    /// The transactions of the one Item that lives through it all.
    transactions: usize,
    /// How many more there may be: those of a request that had no answer yet.
    unanswered: usize,
    /// A place in the Item's updates, and the transactions that came after it.
    cursor: String,
    since: usize,
    /// What the clock has shown.
    clock: String,
}

impl Acknowledged {
    fn answers(&self) -> usize {
        self.users.len() + self.access_tokens.len() + self.public_tokens.len()
    }
}

/// The Item that lives through it all.
#[derive(Default)]
struct Item {
    id: String,
    access_token: String,
}

/// The command with a data file. It is killed when this is dropped.
struct Process {
    child: Child,
    client: Client,
    url: String,
    client_id: String,
    secret: String,
}

impl Process {
    fn start(file: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_plaid-sandbox"))
            .args(["--port", "0", "--json", "--data"])
            .arg(file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.as_mut().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let about: Value = serde_json::from_str(&line).expect("the emulator starts");
        let text = |name: &str| about[name].as_str().unwrap().to_owned();
        Self {
            child,
            client: crate::http::client(),
            url: text("url"),
            client_id: text("client_id"),
            secret: text("secret"),
        }
    }

    /// The answer, if there is one before the process is killed.
    async fn post(&self, path: &str, body: Value) -> Option<(u16, Value)> {
        let answer = self
            .client
            .post(format!("{}{path}", self.url))
            .header("PLAID-CLIENT-ID", &self.client_id)
            .header("PLAID-SECRET", &self.secret)
            .json(&body)
            .send()
            .await
            .ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.ok()?))
    }

    /// The answer of a process that nobody kills.
    async fn ok(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(path, body).await.unwrap();
        assert!((200..300).contains(&status), "{path}: {answer}");
        answer
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// Goes on until the process is gone.
async fn make_users(process: &Process, round: u64, told: &Mutex<Acknowledged>) -> Option<()> {
    for number in 0.. {
        let name = format!("{round}-{number}");
        let body = json!({ "client_user_id": name });
        let (status, answer) = process.post("/user/create", body).await?;
        assert_eq!(status, 201, "{answer}");
        let token = text(&answer["user_token"]);
        told.lock().unwrap().users.push((name, token));
    }
    None
}

async fn make_items(process: &Process, told: &Mutex<Acknowledged>) -> Option<()> {
    let body = json!({ "institution_id": "ins_109508", "initial_products": ["auth"] });
    for number in 0..ITEMS {
        let create = "/sandbox/public_token/create";
        let (status, answer) = process.post(create, body.clone()).await?;
        assert_eq!(status, 200, "{answer}");
        let token = json!({ "public_token": answer["public_token"] });
        if number % 2 == 0 {
            let token = text(&token["public_token"]);
            told.lock().unwrap().public_tokens.push(token);
            continue;
        }
        let (status, answer) = process.post("/item/public_token/exchange", token).await?;
        assert_eq!(status, 200, "{answer}");
        let token = text(&answer["access_token"]);
        told.lock().unwrap().access_tokens.push(token);
    }
    None
}

/// Asks for transactions. Until there is an answer they may be there or not.
async fn more(
    process: &Process,
    path: &str,
    body: Value,
    count: usize,
    told: &Mutex<Acknowledged>,
) -> Option<()> {
    told.lock().unwrap().unanswered = count;
    let (status, answer) = process.post(path, body).await?;
    assert_eq!(status, 200, "{answer}");
    let mut told = told.lock().unwrap();
    told.unanswered = 0;
    told.transactions += count;
    told.since += count;
    Some(())
}

async fn move_history(process: &Process, item: &Item, told: &Mutex<Acknowledged>) -> Option<()> {
    let token = json!({ "access_token": item.access_token });
    let add = format!("/_sandbox/items/{}/transactions", item.id);
    // One Item is refreshed a thousand times at most.
    for _ in 0..8 {
        more(process, "/transactions/refresh", token.clone(), 1, told).await?;
        let sync = json!({ "access_token": item.access_token, "cursor": "now" });
        let (status, answer) = process.post("/transactions/sync", sync).await?;
        assert_eq!(status, 200, "{answer}");
        {
            let mut told = told.lock().unwrap();
            told.cursor = text(&answer["next_cursor"]);
            told.since = 0;
        }
        more(process, &add, json!({ "count": BATCH }), BATCH, told).await?;
        let advance = json!({ "seconds": 1 });
        let (status, answer) = process.post("/_sandbox/clock/advance", advance).await?;
        assert_eq!(status, 200, "{answer}");
        told.lock().unwrap().clock = text(&answer["now"]);
    }
    None
}

/// How many more transactions there are than at a cursor. One that settles is removed,
/// and another added.
async fn more_since(process: &Process, item: &Item, cursor: &str) -> usize {
    let (mut cursor, mut added, mut removed) = (cursor.to_owned(), 0, 0);
    loop {
        let body = json!({
            "access_token": item.access_token, "cursor": cursor, "count": 500,
        });
        let page = process.ok("/transactions/sync", body).await;
        added += page["added"].as_array().unwrap().len();
        removed += page["removed"].as_array().unwrap().len();
        cursor = text(&page["next_cursor"]);
        if page["has_more"] == false {
            return added - removed;
        }
    }
}

/// All transactions are there that were acknowledged. Those of the request that had no
/// answer are there, or none of them.
async fn check_history(process: &Process, item: &Item, told: &Mutex<Acknowledged>) {
    let body = json!({
        "access_token": item.access_token, "start_date": "2000-01-01", "end_date": "2999-01-01",
        "options": { "count": 1 },
    });
    let answer = process.ok("/transactions/get", body).await;
    let found = answer["total_transactions"].as_u64().unwrap() as usize;
    let (cursor, since) = {
        let mut told = told.lock().unwrap();
        let unanswered = std::mem::take(&mut told.unanswered);
        let more = found.checked_sub(told.transactions).expect("some are lost");
        assert!(more == 0 || more == unanswered, "{more} of {unanswered}");
        told.transactions += more;
        told.since += more;
        (told.cursor.clone(), told.since)
    };
    if !cursor.is_empty() {
        assert_eq!(more_since(process, item, &cursor).await, since);
    }
}

/// Everything that was acknowledged since it was last looked at.
async fn check(process: &Process, item: &Item, told: &Mutex<Acknowledged>) {
    let (users, access_tokens, public_tokens, clock) = {
        let mut told = told.lock().unwrap();
        (
            std::mem::take(&mut told.users),
            std::mem::take(&mut told.access_tokens),
            std::mem::take(&mut told.public_tokens),
            told.clock.clone(),
        )
    };
    let about = process.client.get(format!("{}/_sandbox", process.url));
    let about: Value = about.send().await.unwrap().json().await.unwrap();
    // Both are written in the same form, to the nanosecond or less.
    let moment = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert!(clock.is_empty() || moment(&text(&about["now"])) >= moment(&clock));

    for (name, token) in users {
        let body = json!({ "client_user_id": name });
        let (status, answer) = process.post("/user/create", body).await.unwrap();
        assert_eq!(
            (status, text(&answer["user_token"])),
            (200, token),
            "{name} is lost"
        );
    }
    for access_token in access_tokens {
        let body = json!({ "access_token": access_token });
        process.ok("/item/get", body).await;
    }
    for public_token in public_tokens {
        let body = json!({ "public_token": public_token });
        process.ok("/item/public_token/exchange", body).await;
    }
    check_history(process, item, told).await;
}

fn folder(name: &str) -> PathBuf {
    let name = format!("killed-{name}-{}", std::process::id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_has_everything_that_it_acknowledged() {
    let folder = folder("often");
    let file = folder.join("data");
    let told = Mutex::new(Acknowledged::default());
    let mut random = Rng::with_seed(6);
    let mut item = Item::default();
    let mut acknowledged = 0;
    for round in 0..KILLS {
        let mut process = Process::start(&file);
        if round == 0 {
            let body = json!({
                "institution_id": "ins_109508", "initial_products": ["transactions"],
            });
            let public = process.ok("/sandbox/public_token/create", body).await;
            let body = json!({ "public_token": public["public_token"] });
            let exchanged = process.ok("/item/public_token/exchange", body).await;
            item.id = text(&exchanged["item_id"]);
            item.access_token = text(&exchanged["access_token"]);
            // A month that repeats.
            told.lock().unwrap().transactions = 48;
        }
        check(&process, &item, &told).await;
        let callers = async {
            tokio::join!(
                make_users(&process, 2 * round, &told),
                make_users(&process, 2 * round + 1, &told),
                make_items(&process, &told),
                move_history(&process, &item, &told),
            )
        };
        let pid = process.child.id().to_string();
        let before = told.lock().unwrap().transactions;
        let answers = random.usize(..30);
        let is_far_enough = || {
            let told = told.lock().unwrap();
            // Now and then with transactions, which take longer than a user.
            told.answers() >= answers && (round % 8 > 0 || told.transactions > before + BATCH)
        };
        let killer = async {
            // On a slow machine too there has to be something that can be lost.
            while !is_far_enough() {
                tokio::time::sleep(Duration::from_micros(100)).await;
            }
            // The moment is what is varied here; nothing is waited for.
            tokio::time::sleep(Duration::from_micros(random.u64(..20_000))).await;
            let kill = move || Command::new("kill").args(["-KILL", &pid]).status();
            tokio::task::spawn_blocking(kill).await.unwrap().unwrap()
        };
        let (_, killed) = tokio::join!(callers, killer);
        assert!(killed.success());
        process.kill();
        let told = told.lock().unwrap();
        acknowledged += told.answers();
    }
    let process = Process::start(&file);
    check(&process, &item, &told).await;
    assert!(acknowledged > 1_000, "{acknowledged}");
    let transactions = told.lock().unwrap().transactions;
    assert!(transactions > 10 * BATCH, "{transactions}");
    drop(process);
    fs::remove_dir_all(folder).unwrap();
}

/// A process that is killed while it makes its file leaves none, or a good one.
#[test]
fn killed_at_its_first_start_it_starts_the_next_time() {
    let folder = folder("first");
    for number in 0..20 {
        let file = folder.join(number.to_string());
        let mut child = Command::new(env!("CARGO_BIN_EXE_plaid-sandbox"))
            .args(["--port", "0", "--json", "--data"])
            .arg(&file)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(3 * number));
        child.kill().unwrap();
        child.wait().unwrap();
        drop(Process::start(&file));
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_second_process_with_the_file_is_told_what_to_do() {
    let folder = folder("second");
    let file = folder.join("data");
    let first = Process::start(&file);
    let second = Command::new(env!("CARGO_BIN_EXE_plaid-sandbox"))
        .args(["--port", "0", "--data"])
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains(file.to_str().unwrap()), "{said}");
    assert!(
        said.contains("another emulator is using it: stop that one"),
        "{said}"
    );
    drop(first);
    fs::remove_dir_all(folder).unwrap();
}
