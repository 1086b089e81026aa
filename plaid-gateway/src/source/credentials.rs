//! Where the gateway's credentials come from: the file, or a program that prints them.

use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

use crate::credentials::Credentials;
use crate::error::ConfigError;

/// How long the program that prints the credentials may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);
/// How often it is asked again unless the file says.
const REFRESH: Duration = Duration::from_secs(300);

/// What a file says of them.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Stored {
    client_id: Option<String>,
    secret: Option<String>,
    command: Option<Vec<String>>,
    refresh_seconds: Option<u64>,
}

/// What a program prints.
#[derive(Deserialize)]
struct Printed {
    client_id: String,
    secret: String,
}

impl Stored {
    /// How often they are to be asked for again, if they can change.
    pub(super) fn refresh(&self) -> Option<Duration> {
        self.command.as_ref()?;
        let seconds = self.refresh_seconds.filter(|seconds| *seconds > 0);
        Some(seconds.map_or(REFRESH, Duration::from_secs))
    }

    pub(super) async fn get(&self) -> Result<Option<Credentials>, ConfigError> {
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

/// None when there is neither of the two.
pub(super) fn pair(
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
