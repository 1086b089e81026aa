//! What the tests of the gateway share: a gateway on a free port, an upstream that
//! remembers what it got, and requests byte by byte.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses a part of it"
)]

#[path = "../../../../tests/http.rs"]
pub mod http;
pub mod tls;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plaid_gateway::{Config, Credentials, Gateway, Upstream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The gateway's credentials in these tests.
pub const CLIENT_ID: &str = "server-client-id-planted";
pub const SECRET: &str = "server-secret-planted-0123456789";

/// How long a test waits for something that has to happen.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A gateway that runs until this is dropped.
pub struct Running {
    pub gateway: Gateway,
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    pub task: JoinHandle<std::io::Result<()>>,
}

impl Running {
    pub async fn start(config: Config) -> Self {
        let gateway = Gateway::new(config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = gateway.clone();
        let task =
            tokio::spawn(
                async move { served.serve(listener, async { drop(stopped.await) }).await },
            );
        Self {
            gateway,
            address,
            stop: Some(stop),
            task,
        }
    }

    /// One that was started in another way, and is stopped in another way.
    pub fn with(
        gateway: Gateway,
        address: SocketAddr,
        task: JoinHandle<std::io::Result<()>>,
    ) -> Self {
        Self {
            gateway,
            address,
            stop: None,
            task,
        }
    }

    /// Asks it to stop; `task` ends when it has.
    pub fn stop(&mut self) {
        drop(self.stop.take());
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sends bytes over a connection of their own and returns everything that comes back
    /// until the gateway closes it.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // The gateway may hang up before it has read everything.
        let _ = stream.write_all(bytes).await;
        read_to_end(&mut stream).await
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Whether a plain call still gets its answer.
    pub async fn still_serves(&self) -> bool {
        let answer = client()
            .post(self.url("/accounts/get"))
            .json(&serde_json::json!({"access_token": "a"}))
            .send();
        let answer = tokio::time::timeout(PATIENCE, answer)
            .await
            .unwrap()
            .unwrap();
        answer.status() == 200
    }
}

/// Everything until the other side closes, or what came if it breaks the connection.
pub async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let read = async {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            all.extend_from_slice(&buffer[..count]);
        }
    };
    tokio::time::timeout(PATIENCE, read)
        .await
        .expect("the connection stays open");
    String::from_utf8_lossy(&all).into_owned()
}

/// A client that does nothing by itself.
pub fn client() -> reqwest::Client {
    http::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

/// The gateway of these tests before an upstream.
pub fn config(upstream: &str) -> Config {
    let mut config = Config::new(Upstream::at(upstream).unwrap());
    config.credentials = Some(Credentials::new(CLIENT_ID, SECRET).unwrap());
    config
}

/// An upstream that answers every request with the same bytes and remembers what it was
/// sent, byte by byte.
pub struct Echo {
    pub address: SocketAddr,
    got: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

pub const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                      content-length: 23\r\n\r\n{\"request_id\":\"abc123\"}";

impl Echo {
    pub async fn start() -> Self {
        Self::answering(OK).await
    }

    /// The same bytes for every request.
    pub async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, usize::MAX, answer)
    }

    /// These bytes for the first request, and a plain answer for those after it.
    pub async fn answering_first(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, 1, answer)
    }

    /// The same on a listener that is there already, for so many requests.
    pub fn on(listener: TcpListener, times: usize, answer: impl Into<Vec<u8>>) -> Self {
        let address = listener.local_addr().unwrap();
        let got = Arc::new(Mutex::new(Vec::new()));
        let answer: Arc<[u8]> = answer.into().into();
        let remembered = Arc::clone(&got);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (answer, remembered) = (Arc::clone(&answer), Arc::clone(&remembered));
                tokio::spawn(serve(stream, times, answer, remembered));
            }
        });
        Self { address, got, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far, each with its head and body.
    pub fn got(&self) -> Vec<String> {
        self.got.lock().unwrap().clone()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    times: usize,
    answer: Arc<[u8]>,
    got: Arc<Mutex<Vec<String>>>,
) {
    let mut read = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = request_end(&read) {
                break end;
            }
            let mut buffer = [0; 8192];
            match stream.read(&mut buffer).await {
                Ok(count @ 1..) => read.extend_from_slice(&buffer[..count]),
                _ => return,
            }
        };
        let request: Vec<u8> = read.drain(..end).collect();
        let number = {
            let mut got = got.lock().unwrap();
            got.push(String::from_utf8_lossy(&request).into_owned());
            got.len()
        };
        let answer = if number <= times {
            &answer
        } else {
            OK.as_bytes()
        };
        let has_length = answer.windows(15).any(|w| w == b"content-length:");
        if stream.write_all(answer).await.is_err() || !has_length {
            return;
        }
    }
}

/// Where the first request of these bytes ends. The gateway always sends a length.
fn request_end(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let end = head + length.map_or(0, |length| length.trim().parse().unwrap());
    (bytes.len() >= end).then_some(end)
}

/// Waits until a condition holds.
pub async fn until(mut condition: impl FnMut() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("it does not come about");
}
