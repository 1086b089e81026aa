//! The data file: what the emulator remembers, kept in an embedded database.
//!
//! A request changes the state in memory, under its lock. What it touched is written
//! down, most of it as JSON, compared with what the file has, and what differs is queued in the
//! order of the changes. The answer waits until the queue up to there is on the disk;
//! whoever comes first writes for all who are waiting.

#[cfg(feature = "data")]
mod file;
#[cfg(not(feature = "data"))]
#[path = "storage/no_file.rs"]
mod file;

use std::{
    collections::HashMap,
    io,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

pub(crate) use self::file::{pack, unpack};
use crate::lock;

/// The version of the records. It changes whenever an older emulator could not read
/// them, or would read them wrongly.
const FORMAT: u64 = 2;

/// Why a data file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// Another emulator has the file open.
    #[error(
        "another emulator is using it: stop that one, or start this one with a file of its own"
    )]
    InUse,
    /// The file is that of another version of the emulator.
    #[error(
        "it has format {found}, and this version of the emulator knows format {FORMAT}: \
         use the version that made it, or start with a new file"
    )]
    OtherVersion {
        /// The format of the file.
        found: u64,
    },
    /// The file is no data file of the emulator's, or not any more.
    #[error(
        "it is damaged, or no data file of the emulator: restore it from a copy, \
         or start with a new file"
    )]
    Damaged,
    /// The file cannot be read or written.
    #[error("it cannot be read and written: {0}")]
    File(io::Error),
}

impl DataError {
    pub(crate) fn unwritable() -> Self {
        Self::File(io::Error::other("a change could not be written"))
    }
}

impl From<io::Error> for DataError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

/// A record that does not say what a record of its kind says.
#[derive(Debug)]
pub(crate) struct Misfit;

impl From<serde_json::Error> for Misfit {
    fn from(_: serde_json::Error) -> Self {
        Self
    }
}

impl From<Misfit> for DataError {
    fn from(_: Misfit) -> Self {
        Self::Damaged
    }
}

/// What a change could not be written because of: the file, earlier or now.
#[derive(Debug)]
pub(crate) struct Unwritten;

/// What becomes of a record.
#[derive(Debug)]
#[cfg_attr(not(feature = "data"), expect(dead_code, reason = "no file to write"))]
pub(crate) struct Change {
    kind: &'static str,
    key: String,
    /// `None` removes it.
    value: Option<Vec<u8>>,
}

/// Collects the changes of a request.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// What the file has, or will have when the queue is written.
    digests: HashMap<(&'static str, String), [u8; 32]>,
    changes: Vec<Change>,
    failed: bool,
}

impl Journal {
    /// Notes what a record is now, which may be what it has been.
    pub(crate) fn note<T: Serialize + ?Sized>(
        &mut self,
        kind: &'static str,
        key: &str,
        thing: Option<&T>,
    ) {
        let name = (kind, key.to_owned());
        let Some(thing) = thing else {
            if self.digests.remove(&name).is_some() {
                self.push(kind, key.to_owned(), None);
            }
            return;
        };
        let Some(value) = self.encode(thing) else {
            return;
        };
        let digest = Sha256::digest(&value).into();
        if self.digests.insert(name, digest) != Some(digest) {
            self.push(kind, key.to_owned(), Some(value));
        }
    }

    /// Notes a record that is new and stays as it is.
    pub(crate) fn append<T: Serialize + ?Sized>(
        &mut self,
        kind: &'static str,
        key: String,
        thing: &T,
    ) {
        if let Some(value) = self.encode(thing) {
            self.push(kind, key, Some(value));
        }
    }

    /// Notes one in a form of its own; `None` if it cannot be written down.
    pub(crate) fn append_encoded(
        &mut self,
        kind: &'static str,
        key: String,
        value: Option<Vec<u8>>,
    ) {
        self.failed |= value.is_none();
        if value.is_some() {
            self.push(kind, key, value);
        }
    }

    /// Learns what the file has.
    pub(crate) fn know(&mut self, kind: &'static str, key: &str, value: &[u8]) {
        self.digests
            .insert((kind, key.to_owned()), Sha256::digest(value).into());
    }

    pub(crate) fn take(&mut self) -> Result<Vec<Change>, Unwritten> {
        if self.failed {
            return Err(Unwritten);
        }
        Ok(std::mem::take(&mut self.changes))
    }

    fn encode<T: Serialize + ?Sized>(&mut self, thing: &T) -> Option<Vec<u8>> {
        let value = serde_json::to_vec(thing).ok();
        self.failed |= value.is_none();
        value
    }

    fn push(&mut self, kind: &'static str, key: String, value: Option<Vec<u8>>) {
        self.changes.push(Change { kind, key, value });
    }
}

/// Changes that are not written yet.
#[derive(Debug, Default)]
struct Queue {
    changes: Vec<Change>,
    /// The number of the last change that was ever queued.
    last: u64,
}

/// Is shown a record: its kind, its name and its value.
type Show<'s> = dyn FnMut(&str, &str, &[u8]) -> Result<(), Misfit> + 's;

/// Where the records are.
trait Database: Send {
    /// Shows every record.
    fn each(&self, show: &mut Show<'_>) -> Result<(), DataError>;

    /// The one record of a kind.
    fn single(&self, kind: &str) -> Result<Option<Vec<u8>>, DataError>;

    /// Writes changes: they are on the disk when it returns.
    fn commit(&self, changes: &[Change]) -> Result<(), DataError>;
}

/// The data file.
pub(crate) struct Storage {
    queue: Mutex<Queue>,
    /// `None` when it is closed, or when a change could not be written: what is in
    /// memory is then not what is in the file, and nothing may be built on it.
    database: Mutex<Option<Box<dyn Database>>>,
    /// The number of the last change that is on the disk.
    durable: AtomicU64,
}

impl Storage {
    /// Opens a data file, or makes one.
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        Ok(Self {
            queue: Mutex::default(),
            database: Mutex::new(Some(file::open(path)?)),
            durable: AtomicU64::new(0),
        })
    }

    /// The one record of a kind.
    pub(crate) fn single<T: DeserializeOwned>(&self, kind: &str) -> Result<Option<T>, DataError> {
        let database = lock(&self.database);
        let value = database.as_ref().ok_or(DataError::Damaged)?.single(kind)?;
        let read = |value: Vec<u8>| serde_json::from_slice(&value).map_err(|_| DataError::Damaged);
        value.map(read).transpose()
    }

    /// Shows every record.
    pub(crate) fn each(
        &self,
        mut show: impl FnMut(&str, &str, &[u8]) -> Result<(), Misfit>,
    ) -> Result<(), DataError> {
        let database = lock(&self.database);
        let database = database.as_ref().ok_or(DataError::Damaged)?;
        database.each(&mut show)
    }

    /// Queues changes. Returns the number to be waited for, also if there are none:
    /// an answer may tell of what another request has changed.
    pub(crate) fn put(&self, changes: Vec<Change>) -> u64 {
        let mut queue = lock(&self.queue);
        queue.last += u64::from(!changes.is_empty());
        queue.changes.extend(changes);
        queue.last
    }

    /// Whether everything up to a number is on the disk.
    pub(crate) fn is_durable(&self, number: u64) -> bool {
        self.durable.load(Ordering::Acquire) >= number
    }

    /// Makes sure that everything up to a number is on the disk. Those who wait for
    /// their turn meanwhile find their changes written.
    pub(crate) fn settle(&self, number: u64) -> Result<(), Unwritten> {
        let mut database = lock(&self.database);
        if self.is_durable(number) {
            return Ok(());
        }
        self.write(&mut database)
    }

    /// Writes what is queued, and lets go of the file.
    pub(crate) fn close(&self) {
        let mut database = lock(&self.database);
        if database.is_some() {
            // Who waits for it learns of a failure.
            let _ = self.write(&mut database);
        }
        *database = None;
    }

    fn write(&self, database: &mut Option<Box<dyn Database>>) -> Result<(), Unwritten> {
        let open = database.as_ref().ok_or(Unwritten)?;
        let (changes, last) = {
            let mut queue = lock(&self.queue);
            (std::mem::take(&mut queue.changes), queue.last)
        };
        if !changes.is_empty() && open.commit(&changes).is_err() {
            *database = None;
            return Err(Unwritten);
        }
        self.durable.store(last, Ordering::Release);
        Ok(())
    }
}
