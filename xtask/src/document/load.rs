//! Step 1: the files of a folder, joined into one document.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use super::problem::{Problem, Problems};
use super::{Document, pointer, yaml};

/// The document that says what all the others share: servers, tags, credentials.
pub const ROOT_FILE: &str = "plaid.yaml";

/// Reads every `.yaml` and `.yml` file of a folder and joins them.
///
/// # Errors
/// When the folder or a file cannot be read, a file is not an OpenAPI 3.0
/// document, or two files say different things under one name.
pub fn folder(folder: &Path) -> Result<Document> {
    let mut files = yaml_files(folder)?;
    files.sort_by_key(|file| (file.file_name() != Some(ROOT_FILE.as_ref()), file.clone()));
    if files.is_empty() {
        bail!("no .yaml file in {}", folder.display());
    }
    let mut joined = Document::default();
    let mut problems = Vec::new();
    for path in &files {
        match file(path) {
            Ok(document) => problems.extend(join(&mut joined, document)),
            Err(error) => problems.extend(error.downcast::<Problems>()?.0),
        }
    }
    if !problems.is_empty() {
        return Err(Problems(problems).into());
    }
    sort(&mut joined);
    Ok(joined)
}

/// Reads a document from a file, or from a folder of files.
///
/// # Errors
/// See [`folder`] and [`file()`].
pub fn any(path: &Path) -> Result<Document> {
    if path.is_dir() {
        folder(path)
    } else {
        file(path)
    }
}

/// Reads one OpenAPI 3.0 document.
///
/// # Errors
/// When it cannot be read, is not YAML, or not OpenAPI 3.0.
pub fn file(path: &Path) -> Result<Document> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let Ok(text) = String::from_utf8(bytes) else {
        let what = format!("{}: not UTF-8 text", path.display());
        return Err(Problems::from(Problem::new(None, what, "save it as UTF-8")).into());
    };
    let document = yaml::parse(path, &text).map_err(Problems::from)?;
    check_version(path, &document)?;
    Ok(document)
}

fn check_version(path: &Path, document: &Document) -> Result<(), Problems> {
    let version = document.root.get("openapi").and_then(Value::as_str);
    if version.is_some_and(|version| version.starts_with("3.0.")) {
        return Ok(());
    }
    let found = match version {
        Some(version) => format!("it says `openapi: {version}`"),
        None => "it has no `openapi` version".to_owned(),
    };
    let place = document.place("/openapi");
    let file = path.display();
    Err(Problem::new(
        place,
        format!("{file} is not an OpenAPI 3.0 document: {found}"),
        "only 3.0 is understood; the first line has to read `openapi: 3.0.3`",
    )
    .into())
}

fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            files.push(path);
        }
    }
    Ok(files)
}

/// Adds a file's paths and components to the joined document. Everything else is
/// taken from the first file that has it, which is [`ROOT_FILE`].
fn join(joined: &mut Document, file: Document) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Document { root, places } = file;
    let Value::Object(root) = root else {
        return problems;
    };
    if !joined.root.is_object() {
        joined.root = Value::Object(Map::new());
    }
    for (key, value) in root {
        match (key.as_str(), value) {
            ("paths", Value::Object(paths)) => {
                let taken = joined.paths_mut();
                add_all(taken, paths, "/paths", &places, &mut problems);
            }
            ("components", Value::Object(sections)) => {
                join_components(joined, sections, &places, &mut problems);
            }
            (_, value) => {
                if let Value::Object(whole) = &mut joined.root {
                    whole.entry(key).or_insert(value);
                }
            }
        }
    }
    for (pointer, place) in places {
        joined.places.entry(pointer).or_insert(place);
    }
    problems
}

fn join_components(
    joined: &mut Document,
    sections: Map<String, Value>,
    places: &std::collections::HashMap<String, super::Place>,
    problems: &mut Vec<Problem>,
) {
    for (section, entries) in sections {
        let Value::Object(entries) = entries else {
            continue;
        };
        let taken = super::as_object_mut(super::child_mut(
            super::child_mut(&mut joined.root, "components"),
            &section,
        ));
        let at = pointer::of(["components", section.as_str()]);
        add_all(taken, entries, &at, places, problems);
    }
}

fn add_all(
    taken: &mut Map<String, Value>,
    entries: Map<String, Value>,
    at: &str,
    places: &std::collections::HashMap<String, super::Place>,
    problems: &mut Vec<Problem>,
) {
    for (name, value) in entries {
        if taken.contains_key(&name) {
            let place = places.get(&pointer::join(at, &name)).cloned();
            let what = format!("`{name}` is described in another file already");
            problems.push(Problem::new(place, what, "keep one of the two"));
        } else {
            taken.insert(name, value);
        }
    }
}

/// What is generated must not depend on which file something stands in.
fn sort(document: &mut Document) {
    document.paths_mut().sort_keys();
    document.schemas_mut().sort_keys();
}
