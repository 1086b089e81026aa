//! An Item's transactions and everything that ever happened to them.
//!
//! The ledger is a log of changes. `/transactions/sync` reads it from a
//! position on; `/transactions/refresh` appends to it. A caller who pages
//! through the updates sees the net effect of the log at the time of the first
//! page: should the log grow before the last page, the run has to start again,
//! as it has to with the real API.
//!
//! A thousand Items can have ten thousand transactions each. So the log has no
//! record of what is almost all of it, a transaction being added: wherever it says
//! nothing else, the next one was. Identifiers are made from numbers when they are
//! asked for.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap, HashSet},
    num::NonZeroU32,
    ops::Range,
    sync::Arc,
};

use chrono::{Datelike, Days, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::{
    catalog::transactions::{self, Booking, MONTH, PERIOD, PURCHASE, TIP, Text, VARIOUS},
    ids::{Id, Ids},
    money::{self, Money},
    storage::{self, Misfit},
};

/// Refreshes that one Item takes. The log grows with each of them.
const MAX_REFRESHES: usize = 1_000;

/// One transaction, as it is now. There may be millions: it has 32 bytes.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) booking: Arc<Booking>,
    pub(crate) amount: Money,
    pub(crate) date: NaiveDate,
    /// The number of the pending transaction that this one replaced, and one more.
    replaces: Option<NonZeroU32>,
    /// The number of its account among those of the ledger.
    pub(crate) account: u8,
    pub(crate) pending: bool,
    removed: bool,
}

/// Something that happened to a transaction after it was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Touch {
    /// Its place in the log.
    position: usize,
    /// The transaction's number.
    number: u32,
}

/// What a place in the log says: the number of a transaction that was added there, or
/// that was there already.
#[derive(Debug, Clone, Copy)]
enum Change {
    Added(u32),
    Touched(u32),
}

impl Change {
    fn number(self) -> u32 {
        match self {
            Self::Added(number) | Self::Touched(number) => number,
        }
    }
}

/// A transaction taken out of its ledger, so that it can be written into an answer
/// when the ledger is free again.
#[derive(Debug, Clone)]
pub(crate) struct Transaction {
    seed: u64,
    number: u32,
    pub(crate) entry: Entry,
}

impl Transaction {
    pub(crate) fn id(&self) -> Id {
        Id::numbered(self.seed, self.number)
    }

    /// The identifier of the pending transaction that this one replaced.
    pub(crate) fn pending_id(&self) -> Option<Id> {
        let replaced = self.entry.replaces?.get() - 1;
        Some(Id::numbered(self.seed, replaced))
    }
}

/// What a caller is told.
#[derive(Debug, Default)]
pub(crate) struct Updates {
    pub(crate) added: Vec<Transaction>,
    pub(crate) modified: Vec<Transaction>,
    pub(crate) removed: Vec<Transaction>,
}

impl Updates {
    fn push(&mut self, change: Change, transaction: Transaction) {
        let list = match change {
            Change::Added(_) => &mut self.added,
            Change::Touched(_) if transaction.entry.removed => &mut self.removed,
            Change::Touched(_) => &mut self.modified,
        };
        list.push(transaction);
    }
}

/// A place in a run through the log: the run covers the changes between `from`
/// and `to`, and `offset` of them have been looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    from: usize,
    to: usize,
    offset: usize,
}

/// One page of a run.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) updates: Updates,
    pub(crate) next: Position,
    pub(crate) has_more: bool,
}

/// Why there is no page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoPage {
    /// The position is not one of this ledger.
    Unknown,
    /// The log grew during the run.
    Mutated,
}

/// How much of a ledger has been written down.
#[derive(Debug, Clone, Copy, Default)]
struct Written {
    entries: usize,
    touches: usize,
}

/// A stretch of the log, with the transactions that it is about as they were at its
/// end. The data file has a ledger as the stretches that were written down, so that
/// writing does not take longer as a ledger grows.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Stretch {
    bookings: Vec<Kept>,
    /// The transactions that were added.
    added: Vec<Record>,
    /// For each touch how many transactions there were, and the number of this one.
    touches: Vec<(u32, u32)>,
    /// The transactions of earlier stretches that were touched.
    changed: Vec<(u32, Record)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept(#[serde(with = "transactions::kept")] Arc<Booking>);

/// A transaction in the data file.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    /// The number of its booking among those of the stretch.
    booking: u32,
    #[serde(with = "money::exact")]
    amount: Money,
    /// Days of the common era.
    day: i32,
    replaces: Option<NonZeroU32>,
    account: u8,
    pending: bool,
    removed: bool,
}

impl Stretch {
    pub(crate) fn encode(&self) -> Option<Vec<u8>> {
        storage::pack(self)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Misfit> {
        storage::unpack(bytes)
    }
}

/// Makes the records of a stretch.
#[derive(Default)]
struct Recorder {
    bookings: Vec<Kept>,
    known: HashMap<*const Booking, u32>,
}

impl Recorder {
    fn record(&mut self, entry: &Entry) -> Record {
        let next = number(self.bookings.len());
        let booking = *self
            .known
            .entry(Arc::as_ptr(&entry.booking))
            .or_insert(next);
        if booking == next {
            self.bookings.push(Kept(Arc::clone(&entry.booking)));
        }
        Record {
            booking,
            amount: entry.amount,
            day: entry.date.num_days_from_ce(),
            replaces: entry.replaces,
            account: entry.account,
            pending: entry.pending,
            removed: entry.removed,
        }
    }
}

impl Record {
    fn entry(&self, bookings: &[Kept]) -> Result<Entry, Misfit> {
        let booking = bookings.get(self.booking as usize).ok_or(Misfit)?;
        Ok(Entry {
            booking: Arc::clone(&booking.0),
            amount: self.amount,
            date: NaiveDate::from_num_days_from_ce_opt(self.day).ok_or(Misfit)?,
            replaces: self.replaces,
            account: self.account,
            pending: self.pending,
            removed: self.removed,
        })
    }
}

/// An Item's transactions. Nothing happens to one without a change in the log.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ledger {
    /// Of the identifiers, and of what is made up.
    seed: u64,
    /// The masks of the accounts that transactions are booked on.
    masks: Vec<Text>,
    #[serde(skip)]
    entries: Vec<Entry>,
    #[serde(skip)]
    touches: Vec<Touch>,
    /// The numbers of the transactions that are pending.
    #[serde(skip)]
    pending: BTreeSet<u32>,
    #[serde(skip)]
    written: Written,
    refreshes: usize,
    /// The day on which the history was opened, and how many days it has had then.
    today: NaiveDate,
    days: u32,
    /// Days that have passed since.
    passed: u32,
    /// All there is, by date, in place of the month that repeats. The Item has it,
    /// too, and writes it down.
    #[serde(skip)]
    pub(crate) plan: Option<Arc<Plan>>,
}

/// Bookings that a caller made up, oldest first.
pub(crate) type Plan = Vec<Planned>;

/// A booking and its day.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Planned {
    pub(crate) date: NaiveDate,
    #[serde(with = "transactions::kept")]
    pub(crate) booking: Arc<Booking>,
}

impl Ledger {
    /// The history of the `days` up to `today`.
    pub(crate) fn open(today: NaiveDate, days: u32, seed: u64, plan: Option<Arc<Plan>>) -> Self {
        let mut ledger = Self {
            seed,
            masks: Vec::new(),
            entries: Vec::new(),
            touches: Vec::new(),
            pending: BTreeSet::new(),
            written: Written::default(),
            refreshes: 0,
            today,
            days: 0,
            passed: 0,
            plan,
        };
        ledger.reach_back(days);
        ledger
    }

    /// Adds what is older than the history so far, up to `days` in all.
    pub(crate) fn reach_back(&mut self, days: u32) {
        let known = self.days;
        self.days = known.max(days);
        if let Some(plan) = self.plan.clone() {
            return self.reach_back_in(&plan, known..days);
        }
        if days <= known {
            return;
        }
        for month in (known / PERIOD..=days / PERIOD).rev() {
            for booking in MONTH.iter().rev() {
                let age = month * PERIOD + booking.days_ago;
                if (known..days).contains(&age) {
                    self.add(booking, before(self.today, age));
                }
            }
        }
    }

    fn reach_back_in(&mut self, plan: &Plan, ages: Range<u32>) {
        for Planned { date, booking } in plan {
            let age = self.today.signed_duration_since(*date).num_days();
            if u32::try_from(age).is_ok_and(|age| ages.contains(&age)) {
                self.add(booking, *date);
            }
        }
    }

    /// Adds so many settled bookings of all kinds to the accounts with these masks,
    /// spread over the days that there are. The same ledger gets the same ones.
    pub(crate) fn add_various(&mut self, count: u32, masks: &[&str]) {
        let accounts: Vec<_> = masks.iter().map(|mask| self.account_of(mask)).collect();
        if accounts.is_empty() {
            return;
        }
        let mut random = Ids::new(Some(self.seed.wrapping_add(self.length() as u64)));
        let newest = after(self.today, self.passed);
        let days = u64::from(self.days.max(1) + self.passed);
        self.entries.reserve_exact(count as usize);
        for nth in 0..count {
            let various = &VARIOUS[random.index(VARIOUS.len())];
            let age = days - 1 - u64::from(nth) * days / u64::from(count);
            self.push(Entry {
                booking: Arc::clone(&various.booking),
                amount: Money::cents(random.below(various.cents.start, various.cents.end)),
                date: newest.checked_sub_days(Days::new(age)).unwrap_or(newest),
                replaces: None,
                account: accounts[random.index(accounts.len())],
                pending: false,
                removed: false,
            });
        }
    }

    /// Lets the days up to the `number`th after the opening pass: what is pending
    /// settles, and the pattern goes on with pending bookings. Says whether anything
    /// changed.
    pub(crate) fn next_day(&mut self, number: u32) -> bool {
        let before = self.length();
        while self.passed < number {
            self.passed += 1;
            let today = after(self.today, self.passed);
            self.settle_pending(today);
            if let Some(plan) = self.plan.clone() {
                for planned in plan.iter().filter(|planned| planned.date == today) {
                    self.add(&planned.booking, today);
                }
                continue;
            }
            let age = (PERIOD - self.passed % PERIOD) % PERIOD;
            for booking in MONTH.iter().rev().filter(|booking| booking.days_ago == age) {
                self.add_pending(booking, today);
            }
        }
        self.length() > before
    }

    /// What has been added to the log since this was last asked for, and where it
    /// begins there.
    pub(crate) fn unwritten(&mut self) -> Option<(usize, Stretch)> {
        let start = self.written.entries + self.written.touches;
        if start == self.length() {
            return None;
        }
        let Written { entries, touches } = self.written;
        let mut recorder = Recorder::default();
        let added = self.entries[entries..].iter();
        let added = added.map(|entry| recorder.record(entry)).collect();
        let touched = &self.touches[touches..];
        let numbers = touched.iter().map(|touch| touch.number);
        let changed: BTreeSet<_> = numbers
            .filter(|number| (*number as usize) < entries)
            .collect();
        let changed = changed
            .into_iter()
            .map(|number| (number, recorder.record(&self.entries[number as usize])))
            .collect();
        let touches = (touches..)
            .zip(touched)
            .map(|(nth, touch)| (number(touch.position - nth), touch.number))
            .collect();
        self.written = self.all();
        let bookings = recorder.bookings;
        Some((
            start,
            Stretch {
                bookings,
                added,
                touches,
                changed,
            },
        ))
    }

    fn all(&self) -> Written {
        Written {
            entries: self.entries.len(),
            touches: self.touches.len(),
        }
    }

    /// Takes the next stretch back that was written down, which begins at `start`.
    pub(crate) fn restore(&mut self, start: usize, stretch: &Stretch) -> Result<(), Misfit> {
        if start != self.length() {
            return Err(Misfit);
        }
        self.entries.reserve_exact(stretch.added.len());
        for record in &stretch.added {
            let entry = self.fitting(record.entry(&stretch.bookings)?)?;
            self.push(entry);
        }
        for (number, record) in &stretch.changed {
            let entry = self.fitting(record.entry(&stretch.bookings)?)?;
            if !entry.pending || entry.removed {
                self.pending.remove(number);
            }
            *self.entries.get_mut(*number as usize).ok_or(Misfit)? = entry;
        }
        for (known, number) in &stretch.touches {
            self.restore_touch(*known, *number)?;
        }
        self.written = self.all();
        Ok(())
    }

    /// An entry that refers to nothing that there is not.
    fn fitting(&self, entry: Entry) -> Result<Entry, Misfit> {
        let is_later = |replaced: NonZeroU32| replaced.get() as usize > self.entries.len();
        if usize::from(entry.account) >= self.masks.len() || entry.replaces.is_some_and(is_later) {
            return Err(Misfit);
        }
        Ok(entry)
    }

    fn restore_touch(&mut self, known: u32, number: u32) -> Result<(), Misfit> {
        let position = known as usize + self.touches.len();
        let is_later = self
            .touches
            .last()
            .is_none_or(|last| position > last.position);
        if number >= known || known as usize > self.entries.len() || !is_later {
            return Err(Misfit);
        }
        self.touches.push(Touch { position, number });
        Ok(())
    }

    /// How many transactions exist.
    pub(crate) fn count(&self) -> usize {
        self.entries.iter().filter(|entry| !entry.removed).count()
    }

    /// The numbers of the transactions that exist and are wanted, newest first.
    pub(crate) fn newest_first(&self, is_wanted: impl Fn(&Entry) -> bool) -> Vec<u32> {
        let wanted =
            |(number, entry): (u32, &Entry)| (!entry.removed && is_wanted(entry)).then_some(number);
        let mut numbers: Vec<_> = (0..).zip(&self.entries).filter_map(wanted).collect();
        // What was added last comes first on its day.
        numbers.reverse();
        numbers.sort_by_key(|number| Reverse(self.entries[*number as usize].date));
        numbers
    }

    /// A transaction by a number that this ledger has told.
    pub(crate) fn transaction(&self, number: u32) -> Transaction {
        Transaction {
            seed: self.seed,
            number,
            entry: self.entries[number as usize].clone(),
        }
    }

    /// The masks of the accounts, by the numbers that entries have.
    pub(crate) fn masks(&self) -> &[Text] {
        &self.masks
    }

    /// The number of the account with a mask; `None` if nothing is booked on it.
    pub(crate) fn account(&self, mask: &str) -> Option<u8> {
        let number = self.masks.iter().position(|known| known == mask)?;
        u8::try_from(number).ok()
    }

    /// A page of at most `count` updates, for one account if a mask is given.
    pub(crate) fn page(
        &self,
        position: Position,
        mask: Option<&str>,
        count: usize,
    ) -> Result<Page, NoPage> {
        let Position { from, to, offset } = position;
        let end = self.length();
        if from > to || to > end || offset > to - from {
            return Err(NoPage::Unknown);
        }
        if offset > 0 && to != end {
            return Err(NoPage::Mutated);
        }
        let account = mask.map(|mask| self.account(mask));
        let wanted = |change: Change| {
            let booked_on = Some(self.entries[change.number() as usize].account);
            account.is_none_or(|account| account == booked_on)
        };
        let silent = self.silent(from);
        let mut news = (from + offset..end)
            .filter(|position| silent.binary_search(position).is_err())
            .map(|position| (position, self.change(position)))
            .filter(|(_, change)| wanted(*change));
        let mut updates = Updates::default();
        for (_, change) in news.by_ref().take(count) {
            updates.push(change, self.transaction(change.number()));
        }
        let following = news.next();
        let next = following.map_or_else(
            || self.end(),
            |(position, _)| Position {
                from,
                to: end,
                offset: position - from,
            },
        );
        Ok(Page {
            updates,
            next,
            has_more: following.is_some(),
        })
    }

    /// How long the log is.
    fn length(&self) -> usize {
        self.entries.len() + self.touches.len()
    }

    /// Behind everything that has happened so far.
    pub(crate) fn end(&self) -> Position {
        Position {
            from: self.length(),
            to: self.length(),
            offset: 0,
        }
    }

    /// What a visit to the bank brings: the latest settled purchase turns out
    /// dearer, what was pending settles, and one more purchase is pending.
    /// Says whether the bank could be visited.
    pub(crate) fn refresh(&mut self, today: NaiveDate) -> bool {
        if self.refreshes == MAX_REFRESHES {
            return false;
        }
        self.refreshes += 1;
        // What a caller made up is all there is.
        if self.plan.is_some() {
            return true;
        }
        self.correct_latest();
        self.settle_pending(today);
        self.add_pending(&PURCHASE, today);
        true
    }

    fn correct_latest(&mut self) {
        let latest = self
            .entries
            .iter()
            .rposition(|entry| !entry.removed && !entry.pending);
        if let Some(index) = latest {
            let entry = &mut self.entries[index];
            entry.amount = entry.amount.plus(TIP);
            self.touch(number(index));
        }
    }

    fn settle_pending(&mut self, today: NaiveDate) {
        for number in std::mem::take(&mut self.pending) {
            let entry = &mut self.entries[number as usize];
            entry.removed = true;
            let pending = entry.clone();
            self.touch(number);
            self.push(Entry {
                amount: pending.booking.amount,
                date: today,
                replaces: NonZeroU32::new(number + 1),
                pending: false,
                removed: false,
                ..pending
            });
        }
    }

    pub(crate) fn add(&mut self, booking: &Arc<Booking>, date: NaiveDate) {
        let entry = self.entry(booking, date);
        self.push(entry);
    }

    fn add_pending(&mut self, booking: &Arc<Booking>, date: NaiveDate) {
        let entry = self.entry(booking, date);
        self.push(Entry {
            pending: true,
            ..entry
        });
    }

    fn entry(&mut self, booking: &Arc<Booking>, date: NaiveDate) -> Entry {
        Entry {
            booking: Arc::clone(booking),
            amount: booking.amount,
            date,
            replaces: None,
            account: self.account_of(&booking.account),
            pending: false,
            removed: false,
        }
    }

    fn push(&mut self, entry: Entry) {
        if entry.pending && !entry.removed {
            self.pending.insert(number(self.entries.len()));
        }
        // Doubling, as a vector does, would leave half of much memory unused.
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(16 + self.entries.len() / 8);
        }
        self.entries.push(entry);
    }

    fn touch(&mut self, number: u32) {
        let position = self.length();
        self.touches.push(Touch { position, number });
    }

    /// The number of an account, which it gets when something is booked on it first.
    fn account_of(&mut self, mask: &str) -> u8 {
        self.account(mask).unwrap_or_else(|| {
            self.masks.push(mask.to_owned().into());
            // An Item has twelve accounts at most.
            u8::try_from(self.masks.len() - 1).unwrap_or(u8::MAX)
        })
    }

    /// What the log says at a place.
    fn change(&self, position: usize) -> Change {
        let touch = |touch: &Touch| touch.position;
        match self.touches.binary_search_by_key(&position, touch) {
            Ok(nth) => Change::Touched(self.touches[nth].number),
            Err(earlier) => Change::Added(number(position - earlier)),
        }
    }

    /// The place in the log where a transaction was added: behind all touches before
    /// which there were no more transactions than its number.
    fn added_at(&self, number: u32) -> usize {
        let (mut least, mut end) = (0, self.touches.len());
        while least < end {
            let middle = least.midpoint(end);
            if self.touches[middle].position - middle <= number as usize {
                least = middle + 1;
            } else {
                end = middle;
            }
        }
        number as usize + least
    }

    /// The places in the log, in order, that are no news to somebody who knows it up to
    /// `from`: a transaction that came and went since then is not mentioned, and no
    /// other is mentioned twice.
    fn silent(&self, from: usize) -> Vec<usize> {
        let first = self.touches.partition_point(|touch| touch.position < from);
        let mut mentioned = HashSet::new();
        let mut silent = Vec::new();
        for touch in &self.touches[first..] {
            let added_at = self.added_at(touch.number);
            let is_new = added_at >= from;
            if is_new || !mentioned.insert(touch.number) {
                silent.push(touch.position);
            }
            if is_new && self.entries[touch.number as usize].removed {
                silent.push(added_at);
            }
        }
        silent.sort_unstable();
        silent
    }
}

/// A number of a transaction; no ledger comes near the end of these.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn before(today: NaiveDate, days: u32) -> NaiveDate {
    today
        .checked_sub_days(Days::new(days.into()))
        .unwrap_or(today)
}

fn after(today: NaiveDate, days: u32) -> NaiveDate {
    today
        .checked_add_days(Days::new(days.into()))
        .unwrap_or(today)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn ledger(days: u32) -> Ledger {
        Ledger::open(day(), days, 1, None)
    }

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, 31).unwrap()
    }

    fn count(updates: &Updates) -> (usize, usize, usize) {
        let Updates {
            added,
            modified,
            removed,
        } = updates;
        (added.len(), modified.len(), removed.len())
    }

    fn existing(ledger: &Ledger) -> Vec<Transaction> {
        let numbers = ledger.newest_first(|_| true).into_iter();
        numbers.map(|number| ledger.transaction(number)).collect()
    }

    #[test]
    fn the_month_repeats_for_as_long_as_asked() {
        assert_eq!(ledger(1).entries.len(), 2);
        assert_eq!(ledger(30).entries.len(), 16);
        assert_eq!(ledger(90).entries.len(), 48);
        assert_eq!(ledger(730).entries.len(), 24 * 16 + 10);
        let ledger = ledger(90);
        let dates: Vec<_> = existing(&ledger).iter().map(|one| one.entry.date).collect();
        assert!(dates.is_sorted_by(|newer, older| newer >= older));
        assert_eq!(dates[0], day());
    }

    #[test]
    fn a_run_ends_where_the_log_ends() {
        let ledger = ledger(90);
        let mut position = Position::default();
        let mut sizes = Vec::new();
        loop {
            let page = ledger.page(position, None, 20).unwrap();
            sizes.push(page.updates.added.len());
            position = page.next;
            if !page.has_more {
                break;
            }
        }
        assert_eq!(sizes, [20, 20, 8]);
        assert_eq!(position, ledger.end());
        let page = ledger.page(position, None, 20).unwrap();
        assert_eq!(count(&page.updates), (0, 0, 0));
    }

    #[test]
    fn refreshes_modify_remove_and_add() {
        let mut ledger = ledger(30);
        let start = ledger.end();
        ledger.refresh(day());
        assert_eq!(
            count(&ledger.page(start, None, 500).unwrap().updates),
            (1, 1, 0)
        );
        let after_first = ledger.end();
        ledger.refresh(day());
        assert_eq!(
            count(&ledger.page(after_first, None, 500).unwrap().updates),
            (2, 1, 1)
        );
        // From the beginning, what came and went is not mentioned.
        assert_eq!(
            count(&ledger.page(Position::default(), None, 500).unwrap().updates),
            (18, 0, 0)
        );
        let there = existing(&ledger);
        assert_eq!(there.iter().filter(|one| one.entry.pending).count(), 1);
        let settled: Vec<_> = there.iter().filter_map(Transaction::pending_id).collect();
        let (second, third) = (ledger.page(start, None, 500).unwrap(), after_first);
        let removed = ledger.page(third, None, 500).unwrap().updates.removed;
        assert_eq!(settled, [removed[0].id()]);
        // The one that was removed came after the start.
        assert_eq!(count(&second.updates), (2, 1, 0));
    }

    #[test]
    fn a_run_that_the_log_outgrew_starts_again() {
        let mut ledger = ledger(30);
        let second = ledger.page(Position::default(), None, 5).unwrap().next;
        ledger.refresh(day());
        assert_eq!(ledger.page(second, None, 5).unwrap_err(), NoPage::Mutated);
        assert!(ledger.page(Position::default(), None, 5).unwrap().has_more);
    }

    #[test]
    fn days_go_on_with_the_pattern_and_settle_what_is_pending() {
        let (mut lived, known) = (ledger(30), ledger(60));
        assert!(lived.next_day(30));
        assert!(!lived.next_day(30));
        lived.settle_pending(day());
        // After thirty days it is the history that one of sixty days was opened with.
        let summary = |ledger: &Ledger| {
            let mut names: Vec<_> = ledger
                .newest_first(|_| true)
                .into_iter()
                .map(|number| ledger.transaction(number).entry.booking.name.clone())
                .collect();
            names.sort_unstable();
            names
        };
        assert_eq!(summary(&lived), summary(&known));
        assert!(existing(&lived).iter().all(|one| !one.entry.pending));
    }

    #[test]
    fn reaching_back_adds_what_is_older() {
        let mut short = ledger(30);
        let end = short.end();
        short.reach_back(90);
        short.reach_back(30);
        assert_eq!(
            count(&short.page(end, None, 500).unwrap().updates),
            (32, 0, 0)
        );
        let dates = |ledger: &Ledger| -> Vec<_> {
            let there = existing(ledger).into_iter();
            there.map(|one| one.entry.date).collect()
        };
        assert_eq!(dates(&short), dates(&ledger(90)));
    }

    #[test]
    fn written_down_in_stretches_it_is_the_same_ledger() {
        let mut ledger = ledger(30);
        let mut stretches = Vec::new();
        let mut write = |ledger: &mut Ledger| {
            let (start, stretch) = ledger.unwritten().unwrap();
            stretches.push((start, stretch.encode().unwrap()));
            assert!(ledger.unwritten().is_none());
        };
        write(&mut ledger);
        for _ in 0..3 {
            ledger.refresh(day());
            write(&mut ledger);
        }
        ledger.reach_back(90);
        write(&mut ledger);
        ledger.add_various(1_000, &["0000", "3333", "7654"]);
        write(&mut ledger);
        ledger.refresh(day());
        write(&mut ledger);

        let header = serde_json::to_string(&ledger).unwrap();
        let mut read: Ledger = serde_json::from_str(&header).unwrap();
        for (start, stretch) in &stretches {
            let stretch = Stretch::decode(stretch).unwrap();
            assert!(read.restore(start + 1, &stretch).is_err());
            read.restore(*start, &stretch).unwrap();
        }
        assert!(read.unwritten().is_none());
        for ledger in [&mut ledger, &mut read] {
            ledger.refresh(day());
            ledger.add_various(100, &["0000"]);
            ledger.next_day(40);
            ledger.written = Written::default();
        }
        assert_eq!(format!("{read:?}"), format!("{ledger:?}"));
    }

    #[test]
    fn a_stretch_that_does_not_fit_is_refused() {
        let mut whole = ledger(30);
        whole.refresh(day());
        let (_, stretch) = whole.unwritten().unwrap();
        let bytes = stretch.encode().unwrap();
        let header = serde_json::to_string(&whole).unwrap();
        let restored = |spoil: &dyn Fn(&mut Stretch)| {
            let mut ledger: Ledger = serde_json::from_str(&header).unwrap();
            let mut stretch = Stretch::decode(&bytes).unwrap();
            spoil(&mut stretch);
            ledger.restore(0, &stretch)
        };
        restored(&|_| {}).unwrap();
        let spoils: [&dyn Fn(&mut Stretch); 8] = [
            &|stretch| stretch.added.truncate(15),
            &|stretch| stretch.added.clear(),
            &|stretch| stretch.added[0].booking = 99,
            &|stretch| stretch.added[0].account = 9,
            &|stretch| stretch.added[0].replaces = NonZeroU32::new(9),
            &|stretch| stretch.added[0].day = i32::MAX,
            &|stretch| stretch.touches[0].1 = stretch.touches[0].0,
            &|stretch| stretch.touches.push((0, 0)),
        ];
        for spoil in spoils {
            assert!(restored(spoil).is_err());
        }
        assert!(Stretch::decode(&bytes[1..]).is_err());
        assert!(Stretch::decode(&[&bytes[..], &[0]].concat()).is_err());
    }

    #[test]
    fn a_made_up_position_is_refused() {
        let ledger = ledger(30);
        for (from, to, offset) in [
            (1, 0, 0),
            (0, usize::MAX, 0),
            (usize::MAX, usize::MAX, 0),
            (0, 16, 17),
        ] {
            assert_eq!(
                ledger
                    .page(Position { from, to, offset }, None, 5)
                    .unwrap_err(),
                NoPage::Unknown
            );
        }
    }

    #[test]
    fn one_account_has_its_own_updates() {
        let ledger = ledger(30);
        let page = ledger.page(Position::default(), Some("1111"), 500).unwrap();
        assert_eq!(page.updates.added.len(), 2);
        let page = ledger.page(Position::default(), Some("8888"), 500).unwrap();
        assert_eq!(count(&page.updates), (0, 0, 0));
        assert!(!page.has_more);
    }

    /// What a caller has who starts at `from` and takes pages of `count`, by account.
    fn mirror(ledger: &Ledger, from: Position, mask: Option<&str>, count: usize) -> Vec<String> {
        let mut position = from;
        let mut told = Vec::new();
        loop {
            let Page {
                updates,
                next,
                has_more,
            } = ledger.page(position, mask, count).unwrap();
            let lists = [updates.added, updates.modified, updates.removed];
            let sizes: Vec<_> = lists.iter().map(Vec::len).collect();
            assert!(sizes.iter().sum::<usize>() == count || !has_more);
            for (kind, list) in ["added", "modified", "removed"].into_iter().zip(lists) {
                told.extend(list.into_iter().map(|one| format!("{kind} {one:?}")));
            }
            position = next;
            if !has_more {
                assert_eq!(position, ledger.end());
                told.sort_unstable();
                return told;
            }
        }
    }

    #[test]
    fn pages_of_any_size_tell_the_same_and_nothing_twice() {
        let mut ledger = ledger(90);
        let mut positions = vec![Position::default()];
        for round in 0..6 {
            ledger.add_various(50, &["0000", "3333"]);
            ledger.refresh(day());
            positions.push(ledger.end());
            ledger.next_day(7 * round);
            positions.push(ledger.end());
        }
        for from in positions {
            for mask in [None, Some("0000"), Some("3333"), Some("1111")] {
                let whole = mirror(&ledger, from, mask, 10_000);
                for count in [1, 7, 100] {
                    assert_eq!(mirror(&ledger, from, mask, count), whole);
                }
                // The log as it would be told word by word.
                let told = |number: &u32| {
                    let one = ledger.transaction(*number);
                    let is_new = ledger.added_at(*number) >= from.from;
                    let is_touched = ledger
                        .touches
                        .iter()
                        .any(|touch| touch.position >= from.from && touch.number == *number);
                    let is_there = !one.entry.removed;
                    let kind = match (is_new, is_touched, is_there) {
                        (true, _, true) => "added",
                        (false, true, true) => "modified",
                        (false, true, false) => "removed",
                        _ => return None,
                    };
                    let booked = &ledger.masks[usize::from(one.entry.account)];
                    mask.is_none_or(|mask| booked == mask)
                        .then(|| format!("{kind} {one:?}"))
                };
                let mut expected: Vec<_> = (0..number(ledger.entries.len()))
                    .filter_map(|number| told(&number))
                    .collect();
                expected.sort_unstable();
                assert_eq!(whole, expected);
            }
        }
    }

    #[test]
    fn places_and_numbers_belong_together() {
        let mut ledger = ledger(60);
        for _ in 0..5 {
            ledger.refresh(day());
        }
        let added: Vec<_> = (0..ledger.length())
            .filter_map(|position| match ledger.change(position) {
                Change::Added(number) => Some((number, position)),
                Change::Touched(_) => None,
            })
            .collect();
        assert_eq!(added.len(), ledger.entries.len());
        for (nth, (number, position)) in (0..).zip(added) {
            assert_eq!((number, position), (nth, ledger.added_at(nth)));
        }
    }

    #[test]
    fn various_bookings_are_spread_over_the_days_that_there_are() {
        let various = |seed| {
            let mut ledger = Ledger::open(day(), 90, seed, None);
            let before = ledger.count();
            ledger.add_various(5_000, &["0000", "3333"]);
            let added = ledger.entries.split_off(before);
            assert_eq!(added.len(), 5_000);
            added
        };
        let added = various(1);
        let oldest = before(day(), 89);
        let (first, last) = (added[0].date, added[4_999].date);
        assert_eq!((first, last), (oldest, day()));
        assert!(added.is_sorted_by_key(|entry| entry.date));
        assert!(added.iter().all(|entry| !entry.pending && !entry.removed));
        let unlike =
            |by: &dyn Fn(&Entry) -> String| added.iter().map(by).collect::<HashSet<_>>().len();
        assert!(unlike(&|entry| entry.amount.to_string()) > 2_000);
        assert!(unlike(&|entry| entry.booking.name.to_string()) > 30);
        assert_eq!(unlike(&|entry| entry.account.to_string()), 2);
        assert_eq!(format!("{added:?}"), format!("{:?}", various(1)));
        assert_ne!(format!("{added:?}"), format!("{:?}", various(2)));
    }

    #[test]
    fn a_transaction_stays_small() {
        assert_eq!(size_of::<Entry>(), 32);
    }

    #[test]
    fn the_log_is_bounded() {
        let mut ledger = ledger(1);
        assert_eq!(
            (0..2 * MAX_REFRESHES)
                .filter(|_| ledger.refresh(day()))
                .count(),
            MAX_REFRESHES
        );
    }
}
