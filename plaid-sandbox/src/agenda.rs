//! What happens by itself, when the emulator's clock shows its time.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    call::{Call, fields},
    error::ApiError,
    products::{assets, transactions},
    state::Condition,
    storage::{Journal, Misfit},
};

/// How long the sandbox keeps an Item signed in.
pub(crate) const LOGIN_LIFE: TimeDelta = TimeDelta::days(30);

/// Days of an Item's history that pass by themselves. Who puts the clock forward by
/// a thousand years is not given a thousand years of transactions.
const MAX_DAYS: u32 = 800;

/// How fast data gets ready.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pace {
    /// Transactions are there at once. An Asset Report is not ready when it is first
    /// asked for and ready from then on, so that waiting is tested without waiting.
    #[default]
    AtOnce,
    /// On the emulator's clock, the first thirty days of an Item's transactions take
    /// ten seconds, all of them a minute and an Asset Report half a minute. Webhooks
    /// say when. See [`Sandbox::advance`](crate::Sandbox::advance).
    Lifelike,
}

impl Pace {
    /// Until the first month of transactions is there.
    pub(crate) fn initial(self) -> TimeDelta {
        self.take(10)
    }

    /// Until all transactions are there.
    pub(crate) fn historical(self) -> TimeDelta {
        self.take(60)
    }

    /// Until an Asset Report is ready; `None` if it depends on being asked for.
    pub(crate) fn report(self) -> Option<TimeDelta> {
        (self == Self::Lifelike).then_some(TimeDelta::seconds(30))
    }

    fn take(self, seconds: i64) -> TimeDelta {
        match self {
            Self::AtOnce => TimeDelta::zero(),
            Self::Lifelike => TimeDelta::seconds(seconds),
        }
    }
}

/// Something that is going to happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Event {
    /// The first month of an Item's transactions is there.
    InitialUpdate(String),
    /// All of an Item's transactions are there.
    HistoricalUpdate(String),
    /// Another day of an Item's history has passed.
    NextDay(String),
    /// The bank wants the user to sign in again.
    LoginExpired(String),
    /// An Asset Report is ready.
    ReportReady(String),
}

/// Events in the order of their time.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    order: BinaryHeap<Reverse<(DateTime<Utc>, u64)>>,
    events: BTreeMap<u64, (DateTime<Utc>, Event)>,
    number: u64,
    /// The events that came or went since the data file was last told; `None` without
    /// such a file.
    touched: Option<BTreeSet<u64>>,
}

impl Agenda {
    pub(crate) fn add(&mut self, at: DateTime<Utc>, event: Event) {
        self.number += 1;
        self.insert(self.number, at, event);
        self.touch(self.number);
    }

    fn insert(&mut self, number: u64, at: DateTime<Utc>, event: Event) {
        self.order.push(Reverse((at, number)));
        self.events.insert(number, (at, event));
    }

    fn touch(&mut self, number: u64) {
        if let Some(touched) = &mut self.touched {
            touched.insert(number);
        }
    }

    /// From now on it is noted what comes and goes.
    pub(crate) fn track(&mut self) {
        self.touched = Some(BTreeSet::new());
    }

    /// Notes what has come and gone.
    pub(crate) fn changes(&mut self, kind: &'static str, journal: &mut Journal) {
        for number in self
            .touched
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
        {
            journal.note(kind, &number.to_string(), self.events.get(&number));
        }
    }

    /// Takes an event back that was written down.
    pub(crate) fn restore(&mut self, key: &str, value: &[u8]) -> Result<(), Misfit> {
        let number = key.parse().map_err(|_| Misfit)?;
        let (at, event) = serde_json::from_slice(value)?;
        self.number = self.number.max(number);
        self.insert(number, at, event);
        Ok(())
    }

    /// When the next event is.
    pub(crate) fn next(&self) -> Option<DateTime<Utc>> {
        self.order.peek().map(|Reverse((at, _))| *at)
    }

    fn pop(&mut self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, Event)> {
        let due = self.order.peek().is_some_and(|Reverse((at, _))| *at <= now);
        let Reverse((at, number)) = due.then(|| self.order.pop()).flatten()?;
        self.touch(number);
        Some((at, self.events.remove(&number)?.1))
    }
}

/// Lets happen what is due.
pub(crate) fn catch_up(call: &mut Call<'_>) {
    let now = call.state.now();
    while let Some((at, event)) = call.state.agenda.pop(now) {
        match event {
            Event::InitialUpdate(item_id) => history(call, &item_id, "INITIAL_UPDATE", false),
            Event::HistoricalUpdate(item_id) => history(call, &item_id, "HISTORICAL_UPDATE", true),
            Event::NextDay(item_id) => next_day(call, item_id, at),
            Event::LoginExpired(item_id) => login_expired(call, &item_id, at),
            Event::ReportReady(token) => assets::announce(call, &token),
        }
    }
}

fn history(call: &mut Call<'_>, item_id: &str, code: &str, complete: bool) {
    let now = call.state.now();
    let Some(item) = call
        .state
        .items
        .get_mut(item_id)
        .filter(|item| item.is_alive())
    else {
        return;
    };
    let count = item.ledger(now).count();
    let update = fields(json!({ "error": null, "new_transactions": count }));
    call.send_webhook(item_id, "TRANSACTIONS", code, update);
    transactions::announce(call, item_id, complete);
}

fn next_day(call: &mut Call<'_>, item_id: String, at: DateTime<Utc>) {
    let Some(item) = call
        .state
        .items
        .get_mut(&item_id)
        .filter(|item| item.is_alive())
    else {
        return;
    };
    // A bank that asks for a new login shows nothing new.
    if item.condition == Condition::Good && item.next_day(at) {
        transactions::announce(call, &item_id, true);
    }
    let Some(item) = call.state.items.get(&item_id) else {
        return;
    };
    if at.signed_duration_since(item.created_at).num_days() < i64::from(MAX_DAYS) {
        let tomorrow = at + TimeDelta::days(1);
        call.state.agenda.add(tomorrow, Event::NextDay(item_id));
    }
}

fn login_expired(call: &mut Call<'_>, item_id: &str, at: DateTime<Utc>) {
    let Some(item) = call.state.items.get_mut(item_id) else {
        return;
    };
    // A user who has signed in again since then has another thirty days.
    if item.condition == Condition::Good && item.signed_in_at + LOGIN_LIFE <= at {
        item.condition = Condition::LoginRequired;
        let error = fields(json!({ "error": ApiError::login_required().embedded() }));
        call.send_webhook(item_id, "ITEM", "ERROR", error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_happen_in_the_order_of_their_time() {
        let mut agenda = Agenda::default();
        let (now, second) = (Utc::now(), TimeDelta::seconds(1));
        agenda.add(now + second, Event::NextDay("late".into()));
        agenda.add(now, Event::NextDay("first".into()));
        agenda.add(now, Event::NextDay("second".into()));
        assert_eq!(agenda.next(), Some(now));
        let names: Vec<_> = std::iter::from_fn(|| agenda.pop(now)).collect();
        assert_eq!(
            names,
            [
                (now, Event::NextDay("first".into())),
                (now, Event::NextDay("second".into()))
            ]
        );
        assert_eq!(agenda.next(), Some(now + second));
    }
}
