//! An Item's transactions and everything that ever happened to them.
//!
//! The ledger is a log of changes. `/transactions/sync` reads it from a
//! position on; `/transactions/refresh` appends to it. A caller who pages
//! through the updates sees the net effect of the log at the time of the first
//! page: should the log grow before the last page, the run has to start again,
//! as it has to with the real API.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashSet},
    ops::Range,
    sync::Arc,
};

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::{
    catalog::transactions::{self, Booking, MONTH, PERIOD, PURCHASE, TIP},
    ids::Ids,
    money::{self, Money},
    storage::Misfit,
};

/// Refreshes that one Item takes. The log grows with each of them.
const MAX_REFRESHES: usize = 1_000;

/// One transaction.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: String,
    #[serde(with = "transactions::kept")]
    pub(crate) booking: Arc<Booking>,
    pub(crate) date: NaiveDate,
    #[serde(with = "money::exact")]
    pub(crate) amount: Money,
    pub(crate) pending: bool,
    /// The pending transaction that this one replaced.
    pub(crate) pending_id: Option<String>,
    removed: bool,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Change {
    Added(usize),
    Modified(usize),
    Removed(usize),
}

impl Change {
    fn index(self) -> usize {
        match self {
            Self::Added(index) | Self::Modified(index) | Self::Removed(index) => index,
        }
    }
}

/// What a caller is told about a transaction.
#[derive(Debug)]
pub(crate) enum Update<'ledger> {
    Added(&'ledger Entry),
    Modified(&'ledger Entry),
    Removed(&'ledger Entry),
}

impl Update<'_> {
    fn entry(&self) -> &Entry {
        match self {
            Self::Added(entry) | Self::Modified(entry) | Self::Removed(entry) => entry,
        }
    }
}

/// A place in a run through the log: the run covers the changes between `from`
/// and `to`, and `offset` of its updates have been handed out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    from: usize,
    to: usize,
    offset: usize,
}

/// One page of a run.
#[derive(Debug)]
pub(crate) struct Page<'ledger> {
    pub(crate) updates: Vec<Update<'ledger>>,
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

/// A stretch of the log, with the transactions that it is about as they were at its
/// end. The data file has a ledger as the stretches that were written down, so that
/// writing does not take longer as a ledger grows.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stretch<E> {
    changes: Vec<Change>,
    entries: Vec<(usize, E)>,
}

/// An Item's transactions. Nothing happens to one without a change in the log.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ledger {
    ids: Ids,
    #[serde(skip)]
    entries: Vec<Entry>,
    #[serde(skip)]
    log: Vec<Change>,
    /// As much of the log as has been written down.
    #[serde(skip)]
    written: usize,
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
    pub(crate) fn open(today: NaiveDate, days: u32, ids: Ids, plan: Option<Arc<Plan>>) -> Self {
        let mut ledger = Self {
            ids,
            entries: Vec::new(),
            log: Vec::new(),
            written: 0,
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
        for month in (known / PERIOD..=days / PERIOD).rev() {
            for booking in MONTH.iter().rev() {
                let age = month * PERIOD + booking.days_ago;
                if (known..days).contains(&age) {
                    self.add(Arc::clone(booking), before(self.today, age));
                }
            }
        }
    }

    fn reach_back_in(&mut self, plan: &Plan, ages: Range<u32>) {
        for Planned { date, booking } in plan {
            let age = self.today.signed_duration_since(*date).num_days();
            if u32::try_from(age).is_ok_and(|age| ages.contains(&age)) {
                self.add(Arc::clone(booking), *date);
            }
        }
    }

    /// Lets the days up to the `number`th after the opening pass: what is pending
    /// settles, and the pattern goes on with pending bookings. Says whether anything
    /// changed.
    pub(crate) fn next_day(&mut self, number: u32) -> bool {
        let before = self.log.len();
        while self.passed < number {
            self.passed += 1;
            let today = self
                .today
                .checked_add_days(Days::new(self.passed.into()))
                .unwrap_or(self.today);
            self.settle_pending(today);
            if let Some(plan) = self.plan.clone() {
                for planned in plan.iter().filter(|planned| planned.date == today) {
                    self.add(Arc::clone(&planned.booking), today);
                }
                continue;
            }
            let age = (PERIOD - self.passed % PERIOD) % PERIOD;
            for booking in MONTH.iter().rev().filter(|booking| booking.days_ago == age) {
                let index = self.add(Arc::clone(booking), today);
                self.entries[index].pending = true;
            }
        }
        self.log.len() > before
    }

    /// What has been added to the log since this was last asked for, and where it
    /// begins there.
    pub(crate) fn unwritten(&mut self) -> Option<(usize, Stretch<&Entry>)> {
        let start = std::mem::replace(&mut self.written, self.log.len());
        let changes = self.log[start..].to_vec();
        if changes.is_empty() {
            return None;
        }
        let touched: BTreeSet<_> = changes.iter().map(|change| change.index()).collect();
        let entries = touched
            .into_iter()
            .map(|index| (index, &self.entries[index]))
            .collect();
        Some((start, Stretch { changes, entries }))
    }

    /// Takes the next stretch back that was written down.
    pub(crate) fn restore(&mut self, stretch: Stretch<Entry>) -> Result<(), Misfit> {
        for (index, entry) in stretch.entries {
            if index == self.entries.len() {
                self.entries.push(entry);
            } else {
                *self.entries.get_mut(index).ok_or(Misfit)? = entry;
            }
        }
        let known = self.entries.len();
        if stretch.changes.iter().any(|change| change.index() >= known) {
            return Err(Misfit);
        }
        self.log.extend(stretch.changes);
        self.written = self.log.len();
        Ok(())
    }

    /// The transactions that exist, newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Entry> {
        let mut entries: Vec<_> = self.entries.iter().filter(|entry| !entry.removed).collect();
        // What was added last comes first on its day.
        entries.reverse();
        entries.sort_by_key(|entry| Reverse(entry.date));
        entries.into_iter()
    }

    /// A page of at most `count` updates, for one account if a mask is given.
    pub(crate) fn page(
        &self,
        position: Position,
        mask: Option<&str>,
        count: usize,
    ) -> Result<Page<'_>, NoPage> {
        let Position { from, to, offset } = position;
        let end = self.log.len();
        if from > to || to > end {
            return Err(NoPage::Unknown);
        }
        if offset > 0 && to != end {
            return Err(NoPage::Mutated);
        }
        let mut updates = self.net_effect(from);
        updates.retain(|update| mask.is_none_or(|mask| update.entry().booking.account == mask));
        if offset > updates.len() {
            return Err(NoPage::Unknown);
        }
        let mut rest = updates.split_off(offset);
        let has_more = rest.len() > count;
        rest.truncate(count);
        let next = if has_more {
            Position {
                from,
                to: end,
                offset: offset + count,
            }
        } else {
            self.end()
        };
        Ok(Page {
            updates: rest,
            next,
            has_more,
        })
    }

    /// Behind everything that has happened so far.
    pub(crate) fn end(&self) -> Position {
        Position {
            from: self.log.len(),
            to: self.log.len(),
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
        let index = self.add(Arc::clone(&PURCHASE), today);
        self.entries[index].pending = true;
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
            self.log.push(Change::Modified(index));
        }
    }

    fn settle_pending(&mut self, today: NaiveDate) {
        for index in 0..self.entries.len() {
            let entry = &mut self.entries[index];
            if entry.pending && !entry.removed {
                entry.removed = true;
                let (booking, pending_id) = (Arc::clone(&entry.booking), entry.id.clone());
                self.log.push(Change::Removed(index));
                let settled = self.add(booking, today);
                self.entries[settled].pending_id = Some(pending_id);
            }
        }
    }

    fn add(&mut self, booking: Arc<Booking>, date: NaiveDate) -> usize {
        let index = self.entries.len();
        self.log.push(Change::Added(index));
        self.entries.push(Entry {
            id: self.ids.id(),
            amount: booking.amount,
            booking,
            date,
            pending: false,
            pending_id: None,
            removed: false,
        });
        index
    }

    /// What somebody who knows the log up to `from` has to be told. A
    /// transaction that came and went in between is not mentioned.
    fn net_effect(&self, from: usize) -> Vec<Update<'_>> {
        let mut seen = HashSet::new();
        let first_changes = self.log[from..].iter().filter_map(|change| {
            let (index, is_new) = match *change {
                Change::Added(index) => (index, true),
                Change::Modified(index) | Change::Removed(index) => (index, false),
            };
            seen.insert(index).then_some((&self.entries[index], is_new))
        });
        first_changes
            .filter_map(|(entry, is_new)| match (is_new, entry.removed) {
                (true, false) => Some(Update::Added(entry)),
                (false, false) => Some(Update::Modified(entry)),
                (false, true) => Some(Update::Removed(entry)),
                (true, true) => None,
            })
            .collect()
    }
}

fn before(today: NaiveDate, days: u32) -> NaiveDate {
    today
        .checked_sub_days(Days::new(days.into()))
        .unwrap_or(today)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn ledger(days: u32) -> Ledger {
        Ledger::open(day(), days, Ids::new(Some(1)), None)
    }

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, 31).unwrap()
    }

    fn count(updates: &[Update<'_>]) -> (usize, usize, usize) {
        updates.iter().fold(
            (0, 0, 0),
            |(added, modified, removed), update| match update {
                Update::Added(_) => (added + 1, modified, removed),
                Update::Modified(_) => (added, modified + 1, removed),
                Update::Removed(_) => (added, modified, removed + 1),
            },
        )
    }

    #[test]
    fn the_month_repeats_for_as_long_as_asked() {
        assert_eq!(ledger(1).entries.len(), 2);
        assert_eq!(ledger(30).entries.len(), 16);
        assert_eq!(ledger(90).entries.len(), 48);
        assert_eq!(ledger(730).entries.len(), 24 * 16 + 10);
        let ledger = ledger(90);
        let dates: Vec<_> = ledger.newest_first().map(|entry| entry.date).collect();
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
            sizes.push(page.updates.len());
            position = page.next;
            if !page.has_more {
                break;
            }
        }
        assert_eq!(sizes, [20, 20, 8]);
        assert_eq!(position, ledger.end());
        assert!(ledger.page(position, None, 20).unwrap().updates.is_empty());
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
        assert_eq!(
            ledger.newest_first().filter(|entry| entry.pending).count(),
            1
        );
        assert_eq!(
            ledger
                .newest_first()
                .filter(|entry| entry.pending_id.is_some())
                .count(),
            1
        );
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
                .newest_first()
                .map(|entry| entry.booking.name.clone())
                .collect();
            names.sort_unstable();
            names
        };
        assert_eq!(summary(&lived), summary(&known));
        assert!(lived.newest_first().all(|entry| !entry.pending));
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
        let dates: Vec<_> = short.newest_first().map(|entry| entry.date).collect();
        let whole = ledger(90);
        let whole: Vec<_> = whole.newest_first().map(|entry| entry.date).collect();
        assert_eq!(dates, whole);
    }

    #[test]
    fn written_down_in_stretches_it_is_the_same_ledger() {
        let mut ledger = ledger(30);
        let mut stretches = Vec::new();
        let mut write = |ledger: &mut Ledger| {
            let (start, stretch) = ledger.unwritten().unwrap();
            stretches.push((start, serde_json::to_string(&stretch).unwrap()));
            assert!(ledger.unwritten().is_none());
        };
        write(&mut ledger);
        for _ in 0..3 {
            ledger.refresh(day());
            write(&mut ledger);
        }
        ledger.reach_back(90);
        write(&mut ledger);

        let header = serde_json::to_string(&ledger).unwrap();
        let mut read: Ledger = serde_json::from_str(&header).unwrap();
        for (start, stretch) in &stretches {
            assert_eq!(read.log.len(), *start);
            read.restore(serde_json::from_str(stretch).unwrap())
                .unwrap();
        }
        assert!(read.unwritten().is_none());
        for ledger in [&mut ledger, &mut read] {
            ledger.refresh(day());
            ledger.next_day(40);
        }
        assert_eq!(
            format!("{:?}", read.entries),
            format!("{:?}", ledger.entries)
        );
        assert_eq!(format!("{:?}", read.log), format!("{:?}", ledger.log));
    }

    #[test]
    fn a_stretch_that_does_not_fit_is_refused() {
        let mut whole = ledger(30);
        let (_, stretch) = whole.unwritten().unwrap();
        let mut stretch = serde_json::to_value(&stretch).unwrap();
        let header = serde_json::to_string(&whole).unwrap();
        let restored = |stretch: &serde_json::Value| {
            let mut ledger: Ledger = serde_json::from_str(&header).unwrap();
            ledger.restore(serde_json::from_value(stretch.clone()).unwrap())
        };
        restored(&stretch).unwrap();
        stretch["entries"].as_array_mut().unwrap().remove(0);
        assert!(restored(&stretch).is_err());
        stretch["entries"] = serde_json::json!([]);
        assert!(restored(&stretch).is_err());
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
        assert_eq!(page.updates.len(), 2);
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
