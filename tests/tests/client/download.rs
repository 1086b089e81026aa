//! Files: streamed, checked, saved.
//!
//! What a server does part by part is decided by the test: a part is sent when the
//! test says so, never after some time.

use crate::support;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{Bench, client_over};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE};
use futures_util::stream::{self, BoxStream, StreamExt};
use plaid::products::statements::StatementsDownload;
use plaid::{Action, Call, Client, Download, Error, ErrorCode, HttpTransport, TransportFuture};
use plaid_sandbox::Fault;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

/// Only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

const CONTENT: &[u8] = b"%PDF-1.4 a statement %%EOF";

/// Answers in memory, one per request and the last one again.
#[derive(Clone)]
struct Server {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    requests: Arc<AtomicU64>,
}

type Make = dyn Fn() -> http::Response<reqwest::Body> + Send;
type Answer = Box<Make>;

impl Server {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            answers: Arc::new(Mutex::new(answers.into_iter().collect())),
            requests: Arc::default(),
        }
    }

    fn client(&self) -> Client {
        client_over(self.clone())
    }

    fn statement(&self) -> Call<StatementsDownload> {
        statement(&self.client())
    }

    fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

impl HttpTransport for Server {
    fn execute(&self, _request: reqwest::Request) -> TransportFuture<'_> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.lock().unwrap();
        let response = answers.front().expect("more requests than answers")();
        if answers.len() > 1 {
            answers.pop_front();
        }
        Box::pin(async move { Ok(response.into()) })
    }
}

fn statement(client: &Client) -> Call<StatementsDownload> {
    client
        .statements()
        .download("access-sandbox-1", "statement")
}

fn answer(status: u16, headers: &[(&str, &str)], body: &'static [u8]) -> Answer {
    let headers: Vec<_> = headers
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    Box::new(move || {
        let mut response = http::Response::builder().status(status);
        for (name, value) in &headers {
            response = response.header(name, value);
        }
        response.body(body.into()).unwrap()
    })
}

fn pdf(headers: &[(&str, &str)]) -> Answer {
    let mut all = vec![
        ("content-type", "application/pdf"),
        ("plaid-request-id", "req1"),
    ];
    all.extend(headers);
    answer(200, &all, CONTENT)
}

/// A PDF of these parts.
fn parts(
    make: impl Fn() -> BoxStream<'static, Result<Vec<u8>, std::io::Error>> + Send + 'static,
) -> Answer {
    Box::new(move || {
        let response = http::Response::builder().header("content-type", "application/pdf");
        response.body(reqwest::Body::wrap_stream(make())).unwrap()
    })
}

async fn whole(mut download: Download) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    while let Some(part) = download.next().await {
        content.extend_from_slice(&part?);
    }
    Ok(content)
}

async fn read(mut download: impl AsyncRead + Unpin) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    download.read_to_end(&mut content).await?;
    Ok(content)
}

fn plaids(error: &std::io::Error) -> &Error {
    error.get_ref().unwrap().downcast_ref().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    entries.map(|e| name(e).into_string().unwrap()).collect()
}

/// A server that sends what the test gives it, to one connection after the other.
struct Valve {
    client: Client,
    send: UnboundedSender<Option<Vec<u8>>>,
    /// A line per connection that the client has closed.
    closed: UnboundedReceiver<()>,
}

impl Valve {
    /// What is sent is raw; `None` hangs up.
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (send, mut parts) = unbounded_channel::<Option<Vec<u8>>>();
        let (tell, closed) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                read_request(&mut stream).await;
                loop {
                    let mut rest = [0];
                    tokio::select! {
                        part = parts.recv() => match part {
                            Some(Some(bytes)) => { let _ = stream.write_all(&bytes).await; }
                            Some(None) => break,
                            None => return,
                        },
                        // Nothing more comes on it: this is the end of it.
                        _ = stream.read(&mut rest) => {
                            let _ = tell.send(());
                            break;
                        }
                    }
                }
            }
        });
        let client = Client::builder()
            .base_url(url)
            .credentials("client", "secret");
        Self {
            client: client.build().unwrap(),
            send,
            closed,
        }
    }

    fn send(&self, bytes: impl AsRef<[u8]>) {
        self.send.send(Some(bytes.as_ref().to_vec())).unwrap();
    }

    fn head(&self, length: &str) {
        self.send(format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/pdf\r\n{length}\r\n\r\n"
        ));
    }

    fn hang_up(&self) {
        self.send.send(None).unwrap();
    }
}

async fn read_request(stream: &mut TcpStream) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    // The body is one JSON object without a brace in its values.
    while !bytes.ends_with(b"}") {
        match stream.read(&mut buffer).await.unwrap() {
            0 => return,
            n => bytes.extend_from_slice(&buffer[..n]),
        }
    }
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    let limited = tokio::time::timeout(PATIENCE, future).await;
    limited.expect("it has to come")
}

#[tokio::test]
async fn a_file_arrives_as_it_does_in_one_piece() {
    let bench = Bench::start().await;
    let token = bench.item(&["assets"]).await;
    let create = bench.plaid.assets().report_create(30);
    let created = create.access_tokens([token]).await.unwrap().into_inner();
    let call = bench
        .plaid
        .assets()
        .report_pdf_get(created.asset_report_token);

    // An error in place of the file is an error of the call's.
    let error = call.clone().download().await.unwrap_err();
    assert_eq!(error.error_code(), Some(&ErrorCode::ProductNotReady));

    let buffered = call.clone().await.unwrap();
    let download = call.clone().download().await.unwrap();
    assert_eq!(download.status(), 200);
    assert_eq!(download.content_type(), Some("application/pdf"));
    assert_eq!(download.content_length(), Some(buffered.len() as u64));
    assert_eq!(download.request_id().len(), support::REQUEST_ID_LEN);
    assert!(download.headers().contains_key("plaid-request-id"));
    assert_eq!(whole(download).await.unwrap(), **buffered);

    let download = call.download().await.unwrap();
    assert_eq!(read(download).await.unwrap(), **buffered);
}

#[tokio::test]
async fn the_first_part_is_there_before_the_last_is_sent() {
    let file: Vec<u8> = (0..4_000_000_u32).map(|n| (n % 251) as u8).collect();
    let server = Valve::open().await;
    server.head(&format!("content-length: {}", file.len()));
    let mut download = in_time(statement(&server.client).download()).await.unwrap();
    server.send(&file[..1000]);
    let mut came = in_time(download.next()).await.unwrap().unwrap().to_vec();
    assert!(!came.is_empty() && came.len() <= 1000);

    // Only now comes the rest.
    server.send(&file[1000..]);
    came.extend(in_time(whole(download)).await.unwrap());
    assert!(came == file);
}

#[tokio::test]
async fn no_more_of_a_large_file_is_held_than_the_part_at_hand() {
    const PART: usize = 256 * 1024;
    const COUNT: u64 = 800;
    let made = Arc::new(AtomicU64::new(0));
    let counter = made.clone();
    let server = Server::new([parts(move || {
        let counter = counter.clone();
        let part = move |n: u64| {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(vec![n as u8; PART])
        };
        stream::iter(0..COUNT).map(part).boxed()
    })]);
    let download = server.statement().download().await.unwrap();
    assert_eq!(made.load(Ordering::Relaxed), 0);
    let mut download = download.max_size(PART as u64 * COUNT);
    let mut seen = 0;
    while let Some(part) = download.next().await {
        assert_eq!(part.unwrap().len(), PART);
        seen += 1;
        assert_eq!(made.load(Ordering::Relaxed), seen);
    }
    assert_eq!(seen, COUNT);
}

fn hashes() -> [String; 5] {
    let hash = Sha256::digest(CONTENT);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    [
        hex.to_uppercase(),
        hex,
        BASE64_STANDARD.encode(hash),
        BASE64_STANDARD_NO_PAD.encode(hash),
        BASE64_URL_SAFE.encode(hash),
    ]
}

#[tokio::test]
async fn a_file_with_the_right_hash_is_verified() {
    for hash in hashes() {
        let server = Server::new([pdf(&[("plaid-content-hash", &hash)])]);
        let mut download = server.statement().download().await.unwrap();
        assert!(!download.is_verified());
        assert_eq!(read(&mut download).await.unwrap(), CONTENT);
        assert!(download.is_verified(), "{hash}");
        assert_eq!(**server.statement().await.unwrap(), *CONTENT);
    }
}

#[tokio::test]
async fn a_file_with_a_wrong_hash_never_passes_for_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("statement.pdf");
    for hash in hashes() {
        let first = hash.chars().next().unwrap();
        let wrong = hash.replacen(first, if first == '0' { "1" } else { "0" }, 1);
        let server = Server::new([pdf(&[("plaid-content-hash", &wrong)])]);
        let is_it = |error: &Error| matches!(error, Error::Corrupt(e) if e.is_hash_mismatch());

        let mut download = server.statement().download().await.unwrap();
        assert_eq!(download.next().await.unwrap().unwrap(), CONTENT);
        let error = download.next().await.unwrap().unwrap_err();
        assert!(is_it(&error), "{error:?}");
        assert_eq!(error.request_id(), Some("req1"));
        assert_eq!(error.action(), Action::RetryWithBackoff);
        assert!(download.next().await.is_none() && !download.is_verified());

        let mut download = server.statement().download().await.unwrap();
        let error = read(&mut download).await.unwrap_err();
        assert!(is_it(plaids(&error)));
        // Whoever reads on does not see an end of the file.
        download.read(&mut [0; 8]).await.unwrap_err();

        assert!(is_it(&server.statement().await.unwrap_err()));
        let download = server.statement().download().await.unwrap();
        assert!(is_it(&download.save_to(&path).await.unwrap_err()));
        assert!(names(folder.path()).is_empty());
    }
}

#[tokio::test]
async fn a_hash_that_cannot_be_read_is_no_reason_to_refuse_the_file() {
    for hash in ["", "garbled", "sha512:00", "é"] {
        let server = Server::new([pdf(&[("plaid-content-hash", hash)])]);
        let mut download = server.statement().download().await.unwrap();
        assert_eq!(read(&mut download).await.unwrap(), CONTENT);
        assert!(!download.is_verified());
        assert_eq!(**server.statement().await.unwrap(), *CONTENT);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_never_taken_for_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("statement.pdf");
    std::fs::write(&path, "of yesterday").unwrap();
    for (length, part) in [
        ("content-length: 1000", "%PDF half"),
        ("transfer-encoding: chunked", "9\r\n%PDF half\r\n"),
    ] {
        let server = Valve::open().await;
        server.head(length);
        let mut download = in_time(statement(&server.client).download()).await.unwrap();
        server.send(part);
        assert_eq!(
            in_time(download.next()).await.unwrap().unwrap(),
            &b"%PDF half"[..]
        );
        server.hang_up();
        let error = in_time(download.next()).await.unwrap().unwrap_err();
        assert!(matches!(error, Error::Transport(_)), "{error:?}");
        assert_eq!(error.action(), Action::RetryWithBackoff);
        assert!(download.next().await.is_none());

        server.head(length);
        let download = in_time(statement(&server.client).download()).await.unwrap();
        server.send(part);
        server.hang_up();
        let error = in_time(download.save_to(&path)).await.unwrap_err();
        assert!(matches!(error, Error::Transport(_)), "{error:?}");
        assert_eq!(names(folder.path()), ["statement.pdf"]);
        assert_eq!(std::fs::read(&path).unwrap(), b"of yesterday");
    }
}

#[tokio::test]
async fn a_transport_that_loses_a_part_does_not_go_unnoticed() {
    let length = (CONTENT.len() + 1).to_string();
    let server = Server::new([pdf(&[("content-length", &length)])]);
    let download = server.statement().download().await.unwrap();
    let error = whole(download).await.unwrap_err();
    assert!(
        matches!(&error, Error::Corrupt(e) if !e.is_hash_mismatch()),
        "{error:?}"
    );
    assert!(error.to_string().contains("26 bytes came of 27"), "{error}");
    let error = server.statement().await.unwrap_err();
    assert!(matches!(error, Error::Corrupt(_)), "{error:?}");
}

/// One part, and then nothing for ever.
fn stalling() -> Answer {
    parts(|| {
        let first = stream::iter([Ok(b"%PDF".to_vec())]);
        first.chain(stream::pending()).boxed()
    })
}

#[tokio::test(start_paused = true)]
async fn a_file_that_stalls_is_given_up() {
    let server = Server::new([stalling()]);
    for (timeout, expected) in [(None, 30), (Some(7), 7)] {
        let mut download = server.statement().download().await.unwrap();
        if let Some(timeout) = timeout {
            download = download.idle_timeout(Duration::from_secs(timeout));
        }
        download.next().await.unwrap().unwrap();
        // The time that the caller takes is not the server's.
        tokio::time::sleep(Duration::from_secs(3600)).await;
        let started = Instant::now();
        let error = download.next().await.unwrap().unwrap_err();
        let Error::Timeout(error) = error else {
            panic!("{error:?}")
        };
        assert_eq!(error.limit(), Some(Duration::from_secs(expected)));
        assert_eq!(started.elapsed(), Duration::from_secs(expected));
        assert!(download.next().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_for_the_whole_file() {
    // A part every ten seconds, for ever.
    let slow = || {
        parts(|| {
            let part = |()| async {
                tokio::time::sleep(Duration::from_secs(10)).await;
                Some((Ok(vec![1]), ()))
            };
            stream::unfold((), part).boxed()
        })
    };
    let ends = async |download: Download| {
        let started = Instant::now();
        let error = whole(download).await.unwrap_err();
        assert!(matches!(error, Error::Timeout(_)), "{error:?}");
        started.elapsed()
    };
    let server = Server::new([slow()]);
    let download = server.statement().download().await.unwrap();
    let download = download.deadline(Instant::now() + Duration::from_secs(45));
    assert_eq!(ends(download).await, Duration::from_secs(45));

    let call = server
        .statement()
        .deadline(Instant::now() + Duration::from_secs(35));
    let download = call.download().await.unwrap();
    assert_eq!(ends(download).await, Duration::from_secs(35));
}

#[tokio::test]
async fn what_is_no_file_is_told_apart_before_anything_is_handed_out() {
    let server = Server::new([answer(
        200,
        &[("content-type", "text/html; charset=utf-8")],
        b"<html>",
    )]);
    let error = server.statement().download().await.unwrap_err();
    let Error::UnexpectedBody(page) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(page.raw(), &b"<html>"[..]);

    let json: &[(&str, &str)] = &[("content-type", "application/json")];
    let server = Server::new([answer(200, json, b"{}")]);
    let error = server.statement().download().await.unwrap_err();
    assert!(matches!(error, Error::UnexpectedBody(_)), "{error:?}");

    let error = br#"{"error_type":"ITEM_ERROR","error_code":"ITEM_NOT_FOUND"}"#;
    for status in [200, 400] {
        let server = Server::new([answer(status, json, error)]);
        let error = server.statement().download().await.unwrap_err();
        assert_eq!(error.error_code(), Some(&ErrorCode::ItemNotFound));
    }

    let server = Server::new([answer(200, &[("content-type", "application/pdf")], b"")]);
    let error = server.statement().download().await.unwrap_err();
    assert!(matches!(error, Error::UnexpectedBody(_)), "{error:?}");
}

#[tokio::test]
async fn nothing_at_all_is_no_file_also_when_its_length_is_not_known() {
    let server = Server::new([parts(|| stream::empty().boxed())]);
    let download = server.statement().download().await.unwrap();
    let error = whole(download).await.unwrap_err();
    assert!(matches!(error, Error::Corrupt(_)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn what_fails_before_the_file_begins_is_tried_again() {
    let server = Server::new([
        answer(500, &[], b"<html>"),
        answer(503, &[("content-type", "application/pdf")], b"%PDF"),
        pdf(&[]),
    ]);
    let download = server.statement().download().await.unwrap();
    assert_eq!(server.requests(), 3);
    assert_eq!(whole(download).await.unwrap(), CONTENT);
}

#[tokio::test]
async fn a_file_is_no_larger_than_allowed() {
    let length = CONTENT.len().to_string();
    let announced = Server::new([pdf(&[("content-length", &length)])]);
    let endless = Server::new([parts(|| stream::repeat_with(|| Ok(vec![0; 10])).boxed())]);
    for server in [announced, endless] {
        let download = server.statement().download().await.unwrap();
        let error = whole(download.max_size(25)).await.unwrap_err();
        let Error::TooLarge(error) = error else {
            panic!("{error:?}")
        };
        assert_eq!(error.limit(), 25);
    }
    let server = Server::new([pdf(&[("content-length", &length)])]);
    let download = server.statement().download().await.unwrap().max_size(26);
    assert_eq!(whole(download).await.unwrap(), CONTENT);
}

#[tokio::test]
async fn a_file_is_saved_in_one_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("statement.pdf");
    for _ in 0..2 {
        let server = Server::new([pdf(&[("plaid-content-hash", &hashes()[0])])]);
        let download = server.statement().download().await.unwrap();
        let size = download.save_to(&path).await.unwrap();
        assert_eq!(size, CONTENT.len() as u64);
        assert_eq!(std::fs::read(&path).unwrap(), CONTENT);
        assert_eq!(names(folder.path()), ["statement.pdf"]);
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_written_to_is_an_error_and_not_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    for path in [
        folder.path().join("none/statement.pdf"),
        folder.path().to_owned(),
        "".into(),
    ] {
        let server = Server::new([pdf(&[])]);
        let download = server.statement().download().await.unwrap();
        let error = download.save_to(&path).await.unwrap_err();
        assert!(matches!(error, Error::Save(_)), "{error:?}");
        assert_eq!(error.action(), Action::FixConfiguration);
        assert!(names(folder.path()).is_empty());
    }
}

#[tokio::test]
async fn a_save_that_is_dropped_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new([stalling()]);
    let download = server.statement().download().await.unwrap();
    let mut save = Box::pin(download.save_to(folder.path().join("statement.pdf")));
    // Until the temporary file is there.
    in_time(async {
        while names(folder.path()).is_empty() {
            assert!(futures_util::poll!(&mut save).is_pending());
            tokio::task::yield_now().await;
        }
    })
    .await;
    drop(save);
    assert!(names(folder.path()).is_empty());
}

#[tokio::test]
async fn a_download_that_is_dropped_leaves_nothing_and_the_next_call_works() {
    let mut server = Valve::open().await;
    let tasks = Handle::current().metrics().num_alive_tasks();
    server.head("content-length: 1000000");
    let mut download = in_time(statement(&server.client).download()).await.unwrap();
    server.send("%PDF");
    in_time(download.next()).await.unwrap().unwrap();
    drop(download);
    // The server sees the end of the connection, and no task of it is left.
    in_time(server.closed.recv()).await.unwrap();
    in_time(async {
        while Handle::current().metrics().num_alive_tasks() > tasks {
            tokio::task::yield_now().await;
        }
    })
    .await;

    server.head("content-length: 4");
    server.send("%PDF");
    let file = in_time(statement(&server.client).send()).await.unwrap();
    assert_eq!(**file, *b"%PDF");
}

#[tokio::test]
async fn a_stream_and_a_reader_may_take_turns() {
    let server = Server::new([pdf(&[])]);
    let mut download = server.statement().download().await.unwrap();
    let mut first = [0; 5];
    download.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"%PDF-");
    // The trait's own method, as adapters call it.
    let rest = StreamExt::next(&mut download).await.unwrap().unwrap();
    assert_eq!(rest, CONTENT[5..]);
    assert_eq!(read(download).await.unwrap(), b"");
}

#[tokio::test]
async fn a_file_and_its_errors_keep_their_contents_to_themselves() {
    let bench = Bench::start().await;
    let token = bench.item(&["assets"]).await;
    let create = bench.plaid.assets().report_create(30);
    let created = create.access_tokens([token]).await.unwrap().into_inner();
    bench
        .sandbox
        .fail_next("/asset_report/pdf/get", Fault::Drop);
    let call = bench
        .plaid
        .assets()
        .report_pdf_get(created.asset_report_token);
    let _ = call.clone().await;
    let mut download = call.download().await.unwrap();
    let printed = format!("{download:?}");
    assert!(printed.contains("assetReportPdfGet"), "{printed}");
    let part = download.next().await.unwrap().unwrap();
    let part = String::from_utf8_lossy(&part);
    assert!(part.starts_with("%PDF") && !printed.contains("%PDF"));
}
