//! The commands of `cargo xtask`.

pub mod add;
pub mod bench;
pub mod catalogue;
pub mod diff;
pub mod generate;
pub mod list;
pub mod test;

use std::path::{Path, PathBuf};

/// The folder of the description, from the root of the repository.
pub const OPENAPI: &str = "openapi";

/// The root of the repository that this program was built from.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
