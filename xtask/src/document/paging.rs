//! `x-paging`: how the pages of an operation's list follow each other.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Document, ref_name};

/// What an operation says about its pages. Every value but `style` and `until` names
/// a field: of the request for the first four, of the answer or its rows for the
/// others.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// By what the next page is asked for.
    pub style: Style,
    /// How many rows a page is to have.
    pub count: Option<String>,
    /// The cursor of the page.
    pub cursor: Option<String>,
    /// How many rows to leave out.
    pub offset: Option<String>,
    /// The id after which the page begins.
    pub after: Option<String>,
    /// The list with the rows.
    pub rows: Option<String>,
    /// What a row is known by.
    pub key: Option<String>,
    /// The cursor of the page that comes after.
    pub next: Option<String>,
    /// Whether one comes after.
    pub more: Option<String>,
    /// How many rows the list has.
    pub total: Option<String>,
    /// Of `/transactions/sync`: whether there is data yet.
    pub status: Option<String>,
    /// Of `/transactions/sync`: the accounts, or the account.
    pub accounts: Option<String>,
    /// What the list ends with, where the answer does not tell.
    pub until: Option<Until>,
    /// Other lists that every page has, each with what its entries are known by.
    #[serde(default)]
    pub with: BTreeMap<String, String>,
    /// The most rows per page. The lowering `paging` reads it off the schema of
    /// `count`.
    #[serde(rename = "x-most")]
    pub most: Option<i64>,
}

/// By what the next page is asked for.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// A cursor that came with the page before.
    Cursor,
    /// The number of rows before it.
    Offset,
    /// The largest id before it.
    AfterId,
    /// A cursor, with lists of what was added, modified and removed.
    Sync,
}

/// What a list ends with.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// A page without rows.
    EmptyPage,
}

/// The lists of a page of changes.
pub const CHANGES: [&str; 3] = ["added", "modified", "removed"];

impl Paging {
    /// What an operation says, if it says anything.
    ///
    /// # Errors
    /// When it cannot be understood.
    pub fn of(operation: &Value) -> Option<Result<Self, serde_json::Error>> {
        operation.get("x-paging").map(Self::deserialize)
    }

    /// The fields of the request that it names, with the word that names them.
    pub fn of_request(&self) -> impl Iterator<Item = (&'static str, &str)> {
        present([
            ("count", &self.count),
            ("cursor", &self.cursor),
            ("offset", &self.offset),
            ("after", &self.after),
        ])
    }

    /// The fields of the answer that it names, with the word that names them.
    pub fn of_answer(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let with = self.with.keys().map(|list| ("with", list.as_str()));
        let changes = CHANGES.map(|list| ("style", list));
        let changes = changes.into_iter().filter(|_| self.style == Style::Sync);
        present([
            ("rows", &self.rows),
            ("next", &self.next),
            ("more", &self.more),
            ("total", &self.total),
            ("status", &self.status),
            ("accounts", &self.accounts),
        ])
        .chain(with)
        .chain(changes)
    }

    /// The fields that the entries of a list are known by.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        let rows = self.rows.as_deref().zip(self.key.as_deref());
        let with = self.with.iter().map(|(list, key)| (&**list, &**key));
        rows.into_iter().chain(with)
    }

    /// What its style needs and it does not say.
    pub fn missing(&self) -> Option<&'static str> {
        let needed: &[(&'static str, bool)] = match self.style {
            Style::Cursor => &[
                ("rows", self.rows.is_some()),
                ("cursor", self.cursor.is_some()),
                ("next", self.next.is_some()),
            ],
            Style::Offset => &[
                ("rows", self.rows.is_some()),
                ("key", self.key.is_some()),
                ("count", self.count.is_some()),
                ("offset", self.offset.is_some()),
            ],
            Style::AfterId => &[
                ("rows", self.rows.is_some()),
                ("key", self.key.is_some()),
                ("count", self.count.is_some()),
                ("after", self.after.is_some()),
            ],
            Style::Sync => &[
                ("cursor", self.cursor.is_some()),
                ("next", self.next.is_some()),
                ("more", self.more.is_some()),
                ("status", self.status.is_some()),
                ("accounts", self.accounts.is_some()),
            ],
        };
        let missing = needed.iter().find(|(_, is_there)| !is_there);
        missing.map(|(name, _)| *name)
    }
}

fn present<'a, const N: usize>(
    fields: [(&'static str, &'a Option<String>); N],
) -> impl Iterator<Item = (&'static str, &'a str)> {
    let named = |(word, field): (&'static str, &'a Option<String>)| Some((word, field.as_deref()?));
    fields.into_iter().filter_map(named)
}

/// The schema of a request's body, or of a successful JSON answer.
pub fn body(operation: &Value, of_request: bool) -> Option<&Value> {
    const JSON: &str = "/content/application~1json/schema";
    if of_request {
        return operation.pointer(&format!("/requestBody{JSON}"));
    }
    let responses = operation.get("responses")?.as_object()?;
    let (_, answer) = responses.iter().find(|(code, _)| code.starts_with('2'))?;
    answer.pointer(JSON)
}

/// The schema of a field, by its dotted path, looking through references and `allOf`.
pub fn field<'a>(document: &'a Document, schema: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(schema, |schema, name| property(document, schema, name, 0))
}

fn property<'a>(
    document: &'a Document,
    schema: &'a Value,
    name: &str,
    depth: usize,
) -> Option<&'a Value> {
    // A schema that refers to itself is reported elsewhere.
    const DEEPEST: usize = 16;
    if depth > DEEPEST {
        return None;
    }
    if let Some(target) = ref_name(schema) {
        return property(document, document.schemas().get(target)?, name, depth + 1);
    }
    if let Some(found) = schema.get("properties").and_then(|p| p.get(name)) {
        return Some(found);
    }
    let parts = schema.get("allOf").and_then(Value::as_array)?;
    parts
        .iter()
        .find_map(|part| property(document, part, name, depth + 1))
}

/// The schema of a list's entries.
pub fn entries<'a>(document: &'a Document, list: &'a Value) -> Option<&'a Value> {
    let list = match ref_name(list) {
        Some(target) => document.schemas().get(target)?,
        None => list,
    };
    list.get("items")
}
