//! stub
use std::path::Path;
/// stub
pub fn run(_root: &Path, _json: bool) -> anyhow::Result<()> {
    Ok(())
}
