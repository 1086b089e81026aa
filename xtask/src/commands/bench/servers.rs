//! The gateway and nginx's `proxy_pass` with the same rewriting of headers, before the same
//! upstream, and what makes calls to them. The gateway's tests use this as well, so that
//! what is measured is known to be the same work.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

pub(crate) const CLIENT_ID: &str = "a-client-id-of-the-bench";
pub(crate) const SECRET: &str = "a-secret-of-the-bench-0123456789";
/// What the gateway asks its caller for. nginx asks for nothing.
pub(crate) const KEY: &str = "pgk_of_the_bench";
/// The SHA-256 of [`KEY`].
const KEY_HASH: &str = "fc312dbb22e358a2ea619633f9ff1a96902b61adce731a41508ee7c43854dfc4";

/// How long something may take to start, or to be noticed.
const PATIENCE: Duration = Duration::from_secs(30);

/// The programs that this needs, and Debian's packages that have them.
pub(crate) const TOOLS: [(&str, &str); 2] = [("nginx", "nginx-light"), ("wrk", "wrk")];

/// The packages that are missing.
pub(crate) fn missing() -> Vec<&'static str> {
    let missing = TOOLS.iter().filter(|(tool, _)| !is_there(tool));
    missing.map(|(_, package)| *package).collect()
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

/// nginx and the gateway before an upstream. They end with this.
pub(crate) struct Servers {
    pub(crate) ports: Ports,
    pub(crate) gateway: Server,
    _proxy: Server,
}

impl Servers {
    /// Starts both, the gateway from this program, with their files in this folder.
    pub(crate) fn start(folder: &Path, program: &Path, upstream: u16) -> Result<Self> {
        let [proxy, gateway, admin] = free_ports()?;
        let ports = Ports {
            upstream,
            proxy,
            gateway,
            admin,
        };
        let servers = Self {
            _proxy: nginx(folder, "proxy", &proxied(&ports))?,
            gateway: started(folder, program, &ports)?,
            ports,
        };
        for port in [proxy, gateway, admin] {
            reachable(port)?;
        }
        Ok(servers)
    }
}

/// Where everything listens.
pub(crate) struct Ports {
    pub(crate) upstream: u16,
    pub(crate) proxy: u16,
    pub(crate) gateway: u16,
    pub(crate) admin: u16,
}

/// Ports that nobody uses, below those that systems hand out by themselves: so nobody
/// gets one of them by chance before it is used. None is given twice.
fn free_ports<const N: usize>() -> Result<[u16; N]> {
    const ALL: std::ops::Range<u16> = 20_000..32_000;
    static GIVEN: AtomicUsize = AtomicUsize::new(0);
    let first = std::process::id() as usize * 7;
    let all = std::iter::repeat_with(|| {
        let next = first + GIVEN.fetch_add(1, Ordering::Relaxed);
        ALL.start + u16::try_from(next % ALL.len()).unwrap_or_default()
    });
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let free = all.take(ALL.len()).filter(is_free).take(N);
    let free: Vec<u16> = free.collect();
    free.try_into().ok().context("no port is free")
}

/// A server that ends with this.
pub(crate) struct Server {
    pub(crate) process: Child,
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

/// nginx with an answer such as that of `/accounts/get` for one account: 1 KiB. And its
/// port.
pub(crate) fn upstream(folder: &Path) -> Result<(Server, u16)> {
    let [port] = free_ports()?;
    let account = format!(
        "{{\"account_id\":\"{}\",\"balances\":{{\"available\":100.25,\"current\":110}}}}",
        "a".repeat(900)
    );
    let http = format!(
        "server {{ listen 127.0.0.1:{port}; keepalive_requests 100000000; access_log off;
           location / {{ default_type application/json;
             return 200 '{{\"accounts\":[{account}],\"request_id\":\"abcdefghijklmno\"}}'; }} }}"
    );
    let server = nginx(folder, "upstream", &http)?;
    reachable(port)?;
    Ok((server, port))
}

/// What the gateway does to headers, as far as nginx can, and a line a call.
fn proxied(ports: &Ports) -> String {
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
             proxy_set_header PLAID-CLIENT-ID {CLIENT_ID};
             proxy_set_header PLAID-SECRET {SECRET};
             proxy_set_header Plaid-Version 2020-09-14;
             proxy_hide_header Set-Cookie;
             add_header Cache-Control no-store; }} }}",
        upstream = ports.upstream,
        proxy = ports.proxy,
    )
}

/// As many workers as the gateway has: one a core.
fn nginx(folder: &Path, name: &str, http: &str) -> Result<Server> {
    let prefix = folder.join(name);
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

fn started(folder: &Path, program: &Path, ports: &Ports) -> Result<Server> {
    let config = folder.join("gateway.toml");
    let text = format!(
        "listen = \"127.0.0.1:{}\"\nadmin = \"127.0.0.1:{}\"\n\
         environment = \"http://127.0.0.1:{}\"\n\
         [credentials]\nclient_id = \"{CLIENT_ID}\"\nsecret = \"{SECRET}\"\n\
         [[caller]]\nname = \"bench\"\nkey_sha256 = \"{KEY_HASH}\"\n\
         operations = \"all\"\n\
         concurrency = 1000\nrate_per_second = 1000000\n",
        ports.gateway, ports.admin, ports.upstream,
    );
    fs::write(&config, text)?;
    let process = Command::new(program)
        .arg("--config")
        .arg(&config)
        .stdout(fs::File::create(folder.join("gateway.log"))?)
        .stderr(Stdio::null())
        .spawn()?;
    Ok(Server {
        process,
        stop: None,
    })
}

/// Asks again and again until there is an answer.
fn wait<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}

fn reachable(port: u16) -> Result<()> {
    let connected = wait(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok());
    connected.with_context(|| format!("nothing listens on the port {port}"))?;
    Ok(())
}

/// What makes calls.
pub(crate) struct Load {
    script: PathBuf,
}

/// What it says of them.
pub(crate) struct Figures {
    /// Calls per second.
    pub(crate) rate: f64,
    /// Microseconds of the call in the middle.
    pub(crate) median: f64,
    pub(crate) calls: u64,
}

impl Load {
    /// With its script in this folder.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        let script = folder.join("call.lua");
        let text = format!(
            "wrk.method = 'POST'\nwrk.path = '/accounts/get'\n\
             wrk.headers['content-type'] = 'application/json'\n\
             wrk.headers['authorization'] = 'Bearer {KEY}'\n\
             wrk.body = '{{\"access_token\":\"access-sandbox-00000000-0000-0000-0000-000000000000\"}}'\n"
        );
        fs::write(&script, text)?;
        Ok(Self { script })
    }

    /// Makes calls over so many connections for so long. One that fails fails it all.
    pub(crate) fn run(&self, port: u16, connections: u32, seconds: u32) -> Result<Figures> {
        let threads = connections.min(2);
        let output = Command::new("wrk")
            .args([
                "--latency",
                "--timeout",
                "30s",
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

/// Reads `93.00us`, `1.20ms` or `1.02s`.
#[allow(clippy::float_arithmetic)]
fn microseconds(text: &str) -> Option<f64> {
    let units = [("us", 1.0), ("ms", 1e3), ("s", 1e6)];
    let (number, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    Some(number.parse::<f64>().ok()? * factor)
}

/// Opens connections that do nothing for as long as calls are made beside them. Then the
/// gateway counts exactly these, and answers a request over each.
pub(crate) fn hold(load: &Load, ports: &Ports, count: usize, seconds: u32) -> Result<()> {
    counts(ports.admin, 0)?;
    let connections = (0..count).map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, ports.gateway)));
    let connections: Vec<TcpStream> = connections.collect::<Result<_, _>>().with_context(|| {
        let files = count + 1000;
        format!("the connections cannot be opened: `ulimit -n` has to be above {files}")
    })?;
    load.run(ports.gateway, 64, seconds)?;
    counts(ports.admin, count)?;
    connections.iter().try_for_each(answered)
}

/// Waits until the gateway counts so many connections, but for the one that asks it: those
/// that were just closed it may not have noticed yet.
fn counts(admin: u16, expected: usize) -> Result<()> {
    let mut last = None;
    let counted = wait(|| {
        last = open_connections(admin).ok();
        (last == Some(expected + 1)).then_some(())
    });
    counted.with_context(|| {
        format!("{expected} connections ought to be open: {last:?} are, with one that asks")
    })
}

fn open_connections(admin: u16) -> Result<usize> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, admin))?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("plaid_gateway_connections "));
    line.and_then(|count| count.parse().ok())
        .context("there is no count of connections")
}

fn answered(mut stream: &TcpStream) -> Result<()> {
    let mut start = [0; 12];
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
    stream
        .read_exact(&mut start)
        .context("a connection that was idle has no answer")?;
    match &start {
        b"HTTP/1.1 200" => Ok(()),
        _ => bail!("a connection that was idle has another answer"),
    }
}
