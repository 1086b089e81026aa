//! What is wrong with a value, as far as an error message tells it.

use serde_json::{Map, Value};

/// Names of missing and of unknown fields that are collected: more than a message lists.
/// A body can hold a million.
const MAX_NAMES: usize = 32;

/// A type of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

impl Type {
    /// All types, in the order in which a message lists them.
    const ALL: [(&'static str, Self); 7] = [
        ("null", Self::Null),
        ("boolean", Self::Boolean),
        ("integer", Self::Integer),
        ("number", Self::Number),
        ("string", Self::String),
        ("array", Self::Array),
        ("object", Self::Object),
    ];

    pub(super) fn named(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, kind)| *kind)
    }

    /// The types that a schema allows; `None` if it does not say.
    pub(super) fn allowed(schema: &Map<String, Value>) -> Option<Vec<Self>> {
        let names = schema.get("type")?;
        let is_allowed = |name: &str| match names {
            Value::Array(names) => names.iter().any(|allowed| allowed == name),
            allowed => allowed == name,
        };
        let all = Self::ALL.iter();
        Some(
            all.filter(|(name, _)| is_allowed(name))
                .map(|(_, kind)| *kind)
                .collect(),
        )
    }
}

/// What a value has to be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rule<'s> {
    /// Of one of these types.
    Type(Vec<Type>),
    /// One of the values of an `enum`.
    Choice,
    Minimum(&'s Value),
    Maximum(&'s Value),
    MinLength(u64),
    MaxLength(u64),
    MinItems(u64),
    MaxItems(u64),
    UniqueItems,
    MinProperties(u64),
    MaxProperties(u64),
    Format(&'s str),
    /// Valid against one of several schemas.
    AnyOf,
    /// Small enough to be checked.
    Checkable,
}

/// A value that is not what it has to be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Violation<'s> {
    /// Where it is: the names of fields and the numbers of elements, with points between.
    pub(crate) path: String,
    pub(crate) rule: Rule<'s>,
}

/// What is wrong with a value. Fields are paths, as that of a [`Violation`].
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Violations<'s> {
    /// Required fields that are missing, the first of them.
    pub(crate) missing: Vec<String>,
    /// Fields that the schema does not have, the first of them.
    pub(crate) unknown: Vec<String>,
    /// The first wrong value.
    pub(crate) wrong: Option<Violation<'s>>,
}

impl<'s> Violations<'s> {
    pub(crate) fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unknown.is_empty() && self.wrong.is_none()
    }

    /// Whether nothing that is found from now on is told: missing fields come first in an
    /// answer.
    pub(super) fn is_full(&self) -> bool {
        self.missing.len() >= MAX_NAMES
    }

    pub(super) fn add_missing(&mut self, path: impl FnOnce() -> String) {
        if self.missing.len() < MAX_NAMES {
            self.missing.push(path());
        }
    }

    pub(super) fn add_unknown(&mut self, path: impl FnOnce() -> String) {
        if self.unknown.len() < MAX_NAMES {
            self.unknown.push(path());
        }
    }

    pub(super) fn add_wrong(&mut self, path: impl FnOnce() -> String, rule: Rule<'s>) {
        if self.wrong.is_none() {
            self.wrong = Some(Violation { path: path(), rule });
        }
    }
}
