//! Files that Plaid answers with.

use std::fmt;

use bytes::Bytes;

/// A file that Plaid answered with, for instance a PDF. `Debug` tells its length.
#[derive(Clone, PartialEq, Eq)]
pub struct File(Bytes);

impl File {
    /// The file's content.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl From<Bytes> for File {
    fn from(content: Bytes) -> Self {
        Self(content)
    }
}

impl std::ops::Deref for File {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for File {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({} bytes)", self.0.len())
    }
}
