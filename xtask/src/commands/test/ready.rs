//! Which kinds can be run here.

use std::collections::BTreeSet;

use super::kinds::Kind;
use super::tools::{install, may_install};
use crate::report::Report;

/// Looks for what the kinds need, and installs from Debian's packages what it may. Returns
/// each kind with what it still lacks.
pub(super) fn prepare(kinds: &[Kind], report: &Report) -> Vec<(Kind, Option<String>)> {
    let lacking = || {
        let tools = kinds.iter().flat_map(|kind| kind.tools());
        tools.filter(|tool| !tool.is_there())
    };
    let packages: BTreeSet<&str> = lacking().filter_map(|tool| tool.package()).collect();
    if !packages.is_empty() && may_install() {
        let packages: Vec<&str> = packages.into_iter().collect();
        let names = packages.join(" ");
        report.line(
            "install",
            &format!("Debian's packages, for the whole system: {names}"),
        );
        install(&packages);
    }
    let mut ready = Vec::new();
    for kind in kinds {
        let missing: Vec<&str> = kind
            .tools()
            .iter()
            .filter(|tool| !tool.is_there())
            .map(|tool| tool.advice())
            .collect();
        match (missing.is_empty(), kind.packages()) {
            (true, Some(packages)) => report.line(
                "install",
                &format!("{}: {packages}, in target/ and once", kind.name()),
            ),
            (true, None) => {}
            (false, _) => report.line(
                "missing",
                &format!("{}: {}", kind.name(), missing.join("; ")),
            ),
        }
        ready.push((*kind, (!missing.is_empty()).then(|| missing.join("; "))));
    }
    ready
}
