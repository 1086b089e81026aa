//! The TLS libraries that `plaid` can be built with: build time, size, and the time of a call.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use super::cargo::Scratch;
use super::{Ratio, TOKIO};
use crate::report::Report;

/// The default, with which the others are compared.
const DEFAULT: &str = "rustls-ring";
/// The features, and whether a program with them trusts a certificate that it is given.
const CHOICES: [(&str, &[&str], bool); 4] = [
    (DEFAULT, &["rustls-ring"], true),
    ("bundled-roots", &["rustls-ring", "bundled-roots"], false),
    ("rustls-aws-lc-rs", &["rustls-aws-lc-rs"], true),
    ("native-tls", &["native-tls"], true),
];
const SERVER: &str = "tls-server";

/// What one choice takes.
struct Figures {
    name: &'static str,
    build: f64,
    size: f64,
    /// A client's first call with its handshake, and one more call.
    calls: Option<[f64; 2]>,
}

pub(super) fn measure(root: &Path, scratch: &Scratch, report: &mut Report) -> Result<Vec<Ratio>> {
    let server = "[dependencies]\n\
         tokio = { version = \"*\", features = [\"io-util\", \"macros\", \"net\", \"rt\"] }\n\
         tokio-rustls = { version = \"*\", default-features = false, features = [\"ring\", \"tls12\"] }\n";
    scratch.write(
        SERVER,
        server,
        "main.rs",
        include_str!("programs/tls_server.rs"),
    )?;
    let built = report.step("server", || scratch.program(SERVER))?;
    let certificates = root.join("plaid-gateway/tests/gateway/support/tls");
    let server = Server::start(&built, &certificates)?;
    let mut all = Vec::new();
    for (name, features, is_called) in CHOICES {
        match one(
            root,
            scratch,
            report,
            (name, features),
            is_called.then_some(&server),
        ) {
            Ok(figures) => all.push(figures),
            // The headers of the system's library are not everywhere.
            Err(error) if name == "native-tls" => {
                report.line("skipped", &format!("native-tls: {error:#}"));
            }
            Err(error) => return Err(error),
        }
    }
    let default = all.first().context("nothing was measured")?;
    let others = all.iter().skip(1);
    Ok(others.flat_map(|other| ratios(other, default)).collect())
}

fn one(
    root: &Path,
    scratch: &Scratch,
    report: &mut Report,
    (name, features): (&'static str, &[&str]),
    server: Option<&Server>,
) -> Result<Figures> {
    let features = features.join("\", \"");
    let manifest = format!(
        "[dependencies]\n{TOKIO}plaid = {{ path = '{}/plaid', default-features = false, \
         features = [\"processor\", \"{features}\"] }}\n",
        root.display()
    );
    let package = format!("tls-{name}");
    scratch.write(
        &package,
        &manifest,
        "main.rs",
        include_str!("programs/tls_calls.rs"),
    )?;
    let build = report.step(name, || scratch.cold(&package))?.as_secs_f64();
    let size = scratch.binary(&package, report)?;
    let calls = match server {
        Some(server) => Some(server.calls(&scratch.program(&package)?)?),
        None => None,
    };
    Ok(Figures {
        name,
        build,
        size,
        calls,
    })
}

fn ratios(other: &Figures, default: &Figures) -> Vec<Ratio> {
    let ratio = |what: &str, theirs: f64, ours: f64, unit| {
        let what = format!("{what}: {} against {DEFAULT}", other.name);
        Ratio::new(&what, theirs, ours, unit, 1.0).without_limit()
    };
    let mut ratios = vec![
        ratio("build from nothing", other.build, default.build, "s"),
        ratio("binary", other.size, default.size, "MB"),
    ];
    if let (Some(theirs), Some(ours)) = (other.calls, default.calls) {
        ratios.push(ratio("first call", theirs[0], ours[0], "µs"));
        ratios.push(ratio("next call", theirs[1], ours[1], "µs"));
    }
    ratios
}

/// Speaks TLS on a loopback port until this is dropped.
struct Server {
    process: Child,
    port: String,
    root: std::path::PathBuf,
}

impl Server {
    fn start(program: &Path, certificates: &Path) -> Result<Self> {
        let mut process = Command::new(program)
            .args(["localhost.der", "localhost.key.der"].map(|file| certificates.join(file)))
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let output = process.stdout.take().context("the server has no output")?;
        let mut lines = BufReader::new(output).lines();
        let mut line = || {
            lines
                .next()
                .context("the server says nothing")?
                .context("not a text")
        };
        let (port, root) = (line()?, line()?.into());
        Ok(Self {
            process,
            port,
            root,
        })
    }

    /// The medians of a client's first call and of one more, in µs.
    fn calls(&self, program: &Path) -> Result<[f64; 2]> {
        let output = Command::new(program)
            .arg(format!("https://localhost:{}", self.port))
            .env("SSL_CERT_FILE", &self.root)
            .stderr(Stdio::inherit())
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let mut figures = text.split_whitespace().map(str::parse::<f64>);
        let mut figure = || figures.next()?.ok();
        match (figure(), figure()) {
            (Some(first), Some(next)) => Ok([first, next]),
            _ => anyhow::bail!("{} made no calls", program.display()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing can be done about one that has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_file(&self.root);
    }
}
