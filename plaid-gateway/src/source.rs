//! Where the command's configuration comes from: a file, the environment, arguments,
//! and a program that prints the credentials.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

use crate::callers::{Caller, KeyHash};
use crate::config::{Config, ConfigError, Limits, Timeouts, Upstream};
use crate::credentials::Credentials;

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
    #[serde(default)]
    operations: Vec<String>,
    #[serde(default)]
    products: Vec<String>,
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
        let file = self.read().await?;
        let stored = file.credentials.as_ref();
        let refresh = stored.filter(|c| c.command.is_some()).map(|c| {
            let seconds = c.refresh_seconds.filter(|seconds| *seconds > 0);
            seconds.map_or(REFRESH, Duration::from_secs)
        });
        let credentials = match stored {
            Some(stored) => stored.get().await?,
            None => pair(self.client_id.clone(), self.secret.clone())?,
        };
        let named = self.environment.as_ref().or(file.environment.as_ref());
        let named = named
            .or(self.plaid_env.as_ref())
            .filter(|name| !name.is_empty());
        let (upstream, credentials) = match named.map(String::as_str) {
            Some("sandbox") => (Upstream::sandbox(), credentials),
            Some("production") => (Upstream::production(), credentials),
            Some("emulator") => match emulator {
                Some(emulator) => emulated(emulator)?,
                None => {
                    return Ok(Loaded {
                        config: None,
                        refresh,
                    });
                }
            },
            Some(url) if url.contains("://") => (Upstream::at(url)?, credentials),
            Some(_) => {
                return Err(ConfigError::new(
                    "the environment has to be `sandbox`, `production`, `emulator` \
                     or a URL that begins with https:// (http:// for this machine)",
                ));
            }
            None if credentials.is_some() => (Upstream::sandbox(), credentials),
            None => match emulator {
                Some(emulator) => emulated(emulator)?,
                None => {
                    return Ok(Loaded {
                        config: None,
                        refresh,
                    });
                }
            },
        };
        let config = self.config(file, upstream, credentials)?;
        Ok(Loaded {
            config: Some(config),
            refresh,
        })
    }

    async fn read(&self) -> Result<File, ConfigError> {
        let Some(path) = &self.file else {
            return Ok(File::default());
        };
        let shown = path.display();
        let text = tokio::fs::read_to_string(path).await.map_err(|error| {
            ConfigError::new(format!("{shown} cannot be read: {}", error.kind()))
        })?;
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(0, |span| {
                text.get(..span.start)
                    .unwrap_or_default()
                    .matches('\n')
                    .count()
                    + 1
            });
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
        let mut caller = Caller::new(self.name, KeyHash::from_hex(&self.key_sha256)?)
            .operations(self.operations)
            .products(self.products);
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
