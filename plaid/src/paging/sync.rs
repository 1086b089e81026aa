//! `/transactions/sync`: what has changed since a cursor, whole and consistent.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::pin::Pin;

use plaid_gen::types::{AccountBase, RemovedTransaction, Transaction, TransactionsUpdateStatus};

use super::{Paged, unite};
use crate::call::Call;
use crate::error::{Error, ErrorCode, PagingError, Problem, Result};
use crate::retry;

/// Runs that begin again, unless [`SyncRun::max_restarts`] says otherwise.
const MAX_RESTARTS: u32 = 5;

/// An operation that reports changes since a cursor.
pub trait Synced: Paged {
    /// An account in the answer.
    type Account: Send + 'static;

    /// What an account is known by.
    fn account_id(account: &Self::Account) -> &String;

    /// Takes a page apart.
    fn part(page: Self::Response) -> SyncPage<Self::Account>;
}

/// The parts of a page of changes.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "as in the answer")]
pub struct SyncPage<A> {
    pub accounts: Vec<A>,
    pub added: Vec<Transaction>,
    pub modified: Vec<Transaction>,
    pub removed: Vec<RemovedTransaction>,
    pub next_cursor: String,
    pub has_more: bool,
    pub status: TransactionsUpdateStatus,
}

impl<A> SyncPage<A> {
    /// Whether Plaid has not fetched any transaction yet. The status tells; where it
    /// does not, an empty page that ends without a cursor does.
    fn is_not_ready(&self) -> bool {
        let is_empty = self.added.is_empty() && self.modified.is_empty() && self.removed.is_empty();
        is_not_ready(&self.status) || (is_empty && !self.has_more && self.next_cursor.is_empty())
    }

    /// The page as items of a stream.
    pub(crate) fn into_updates(self) -> Vec<SyncUpdate> {
        if self.is_not_ready() {
            return vec![SyncUpdate::NotReady];
        }
        let end = (!self.has_more).then_some(SyncUpdate::Cursor(self.next_cursor));
        let added = self.added.into_iter().map(SyncUpdate::Added);
        let modified = self.modified.into_iter().map(SyncUpdate::Modified);
        let removed = self.removed.into_iter().map(SyncUpdate::Removed);
        added.chain(modified).chain(removed).chain(end).collect()
    }
}

pub(crate) fn is_not_ready(status: &TransactionsUpdateStatus) -> bool {
    *status == TransactionsUpdateStatus::NotReady
}

/// A change, as [`stream`](Call::stream) hands it out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SyncUpdate {
    /// A new transaction.
    Added(Transaction),
    /// A transaction that is different now.
    Modified(Transaction),
    /// A transaction that is gone.
    Removed(RemovedTransaction),
    /// The last item: Plaid has fetched nothing yet. Ask again with the same cursor
    /// after the webhook `SYNC_UPDATES_AVAILABLE`.
    NotReady,
    /// The last item: the cursor to begin from next time. Store it together with
    /// everything that came before it; without it, nothing that came is to be kept.
    Cursor(String),
}

/// What a [`run`](Call::run) found.
#[derive(Clone, Debug)]
#[must_use = "it holds the changes and the cursor, which belong together"]
pub enum SyncResult<A = AccountBase> {
    /// Plaid has fetched nothing yet, which is not the same as that there is nothing
    /// new. Ask again with the same cursor after the webhook
    /// `SYNC_UPDATES_AVAILABLE`.
    NotReady,
    /// Everything that has changed.
    Changes(SyncBatch<A>),
}

/// Everything that has changed since a cursor.
///
/// Every transaction is in one of the three lists, once, as it was last.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SyncBatch<A = AccountBase> {
    /// The accounts that have transactions.
    pub accounts: Vec<A>,
    /// Transactions that are new.
    pub added: Vec<Transaction>,
    /// Transactions that are different now.
    pub modified: Vec<Transaction>,
    /// Transactions that are gone. One that came and went since the cursor is here,
    /// too.
    pub removed: Vec<RemovedTransaction>,
    /// Where the next run begins. Store it together with the changes, in one
    /// transaction of your database.
    pub cursor: String,
    /// How far Plaid is with fetching the Item's history.
    pub status: TransactionsUpdateStatus,
    /// How often Plaid's data changed in between, so that it was read anew.
    pub restarts: u32,
}

impl<A> SyncBatch<A> {
    /// Whether nothing has changed. The cursor may be new all the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.modified.is_empty() && self.removed.is_empty()
    }
}

impl<O: Synced> Call<O> {
    /// Everything that has changed since a cursor, all pages together; from the
    /// beginning with `None`.
    ///
    /// Should Plaid's data change in between, the run begins again from the same
    /// cursor. When it fails, nothing is handed out and the cursor stays as it was.
    ///
    /// ```no_run
    /// # #[cfg(feature = "transactions")]
    /// # async fn example(plaid: plaid::Client, token: plaid::Secret) -> plaid::Result<()> {
    /// use plaid::paging::SyncResult;
    ///
    /// # let stored: Option<String> = None;
    /// match plaid.transactions().sync(&token).run(stored.as_deref()).await? {
    ///     SyncResult::NotReady => println!("ask again after SYNC_UPDATES_AVAILABLE"),
    ///     SyncResult::Changes(changes) => {
    ///         // In one transaction of the database: changes.added, changes.modified,
    ///         // changes.removed, and changes.cursor.
    ///         println!("{} new", changes.added.len());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn run(self, cursor: Option<&str>) -> SyncRun<O> {
        SyncRun {
            call: self,
            cursor: cursor.unwrap_or_default().to_owned(),
            max_restarts: MAX_RESTARTS,
        }
    }
}

/// A run that has not begun yet: `.await` it, or [`send`](Self::send) it.
///
/// Dropping it in the middle leaves nothing behind.
#[must_use = "a run does nothing until it is awaited or sent"]
#[derive(Clone)]
pub struct SyncRun<O: Synced> {
    call: Call<O>,
    cursor: String,
    max_restarts: u32,
}

impl<O: Synced> SyncRun<O> {
    /// How often to begin again when Plaid's data changes in between: 5 times, with
    /// growing pauses.
    pub fn max_restarts(mut self, restarts: u32) -> Self {
        self.max_restarts = restarts;
        self
    }

    /// Makes the run.
    ///
    /// # Errors
    /// Those of the calls; the cursor to begin from is then the one that the run began
    /// with. When Plaid's data changed too often, the error's
    /// [`action`](Error::action) is
    /// [`RestartPagination`](crate::Action::RestartPagination).
    pub async fn send(self) -> Result<SyncResult<O::Account>> {
        let mut restarts = 0;
        loop {
            match self.once(restarts).await {
                Err(error) if is_mutation(&error) && restarts < self.max_restarts => {
                    restarts += 1;
                    let pause =
                        retry::jitter(&self.call.terms().policy, restarts, fastrand::u64(..));
                    tokio::time::sleep(pause).await;
                }
                result => return result,
            }
        }
    }

    /// Reads from the first cursor to the end.
    async fn once(&self, restarts: u32) -> Result<SyncResult<O::Account>> {
        let mut call = self.call.clone();
        let begin = super::Cursor::position(&self.cursor).unwrap_or(super::Position::Start);
        let count = O::count(&call.request);
        O::go_to(&mut call.request, &begin, count);
        let mut pages = call.pages();
        let mut changes = Changes::<O>::new();
        let mut number = 0;
        while let Some(answer) = pages.try_next().await? {
            number += 1;
            let request_id = answer.request_id().to_owned();
            let page = O::part(answer.into_inner());
            if page.is_not_ready() {
                return Ok(SyncResult::NotReady);
            }
            if !page.has_more && page.next_cursor.is_empty() {
                let problem = Problem::NoCursor;
                let name = O::name(&self.call.request);
                let error = PagingError::new(name, number, problem, &request_id);
                return Err(Error::Paging(Box::new(error)));
            }
            changes.add(page);
        }
        Ok(SyncResult::Changes(changes.into_batch(restarts)))
    }
}

impl<O: Synced> IntoFuture for SyncRun<O> {
    type Output = Result<SyncResult<O::Account>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<O: Synced> fmt::Debug for SyncRun<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncRun")
            .field("call", &self.call)
            .field("max_restarts", &self.max_restarts)
            .finish_non_exhaustive()
    }
}

fn is_mutation(error: &Error) -> bool {
    error.error_code() == Some(&ErrorCode::TransactionsSyncMutationDuringPagination)
}

/// The changes of a run, each transaction once.
struct Changes<O: Synced> {
    accounts: Vec<O::Account>,
    added: Vec<Option<Transaction>>,
    modified: Vec<Option<Transaction>>,
    removed: Vec<Option<RemovedTransaction>>,
    places: HashMap<String, Place>,
    cursor: String,
    status: Option<TransactionsUpdateStatus>,
}

/// In which list a transaction is, and where.
#[derive(Clone, Copy)]
enum Place {
    Added(usize),
    Modified(usize),
    Removed(usize),
}

impl<O: Synced> Changes<O> {
    fn new() -> Self {
        Self {
            accounts: Vec::new(),
            added: Vec::new(),
            modified: Vec::new(),
            removed: Vec::new(),
            places: HashMap::new(),
            cursor: String::new(),
            status: None,
        }
    }

    fn add(&mut self, mut page: SyncPage<O::Account>) {
        unite(&mut self.accounts, &mut page.accounts, O::account_id);
        self.accounts = page.accounts;
        page.added.into_iter().for_each(|row| self.added(row));
        page.modified.into_iter().for_each(|row| self.modified(row));
        page.removed.into_iter().for_each(|row| self.removed(row));
        self.cursor = page.next_cursor;
        self.status = Some(page.status);
    }

    fn added(&mut self, row: Transaction) {
        let place = Place::Added(self.added.len());
        self.put(&row.transaction_id, place);
        self.added.push(Some(row));
    }

    /// To those who do not have it yet, a new one that was changed is new.
    fn modified(&mut self, row: Transaction) {
        if let Some(Place::Added(index)) = self.places.get(&row.transaction_id).copied() {
            if let Some(slot) = self.added.get_mut(index) {
                *slot = Some(row);
            }
            return;
        }
        let place = Place::Modified(self.modified.len());
        self.put(&row.transaction_id, place);
        self.modified.push(Some(row));
    }

    fn removed(&mut self, row: RemovedTransaction) {
        let place = Place::Removed(self.removed.len());
        self.put(&row.transaction_id, place);
        self.removed.push(Some(row));
    }

    /// Remembers where a transaction is, and takes it away from where it was.
    fn put(&mut self, id: &str, place: Place) {
        // Those without an id cannot be told apart.
        if id.is_empty() {
            return;
        }
        let before = match self.places.entry(id.to_owned()) {
            Entry::Occupied(mut entry) => entry.insert(place),
            Entry::Vacant(entry) => {
                entry.insert(place);
                return;
            }
        };
        match before {
            Place::Added(index) => clear(&mut self.added, index),
            Place::Modified(index) => clear(&mut self.modified, index),
            Place::Removed(index) => clear(&mut self.removed, index),
        }
    }

    fn into_batch(self, restarts: u32) -> SyncBatch<O::Account> {
        let unknown = || TransactionsUpdateStatus::from("");
        SyncBatch {
            accounts: self.accounts,
            added: self.added.into_iter().flatten().collect(),
            modified: self.modified.into_iter().flatten().collect(),
            removed: self.removed.into_iter().flatten().collect(),
            cursor: self.cursor,
            status: self.status.unwrap_or_else(unknown),
            restarts,
        }
    }
}

fn clear<T>(list: &mut [Option<T>], index: usize) {
    if let Some(slot) = list.get_mut(index) {
        *slot = None;
    }
}
