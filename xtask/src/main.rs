//! `cargo xtask`: maintains what is generated from the description of the API.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::commands;
use xtask::commands::bench::Part;
use xtask::commands::test::Kind;
use xtask::report::Report;

/// Maintains what is generated from the description of the API in openapi/.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    /// The repository to work on, instead of this one.
    #[arg(long, global = true, value_name = "FOLDER")]
    root: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make plaid-gen, the calls of plaid, the emulator's contract and the gateway's
    /// tables from openapi/.
    Generate {
        /// Write nothing; fail with a diff when something is not up to date.
        #[arg(long)]
        check: bool,
    },
    /// Make what the explorer shows of every operation. Compiles the generated types.
    Catalogue {
        /// Write nothing; fail with a diff when something is not up to date.
        #[arg(long)]
        check: bool,
    },
    /// Copy operations, and the schemas they need, from another OpenAPI document.
    Add {
        /// Paths or operation ids; schema names for webhooks.
        #[arg(required = true)]
        wanted: Vec<String>,
        /// The document, or a folder of documents, to copy from.
        #[arg(long, value_name = "PATH")]
        from: PathBuf,
    },
    /// Show the operations that are covered.
    List {
        /// As JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Show what another document adds, removes and changes.
    Diff {
        /// The document, or a folder of documents, to compare with.
        #[arg(long, value_name = "PATH")]
        against: PathBuf,
    },
    /// Run every test. Looks for what they need besides cargo, and installs it where it may.
    Test {
        /// Only this kind; may be given several times.
        #[arg(long, value_name = "KIND")]
        only: Vec<Kind>,
    },
    /// Measure what the generated code costs, as ratios. Takes minutes.
    Bench {
        /// What to measure; everything when none is named.
        parts: Vec<Part>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let root = arguments.root.unwrap_or_else(commands::root);
    let mut report = Report::stderr();
    let outcome = match arguments.command {
        Command::Generate { check } => commands::generate::run(&root, check, &mut report),
        Command::Catalogue { check } => commands::catalogue::run(&root, check, &mut report),
        Command::Add { wanted, from } => commands::add::run(&root, &wanted, &from, &mut report),
        Command::List { json } => commands::list::run(&root, json),
        Command::Bench { parts } => commands::bench::run(&root, &parts, &mut report),
        Command::Test { only } => commands::test::run(&root, &only, &mut report),
        Command::Diff { against } => commands::diff::run(&root, &against),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report.fail(&error);
            ExitCode::FAILURE
        }
    }
}
