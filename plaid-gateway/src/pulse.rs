//! The state of a connection, from which it follows when it has to be closed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::answer::{AnswerBody, CutOff};
use crate::config::Timeouts;
use crate::tap::{Sight, Tap};

/// What goes on in a connection. Times are in milliseconds since it was opened.
#[derive(Debug)]
pub(crate) struct Pulse {
    opened: Instant,
    /// When something last went on.
    last: AtomicU64,
    /// When the head that has not ended yet began, plus one; or 0.
    head: AtomicU64,
    /// Requests without the whole answer handed over.
    active: AtomicUsize,
    /// Answers of which the caller has to take a piece before there can be another.
    owed: AtomicUsize,
    ambiguous: AtomicBool,
}

/// What to do about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Keep,
    /// Nobody uses it.
    Idle,
    /// Somebody holds it up.
    Stuck,
}

impl Pulse {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            last: AtomicU64::new(0),
            head: AtomicU64::new(0),
            active: AtomicUsize::new(0),
            owed: AtomicUsize::new(0),
            ambiguous: AtomicBool::new(false),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn touch(&self) {
        self.last.store(self.now(), Relaxed);
    }

    fn saw(&self, sight: Sight) {
        self.touch();
        match sight {
            Sight::Between => self.head.store(0, Relaxed),
            Sight::InHead => {
                let began = self.now() + 1;
                let _ = self.head.compare_exchange(0, began, Relaxed, Relaxed);
            }
            Sight::Ambiguous => self.ambiguous.store(true, Relaxed),
        }
    }

    /// Whether a request came that can be read in two ways. From then on nothing that
    /// comes over the connection can be trusted to be what its sender meant.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.ambiguous.load(Relaxed)
    }

    pub(crate) fn verdict(&self, timeouts: &Timeouts) -> Verdict {
        let now = self.now();
        let longer =
            |since: u64, than: Duration| Duration::from_millis(now - since.min(now)) > than;
        let last = self.last.load(Relaxed);
        match self.head.load(Relaxed) {
            0 => {}
            head if longer(head, timeouts.headers) => return Verdict::Stuck,
            _ => return Verdict::Keep,
        }
        if self.owed.load(Relaxed) > 0 && longer(last, timeouts.stall) {
            return Verdict::Stuck;
        }
        match self.active.load(Relaxed) == 0 && longer(last, timeouts.idle) {
            true => Verdict::Idle,
            false => Verdict::Keep,
        }
    }
}

/// Counts a request from its arrival until its answer is handed over.
#[derive(Debug)]
pub(crate) struct Active(Arc<Pulse>);

impl Active {
    pub(crate) fn new(pulse: &Arc<Pulse>) -> Self {
        pulse.active.fetch_add(1, Relaxed);
        pulse.touch();
        Self(Arc::clone(pulse))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Relaxed);
        self.0.touch();
    }
}

/// An answer that says how far it has been taken.
#[derive(Debug)]
pub(crate) struct Observed {
    body: AnswerBody,
    active: Active,
    is_owed: bool,
}

impl Observed {
    pub(crate) fn new(body: AnswerBody, active: Active) -> Self {
        Self {
            body,
            active,
            is_owed: false,
        }
    }

    fn owe(&mut self, is_owed: bool) {
        let owed = &self.active.0.owed;
        match (std::mem::replace(&mut self.is_owed, is_owed), is_owed) {
            (false, true) => {
                owed.fetch_add(1, Relaxed);
            }
            (true, false) => {
                owed.fetch_sub(1, Relaxed);
            }
            _ => {}
        }
    }
}

impl Body for Observed {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        self.active.0.touch();
        let polled = Pin::new(&mut self.body).poll_frame(context);
        let is_owed = matches!(polled, Poll::Ready(Some(Ok(_))));
        self.owe(is_owed);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.owe(false);
    }
}

/// A stream that says what comes in.
#[derive(Debug)]
pub(crate) struct Tapped {
    stream: TcpStream,
    tap: Tap,
    pulse: Arc<Pulse>,
}

impl Tapped {
    pub(crate) fn new(stream: TcpStream, pulse: Arc<Pulse>) -> Self {
        let tap = Tap::default();
        Self { stream, tap, pulse }
    }
}

impl AsyncRead for Tapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let sight = self.tap.see(&buffer.filled()[before..]);
        self.pulse.saw(sight);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
