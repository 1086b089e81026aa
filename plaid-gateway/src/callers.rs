//! Who may call, what, and how much.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use http::HeaderValue;
use plaid_common::credential;
use subtle::{Choice, ConditionallySelectable};

use crate::error::ConfigError;
use crate::key::KeyHash;
use crate::operations::{Operation, operations};
use crate::refusal::Refusal;
use crate::slots::{Slots, Taken};

/// The longest key that is looked at.
const MAX_KEY: usize = 256;

/// The name in logs and metrics of a caller on a gateway that asks for no key.
pub(crate) static NO_KEY: LazyLock<Arc<str>> = LazyLock::new(|| "local".into());
/// The same for one that has not shown a key that is known.
pub(crate) static UNKNOWN: LazyLock<Arc<str>> = LazyLock::new(|| "unknown".into());

/// A caller and its limits.
///
/// ```
/// use plaid_gateway::{Caller, NewKey};
///
/// let key = NewKey::generate()?;
/// let caller = Caller::new("billing", key.hash).products(["transactions"]).rate(20, 40);
/// # Ok::<(), plaid_gateway::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Caller {
    pub(crate) name: String,
    pub(crate) key: KeyHash,
    pub(crate) has_all_operations: bool,
    pub(crate) operations: Vec<String>,
    pub(crate) products: Vec<String>,
    pub(crate) rate: Option<(u32, u32)>,
    pub(crate) concurrency: Option<usize>,
    pub(crate) max_body: Option<usize>,
}

impl Caller {
    /// A caller that may use nothing until it is given [`operations`](Self::operations),
    /// [`products`](Self::products) or [`all_operations`](Self::all_operations). The name
    /// appears in logs and metrics.
    pub fn new(name: impl Into<String>, key: KeyHash) -> Self {
        Self {
            name: name.into(),
            key,
            has_all_operations: false,
            operations: Vec::new(),
            products: Vec::new(),
            rate: None,
            concurrency: None,
            max_body: None,
        }
    }

    /// Allows these operations, by id or path, and those of [`products`](Self::products).
    pub fn operations<T: Into<String>>(mut self, allowed: impl IntoIterator<Item = T>) -> Self {
        self.operations.extend(allowed.into_iter().map(Into::into));
        self
    }

    /// Allows all operations of these products.
    pub fn products<T: Into<String>>(mut self, allowed: impl IntoIterator<Item = T>) -> Self {
        self.products.extend(allowed.into_iter().map(Into::into));
        self
    }

    /// Allows every operation of the API, also those that move money.
    pub fn all_operations(mut self) -> Self {
        self.has_all_operations = true;
        self
    }

    /// Allows this many calls per second, and this many at once after a pause. Each
    /// gateway counts for itself: three of them let three times as many through.
    pub fn rate(mut self, per_second: u32, burst: u32) -> Self {
        self.rate = Some((per_second, burst));
        self
    }

    /// Allows this many calls under way at a time.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = Some(calls);
        self
    }

    /// Allows bodies of this many bytes, if the gateway does.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = Some(bytes);
        self
    }
}

/// All callers, ready to be asked for.
#[derive(Debug, Default)]
pub(crate) struct Callers(Vec<Arc<Known>>);

/// A caller with what it has used up of its limits.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) caller: Caller,
    pub(crate) name: Arc<str>,
    allowed: Allowed,
    rate: Option<DefaultDirectRateLimiter>,
    slots: Option<Arc<Slots>>,
}

/// The operations that a caller may use.
#[derive(Debug)]
enum Allowed {
    All,
    /// These ids.
    These(HashSet<&'static str>),
}

impl Callers {
    /// What `before` counts is carried over for callers that have not changed, so a
    /// reload gives nobody a fresh start.
    pub(crate) fn new(callers: &[Caller], before: Option<&Self>) -> Result<Self, ConfigError> {
        let mut names = HashSet::new();
        let mut hashes = HashSet::new();
        let mut known = Vec::with_capacity(callers.len());
        for caller in callers {
            if !names.insert(caller.name.as_str()) || !hashes.insert(caller.key.bytes()) {
                let name = &caller.name;
                let message = format!("the caller {name:?}, or its key, is there twice");
                return Err(ConfigError::new(message));
            }
            let same = before.and_then(|b| b.0.iter().find(|k| k.caller == *caller));
            known.push(match same {
                Some(same) => Arc::clone(same),
                None => Arc::new(Known::new(caller)?),
            });
        }
        Ok(Self(known))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The caller whose key this is. Takes as long for a wrong key as for a right one,
    /// wherever in the list it stands.
    pub(crate) fn find(&self, authorization: Option<&HeaderValue>) -> Option<&Arc<Known>> {
        let key = KeyHash::of(bearer(authorization?)?);
        let mut found = u32::MAX;
        for (index, known) in (0_u32..).zip(&self.0) {
            let same: Choice = known.caller.key.is(&key);
            found.conditional_assign(&index, same);
        }
        self.0.get(usize::try_from(found).ok()?)
    }
}

/// The key in `Bearer KEY`.
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    let is_key = key.len() <= MAX_KEY && credential::problem(key).is_none();
    (scheme.eq_ignore_ascii_case("bearer") && is_key).then_some(key)
}

impl Known {
    fn new(caller: &Caller) -> Result<Self, ConfigError> {
        let name = &caller.name;
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if name.is_empty() || name.len() > 64 || !name.bytes().all(is_plain) {
            return Err(ConfigError::new(format!(
                "the caller's name {name:?} has to be 1 to 64 letters, digits, `-`, `_` or `.`",
            )));
        }
        if [&**NO_KEY, &**UNKNOWN].contains(&name.as_str()) {
            let message =
                format!("the caller's name {name:?} has a meaning of its own in the logs");
            return Err(ConfigError::new(message));
        }
        Ok(Self {
            allowed: Allowed::of(caller)?,
            rate: caller.rate.map(|rate| limiter(name, rate)).transpose()?,
            slots: caller.concurrency.map(Slots::new),
            name: caller.name.as_str().into(),
            caller: caller.clone(),
        })
    }

    pub(crate) fn may_use(&self, operation: &Operation) -> Result<(), Refusal> {
        match &self.allowed {
            Allowed::All => Ok(()),
            Allowed::These(ids) if ids.contains(operation.id.as_str()) => Ok(()),
            Allowed::These(_) => Err(Refusal::NotAllowed),
        }
    }

    /// Counts a call.
    pub(crate) fn admit(&self) -> Result<Option<Taken>, Refusal> {
        let slot = match &self.slots {
            Some(slots) => Some(slots.take(1).ok_or(Refusal::CallerBusy)?),
            None => None,
        };
        if let Some(Err(full)) = self.rate.as_ref().map(RateLimiter::check) {
            let wait: Duration = full.wait_time_from(DefaultClock::default().now());
            return Err(Refusal::RateLimit(wait));
        }
        Ok(slot)
    }
}

impl Allowed {
    fn of(caller: &Caller) -> Result<Self, ConfigError> {
        if caller.has_all_operations {
            return Ok(Self::All);
        }
        let mut ids = HashSet::new();
        for wanted in &caller.operations {
            let is_it = |o: &&Operation| o.id == *wanted || o.path == *wanted;
            let found = operations().iter().find(is_it);
            let found = found.ok_or_else(|| unknown(caller, "operation", wanted))?;
            ids.insert(found.id.as_str());
        }
        for wanted in &caller.products {
            let of_product = operations().iter().filter(|o| o.product == *wanted);
            let before = ids.len();
            ids.extend(of_product.map(|o| o.id.as_str()));
            let is_known = || operations().iter().any(|o| o.product == *wanted);
            if ids.len() == before && !is_known() {
                return Err(unknown(caller, "product", wanted));
            }
        }
        Ok(Self::These(ids))
    }
}

fn unknown(caller: &Caller, what: &str, wanted: &str) -> ConfigError {
    let name = &caller.name;
    ConfigError::new(format!(
        "the caller {name:?} is allowed the {what} {wanted:?}, which the API does not have"
    ))
}

fn limiter(
    name: &str,
    (per_second, burst): (u32, u32),
) -> Result<DefaultDirectRateLimiter, ConfigError> {
    let positive = |number| {
        NonZeroU32::new(number).ok_or_else(|| {
            ConfigError::new(format!(
                "the rate and burst of the caller {name:?} have to be positive"
            ))
        })
    };
    let quota = Quota::per_second(positive(per_second)?).allow_burst(positive(burst)?);
    Ok(RateLimiter::direct(quota))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::NewKey;

    fn header(text: &str) -> HeaderValue {
        HeaderValue::from_str(text).unwrap()
    }

    fn callers(callers: &[Caller]) -> Result<Callers, String> {
        Callers::new(callers, None).map_err(|error| error.to_string())
    }

    fn operation(id: &str) -> &'static Operation {
        operations().iter().find(|o| o.id == id).unwrap()
    }

    #[test]
    fn a_caller_is_known_by_its_key_alone() {
        let keys: Vec<NewKey> = (0..3).map(|_| NewKey::generate().unwrap()).collect();
        let list: Vec<Caller> = keys
            .iter()
            .enumerate()
            .map(|(index, key)| Caller::new(format!("caller-{index}"), key.hash))
            .collect();
        let callers = callers(&list).unwrap();
        for (index, key) in keys.iter().enumerate() {
            for scheme in ["Bearer", "bearer", "BEARER"] {
                let found = callers.find(Some(&header(&format!("{scheme} {}", key.key))));
                assert_eq!(found.unwrap().caller.name, format!("caller-{index}"));
            }
        }
        let key = &keys[0].key;
        for wrong in [
            key.clone(),
            format!("Basic {key}"),
            format!("Bearer  {key}"),
            format!("Bearer {key} "),
            format!("Bearer {key}x"),
            format!("Bearer {}", &key[1..]),
            format!("Bearer {}", keys[0].hash),
            format!("Bearer {}", "x".repeat(10_000)),
            "Bearer ".to_owned(),
            "Bearer".to_owned(),
        ] {
            assert!(callers.find(Some(&header(&wrong))).is_none(), "{wrong}");
        }
        assert!(callers.find(None).is_none());
    }

    #[test]
    fn an_allow_list_narrows_what_a_caller_may_use() {
        let hash = KeyHash::of("a");
        let caller = Caller::new("a", hash)
            .operations(["/auth/get", "itemGet"])
            .products(["accounts"]);
        let callers = callers(&[caller]).unwrap();
        for (id, allowed) in [
            ("authGet", true),
            ("itemGet", true),
            ("accountsGet", true),
            ("itemRemove", false),
            ("transferCreate", false),
        ] {
            let outcome = callers.0[0].may_use(operation(id));
            assert_eq!(outcome.is_ok(), allowed, "{id}");
        }
    }

    #[test]
    fn a_caller_that_was_given_nothing_may_use_nothing() {
        let hash = KeyHash::of("a");
        for (caller, allowed) in [
            (Caller::new("a", hash), false),
            (Caller::new("a", hash).rate(1, 1).concurrency(1), false),
            (Caller::new("a", hash).operations([""; 0]), false),
            (Caller::new("a", hash).products([""; 0]), false),
            (Caller::new("a", hash).all_operations(), true),
        ] {
            let callers = callers(std::slice::from_ref(&caller)).unwrap();
            for id in ["itemGet", "transferCreate"] {
                let outcome = callers.0[0].may_use(operation(id));
                assert_eq!(outcome.is_ok(), allowed, "{caller:?} {id}");
            }
        }
    }

    #[test]
    fn rate_and_concurrency_are_counted_over_a_reload() {
        let list = [Caller::new("a", KeyHash::of("a")).rate(1, 2).concurrency(1)];
        let before = callers(&list).unwrap();
        let first = before.0[0].admit().unwrap();
        assert_eq!(before.0[0].admit().unwrap_err(), Refusal::CallerBusy);
        let after = Callers::new(&list, Some(&before)).unwrap();
        assert_eq!(after.0[0].admit().unwrap_err(), Refusal::CallerBusy);
        drop(first);
        assert!(after.0[0].admit().is_ok());
        let refused = after.0[0].admit().unwrap_err();
        assert!(matches!(refused, Refusal::RateLimit(wait) if wait <= Duration::from_secs(1)));
    }

    #[test]
    fn mistakes_in_a_caller_are_told() {
        let hash = KeyHash::of("a");
        for (list, problem) in [
            (vec![Caller::new("", hash)], "name"),
            (vec![Caller::new("a b", hash)], "name"),
            (vec![Caller::new("local", hash)], "meaning"),
            (
                vec![Caller::new("a", hash).operations(["/nothing"])],
                "/nothing",
            ),
            (
                vec![Caller::new("a", hash).products(["nothing"])],
                "nothing",
            ),
            (vec![Caller::new("a", hash).rate(0, 1)], "positive"),
            (
                vec![Caller::new("a", hash), Caller::new("b", hash)],
                "twice",
            ),
        ] {
            let error = callers(&list).unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
    }
}
