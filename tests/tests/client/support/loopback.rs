//! An HTTP server on a loopback port, whose every byte a test decides on, and
//! which tells when a client hangs up. It has a thread of its own, so that the tasks
//! of the test's runtime are the client's alone.

use std::net::SocketAddr;
use std::thread;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

pub(crate) struct Loopback {
    address: SocketAddr,
    asked: UnboundedReceiver<Asked>,
}

/// A request that waits for its answer.
pub(crate) struct Asked {
    /// Which connection it came on, counted from one.
    pub(crate) connection: usize,
    pub(crate) path: String,
    bytes: UnboundedSender<Vec<u8>>,
    closed: oneshot::Receiver<()>,
}

impl Asked {
    /// Sends part of an answer.
    pub(crate) fn send(&self, bytes: impl Into<Vec<u8>>) {
        self.bytes.send(bytes.into()).unwrap();
    }

    /// Sends a JSON answer; the connection stays open.
    pub(crate) fn answer(self, status: u16, headers: &str, body: &str) {
        let length = body.len();
        self.send(format!(
            "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n{headers}\r\n{body}"
        ));
    }

    /// Waits until the client has closed the connection.
    pub(crate) async fn hung_up(self) {
        self.closed.await.unwrap();
    }
}

impl Loopback {
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, asked) = unbounded_channel();
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(listener, sender));
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request.
    pub(crate) async fn next(&mut self) -> Asked {
        self.asked.recv().await.unwrap()
    }

    pub(crate) fn next_blocking(&mut self) -> Asked {
        self.asked.blocking_recv().unwrap()
    }

    /// Whether there is no request that has not been taken.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.asked.try_recv().is_err()
    }
}

/// Serves until the test is over.
async fn serve(listener: std::net::TcpListener, asked: UnboundedSender<Asked>) {
    let listener = TcpListener::from_std(listener).unwrap();
    let mut connection = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                connection += 1;
                let (stream, _) = accepted.unwrap();
                tokio::spawn(talk(stream, connection, asked.clone()));
            }
            () = asked.closed() => return,
        }
    }
}

/// Hands over one request after the other, until the client hangs up.
async fn talk(mut stream: TcpStream, connection: usize, asked: UnboundedSender<Asked>) {
    let mut buffer = Vec::new();
    while let Some(path) = request(&mut stream, &mut buffer).await {
        let (bytes, mut answers) = unbounded_channel::<Vec<u8>>();
        let (closing, closed) = oneshot::channel();
        let next = Asked {
            connection,
            path,
            bytes,
            closed,
        };
        if asked.send(next).is_err() {
            return;
        }
        loop {
            tokio::select! {
                part = answers.recv() => match part {
                    Some(part) => stream.write_all(&part).await.unwrap(),
                    None => break,
                },
                read = stream.read_buf(&mut buffer) => if !matches!(read, Ok(1..)) {
                    let _ = closing.send(());
                    return;
                },
            }
        }
    }
}

/// Reads a request and tells its path.
async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some((length, path)) = whole(buffer) {
            buffer.drain(..length);
            return Some(path);
        }
        if !matches!(stream.read_buf(buffer).await, Ok(1..)) {
            return None;
        }
    }
}

fn whole(buffer: &[u8]) -> Option<(usize, String)> {
    let head = buffer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = String::from_utf8_lossy(&buffer[..head]).to_lowercase();
    let body = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length = head + 4 + body.map_or(0, |length| length.trim().parse().unwrap());
    let path = text.split(' ').nth(1)?.to_owned();
    (buffer.len() >= length).then_some((length, path))
}
