//! Requests that wait for their turn.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{self, Instant};

use super::gate::Gate;
use super::rates::{Limit, LimitScope, RateLimits};

/// Why a request was held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) scope: LimitScope,
    /// `None` if it is a pause after an answer that there were too many.
    pub(crate) limit: Option<Limit>,
    /// How long the request would have had to wait at least.
    pub(crate) wait: Duration,
}

/// From here on, gates that are not in use are looked for whenever their number
/// has doubled.
const FIRST_SWEEP: usize = 1_024;

/// What a client and its clones know about the requests that they have sent.
pub(crate) struct Limiter {
    limits: RateLimits,
    gates: Mutex<Gates>,
    /// Tokens are kept as hashes, whose key is made anew for each limiter.
    hasher: RandomState,
}

#[derive(Default)]
struct Gates {
    by_key: HashMap<u64, Arc<Gate>>,
    sweep_at: usize,
}

impl Gates {
    /// Forgets the Items that are not limited at present. One that is sent
    /// nothing for as long as its limit looks back is among these.
    fn sweep(&mut self, now: Instant) {
        if self.by_key.len() < self.sweep_at.max(FIRST_SWEEP) {
            return;
        }
        self.by_key
            .retain(|_, gate| Arc::strong_count(gate) > 1 || !gate.is_idle(now));
        self.by_key.shrink_to(FIRST_SWEEP);
        self.sweep_at = 2 * self.by_key.len();
    }
}

impl Limiter {
    pub(crate) fn new(limits: RateLimits) -> Self {
        Self {
            limits,
            gates: Mutex::default(),
            hasher: RandomState::new(),
        }
    }

    /// What a request needs in order to be admitted.
    pub(crate) fn admission(
        self: &Arc<Self>,
        path: Cow<'static, str>,
        subject: Option<&str>,
    ) -> Admission {
        let pair = self.limits.pair_of(&path);
        let key = |subject: Option<&str>| self.hasher.hash_one((&*path, subject));
        Admission {
            client: (key(None), pair.client),
            item: subject.map(|token| (key(Some(token)), pair.item)),
            limiter: Arc::clone(self),
        }
    }

    /// The gate, if it is there or has to be.
    fn gate(&self, (key, limit): (u64, Option<Limit>)) -> Option<Arc<Gate>> {
        match limit {
            Some(_) => Some(self.open(key, limit)),
            None => self.lock().by_key.get(&key).cloned(),
        }
    }

    fn open(&self, key: u64, limit: Option<Limit>) -> Arc<Gate> {
        let mut gates = self.lock();
        if let Some(gate) = gates.by_key.get(&key) {
            return Arc::clone(gate);
        }
        gates.sweep(Instant::now());
        let gate = Arc::new(Gate::new(limit));
        gates.by_key.insert(key, Arc::clone(&gate));
        gate
    }

    fn lock(&self) -> MutexGuard<'_, Gates> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A call's way through the gates; each of its attempts passes them anew.
pub(crate) struct Admission {
    limiter: Arc<Limiter>,
    item: Option<(u64, Option<Limit>)>,
    client: (u64, Option<Limit>),
}

impl Admission {
    /// Waits until the request may be sent. Dropping the future gives the place in
    /// the queue back.
    pub(crate) async fn wait(&self, end: Option<Instant>) -> Result<(), Held> {
        let way = self.way();
        let Some(end) = end else {
            way.pass().await;
            return Ok(());
        };
        match way.held(Instant::now(), end) {
            Some(held) => Err(held),
            None => match time::timeout_at(end, way.pass()).await {
                Ok(()) => Ok(()),
                // Those ahead took longer than they had to.
                Err(_) => Err(way.slowest(Instant::now())),
            },
        }
    }

    /// Plaid has taken a request.
    pub(crate) fn passed(&self) {
        let way = self.way();
        for gate in way.item.iter().chain(&way.client) {
            gate.reopen();
        }
    }

    /// Plaid has rejected a request since there were too many of an Item, if the
    /// request is about one, or of the client, and may have said for how long. Nothing
    /// is sent in its place for a while.
    pub(crate) fn refused(&self, pause: Option<Duration>, scope: LimitScope) {
        let (key, limit) = match (scope, self.item) {
            (LimitScope::Item, Some(item)) => item,
            _ => self.client,
        };
        let gate = self.limiter.open(key, limit);
        gate.close(Instant::now(), pause);
    }

    fn way(&self) -> Way {
        Way {
            item: self.item.and_then(|item| self.limiter.gate(item)),
            client: self.limiter.gate(self.client),
        }
    }
}

/// The gates that a request has to pass.
struct Way {
    item: Option<Arc<Gate>>,
    client: Option<Arc<Gate>>,
}

impl Way {
    /// Passes both gates in one instant, in turn.
    ///
    /// Only the first in an Item's queue stands in the client's, and only once
    /// its Item is free: an Item that has to wait does not keep others waiting.
    async fn pass(&self) {
        let _first_of_item = match &self.item {
            Some(gate) => Some(gate.turn().await),
            None => None,
        };
        loop {
            if let Some(gate) = &self.item {
                gate.opened().await;
            }
            let _first_of_all = match &self.client {
                Some(gate) => {
                    let turn = gate.turn().await;
                    gate.opened().await;
                    Some(turn)
                }
                None => None,
            };
            let now = Instant::now();
            // It may have been closed meanwhile, by an answer to another request.
            if self.item.as_ref().is_none_or(|gate| gate.is_open(now)) {
                for gate in self.item.iter().chain(&self.client) {
                    gate.count(now);
                }
                return;
            }
        }
    }

    /// Why the request cannot be sent before the end, if that is certain.
    fn held(&self, now: Instant, end: Instant) -> Option<Held> {
        let held = self.slowest(now);
        (!held.wait.is_zero() && now + held.wait >= end).then_some(held)
    }

    /// The gate with the longer wait.
    fn slowest(&self, now: Instant) -> Held {
        let held = |gate: &Arc<Gate>, scope| Held {
            scope,
            limit: gate.reason(now),
            wait: gate.earliest(now).saturating_duration_since(now),
        };
        let item = self.item.as_ref().map(|gate| held(gate, LimitScope::Item));
        let client = self
            .client
            .as_ref()
            .map(|gate| held(gate, LimitScope::Client));
        let gates = item.into_iter().chain(client);
        gates.max_by_key(|held| held.wait).unwrap_or(Held {
            scope: LimitScope::Client,
            limit: None,
            wait: Duration::ZERO,
        })
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
