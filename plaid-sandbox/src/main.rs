//! `plaid-sandbox`: the command.

use std::{
    fmt,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use plaid_sandbox::{Pace, Sandbox};

/// An emulator of Plaid's sandbox, for clients in any language.
///
/// It holds made-up data, in memory unless told otherwise, needs no account and no network, and stops with
/// Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "plaid-sandbox", version)]
struct Arguments {
    /// The port to listen on; 0 is any that is free.
    #[arg(long, default_value_t = 8118)]
    port: u16,
    /// The address to listen on. Whoever reaches it can use the emulator.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
    /// Make the same credentials, tokens and answers in every run.
    #[arg(long)]
    seed: Option<u64>,
    /// Keep what the emulator is told in this file, and go on with what it has. Without,
    /// all is forgotten when the emulator stops.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Let transactions and Asset Reports take their time, in place of none.
    #[arg(long)]
    lifelike: bool,
    /// Enforce the rate limits that Plaid publishes for its sandbox.
    #[arg(long)]
    rate_limits: bool,
    /// Let other machines use the controls under /_sandbox.
    #[arg(long)]
    control_from_anywhere: bool,
    /// Print where it listens and the credentials as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let source = error.source().map(|source| format!(": {source}"));
            let _ = writeln!(
                io::stderr(),
                "plaid-sandbox: {error}{}",
                source.unwrap_or_default()
            );
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    // Before anything is printed: whoever reads that may stop the emulator at once.
    let stop = stop_signal()?;
    let sandbox = started(&arguments).await?;
    sandbox.enforce_rate_limits(arguments.rate_limits);
    let mut output = io::stdout().lock();
    if arguments.json {
        let line = serde_json::json!({
            "client_id": sandbox.client_id(), "secret": sandbox.secret(), "url": sandbox.url(),
        });
        writeln!(output, "{line}")?;
    } else {
        write!(output, "{}", Greeting(&sandbox))?;
    }
    output.flush()?;
    drop(output);
    stop.await;
    sandbox.stop().await;
    Ok(())
}

async fn started(arguments: &Arguments) -> Result<Sandbox, plaid_sandbox::StartError> {
    let mut builder = Sandbox::builder().port(arguments.port).bind(arguments.bind);
    if let Some(seed) = arguments.seed {
        builder = builder.seed(seed);
    }
    if let Some(path) = &arguments.data {
        builder = builder.data(path);
    }
    if arguments.lifelike {
        builder = builder.pace(Pace::Lifelike);
    }
    if arguments.control_from_anywhere {
        builder = builder.control_from_anywhere();
    }
    builder.start().await
}

/// What a user does next, in the language that they do it in.
struct Greeting<'a>(&'a Sandbox);

impl fmt::Display for Greeting<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (url, id, secret) = (self.0.url(), self.0.client_id(), self.0.secret());
        write!(
            formatter,
            "\
Plaid's sandbox, emulated: {url}

  client_id  {id}
  secret     {secret}

curl    curl {url}/sandbox/public_token/create -H 'Content-Type: application/json' \\
          -d '{{\"client_id\": \"{id}\", \"secret\": \"{secret}\", \\
               \"institution_id\": \"ins_109508\", \"initial_products\": [\"auth\"]}}'
Rust    plaid::Client::sandbox_at(\"{url}\", \"{id}\", \"{secret}\")?
Python  plaid.Configuration(host=\"{url}\", api_key={{\"clientId\": \"{id}\", \"secret\": \"{secret}\"}})
Node    new Configuration({{ basePath: '{url}', baseOptions: {{ headers: {{ \
'PLAID-CLIENT-ID': '{id}', 'PLAID-SECRET': '{secret}' }} }} }})
others  any client that can be given another base URL

Controls (clock, faults, requests, webhooks): {url}/_sandbox
Ctrl-C stops it.
"
        )
    }
}

/// Ends when somebody wants the emulator to stop.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
