//! Crates to compile, and how long that takes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};

use crate::report::Report;

/// A folder of crates that belong to no workspace.
pub(super) struct Scratch {
    root: PathBuf,
    folder: PathBuf,
}

/// A crate that is compiled again and again. All share a target folder: what they need is
/// built once.
pub(super) struct Crate {
    folder: PathBuf,
    package: String,
    target: PathBuf,
    features: Option<String>,
}

impl Scratch {
    pub(super) fn new(root: &Path) -> Result<Self> {
        let folder = root.join("target/bench");
        fs::create_dir_all(&folder)?;
        Ok(Self {
            root: root.to_owned(),
            folder,
        })
    }

    /// Writes a crate of one file. It gets the versions of this repository, so that
    /// no difference comes from a dependency.
    pub(super) fn write(&self, name: &str, manifest: &str, file: &str, code: &str) -> Result<()> {
        let folder = self.folder.join(name);
        fs::create_dir_all(folder.join("src"))?;
        let head = format!(
            "[package]\nname = \"{name}\"\nedition = \"2021\"\npublish = false\n\n[workspace]\n\n"
        );
        fs::write(folder.join("Cargo.toml"), head + manifest)?;
        fs::copy(self.root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        fs::write(folder.join("src").join(file), code)?;
        Ok(())
    }

    /// A crate that was written here.
    pub(super) fn plain(&self, name: &str) -> Crate {
        Crate {
            folder: self.folder.join(name),
            package: name.to_owned(),
            target: self.folder.join("target"),
            features: None,
        }
    }

    /// A crate of this repository with some features.
    pub(super) fn of_workspace(&self, package: &str, features: &str) -> Crate {
        Crate {
            folder: self.root.join(package),
            package: package.to_owned(),
            target: self.folder.join("target"),
            features: Some(features.to_owned()),
        }
    }

    /// How long it takes to build a program and all that it needs.
    pub(super) fn cold(&self, name: &str) -> Result<Duration> {
        let one = Crate {
            target: self.folder.join("cold").join(name),
            ..self.plain(name)
        };
        if one.target.exists() {
            fs::remove_dir_all(&one.target)?;
        }
        let took = one.run(&["build"])?;
        // It is some 500 MB, and would be removed the next time anyway.
        fs::remove_dir_all(&one.target)?;
        Ok(took)
    }

    /// A folder beside the crates.
    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// An optimised program.
    pub(super) fn program(&self, name: &str) -> Result<PathBuf> {
        let one = self.plain(name);
        one.run(&["build", "--release"])?;
        Ok(one.target.join("release").join(name))
    }

    /// The size of a program, in MB.
    pub(super) fn binary(&self, name: &str, report: &mut Report) -> Result<f64> {
        let one = self.plain(name);
        report.step("binary", || one.run(&["build", "--release"]))?;
        megabytes(&one.target.join("release").join(name))
    }
}

impl Crate {
    /// Compiles it once, with all that it needs.
    pub(super) fn prepare(&self, command: &str) -> Result<()> {
        self.run(&arguments(command)).map(drop)
    }

    /// Compiles it alone.
    pub(super) fn timed(&self, command: &str) -> Result<Duration> {
        File::options()
            .append(true)
            .open(self.folder.join("src/lib.rs"))?
            .set_modified(SystemTime::now())?;
        self.run(&arguments(command))
    }

    /// The size of its release library, in MB.
    pub(super) fn library_size(&self) -> Result<f64> {
        let name = self.package.replace('-', "_");
        megabytes(&self.target.join("release").join(format!("lib{name}.rlib")))
    }

    fn run(&self, arguments: &[&str]) -> Result<Duration> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .args(arguments)
            .args(["--quiet", "--package", &self.package])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_INCREMENTAL", "0")
            .stdout(Stdio::null());
        if let Some(features) = &self.features {
            command.args(["--features", features]);
        }
        let started = Instant::now();
        let status = command.status().context("cargo cannot be started")?;
        if !status.success() {
            bail!("`{command:?}` failed");
        }
        Ok(started.elapsed())
    }
}

fn arguments(command: &str) -> Vec<&str> {
    match command {
        "build" => vec!["build", "--release"],
        other => vec![other],
    }
}

// A size is what floats are for.
#[allow(clippy::float_arithmetic, clippy::cast_precision_loss)]
fn megabytes(file: &Path) -> Result<f64> {
    let bytes = fs::metadata(file)
        .with_context(|| format!("{} was not built", file.display()))?
        .len();
    Ok(bytes as f64 / 1e6)
}
