//! stub
use std::path::Path;
/// stub
pub fn run(_root: &Path, _against: &Path) -> anyhow::Result<()> {
    Ok(())
}
