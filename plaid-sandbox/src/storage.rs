//! The data file: what the emulator remembers, kept in an embedded database.
//!
//! A request changes the state in memory, under its lock. What it touched is written
//! down, most of it as JSON, compared with what the file has, and what differs is queued in the
//! order of the changes. The answer waits until the queue up to there is on the disk;
//! whoever comes first writes for all who are waiting.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use redb::{
    Builder, Database, DatabaseError, ReadOnlyTable, ReadableDatabase, ReadableTable, StorageError,
    TableDefinition, TableError,
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::lock;

/// The version of the records. It changes whenever an older emulator could not read
/// them, or would read them wrongly.
const FORMAT: u64 = 2;
const VERSION: TableDefinition<'_, &str, u64> = TableDefinition::new("plaid-sandbox");
/// JSON by kind and name, but for the parts of ledgers, which are the largest.
const RECORDS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("records");

type Records = ReadOnlyTable<(&'static str, &'static str), &'static [u8]>;

/// The file is read once, at the start, so that there is little to keep at hand.
const CACHE: usize = 16 * 1024 * 1024;

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

impl From<StorageError> for DataError {
    fn from(error: StorageError) -> Self {
        match error {
            // What the database says of a file that is none, or ends too early.
            StorageError::Io(error)
                if !matches!(
                    error.kind(),
                    io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
                ) =>
            {
                Self::File(error)
            }
            _ => Self::Damaged,
        }
    }
}

impl From<DatabaseError> for DataError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen => Self::InUse,
            DatabaseError::UpgradeRequired(found) => Self::OtherVersion {
                found: found.into(),
            },
            DatabaseError::Storage(error) => error.into(),
            _ => Self::Damaged,
        }
    }
}

impl From<redb::Error> for DataError {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(error) => StorageError::Io(error).into(),
            _ => Self::Damaged,
        }
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

/// The data file.
pub(crate) struct Storage {
    queue: Mutex<Queue>,
    /// `None` when it is closed, or when a change could not be written: what is in
    /// memory is then not what is in the file, and nothing may be built on it.
    database: Mutex<Option<Database>>,
    /// The number of the last change that is on the disk.
    durable: AtomicU64,
}

impl Storage {
    /// Opens a data file, or makes one.
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        let is_new = fs::metadata(path).map_or_else(
            |error| match error.kind() {
                io::ErrorKind::NotFound => Ok(true),
                _ => Err(error),
            },
            |metadata| Ok(metadata.len() == 0),
        )?;
        let database = if is_new { create(path)? } else { reopen(path)? };
        Ok(Self {
            queue: Mutex::default(),
            database: Mutex::new(Some(database)),
            durable: AtomicU64::new(0),
        })
    }

    /// The one record of a kind.
    pub(crate) fn single<T: DeserializeOwned>(&self, kind: &str) -> Result<Option<T>, DataError> {
        let Some(records) = self.records()? else {
            return Ok(None);
        };
        let read = |value: &[u8]| serde_json::from_slice(value).map_err(|_| DataError::Damaged);
        records
            .get((kind, ""))?
            .map(|value| read(value.value()))
            .transpose()
    }

    fn records(&self) -> Result<Option<Records>, DataError> {
        let database = lock(&self.database);
        let database = database.as_ref().ok_or(DataError::Damaged)?;
        let read = database.begin_read().map_err(redb::Error::from)?;
        match read.open_table(RECORDS) {
            Ok(records) => Ok(Some(records)),
            // Nothing has been written yet.
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(redb::Error::from(error).into()),
        }
    }

    /// Shows every record: kind, name and value.
    pub(crate) fn each(
        &self,
        mut show: impl FnMut(&str, &str, &[u8]) -> Result<(), Misfit>,
    ) -> Result<(), DataError> {
        let Some(records) = self.records()? else {
            return Ok(());
        };
        for record in records.iter()? {
            let (name, value) = record?;
            let (kind, key) = name.value();
            show(kind, key, value.value())?;
        }
        Ok(())
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

    fn write(&self, database: &mut Option<Database>) -> Result<(), Unwritten> {
        let open = database.as_ref().ok_or(Unwritten)?;
        let (changes, last) = {
            let mut queue = lock(&self.queue);
            (std::mem::take(&mut queue.changes), queue.last)
        };
        if !changes.is_empty() && commit(open, &changes).is_err() {
            *database = None;
            return Err(Unwritten);
        }
        self.durable.store(last, Ordering::Release);
        Ok(())
    }
}

fn commit(database: &Database, changes: &[Change]) -> Result<(), redb::Error> {
    // It is on the disk when the commit returns.
    let transaction = database.begin_write()?;
    {
        let mut records = transaction.open_table(RECORDS)?;
        for Change { kind, key, value } in changes {
            let name = (*kind, key.as_str());
            match value {
                Some(value) => records.insert(name, value.as_slice())?,
                None => records.remove(name)?,
            };
        }
    }
    transaction.commit()?;
    Ok(())
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
    builder
}

fn reopen(path: &Path) -> Result<Database, DataError> {
    let mut database = builder().open(path)?;
    // What does not carry its checksum may have lost something. After a crash the
    // file has been brought in order by now.
    if !database.check_integrity()? {
        return Err(DataError::Damaged);
    }
    match version(&database)? {
        Some(FORMAT) => Ok(database),
        Some(found) => Err(DataError::OtherVersion { found }),
        None => Err(DataError::Damaged),
    }
}

fn version(database: &Database) -> Result<Option<u64>, DataError> {
    let read = database.begin_read().map_err(redb::Error::from)?;
    match read.open_table(VERSION) {
        Ok(table) => Ok(table.get("format")?.map(|version| version.value())),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(redb::Error::from(error).into()),
    }
}

/// Makes the file under another name first: one that is half made would be taken for
/// a damaged one after a crash.
fn create(path: &Path) -> Result<Database, DataError> {
    let draft = draft(path);
    let made = make(&draft).and_then(|database| {
        publish(&draft, path)?;
        Ok(database)
    });
    // It has its own name now, or is of no use.
    let _ = fs::remove_file(&draft);
    made
}

fn draft(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    name.into()
}

fn make(draft: &Path) -> Result<Database, DataError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true);
    // The key that signs webhooks is in there.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let database = builder().create_file(options.open(draft)?)?;
    let transaction = database.begin_write().map_err(redb::Error::from)?;
    transaction
        .open_table(VERSION)
        .map_err(redb::Error::from)?
        .insert("format", FORMAT)?;
    transaction.commit().map_err(redb::Error::from)?;
    Ok(database)
}

fn publish(draft: &Path, path: &Path) -> Result<(), DataError> {
    match fs::hard_link(draft, path) {
        Ok(()) => {}
        // Either the empty file that there was, or that of an emulator which was
        // started at the same time.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if fs::metadata(path)?.len() > 0 {
                return Err(DataError::InUse);
            }
            fs::rename(draft, path)?;
        }
        // Not every file system has links.
        Err(_) => fs::rename(draft, path)?,
    }
    sync_folder(path)
}

/// A file's name is on the disk when its folder is.
fn sync_folder(path: &Path) -> Result<(), DataError> {
    if cfg!(unix) {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}
