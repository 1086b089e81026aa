//! Everything the emulator remembers: Items, tokens, reports, users.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    agenda::{Agenda, Event, LOGIN_LIFE, Pace},
    answers::Thing,
    catalog::{
        accounts::{self, ACCOUNTS, AccountTemplate},
        institutions::Institution,
        transactions::PERIOD,
    },
    clock::Clock,
    error::ApiError,
    ids::{Ids, check_token},
    ledger::{Ledger, Plan, Stretch},
    limits::Limits,
    products::{identity_verification::Verification, transfers::Transfers},
    storage::{Change, Journal, Misfit, Unwritten},
    webhook::{Attempt, Delivery, Signer},
};

/// Things of one kind that are kept. Whoever makes more is told to slow down;
/// without a limit a caller in a loop would fill the memory.
const CAPACITY: usize = 10_000;
/// Items are the largest things, with a ledger each.
const ITEM_CAPACITY: usize = 2_000;

/// How long a public token can be exchanged.
const PUBLIC_TOKEN_LIFE: TimeDelta = TimeDelta::minutes(30);

/// The days of history that an Item has unless its creator asks for more.
pub(crate) const DEFAULT_DAYS: u32 = 90;

/// Things by their name, up to a limit.
pub(crate) struct Store<T> {
    things: HashMap<String, T>,
    capacity: usize,
    /// The names of what may have changed since the data file was last told; `None`
    /// without such a file.
    touched: Option<BTreeSet<String>>,
}

impl<T> Store<T> {
    fn new(capacity: usize) -> Self {
        Self {
            things: HashMap::new(),
            capacity,
            touched: None,
        }
    }

    pub(crate) fn insert(&mut self, name: String, thing: T) -> Result<(), ApiError> {
        if self.things.len() >= self.capacity {
            return Err(ApiError::rate_limit("RATE_LIMIT"));
        }
        self.touch(&name);
        self.things.insert(name, thing);
        Ok(())
    }

    fn touch(&mut self, name: &str) {
        if let Some(touched) = &mut self.touched {
            touched.insert(name.to_owned());
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.things.get(name)
    }

    pub(crate) fn len(&self) -> usize {
        self.things.len()
    }

    /// All of them, in no order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.things.values()
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.touch(name);
        self.things.get_mut(name)
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<T> {
        self.touch(name);
        self.things.remove(name)
    }
}

/// Something that is written down in the data file.
pub(crate) trait Kept {
    /// From now on it is noted what is touched.
    fn track(&mut self);
    /// Notes what may have changed.
    fn changes(&mut self, kind: &'static str, journal: &mut Journal);
    /// Takes back what was written down.
    fn restore(&mut self, name: &str, value: &[u8]) -> Result<(), Misfit>;
}

impl<T: Serialize + DeserializeOwned> Kept for Store<T> {
    fn track(&mut self) {
        self.touched = Some(BTreeSet::new());
    }

    fn changes(&mut self, kind: &'static str, journal: &mut Journal) {
        for name in self
            .touched
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
        {
            journal.note(kind, &name, self.things.get(&name));
        }
    }

    fn restore(&mut self, name: &str, value: &[u8]) -> Result<(), Misfit> {
        let thing = serde_json::from_slice(value)?;
        self.things.insert(name.to_owned(), thing);
        Ok(())
    }
}

impl Kept for Agenda {
    fn track(&mut self) {
        self.track();
    }

    fn changes(&mut self, kind: &'static str, journal: &mut Journal) {
        self.changes(kind, journal);
    }

    fn restore(&mut self, name: &str, value: &[u8]) -> Result<(), Misfit> {
        self.restore(name, value)
    }
}

/// An account of an Item.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    #[serde(with = "accounts::kept")]
    pub(crate) template: Arc<AccountTemplate>,
    pub(crate) verification_status: Option<String>,
}

/// How an Item is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Condition {
    Good,
    LoginRequired,
    /// Kept, so that its tokens are told from those that never existed.
    Removed,
}

/// A user's connection to a bank.
#[derive(Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) institution: &'static Institution,
    pub(crate) products: Vec<String>,
    pub(crate) webhook: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) condition: Condition,
    pub(crate) accounts: Vec<Account>,
    /// Days of history; fixed as soon as the ledger is open.
    pub(crate) days_requested: Option<u32>,
    pub(crate) auth_was_read: bool,
    pub(crate) last_webhook: Option<(DateTime<Utc>, String)>,
    /// When the user signed in, the last time.
    pub(crate) signed_in_at: DateTime<Utc>,
    /// When the first month of transactions is there, and when all are.
    initial_at: DateTime<Utc>,
    historical_at: DateTime<Utc>,
    /// What a caller made up for the Item to have.
    plan: Option<Arc<Plan>>,
    /// Whether callers may make up transactions later on.
    pub(crate) is_dynamic: bool,
    /// Transactions that were added on request, and how many of them wait until the
    /// days that they are spread over are known.
    pub(crate) added: u32,
    waiting: u32,
    ledger_seed: u64,
    ledger: Option<Ledger>,
}

impl Item {
    pub(crate) fn account(&self, id: &str) -> Result<&Account, ApiError> {
        self.accounts
            .iter()
            .find(|account| account.id == id)
            .ok_or_else(ApiError::invalid_account_id)
    }

    /// The accounts with these identifiers, or all.
    pub(crate) fn select(&self, ids: Option<&[String]>) -> Result<Vec<&Account>, ApiError> {
        match ids {
            None => Ok(self.accounts.iter().collect()),
            Some(ids) => {
                for id in ids {
                    self.account(id)?;
                }
                Ok(self
                    .accounts
                    .iter()
                    .filter(|account| ids.contains(&account.id))
                    .collect())
            }
        }
    }

    /// The account that a transaction is booked on.
    pub(crate) fn account_id(&self, mask: &str) -> &str {
        self.accounts
            .iter()
            .find(|account| account.template.mask == mask)
            .map_or("", |account| &account.id)
    }

    pub(crate) fn has(&self, product: &str) -> bool {
        self.products.iter().any(|known| known == product)
    }

    /// What is wrong with the Item, in the words of an error answer.
    pub(crate) fn error(&self) -> Option<ApiError> {
        (self.condition == Condition::LoginRequired).then(ApiError::login_required)
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.condition != Condition::Removed
    }

    /// How much of the Item's transactions is there.
    pub(crate) fn history(&self, now: DateTime<Utc>) -> History {
        if now < self.initial_at {
            History::NotReady
        } else if now < self.historical_at {
            History::Initial
        } else {
            History::Complete
        }
    }

    /// The Item's transactions, if they have been looked at before.
    pub(crate) fn opened_ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }

    /// Adds so many settled transactions, which are there when all of the Item's are.
    pub(crate) fn add_transactions(&mut self, count: u32, now: DateTime<Utc>) {
        self.added += count;
        self.waiting += count;
        // Before that the days of history can still be asked for.
        if self.ledger.is_some() {
            self.ledger(now);
        }
    }

    /// The accounts that one pays with.
    pub(crate) fn pays_with(&self) -> impl Iterator<Item = &str> {
        let templates = self.accounts.iter().map(|account| &account.template);
        templates
            .filter(|template| matches!(&*template.subtype, "checking" | "credit card"))
            .map(|template| &*template.mask)
    }

    /// The Item's transactions, written down when they are first looked at.
    pub(crate) fn ledger(&mut self, now: DateTime<Utc>) -> &mut Ledger {
        let days = *self.days_requested.get_or_insert(DEFAULT_DAYS);
        let history = self.history(now);
        let days = match history {
            History::Complete => days,
            History::Initial => days.min(PERIOD),
            History::NotReady => 0,
        };
        let today = self.created_at.date_naive();
        let (seed, plan) = (self.ledger_seed, self.plan.clone());
        let mut ledger = self
            .ledger
            .take()
            .unwrap_or_else(|| Ledger::open(today, days, seed, plan));
        // The data file has it with the Item only.
        ledger.plan.clone_from(&self.plan);
        ledger.reach_back(days);
        if history == History::Complete && self.waiting > 0 {
            let masks: Vec<_> = self.pays_with().collect();
            ledger.add_various(self.waiting, &masks);
            self.waiting = 0;
        }
        self.ledger.insert(ledger)
    }

    /// Lets a day of the Item's history pass, and says whether it brought something.
    pub(crate) fn next_day(&mut self, at: DateTime<Utc>) -> bool {
        let number = at.signed_duration_since(self.created_at).num_days();
        let number = u32::try_from(number).unwrap_or_default();
        self.ledger(at).next_day(number)
    }
}

/// How much of an Item's transactions is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum History {
    NotReady,
    /// The first month.
    Initial,
    Complete,
}

/// What an Item is made from.
pub(crate) struct Blueprint {
    pub(crate) institution: &'static Institution,
    pub(crate) products: Vec<String>,
    pub(crate) webhook: Option<String>,
    pub(crate) days_requested: Option<u32>,
    /// The user, if not `user_good`.
    pub(crate) user: Option<Custom>,
    /// Whether it is the user `user_transactions_dynamic`.
    pub(crate) is_dynamic: bool,
}

/// A user that a caller made up.
#[derive(Debug)]
pub(crate) struct Custom {
    pub(crate) accounts: Vec<Arc<AccountTemplate>>,
    /// Their transactions; `None` for those of `user_good`.
    pub(crate) plan: Option<Arc<Plan>>,
}

#[derive(Serialize, Deserialize)]
struct PublicToken {
    item_id: String,
    expires_at: DateTime<Utc>,
    used: bool,
}

/// A processor or Stripe token: one account of an Item.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AccountToken {
    pub(crate) item_id: String,
    pub(crate) account_id: String,
}

/// What Link is opened with.
#[derive(Serialize, Deserialize)]
pub(crate) struct LinkToken {
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    /// The request's fields that `/link/token/get` gives back.
    pub(crate) metadata: Value,
    pub(crate) products: Vec<String>,
    pub(crate) webhook: Option<String>,
    pub(crate) days_requested: Option<u32>,
    pub(crate) user_id: Option<String>,
    /// The Item that Link repairs instead of making a new one.
    pub(crate) update: Option<String>,
    pub(crate) sessions: Vec<LinkSession>,
}

/// A user's way through Link.
#[derive(Serialize, Deserialize)]
pub(crate) struct LinkSession {
    pub(crate) id: String,
    pub(crate) finished_at: DateTime<Utc>,
    pub(crate) item_id: String,
    pub(crate) public_token: String,
}

/// An Asset Report.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) id: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) days_requested: u32,
    pub(crate) client_report_id: Option<String>,
    pub(crate) user: Value,
    pub(crate) webhook: Option<String>,
    pub(crate) item_ids: Vec<String>,
    /// Accounts that the report leaves out.
    #[serde(default)]
    pub(crate) excluded: Vec<String>,
    pub(crate) ready: bool,
}

/// A user made by `/user/create`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) user_id: String,
    pub(crate) user_token: String,
    #[serde(default)]
    pub(crate) client_user_id: String,
    /// Who it is, as far as that was told.
    #[serde(default)]
    pub(crate) identity: Option<Map<String, Value>>,
    #[serde(default)]
    pub(crate) created_at: DateTime<Utc>,
    #[serde(default)]
    pub(crate) updated_at: DateTime<Utc>,
}

/// A transfer that was proposed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Authorized {
    pub(crate) item_id: String,
    pub(crate) approved: bool,
    /// As the authorization shows it.
    pub(crate) proposed: Value,
}

/// What changes with almost every change.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Course {
    ids: Ids,
    /// How far the clock is ahead: seconds, and nanoseconds of one more.
    ahead: (i64, i32),
}

impl Course {
    pub(crate) fn ahead(&self) -> Option<TimeDelta> {
        let (seconds, nanoseconds) = self.ahead;
        TimeDelta::try_seconds(seconds)?.checked_add(&TimeDelta::nanoseconds(nanoseconds.into()))
    }

    pub(crate) fn into_ids(self) -> Ids {
        self.ids
    }
}

/// The same, to be written down.
#[derive(Serialize)]
struct CourseNow<'a> {
    ids: &'a Ids,
    ahead: (i64, i32),
}

/// The record of what stays the same.
pub(crate) const IDENTITY: &str = "identity";
/// The records of [`Course`], and of the parts of ledgers, among the others.
pub(crate) const COURSE: &str = "course";
const LEDGER: &str = "ledger";

/// All of it.
pub(crate) struct State {
    pub(crate) ids: Ids,
    /// The seed of made-up answers.
    pub(crate) answers: u64,
    pub(crate) signer: Arc<Signer>,
    pub(crate) clock: Clock,
    pub(crate) pace: Pace,
    pub(crate) agenda: Agenda,
    pub(crate) limits: Limits,
    pub(crate) items: Store<Item>,
    access_tokens: Store<String>,
    public_tokens: Store<PublicToken>,
    pub(crate) processor_tokens: Store<AccountToken>,
    pub(crate) stripe_tokens: Store<AccountToken>,
    pub(crate) link_tokens: Store<LinkToken>,
    pub(crate) reports: Store<Report>,
    /// The reports that an auditor reads, by the auditor's token.
    pub(crate) audit_copies: Store<Vec<String>>,
    pub(crate) verifications: Store<Verification>,
    /// What callers made with operations whose answers are made up.
    pub(crate) created: Store<Thing>,
    /// By the caller's own identifier.
    pub(crate) users: Store<User>,
    /// What was decided on proposed transfers.
    pub(crate) authorized: Store<Authorized>,
    pub(crate) transfers: Transfers,
    /// Answers by idempotency key, with the time of the first.
    pub(crate) authorizations: Store<(DateTime<Utc>, Value)>,
    /// The same for refunds, whose keys are others.
    pub(crate) refunds: Store<(DateTime<Utc>, Value)>,
    /// Webhooks that no receiver has taken yet, by their number; only with a data file.
    webhooks: Store<Attempt>,
    /// The number of the last webhook.
    sent: u64,
    journal: Option<Journal>,
}

impl State {
    pub(crate) fn new(mut ids: Ids, signer: Arc<Signer>, clock: Clock, pace: Pace) -> Self {
        Self {
            answers: ids.seed(),
            ids,
            signer,
            clock,
            pace,
            agenda: Agenda::default(),
            limits: Limits::default(),
            items: Store::new(ITEM_CAPACITY),
            access_tokens: Store::new(CAPACITY),
            public_tokens: Store::new(CAPACITY),
            processor_tokens: Store::new(CAPACITY),
            stripe_tokens: Store::new(CAPACITY),
            link_tokens: Store::new(CAPACITY),
            reports: Store::new(CAPACITY),
            audit_copies: Store::new(CAPACITY),
            verifications: Store::new(CAPACITY),
            created: Store::new(CAPACITY),
            users: Store::new(CAPACITY),
            authorized: Store::new(CAPACITY),
            transfers: Transfers::default(),
            authorizations: Store::new(CAPACITY),
            refunds: Store::new(CAPACITY),
            webhooks: Store::new(CAPACITY),
            sent: 0,
            journal: None,
        }
    }

    /// What the data file has, by the names under which it has it.
    fn kept(&mut self) -> [(&'static str, &mut dyn Kept); 17] {
        // Without `..`, so that nobody adds something and forgets the file.
        let Self {
            ids: _,
            answers: _,
            signer: _,
            clock: _,
            pace: _,
            agenda,
            limits: _,
            items,
            access_tokens,
            public_tokens,
            processor_tokens,
            stripe_tokens,
            link_tokens,
            reports,
            audit_copies,
            verifications,
            created,
            users,
            authorized,
            transfers,
            authorizations,
            refunds,
            webhooks,
            sent: _,
            journal: _,
        } = self;
        [
            ("access_token", access_tokens),
            ("audit_copy", audit_copies),
            ("authorization", authorizations),
            ("authorized", authorized),
            ("created", created),
            ("event", agenda),
            ("item", items),
            ("link_token", link_tokens),
            ("processor_token", processor_tokens),
            ("public_token", public_tokens),
            ("refund", refunds),
            ("report", reports),
            ("stripe_token", stripe_tokens),
            ("transfer", transfers),
            ("user", users),
            ("verification", verifications),
            ("webhook", webhooks),
        ]
    }

    /// From now on it is noted what changes, for the data file.
    pub(crate) fn track(&mut self) -> &mut Journal {
        for (_, kept) in self.kept() {
            kept.track();
        }
        self.journal.get_or_insert_default()
    }

    /// What has changed since this was last asked.
    pub(crate) fn changes(&mut self) -> Result<Vec<Change>, Unwritten> {
        let Some(mut journal) = self.journal.take() else {
            return Ok(Vec::new());
        };
        let ahead = self.clock.ahead();
        let ids = &self.ids;
        let ahead = (ahead.num_seconds(), ahead.subsec_nanos());
        journal.note(COURSE, "", Some(&CourseNow { ids, ahead }));
        self.ledger_changes(&mut journal);
        for (kind, kept) in self.kept() {
            kept.changes(kind, &mut journal);
        }
        let changes = journal.take();
        self.journal = Some(journal);
        changes
    }

    fn ledger_changes(&mut self, journal: &mut Journal) {
        let Store {
            things, touched, ..
        } = &mut self.items;
        for id in touched.iter().flatten() {
            let ledger = things.get_mut(id).and_then(|item| item.ledger.as_mut());
            if let Some((start, stretch)) = ledger.and_then(Ledger::unwritten) {
                // With zeros in front the names are in the order of the log.
                journal.append_encoded(LEDGER, format!("{id}/{start:012}"), stretch.encode());
            }
        }
    }

    /// Takes back what was written down. Items come before their ledgers.
    pub(crate) fn restore(&mut self, kind: &str, name: &str, value: &[u8]) -> Result<(), Misfit> {
        if kind == LEDGER {
            let (id, start) = name.split_once('/').ok_or(Misfit)?;
            let item = self.items.things.get_mut(id);
            let ledger = item.and_then(|item| item.ledger.as_mut());
            let start = start.parse().map_err(|_| Misfit)?;
            return ledger
                .ok_or(Misfit)?
                .restore(start, &Stretch::decode(value)?);
        }
        let kind = match kind {
            IDENTITY => IDENTITY,
            COURSE => COURSE,
            _ => {
                let mut kept = self.kept().into_iter();
                let (kind, kept) = kept.find(|(known, _)| *known == kind).ok_or(Misfit)?;
                kept.restore(name, value)?;
                kind
            }
        };
        if let Some(journal) = &mut self.journal {
            journal.know(kind, name, value);
        }
        Ok(())
    }

    /// Writes webhooks down that are about to leave, if anything is written down.
    pub(crate) fn keep_webhooks(&mut self, outbox: &mut [Delivery]) {
        if self.journal.is_none() {
            return;
        }
        let now = self.now();
        for delivery in outbox {
            self.sent += 1;
            delivery.number = Some(self.sent);
            let attempt = Attempt::first(now, delivery.clone());
            // Beyond the limit they are sent and not written down.
            let _ = self.webhooks.insert(self.sent.to_string(), attempt);
        }
    }

    /// Forgets a webhook, or remembers when it is tried again.
    pub(crate) fn keep_webhook(&mut self, number: u64, attempt: Option<&Attempt>) {
        let name = number.to_string();
        match (attempt, self.webhooks.get_mut(&name)) {
            (Some(attempt), Some(kept)) => *kept = attempt.clone(),
            _ => {
                self.webhooks.remove(&name);
            }
        }
    }

    /// The webhooks that an earlier run has left behind, in their order. New ones get
    /// numbers after theirs.
    pub(crate) fn kept_webhooks(&mut self) -> Vec<Attempt> {
        let mut attempts: Vec<_> = self.webhooks.things.values().cloned().collect();
        attempts.sort_by_key(|attempt| (attempt.at, attempt.delivery.number));
        let last = attempts
            .iter()
            .filter_map(|attempt| attempt.delivery.number);
        self.sent = last.max().unwrap_or_default().max(self.sent);
        attempts
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The transactions that were added to Items on request.
    pub(crate) fn added_transactions(&self) -> u32 {
        self.items.things.values().map(|item| item.added).sum()
    }

    /// Makes an Item with the accounts of its user.
    pub(crate) fn create_item(&mut self, blueprint: Blueprint) -> Result<String, ApiError> {
        let id = self.ids.id();
        let user = blueprint.user.unwrap_or_else(|| Custom {
            accounts: ACCOUNTS.to_vec(),
            plan: None,
        });
        let accounts = user
            .accounts
            .into_iter()
            .map(|template| Account {
                id: self.ids.id(),
                template,
                verification_status: None,
            })
            .collect();
        let now = self.now();
        let item = Item {
            id: id.clone(),
            institution: blueprint.institution,
            products: blueprint.products,
            webhook: blueprint.webhook,
            created_at: now,
            signed_in_at: now,
            initial_at: now + self.pace.initial(),
            historical_at: now + self.pace.historical(),
            condition: Condition::Good,
            accounts,
            days_requested: blueprint.days_requested,
            auth_was_read: false,
            last_webhook: None,
            added: 0,
            waiting: 0,
            ledger_seed: self.ids.seed(),
            plan: user.plan,
            is_dynamic: blueprint.is_dynamic,
            ledger: None,
        };
        let has_transactions = item.has("transactions");
        self.items.insert(id.clone(), item)?;
        self.agenda
            .add(now + LOGIN_LIFE, Event::LoginExpired(id.clone()));
        if has_transactions {
            self.plan_history(&id, now);
        }
        Ok(id)
    }

    fn plan_history(&mut self, item_id: &str, now: DateTime<Utc>) {
        let id = || item_id.to_owned();
        if self.pace == Pace::Lifelike {
            let (initial, historical) = (self.pace.initial(), self.pace.historical());
            self.agenda.add(now + initial, Event::InitialUpdate(id()));
            self.agenda
                .add(now + historical, Event::HistoricalUpdate(id()));
        }
        self.agenda
            .add(now + TimeDelta::days(1), Event::NextDay(id()));
    }

    pub(crate) fn issue_public_token(&mut self, item_id: String) -> Result<String, ApiError> {
        let token = self.ids.token("public");
        let expires_at = self.now() + PUBLIC_TOKEN_LIFE;
        self.public_tokens.insert(
            token.clone(),
            PublicToken {
                item_id,
                expires_at,
                used: false,
            },
        )?;
        Ok(token)
    }

    /// The Item of a public token, which can be asked for once.
    pub(crate) fn redeem_public_token(&mut self, token: &str) -> Result<String, ApiError> {
        const CODE: &str = "INVALID_PUBLIC_TOKEN";
        check_token("public", CODE, token)?;
        let now = self.now();
        let known = self
            .public_tokens
            .get_mut(token)
            .ok_or_else(|| ApiError::invalid_input(CODE, "could not find matching public token"))?;
        if known.used {
            return Err(ApiError::invalid_input(
                CODE,
                "provided public token has already been exchanged",
            ));
        }
        if known.expires_at <= now {
            return Err(ApiError::invalid_input(
                CODE,
                "provided public token has expired",
            ));
        }
        known.used = true;
        Ok(known.item_id.clone())
    }

    pub(crate) fn issue_access_token(&mut self, item_id: String) -> Result<String, ApiError> {
        let token = self.ids.token("access");
        self.access_tokens.insert(token.clone(), item_id)?;
        Ok(token)
    }

    pub(crate) fn revoke_access_token(&mut self, token: &str) {
        self.access_tokens.remove(token);
    }

    /// The Item that an access token opens, removed or not.
    pub(crate) fn item_of_access_token(&self, token: &str) -> Result<&str, ApiError> {
        const CODE: &str = "INVALID_ACCESS_TOKEN";
        check_token("access", CODE, token)?;
        self.access_tokens
            .get(token)
            .map(String::as_str)
            .ok_or_else(|| ApiError::invalid_input(CODE, "could not find matching access token"))
    }

    pub(crate) fn user_by_token(&self, token: &str) -> Option<&User> {
        self.users
            .things
            .values()
            .find(|user| user.user_token == token)
    }

    pub(crate) fn user_by_id(&self, id: &str) -> Option<&User> {
        self.users.things.values().find(|user| user.user_id == id)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;

    fn state() -> State {
        let mut ids = Ids::new(Some(1));
        let signer = Arc::new(Signer::new(&mut ids));
        State::new(ids, signer, Clock::new(), Pace::AtOnce)
    }

    #[test]
    fn a_public_token_is_redeemed_once_and_in_time() {
        let mut state = state();
        let token = state.issue_public_token("item".into()).unwrap();
        assert_eq!(state.redeem_public_token(&token).unwrap(), "item");
        assert_eq!(
            state.redeem_public_token(&token).unwrap_err().error_code,
            "INVALID_PUBLIC_TOKEN"
        );

        let late = state.issue_public_token("item".into()).unwrap();
        state.clock.advance(Duration::from_secs(30 * 60));
        let error = state.redeem_public_token(&late).unwrap_err();
        assert_eq!(
            error.message.as_deref(),
            Some("provided public token has expired")
        );
    }

    #[test]
    fn stores_are_bounded() {
        let mut store = Store::new(1);
        store.insert("a".into(), ()).unwrap();
        assert_eq!(
            store.insert("b".into(), ()).unwrap_err().error_code,
            "RATE_LIMIT"
        );
    }
}
