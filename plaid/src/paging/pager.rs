//! Which page comes next: a pure function of the pages so far.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use super::{Key, Paging, Position, Style};
use crate::error::Problem;

/// How often a list that changes while it is read is read from the beginning.
const MAX_PASSES: u32 = 4;

/// What a page says about where the next one is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// How many rows the page has, whether they have come before or not.
    pub received: usize,
    /// How many rows the list has, if the page says so.
    pub total: Option<i64>,
    /// Whether there is more, if the page says so.
    pub more: Option<bool>,
    /// Where the next page is, if the page says so: its cursor, or its largest id.
    pub next: Option<Position>,
    /// Whether there is no data yet, which ends the list whatever else is said.
    pub not_ready: bool,
}

/// What to do after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Fetch the page at [`Pager::position`].
    Next,
    /// The list is complete.
    Done,
}

/// Decides which page comes next.
///
/// It holds what is needed to leave out rows that have come already: 16 bytes for
/// each row where rows can move between pages, and for each page elsewhere.
#[derive(Clone, Debug)]
pub struct Pager {
    paging: Paging,
    begin: Position,
    position: Position,
    count: Option<i64>,
    total: Option<i64>,
    passes: u32,
    changed: bool,
    seen: Seen,
}

impl Pager {
    /// A pager that begins at a position and wants so many rows per page.
    pub fn new(paging: Paging, begin: Position, count: Option<i64>) -> Self {
        let count = paging
            .most
            .map(|most| count.unwrap_or(most).clamp(1, most.max(1)));
        Self {
            paging,
            position: begin.clone(),
            begin,
            count,
            total: None,
            passes: 1,
            changed: false,
            seen: Seen::default(),
        }
    }

    /// The page to fetch.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// How many rows to ask for, where the request can say.
    pub fn count(&self) -> Option<i64> {
        self.count
    }

    /// Whether the place of the next page depends on how many rows this one has.
    pub(super) fn counts_rows(&self) -> bool {
        matches!(self.paging.style, Style::Offset | Style::AfterId)
    }

    /// Whether a row has not come before.
    pub fn is_new(&mut self, key: Key<'_>) -> bool {
        match (self.paging.style, key) {
            // Without an id it cannot be told from another.
            (_, Key::Text("")) | (Style::Cursor | Style::CursorUntilEmpty, _) => true,
            (Style::AfterId, Key::Number(id)) => id > self.position.to_number(),
            (Style::AfterId | Style::Offset, key) => self.seen.insert(&key),
        }
    }

    /// Takes note of a page and decides what comes after it.
    ///
    /// # Errors
    /// When the list cannot be read to its end.
    pub fn turn(&mut self, page: &Sight) -> Result<Turn, Problem> {
        if page.not_ready {
            return Ok(Turn::Done);
        }
        match self.paging.style {
            Style::Cursor => self.by_cursor(page),
            Style::CursorUntilEmpty if page.received == 0 => Ok(Turn::Done),
            Style::CursorUntilEmpty => self.by_cursor(page),
            Style::Offset => self.by_offset(page),
            Style::AfterId => self.by_id(page),
        }
    }

    fn by_cursor(&mut self, page: &Sight) -> Result<Turn, Problem> {
        let next = match (page.more, &page.next) {
            (Some(false), _) | (None, None) => return Ok(Turn::Done),
            (Some(true), None) => return Err(Problem::NoCursor),
            (_, Some(next)) => next,
        };
        self.seen.insert(&self.position);
        if !self.seen.insert(next) {
            return Err(Problem::Circle);
        }
        self.position = next.clone();
        Ok(Turn::Next)
    }

    fn by_offset(&mut self, page: &Sight) -> Result<Turn, Problem> {
        self.changed |= self.total.is_some() && self.total != page.total;
        self.total = page.total;
        let received = i64::try_from(page.received).unwrap_or(i64::MAX);
        let next = self.position.to_number().saturating_add(received);
        let at_end = match (page.more, page.total) {
            (Some(more), _) => !more,
            // Rows have gone since they were counted.
            (None, Some(total)) if received == 0 => {
                self.changed |= next < total;
                true
            }
            (None, Some(total)) => next >= total,
            (None, None) => self.is_short(received),
        };
        if !at_end {
            return self.advance(received, Position::Offset(next));
        }
        if self.changed {
            return self.start_over();
        }
        Ok(Turn::Done)
    }

    fn by_id(&mut self, page: &Sight) -> Result<Turn, Problem> {
        let received = i64::try_from(page.received).unwrap_or(i64::MAX);
        let at_end = match page.more {
            Some(more) => !more,
            None => self.is_short(received),
        };
        if at_end {
            return Ok(Turn::Done);
        }
        match &page.next {
            Some(next) if next.to_number() > self.position.to_number() => {
                self.advance(received, next.clone())
            }
            _ => Err(Problem::Stuck),
        }
    }

    fn is_short(&self, received: i64) -> bool {
        received == 0 || self.count.is_some_and(|count| received < count)
    }

    fn advance(&mut self, received: i64, to: Position) -> Result<Turn, Problem> {
        if received == 0 {
            return Err(Problem::Stuck);
        }
        self.position = to;
        Ok(Turn::Next)
    }

    /// A row that was removed has pulled others onto pages that were read already.
    fn start_over(&mut self) -> Result<Turn, Problem> {
        if self.passes == MAX_PASSES {
            return Err(Problem::Restless);
        }
        self.passes += 1;
        self.changed = false;
        self.total = None;
        self.position = self.begin.clone();
        Ok(Turn::Next)
    }
}

/// What has been seen, as hashes of 128 bits under random keys: ids would take four
/// times the memory, and with 64 bits two of a billion rows might be taken for one.
#[derive(Clone, Debug, Default)]
struct Seen {
    hashers: (RandomState, RandomState),
    hashes: HashSet<(u64, u64)>,
}

impl Seen {
    /// Whether it is new.
    fn insert(&mut self, value: &impl std::hash::Hash) -> bool {
        let (first, second) = &self.hashers;
        self.hashes
            .insert((first.hash_one(value), second.hash_one(value)))
    }
}

#[cfg(test)]
mod tests;
