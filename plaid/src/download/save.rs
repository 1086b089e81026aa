//! A file on its way to the disk.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt;
use tokio::task;

/// A file under a name that nobody looks for, beside the one that it will have.
/// Removed when dropped.
pub(super) struct Part {
    file: tokio::fs::File,
    name: Temporary,
    target: PathBuf,
}

/// The name; dropping it removes what bears it.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Moved already, or else there is nobody to tell.
        let _ = fs::remove_file(&self.0);
    }
}

impl Part {
    /// Made in one piece on a thread for blocking work: a caller who leaves in the
    /// middle leaves no file.
    pub(super) async fn create(target: &Path) -> io::Result<Self> {
        let target = target.to_owned();
        let made = task::spawn_blocking(move || Self::create_now(target));
        made.await.map_err(io::Error::other)?
    }

    fn create_now(target: PathBuf) -> io::Result<Self> {
        if target.file_name().is_none() || target.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let name = format!(".plaid-{:016x}.part", fastrand::u64(..));
        let path = target.with_file_name(name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)?;
        Ok(Self {
            file: tokio::fs::File::from_std(file),
            name: Temporary(path),
            target,
        })
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes).await
    }

    /// Gives it its name, once all of it is on the disk.
    pub(super) async fn finish(mut self) -> io::Result<()> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        // Some systems do not move a file that is open.
        drop(self.file.into_std().await);
        tokio::fs::rename(&self.name.0, &self.target).await
    }
}
