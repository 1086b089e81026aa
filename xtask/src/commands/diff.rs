//! `cargo xtask diff`: what another document would change for callers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::OPENAPI;
use crate::document::reach::{self, Graph};
use crate::document::{Document, import, load, ref_name, strings, text};
use crate::lower;
use crate::lower::presence::Presence;

/// Prints what a document adds, removes and changes, compared with openapi/.
///
/// # Errors
/// When a document cannot be read.
pub fn run(root: &Path, against: &Path) -> Result<()> {
    let here = load::folder(&root.join(OPENAPI))?;
    let there = load::any(against)?;
    let changes = compare(&here, &import::reduce(&there));
    // This is the command's result.
    #[allow(clippy::print_stdout)]
    {
        print!("{}", render(&changes));
    }
    Ok(())
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Whether code that compiles today may stop to, or calls that work may fail.
    pub breaking: bool,
    /// What it concerns.
    pub subject: String,
    /// What happens to it.
    pub what: String,
}

/// Compares two documents as callers see them: lowered, and only the operations
/// and types that the first one covers. Operations that only the second one has
/// are listed.
pub fn compare(here: &Document, there: &Document) -> Vec<Change> {
    let there = covered(here, there);
    let (old, new) = (lower::lower(here), lower::lower(&there.known));
    let mut changes: Vec<Change> = there
        .added
        .iter()
        .map(|path| change(false, path, "operation added"))
        .collect();
    let paths =
        |document: &Document| -> BTreeSet<String> { document.paths().keys().cloned().collect() };
    for path in paths(here).difference(&paths(&there.known)) {
        changes.push(change(true, path, "operation removed"));
    }
    operations(&old, &new, &mut changes);
    types(&old, &new, &mut changes);
    changes.sort_by(|a, b| (!a.breaking, a).cmp(&(!b.breaking, b)));
    changes
}

fn change(breaking: bool, subject: &str, what: impl Into<String>) -> Change {
    Change {
        breaking,
        subject: subject.to_owned(),
        what: what.into(),
    }
}

struct Covered {
    known: Document,
    added: Vec<String>,
}

fn covered(here: &Document, there: &Document) -> Covered {
    let mut known = there.clone();
    let mut added = Vec::new();
    known.paths_mut().retain(|path, _| {
        let covered = here.paths().contains_key(path);
        if !covered {
            added.push(path.clone());
        }
        covered
    });
    let graph = Graph::of(there);
    let roots: BTreeSet<String> = known
        .operations()
        .flat_map(|(_, _, operation)| reach::direct(operation))
        .chain(here.schemas().keys().cloned())
        .collect();
    let needed = graph.closure(roots);
    known.schemas_mut().retain(|name, _| needed.contains(name));
    Covered { known, added }
}

fn operations(old: &lower::Lowered, new: &lower::Lowered, changes: &mut Vec<Change>) {
    for operation in &old.facts.operations {
        let same = |other: &&lower::facts::Operation| {
            other.path == operation.path && other.method == operation.method
        };
        let Some(other) = new.facts.operations.iter().find(same) else {
            continue;
        };
        let subject = &operation.path;
        if operation.request != other.request {
            changes.push(change(true, subject, "another type of request"));
        }
        if operation.response != other.response {
            changes.push(change(true, subject, "another type of answer"));
        }
        if operation.id != other.id {
            let what = format!("operation id `{}` becomes `{}`", operation.id, other.id);
            changes.push(change(true, subject, what));
        }
        if !operation.deprecated && other.deprecated {
            changes.push(change(false, subject, "deprecated"));
        }
    }
}

fn types(old: &lower::Lowered, new: &lower::Lowered, changes: &mut Vec<Change>) {
    let (before, after) = (old.document.schemas(), new.document.schemas());
    for name in after.keys().filter(|name| !before.contains_key(*name)) {
        changes.push(change(false, name, "type added"));
    }
    for (name, schema) in before {
        let Some(other) = after.get(name) else {
            changes.push(change(true, name, "type removed"));
            continue;
        };
        values(name, schema, other, changes);
        fields(name, old, new, (schema, other), changes);
    }
}

fn values(name: &str, old: &Value, new: &Value, changes: &mut Vec<Change>) {
    let set = |schema| -> BTreeSet<String> {
        strings(schema, "enum")
            .into_iter()
            .map(str::to_owned)
            .collect()
    };
    let (old, new) = (set(old), set(new));
    for value in old.difference(&new) {
        changes.push(change(true, name, format!("value `{value}` removed")));
    }
    for value in new.difference(&old) {
        changes.push(change(false, name, format!("value `{value}` added")));
    }
}

/// What callers notice of it: a list that may be null or not has one type.
fn presence_of(field: &lower::facts::FieldFacts) -> Presence {
    match field.presence {
        Presence::Listed => Presence::Written,
        presence => presence,
    }
}

fn fields(
    name: &str,
    old: &lower::Lowered,
    new: &lower::Lowered,
    (before, after): (&Value, &Value),
    changes: &mut Vec<Change>,
) {
    let presence = |lowered: &lower::Lowered| -> BTreeMap<String, Presence> {
        let facts = lowered.facts.types.get(name);
        let fields = facts.into_iter().flat_map(|facts| &facts.fields);
        fields
            .map(|field| (field.name.clone(), presence_of(field)))
            .collect()
    };
    let (old_presence, new_presence) = (presence(old), presence(new));
    let in_requests = old
        .facts
        .types
        .get(name)
        .is_some_and(|facts| facts.in_requests);
    for field in old_presence
        .keys()
        .filter(|field| !new_presence.contains_key(*field))
    {
        changes.push(change(true, &format!("{name}.{field}"), "field removed"));
    }
    for (field, presence) in &new_presence {
        let subject = format!("{name}.{field}");
        let Some(former) = old_presence.get(field) else {
            let breaks = in_requests && *presence != Presence::Optional;
            let what = if breaks {
                "required field added"
            } else {
                "field added"
            };
            changes.push(change(breaks, &subject, what));
            continue;
        };
        if former != presence {
            changes.push(change(
                true,
                &subject,
                format!("{} becomes {}", former.as_str(), presence.as_str()),
            ));
        }
        let kind = |schema: &Value| {
            schema
                .get("properties")
                .and_then(|p| p.get(field))
                .map(type_text)
                .unwrap_or_default()
        };
        let (former, latter) = (kind(before), kind(after));
        if former != latter {
            changes.push(change(
                true,
                &subject,
                format!("`{former}` becomes `{latter}`"),
            ));
        }
    }
}

/// A lowered schema's type, in a word.
fn type_text(schema: &Value) -> String {
    if let Some(name) = ref_name(schema) {
        return name.to_owned();
    }
    let inner = |key| schema.get(key).map(type_text).unwrap_or_default();
    match (text(schema, "type"), text(schema, "format")) {
        ("array", _) => format!("list of {}", inner("items")),
        ("object", _)
            if schema
                .get("additionalProperties")
                .is_some_and(Value::is_object) =>
        {
            format!("map of {}", inner("additionalProperties"))
        }
        ("", _) => "any".to_owned(),
        (kind, "") => kind.to_owned(),
        (kind, format) => format!("{kind} ({format})"),
    }
}

fn render(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        let mark = if change.breaking {
            "breaks "
        } else {
            "       "
        };
        text += &format!("{mark} {}: {}\n", change.subject, change.what);
    }
    let breaking = changes.iter().filter(|change| change.breaking).count();
    let count = changes.len();
    text + &match count {
        0 => "no difference\n".to_owned(),
        _ => format!("\n{count} differences, {breaking} of them break callers\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(required: &[&str], kind: &str, values: &[&str]) -> Document {
        let reference = json!({"$ref": "#/components/schemas/A"});
        let body = json!({"content": {"application/json": {"schema": reference}}});
        Document::from_value(json!({
            "openapi": "3.0.3",
            "paths": {"/a": {"post": {"operationId": "a", "requestBody": body,
                "responses": {"200": {}}}}},
            "components": {"schemas": {
                "A": {"type": "object", "required": required, "properties": {
                    "x": {"type": kind}, "y": {"$ref": "#/components/schemas/E"}}},
                "E": {"type": "string", "enum": values},
            }},
        }))
    }

    fn lines(old: &Document, new: &Document) -> Vec<String> {
        let line = |c: &Change| format!("{} {}: {}", c.breaking, c.subject, c.what);
        compare(old, new).iter().map(line).collect()
    }

    #[test]
    fn equal_documents_do_not_differ() {
        let same = document(&["x"], "string", &["a"]);
        assert_eq!(lines(&same, &same), Vec::<String>::new());
    }

    #[test]
    fn what_callers_would_notice_is_told_apart_from_what_they_would_not() {
        let old = document(&[], "string", &["a", "b"]);
        let new = document(&["x"], "integer", &["b", "c"]);
        assert_eq!(
            lines(&old, &new),
            [
                "true A.x: `string` becomes `integer`",
                "true A.x: optional becomes required",
                "true E: value `a` removed",
                "false E: value `c` added",
            ]
        );
    }
}
