//! stub
use std::path::Path;
/// stub
pub fn run(
    _root: &Path,
    _wanted: &[String],
    _from: &Path,
    _report: &mut crate::report::Report,
) -> anyhow::Result<()> {
    Ok(())
}
