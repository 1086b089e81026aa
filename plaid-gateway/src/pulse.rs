//! The state of a connection, from which it follows when it has to be closed.
//!
//! A thread has one clock and one [`Keeper`] for all of its connections. Whoever notes
//! something down reads no clock of the system's, and a connection that is busy sets no
//! timer: both would cost a call more than the rest of what is done for it here.
//!
//! Two things are not done by hyper's own timeouts. They set a timer for each request;
//! without timers and clocks, and with [`slots`](crate::slots) instead of semaphores, a
//! call costs a fifth less work, which with the [`upstream`](crate::upstream)'s
//! connections makes the 0.7 of nginx's calls per second that `cargo xtask bench gateway`
//! requires (0.65 before, 0.79 after). And they do not close a connection of HTTP/2 whose
//! caller answers pings and takes nothing: `tests/patience.rs` holds that this does.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicU8, AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use atomic_waker::AtomicWaker;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use crate::answer::{AnswerBody, CutOff};
use crate::config::Timeouts;
use crate::tap::{Sight, Tap};

/// Into so many rounds the time is divided that a caller may take nothing of an answer.
const ROUNDS_OF_STALL: u64 = 4;
/// For so many rounds it is known which answers are owed since then.
const ROUNDS: usize = 8;

/// The time of a thread, which goes on whenever its keeper makes a visit. What is noted
/// down by it is up to one [`tick`](Self::tick) older than it says.
#[derive(Debug)]
struct Clock {
    started: Instant,
    /// Milliseconds between two visits.
    tick: u64,
    /// Milliseconds of a round.
    round: u64,
    now: AtomicU64,
}

impl Clock {
    fn new(timeouts: &Timeouts, tick: Duration) -> Self {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            started: Instant::now(),
            tick: millis(tick),
            round: (millis(timeouts.stall) / ROUNDS_OF_STALL).max(1),
            now: AtomicU64::new(0),
        }
    }

    fn now(&self) -> u64 {
        self.now.load(Relaxed)
    }

    fn advance(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.now.store(now, Relaxed);
    }

    fn round(&self) -> u64 {
        self.now() / self.round
    }

    /// Whether more than `than` has gone by, for certain.
    fn is_longer(&self, since: u64, than: Duration) -> bool {
        let passed = self.now().saturating_sub(since.saturating_add(self.tick));
        Duration::from_millis(passed) > than
    }
}

/// What goes on in a connection. Times are those of the clock.
#[derive(Debug)]
pub(crate) struct Pulse {
    clock: Arc<Clock>,
    /// When a request last began, or an answer ended. Bytes alone do not count: a caller
    /// that takes nothing can still answer the pings of HTTP/2.
    last: AtomicU64,
    /// When the head that has not ended yet began, plus one; or 0.
    head: AtomicU64,
    /// Requests without the whole answer handed over.
    active: AtomicU32,
    /// Answers of which the caller has to take a piece before there can be another, by
    /// the round since when.
    owed: [AtomicU32; ROUNDS],
    ambiguous: AtomicBool,
    order: AtomicU8,
    task: AtomicWaker,
}

/// What to do about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Keep,
    /// Nobody uses it.
    Idle,
    /// Somebody holds it up.
    Stuck,
}

/// What a connection is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    GoOn,
    /// Take no more requests, and end after those under way.
    End,
    Close,
}

const GO_ON: u8 = 0;
const END: u8 = 1;
const CLOSE: u8 = 2;

impl Pulse {
    fn new(clock: &Arc<Clock>) -> Self {
        Self {
            clock: Arc::clone(clock),
            last: AtomicU64::new(clock.now()),
            head: AtomicU64::new(0),
            active: AtomicU32::new(0),
            owed: Default::default(),
            ambiguous: AtomicBool::new(false),
            order: AtomicU8::new(GO_ON),
            task: AtomicWaker::new(),
        }
    }

    fn touch(&self) {
        self.last.store(self.clock.now(), Relaxed);
    }

    fn saw(&self, sight: Sight) {
        match sight {
            Sight::Between => self.head.store(0, Relaxed),
            Sight::InHead => {
                let began = self.clock.now() + 1;
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

    /// What the connection is to do. Its task is woken up when that changes.
    pub(crate) fn order(&self, context: &Context<'_>) -> Order {
        self.task.register(context.waker());
        match self.order.load(Acquire) {
            GO_ON => Order::GoOn,
            END => Order::End,
            _ => Order::Close,
        }
    }

    fn give(&self, order: u8) {
        if self.order.fetch_max(order, AcqRel) < order {
            self.task.wake();
        }
    }

    fn verdict(&self, timeouts: &Timeouts) -> Verdict {
        let last = self.last.load(Relaxed);
        if self.is_owed_for_long() {
            return Verdict::Stuck;
        }
        if self.active.load(Relaxed) > 0 {
            return Verdict::Keep;
        }
        match self.head.load(Relaxed) {
            0 if self.clock.is_longer(last, timeouts.idle) => Verdict::Idle,
            // One that came with the request before it has its time from that one's end.
            head if head > 0 && self.clock.is_longer(head.max(last), timeouts.headers) => {
                Verdict::Stuck
            }
            _ => Verdict::Keep,
        }
    }

    /// Whether there is an answer that the caller has not gone on taking for the whole of
    /// the time that it may, which is four rounds: of the first and the last it is not
    /// known how much has gone by.
    fn is_owed_for_long(&self) -> bool {
        let round = self.clock.round();
        let oldest = [1, 2].map(|next| slot(round + next));
        oldest.iter().any(|slot| self.owed[*slot].load(Relaxed) > 0)
    }
}

fn slot(round: u64) -> usize {
    (round % ROUNDS as u64) as usize
}

/// Looks after the connections of a thread.
#[derive(Debug)]
pub(crate) struct Keeper {
    timeouts: Timeouts,
    clock: Arc<Clock>,
    ticks: Interval,
    pulses: Vec<Arc<Pulse>>,
}

impl Keeper {
    pub(crate) fn new(timeouts: Timeouts) -> Self {
        // Often enough to keep to the shortest of the times.
        let shortest = timeouts.headers.min(timeouts.stall).min(timeouts.idle);
        let tick = (shortest / 4).clamp(Duration::from_millis(1), Duration::from_secs(5));
        let mut ticks = interval(tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            clock: Arc::new(Clock::new(&timeouts, tick)),
            timeouts,
            ticks,
            pulses: Vec::new(),
        }
    }

    /// What a new connection notes down in. It is looked after until it is dropped.
    pub(crate) fn open(&mut self) -> Arc<Pulse> {
        let pulse = Arc::new(Pulse::new(&self.clock));
        self.pulses.push(Arc::clone(&pulse));
        pulse
    }

    /// Waits for the time of the next visit, and makes it. Dropped before that it has
    /// done nothing.
    pub(crate) async fn tick(&mut self) {
        self.ticks.tick().await;
        self.visit();
    }

    fn visit(&mut self) {
        self.clock.advance();
        // The other owner is the connection.
        self.pulses.retain(|pulse| Arc::strong_count(pulse) > 1);
        for pulse in &self.pulses {
            match pulse.verdict(&self.timeouts) {
                Verdict::Keep => {}
                Verdict::Idle if pulse.order.load(Relaxed) == GO_ON => pulse.give(END),
                // It was asked to end, and its caller does not take the last bytes.
                Verdict::Idle | Verdict::Stuck => pulse.give(CLOSE),
            }
        }
    }

    /// Asks all connections to end.
    pub(crate) fn end(&self) {
        self.pulses.iter().for_each(|pulse| pulse.give(END));
    }
}

/// Counts a request from its arrival until its answer is handed over.
#[derive(Debug)]
pub(crate) struct Active(Arc<Pulse>);

impl Active {
    pub(crate) fn new(pulse: Arc<Pulse>) -> Self {
        pulse.active.fetch_add(1, Relaxed);
        pulse.touch();
        Self(pulse)
    }

    pub(crate) fn pulse(&self) -> &Pulse {
        &self.0
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
    /// Since which round its caller has to take something of it before it goes on, if so.
    owed: Option<usize>,
}

impl Observed {
    /// It is owed from the beginning: over HTTP/2 a caller decides when it takes the
    /// first piece.
    pub(crate) fn new(body: AnswerBody, active: Active) -> Self {
        let mut observed = Self {
            body,
            active,
            owed: None,
        };
        observed.owe(true);
        observed
    }

    fn owe(&mut self, is_owed: bool) {
        let pulse = self.active.pulse();
        let now = is_owed.then(|| slot(pulse.clock.round()));
        if now == self.owed {
            return;
        }
        if let Some(slot) = now {
            pulse.owed[slot].fetch_add(1, Relaxed);
        }
        if let Some(slot) = std::mem::replace(&mut self.owed, now) {
            pulse.owed[slot].fetch_sub(1, Relaxed);
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
        let polled = Pin::new(&mut self.body).poll_frame(context);
        // While it is pending, it is Plaid that is waited for.
        self.owe(polled.is_ready());
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
