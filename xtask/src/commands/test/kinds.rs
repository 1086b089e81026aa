//! The kinds of tests, by what they need besides cargo and a C compiler.

use clap::ValueEnum;

use super::tools::Tool;

/// Tests that need the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Kind {
    /// What `cargo test --workspace` runs: needs nothing.
    Rust,
    /// Plaid's clients for Python and Node, and a property tester, at the emulator.
    Clients,
    /// The explorer's own tests, and that its bundle is what its source makes.
    Explorer,
    /// The explorer in Chromium.
    Browser,
    /// The Rust that the explorer shows for every operation: it compiles and runs.
    Snippets,
    /// The gateway beside nginx.
    Nginx,
}

impl Kind {
    /// All of them, in the order in which they are run.
    pub const ALL: [Self; 6] = [
        Self::Rust,
        Self::Clients,
        Self::Explorer,
        Self::Browser,
        Self::Snippets,
        Self::Nginx,
    ];

    /// As it is written after `--only`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Clients => "clients",
            Self::Explorer => "explorer",
            Self::Browser => "browser",
            Self::Snippets => "snippets",
            Self::Nginx => "nginx",
        }
    }

    /// The kind that the reason of an ignored test names.
    pub(super) fn of_reason(reason: &str) -> Option<Self> {
        let name = reason.strip_prefix("cargo xtask test --only ")?;
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What has to be there.
    pub(super) fn tools(self) -> &'static [Tool] {
        match self {
            Self::Rust => &[],
            Self::Clients => &[Tool::Python, Tool::Node],
            Self::Explorer => &[Tool::Node, Tool::Python, Tool::Bash],
            Self::Browser => &[Tool::Node, Tool::Chromium],
            Self::Snippets => &[Tool::Node],
            Self::Nginx => &[Tool::Nginx, Tool::Wrk],
        }
    }

    /// What the tests themselves install inside `target/`, the first time.
    pub(super) fn packages(self) -> Option<&'static str> {
        match self {
            Self::Rust | Self::Nginx => None,
            Self::Clients => Some("packages from PyPI and npm"),
            Self::Explorer | Self::Browser | Self::Snippets => Some("packages from npm"),
        }
    }

    /// The calls of cargo that run them. All of them select the whole workspace: another
    /// selection has other features, and compiles everything once more.
    pub(super) fn runs(self) -> &'static [Run] {
        match self {
            // Apart, because rustdoc does not say how long an example takes.
            Self::Rust => &[
                Run {
                    cargo: &["--tests"],
                    harness: &[],
                },
                Run {
                    cargo: &["--doc"],
                    harness: &[],
                },
            ],
            Self::Clients => &[Run {
                cargo: &["--test", "emulator"],
                harness: &["--ignored", "clients::"],
            }],
            Self::Explorer => &[Run {
                cargo: &["--test", "gateway"],
                harness: &["--ignored", "explorer::"],
            }],
            Self::Browser => &[Run {
                cargo: &["--test", "gateway"],
                harness: &["--ignored", "browser::"],
            }],
            Self::Snippets => &[Run {
                cargo: &["--test", "generated"],
                harness: &["--ignored", "snippets::"],
            }],
            Self::Nginx => &[Run {
                cargo: &["--test", "gateway"],
                harness: &["--ignored", "nginx::"],
            }],
        }
    }
}

/// One call of `cargo test --workspace`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// What cargo runs.
    pub(super) cargo: &'static [&'static str],
    /// What the test programs run.
    pub(super) harness: &'static [&'static str],
}

impl Run {
    /// Whether the programs can say how long each test takes.
    pub(super) fn is_timed(self) -> bool {
        cfg!(unix) && !self.cargo.contains(&"--doc")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_an_ignored_test_names_its_kind() {
        for kind in Kind::ALL {
            let reason = format!("cargo xtask test --only {}", kind.name());
            assert_eq!(Kind::of_reason(&reason), Some(kind), "{reason}");
        }
        for reason in [
            "",
            "slow",
            "cargo xtask test",
            "cargo xtask test --only none",
        ] {
            assert_eq!(Kind::of_reason(reason), None, "{reason}");
        }
    }
}
