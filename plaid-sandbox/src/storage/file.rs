//! The data file as an embedded database.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use redb::{
    Builder, DatabaseError, ReadOnlyTable, ReadableDatabase, ReadableTable, StorageError,
    TableDefinition, TableError,
};
use serde::{Serialize, de::DeserializeOwned};

use super::{Change, DataError, Database, FORMAT, Misfit, Show};

const VERSION: TableDefinition<'_, &str, u64> = TableDefinition::new("plaid-sandbox");
/// JSON by kind and name, but for the parts of ledgers, which are the largest.
const RECORDS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("records");

type Records = ReadOnlyTable<(&'static str, &'static str), &'static [u8]>;

/// The file is read once, at the start, so that there is little to keep at hand.
const CACHE: usize = 16 * 1024 * 1024;

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

impl Database for redb::Database {
    fn each(&self, show: &mut Show<'_>) -> Result<(), DataError> {
        let Some(records) = records(self)? else {
            return Ok(());
        };
        for record in records.iter()? {
            let (name, value) = record?;
            let (kind, key) = name.value();
            show(kind, key, value.value())?;
        }
        Ok(())
    }

    fn single(&self, kind: &str) -> Result<Option<Vec<u8>>, DataError> {
        let Some(records) = records(self)? else {
            return Ok(None);
        };
        let value = records.get((kind, ""))?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn commit(&self, changes: &[Change]) -> Result<(), DataError> {
        Ok(commit(self, changes)?)
    }
}

/// Opens a data file, or makes one.
pub(super) fn open(path: &Path) -> Result<Box<dyn Database>, DataError> {
    let is_new = fs::metadata(path).map_or_else(
        |error| match error.kind() {
            io::ErrorKind::NotFound => Ok(true),
            _ => Err(error),
        },
        |metadata| Ok(metadata.len() == 0),
    )?;
    let database = if is_new { create(path)? } else { reopen(path)? };
    Ok(Box::new(database))
}

/// A record in few bytes; `None` if it cannot be written down.
pub(crate) fn pack(thing: &impl Serialize) -> Option<Vec<u8>> {
    postcard::to_allocvec(thing).ok()
}

/// Reads what [`pack`] made.
pub(crate) fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Misfit> {
    match postcard::take_from_bytes(bytes) {
        Ok((thing, [])) => Ok(thing),
        _ => Err(Misfit),
    }
}

fn records(database: &redb::Database) -> Result<Option<Records>, DataError> {
    let read = database.begin_read().map_err(redb::Error::from)?;
    match read.open_table(RECORDS) {
        Ok(records) => Ok(Some(records)),
        // Nothing has been written yet.
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(redb::Error::from(error).into()),
    }
}

fn commit(database: &redb::Database, changes: &[Change]) -> Result<(), redb::Error> {
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

fn reopen(path: &Path) -> Result<redb::Database, DataError> {
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

fn version(database: &redb::Database) -> Result<Option<u64>, DataError> {
    let read = database.begin_read().map_err(redb::Error::from)?;
    match read.open_table(VERSION) {
        Ok(table) => Ok(table.get("format")?.map(|version| version.value())),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(redb::Error::from(error).into()),
    }
}

/// Makes the file under another name first: one that is half made would be taken for
/// a damaged one after a crash.
fn create(path: &Path) -> Result<redb::Database, DataError> {
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

fn make(draft: &Path) -> Result<redb::Database, DataError> {
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
