//! `plaid-gateway`: the command.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod log;
mod reload;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use plaid_gateway::source::{Emulator, Source, entry};
use plaid_gateway::{Caller, Config, Credentials, Gateway, NewKey};
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::reload::Host;

/// A call makes and frees some fifty pieces of memory; with this it costs 17 µs, and
/// 19 µs with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Connections that wait to be taken.
const QUEUE: u32 = 4096;

/// A gateway to the Plaid API that keeps the credentials on the server.
///
/// Without PLAID_CLIENT_ID and PLAID_SECRET it stands before an emulator of its own;
/// with them, before Plaid's sandbox. Production has to be asked for by name.
#[derive(Debug, Parser)]
#[command(
    name = "plaid-gateway",
    version,
    args_conflicts_with_subcommands = true
)]
struct Arguments {
    #[command(flatten)]
    run: Run,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Args)]
struct Run {
    /// The configuration, a TOML file. It is read again when it changes, and on SIGHUP.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:4010].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Where to serve metrics [default: nowhere].
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<SocketAddr>,
    /// sandbox, production, emulator, or the URL of something that speaks Plaid's API.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Let callers on this machine send credentials of their own.
    #[arg(long)]
    allow_caller_credentials: bool,
    /// Do not serve the explorer.
    #[arg(long)]
    no_explorer: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keys of callers.
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Say whether a configuration is good, and change nothing.
    Check {
        /// The configuration, a TOML file.
        #[arg(value_name = "FILE")]
        config: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a key: print it, and what to add to the configuration.
    New {
        /// The caller's name.
        #[arg(long, default_value = "a-name")]
        name: String,
        /// Operations that it may use, by path or id, or `all`.
        #[arg(long, value_delimiter = ',')]
        operations: Vec<String>,
        /// Products whose operations it may use, such as `transactions`.
        #[arg(long, value_delimiter = ',')]
        products: Vec<String>,
    },
}

type Error = Box<dyn std::error::Error + Send + Sync>;
type Outcome = Result<(), Error>;

/// The gateway's own threads do the work; this one looks after them.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        None => run(source(arguments.run)).await,
        Some(Command::Check { config }) => check(config).await,
        Some(Command::Key {
            command:
                KeyCommand::New {
                    name,
                    operations,
                    products,
                },
        }) => new_key(&name, operations, products),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("plaid-gateway: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn source(arguments: Run) -> Source {
    let variable = |name| std::env::var(name).ok();
    Source {
        file: arguments.config,
        environment: arguments.environment,
        plaid_env: variable("PLAID_ENV"),
        client_id: variable("PLAID_CLIENT_ID"),
        secret: variable("PLAID_SECRET"),
        listen: arguments.listen,
        admin: arguments.admin,
        allow_caller_credentials: arguments.allow_caller_credentials,
        explorer: arguments.no_explorer.then_some(false),
    }
}

/// Standard error is for people; standard output has the log.
#[expect(clippy::print_stderr, reason = "a command talks to its user")]
fn say(text: &str) {
    eprintln!("{text}");
}

#[expect(clippy::print_stdout, reason = "the key is the command's result")]
fn new_key(name: &str, operations: Vec<String>, products: Vec<String>) -> Outcome {
    let new = NewKey::generate()?;
    let caller = Caller::new(name, new.hash).products(products);
    let caller = match operations == ["all"] {
        true => caller.all_operations(),
        false => caller.operations(operations),
    };
    // A key of which the configuration is refused would be of no use.
    let entry = entry(&caller)?;
    println!("{}", new.key);
    say(&format!(
        "\nGive the key above to the caller; it is stored nowhere. Add to the configuration:\n\n\
         {entry}"
    ));
    Ok(())
}

async fn check(file: PathBuf) -> Outcome {
    let source = Source {
        file: Some(file),
        plaid_env: std::env::var("PLAID_ENV").ok(),
        client_id: std::env::var("PLAID_CLIENT_ID").ok(),
        secret: std::env::var("PLAID_SECRET").ok(),
        ..Source::default()
    };
    // None is started for this; the rest of the configuration is looked at all the same.
    let emulator = Emulator {
        url: "http://127.0.0.1:9".to_owned(),
        credentials: Credentials::new("of-an-emulator", "of-an-emulator")?,
    };
    let config = source.load(Some(&emulator)).await?.config;
    let config = config.ok_or("the configuration is empty")?;
    let upstream = format!("{:?}", config.upstream);
    Gateway::new(config)?;
    say(&format!("good: {upstream}"));
    Ok(())
}

async fn run(source: Source) -> Outcome {
    // Systems start programs with a limit of 1024 or so, out of care for programs that
    // cannot count higher. Each connection takes one.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let _log = log()?;
    // Before anyone can know that it runs: until then a signal to read the file again
    // would end the process.
    let mut signals = Signals::new()?;
    let (host, config) = tokio::select! {
        started = Host::start(source) => started?,
        () = signals.stop.asked() => return Ok(()),
    };
    let gateway = Gateway::new(config.clone())?;
    let listener = listen(config.listen)
        .map_err(|error| format!("cannot listen on {}: {}", config.listen, error.kind()))?;
    let address = listener.local_addr()?;
    let (stopping, stopped) = watch::channel(());
    let admin = match config.admin {
        Some(address) => Some(TcpListener::bind(address).await?),
        None => None,
    };
    say(&started(&config, address));
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let reloads = tokio::spawn(host.follow(gateway.clone(), signals.hangup));
    let serve_admin = async {
        match admin {
            Some(listener) => gateway.serve_admin(listener, gone(stopped.clone())).await,
            None => Ok(()),
        }
    };
    let stop = async {
        signals.stop.asked().await;
        drop(stopping);
    };
    let (served, admin) = tokio::join!(
        gateway.serve_on_threads(listener, threads, stop),
        serve_admin
    );
    reloads.abort();
    served.and(admin).map_err(Into::into)
}

/// Listens with a longer queue than usual: after a failure of a load balancer, or of
/// another gateway, everybody connects at once.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

/// What a person at the terminal wants to know.
fn started(config: &Config, address: SocketAddr) -> String {
    let upstream = &config.upstream;
    let keys = match config.callers.len() {
        0 => "no key needed, on this machine alone".to_owned(),
        count => format!("callers: {count}"),
    };
    let explorer = match config.explorer.unwrap_or(address.ip().is_loopback()) {
        true => format!("\n  explorer  http://{address}/explorer/"),
        false => String::new(),
    };
    format!(
        "plaid-gateway\n  calls     http://{address} ({keys})\n  upstream  {upstream:?}{explorer}"
    )
}

/// Ready when the sender is gone.
async fn gone(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}

/// One line of JSON per call to standard output.
fn log() -> std::io::Result<log::Writer> {
    let (lines, writer) = log::start(std::io::stdout())?;
    let lines = lines.with_filter(LevelFilter::INFO);
    tracing_subscriber::registry().with(lines).init();
    Ok(writer)
}

/// What the process can be told.
struct Signals {
    hangup: Signal,
    stop: Stop,
}

/// The signals that ask it to stop.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            stop: Stop {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
            },
        })
    }
}

impl Stop {
    /// Ready when the process is asked to stop.
    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
