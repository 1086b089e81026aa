//! Failures on request.

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
    time::Duration,
};

use fastrand::Rng;

use crate::lock;

/// What happens to a request in place of, or on top of, its normal answer.
/// See [`Sandbox::fail_next`](crate::Sandbox::fail_next).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Answers with this status and this body, word for word, without looking
    /// at the request: a gateway's HTML page, an empty 504, JSON of the wrong
    /// shape. A body that is JSON is labelled as such, everything else as HTML.
    /// A number that is no status of a final answer counts as 500.
    Status {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
    /// Answers with an error in Plaid's shape, without looking at the request.
    Error {
        /// The `error_type`, for example `INSTITUTION_ERROR`.
        error_type: String,
        /// The `error_code`, for example `INSTITUTION_DOWN`.
        error_code: String,
        /// The HTTP status.
        status: u16,
    },
    /// Answers 429 with `RATE_LIMIT_EXCEEDED` / `RATE_LIMIT`, without looking
    /// at the request. As on the real API, no header says how long to wait.
    RateLimit,
    /// Waits, then handles the request as usual.
    Delay(Duration),
    /// Closes the connection without an answer. The request has no effect.
    Drop,
    /// Handles the request as usual, with all its effects, but sends half of
    /// the answer's body and closes the connection.
    Truncate,
}

impl Fault {
    /// The page that stands in front of the API answers, with this status.
    #[must_use]
    pub fn html(status: u16) -> Self {
        Self::Status {
            status,
            body: "<html><head><title>Error</title></head><body>nginx</body></html>".into(),
        }
    }

    /// A good status with JSON that is not what the description says.
    #[must_use]
    pub fn wrong_json() -> Self {
        Self::Status {
            status: 200,
            body: r#"{"surprise": [1.50, {"request_id": 7}]}"#.into(),
        }
    }
}

/// Which requests fail, and how. Each condition narrows it down; without any, every
/// request does.
///
/// ```
/// use plaid_sandbox::{Fault, FaultRule};
///
/// // The third and the fourth call of an operation for an Item.
/// let rule = FaultRule::new(Fault::RateLimit)
///     .operation("/transactions/sync")
///     .item("M5eVJqLnv3tbzdngLDp9FL5OlDNxlNhlE55op")
///     .from(3)
///     .times(2);
/// // One request in ten, the same ones in every run.
/// let rule = FaultRule::new(Fault::Drop).probability(10, 42);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a rule does nothing until `Sandbox::fail` is given it"]
pub struct FaultRule {
    pub(crate) fault: Fault,
    operation: Option<String>,
    item_id: Option<String>,
    from: u64,
    times: Option<u64>,
    probability: Option<(u8, u64)>,
}

impl FaultRule {
    /// Lets every request fail like this.
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            operation: None,
            item_id: None,
            from: 1,
            times: None,
            probability: None,
        }
    }

    /// Only requests of this operation, given as its path, with placeholders as in
    /// `/fdx/consents/{consentId}`, or as its id, as in `transactionsSync`.
    pub fn operation(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Only requests with an access token or a processor token of this Item.
    pub fn item(mut self, item_id: impl Into<String>) -> Self {
        self.item_id = Some(item_id.into());
        self
    }

    /// Only from the `number`th request on of those that the other conditions leave.
    /// The first is number 1.
    pub fn from(mut self, number: u64) -> Self {
        self.from = number;
        self
    }

    /// Only the `number`th request: `from(number)` once.
    pub fn nth(self, number: u64) -> Self {
        self.from(number).times(1)
    }

    /// Only so many times.
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Only so many requests out of a hundred. The same seed picks the same ones.
    pub fn probability(mut self, percent: u8, seed: u64) -> Self {
        self.probability = Some((percent.min(100), seed));
        self
    }
}

/// A rule in force.
#[derive(Debug)]
struct Active {
    id: u64,
    rule: FaultRule,
    /// Requests that the rule might have been for.
    seen: u64,
    hits: u64,
    dice: Rng,
}

impl Active {
    fn strikes(&mut self, request: &Asked<'_>) -> bool {
        let rule = &self.rule;
        let of_operation = rule.operation.as_deref().is_none_or(|wanted| {
            [request.operation, request.id, Some(request.path)].contains(&Some(wanted))
        });
        let of_item = rule.item_id.is_none() || rule.item_id.as_deref() == request.item_id;
        if !of_operation || !of_item {
            return false;
        }
        self.seen += 1;
        // Rolled each time, so that which requests are hit depends on their number.
        let lucky = match rule.probability {
            Some((percent, _)) => self.dice.u8(..100) >= percent,
            None => false,
        };
        let due = self.seen >= rule.from && rule.times.is_none_or(|times| self.hits < times);
        let strikes = due && !lucky;
        self.hits += u64::from(strikes);
        strikes
    }
}

/// A request, as far as rules look at it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    /// The path that was called.
    pub(crate) path: &'a str,
    /// The path of the operation, with its placeholders.
    pub(crate) operation: Option<&'a str>,
    pub(crate) id: Option<&'a str>,
    pub(crate) item_id: Option<&'a str>,
}

/// The faults that wait for their request: per path, first in first out, and by
/// rule.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    queues: HashMap<String, VecDeque<Fault>>,
    rules: Vec<Active>,
    last_id: u64,
}

impl Faults {
    pub(crate) fn push(&self, path: String, fault: Fault) {
        let mut waiting = lock(&self.0);
        waiting.queues.entry(path).or_default().push_back(fault);
    }

    /// Puts a rule in force, and returns its number.
    pub(crate) fn add(&self, rule: FaultRule) -> u64 {
        let mut waiting = lock(&self.0);
        waiting.last_id += 1;
        let id = waiting.last_id;
        waiting.rules.push(Active {
            id,
            dice: Rng::with_seed(rule.probability.map_or(0, |(_, seed)| seed)),
            rule,
            seen: 0,
            hits: 0,
        });
        id
    }

    /// Ends a rule, and says whether there was one.
    pub(crate) fn remove(&self, id: u64) -> bool {
        let mut waiting = lock(&self.0);
        let before = waiting.rules.len();
        waiting.rules.retain(|active| active.id != id);
        waiting.rules.len() < before
    }

    pub(crate) fn clear(&self) {
        let mut waiting = lock(&self.0);
        waiting.queues.clear();
        waiting.rules.clear();
    }

    /// How many requests each rule has hit, by its number.
    pub(crate) fn hits(&self) -> Vec<(u64, u64)> {
        let waiting = lock(&self.0);
        let hits = waiting.rules.iter().map(|active| (active.id, active.hits));
        hits.collect()
    }

    /// Whether any rule wants to know which Item a request is about.
    pub(crate) fn look_at_items(&self) -> bool {
        let waiting = lock(&self.0);
        let mut rules = waiting.rules.iter();
        rules.any(|active| active.rule.item_id.is_some())
    }

    /// The fault for a request. What waits for its path comes before the rules, and
    /// of those the first that strikes counts.
    pub(crate) fn take(&self, request: &Asked<'_>) -> Option<Fault> {
        let mut waiting = lock(&self.0);
        let mut next = |path: &str| waiting.queues.get_mut(path).and_then(VecDeque::pop_front);
        let queued = next(request.path).or_else(|| request.operation.and_then(next));
        if queued.is_some() {
            return queued;
        }
        let mut struck = None;
        for active in &mut waiting.rules {
            if active.strikes(request) && struck.is_none() {
                struck = Some(active.rule.fault.clone());
            }
        }
        struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<'a>(path: &'a str, operation: Option<&'a str>) -> Asked<'a> {
        Asked {
            path,
            operation,
            ..Asked::default()
        }
    }

    #[test]
    fn faults_queue_per_path() {
        let faults = Faults::default();
        faults.push("/a".into(), Fault::Drop);
        faults.push("/a".into(), Fault::RateLimit);
        faults.push("/b/{id}".into(), Fault::Truncate);
        assert_eq!(faults.take(&asked("/a", Some("/a"))), Some(Fault::Drop));
        assert_eq!(
            faults.take(&asked("/b/1", Some("/b/{id}"))),
            Some(Fault::Truncate)
        );
        assert_eq!(faults.take(&asked("/a", None)), Some(Fault::RateLimit));
        assert_eq!(faults.take(&asked("/a", Some("/a"))), None);
    }

    /// Which of the first requests a rule hits.
    fn hit(rule: FaultRule, requests: u64, request: &Asked<'_>) -> Vec<u64> {
        let faults = Faults::default();
        faults.add(rule);
        let hit = (1..=requests).filter(|_| faults.take(request).is_some());
        hit.collect()
    }

    #[test]
    fn rules_narrow_down() {
        let rule = || FaultRule::new(Fault::Drop);
        let request = Asked {
            path: "/fdx/consents/1",
            operation: Some("/fdx/consents/{consentId}"),
            id: Some("fdxConsentGet"),
            item_id: Some("item"),
        };
        assert_eq!(hit(rule(), 3, &request), [1, 2, 3]);
        assert_eq!(hit(rule().nth(2), 5, &request), [2]);
        assert_eq!(hit(rule().from(2).times(2), 5, &request), [2, 3]);
        for operation in [
            "/fdx/consents/{consentId}",
            "fdxConsentGet",
            "/fdx/consents/1",
        ] {
            assert_eq!(hit(rule().operation(operation), 1, &request), [1]);
        }
        assert!(hit(rule().operation("/item/get"), 3, &request).is_empty());
        assert_eq!(hit(rule().item("item").nth(2), 3, &request), [2]);
        assert!(hit(rule().item("other"), 3, &request).is_empty());
    }

    #[test]
    fn chance_is_repeatable_and_about_as_likely_as_said() {
        let rule = |percent, seed| FaultRule::new(Fault::Drop).probability(percent, seed);
        let request = Asked::default();
        let first = hit(rule(10, 1), 1_000, &request);
        assert_eq!(first, hit(rule(10, 1), 1_000, &request));
        assert_ne!(first, hit(rule(10, 2), 1_000, &request));
        assert!((60..140).contains(&first.len()), "{}", first.len());
        assert_eq!(hit(rule(0, 1), 100, &request).len(), 0);
        assert_eq!(hit(rule(100, 1), 100, &request).len(), 100);
    }
}
