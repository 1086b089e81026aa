//! Files that did not arrive, or could not be kept.

use std::fmt;
use std::io;

use super::{Action, Context};
use crate::net::Damage;

/// A file came that is not as it was sent: it is not to be used.
#[derive(Debug)]
pub struct CorruptFile {
    pub(super) context: Context,
    damage: Damage,
    request_id: Option<String>,
}

impl CorruptFile {
    pub(crate) fn new(context: Context, damage: Damage, request_id: Option<&str>) -> Self {
        Self {
            context,
            damage,
            request_id: request_id.map(str::to_owned),
        }
    }

    /// Whether its hash differs from the one that Plaid sent along. Otherwise it has
    /// another length than announced.
    pub fn is_hash_mismatch(&self) -> bool {
        self.damage == Damage::Hash
    }

    /// Plaid's id of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    pub(super) fn action(&self) -> Action {
        self.context.after_uncertainty()
    }
}

impl fmt::Display for CorruptFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: the file is not whole: ", self.context.operation)?;
        match self.damage {
            Damage::Hash => f.write_str("its hash is not the one that Plaid sent")?,
            Damage::Length {
                announced,
                received,
            } => write!(f, "{received} bytes came of {announced}")?,
            Damage::Empty => f.write_str("there is nothing in it")?,
        }
        write!(f, "; {}", self.action())?;
        self.context.write_tail(f, self.request_id())
    }
}

impl std::error::Error for CorruptFile {}

/// A file could not be saved. Nothing is left of it.
#[derive(Debug)]
pub struct SaveError {
    pub(super) context: Context,
    cause: io::Error,
}

impl SaveError {
    #[cfg(feature = "files")]
    pub(crate) fn new(context: Context, cause: io::Error) -> Self {
        Self { context, cause }
    }

    /// What the file system said.
    pub fn cause(&self) -> &io::Error {
        &self.cause
    }
}

impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = &self.context.operation;
        write!(f, "{operation}: the file cannot be saved: {}", self.cause)
    }
}

impl std::error::Error for SaveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}
