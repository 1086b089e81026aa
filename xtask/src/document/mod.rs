//! The description of the API: loading it, checking it, finding one's way in it.

pub mod check;
pub mod import;
pub mod load;
pub mod paging;
pub mod pointer;
pub mod problem;
pub mod products;
pub mod reach;
pub mod ready;
pub mod text;
mod webhooks;
pub mod yaml;

use std::collections::HashMap;

use serde_json::{Map, Value};

pub use problem::{Place, Problem, Problems};

/// An OpenAPI document, and where each of its nodes was written.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The whole document, joined from its files.
    pub root: Value,
    /// Places by JSON pointer into [`root`](Self::root).
    pub places: HashMap<String, Place>,
}

/// The prefix of every reference to a schema.
pub const SCHEMA_PREFIX: &str = "#/components/schemas/";

/// The methods that an OpenAPI path item can have.
pub const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

impl Document {
    /// A document without places, for passes and tests.
    pub fn from_value(root: Value) -> Self {
        Self {
            root,
            places: HashMap::new(),
        }
    }

    /// The schemas by name.
    pub fn schemas(&self) -> &Map<String, Value> {
        object_at(&self.root, "/components/schemas")
    }

    /// The schemas by name, to be changed. Made when there are none.
    pub fn schemas_mut(&mut self) -> &mut Map<String, Value> {
        let components = child_mut(&mut self.root, "components");
        as_object_mut(child_mut(components, "schemas"))
    }

    /// The path items by path.
    pub fn paths(&self) -> &Map<String, Value> {
        object_at(&self.root, "/paths")
    }

    /// The path items by path, to be changed. Made when there are none.
    pub fn paths_mut(&mut self) -> &mut Map<String, Value> {
        as_object_mut(child_mut(&mut self.root, "paths"))
    }

    /// Every operation as (path, method, operation).
    pub fn operations(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        self.paths().iter().flat_map(|(path, item)| {
            METHODS
                .iter()
                .filter_map(move |method| Some((path.as_str(), *method, item.get(method)?)))
        })
    }

    /// Every operation, to be changed.
    pub fn operations_mut(&mut self) -> impl Iterator<Item = (&str, &str, &mut Value)> {
        self.paths_mut().iter_mut().flat_map(|(path, item)| {
            let methods = item.as_object_mut().into_iter().flatten();
            methods
                .filter(|(method, _)| METHODS.contains(&method.as_str()))
                .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
    }

    /// Where the node at a pointer was written, or the closest one around it.
    pub fn place(&self, pointer: &str) -> Option<Place> {
        let mut rest = pointer;
        loop {
            if let Some(place) = self.places.get(rest) {
                return Some(place.clone());
            }
            rest = &rest[..rest.rfind('/')?];
        }
    }
}

/// The name of the schema that a node refers to, if it is a reference.
pub fn ref_name(node: &Value) -> Option<&str> {
    node.get("$ref")?.as_str()?.strip_prefix(SCHEMA_PREFIX)
}

/// A node that refers to a schema.
pub fn ref_to(name: &str) -> Value {
    serde_json::json!({ "$ref": format!("{SCHEMA_PREFIX}{name}") })
}

/// A string field of a node, or "".
pub fn text<'a>(node: &'a Value, key: &str) -> &'a str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a field of a node is `true`.
pub fn flag(node: &Value, key: &str) -> bool {
    node.get(key) == Some(&Value::Bool(true))
}

/// The strings of a list field of a node.
pub fn strings<'a>(node: &'a Value, key: &str) -> Vec<&'a str> {
    let list = node.get(key).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// Calls a function for a schema and every schema inside it, inner ones first.
/// References are not followed.
pub fn visit_mut(schema: &mut Value, visit: &mut dyn FnMut(&mut Value)) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    for (key, value) in object.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                properties.values_mut().for_each(|p| visit_mut(p, visit));
            }
            ("allOf" | "oneOf" | "anyOf", Value::Array(parts)) => {
                parts.iter_mut().for_each(|p| visit_mut(p, visit));
            }
            ("items" | "additionalProperties" | "not", inner) => visit_mut(inner, visit),
            _ => {}
        }
    }
    visit(schema);
}

fn object_at<'a>(root: &'a Value, pointer: &str) -> &'a Map<String, Value> {
    static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    root.pointer(pointer)
        .and_then(Value::as_object)
        .unwrap_or(&EMPTY)
}

fn child_mut<'a>(node: &'a mut Value, key: &str) -> &'a mut Value {
    as_object_mut(node)
        .entry(key)
        .or_insert_with(|| Value::Object(Map::new()))
}

fn as_object_mut(node: &mut Value) -> &mut Map<String, Value> {
    if !node.is_object() {
        *node = Value::Object(Map::new());
    }
    match node {
        Value::Object(object) => object,
        _ => unreachable!("made an object two lines above"),
    }
}
