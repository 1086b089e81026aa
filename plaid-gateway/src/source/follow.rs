//! Whether a gateway that runs may go over to what its file says now.
//!
//! A file can stay cut off, by a full disk or a copy that failed, and what is left of it
//! can be a good file that says less. Mostly that allows less: a caller that is gone may
//! call nothing, and one without its operations is an error. What allows *more* once it
//! is missing, and what would happen, is:
//!
//! - every `[[caller]]`: on loopback, calls are taken of whoever asks
//! - `environment`, `[credentials]`: those of the process are used, so the calls of this
//!   machine may reach production, or another team's data
//! - `explorer.enabled = false`: the explorer is served on loopback
//! - `[limits]`, `[timeouts]`, and the rate, concurrency and body size of a caller: the
//!   defaults, or no limit
//!
//! So a reload refuses a file that lacks one of these. A start cannot know what is
//! missing, and takes the file as it is.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::Loaded;
use crate::error::ConfigError;

/// Without these nothing more is allowed than with them, or nothing changes before the
/// next start. Any other setting must stay, also one that is new.
const MAY_GO: [&str; 6] = [
    "admin",
    "allow_caller_credentials",
    "cors.origins",
    "explorer.gateways",
    "forward_headers",
    "listen",
];
/// The same of a caller: together they are what it may use, and it must have one.
const MAY_GO_OF_CALLER: [&str; 2] = ["operations", "products"];

/// The settings that a file has, whatever it sets them to: the name of the caller, if it
/// is one of a caller, and the name of the setting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Written(BTreeSet<(Option<String>, String)>);

impl Loaded {
    /// Whether a gateway that runs with what was read before may go over to this.
    ///
    /// A file that was cut off can be a good file that allows more. So nothing that
    /// narrows may be missing after a reload: write the setting out, or restart the
    /// gateway.
    ///
    /// # Errors
    /// When a gateway with keys would have none, one with an upstream would go over to the
    /// emulator, or a setting is missing that was there before.
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
        match self.written.lacks(&before.written) {
            Some(setting) => Err(ConfigError::new(format!(
                "the file does not have {setting} any more, as if it were cut off: \
                 write out what is to hold, or restart the gateway"
            ))),
            None => Ok(()),
        }
    }
}

impl Written {
    /// The settings of a text; none of one that is not a file.
    pub(super) fn of(text: &str) -> Self {
        let mut settings = BTreeSet::new();
        for (name, value) in toml::from_str::<Table>(text).unwrap_or_default() {
            match value {
                Value::Array(callers) if name == "caller" => {
                    callers
                        .iter()
                        .for_each(|caller| settings.extend(of_caller(caller)));
                }
                // Its parts stand for one another.
                Value::Table(part) if name != "credentials" => {
                    settings.extend(part.keys().map(|key| (None, format!("{name}.{key}"))));
                }
                _ => drop(settings.insert((None, name))),
            }
        }
        Self(settings)
    }

    /// A setting that was there before and must not be missing now.
    fn lacks(&self, before: &Self) -> Option<String> {
        let must_stay = |(caller, key): &&(Option<String>, String)| match caller {
            // A caller may go as a whole.
            Some(_) if !self.0.contains(&(caller.clone(), "name".to_owned())) => false,
            Some(_) => !MAY_GO_OF_CALLER.contains(&key.as_str()),
            None => !MAY_GO.contains(&key.as_str()),
        };
        let (caller, key) = before.0.difference(&self.0).find(must_stay)?;
        Some(match caller {
            Some(caller) => format!("{key} of the caller {caller:?}"),
            None => key.clone(),
        })
    }
}

fn of_caller(caller: &Value) -> impl Iterator<Item = (Option<String>, String)> {
    let name = caller.get("name").and_then(Value::as_str);
    let name = name.unwrap_or_default().to_owned();
    let keys = caller.as_table().into_iter().flat_map(Table::keys);
    keys.map(move |key| (Some(name.clone()), key.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callers::Caller;
    use crate::config::Config;
    use crate::credentials::Credentials;
    use crate::source::{Emulator, Source};

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

[[caller]]
name = "admin"
key_sha256 = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
operations = "all"
"#;

    /// The same with what holds for all callers behind them, so that it can be cut off
    /// and leave callers.
    fn turned() -> String {
        let [head, rest] = FULL
            .split_once("\n[credentials]")
            .map(|(a, b)| [a, b])
            .unwrap();
        let (parts, callers) = rest.split_once("[[caller]]").unwrap();
        format!("{head}\n[[caller]]{callers}\n[credentials]{parts}")
    }

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
            now.has_all_operations <= before.has_all_operations
                && within(&now.operations, &before.operations)
                && within(&now.products, &before.products)
                && now.max_body.is_some() == before.max_body.is_some()
                && now.max_body <= before.max_body
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
        for (name, full) in [("callers last", FULL), ("callers first", &turned())] {
            let before = load(full).await.unwrap();
            let mut taken = 0;
            for end in 0..full.len() {
                let Ok(now) = load(&full[..end]).await else {
                    continue;
                };
                if now.may_follow(&before).is_err() {
                    continue;
                }
                taken += 1;
                let [now, before] = [&now, &before].map(|loaded| loaded.config.as_ref().unwrap());
                assert!(allows_no_more(now, before), "{name}: {}", &full[..end]);
            }
            // Its last line end, and the last callers as a whole.
            assert!((1..200).contains(&taken), "{name}: {taken}");
            assert_eq!(load(full).await.unwrap().may_follow(&before), Ok(()));
        }
    }

    const FILE: &str = "listen = '127.0.0.1:0'\nenvironment = 'sandbox'\n\
        [credentials]\ncommand = ['true']\n[limits]\nbody = 1\n[cors]\norigins = []\n\
        [[caller]]\nname = 'a'\nproducts = ['auth']\nburst = 1\n[[caller]]\nname = 'b'\n";

    fn lacks(text: &str) -> Option<String> {
        Written::of(text).lacks(&Written::of(FILE))
    }

    #[test]
    fn what_narrows_has_to_stay() {
        for (part, lost) in [
            ("environment = 'sandbox'\n", "environment"),
            ("[credentials]\ncommand = ['true']\n", "credentials"),
            ("[limits]\nbody = 1\n", "limits.body"),
            ("burst = 1\n", "burst of the caller \"a\""),
        ] {
            let found = lacks(&FILE.replace(part, ""));
            assert_eq!(found.as_deref(), Some(lost), "without {part:?}");
        }
    }

    #[test]
    fn what_allows_may_go_and_what_is_there_may_change() {
        for (part, other) in [
            ("", ""),
            ("listen = '127.0.0.1:0'\n", ""),
            ("[cors]\norigins = []\n", ""),
            ("[[caller]]\nname = 'b'\n", ""),
            ("command = ['true']\n", "client_id = 'a'\nsecret = 'b'\n"),
            ("products = ['auth']", "operations = ['itemGet']"),
            ("body = 1", "body = 2\ncalls = 1"),
            ("'sandbox'", "'production'"),
        ] {
            let found = lacks(&FILE.replace(part, other));
            assert_eq!(found, None, "{other:?} for {part:?}");
        }
    }

    #[tokio::test]
    async fn a_gateway_that_runs_does_not_go_over_to_the_emulator_or_to_no_keys() {
        let keyed = "[[caller]]\nname = 'a'\n\
            key_sha256 = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'\n\
            operations = 'all'";
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
            let shown = format!("{emulator:?}");
            assert!(
                told(emulated.may_follow(&real)).contains("emulator"),
                "{shown}"
            );
            assert_eq!(real.may_follow(&emulated), Ok(()), "{shown}");
        }
    }
}
