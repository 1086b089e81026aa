//! Which schemas need which.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Document, ref_name};

/// The schemas that a node refers to, anywhere inside it.
pub fn direct(node: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(node, &mut found);
    found
}

fn collect(node: &Value, found: &mut BTreeSet<String>) {
    if let Some(name) = ref_name(node) {
        found.insert(name.to_owned());
    }
    match node {
        Value::Object(object) => object.values().for_each(|value| collect(value, found)),
        Value::Array(list) => list.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// Follows references through the schemas of one document.
#[derive(Clone, Debug)]
pub struct Graph(BTreeMap<String, BTreeSet<String>>);

impl Graph {
    /// The references between a document's schemas.
    pub fn of(document: &Document) -> Self {
        let schemas = document.schemas().iter();
        Self(
            schemas
                .map(|(name, schema)| (name.clone(), direct(schema)))
                .collect(),
        )
    }

    /// The given schemas and all that they need, in turn.
    pub fn closure(&self, roots: impl IntoIterator<Item = String>) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut waiting: Vec<String> = roots.into_iter().collect();
        while let Some(name) = waiting.pop() {
            if reached.insert(name.clone()) {
                waiting.extend(self.0.get(&name).into_iter().flatten().cloned());
            }
        }
        reached
    }
}
