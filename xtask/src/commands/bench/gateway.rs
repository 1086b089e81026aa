//! The gateway against nginx's `proxy_pass` with the same rewriting of headers, before
//! the same upstream, over loopback: in turn, in one run.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::Ratio;
use crate::report::Report;

/// Rounds of each; the best counts, since whatever else the machine does only makes it
/// slower.
const ROUNDS: usize = 3;
const SECONDS: u32 = 5;
const CONNECTIONS: u32 = 64;
/// Calls after which memory is looked at, and after which it must not be more.
const WARM: u64 = 100_000;
const CALLS: u64 = 1_000_000;
const IDLE: usize = 10_000;

/// The SHA-256 of [`KEY`].
const KEY_HASH: &str = "fc312dbb22e358a2ea619633f9ff1a96902b61adce731a41508ee7c43854dfc4";
const KEY: &str = "pgk_of_the_bench";

/// Starts everything, measures, and stops it.
pub(super) fn measure(root: &Path, report: &mut Report) -> Result<Vec<Ratio>> {
    for (tool, package) in [("nginx", "nginx-light"), ("wrk", "wrk")] {
        if !is_there(tool) {
            bail!("{tool} is missing: apt-get install {package}");
        }
    }
    let program = report.step("build", || build(root))?;
    let folder = tempfile::tempdir()?;
    let ports = Ports::free()?;
    let _servers = [
        nginx(&folder, "upstream", &upstream(ports.upstream))?,
        nginx(&folder, "proxy", &proxy(&ports))?,
    ];
    let gateway = gateway(&folder, &program, &ports)?;
    for port in [ports.upstream, ports.proxy, ports.gateway, ports.admin] {
        reachable(port)?;
    }
    let script = folder.path().join("call.lua");
    fs::write(&script, call())?;
    let load = Load { script };
    let mut ratios = report.step("throughput", || throughput(&load, &ports))?;
    ratios.extend(report.step("latency", || latency(&load, &ports))?);
    ratios.extend(report.step("memory", || memory(&load, &ports, &gateway))?);
    ratios.push(report.step("idle", || idle(&load, &ports))?);
    Ok(ratios)
}

fn is_there(tool: &str) -> bool {
    let mut command = Command::new(tool);
    // wrk takes `-v` for a mistake in its usage, but it is there to say so.
    command
        .arg("-v")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok()
}

fn build(root: &Path) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--profile",
            "dist",
            "--package",
            "plaid-gateway",
        ])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        bail!("the gateway does not build");
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let executable = messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message.get("executable")?.as_str()?))
    });
    executable.context("cargo does not say where the gateway is")
}

struct Ports {
    upstream: u16,
    proxy: u16,
    gateway: u16,
    admin: u16,
}

impl Ports {
    fn free() -> Result<Self> {
        let listeners = (0..4).map(|_| TcpListener::bind("127.0.0.1:0"));
        let listeners: Vec<TcpListener> = listeners.collect::<Result<_, _>>()?;
        let port = |index: usize| Ok::<_, anyhow::Error>(listeners[index].local_addr()?.port());
        Ok(Self {
            upstream: port(0)?,
            proxy: port(1)?,
            gateway: port(2)?,
            admin: port(3)?,
        })
    }
}

/// A server that ends with this.
struct Server {
    process: Child,
    /// What ends it, if it has processes of its own that would stay.
    stop: Option<Command>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let is_stopped = self.stop.as_mut().map(Command::status);
        if !is_stopped.is_some_and(|status| status.is_ok_and(|s| s.success())) {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

/// An answer such as that of `/accounts/get` for one account: 1 KiB.
fn upstream(port: u16) -> String {
    let account = format!(
        "{{\"account_id\":\"{}\",\"balances\":{{\"available\":100.25,\"current\":110}}}}",
        "a".repeat(900)
    );
    format!(
        "server {{ listen 127.0.0.1:{port}; keepalive_requests 100000000; access_log off;
           location / {{ default_type application/json;
             return 200 '{{\"accounts\":[{account}],\"request_id\":\"abcdefghijklmno\"}}'; }} }}"
    )
}

/// What the gateway does to headers, as far as nginx can, and a line a call.
fn proxy(ports: &Ports) -> String {
    format!(
        "log_format calls escape=json '{{\"operation\":\"$uri\",\"status\":$status,\
           \"duration\":$request_time,\"request_id\":\"$upstream_http_plaid_request_id\"}}';
         upstream plaid {{ server 127.0.0.1:{upstream}; keepalive 128;
           keepalive_requests 100000000; }}
         server {{ listen 127.0.0.1:{proxy}; keepalive_requests 100000000;
           access_log calls.log calls;
           location / {{
             proxy_pass http://plaid;
             proxy_http_version 1.1;
             proxy_set_header Connection \"\";
             proxy_set_header Host plaid;
             proxy_set_header Authorization \"\";
             proxy_set_header Cookie \"\";
             proxy_set_header X-Forwarded-For \"\";
             proxy_set_header Forwarded \"\";
             proxy_set_header Accept-Encoding identity;
             proxy_set_header User-Agent bench;
             proxy_set_header PLAID-CLIENT-ID a-client-id-of-the-bench;
             proxy_set_header PLAID-SECRET a-secret-of-the-bench-0123456789;
             proxy_set_header Plaid-Version 2020-09-14;
             proxy_hide_header Set-Cookie;
             add_header Cache-Control no-store; }} }}",
        upstream = ports.upstream,
        proxy = ports.proxy,
    )
}

/// As many workers as the gateway has: one a core.
fn nginx(folder: &TempDir, name: &str, http: &str) -> Result<Server> {
    let prefix = folder.path().join(name);
    fs::create_dir_all(&prefix)?;
    let config = format!(
        "daemon off; master_process on; worker_processes auto; worker_rlimit_nofile 20000;
         pid nginx.pid; error_log error.log;
         events {{ worker_connections 16384; }}
         http {{ client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
           uwsgi_temp_path uwsgi; scgi_temp_path scgi; access_log off; {http} }}"
    );
    fs::write(prefix.join("nginx.conf"), config)?;
    let command = || {
        let mut command = Command::new("nginx");
        command
            .arg("-p")
            .arg(&prefix)
            .args(["-c", "nginx.conf", "-e", "error.log"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    };
    let mut stop = command();
    stop.args(["-s", "stop"]);
    Ok(Server {
        process: command().spawn()?,
        stop: Some(stop),
    })
}

fn gateway(folder: &TempDir, program: &Path, ports: &Ports) -> Result<Server> {
    let config = folder.path().join("gateway.toml");
    let text = format!(
        "listen = \"127.0.0.1:{}\"\nadmin = \"127.0.0.1:{}\"\n\
         environment = \"http://127.0.0.1:{}\"\n\
         [credentials]\nclient_id = \"a-client-id-of-the-bench\"\n\
         secret = \"a-secret-of-the-bench-0123456789\"\n\
         [[caller]]\nname = \"bench\"\nkey_sha256 = \"{KEY_HASH}\"\n\
         concurrency = 1000\nrate_per_second = 1000000\n",
        ports.gateway, ports.admin, ports.upstream,
    );
    fs::write(&config, text)?;
    let process = Command::new(program)
        .arg("--config")
        .arg(&config)
        .stdout(fs::File::create(folder.path().join("gateway.log"))?)
        .stderr(Stdio::null())
        .spawn()?;
    Ok(Server {
        process,
        stop: None,
    })
}

fn reachable(port: u16) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!("nothing listens on the port {port}")
}

fn call() -> String {
    format!(
        "wrk.method = 'POST'\nwrk.path = '/accounts/get'\n\
         wrk.headers['content-type'] = 'application/json'\n\
         wrk.headers['authorization'] = 'Bearer {KEY}'\n\
         wrk.body = '{{\"access_token\":\"access-sandbox-00000000-0000-0000-0000-000000000000\"}}'\n"
    )
}

/// What makes calls.
struct Load {
    script: PathBuf,
}

/// What it says of them.
struct Figures {
    /// Calls per second.
    rate: f64,
    /// Microseconds of the call in the middle.
    median: f64,
    calls: u64,
}

impl Load {
    fn run(&self, port: u16, connections: u32, seconds: u32) -> Result<Figures> {
        let threads = connections.min(2);
        let output = Command::new("wrk")
            .args([
                "--latency",
                &format!("-t{threads}"),
                &format!("-c{connections}"),
            ])
            .arg(format!("-d{seconds}s"))
            .arg("-s")
            .arg(&self.script)
            .arg(format!("http://127.0.0.1:{port}/accounts/get"))
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || text.contains("Non-2xx") || text.contains("Socket errors") {
            bail!("calls failed:\n{text}");
        }
        let word = |label: &str| {
            let line = text
                .lines()
                .find(|line| line.trim_start().starts_with(label));
            line.and_then(|line| line.split_whitespace().nth(1))
        };
        let calls = text.lines().find(|line| line.contains(" requests in "));
        let calls = calls.and_then(|line| line.split_whitespace().next()?.parse().ok());
        Ok(Figures {
            rate: word("Requests/sec:")
                .and_then(|rate| rate.parse().ok())
                .context("no rate")?,
            median: word("50%").and_then(microseconds).context("no median")?,
            calls: calls.context("no number of calls")?,
        })
    }
}

/// Reads `93.00us` or `1.20ms`.
#[allow(clippy::float_arithmetic)]
fn microseconds(text: &str) -> Option<f64> {
    let (number, factor) = match text.strip_suffix("us") {
        Some(number) => (number, 1.0),
        None => (text.strip_suffix("ms")?, 1000.0),
    };
    Some(number.parse::<f64>().ok()? * factor)
}

#[allow(clippy::float_arithmetic)]
fn throughput(load: &Load, ports: &Ports) -> Result<Vec<Ratio>> {
    let mut best = [0.0_f64; 2];
    for _ in 0..ROUNDS {
        for (port, best) in [ports.gateway, ports.proxy].into_iter().zip(&mut best) {
            *best = best.max(load.run(port, CONNECTIONS, SECONDS)?.rate);
        }
    }
    let [ours, theirs] = best.map(|rate| 1e6 / rate);
    // 0.7 times the calls per second are 1.43 times the time of each.
    let what = "gateway: time a call at 64 connections, against nginx";
    Ok(vec![
        Ratio::new(what, ours, theirs, "µs", 1.43),
        Ratio::new("gateway: calls per second", best[0], best[1], "/s", 1.0).without_limit(),
    ])
}

/// One connection: what the way through costs when nothing else is going on.
#[allow(clippy::float_arithmetic)]
fn latency(load: &Load, ports: &Ports) -> Result<Vec<Ratio>> {
    let mut best = [f64::MAX; 3];
    for _ in 0..ROUNDS {
        let all = [ports.upstream, ports.gateway, ports.proxy];
        for (port, best) in all.into_iter().zip(&mut best) {
            *best = best.min(load.run(port, 1, 2)?.median);
        }
    }
    let [direct, ours, theirs] = best;
    let added = [ours - direct, theirs - direct];
    Ok(vec![
        Ratio::new(
            "gateway: added to the median, of 100 µs",
            added[0],
            100.0,
            "µs",
            1.0,
        ),
        Ratio::new(
            "gateway: added, against nginx",
            added[0],
            added[1],
            "µs",
            1.0,
        )
        .without_limit(),
    ])
}

fn memory(load: &Load, ports: &Ports, gateway: &Server) -> Result<Vec<Ratio>> {
    let after = |calls: u64| -> Result<f64> {
        let mut made = 0;
        while made < calls {
            made += load.run(ports.gateway, CONNECTIONS, SECONDS)?.calls;
        }
        resident(&gateway.process)
    };
    let warm = after(WARM)?;
    let later = after(CALLS)?;
    let what = "gateway: memory after 1,000,000 calls more";
    Ok(vec![Ratio::new(what, later, warm, "MB", 1.1)])
}

/// Memory of a process that is in use, in MB.
#[allow(clippy::float_arithmetic)]
fn resident(process: &Child) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kilobytes.context("the system does not say how much memory is in use")? / 1024.0)
}

/// Opens connections that do nothing, and makes calls beside them.
fn idle(load: &Load, ports: &Ports) -> Result<Ratio> {
    let connections = (0..IDLE).map(|_| TcpStream::connect(("127.0.0.1", ports.gateway)));
    let connections: Vec<TcpStream> = connections
        .collect::<Result<_, _>>()
        .context("the connections cannot be opened: `ulimit -n` has to be above 11000")?;
    load.run(ports.gateway, CONNECTIONS, 2)?;
    let held = open_connections(ports.admin)?;
    drop(connections);
    let what = "gateway: idle connections held";
    let held = Ratio::new(what, f64::from(held.min(IDLE as u32)), IDLE as f64, "", 1.0);
    match held.value < 1.0 {
        true => bail!("idle connections were closed"),
        false => Ok(held),
    }
}

fn open_connections(admin: u16) -> Result<u32> {
    let mut stream = TcpStream::connect(("127.0.0.1", admin))?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("plaid_gateway_connections "));
    line.and_then(|count| count.parse().ok())
        .context("there is no count of connections")
}
