//! `cargo xtask add`: copies operations and all that they need into openapi/.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::OPENAPI;
use crate::document::load::{self, ROOT_FILE};
use crate::document::reach::{self, Graph};
use crate::document::{Document, METHODS, check, import, products, strings, text};
use crate::report::Report;

/// The file of schemas that several products use.
const SHARED_FILE: &str = "shared.yaml";

/// Copies operations, by path or id, and schemas, by name, from another document.
///
/// What openapi/ describes already stays as it is. Nothing is written when
/// something is not found.
///
/// # Errors
/// When a document cannot be read, something wanted is not in it, or no product is
/// known for it.
pub fn run(root: &Path, wanted: &[String], from: &Path, report: &mut Report) -> Result<()> {
    let folder = root.join(OPENAPI);
    let here = report.step("load", || load::folder(&folder))?;
    let there = report.step("read", || load::any(from))?;
    let there = import::reduce(&there);
    let addition = select(&here, &there, wanted, from)?;
    let mut files = Files::new(&folder);
    files.put_paths(&addition)?;
    files.put_schemas(&here, &there, &addition)?;
    files.put_tags(&here, &there, &addition)?;
    files.write()?;
    summary(&addition, report);
    let document = load::folder(&folder)?;
    if let Err(problems) = check::check(&document) {
        let count = problems.0.len();
        report.line(
            "to do",
            &format!("{count} places need your words before `generate`:"),
        );
        report.line("", &problems.to_string());
    }
    Ok(())
}

/// What is to be copied.
#[derive(Debug, Default)]
struct Addition {
    /// Path → product and path item.
    paths: BTreeMap<String, (String, Value)>,
    /// Schemas that openapi/ does not have.
    schemas: BTreeSet<String>,
    /// What was asked for and is here already.
    present: Vec<String>,
}

fn select(here: &Document, there: &Document, wanted: &[String], from: &Path) -> Result<Addition> {
    let mut addition = Addition::default();
    let mut roots = BTreeSet::new();
    let mut missing = Vec::new();
    for name in wanted {
        if let Some((path, item)) = find(there, name) {
            roots.extend(reach::direct(item));
            if here.paths().contains_key(path) {
                addition.present.push(path.to_owned());
            } else {
                let product = product_of(here, path, item)?;
                let item = with_product(item, &product);
                addition.paths.insert(path.to_owned(), (product, item));
            }
        } else if there.schemas().contains_key(name) {
            roots.insert(name.clone());
        } else {
            missing.push(name.as_str());
        }
    }
    if !missing.is_empty() {
        bail!(
            "{} has no {}{}",
            from.display(),
            missing.join(", "),
            similar(there, &missing)
        );
    }
    let needed = Graph::of(there).closure(roots);
    let new = needed
        .into_iter()
        .filter(|name| !here.schemas().contains_key(name));
    addition.schemas = new.collect();
    Ok(addition)
}

/// A path item by its path or by the id of one of its operations.
fn find<'a>(document: &'a Document, name: &str) -> Option<(&'a str, &'a Value)> {
    if let Some((path, item)) = document.paths().get_key_value(name) {
        return Some((path, item));
    }
    let (path, _, _) = document
        .operations()
        .find(|(_, _, operation)| text(operation, "operationId") == name)?;
    Some((path, document.paths().get(path)?))
}

/// A hint for a mistyped path.
fn similar(document: &Document, missing: &[&str]) -> String {
    let last = |name: &str| {
        name.trim_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or(name)
            .to_owned()
    };
    let close: Vec<&str> = document
        .paths()
        .keys()
        .map(String::as_str)
        .filter(|path| {
            missing.iter().any(|name| {
                similar::TextDiff::from_chars(*name, *path).ratio() > 0.8
                    && last(name) == last(path)
            })
        })
        .take(5)
        .collect();
    match close.as_slice() {
        [] => String::new(),
        paths => format!("; did you mean {}?", paths.join(" or ")),
    }
}

fn product_of(here: &Document, path: &str, item: &Value) -> Result<String> {
    let tags = here.root.get("tags").and_then(Value::as_array);
    let known: BTreeSet<&str> = tags
        .into_iter()
        .flatten()
        .map(|tag| text(tag, "name"))
        .collect();
    let own = METHODS
        .iter()
        .filter_map(|method| item.get(method))
        .flat_map(|operation| strings(operation, "tags"))
        .find(|tag| known.contains(tag));
    let product = own.or_else(|| products::of_path(path));
    let product = product.with_context(|| {
        format!(
            "no product is known for {path}; give its operation a tag that stands in \
             openapi/{ROOT_FILE}, or add the beginning of the path to \
             xtask/src/document/products.rs"
        )
    })?;
    Ok(product.to_owned())
}

fn with_product(item: &Value, product: &str) -> Value {
    let mut item = item.clone();
    for method in METHODS {
        if let Some(operation) = item.get_mut(method) {
            operation["tags"] = json!([product]);
        }
    }
    item
}

/// The files that are being changed, in memory.
struct Files {
    folder: PathBuf,
    texts: BTreeMap<String, String>,
}

impl Files {
    fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            texts: BTreeMap::new(),
        }
    }

    /// The text of a file, or that of a new one.
    fn text(&mut self, name: &str) -> Result<&mut String> {
        if !self.texts.contains_key(name) {
            let path = self.folder.join(name);
            let text = match fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => new_file(name),
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot read {}", path.display()));
                }
            };
            self.texts.insert(name.to_owned(), text);
        }
        self.texts
            .get_mut(name)
            .context("a file that was just read")
    }

    fn insert(&mut self, name: &str, section: &[&str], key: &str, value: &Value) -> Result<()> {
        let folder = self.folder.clone();
        let text = self.text(name)?;
        open_sections(text, section);
        let changed = crate::document::text::insert(text, section, key, value);
        *text = changed.with_context(|| {
            format!(
                "{} has no `{}:` on a line of its own; write it so, for `add` leaves the rest \
                 of a file as it is",
                folder.join(name).display(),
                section.join("/")
            )
        })?;
        Ok(())
    }

    fn put_paths(&mut self, addition: &Addition) -> Result<()> {
        for (path, (product, item)) in &addition.paths {
            self.insert(&format!("{product}.yaml"), &["paths"], path, item)?;
        }
        Ok(())
    }

    fn put_schemas(&mut self, here: &Document, there: &Document, add: &Addition) -> Result<()> {
        let homes = homes(here, there, add);
        for name in &add.schemas {
            let Some(schema) = there.schemas().get(name) else {
                // A reference to nothing; `check` says so with its place.
                continue;
            };
            let home = homes.get(name).map_or(SHARED_FILE, String::as_str);
            self.insert(home, &["components", "schemas"], name, schema)?;
        }
        Ok(())
    }

    fn put_tags(&mut self, here: &Document, there: &Document, addition: &Addition) -> Result<()> {
        let tags = here.root.get("tags").and_then(Value::as_array);
        let known: BTreeSet<&str> = tags
            .into_iter()
            .flatten()
            .map(|t| text(t, "name"))
            .collect();
        let products: BTreeSet<&String> = addition.paths.values().map(|(p, _)| p).collect();
        for product in products
            .into_iter()
            .filter(|product| !known.contains(product.as_str()))
        {
            let tags = there.root.get("tags").and_then(Value::as_array);
            let mut tags = tags.into_iter().flatten();
            let tag = tags.find(|tag| text(tag, "name") == product);
            let tag = tag
                .cloned()
                .unwrap_or_else(|| json!({ "name": product, "description": "" }));
            let entry = crate::document::text::entry("tags", &json!([tag]), 0);
            let root = self.text(ROOT_FILE)?;
            *root = root.replacen("tags:\n", &entry, 1);
        }
        Ok(())
    }

    fn write(&self) -> Result<()> {
        for (name, text) in &self.texts {
            let path = self.folder.join(name);
            let context = || format!("cannot write {}", path.display());
            let file = tempfile::NamedTempFile::new_in(&self.folder).with_context(context)?;
            fs::write(file.path(), text).with_context(context)?;
            crate::emit::tree::set_readable(file.path()).with_context(context)?;
            file.persist(&path).with_context(context)?;
        }
        Ok(())
    }
}

fn new_file(name: &str) -> String {
    let title = name.trim_end_matches(".yaml");
    format!(
        "openapi: 3.0.3\ninfo:\n  title: {title}\n  version: '2020-09-14'\npaths:\ncomponents:\n  \
         schemas:\n"
    )
}

/// `paths: {}` becomes `paths:`, and a section that is not there is opened.
fn open_sections(text: &mut String, section: &[&str]) {
    for (depth, name) in section.iter().enumerate() {
        let head = format!("{:width$}{name}:", "", width = depth * 2);
        *text = text.replacen(&format!("{head} {{}}\n"), &format!("{head}\n"), 1);
        if !text.lines().any(|line| line.trim_end() == head) {
            if !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&format!("{head}\n"));
        }
    }
}

/// The file of each new schema: that of the one product that uses it, or the
/// shared one.
fn homes(here: &Document, there: &Document, addition: &Addition) -> BTreeMap<String, String> {
    let mut joined = there.clone();
    for (name, schema) in here.schemas() {
        joined.schemas_mut().insert(name.clone(), schema.clone());
    }
    let graph = Graph::of(&joined);
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut note = |product: &str, node: &Value| {
        for name in graph.closure(reach::direct(node)) {
            users.entry(name).or_default().insert(product.to_owned());
        }
    };
    for (_, _, operation) in here.operations() {
        if let Some(product) = strings(operation, "tags").first() {
            note(product, operation);
        }
    }
    for (product, item) in addition.paths.values() {
        note(product, item);
    }
    let only = |(name, products): (String, BTreeSet<String>)| match products.len() {
        1 => products
            .into_iter()
            .next()
            .map(|product| (name, format!("{product}.yaml"))),
        _ => None,
    };
    users.into_iter().filter_map(only).collect()
}

fn summary(addition: &Addition, report: &Report) {
    for path in &addition.present {
        report.line("kept", &format!("{path}, which is described already"));
    }
    for (path, (product, _)) in &addition.paths {
        report.line("added", &format!("{path} to {OPENAPI}/{product}.yaml"));
    }
    let (paths, schemas) = (addition.paths.len(), addition.schemas.len());
    report.line(
        "done",
        &format!("{paths} paths and {schemas} schemas added"),
    );
    if paths + schemas > 0 {
        report.line("next", "cargo xtask generate");
    }
}
