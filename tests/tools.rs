//! Tests that need more than cargo: Python or Node, and packages for them. They are ignored
//! unless they are asked for, by `cargo xtask test` or with `--ignored`; then packages are
//! installed inside `target/`, and what is missing fails the test.
#![allow(dead_code, clippy::panic)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What a test needs.
pub(crate) fn ready<T>(prepared: Result<T, String>) -> T {
    prepared.unwrap_or_else(|missing| panic!("{missing}"))
}

/// Whether a command is there and works.
pub(crate) fn answers(tool: &str) -> bool {
    Command::new(tool)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

/// What a command printed.
pub(crate) fn said(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// A Python with the packages of a folder's `requirements.txt`: a virtual environment
/// inside `target/`, made again when the list changes.
pub(crate) fn python(folder: &Path, environment: &Path) -> Result<PathBuf, String> {
    if !answers("python3") {
        return Err("python3 is missing: install Python 3.9 or later, from https://www.python.org or your system's packages".to_owned());
    }
    let list = folder.join("requirements.txt");
    // Where it stands differs between systems.
    let python = ["bin/python", "Scripts/python.exe"].map(|path| environment.join(path));
    let found = || python.iter().find(|path| path.exists()).cloned();
    once(environment, &[&list], || {
        let venv = Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(environment)
            .output();
        succeeded(
            venv,
            "no virtual environment can be made (on Debian: apt-get install python3-venv)",
        )?;
        let python = found().ok_or("the virtual environment has no Python")?;
        let pip = Command::new(python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-deps",
                "--requirement",
            ])
            .arg(&list)
            .output();
        succeeded(
            pip,
            "the Python packages could not be installed; they come from PyPI",
        )
    })?;
    found().ok_or_else(|| "the virtual environment has no Python".to_owned())
}

/// The packages of a folder's `package-lock.json`, installed inside `target/`, with the
/// folder's other files beside them.
pub(crate) fn node(folder: &Path, copy: &Path) -> Result<(), String> {
    for tool in ["node", "npm"] {
        answers(tool).then_some(()).ok_or_else(|| {
            format!("{tool} is missing: install Node 20 or later with npm, from https://nodejs.org or your system's packages")
        })?;
    }
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let files: Vec<_> = entries
        .map_err(|error| error.to_string())?
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    let lists = ["package.json", "package-lock.json"].map(|name| folder.join(name));
    once(copy, &[&lists[0], &lists[1]], || {
        copy_all(&files, copy)?;
        let npm = Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(copy)
            .output();
        succeeded(
            npm,
            "the packages could not be installed; they come from npm",
        )
    })?;
    copy_all(&files, copy)
}

fn copy_all(files: &[PathBuf], to: &Path) -> Result<(), String> {
    for file in files {
        let name = file.file_name().unwrap_or_default();
        fs::copy(file, to.join(name)).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

/// Installs into a folder what lists name, unless what is there was made from the same.
/// Tests of other processes wait meanwhile.
fn once(
    folder: &Path,
    lists: &[&Path],
    install: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut wanted = Vec::new();
    for list in lists {
        wanted.extend(fs::read(list).map_err(told)?);
    }
    fs::create_dir_all(folder).map_err(told)?;
    let lock = File::create(folder.with_extension("lock")).map_err(told)?;
    lock.lock().map_err(told)?;
    let stamp = folder.with_extension("installed");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    // What was cut short must not look whole.
    let _ = fs::remove_file(&stamp);
    install()?;
    fs::write(&stamp, wanted).map_err(told)
}

fn succeeded(output: std::io::Result<Output>, what: &str) -> Result<(), String> {
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{what}:\n{}", said(&output))),
        Err(error) => Err(format!("{what}: {error}")),
    }
}
