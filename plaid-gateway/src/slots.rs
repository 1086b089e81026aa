//! Places of which there are only so many, for those who do not wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// So many places. tokio's semaphore can be waited for: it has a queue, and a lock around
/// it, that every call would take up to four times. These forty lines are a part of the
/// fifth of a call's work that [`pulse`](crate::pulse) has the figures of.
#[derive(Debug)]
pub(crate) struct Slots {
    free: AtomicUsize,
    all: usize,
}

impl Slots {
    pub(crate) fn new(all: usize) -> Arc<Self> {
        Arc::new(Self {
            free: AtomicUsize::new(all),
            all,
        })
    }

    /// Takes so many, or none if there are not enough.
    pub(crate) fn take(self: &Arc<Self>, count: usize) -> Option<Taken> {
        let rest = |free: usize| free.checked_sub(count);
        // Nothing else is read or written on the strength of the number.
        self.free.fetch_update(Relaxed, Relaxed, rest).ok()?;
        Some(Taken {
            slots: Arc::clone(self),
            count,
        })
    }

    pub(crate) fn taken(&self) -> usize {
        self.all - self.free.load(Relaxed)
    }
}

/// Places that are given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    slots: Arc<Slots>,
    count: usize,
}

impl Taken {
    /// Takes so many more.
    pub(crate) fn take(&mut self, more: usize) -> Option<()> {
        let mut more = self.slots.take(more)?;
        self.count += std::mem::take(&mut more.count);
        Some(())
    }
}

/// What all calls of a gateway share.
#[derive(Debug)]
pub(crate) struct Room {
    /// Calls under way.
    pub(crate) calls: Arc<Slots>,
    /// Bytes of bodies that are held until the rest has come.
    pub(crate) bodies: Arc<Slots>,
}

/// What a call takes up until its answer has ended: a slot of the gateway's, and one of
/// the caller's where that has a limit.
#[derive(Debug)]
#[expect(dead_code, reason = "held until the answer has ended, not read")]
pub(crate) struct CallSlots {
    pub(crate) call: Taken,
    pub(crate) caller: Option<Taken>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.slots.free.fetch_add(self.count, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_only_so_many_and_all_are_given_back() {
        let slots = Slots::new(3);
        let mut first = slots.take(2).unwrap();
        assert!(slots.take(2).is_none());
        assert_eq!(slots.taken(), 2);
        first.take(1).unwrap();
        assert!(first.take(1).is_none());
        assert!(slots.take(1).is_none());
        assert_eq!(slots.taken(), 3);
        drop(first);
        assert_eq!(slots.taken(), 0);
        assert!(slots.take(3).is_some());
    }

    #[test]
    fn threads_that_take_at_once_never_take_more() {
        let slots = Slots::new(2);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        let taken = slots.take(1);
                        assert!(slots.taken() <= 2);
                        drop(taken);
                    }
                });
            }
        });
        assert_eq!(slots.taken(), 0);
    }
}
