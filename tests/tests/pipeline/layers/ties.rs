//! Which file imports which, and what is wrong with that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use super::code::{Code, Place};

/// What each file imports from which others. Files are named from the crate's `src`.
#[derive(Default)]
pub(crate) struct Ties {
    files: BTreeMap<String, File>,
    /// The modules that the root declares, in its order.
    layers: Vec<String>,
}

#[derive(Default)]
struct File {
    place: Place,
    imports: BTreeMap<String, BTreeSet<String>>,
}

impl Ties {
    /// The ties in a folder with a `lib.rs`, a `main.rs` or both.
    pub(crate) fn of(src: &Path) -> Self {
        let mut ties = Self::default();
        for root in ["lib.rs", "main.rs"] {
            let root = src.join(root);
            if root.exists() {
                ties.add(src, &Code::of(&root));
            }
        }
        assert!(!ties.files.is_empty(), "no crate in {}", src.display());
        ties
    }

    fn add(&mut self, src: &Path, code: &Code) {
        let name = |file: &Path| {
            let file = file.strip_prefix(src).unwrap();
            let parts: Vec<_> = file.iter().map(|part| part.to_str().unwrap()).collect();
            // `webhook/../generated/events.rs`
            let mut plain: Vec<&str> = Vec::new();
            for part in parts {
                match part {
                    ".." => drop(plain.pop()),
                    part => plain.push(part),
                }
            }
            plain.join("/")
        };
        // Those inside of a file come after it.
        for (place, module) in &code.modules {
            self.files
                .entry(name(&module.file))
                .or_insert_with(|| File {
                    place: place.clone(),
                    ..File::default()
                });
        }
        self.layers
            .extend(code.modules[&Vec::new()].children.iter().cloned());
        for (place, module) in &code.modules {
            let from = name(&module.file);
            for path in &module.paths {
                let Some(target) = code.target(place, path) else {
                    continue;
                };
                let to = name(&code.modules[&target].file);
                if to == from || self.is_within(&to, &from) {
                    continue;
                }
                // `module::Type::of` is about the type.
                let item = path.iter().find(|part| is_type(part)).or(path.last());
                let file = self.files.entry(from.clone()).or_default();
                let items = file.imports.entry(to).or_default();
                items.extend(item.cloned());
            }
        }
    }

    /// Whether a file is of a submodule of another.
    fn is_within(&self, file: &str, other: &str) -> bool {
        self.files[file].place.starts_with(&self.files[other].place)
    }

    /// The files that a file imports from.
    pub(crate) fn of_file(&self, file: &str) -> Vec<&str> {
        self.files[file]
            .imports
            .keys()
            .map(String::as_str)
            .collect()
    }

    /// The shortest circle, one line for each of its links.
    pub(crate) fn circle(&self) -> Option<Vec<String>> {
        let circles = self.files.keys().filter_map(|file| self.way_back(file));
        let shortest = circles.min_by_key(Vec::len)?;
        let next = shortest.iter().cycle().skip(1);
        let links = shortest.iter().zip(next);
        Some(links.map(|(from, to)| self.link(from, to)).collect())
    }

    /// The shortest way from a file to itself, that file first.
    fn way_back<'a>(&'a self, start: &'a str) -> Option<Vec<&'a str>> {
        let mut before: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(file) = queue.pop_front() {
            for next in self.of_file(file) {
                if next == start {
                    let mut way = vec![file];
                    while way.last() != Some(&start) {
                        way.push(before[way.last().unwrap()]);
                    }
                    way.reverse();
                    return Some(way);
                }
                if !before.contains_key(next) {
                    before.insert(next, file);
                    queue.push_back(next);
                }
            }
        }
        None
    }

    fn link(&self, from: &str, to: &str) -> String {
        let items: Vec<&str> = self.files[from].imports[to]
            .iter()
            .map(String::as_str)
            .collect();
        format!("  {from} imports {to} ({})", items.join(", "))
    }

    /// The imports from a module that the root declares after the importing one.
    pub(crate) fn upward(&self) -> Vec<String> {
        let level = |layer: &String| self.layers.iter().position(|other| other == layer);
        let mut upward = Vec::new();
        for (from, file) in &self.files {
            for to in file.imports.keys() {
                let (Some(own), Some(other)) = (file.place.first(), self.files[to].place.first())
                else {
                    continue;
                };
                if level(other) > level(own) {
                    let link = self.link(from, to);
                    upward.push(format!("{link}, whose layer `{other}` is above `{own}`"));
                }
            }
        }
        upward
    }
}

fn is_type(part: &str) -> bool {
    part.starts_with(char::is_uppercase) && part.chars().any(char::is_lowercase)
}
