//! `plaid-gateway`: the command.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod log;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use plaid_gateway::source::{Emulator, Loaded, Source};
use plaid_gateway::{Config, ConfigError, Credentials, Gateway, NewKey};
use plaid_sandbox::Sandbox;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// A call makes and frees some fifty pieces of memory; this does so in less time than the
/// system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Connections that wait to be taken.
const QUEUE: u32 = 4096;
/// How often the file is looked at for changes.
const LOOK: Duration = Duration::from_secs(2);

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
            command: KeyCommand::New { name },
        }) => new_key(&name),
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
fn new_key(name: &str) -> Outcome {
    let new = NewKey::generate()?;
    println!("{}", new.key);
    say(&format!(
        "\nGive the key above to the caller; it is stored nowhere. Add to the configuration:\n\n\
         [[caller]]\nname = {name:?}\nkey_sha256 = \"{}\"",
        new.hash
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
    let mut host = Host {
        source,
        sandbox: None,
    };
    let (config, refresh) = host.load().await?;
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
    let reloads = tokio::spawn(reload(gateway.clone(), host, refresh));
    let serve_admin = async {
        match admin {
            Some(listener) => gateway.serve_admin(listener, gone(stopped.clone())).await,
            None => Ok(()),
        }
    };
    let stop = async {
        asked_to_stop().await;
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

/// Ready when the process is asked to stop.
async fn asked_to_stop() {
    let terminate = signal(SignalKind::terminate());
    match terminate {
        Ok(mut terminate) => tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

/// What configurations come from, and the emulator, once one is needed.
struct Host {
    source: Source,
    sandbox: Option<Sandbox>,
}

impl Host {
    async fn load(&mut self) -> Result<(Config, Option<Duration>), Error> {
        let loaded = self.source.load(self.emulator()?.as_ref()).await?;
        let Loaded {
            config, refresh, ..
        } = match loaded.config {
            Some(_) => loaded,
            None => {
                self.sandbox = Some(Sandbox::start().await?);
                self.source.load(self.emulator()?.as_ref()).await?
            }
        };
        let config = config.ok_or("the emulator is missing")?;
        Ok((config, refresh))
    }

    fn emulator(&self) -> Result<Option<Emulator>, ConfigError> {
        let sandbox = self.sandbox.as_ref();
        let emulator = |sandbox: &Sandbox| {
            Ok(Emulator {
                url: sandbox.url().to_owned(),
                credentials: Credentials::new(sandbox.client_id(), sandbox.secret())?,
            })
        };
        sandbox.map(emulator).transpose()
    }
}

/// Goes over to the file's new content when it changes, on SIGHUP, and in time for
/// credentials that a program prints.
async fn reload(gateway: Gateway, mut host: Host, mut refresh: Option<Duration>) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        return;
    };
    let mut seen = content(&host.source).await;
    let mut asked = tokio::time::Instant::now();
    loop {
        let is_asked = tokio::select! {
            _ = hangup.recv() => true,
            () = tokio::time::sleep(LOOK) => false,
        };
        let now = content(&host.source).await;
        let is_due = refresh.is_some_and(|refresh| asked.elapsed() >= refresh);
        if !is_asked && !is_due && now == seen {
            continue;
        }
        seen = now;
        asked = tokio::time::Instant::now();
        let outcome = match host.load().await {
            Ok((config, every)) => {
                refresh = every;
                gateway.reload(config).map_err(Into::into)
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => tracing::info!("the configuration was read again"),
            Err(error) => {
                tracing::error!(%error, "the configuration has a mistake; the one before stays");
            }
        }
    }
}

/// The file as it is now, by its content: links that are swapped count as well.
async fn content(source: &Source) -> Option<Vec<u8>> {
    use sha2::{Digest, Sha256};
    let bytes = tokio::fs::read(source.file.as_ref()?).await.ok()?;
    Some(Sha256::digest(&bytes).to_vec())
}
