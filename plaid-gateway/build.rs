//! Packs the explorer's files for the binary: compressed, and with the hash of their
//! content as the name that caches know them by.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use plaid_common::hex::Hex;
use sha2::{Digest, Sha256};

/// The folders, and where the page finds their files.
const FOLDERS: [(&str, &str); 2] = [("explorer/dist", ""), ("explorer/catalogue", "catalogue/")];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut files = Vec::new();
    for (folder, prefix) in FOLDERS {
        let folder = root.join(folder);
        println!("cargo:rerun-if-changed={}", folder.display());
        if folder.is_dir() {
            collect(&folder, prefix, &mut files)?;
        }
    }
    files.sort();
    let mut table = String::from("[\n");
    for (index, (name, path)) in files.iter().enumerate() {
        let content = fs::read(path)?;
        let packed = out.join(format!("{index}.gz"));
        fs::write(&packed, gzip(&content)?)?;
        let hash = Sha256::digest(&content);
        let hash = Hex(&hash[..16]);
        writeln!(
            table,
            "    File {{ name: {name:?}, etag: \"\\\"{hash}\\\"\", gzip: include_bytes!({packed:?}) }},",
        )?;
    }
    table.push(']');
    fs::write(out.join("explorer.rs"), table)?;
    Ok(())
}

fn collect(
    folder: &Path,
    prefix: &str,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or("a file of the explorer has no plain name")?;
        match path.is_dir() {
            true => collect(&path, &format!("{prefix}{name}/"), files)?,
            false => files.push((format!("{prefix}{name}"), path)),
        }
    }
    Ok(())
}

fn gzip(content: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}
