//! What a configuration file may hold.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::credentials::Stored;
use crate::callers::{Caller, Callers};
use crate::config::{Limits, Timeouts};
use crate::error::ConfigError;
use crate::key::KeyHash;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    pub(super) listen: Option<SocketAddr>,
    pub(super) admin: Option<SocketAddr>,
    pub(super) environment: Option<String>,
    pub(super) plaid_version: Option<String>,
    pub(super) allow_caller_credentials: bool,
    pub(super) forward_headers: Vec<String>,
    pub(super) credentials: Option<Stored>,
    pub(super) explorer: FileExplorer,
    pub(super) cors: FileCors,
    pub(super) limits: FileLimits,
    pub(super) timeouts: FileTimeouts,
    pub(super) caller: Vec<Spanned<FileCaller>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FileExplorer {
    pub(super) enabled: Option<bool>,
    pub(super) gateways: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FileCors {
    pub(super) origins: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FileLimits {
    pub(super) connections: Option<usize>,
    pub(super) calls: Option<usize>,
    pub(super) body: Option<usize>,
    pub(super) bodies: Option<usize>,
    pub(super) answer: Option<u64>,
    pub(super) headers: Option<usize>,
    pub(super) header_bytes: Option<usize>,
    pub(super) streams: Option<u32>,
}

/// In seconds.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FileTimeouts {
    pub(super) headers: Option<u64>,
    pub(super) body: Option<u64>,
    pub(super) connect: Option<u64>,
    pub(super) first_byte: Option<u64>,
    pub(super) answer: Option<u64>,
    pub(super) stall: Option<u64>,
    pub(super) idle: Option<u64>,
    pub(super) shutdown: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileCaller {
    pub(super) name: String,
    pub(super) key_sha256: String,
    pub(super) operations: Option<FileOperations>,
    pub(super) products: Option<Vec<String>>,
    pub(super) rate_per_second: Option<u32>,
    pub(super) burst: Option<u32>,
    pub(super) concurrency: Option<usize>,
    pub(super) max_body: Option<usize>,
}

/// `"all"`, or a list.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum FileOperations {
    Word(String),
    Listed(Vec<String>),
}

impl FileCaller {
    pub(super) fn caller(self) -> Result<Caller, ConfigError> {
        let caller = Caller::new(&*self.name, KeyHash::from_hex(&self.key_sha256)?);
        let mut caller = self.allow(caller)?;
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
        // Here, and not only in the gateway, since here the line is known.
        Callers::new(std::slice::from_ref(&caller), None)?;
        Ok(caller)
    }

    /// Whoever writes a caller down says what it may use: a file that lost this part
    /// would otherwise allow everything.
    fn allow(&self, caller: Caller) -> Result<Caller, ConfigError> {
        let problem = |what: &str| {
            let name = &self.name;
            Err(ConfigError::new(format!("the caller {name:?} {what}")))
        };
        let listed = match &self.operations {
            Some(FileOperations::Listed(list)) => Some(list),
            _ => None,
        };
        if [listed, self.products.as_ref()]
            .into_iter()
            .flatten()
            .any(Vec::is_empty)
        {
            return problem(
                "has an empty list of operations or products: list some, or write \
                 `operations = \"all\"`, or remove the caller",
            );
        }
        let products = self.products.clone().unwrap_or_default();
        match &self.operations {
            None if products.is_empty() => problem(
                "does not say what it may use: write `products = [\"transactions\"]`, \
                 `operations = [\"/accounts/get\"]`, or `operations = \"all\"`",
            ),
            None => Ok(caller.products(products)),
            Some(FileOperations::Listed(list)) => Ok(caller.operations(list).products(products)),
            Some(FileOperations::Word(word)) if word != "all" => {
                problem("has operations that are neither `\"all\"` nor a list")
            }
            Some(FileOperations::Word(_)) if !products.is_empty() => {
                problem("has both `operations = \"all\"` and products: remove one of them")
            }
            Some(FileOperations::Word(_)) => Ok(caller.all_operations()),
        }
    }
}

impl FileLimits {
    pub(super) fn limits(self) -> Limits {
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
    pub(super) fn timeouts(self) -> Timeouts {
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
