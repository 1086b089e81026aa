//! The mock and its rules.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Request;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Asked, Reply};
use crate::call::Untyped;
use crate::client::{Client, ClientBuilder};
use crate::config::Environment;
use crate::error::Result;
use crate::net::{HttpTransport, TransportFailure, TransportFuture};
use crate::operation::Operation;
use crate::retry::RetryPolicy;

/// A transport that answers by rules and keeps what was asked.
///
/// A request is answered by the first rule, in the order in which they were made,
/// that is for its operation, whose conditions hold and that has a reply left. If
/// there is none, the call ends with [`Error::Config`](crate::Error::Config), which
/// says what was asked and which rules there are, and [`verify`](Self::verify)
/// reports it as well, should the code under test have swallowed it.
///
/// Clones are the same mock.
#[derive(Clone, Default)]
pub struct Mock(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    rules: Vec<Arc<Mutex<Entry>>>,
    asked: Vec<Asked>,
    /// Requests that no rule was for.
    unanswered: Vec<Asked>,
}

type Condition = Arc<dyn Fn(&Asked) -> bool + Send + Sync>;

/// A rule.
struct Entry {
    method: &'static str,
    path: Cow<'static, str>,
    place: &'static Location<'static>,
    conditions: Vec<Condition>,
    steps: Vec<Step>,
    is_optional: bool,
}

/// A reply and how often it is given.
struct Step {
    reply: Reply,
    /// `None` is without end.
    times: Option<u32>,
    given: u32,
}

impl Step {
    fn is_used_up(&self) -> bool {
        self.times.is_some_and(|times| self.given >= times)
    }

    fn is_unmet(&self) -> bool {
        self.given < self.times.unwrap_or(1)
    }
}

impl Entry {
    fn is_for(&self, asked: &Asked) -> bool {
        self.method == asked.method() && fits(&self.path, asked.path())
    }

    fn take(&mut self) -> Option<Reply> {
        let step = self.steps.iter_mut().find(|step| !step.is_used_up())?;
        step.given = step.given.saturating_add(1);
        Some(step.reply.clone())
    }

    fn add(&mut self, reply: Reply) {
        // What was the last reply, to be given without end, is so no longer.
        if let Some(last) = self.steps.last_mut() {
            last.times.get_or_insert(1);
        }
        self.steps.push(Step {
            reply,
            times: None,
            given: 0,
        });
    }

    fn is_unmet(&self) -> bool {
        !self.is_optional && self.steps.iter().any(Step::is_unmet)
    }
}

/// As a failed test shows it.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, line) = (self.place.file(), self.place.line());
        write!(f, "{} {} ({file}:{line}", self.method, self.path)?;
        if !self.conditions.is_empty() {
            write!(f, ", on a condition")?;
        }
        let given: u32 = self.steps.iter().map(|step| step.given).sum();
        match self.steps.last() {
            None => write!(f, ", without a reply)"),
            Some(last) if last.is_used_up() => write!(f, ", used up after {given})"),
            Some(_) => write!(f, ", used {given} times)"),
        }
    }
}

/// Whether a path is that of the template, whose `{parts}` stand for anything.
fn fits(template: &str, path: &str) -> bool {
    let is_open = |part: &str| part.starts_with('{') && part.ends_with('}');
    let (mut parts, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (parts.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(given)) if part == given || is_open(part) => {}
            _ => return false,
        }
    }
}

impl Mock {
    /// A mock without rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// A client of this mock. It has made-up credentials and does not pause before it
    /// tries again; for another one, give the mock to
    /// [`ClientBuilder::transport`](crate::ClientBuilder::transport).
    ///
    /// # Errors
    /// When this machine has no TLS, without which no client can be made.
    pub fn client(&self) -> Result<Client> {
        self.builder().build()
    }

    /// Like [`client`](Self::client), for more to be set.
    pub fn builder(&self) -> ClientBuilder {
        Client::builder()
            .environment(Environment::Sandbox)
            .credentials("mock-client-id", "mock-secret")
            .retry(RetryPolicy::new().base(Duration::ZERO))
            .transport(self.clone())
    }

    /// A rule for an operation.
    #[track_caller]
    pub fn on<O: Operation>(&self) -> Rule<O> {
        self.add(O::INFO.method, Cow::Borrowed(O::INFO.path))
    }

    /// A rule for an endpoint that this crate does not have; see
    /// [`Client::call`](crate::Client::call).
    #[track_caller]
    pub fn at(&self, path: &str) -> Rule<Untyped<Value>> {
        self.add("POST", Cow::Owned(path.to_owned()))
    }

    #[track_caller]
    fn add<O: Operation>(&self, method: &'static str, path: Cow<'static, str>) -> Rule<O> {
        let entry = Arc::new(Mutex::new(Entry {
            method,
            path,
            place: Location::caller(),
            conditions: Vec::new(),
            steps: Vec::new(),
            is_optional: false,
        }));
        lock(&self.0).rules.push(Arc::clone(&entry));
        Rule(entry, PhantomData)
    }

    /// Everything that was asked so far, in order.
    pub fn requests(&self) -> Vec<Asked> {
        lock(&self.0).asked.clone()
    }

    /// What was asked of an operation so far, in order.
    pub fn requests_of<O: Operation>(&self) -> Vec<Asked> {
        let info = O::INFO;
        let is_of = |asked: &Asked| info.method == asked.method() && fits(info.path, asked.path());
        self.requests().into_iter().filter(is_of).collect()
    }

    /// Whether every reply was given, and every request had a rule. A reply that may
    /// be given without end has to have been given once.
    ///
    /// # Errors
    /// What is missing, one per line.
    pub fn verify(&self) -> Result<(), Unmet> {
        let (rules, unanswered) = {
            let state = lock(&self.0);
            (state.rules.clone(), state.unanswered.clone())
        };
        let unmet = rules.iter().filter_map(|rule| {
            let rule = lock(rule);
            rule.is_unmet()
                .then(|| format!("not all replies given: {rule}"))
        });
        let unanswered = unanswered
            .iter()
            .map(|asked| format!("no rule for {asked}"));
        let lines: Vec<String> = unmet.chain(unanswered).collect();
        match lines.is_empty() {
            true => Ok(()),
            false => Err(Unmet(lines.join("\n"))),
        }
    }

    fn reply(&self, asked: &Asked) -> Result<Reply, TransportFailure> {
        let rules = {
            let mut state = lock(&self.0);
            state.asked.push(asked.clone());
            state.rules.clone()
        };
        let of_operation = rules.iter().filter(|rule| lock(rule).is_for(asked));
        for rule in of_operation {
            let conditions = lock(rule).conditions.clone();
            // Not under a lock: a condition may look at the mock itself.
            if conditions.iter().all(|condition| condition(asked))
                && let Some(reply) = lock(rule).take()
            {
                return Ok(reply);
            }
        }
        lock(&self.0).unanswered.push(asked.clone());
        let rules: Vec<String> = rules.iter().map(|rule| lock(rule).to_string()).collect();
        let rules = match rules.is_empty() {
            true => "there are no rules".to_owned(),
            false => format!("the rules are: {}", rules.join(", ")),
        };
        let problem = format!("the mock has no rule for {asked}; {rules}");
        Err(TransportFailure::refused(problem))
    }
}

impl HttpTransport for Mock {
    fn execute(&self, request: Request) -> TransportFuture<'_> {
        Box::pin(async move { self.reply(&Asked::read(&request))?.play().await })
    }
}

impl fmt::Debug for Mock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = lock(&self.0).rules.clone();
        let rules: Vec<String> = rules.iter().map(|rule| lock(rule).to_string()).collect();
        f.debug_struct("Mock")
            .field("rules", &rules)
            .field("asked", &lock(&self.0).asked)
            .finish_non_exhaustive()
    }
}

/// A rule of a [`Mock`]'s.
///
/// Replies are given in the order in which they were added, each once, or as
/// often as [`times`](Self::times) says; the last one without end, unless `times`
/// says otherwise.
///
/// ```
/// # #[cfg(feature = "items")]
/// # {
/// use plaid::products::items::ItemGet;
/// use plaid::testing::{Mock, Reply};
///
/// let mock = Mock::new();
/// mock.on::<ItemGet>()
///     .when(|request| request.access_token.expose_secret() == "access-sandbox-1")
///     .reply(Reply::broken_connection())
///     .times(2)
///     .reply(Reply::error("ITEM_ERROR", "ITEM_NOT_FOUND"));
/// # }
/// ```
pub struct Rule<O: Operation>(Arc<Mutex<Entry>>, PhantomData<fn() -> O>);

impl<O: Operation> Rule<O> {
    /// Only for requests of which this is true. A request that does not fit the
    /// operation's type is not among them.
    pub fn when(self, condition: impl Fn(&O::Request) -> bool + Send + Sync + 'static) -> Self
    where
        O::Request: DeserializeOwned,
    {
        self.when_asked(move |asked| asked.decode().is_ok_and(|request| condition(&request)))
    }

    /// Like [`when`](Self::when), for a condition on headers or on fields that the
    /// type does not have.
    pub fn when_asked(self, condition: impl Fn(&Asked) -> bool + Send + Sync + 'static) -> Self {
        lock(&self.0).conditions.push(Arc::new(condition));
        self
    }

    /// Adds a success with this value.
    pub fn answer(self, value: O::Response) -> Self
    where
        O::Response: Serialize,
    {
        self.reply(Reply::json(value))
    }

    /// Adds a reply.
    pub fn reply(self, reply: Reply) -> Self {
        lock(&self.0).add(reply);
        self
    }

    /// How often the reply that was added last is given.
    pub fn times(self, times: u32) -> Self {
        if let Some(step) = lock(&self.0).steps.last_mut() {
            step.times = Some(times);
        }
        self
    }

    /// It is fine if the replies are not given; see [`Mock::verify`].
    pub fn optional(self) -> Self {
        lock(&self.0).is_optional = true;
        self
    }
}

impl<O: Operation> fmt::Debug for Rule<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({})", lock(&self.0))
    }
}

/// What a [`Mock`] expected or could not answer, one per line.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unmet(String);

/// The same, since this is what `unwrap` prints.
impl fmt::Debug for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A condition that panics does so in the call that is being made, and leaves
/// nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
