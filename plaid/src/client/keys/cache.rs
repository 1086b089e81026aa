//! Keys by id, fetched when they are needed and not more often than that.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::{Shared, WeakShared};
use plaid_gen::types::JwkPublicKey;

use super::key::{InvalidKey, Key};
use super::unavailable::KeyUnavailable;

/// After this long a key is asked for again, since it may have expired.
const FRESH: Duration = Duration::from_secs(15 * 60);
/// For this long an id that Plaid does not know is not asked for again.
const UNKNOWN: Duration = Duration::from_secs(5 * 60);
/// For this long a key that could not be fetched is not asked for again.
const FAILED: Duration = Duration::from_secs(5);
/// How many ids that are not known may cause a fetch in a row.
const BURST: u32 = 5;
/// How long it takes until one more of them may.
const REFILL: Duration = Duration::from_secs(10);
/// Plaid has a handful of keys.
const MAX_KEYS: usize = 64;
/// More than the fetches of five minutes can bring.
const MAX_ABSENT: usize = 128;

/// The answer of a [`KeySource`], later.
pub type KeyFuture =
    Pin<Box<dyn Future<Output = Result<Option<JwkPublicKey>, KeySourceError>> + Send>>;

/// Why a [`KeySource`] cannot tell.
pub type KeySourceError = Box<dyn std::error::Error + Send + Sync>;

/// Where a [`Verifier`](crate::webhook::Verifier) has its keys from: Plaid, through a
/// [`Client`](crate::Client), or a place of your own.
///
/// ```
/// use plaid::types::JwkPublicKey;
/// use plaid::webhook::{KeyFuture, KeySource};
///
/// /// Asks a service that talks to Plaid.
/// struct KeyService;
///
/// # async fn ask(_: String) -> Result<Option<JwkPublicKey>, std::io::Error> { Ok(None) }
/// impl KeySource for KeyService {
///     fn key(&self, key_id: &str) -> KeyFuture {
///         let key_id = key_id.to_owned();
///         Box::pin(async move { Ok(ask(key_id).await?) })
///     }
/// }
/// ```
pub trait KeySource: Send + Sync + 'static {
    /// The key with this id; `None` when there is certainly no such key.
    ///
    /// It has to come to an end by itself: Plaid waits ten seconds for an answer to a
    /// webhook.
    fn key(&self, key_id: &str) -> KeyFuture;
}

/// What is known of keys; shared by the clones of a client.
#[derive(Default)]
pub(crate) struct KeyCache(Mutex<State>);

#[derive(Default)]
struct State {
    /// Only keys that were fetched: nobody but Plaid can fill it.
    known: HashMap<String, Known>,
    absent: HashMap<String, Absent>,
    /// Fetches that somebody waits for.
    flights: HashMap<String, WeakShared<Flight>>,
    budget: Budget,
}

struct Known {
    key: Key,
    fetched_at: SystemTime,
}

struct Absent {
    outcome: Missing,
    until: SystemTime,
}

/// Why there is no key.
#[derive(Clone)]
pub(crate) enum Missing {
    Unknown,
    Unavailable(KeyUnavailable),
}

type Outcome = Result<Key, Missing>;
type Flight = Pin<Box<dyn Future<Output = Outcome> + Send>>;

impl KeyCache {
    /// The key with this id.
    ///
    /// Whoever waits for the same key waits for the same fetch. It is driven by those
    /// who wait: if all of them give up, it ends, and the next one starts anew.
    pub(crate) async fn get(
        self: &Arc<Self>,
        source: &Arc<dyn KeySource>,
        key_id: &str,
        now: SystemTime,
    ) -> Result<Key, Missing> {
        let start = |is_known| self.flight(source.clone(), key_id.to_owned(), is_known, now);
        // The lock is not held while waiting.
        let step = self.lock().step(key_id, now, start);
        match step {
            Step::Done(outcome) => outcome,
            Step::Wait(flight) => flight.await,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A fetch that begins when it is first waited for.
    fn flight(
        self: &Arc<Self>,
        source: Arc<dyn KeySource>,
        key_id: String,
        is_known: bool,
        now: SystemTime,
    ) -> Shared<Flight> {
        let cache = self.clone();
        let flight: Flight = Box::pin(async move {
            let answer = source.key(&key_id).await;
            let outcome = outcome(&key_id, answer);
            cache.lock().land(&key_id, is_known, &outcome, now);
            outcome
        });
        flight.shared()
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyCache")
    }
}

/// What to do about a key.
enum Step {
    Done(Outcome),
    Wait(Shared<Flight>),
}

impl State {
    fn step(
        &mut self,
        key_id: &str,
        now: SystemTime,
        start: impl FnOnce(bool) -> Shared<Flight>,
    ) -> Step {
        let known = self.known.get(key_id);
        if let Some(known) = known.filter(|known| !has_passed(known.fetched_at, FRESH, now)) {
            return Step::Done(Ok(known.key.clone()));
        }
        let is_known = known.is_some();
        if let Some(absent) = self.absent.get(key_id).filter(|absent| now < absent.until) {
            return Step::Done(Err(absent.outcome.clone()));
        }
        if let Some(flight) = self.flights.get(key_id).and_then(WeakShared::upgrade) {
            return Step::Wait(flight);
        }
        // Nobody can make up more ids of known keys than there are keys.
        if !is_known && !self.budget.take(now) {
            return Step::Done(Err(Missing::Unavailable(KeyUnavailable::LIMITED)));
        }
        let flight = start(is_known);
        if let Some(weak) = flight.downgrade() {
            self.flights.insert(key_id.to_owned(), weak);
        }
        Step::Wait(flight)
    }

    fn land(&mut self, key_id: &str, was_known: bool, outcome: &Outcome, now: SystemTime) {
        self.flights
            .retain(|id, flight| id != key_id && flight.upgrade().is_some());
        self.absent
            .retain(|id, absent| id != key_id && now < absent.until);
        match outcome {
            Ok(key) => {
                if !was_known {
                    self.budget.give_back();
                }
                self.keep(key_id, key, now);
            }
            Err(missing) => self.miss(key_id, missing, now),
        }
    }

    fn keep(&mut self, key_id: &str, key: &Key, now: SystemTime) {
        if self.known.len() >= MAX_KEYS && !self.known.contains_key(key_id) {
            let oldest = self.known.iter().min_by_key(|(_, known)| known.fetched_at);
            if let Some(id) = oldest.map(|(id, _)| id.clone()) {
                self.known.remove(&id);
            }
        }
        let known = Known {
            key: key.clone(),
            fetched_at: now,
        };
        self.known.insert(key_id.to_owned(), known);
    }

    fn miss(&mut self, key_id: &str, missing: &Missing, now: SystemTime) {
        let (outcome, pause) = match missing {
            Missing::Unknown => {
                self.known.remove(key_id);
                (Missing::Unknown, UNKNOWN)
            }
            Missing::Unavailable(_) => (Missing::Unavailable(KeyUnavailable::JUST_FAILED), FAILED),
        };
        if self.absent.len() >= MAX_ABSENT {
            self.absent.clear();
        }
        let until = now.checked_add(pause).unwrap_or(now);
        self.absent
            .insert(key_id.to_owned(), Absent { outcome, until });
    }
}

/// What an answer of the source means. A key that is not the one that was asked for is
/// no answer.
fn outcome(key_id: &str, answer: Result<Option<JwkPublicKey>, KeySourceError>) -> Outcome {
    let unusable = |error: InvalidKey| Missing::Unavailable(KeyUnavailable::failed(error.into()));
    match answer {
        Ok(None) => Err(Missing::Unknown),
        Ok(Some(key)) if key.kid != key_id => Err(unusable(InvalidKey {
            reason: "it is not the one that was asked for",
        })),
        Ok(Some(key)) => Key::of(&key).map_err(unusable),
        Err(error) => Err(Missing::Unavailable(KeyUnavailable::failed(error))),
    }
}

/// How many fetches for unknown ids there may still be: a token bucket.
struct Budget {
    left: u32,
    /// Since when the next one has been on its way.
    since: Option<SystemTime>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            left: BURST,
            since: None,
        }
    }
}

impl Budget {
    fn take(&mut self, now: SystemTime) -> bool {
        self.refill(now);
        if self.left == 0 {
            return false;
        }
        if self.left == BURST {
            self.since = Some(now);
        }
        self.left -= 1;
        true
    }

    fn give_back(&mut self) {
        self.left = (self.left + 1).min(BURST);
    }

    fn refill(&mut self, now: SystemTime) {
        // A clock that is set back would otherwise leave nothing for as long.
        let since = self.since.filter(|since| *since <= now).unwrap_or(now);
        let waited = now.duration_since(since).unwrap_or_default().as_secs();
        let gained = waited / REFILL.as_secs();
        let gained = u32::try_from(gained).unwrap_or(u32::MAX).min(BURST);
        self.left = self.left.saturating_add(gained).min(BURST);
        self.since = since.checked_add(REFILL.saturating_mul(gained));
    }
}

/// Whether so much time has passed since then. A clock that was set back counts for yes:
/// nobody knows how long it has been.
fn has_passed(since: SystemTime, time: Duration, now: SystemTime) -> bool {
    now.duration_since(since)
        .map_or(true, |passed| passed >= time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
    }

    #[test]
    fn unknown_ids_have_a_burst_and_then_one_fetch_every_ten_seconds() {
        let mut budget = Budget::default();
        let taken = |budget: &mut Budget, now| (0..1000).filter(|_| budget.take(now)).count();
        assert_eq!(taken(&mut budget, after(0)), 5);
        assert_eq!(taken(&mut budget, after(9)), 0);
        assert_eq!(taken(&mut budget, after(10)), 1);
        // What was left over of the seconds counts.
        assert_eq!(taken(&mut budget, after(19)), 0);
        assert_eq!(taken(&mut budget, after(35)), 2);
        assert_eq!(taken(&mut budget, after(40)), 1);
        assert_eq!(taken(&mut budget, after(100_000)), 5);
    }

    #[test]
    fn a_fetch_that_found_a_key_does_not_count() {
        let mut budget = Budget::default();
        for _ in 0..100 {
            assert!(budget.take(after(0)));
            budget.give_back();
        }
        assert_eq!(budget.left, BURST);
    }

    #[test]
    fn a_clock_that_is_set_back_stops_nothing_for_long() {
        let mut budget = Budget::default();
        while budget.take(after(1_000)) {}
        assert!(!budget.take(after(0)));
        assert!(budget.take(after(10)));
        assert!(has_passed(after(1_000), FRESH, after(0)));
    }
}
