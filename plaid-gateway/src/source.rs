//! Where the command's configuration comes from: a file, the environment, arguments,
//! and a program that prints the credentials.
//!
//! A file may be read at any moment, also while somebody writes it. What changes a gateway
//! that runs is therefore looked at twice: see [`Loaded::may_follow`].

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

use crate::callers::{Caller, Callers, KeyHash};
use crate::config::{Config, ConfigError, Limits, Timeouts, Upstream};
use crate::credentials::Credentials;
use crate::gateway::Gateway;
use crate::outline::Outline;

/// How long the program that prints the credentials may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);
/// How often it is asked again unless the file says.
const REFRESH: Duration = Duration::from_secs(300);

/// What a configuration is read from.
///
/// ```
/// use plaid_gateway::source::Source;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), plaid_gateway::ConfigError> {
/// let source = Source {
///     environment: Some("sandbox".to_owned()),
///     client_id: Some("a-client-id".to_owned()),
///     secret: Some("a-secret".to_owned()),
///     ..Source::default()
/// };
/// let loaded = source.load(None).await?;
/// assert!(loaded.config.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Source {
    /// The file.
    pub file: Option<PathBuf>,
    /// `sandbox`, `production`, `emulator` or a URL, in place of what the file says.
    pub environment: Option<String>,
    /// What `PLAID_ENV` says, which counts when the file says nothing.
    pub plaid_env: Option<String>,
    /// What `PLAID_CLIENT_ID` says, which counts when the file says nothing.
    pub client_id: Option<String>,
    /// What `PLAID_SECRET` says, which counts when the file says nothing.
    pub secret: Option<String>,
    /// In place of what the file says.
    pub listen: Option<SocketAddr>,
    /// In place of what the file says.
    pub admin: Option<SocketAddr>,
    /// As well as when the file says so.
    pub allow_caller_credentials: bool,
    /// In place of what the file says.
    pub explorer: Option<bool>,
}

/// What was read.
#[derive(Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The configuration. None when it is for an emulator, and none was given.
    pub config: Option<Config>,
    /// How often credentials have to be asked for again.
    pub refresh: Option<Duration>,
    /// What the file set.
    outline: Outline,
}

impl Loaded {
    /// Whether a gateway that runs with what was read before may go over to this.
    ///
    /// A file that was cut off is often a good file that says less, and a file that says
    /// less allows more. So a reload does without nothing that narrows what may be done:
    /// for that the gateway has to be started anew, or the setting be written out.
    ///
    /// # Errors
    /// When a gateway with keys would have none, one with an upstream of its own would go
    /// over to the emulator, or a setting is missing that was there before.
    pub fn may_follow(&self, before: &Self) -> Result<(), ConfigError> {
        let is_emulated = |loaded: &Self| {
            let config = loaded.config.as_ref();
            config.is_none_or(|config| config.upstream.is_emulator())
        };
        let keys = |loaded: &Self| loaded.config.as_ref().map_or(0, |c| c.callers.len());
        if is_emulated(self) && !is_emulated(before) {
            return Err(ConfigError::new(
                "a gateway that runs does not go over to the emulator: restart it for that",
            ));
        }
        if keys(self) == 0 && keys(before) > 0 {
            return Err(ConfigError::new(
                "the file has no [[caller]] any more, and a gateway that runs does not begin \
                 to take calls without a key: restart it for that",
            ));
        }
        match self.outline.lacks(&before.outline) {
            Some(setting) => Err(ConfigError::new(format!(
                "the file does not have {setting} any more, as if it were cut off: \
                 write out what is to hold, or restart the gateway"
            ))),
            None => Ok(()),
        }
    }
}

impl Gateway {
    /// Counts a reload that failed before there was a configuration. Those that
    /// [`reload`](Self::reload) refuses are counted there.
    pub fn count_failed_reload(&self) {
        self.counters().failed_reloads.inc();
    }
}

/// What to add to a file for a new caller.
///
/// # Errors
/// When the name is not one that a caller may have.
///
/// ```
/// use plaid_gateway::NewKey;
/// use plaid_gateway::source::entry;
///
/// let new = NewKey::generate()?;
/// assert!(entry("billing", new.hash)?.starts_with("[[caller]]"));
/// assert!(entry("two words", new.hash).is_err());
/// # Ok::<(), plaid_gateway::ConfigError>(())
/// ```
pub fn entry(name: &str, hash: KeyHash) -> Result<String, ConfigError> {
    Callers::new(&[Caller::new(name, hash)], None)?;
    Ok(format!(
        "[[caller]]\nname = {name:?}\nkey_sha256 = \"{hash}\""
    ))
}

/// An emulator's URL and credentials.
#[derive(Debug, Clone)]
pub struct Emulator {
    /// Where it listens.
    pub url: String,
    /// What it accepts.
    pub credentials: Credentials,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    listen: Option<SocketAddr>,
    admin: Option<SocketAddr>,
    environment: Option<String>,
    plaid_version: Option<String>,
    allow_caller_credentials: bool,
    forward_headers: Vec<String>,
    credentials: Option<FileCredentials>,
    explorer: FileExplorer,
    cors: FileCors,
    limits: FileLimits,
    timeouts: FileTimeouts,
    caller: Vec<FileCaller>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FileCredentials {
    client_id: Option<String>,
    secret: Option<String>,
    command: Option<Vec<String>>,
    refresh_seconds: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FileExplorer {
    enabled: Option<bool>,
    gateways: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FileCors {
    origins: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FileLimits {
    connections: Option<usize>,
    calls: Option<usize>,
    body: Option<usize>,
    bodies: Option<usize>,
    answer: Option<u64>,
    headers: Option<usize>,
    header_bytes: Option<usize>,
    streams: Option<u32>,
}

/// In seconds.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FileTimeouts {
    headers: Option<u64>,
    body: Option<u64>,
    connect: Option<u64>,
    first_byte: Option<u64>,
    answer: Option<u64>,
    stall: Option<u64>,
    idle: Option<u64>,
    shutdown: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileCaller {
    name: String,
    key_sha256: String,
    operations: Option<Vec<String>>,
    products: Option<Vec<String>>,
    rate_per_second: Option<u32>,
    burst: Option<u32>,
    concurrency: Option<usize>,
    max_body: Option<usize>,
}

/// What a program prints.
#[derive(Deserialize)]
struct Printed {
    client_id: String,
    secret: String,
}

impl Source {
    /// Reads everything.
    ///
    /// Without credentials and without an environment the gateway is one to an emulator,
    /// which the caller starts and hands over.
    ///
    /// # Errors
    /// When the file cannot be read or has a mistake in it, or the program fails. What
    /// is said of it quotes no value.
    pub async fn load(&self, emulator: Option<&Emulator>) -> Result<Loaded, ConfigError> {
        self.load_text(&self.text().await?, emulator).await
    }

    /// The text of the file, which is empty where there is none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn text(&self) -> Result<String, ConfigError> {
        let Some(path) = &self.file else {
            return Ok(String::new());
        };
        let text = tokio::fs::read_to_string(path).await;
        text.map_err(|error| {
            ConfigError::new(format!(
                "{} cannot be read: {}",
                path.display(),
                error.kind()
            ))
        })
    }

    /// Like [`load`](Self::load), with the text that the file had.
    ///
    /// # Errors
    /// As `load`, but for the reading.
    pub async fn load_text(
        &self,
        text: &str,
        emulator: Option<&Emulator>,
    ) -> Result<Loaded, ConfigError> {
        let file = self.parse(text)?;
        let stored = file.credentials.as_ref();
        let refresh = stored.filter(|c| c.command.is_some()).map(|c| {
            let seconds = c.refresh_seconds.filter(|seconds| *seconds > 0);
            seconds.map_or(REFRESH, Duration::from_secs)
        });
        let credentials = match stored {
            Some(stored) => stored.get().await?,
            None => pair(self.client_id.clone(), self.secret.clone())?,
        };
        let config = match self.upstream(&file, credentials.is_some())? {
            Some(upstream) => Some((upstream, credentials)),
            None => emulator.map(emulated).transpose()?,
        };
        let config = config.map(|(upstream, own)| self.config(file, upstream, own));
        Ok(Loaded {
            config: config.transpose()?,
            refresh,
            outline: Outline::of(text),
        })
    }

    /// Where calls go; none for the emulator.
    fn upstream(
        &self,
        file: &File,
        has_credentials: bool,
    ) -> Result<Option<Upstream>, ConfigError> {
        let named = self.environment.as_ref().or(file.environment.as_ref());
        let named = named
            .or(self.plaid_env.as_ref())
            .filter(|name| !name.is_empty());
        match named.map(String::as_str) {
            Some("sandbox") => Ok(Some(Upstream::sandbox())),
            Some("production") => Ok(Some(Upstream::production())),
            Some("emulator") => Ok(None),
            Some(url) if url.contains("://") => Upstream::at(url).map(Some),
            Some(_) => Err(ConfigError::new(
                "the environment has to be `sandbox`, `production`, `emulator` \
                 or a URL that begins with https:// (http:// for this machine)",
            )),
            None => Ok(has_credentials.then(Upstream::sandbox)),
        }
    }

    fn parse(&self, text: &str) -> Result<File, ConfigError> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map_or(0, |before| before.matches('\n').count() + 1);
            let shown = self
                .file
                .as_deref()
                .unwrap_or_else(|| Path::new("the file"));
            let shown = shown.display();
            ConfigError::new(format!("{shown}, line {line}: {}", told(&error)))
        })
    }

    fn config(
        &self,
        file: File,
        upstream: Upstream,
        credentials: Option<Credentials>,
    ) -> Result<Config, ConfigError> {
        let mut config = Config::new(upstream);
        let callers = file.caller.into_iter().map(FileCaller::caller);
        config.listen = self.listen.or(file.listen).unwrap_or(config.listen);
        config.admin = self.admin.or(file.admin);
        config.credentials = credentials;
        config.plaid_version = file.plaid_version.unwrap_or(config.plaid_version);
        config.callers = callers.collect::<Result<_, _>>()?;
        config.allow_caller_credentials =
            self.allow_caller_credentials || file.allow_caller_credentials;
        config.explorer = self.explorer.or(file.explorer.enabled);
        config.explorer_gateways = file.explorer.gateways;
        config.cors_origins = file.cors.origins;
        config.forward_headers = file.forward_headers;
        config.limits = file.limits.limits();
        config.timeouts = file.timeouts.timeouts();
        config.check()?;
        Ok(config)
    }
}

/// What is wrong with a file, as far as it quotes no value: a secret may stand there.
fn told(error: &toml::de::Error) -> String {
    let message = error.message();
    let is_name = ["unknown field", "missing field", "duplicate key"]
        .iter()
        .any(|start| message.starts_with(start));
    match is_name {
        true => message.to_owned(),
        false => "this is not what has to stand here".to_owned(),
    }
}

fn emulated(emulator: &Emulator) -> Result<(Upstream, Option<Credentials>), ConfigError> {
    let upstream = Upstream::emulator(&emulator.url)?;
    Ok((upstream, Some(emulator.credentials.clone())))
}

fn pair(
    client_id: Option<String>,
    secret: Option<String>,
) -> Result<Option<Credentials>, ConfigError> {
    let given = |part: Option<String>| part.filter(|part| !part.is_empty());
    match (given(client_id), given(secret)) {
        (Some(client_id), Some(secret)) => Credentials::new(client_id, secret).map(Some),
        (None, None) => Ok(None),
        _ => Err(ConfigError::new(
            "of Plaid's credentials only one part is set: \
             it takes both the client id and the secret",
        )),
    }
}

impl FileCredentials {
    async fn get(&self) -> Result<Option<Credentials>, ConfigError> {
        let has_parts = self.client_id.is_some() || self.secret.is_some();
        match &self.command {
            Some(_) if has_parts => Err(ConfigError::new(
                "[credentials] has both a command and the credentials",
            )),
            Some(command) => printed(command).await.map(Some),
            None => pair(self.client_id.clone(), self.secret.clone()),
        }
    }
}

/// Runs the program and reads what it prints: a JSON object with `client_id` and
/// `secret`, or these two on a line each.
async fn printed(command: &[String]) -> Result<Credentials, ConfigError> {
    let problem = |what: &str| ConfigError::new(format!("the command for the credentials {what}"));
    let (program, arguments) = command.split_first().ok_or_else(|| problem("is empty"))?;
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(COMMAND_TIMEOUT, output)
        .await
        .map_err(|_| problem("took too long"))?
        .map_err(|_| problem("cannot be run"))?;
    if !output.status.success() {
        return Err(problem("failed; run it by hand to see why"));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| problem("printed no text"))?;
    if let Ok(printed) = serde_json::from_str::<Printed>(&text) {
        return Credentials::new(printed.client_id, printed.secret);
    }
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match (lines.next(), lines.next(), lines.next()) {
        (Some(client_id), Some(secret), None) => Credentials::new(client_id, secret),
        _ => Err(problem(
            "has to print a JSON object with client_id and secret, or these on two lines",
        )),
    }
}

impl FileCaller {
    fn caller(self) -> Result<Caller, ConfigError> {
        let lists = [&self.operations, &self.products];
        if lists.into_iter().flatten().any(Vec::is_empty) {
            return Err(ConfigError::new(format!(
                "the caller {:?} has an empty list of operations or products: leave the list \
                 out to allow all of them, or the caller to allow none",
                self.name
            )));
        }
        let mut caller = Caller::new(self.name, KeyHash::from_hex(&self.key_sha256)?)
            .operations(self.operations.unwrap_or_default())
            .products(self.products.unwrap_or_default());
        caller.rate = match (self.rate_per_second, self.burst) {
            (Some(rate), burst) => Some((rate, burst.unwrap_or(rate))),
            (None, None) => None,
            (None, Some(_)) => {
                return Err(ConfigError::new(
                    "a caller has a burst without rate_per_second",
                ));
            }
        };
        caller.concurrency = self.concurrency;
        caller.max_body = self.max_body;
        Ok(caller)
    }
}

impl FileLimits {
    fn limits(self) -> Limits {
        let default = Limits::default();
        Limits {
            connections: self.connections.unwrap_or(default.connections),
            calls: self.calls.unwrap_or(default.calls),
            body: self.body.unwrap_or(default.body),
            bodies: self.bodies.unwrap_or(default.bodies),
            answer: self.answer.unwrap_or(default.answer),
            headers: self.headers.unwrap_or(default.headers),
            header_bytes: self.header_bytes.unwrap_or(default.header_bytes),
            streams: self.streams.unwrap_or(default.streams),
        }
    }
}

impl FileTimeouts {
    fn timeouts(self) -> Timeouts {
        let default = Timeouts::default();
        let or = |seconds: Option<u64>, default| seconds.map_or(default, Duration::from_secs);
        Timeouts {
            headers: or(self.headers, default.headers),
            body: or(self.body, default.body),
            connect: or(self.connect, default.connect),
            first_byte: or(self.first_byte, default.first_byte),
            answer: or(self.answer, default.answer),
            stall: or(self.stall, default.stall),
            idle: or(self.idle, default.idle),
            shutdown: or(self.shutdown, default.shutdown),
        }
    }
}

/// No value: some are secret.
impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file in which everything narrows, with each kind of setting last in some part.
    const FULL: &str = r#"
listen = "127.0.0.1:0"
environment = "https://plaid.example"
forward_headers = ["x-experiment"]

[credentials]
client_id = "of-the-file"
secret = "of-the-file"

[explorer]
enabled = false
gateways = ["https://other.example"]

[cors]
origins = ["https://app.example", "https://app2.example"]

[limits]
body = 65536
bodies = 655360
answer = 1000000
calls = 100

[timeouts]
first_byte = 60
body = 10

[[caller]]
name = "billing"
key_sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
operations = ["/accounts/get", "itemGet"]
products = ["transactions"]
rate_per_second = 20
burst = 10
concurrency = 16
max_body = 4096

[[caller]]
name = "reports"
key_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
max_body = 4096
products = ["assets"]
"#;

    /// With credentials in the environment, as where what is cut off does most harm.
    fn source() -> Source {
        Source {
            client_id: Some("of-the-environment".to_owned()),
            secret: Some("of-the-environment".to_owned()),
            ..Source::default()
        }
    }

    async fn load(text: &str) -> Result<Loaded, ConfigError> {
        source().load_text(text, None).await
    }

    /// Whether what one list allows is all allowed by the other.
    fn within(now: &[String], before: &[String]) -> bool {
        now.iter().all(|one| before.contains(one))
    }

    fn allows_no_more(now: &Config, before: &Config) -> bool {
        let caller = |now: &Caller| {
            let before = before.callers.iter().find(|b| b.key == now.key).unwrap();
            (!now.operations.is_empty() || !now.products.is_empty())
                && within(&now.operations, &before.operations)
                && within(&now.products, &before.products)
                && now.max_body.is_some_and(|n| Some(n) <= before.max_body)
                && now.rate.map(|r| r.0) <= before.rate.map(|r| r.0)
                && now.rate.map(|r| r.1) <= before.rate.map(|r| r.1)
                && now.rate.is_some() == before.rate.is_some()
                && now.concurrency.is_some() == before.concurrency.is_some()
                && now.concurrency <= before.concurrency
        };
        !now.callers.is_empty()
            && now.callers.iter().all(caller)
            && now.upstream == before.upstream
            && now.credentials == before.credentials
            && now.explorer == before.explorer
            && within(&now.cors_origins, &before.cors_origins)
            && within(&now.explorer_gateways, &before.explorer_gateways)
            && within(&now.forward_headers, &before.forward_headers)
            && now.limits.body <= before.limits.body
            && now.limits.bodies <= before.limits.bodies
            && now.limits.answer <= before.limits.answer
            && now.limits.calls <= before.limits.calls
            && now.timeouts.first_byte <= before.timeouts.first_byte
            && now.timeouts.body <= before.timeouts.body
    }

    #[tokio::test]
    async fn a_file_that_is_cut_off_anywhere_allows_nothing_more() {
        let before = load(FULL).await.unwrap();
        let mut taken = 0;
        for end in 0..FULL.len() {
            let Ok(now) = load(&FULL[..end]).await else {
                continue;
            };
            if now.may_follow(&before).is_err() {
                continue;
            }
            taken += 1;
            let [now, before] = [&now, &before].map(|loaded| loaded.config.as_ref().unwrap());
            assert!(allows_no_more(now, before), "{}", &FULL[..end]);
        }
        // Its last line end, and the second caller as a whole.
        assert!((1..40).contains(&taken), "{taken}");
        assert_eq!(load(FULL).await.unwrap().may_follow(&before), Ok(()));
    }

    #[tokio::test]
    async fn a_gateway_that_runs_does_not_go_over_to_the_emulator_or_to_no_keys() {
        let keyed = "[[caller]]\nname = 'a'\n\
            key_sha256 = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'";
        let real = load(keyed).await.unwrap();
        let open = load("").await.unwrap();
        let told = |outcome: Result<(), ConfigError>| outcome.unwrap_err().to_string();
        assert!(told(open.may_follow(&real)).contains("[[caller]]"));
        assert_eq!(real.may_follow(&open), Ok(()));
        let emulator = Emulator {
            url: "http://127.0.0.1:1".to_owned(),
            credentials: Credentials::new("a", "b").unwrap(),
        };
        let nowhere = Source::default();
        for emulator in [None, Some(&emulator)] {
            let emulated = nowhere.load_text(keyed, emulator).await.unwrap();
            assert!(told(emulated.may_follow(&real)).contains("emulator"));
            assert_eq!(real.may_follow(&emulated), Ok(()));
        }
    }
}
