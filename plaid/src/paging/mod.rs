//! Lists that come in pages: all of their rows, without a gap and without a
//! duplicate.
//!
//! ```no_run
//! # #[cfg(feature = "transactions")]
//! # async fn example(plaid: plaid::Client, token: plaid::Secret) -> plaid::Result<()> {
//! # let (from, to) = (plaid::NaiveDate::MIN, plaid::NaiveDate::MAX);
//! let mut rows = plaid.transactions().get(&token, from, to).stream();
//! while let Some(transaction) = rows.try_next().await? {
//!     println!("{} {}", transaction.date, transaction.amount);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | | |
//! | --- | --- |
//! | [`stream`](Call::stream) | the rows, one by one |
//! | [`pages`](Call::pages) | the answers, with everything else that is in them |
//! | [`collect_all`](Call::collect_all) | one answer that has the rows of all |
//! | [`run`](Call::run) | the changes since a cursor, for `/transactions/sync` |
//!
//! Nothing is asked for before it is needed: a page is fetched when the rows of the
//! one before are used up, and dropping a stream ends it. Pages are as large as the
//! operation allows, or as its `count` says; a larger `count` is lowered to what
//! the operation allows. The call's timeout is for each page.
//!
//! A row that moves to another page while the list is read comes once. Where Plaid
//! says how many rows there are and that number changes in between, the list is read
//! once more from its beginning, and what has been handed out already is left out.
//!
//! After an error a stream is at its end.

mod pager;
mod pages;
#[cfg(any(feature = "transactions", feature = "processor"))]
mod sync;

use std::collections::HashSet;
use std::hash::Hash;

use chrono::{DateTime, Utc};

use crate::call::Call;
use crate::operation::Operation;

pub use crate::error::Problem;
pub use pager::{Pager, Sight, Turn};
pub use pages::{Pages, Rows};
#[cfg(any(feature = "transactions", feature = "processor"))]
pub(crate) use sync::is_not_ready;
#[cfg(any(feature = "transactions", feature = "processor"))]
pub use sync::{SyncBatch, SyncPage, SyncResult, SyncRun, SyncUpdate, Synced};

/// An operation whose answer is a page of a list.
///
/// The generated operations implement it; which fields mean what is described beside
/// the operation, as `x-paging`.
pub trait Paged: Operation<Request: Clone> + Sized {
    /// What the list consists of.
    type Row: Send + 'static;

    /// How its pages follow each other.
    const PAGING: Paging;

    /// How many rows per page the request asks for.
    fn count(request: &Self::Request) -> Option<i64> {
        let _ = request;
        None
    }

    /// Where the request begins.
    fn begin(request: &Self::Request) -> Position;

    /// Has the request ask for the page at a position.
    fn go_to(request: &mut Self::Request, position: &Position, count: Option<i64>);

    /// What a page says about where the next one is.
    fn look(page: &Self::Response) -> Sight;

    /// Drops the rows of a page that are not wanted, where rows can come twice.
    fn retain(page: &mut Self::Response, wanted: &mut dyn FnMut(Key<'_>) -> bool) {
        let _ = (page, wanted);
    }

    /// The rows of a page.
    fn rows(page: Self::Response) -> Vec<Self::Row>;

    /// Puts a page behind those that have been gathered. Whatever is not a list is
    /// that of the last page.
    fn gather(all: &mut Self::Response, page: Self::Response);
}

/// How the pages of a list follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// By what the next page is asked for.
    pub style: Style,
    /// The name of the field with the rows, where there is one.
    pub rows: &'static str,
    /// The most rows that a page may have, where the request can say how many.
    pub most: Option<i64>,
}

/// By what the next page of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Style {
    /// The cursor of the page before. The list is at its end when there is none, or
    /// when the page says that there is no more.
    Cursor,
    /// The same, but there always is a cursor: the list ends with an empty page.
    CursorUntilEmpty,
    /// How many rows to leave out. The list is at its end when the page says so,
    /// when all of the rows that it counts have come, or, if it says neither, when
    /// it has fewer rows than asked for.
    Offset,
    /// The largest id so far. The end is told as with `Offset`.
    AfterId,
}

/// A place in a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Position {
    /// Where the list begins.
    Start,
    /// A cursor that is text.
    Cursor(String),
    /// A cursor that is a time.
    Time(DateTime<Utc>),
    /// The number of rows before it.
    Offset(i64),
    /// The id of the row before it.
    After(i64),
}

impl Position {
    /// As a field of a request.
    pub fn to_cursor<C: Cursor>(&self) -> C {
        C::of(self)
    }

    /// As a field of a request: rows to leave out, or the id before.
    pub fn to_number(&self) -> i64 {
        match self {
            Self::Offset(number) | Self::After(number) => *number,
            Self::Start | Self::Cursor(_) | Self::Time(_) => 0,
        }
    }
}

/// A field that holds a cursor.
pub trait Cursor: Sized {
    /// The field for a position.
    fn of(position: &Position) -> Self;

    /// The position that the field names, if it names one.
    fn position(&self) -> Option<Position>;
}

impl Cursor for Option<String> {
    fn of(position: &Position) -> Self {
        match position {
            Position::Cursor(cursor) => Some(cursor.clone()),
            _ => None,
        }
    }

    fn position(&self) -> Option<Position> {
        self.as_ref()?.position()
    }
}

/// An empty cursor is none.
impl Cursor for String {
    fn of(position: &Position) -> Self {
        <Option<Self> as Cursor>::of(position).unwrap_or_default()
    }

    fn position(&self) -> Option<Position> {
        (!self.is_empty()).then(|| Position::Cursor(self.clone()))
    }
}

impl Cursor for Option<DateTime<Utc>> {
    fn of(position: &Position) -> Self {
        match position {
            Position::Time(time) => Some(*time),
            _ => None,
        }
    }

    fn position(&self) -> Option<Position> {
        self.map(Position::Time)
    }
}

/// What a row is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Key<'a> {
    /// An id that is text.
    Text(&'a str),
    /// An id that is a number.
    Number(i64),
}

impl<'a> From<&'a String> for Key<'a> {
    fn from(id: &'a String) -> Self {
        Key::Text(id)
    }
}

impl From<&i64> for Key<'_> {
    fn from(id: &i64) -> Self {
        Key::Number(*id)
    }
}

/// Puts the rows of a later page behind those before; they end up in `page`.
pub fn append<T>(all: &mut Vec<T>, page: &mut Vec<T>) {
    all.append(page);
    std::mem::swap(all, page);
}

/// Unites lists that every page has, such as the accounts behind transactions.
/// The newer of two with the same id stays.
pub fn unite<T, K: Hash + Eq + Clone>(all: &mut Vec<T>, page: &mut Vec<T>, id: impl Fn(&T) -> &K) {
    let newer: HashSet<K> = page.iter().map(|row| id(row).clone()).collect();
    all.retain(|row| !newer.contains(id(row)));
    append(all, page);
}

impl<O: Paged> Call<O> {
    /// The rows of the whole list, from where the request begins.
    ///
    /// ```no_run
    /// # #[cfg(feature = "institutions")]
    /// # async fn example(plaid: plaid::Client) -> plaid::Result<()> {
    /// use plaid::types::CountryCode;
    ///
    /// let countries = [CountryCode::from("US")];
    /// let mut institutions = plaid.institutions().get(500, 0, countries).stream();
    /// while let Some(institution) = institutions.try_next().await? {
    ///     println!("{}", institution.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(self) -> Rows<O> {
        Rows::new(self.pages())
    }

    /// The answers, page by page, with what is in them beside the rows.
    ///
    /// A row that has come already is left out of the value, but not of
    /// [`raw`](crate::Response::raw).
    pub fn pages(self) -> Pages<O> {
        Pages::new(self)
    }

    /// All pages as one answer.
    ///
    /// Lists that come with every page, such as accounts, are united. Everything else
    /// is that of the last page. The whole list is held in memory; for one that may
    /// be long, use [`stream`](Self::stream).
    ///
    /// ```no_run
    /// # #[cfg(feature = "investments")]
    /// # async fn example(plaid: plaid::Client, token: plaid::Secret) -> plaid::Result<()> {
    /// # let (from, to) = (plaid::NaiveDate::MIN, plaid::NaiveDate::MAX);
    /// let all = plaid.investments().transactions_get(&token, from, to).collect_all().await?;
    /// println!("{} in {}", all.investment_transactions.len(), all.securities.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the calls, and [`Error::Paging`](crate::Error::Paging).
    pub async fn collect_all(self) -> crate::Result<O::Response> {
        self.pages().collect_all().await
    }
}
