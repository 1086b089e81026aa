//! What has to hold for how the gateway follows requests, whatever comes over a connection:
//! where the HTTP library finds a request, the gateway's tap has found the same one, or has
//! said that there is no telling.
#![allow(clippy::panic, clippy::expect_used, reason = "a finding is a panic")]

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use plaid_gateway::tap::{Sight, Tap};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime;

/// The most that a gateway may be configured to take.
const MAX_HEADERS: usize = 128;
const MAX_HEAD: usize = 64 * 1024;

/// A request as its reader understands it.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    line: String,
    headers: Vec<(String, Vec<u8>)>,
    /// None: it is chunked, which the tap does not follow.
    body: Option<Vec<u8>>,
}

/// Reads any bytes as a connection's, in pieces of a size that the first of them says.
///
/// # Panics
/// When the HTTP library finds a request that the tap has not found, or has found to be
/// another, without having said so.
pub fn check(data: &[u8]) {
    let Some((size, data)) = data.split_first() else {
        return;
    };
    let size = usize::from(*size).pow(2) + 1;
    let followed = Followed::of(data);
    let is_ambiguous = is_ambiguous(data, size);
    // What is too long and no request either is both, by the size of the pieces.
    assert!(
        is_ambiguous == followed.is_ambiguous || data.len() > MAX_HEAD,
        "pieces make a difference"
    );
    let found = found(data, size);
    assert!(
        is_ambiguous || found.len() <= followed.requests.len(),
        "{found:?} were not seen: {:?}",
        followed.requests
    );
    for (seen, found) in followed.requests.iter().zip(&found) {
        assert_eq!(seen, found);
    }
}

fn is_ambiguous(data: &[u8], size: usize) -> bool {
    let mut tap = Tap::default();
    let mut sights = data.chunks(size).map(|piece| tap.see(piece));
    sights.any(|sight| sight == Sight::Ambiguous)
}

/// What the tap has made of a connection.
#[derive(Default)]
struct Followed {
    requests: Vec<Read>,
    is_ambiguous: bool,
}

impl Followed {
    /// Byte by byte, for the tap does not say where a request has ended, but when.
    fn of(data: &[u8]) -> Self {
        let mut followed = Self::default();
        let mut tap = Tap::default();
        let mut began = 0;
        for at in 0..data.len() {
            let was_head = matches!(tap, Tap::Head(_));
            let sight = tap.see(&data[at..=at]);
            let has_ended = was_head && sight == Sight::Between;
            if sight == Sight::Ambiguous {
                followed.is_ambiguous = true;
                return followed;
            }
            if has_ended {
                let body = match &tap {
                    Tap::Body(length) => usize::try_from(*length).ok(),
                    Tap::Head(_) => Some(0),
                    Tap::Blind => None,
                };
                followed
                    .requests
                    .extend(read(&data[began..=at], body, &data[at + 1..]));
            }
            match &tap {
                Tap::Head(seen) if seen.is_empty() => began = at + 1,
                Tap::Blind => return followed,
                _ => {}
            }
        }
        followed
    }
}

/// The request with this head, if it is one. A body may be cut off by the connection's end.
fn read(head: &[u8], length: Option<usize>, rest: &[u8]) -> Option<Read> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(head).ok()?;
    let headers = request.headers.iter().map(|header| {
        let name = header.name.to_ascii_lowercase();
        (name, header.value.to_vec())
    });
    let mut headers: Vec<_> = headers.collect();
    headers.sort();
    Some(Read {
        line: format!("{} {}", request.method?, request.path?),
        headers,
        body: length.map(|length| rest[..length.min(rest.len())].to_vec()),
    })
}

/// What the HTTP library finds, set up and answered as the gateway does it.
fn found(data: &[u8], size: usize) -> Vec<Read> {
    let requests = Rc::new(RefCell::new(Vec::new()));
    let service = service_fn(|request| answer(request, Rc::clone(&requests)));
    let mut builder = http1::Builder::new();
    builder
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD)
        .header_read_timeout(None);
    let connection = builder.serve_connection(TokioIo::new(Pieces { data, size }), service);
    let runtime = runtime::Builder::new_current_thread().build();
    // However it ends: what it has found is what counts.
    let _ = runtime.expect("a runtime").block_on(connection);
    requests.take()
}

async fn answer(
    request: Request<Incoming>,
    requests: Rc<RefCell<Vec<Read>>>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let (head, mut body) = request.into_parts();
    let mut headers: Vec<_> = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    headers.sort();
    let is_chunked = head.headers.contains_key(TRANSFER_ENCODING);
    let mut read = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        read.extend(frame.into_data().unwrap_or_default());
    }
    requests.borrow_mut().push(Read {
        line: format!("{} {}", head.method, head.uri),
        headers,
        body: (!is_chunked).then_some(read),
    });
    let mut response = Response::new(Empty::new());
    if is_chunked {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    Ok(response)
}

/// A connection of which everything has come, and which takes everything.
struct Pieces<'a> {
    data: &'a [u8],
    size: usize,
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let size = self.size.min(self.data.len()).min(buffer.remaining());
        let (piece, rest) = self.data.split_at(size);
        buffer.put_slice(piece);
        self.data = rest;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pieces<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    const LINES: &[&str] = &[
        "GET / HTTP/1.1\r\n",
        "POST /accounts/get HTTP/1.1\r\n",
        "POST /a HTTP/1.0\r\nconnection: keep-alive\r\n",
        "CONNECT a:1 HTTP/1.1\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\r\nGET /b HTTP/1.1\r\n",
    ];
    const HEADERS: &[&str] = &[
        "host: a\r\n",
        "x: y\r\n",
        "content-length: 3\r\n",
        "Content-Length:\t3 \r\n",
        "content-length: 03\r\n",
        "expect: 100-continue\r\n",
        "upgrade: h2c\r\nconnection: upgrade\r\n",
    ];
    /// With one of these a request is refused, or is the last that is followed.
    const ODD: &[&str] = &[
        "Transfer-Encoding: chunked\r\n",
        "transfer-encoding: \u{b}chunked\r\n",
        "transfer-encoding: gzip, chunked\r\n",
        "connection: close\r\n",
        "content-length: +3\r\n",
        "content-length : 3\r\n",
        "content-length: 3, 3\r\n",
        "a: b\n",
        " folded\r\n",
        "\r",
        "\n",
    ];
    const BODIES: &[&str] = &["", "abc", "ab", "3\r\nabc\r\n0\r\n\r\n", "\r\n"];

    fn text(of: &'static [&'static str]) -> impl Strategy<Value = String> {
        prop::sample::select(of).prop_map(str::to_owned)
    }

    /// A request that is good, or nearly.
    fn request() -> impl Strategy<Value = String> {
        let header = prop_oneof![9 => text(HEADERS), 1 => text(ODD)];
        let headers = prop::collection::vec(header, 0..5);
        (text(LINES), headers, text(BODIES))
            .prop_map(|(line, headers, body)| format!("{line}{}\r\n{body}", headers.concat()))
    }

    fn part() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            8 => request().prop_map(String::into_bytes),
            1 => prop::collection::vec(any::<u8>(), 0..4),
        ]
    }

    proptest! {
        #[test]
        fn the_tap_finds_the_requests_that_the_library_finds(
            size in any::<u8>(), parts in prop::collection::vec(part(), 0..6),
        ) {
            let data = [vec![size], parts.concat()].concat();
            super::check(&data);
        }

        #[test]
        fn any_bytes_are_followed_alike(data in prop::collection::vec(any::<u8>(), 0..200)) {
            super::check(&data);
        }
    }
}
