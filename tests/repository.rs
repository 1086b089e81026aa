//! What several tests need of the repository: where it is, and copies of parts of it.
#![allow(dead_code)] // Every test uses another part of this.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tempfile::TempDir;
use xtask::document::{Document, load};

/// The folder that holds `openapi/` and the crates.
pub(crate) fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap().to_owned()
}

/// The description of the API, as committed: read once, since that takes a second.
pub(crate) fn openapi() -> Document {
    static API: LazyLock<Document> =
        LazyLock::new(|| load::folder(&root().join("openapi")).unwrap());
    API.clone()
}

/// Where the small documents are.
fn documents_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipeline/documents")
}

/// The names of the small documents, in order.
pub(crate) fn documents() -> Vec<String> {
    let names = files(&documents_folder()).into_keys();
    names
        .map(|name| name.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

/// The text of a small document.
pub(crate) fn document(name: &str) -> String {
    fs::read_to_string(documents_folder().join(format!("{name}.yaml"))).unwrap()
}

/// A folder with files, by their paths in it.
pub(crate) fn folder_of<P: AsRef<Path>, T: AsRef<[u8]>>(
    files: impl IntoIterator<Item = (P, T)>,
) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(&folder.path().join(path), text);
    }
    folder
}

/// Writes a file, and makes the folders above it.
pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Every file below a folder with what is in it, and every folder with nothing:
/// two of these are equal when nothing was written in between.
pub(crate) fn tree(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(at) = waiting.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_owned();
            if path.is_dir() {
                found.insert(name, None);
                waiting.push(path);
            } else {
                found.insert(name, Some(fs::read(&path).unwrap()));
            }
        }
    }
    found
}

/// The files below a folder, without the folders.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let all = tree(folder).into_iter();
    all.filter_map(|(name, bytes)| Some((name, bytes?)))
        .collect()
}
