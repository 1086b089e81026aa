//! What the explorer is told of every operation: the files are those of this
//! description, and their two halves, the schema that schemars derived and the call
//! in Rust that the generator made, speak of the same fields.
//!
//! That the schemas are those of the types, to the word, is checked by
//! `cargo xtask catalogue --check`, which compiles them.

use crate::repository;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use xtask::commands::catalogue;
use xtask::emit::catalogue::page::FOLDER;
use xtask::emit::{Output, tree};
use xtask::report::Report;

/// The committed files, by operation.
fn pages() -> BTreeMap<String, Value> {
    let folder = repository::files(&repository::root().join(FOLDER)).into_iter();
    let page = |(name, bytes): (std::path::PathBuf, Vec<u8>)| {
        let id = name.file_stem().unwrap().to_str().unwrap().to_owned();
        (id, serde_json::from_slice(&bytes).unwrap())
    };
    folder.map(page).collect()
}

/// The schemas in the committed files.
fn schemas() -> BTreeMap<String, Value> {
    let pages = pages().into_iter();
    pages
        .map(|(id, page)| (id, page["request"].clone()))
        .filter(|(_, schema)| !schema.is_null())
        .collect()
}

/// What the files would be with these schemas.
fn outputs(schemas: &BTreeMap<String, Value>) -> Result<Vec<Output>, String> {
    let document = repository::openapi();
    let outputs = catalogue::outputs(&document, schemas, &mut Report::silent());
    outputs.map_err(|error| format!("{error:#}"))
}

#[test]
fn every_operation_has_its_file_and_none_is_left_of_one_that_is_gone() {
    let made = outputs(&schemas()).unwrap();
    let changes = tree::compare_in(&repository::root(), &made, &[FOLDER]).unwrap();
    let stale: Vec<_> = changes.write.iter().map(|output| &output.path).collect();
    assert!(
        changes.is_empty(),
        "run `cargo xtask catalogue`: {stale:?} are stale and {:?} of nothing",
        changes.remove
    );
    assert_eq!(made.len(), 329);
}

#[test]
fn an_operation_without_a_schema_of_its_request_is_named() {
    let mut schemas = schemas();
    schemas.remove("itemGet").unwrap();
    let error = outputs(&schemas).unwrap_err();
    assert!(
        error.contains("itemGet") && error.contains("cargo xtask generate"),
        "{error}"
    );
}

#[test]
fn a_file_that_was_edited_or_is_of_no_operation_is_found() {
    let made = outputs(&schemas()).unwrap();
    let texts = made.iter().map(|output| (&output.path, &output.text));
    let copy = repository::folder_of(texts);
    let changes = || tree::compare_in(copy.path(), &made, &[FOLDER]).unwrap();
    assert!(changes().is_empty());
    let edited = copy.path().join(FOLDER).join("itemGet.json");
    let text = fs::read_to_string(&edited).unwrap();
    fs::write(&edited, text.replace("access_token", "token")).unwrap();
    repository::write(&copy.path().join(FOLDER).join("gone.json"), "{}");
    let found = changes();
    assert_eq!(found.write.len(), 1);
    assert_eq!(found.remove, [Path::new(FOLDER).join("gone.json")]);
}

#[test]
fn a_form_asks_for_what_the_call_takes() {
    for (id, page) in pages() {
        let arguments = page["rust"]["args"].as_array().unwrap();
        let arguments = arguments.iter().filter(|argument| argument["in"].is_null());
        let arguments: BTreeSet<&str> = arguments.map(|a| a["name"].as_str().unwrap()).collect();
        let required = texts(&page["request"]["required"]);
        assert_eq!(required, arguments, "{id}");
        let setters = object(&page["rust"]["setters"]).iter();
        let setters = setters.filter(|(_, setter)| setter["in"].is_null());
        let taken: BTreeSet<&str> = arguments
            .into_iter()
            .chain(setters.map(|(n, _)| n.as_str()))
            .collect();
        assert_eq!(keys(&page["request"]["properties"]), taken, "{id}");
    }
}

#[test]
fn a_parameter_outside_of_the_body_can_be_given_in_rust() {
    let mut seen = 0;
    for (id, page) in pages() {
        let rust = &page["rust"];
        for parameter in page["parameters"].as_array().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            let is_there = match parameter["in"].as_str().unwrap() {
                "path" => rust["args"].as_array().unwrap().contains(&json!({
                    "name": name, "type": "String", "in": "path"
                })),
                _ => rust["setters"][name]["in"] == "header",
            };
            assert!(is_there, "{id}: {name}");
            seen += 1;
        }
    }
    assert_eq!(seen, 8, "two in paths, six in headers");
}

#[test]
fn every_type_of_a_schema_can_be_written_down_in_rust() {
    for (id, page) in pages() {
        let types = &page["rust"]["types"];
        let definitions = &page["request"]["$defs"];
        assert_eq!(keys(definitions), keys(types), "{id}");
        for (name, definition) in definitions.as_object().into_iter().flatten() {
            let ty = &types[name];
            let place = format!("{id}: {name}");
            if ty["kind"] == "enum" {
                let values = texts(&definition["anyOf"][0]["enum"]);
                assert_eq!(values, keys(&ty["variants"]), "{place}");
                assert_eq!(definition["anyOf"][1], json!({"type": "string"}), "{place}");
            } else {
                assert_eq!(
                    keys(&definition["properties"]),
                    keys(&ty["fields"]),
                    "{place}"
                );
                assert_eq!(
                    texts(&definition["required"]),
                    always_written(ty),
                    "{place}"
                );
                assert_eq!(
                    texts(&ty["new"]),
                    with_presence(ty, &["required"]),
                    "{place}"
                );
            }
        }
    }
}

fn always_written(ty: &Value) -> BTreeSet<&str> {
    with_presence(ty, &["required", "written", "listed"])
}

fn with_presence<'a>(ty: &'a Value, wanted: &[&str]) -> BTreeSet<&'a str> {
    let fields = object(&ty["fields"]).iter();
    let is_wanted = |field: &Value| {
        field["presence"]
            .as_str()
            .is_some_and(|p| wanted.contains(&p))
    };
    fields
        .filter(|(_, field)| is_wanted(field))
        .map(|(name, _)| name.as_str())
        .collect()
}

fn object(node: &Value) -> &Map<String, Value> {
    node.as_object().unwrap()
}

fn keys(node: &Value) -> BTreeSet<&str> {
    node.as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect()
}

fn texts(node: &Value) -> BTreeSet<&str> {
    let list = node.as_array().into_iter().flatten();
    list.map(|text| text.as_str().unwrap()).collect()
}
