//! What a gateway that runs goes over to when its file or its credentials change.

use std::time::Duration;

use plaid_gateway::source::{Emulator, Loaded, Source};
use plaid_gateway::{Config, ConfigError, Credentials, Gateway};
use plaid_sandbox::Sandbox;
use sha2::{Digest, Sha256};
use tokio::signal::unix::Signal;
use tokio::time::{Instant, sleep};

use crate::Error;

/// How often the file is looked at for changes.
const LOOK: Duration = Duration::from_secs(2);
/// How long a file must stay as it is before it is taken. One that is still being written
/// may lack callers, and they would be rejected until the next look.
const SETTLE: Duration = Duration::from_millis(500);

/// A text by its hash: what it holds may be secret.
type Seen = Result<[u8; 32], ConfigError>;

/// What configurations come from, and the emulator, once one is needed.
pub(crate) struct Host {
    source: Source,
    sandbox: Option<Sandbox>,
    /// What the gateway runs with, and the text that it was read from.
    current: Option<(Loaded, String)>,
    /// What was read last, good or not.
    seen: Seen,
}

impl Host {
    /// Reads everything for the first time, and starts an emulator if it is for one.
    pub(crate) async fn start(source: Source) -> Result<(Self, Config), Error> {
        let text = source.text().await?;
        let mut host = Self {
            source,
            sandbox: None,
            current: None,
            seen: Ok(hash(&text)),
        };
        let mut loaded = host.load(&text).await?;
        if loaded.config.is_none() {
            host.sandbox = Some(Sandbox::start().await?);
            loaded = host.load(&text).await?;
        }
        let config = loaded.config.clone().ok_or("the emulator is missing")?;
        host.current = Some((loaded, text));
        Ok((host, config))
    }

    async fn load(&self, text: &str) -> Result<Loaded, ConfigError> {
        let sandbox = self.sandbox.as_ref();
        let emulator = sandbox.map(emulator).transpose()?;
        self.source.load_text(text, emulator.as_ref()).await
    }

    /// Goes over to the file's new content when it changes, on SIGHUP, and in time for
    /// credentials that a program prints.
    pub(crate) async fn follow(mut self, gateway: Gateway, mut hangup: Signal) {
        let mut asked = Instant::now();
        loop {
            let is_asked = tokio::select! {
                signal = hangup.recv() => signal.is_some(),
                () = sleep(LOOK) => false,
            };
            let current = self.current.as_ref();
            let refresh = current.and_then(|(current, _)| current.refresh);
            let is_due = refresh.is_some_and(|refresh| asked.elapsed() >= refresh);
            let is_changed = seen(&self.source.text().await) != self.seen;
            let text = match current {
                // Credentials are asked for again also while the file has a mistake in it.
                Some((_, text)) if is_due && !is_changed && !is_asked => Ok(text.clone()),
                _ if is_asked || is_changed => self.settled().await,
                _ => continue,
            };
            asked = Instant::now();
            match self.change(&gateway, text).await {
                Ok(()) => tracing::info!("the configuration was read again"),
                Err(error) => {
                    tracing::error!(%error, "the configuration has a mistake; the one before stays");
                }
            }
        }
    }

    /// What the file has in it now, once that has settled.
    async fn settled(&mut self) -> Result<String, ConfigError> {
        let source = self.source.clone();
        let text = settled(move || text(source.clone())).await;
        self.seen = seen(&text);
        text
    }

    async fn change(
        &mut self,
        gateway: &Gateway,
        text: Result<String, ConfigError>,
    ) -> Result<(), Error> {
        let read = self.read(text).await;
        let (loaded, config, text) = read.inspect_err(|_| gateway.count_failed_reload())?;
        gateway.reload(config)?;
        self.current = Some((loaded, text));
        Ok(())
    }

    async fn read(
        &self,
        text: Result<String, ConfigError>,
    ) -> Result<(Loaded, Config, String), Error> {
        let text = text?;
        let loaded = self.load(&text).await?;
        if let Some((current, _)) = &self.current {
            loaded.may_follow(current)?;
        }
        let config = loaded.config.clone().ok_or("the emulator is missing")?;
        Ok((loaded, config, text))
    }
}

fn emulator(sandbox: &Sandbox) -> Result<Emulator, ConfigError> {
    Ok(Emulator {
        url: sandbox.url().to_owned(),
        credentials: Credentials::new(sandbox.client_id(), sandbox.secret())?,
    })
}

/// The file, once two readings in a row are alike.
async fn settled<T: PartialEq, F: Future<Output = T>>(mut read: impl FnMut() -> F) -> T {
    let mut before = read().await;
    loop {
        sleep(SETTLE).await;
        let now = read().await;
        if now == before {
            return now;
        }
        before = now;
    }
}

async fn text(source: Source) -> Result<String, ConfigError> {
    source.text().await
}

fn seen(text: &Result<String, ConfigError>) -> Seen {
    text.as_deref().map(hash).map_err(Clone::clone)
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use tokio::signal::unix::{SignalKind, signal};
    use tokio::time::timeout;

    use super::*;

    const HASH: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    /// A good file for the user of this test, whose credentials are those.
    fn file(credentials: &str) -> String {
        format!(
            "environment = 'http://127.0.0.1:9'\n[credentials]\n{credentials}\n\
             [[caller]]\nname = 'a'\nkey_sha256 = '{HASH}'\nproducts = ['auth']\n"
        )
    }

    fn write(path: &Path, text: &str) {
        let beside = path.with_extension("new");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, path).unwrap();
    }

    async fn started(path: &Path) -> (Host, Gateway) {
        let source = Source {
            file: Some(path.to_owned()),
            ..Source::default()
        };
        let (host, config) = Host::start(source).await.unwrap();
        (host, Gateway::new(config).unwrap())
    }

    fn counted(gateway: &Gateway, name: &str) -> u64 {
        let metrics = gateway.metrics();
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_still_written_is_waited_for() {
        let mut readings = ["a", "ab", "abc", "abc", "later"].into_iter();
        assert_eq!(
            settled(|| std::future::ready(readings.next())).await,
            Some("abc")
        );
    }

    #[tokio::test]
    async fn whatever_is_wrong_with_a_file_is_counted_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway.toml");
        let good = file("client_id = 'an-id'\nsecret = 'a-secret'");
        write(&path, &good);
        let (mut host, gateway) = started(&path).await;
        let no_file = Source {
            file: Some(folder.path().join("other")),
            ..Source::default()
        };
        let mut failed = 0;
        for text in [
            Ok("[credentials]\nsecret = 5".to_owned()),
            Ok(file("command = ['false']")),
            Ok(String::new()),
            Ok("environment = 'emulator'".to_owned()),
            Ok(good.replace("products = ['auth']\n", "")),
            Ok(good.replace("'auth'", "'nothing'")),
            no_file.text().await,
        ] {
            assert!(
                host.change(&gateway, text.clone()).await.is_err(),
                "{text:?}"
            );
            failed += 1;
            let [refused, taken] = ["failed_reloads", "reloads"]
                .map(|name| counted(&gateway, &format!("plaid_gateway_{name}_total")));
            assert_eq!((refused, taken), (failed, 0), "{text:?}");
        }
        host.change(&gateway, Ok(good)).await.unwrap();
        assert_eq!(counted(&gateway, "plaid_gateway_reloads_total"), 1);
        assert!(host.sandbox.is_none(), "an emulator was started");
    }

    #[tokio::test]
    async fn a_change_before_the_file_is_watched_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway.toml");
        write(&path, &file("client_id = 'an-id'\nsecret = 'a-secret'"));
        let (host, gateway) = started(&path).await;
        write(&path, &file("client_id = 'an-id'\nsecret = 'another'"));
        let hangup = signal(SignalKind::hangup()).unwrap();
        let following = tokio::spawn(host.follow(gateway.clone(), hangup));
        let taken = async {
            while counted(&gateway, "plaid_gateway_reloads_total") == 0 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(60), taken).await.unwrap();
        following.abort();
    }
}
