//! The programs that tests need besides cargo: whether they are there, and how to get them.

use std::path::Path;
use std::process::{Command, Stdio};

/// A program that tests start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    Bash,
    Chromium,
    Nginx,
    Node,
    Python,
    Wrk,
}

/// The oldest Node that can build the explorer.
const NODE: (u32, u32) = (20, 19);

/// Where browsers are that the tests can drive.
const BROWSERS: [&str; 3] = [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
];

impl Tool {
    pub(super) fn is_there(self) -> bool {
        match self {
            Self::Bash => runs("bash", &["--version"]),
            Self::Chromium => {
                let given = std::env::var_os("CHROMIUM");
                let mut places = BROWSERS.iter().map(Path::new);
                given.is_some_and(|given| Path::new(&given).exists()) || places.any(Path::exists)
            }
            Self::Nginx => runs("nginx", &["-v"]),
            Self::Node => {
                version(&printed("node", &["--version"])) >= NODE && runs("npm", &["--version"])
            }
            Self::Python => {
                version(&printed("python3", &["--version"])) >= (3, 9)
                    && runs("python3", &["-m", "ensurepip", "--version"])
            }
            // It takes `-v` for a mistake in its usage, but it is there to say so.
            Self::Wrk => starts("wrk", &["-v"]),
        }
    }

    /// Debian's package, where it is new enough.
    pub(super) fn package(self) -> Option<&'static str> {
        match self {
            Self::Bash => Some("bash"),
            Self::Chromium => Some("chromium"),
            Self::Nginx => Some("nginx-light"),
            Self::Node => None,
            Self::Python => Some("python3-venv"),
            Self::Wrk => Some("wrk"),
        }
    }

    /// What is missing, and how to get it.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Bash => "bash is missing: apt-get install bash",
            Self::Chromium => {
                "Chromium is missing: apt-get install chromium, or set CHROMIUM to its path"
            }
            Self::Nginx => "nginx is missing: apt-get install nginx-light",
            Self::Node => {
                "Node 20.19 or later with npm is missing: take it from https://nodejs.org, or \
                 run `nvm install 22`"
            }
            Self::Python => {
                "Python 3.9 or later with venv is missing: apt-get install python3-venv"
            }
            Self::Wrk => "wrk is missing: apt-get install wrk",
        }
    }
}

/// Whether this is root on a system of Debian's kind.
pub(super) fn may_install() -> bool {
    printed("id", &["-u"]).trim() == "0" && runs("apt-get", &["--version"])
}

/// Installs Debian's packages. What goes wrong shows when the tool is looked for again.
pub(super) fn install(packages: &[&str]) {
    let arguments = ["install", "-y", "-qq", "-o", "DPkg::Lock::Timeout=300"];
    for arguments in [&["update", "-qq"][..], &[&arguments[..], packages].concat()] {
        let _ = Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status();
    }
}

fn starts(tool: &str, arguments: &[&str]) -> bool {
    silent(tool, arguments).status().is_ok()
}

fn runs(tool: &str, arguments: &[&str]) -> bool {
    let status = silent(tool, arguments).status();
    status.is_ok_and(|status| status.success())
}

fn silent(tool: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(tool);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn printed(tool: &str, arguments: &[&str]) -> String {
    let output = Command::new(tool).args(arguments).output();
    let output = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).into_owned()
}

/// The first two numbers of a version such as `v20.19.2` or `Python 3.11.7`.
fn version(text: &str) -> (u32, u32) {
    let digits = text
        .trim()
        .trim_start_matches(|c: char| !c.is_ascii_digit());
    let mut numbers = digits.split('.').map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_first_two_numbers() {
        for (text, read) in [
            ("v20.19.2\n", (20, 19)),
            ("Python 3.11.7", (3, 11)),
            ("v22", (22, 0)),
            ("", (0, 0)),
            ("no version", (0, 0)),
        ] {
            assert_eq!(version(text), read, "{text}");
        }
        assert!(version("v9.30.0") < NODE && version("v20.20.0") > NODE);
    }
}
