//! Layers of a crate: no import circle among its files, and no file that imports from
//! a module which `lib.rs` lists after its own.
//!
//! Read are `use` lines and paths, also those in macros, as far as they lead to a file
//! of the same crate; a re-export is followed to the file that has the item. Not read
//! is code for tests. A file and those of its submodules are one module to others, so a
//! parent that uses its child is no tie, and a child that uses its parent is one.
//! What is not seen: a method that another file adds to a type.

mod code;
mod ties;

use std::fs;
use std::path::{Path, PathBuf};

use self::ties::Ties;

/// Crates whose files must not import each other in a circle.
const WITHOUT_CIRCLES: &[&str] = &["plaid", "plaid-common", "plaid-gateway", "xtask"];

/// Crates whose `lib.rs` lists its modules from the lowest layer to the highest.
const IN_ORDER: &[&str] = &["plaid"];

fn ties_of(name: &str) -> Ties {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    Ties::of(&workspace.join(name).join("src"))
}

#[test]
fn no_files_of_a_crate_import_each_other_in_a_circle() {
    for name in WITHOUT_CIRCLES {
        if let Some(circle) = ties_of(name).circle() {
            panic!("{name}/src has an import circle:\n{}", circle.join("\n"));
        }
    }
}

#[test]
fn modules_import_only_from_those_that_lib_rs_lists_before_them() {
    for name in IN_ORDER {
        let upward = ties_of(name).upward();
        assert!(
            upward.is_empty(),
            "{name}/src imports from a higher layer:\n{}",
            upward.join("\n")
        );
    }
}

/// A crate made of these files.
struct MadeUp(tempfile::TempDir);

impl MadeUp {
    fn new(files: &[(&str, &str)]) -> Self {
        let made_up = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = made_up.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        made_up
    }

    fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    fn ties(&self) -> Ties {
        Ties::of(&self.path())
    }
}

const LIB: (&str, &str) = (
    "lib.rs",
    "mod base; mod middle; #[path = \"elsewhere/top.rs\"] mod top; pub use top::Top;",
);

#[test]
fn a_crate_in_layers_has_no_circle_and_nothing_upward() {
    let made_up = MadeUp::new(&[
        LIB,
        (
            "base.rs",
            "use std::fmt; pub struct Base; mod inner { use super::Base; }",
        ),
        (
            "middle/mod.rs",
            // A parent may use its child, and tests may use anything.
            "mod part; pub use part::Part; fn f() -> part::Part { part::Part }
             #[cfg(test)] mod tests { use crate::top::Top; }
             #[cfg(test)] use crate::Top;",
        ),
        (
            "middle/part.rs",
            "use crate::base::{self, Base}; pub struct Part;",
        ),
        (
            "elsewhere/top.rs",
            "use crate::middle::*; use crate::base; pub struct Top(Part, base::Base);",
        ),
    ]);
    let ties = made_up.ties();
    assert_eq!(ties.circle(), None);
    assert_eq!(ties.upward(), Vec::<String>::new());
    assert_eq!(ties.of_file("middle/part.rs"), ["base.rs"]);
    assert_eq!(
        ties.of_file("elsewhere/top.rs"),
        ["base.rs", "middle/mod.rs"]
    );
}

#[test]
fn a_circle_is_told_link_by_link_with_what_is_imported() {
    let made_up = MadeUp::new(&[
        LIB,
        // Through a re-export, a macro and a child.
        (
            "base.rs",
            "pub struct Base; fn f() { assert!(matches!(1, crate::Top::ONE)); }",
        ),
        ("middle/mod.rs", "mod part; pub(crate) use part::Part;"),
        (
            "middle/part.rs",
            "use super::super::base::Base as Lowest; pub struct Part;",
        ),
        ("elsewhere/top.rs", "pub struct Top(crate::middle::Part);"),
    ]);
    let circle = made_up.ties().circle();
    assert_eq!(
        circle.unwrap(),
        [
            "  base.rs imports elsewhere/top.rs (Top)",
            "  elsewhere/top.rs imports middle/part.rs (Part)",
            "  middle/part.rs imports base.rs (Base)",
        ]
    );
}

#[test]
fn a_child_and_its_parent_are_a_circle_only_through_a_third_file() {
    let parent = ("middle/mod.rs", "mod part; pub struct Middle(part::Part);");
    let child = ("middle/part.rs", "use super::Middle; pub struct Part;");
    let top = ("elsewhere/top.rs", "pub struct Top;");
    let base = ("base.rs", "pub struct Base;");
    let made_up = MadeUp::new(&[LIB, base, parent, child, top]);
    assert_eq!(made_up.ties().circle(), None);

    let parent = (
        "middle/mod.rs",
        "mod part; use crate::base::Base; pub struct Middle;",
    );
    let base = ("base.rs", "use crate::middle::part; pub struct Base;");
    let made_up = MadeUp::new(&[LIB, base, parent, child, top]);
    assert_eq!(
        made_up.ties().circle().unwrap(),
        [
            "  base.rs imports middle/part.rs (part)",
            "  middle/part.rs imports middle/mod.rs (Middle)",
            "  middle/mod.rs imports base.rs (Base)",
        ]
    );
}

#[test]
fn an_import_from_a_higher_layer_is_told() {
    let made_up = MadeUp::new(&[
        LIB,
        ("base.rs", "use crate::middle::Part; pub struct Base;"),
        ("middle/mod.rs", "mod part; pub use part::Part;"),
        ("middle/part.rs", "pub struct Part;"),
        ("elsewhere/top.rs", "pub struct Top;"),
    ]);
    let ties = made_up.ties();
    assert_eq!(ties.circle(), None);
    assert_eq!(
        ties.upward(),
        ["  base.rs imports middle/part.rs (Part), whose layer `middle` is above `base`"]
    );
}
