//! Which settings a file has, apart from what it sets them to.
//!
//! A file that is read while somebody writes it may be cut off, and what is left of it is
//! often a good file that says less. Most settings narrow what may be done, so a file that
//! says less allows more. What is missing from a changed file is therefore looked for.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

/// Without these nothing more is allowed than with them, or nothing changes before the
/// next start.
const MAY_GO: [&str; 7] = [
    "admin",
    "allow_caller_credentials",
    "cors.origins",
    "credentials.refresh_seconds",
    "explorer.gateways",
    "forward_headers",
    "listen",
];

/// The names of the settings in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    settings: BTreeSet<String>,
    /// Those of each caller, by its name.
    callers: BTreeMap<String, BTreeSet<&'static str>>,
}

impl Outline {
    /// The settings of a text. Of one that is no file there are none.
    pub(crate) fn of(text: &str) -> Self {
        let mut outline = Self::default();
        for (name, value) in toml::from_str::<Table>(text).unwrap_or_default() {
            match value {
                Value::Array(callers) if name == "caller" => outline.add_callers(&callers),
                Value::Table(part) => {
                    let settings = part.keys().map(|key| setting(&format!("{name}.{key}")));
                    outline.settings.extend(settings);
                }
                _ => drop(outline.settings.insert(setting(&name))),
            }
        }
        outline
    }

    fn add_callers(&mut self, callers: &[Value]) {
        for caller in callers.iter().filter_map(Value::as_table) {
            let name = caller.get("name").and_then(Value::as_str);
            let limits = caller.keys().filter_map(|key| limit(key));
            self.callers
                .insert(name.unwrap_or_default().to_owned(), limits.collect());
        }
    }

    /// A setting that the outline before had and this one lacks, if it has to be there. A
    /// caller may go as a whole, but not its limits alone.
    pub(crate) fn lacks(&self, before: &Self) -> Option<String> {
        let mut lost = before.settings.difference(&self.settings);
        if let Some(setting) = lost.find(|setting| !MAY_GO.contains(&setting.as_str())) {
            return Some(setting.clone());
        }
        self.callers.iter().find_map(|(name, limits)| {
            let lost = before.callers.get(name)?.difference(limits).next()?;
            Some(format!("{lost} of the caller {name:?}"))
        })
    }
}

/// The name of a setting; what stands for one another has one name.
fn setting(path: &str) -> String {
    match path {
        "credentials.client_id" | "credentials.command" | "credentials.secret" => {
            "credentials".to_owned()
        }
        _ => path.to_owned(),
    }
}

/// The same for what narrows a caller. One list narrows as well as the other.
fn limit(key: &str) -> Option<&'static str> {
    match key {
        "operations" | "products" => Some("operations or products"),
        "rate_per_second" => Some("rate_per_second"),
        "burst" => Some("burst"),
        "concurrency" => Some("concurrency"),
        "max_body" => Some("max_body"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "listen = '127.0.0.1:0'\nenvironment = 'sandbox'\n\
        [credentials]\ncommand = ['true']\n[limits]\nbody = 1\n[cors]\norigins = []\n\
        [[caller]]\nname = 'a'\nproducts = ['auth']\nburst = 1\n[[caller]]\nname = 'b'\n";

    fn lacks(text: &str) -> Option<String> {
        Outline::of(text).lacks(&Outline::of(FILE))
    }

    #[test]
    fn what_narrows_has_to_stay() {
        for (part, lost) in [
            ("environment = 'sandbox'\n", "environment"),
            ("command = ['true']\n", "credentials"),
            ("[limits]\nbody = 1\n", "limits.body"),
            (
                "products = ['auth']\n",
                "operations or products of the caller \"a\"",
            ),
            ("burst = 1\n", "burst of the caller \"a\""),
        ] {
            assert_eq!(lacks(&FILE.replace(part, "")).as_deref(), Some(lost));
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
            assert_eq!(lacks(&FILE.replace(part, other)), None, "{part}");
        }
    }
}
