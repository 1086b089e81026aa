//! Where the command's configuration comes from: a file, the environment, arguments,
//! and a program that prints the credentials.
//!
//! A file may be read at any moment, also while somebody writes it. What changes a gateway
//! that runs is therefore compared with what was there before: see [`Loaded::may_follow`].

mod credentials;
mod file;
mod follow;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;

use self::credentials::{Stored, pair};
use self::file::{File, FileCaller};
use self::follow::Written;
use crate::callers::{Caller, Callers};
use crate::config::{Config, Upstream};
use crate::credentials::Credentials;
use crate::error::ConfigError;
use crate::gateway::Gateway;

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
    written: Written,
}

impl Gateway {
    /// Counts a reload that failed before there was a configuration. Those that
    /// [`reload`](Self::reload) refuses are counted there.
    pub fn count_failed_reload(&self) {
        self.counters().failed_reloads.inc();
    }
}

/// What to add to a file for a new caller. One that may use nothing yet gets the choices
/// as comments; the file is refused until one of them holds.
///
/// # Errors
/// When the name is not one that a caller may have, or the API does not have what it is
/// allowed.
///
/// ```
/// use plaid_gateway::source::entry;
/// use plaid_gateway::{Caller, NewKey};
///
/// let new = NewKey::generate()?;
/// let caller = Caller::new("billing", new.hash).products(["transactions"]);
/// assert!(entry(&caller)?.ends_with("products = [\"transactions\"]"));
/// assert!(entry(&Caller::new("two words", new.hash)).is_err());
/// # Ok::<(), plaid_gateway::ConfigError>(())
/// ```
pub fn entry(caller: &Caller) -> Result<String, ConfigError> {
    Callers::new(std::slice::from_ref(caller), None)?;
    let mut lines = vec![
        "[[caller]]".to_owned(),
        format!("name = {:?}", caller.name),
        format!("key_sha256 = \"{}\"", caller.key),
    ];
    let lists = [
        ("operations", &caller.operations),
        ("products", &caller.products),
    ];
    if caller.has_all_operations {
        lines.push("operations = \"all\"".to_owned());
    } else if lists.iter().all(|(_, list)| list.is_empty()) {
        lines.push(CHOICES.to_owned());
    } else {
        let named = lists.into_iter().filter(|(_, list)| !list.is_empty());
        lines.extend(named.map(|(name, list)| format!("{name} = {list:?}")));
    }
    Ok(lines.join("\n"))
}

/// What a caller may use is for a person to say.
const CHOICES: &str = "\
# What it may use. Remove a `#`:
# products = [\"transactions\", \"accounts\"]
# operations = [\"/accounts/get\"]
# operations = \"all\"";

/// An emulator's URL and credentials.
#[derive(Debug, Clone)]
pub struct Emulator {
    /// Where it listens.
    pub url: String,
    /// What it accepts.
    pub credentials: Credentials,
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
        let refresh = stored.and_then(Stored::refresh);
        let credentials = match stored {
            Some(stored) => stored.get().await?,
            None => pair(self.client_id.clone(), self.secret.clone())?,
        };
        let config = match self.upstream(&file, credentials.is_some())? {
            Some(upstream) => Some((upstream, credentials)),
            None => emulator.map(emulated).transpose()?,
        };
        let config = config.map(|(upstream, own)| self.config(file, text, upstream, own));
        Ok(Loaded {
            config: config.transpose()?,
            refresh,
            written: Written::of(text),
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
            let start = error.span().map_or(0, |span| span.start);
            self.at(text, start, &told(&error))
        })
    }

    /// A mistake, with the file and the line that it stands in.
    fn at(&self, text: &str, start: usize, what: &str) -> ConfigError {
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let file = self.file.as_deref();
        let file = file.unwrap_or_else(|| Path::new("the file")).display();
        ConfigError::new(format!("{file}, line {line}: {what}"))
    }

    fn config(
        &self,
        file: File,
        text: &str,
        upstream: Upstream,
        credentials: Option<Credentials>,
    ) -> Result<Config, ConfigError> {
        let mut config = Config::new(upstream);
        let caller = |written: Spanned<FileCaller>| {
            let start = written.span().start;
            let caller = written.into_inner().caller();
            caller.map_err(|error| self.at(text, start, &error.to_string()))
        };
        let callers = file.caller.into_iter().map(caller);
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

/// No value: some are secret.
impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}
