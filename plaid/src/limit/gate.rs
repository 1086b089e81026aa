//! One queue of requests and the limit at its end.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync;
use tokio::time::{self, Instant};

use super::rates::Limit;

/// Requests that are sent within this part of a window are counted as one batch, so
/// that a limit of 20,000 is not a list of as many instants.
const BATCHES: u32 = 64;
/// How long a gate stays closed after a first answer that there were too many, if
/// the answer does not say.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// And at most, however many such answers follow.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A limit, what counts against it, and who waits for it.
#[derive(Debug)]
pub(super) struct Gate {
    limit: Option<Limit>,
    /// tokio's lock is handed over in the order in which it was asked for, and
    /// whoever stops waiting leaves the queue.
    queue: sync::Mutex<()>,
    /// How many are in the queue, its first included.
    waiting: AtomicUsize,
    ledger: Mutex<Ledger>,
}

#[derive(Debug, Default)]
struct Ledger {
    sent: VecDeque<Batch>,
    /// The sum of the batches.
    count: u32,
    closed_until: Option<Instant>,
    /// Answers in a row that there were too many.
    refusals: u32,
}

#[derive(Debug)]
struct Batch {
    first: Instant,
    last: Instant,
    count: u32,
}

/// A place in the queue of a gate, the first one.
pub(super) struct Turn<'g> {
    _lock: sync::MutexGuard<'g, ()>,
    _place: Place<'g>,
}

struct Place<'g>(&'g AtomicUsize);

impl<'g> Place<'g> {
    fn take(waiting: &'g AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    pub(super) fn new(limit: Option<Limit>) -> Self {
        Self {
            limit,
            queue: sync::Mutex::new(()),
            waiting: AtomicUsize::new(0),
            ledger: Mutex::default(),
        }
    }

    /// Waits to be the first in the queue.
    pub(super) async fn turn(&self) -> Turn<'_> {
        let place = Place::take(&self.waiting);
        Turn {
            _lock: self.queue.lock().await,
            _place: place,
        }
    }

    /// Waits until the gate is open for the first in the queue.
    pub(super) async fn opened(&self) {
        loop {
            let now = Instant::now();
            let at = self.free_at(now, 0);
            if at <= now {
                return;
            }
            // It may be closed for longer while this sleeps, so look again.
            time::sleep_until(at).await;
        }
    }

    pub(super) fn is_open(&self, now: Instant) -> bool {
        self.free_at(now, 0) <= now
    }

    /// When a request that joined the queue now could be sent, if all goes well.
    pub(super) fn earliest(&self, now: Instant) -> Instant {
        self.free_at(now, self.waiting.load(Ordering::Relaxed))
    }

    /// What keeps the gate closed: the limit, or (`None`) Plaid's answer.
    pub(super) fn reason(&self, now: Instant) -> Option<Limit> {
        let is_paused = self.lock().closed_until.is_some_and(|until| until > now);
        self.limit.filter(|_| !is_paused)
    }

    /// Counts a request that is sent now.
    pub(super) fn count(&self, now: Instant) {
        let Some(limit) = self.limit else { return };
        let mut ledger = self.lock();
        ledger.count = ledger.count.saturating_add(1);
        let span = limit.window / BATCHES;
        match ledger.sent.back_mut() {
            Some(batch) if now.saturating_duration_since(batch.first) < span => {
                batch.count = batch.count.saturating_add(1);
                batch.last = now;
            }
            _ => ledger.sent.push_back(Batch {
                first: now,
                last: now,
                count: 1,
            }),
        }
    }

    /// Plaid has answered that there were too many requests.
    pub(super) fn close(&self, now: Instant, pause: Option<Duration>) {
        let mut ledger = self.lock();
        let doubled = FIRST_PAUSE.saturating_mul(1 << ledger.refusals.min(6));
        ledger.refusals = ledger.refusals.saturating_add(1);
        let pause = pause.unwrap_or(doubled).min(LONGEST_PAUSE);
        ledger.closed_until = ledger.closed_until.max(Some(now + pause));
    }

    /// Plaid has taken a request again.
    pub(super) fn reopen(&self) {
        self.lock().refusals = 0;
    }

    /// Whether a gate made anew would do the same.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        let mut ledger = self.lock();
        self.prune(&mut ledger, now);
        ledger.count == 0 && ledger.closed_until.is_none_or(|until| until <= now)
    }

    /// When the gate is free for the request that has so many ahead of it.
    fn free_at(&self, now: Instant, ahead: usize) -> Instant {
        let mut ledger = self.lock();
        let opens = ledger.closed_until.map_or(now, |until| until.max(now));
        let Some(limit) = self.limit else {
            return opens;
        };
        self.prune(&mut ledger, now);
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
        // Whoever has a full window ahead waits for one that is not there yet.
        let (windows, ahead) = (ahead / limit.requests, ahead % limit.requests);
        let first = ledger.nth_free(now, limit, ahead);
        let later = limit.window.saturating_mul(windows);
        first.checked_add(later).unwrap_or(first).max(opens)
    }

    fn prune(&self, ledger: &mut Ledger, now: Instant) {
        let window = self.limit.map_or(Duration::ZERO, |limit| limit.window);
        while let Some(batch) = ledger.sent.front() {
            if now.saturating_duration_since(batch.last) < window {
                return;
            }
            ledger.count -= batch.count;
            ledger.sent.pop_front();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// When there is room for one more request than so many.
    fn nth_free(&self, now: Instant, limit: Limit, ahead: u32) -> Instant {
        let used = self.count.saturating_add(ahead);
        // How many have to leave the window first.
        let Some(mut needed) = used.checked_sub(limit.requests) else {
            return now;
        };
        for batch in &self.sent {
            if needed < batch.count {
                return batch.last.checked_add(limit.window).unwrap_or(batch.last);
            }
            needed -= batch.count;
        }
        now
    }
}
