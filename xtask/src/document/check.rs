//! Step 2: what a document has to fulfil before anything is made of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::paging::{self, Paging};
use super::problem::{Problem, Problems};
use super::{Document, SCHEMA_PREFIX, flag, pointer, ready, ref_name, strings, text, webhooks};

/// Finds every mistake in a document.
///
/// # Errors
/// When there is at least one.
pub fn check(document: &Document) -> Result<(), Problems> {
    let mut check = Check {
        document,
        problems: Vec::new(),
    };
    check.references("", &document.root);
    check.operations();
    for (name, schema) in document.schemas() {
        check.schema(&pointer::of(["components", "schemas", name]), schema, name);
    }
    check.names();
    for mistake in webhooks::mistakes(document) {
        check.problem(&mistake.at, mistake.what, mistake.help);
    }
    if check.problems.is_empty() {
        Ok(())
    } else {
        Err(Problems(check.problems))
    }
}

struct Check<'a> {
    document: &'a Document,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn problem(&mut self, at: &str, what: impl Into<String>, help: impl Into<String>) {
        let place = self.document.place(at);
        self.problems.push(Problem::new(place, what, help));
    }

    fn references(&mut self, at: &str, node: &Value) {
        if let Some(target) = node.get("$ref").and_then(Value::as_str) {
            self.reference(&pointer::join(at, "$ref"), target);
        }
        match node {
            Value::Object(object) => {
                for (key, value) in object {
                    self.references(&pointer::join(at, key), value);
                }
            }
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    self.references(&pointer::join(at, &index.to_string()), value);
                }
            }
            _ => {}
        }
    }

    fn reference(&mut self, at: &str, target: &str) {
        match target.strip_prefix(SCHEMA_PREFIX) {
            None => self.problem(
                at,
                format!("a reference to `{target}`, which is not a schema"),
                format!("references are written `{SCHEMA_PREFIX}Name`, whichever file has it"),
            ),
            Some(name) if !self.document.schemas().contains_key(name) => self.problem(
                at,
                format!("a reference to `{name}`, which no file describes"),
                "describe it under components/schemas, correct the name, or copy it with \
                 `cargo xtask add --from`",
            ),
            Some(_) => {}
        }
    }

    fn operations(&mut self) {
        let tags = self.document.root.get("tags").and_then(Value::as_array);
        let products: BTreeSet<&str> = tags
            .into_iter()
            .flatten()
            .map(|t| text(t, "name"))
            .collect();
        let mut ids = BTreeMap::new();
        for (path, method, operation) in self.document.operations() {
            let at = pointer::of(["paths", path, method]);
            self.operation(&at, operation, &products);
            let id = text(operation, "operationId");
            if let Some(other) = ids.insert(id, at.clone()).filter(|_| !id.is_empty()) {
                let first = self.document.place(&pointer::join(&other, "operationId"));
                let first = first.map(|place| place.to_string()).unwrap_or_default();
                self.problem(
                    &pointer::join(&at, "operationId"),
                    format!("the operation id `{id}` is taken already, at {first}"),
                    "give one of the two operations another id",
                );
            }
        }
    }

    fn operation(&mut self, at: &str, operation: &Value, products: &BTreeSet<&str>) {
        for key in ["operationId", "summary", "description"] {
            if text(operation, key).trim().is_empty() {
                let what = format!("the operation has no {key}");
                self.problem(at, what, format!("add `{key}: …` below this line"));
            }
        }
        if flag(operation, "deprecated") && text(operation, "x-instead").trim().is_empty() {
            self.problem(
                &pointer::join(at, "deprecated"),
                "the operation is deprecated and does not say what to use instead",
                "add `x-instead: use …` below this line; callers see it when they compile",
            );
        }
        let tags = strings(operation, "tags");
        match tags[..] {
            [product] if products.contains(product) => {}
            [product] => self.problem(
                &pointer::join(at, "tags"),
                format!("the tag `{product}` is not a product"),
                "list it under `tags` in plaid.yaml, or use one that stands there",
            ),
            _ => self.problem(
                at,
                format!("the operation has {} tags", tags.len()),
                "give it exactly one tag: its product",
            ),
        }
        let success = |code: &String| code.starts_with('2');
        let responses = operation.get("responses").and_then(Value::as_object);
        if !responses.is_some_and(|r| r.keys().any(success)) {
            self.problem(
                at,
                "the operation has no successful response",
                "add a `'200'`",
            );
        }
        self.ready(at, operation);
        self.parameters(at, operation);
        self.media_types(at, operation);
        self.paging(at, operation);
    }

    /// The pager is made of the fields that `x-paging` names.
    fn paging(&mut self, at: &str, operation: &Value) {
        let at = pointer::join(at, "x-paging");
        let paging = match Paging::of(operation) {
            None => return,
            Some(Ok(paging)) => paging,
            Some(Err(error)) => {
                let what = format!("`x-paging` cannot be understood: {error}");
                return self.problem(&at, what, "see how the other operations of a list say it");
            }
        };
        if let Some(word) = paging.missing() {
            let what = format!("`x-paging` does not say `{word}`");
            self.problem(
                &at,
                what,
                format!("add `{word}: …` with the name of the field"),
            );
        }
        let named = |body: bool, word: &str, path: &str| {
            let schema = paging::body(operation, body)?;
            paging::field(self.document, schema, path).map(|_| ())?;
            Some(word.to_owned())
        };
        let mut lost = Vec::new();
        for (word, path) in paging.of_request() {
            if named(true, word, path).is_none() {
                lost.push((word, format!("the request has no field `{path}`")));
            }
        }
        for (word, path) in paging.of_answer() {
            if named(false, word, path).is_none() {
                lost.push((word, format!("the answer has no field `{path}`")));
            }
        }
        for (list, key) in paging.keys() {
            let entries = paging::body(operation, false)
                .and_then(|schema| paging::field(self.document, schema, list))
                .and_then(|list| paging::entries(self.document, list));
            if entries.is_none_or(|entries| paging::field(self.document, entries, key).is_none()) {
                lost.push((
                    "key",
                    format!("the entries of `{list}` have no field `{key}`"),
                ));
            }
        }
        for (word, what) in lost {
            self.problem(&pointer::join(&at, word), what, "correct the name");
        }
    }

    fn ready(&mut self, at: &str, operation: &Value) {
        let at = pointer::join(at, ready::KEY);
        for (what, help) in ready::mistakes(self.document, operation) {
            self.problem(&at, what, help);
        }
    }

    fn parameters(&mut self, at: &str, operation: &Value) {
        let parameters = operation.get("parameters").and_then(Value::as_array);
        for (index, parameter) in parameters.into_iter().flatten().enumerate() {
            let at = pointer::join(&pointer::join(at, "parameters"), &index.to_string());
            if text(parameter, "description").trim().is_empty() {
                let what = format!(
                    "the parameter `{}` has no description",
                    text(parameter, "name")
                );
                self.problem(&at, what, "add `description: …`");
            }
            if !["path", "header"].contains(&text(parameter, "in")) {
                let what = format!("a parameter in `{}`", text(parameter, "in"));
                self.problem(
                    &at,
                    what,
                    "only parameters in `path` and `header` are supported",
                );
            }
        }
    }

    /// progenitor panics on more than one media type of a request.
    fn media_types(&mut self, at: &str, operation: &Value) {
        let content = operation.pointer("/requestBody/content");
        let Some(content) = content.and_then(Value::as_object) else {
            return;
        };
        if !content.contains_key("application/json") || content.len() != 1 {
            self.problem(
                &pointer::join(at, "requestBody"),
                "the request body is not just `application/json`",
                "only JSON bodies are supported; remove the other media types",
            );
        }
    }

    fn schema(&mut self, at: &str, schema: &Value, name: &str) {
        if text(schema, "description").trim().is_empty() {
            let what = format!("the schema `{name}` has no description");
            self.problem(at, what, "add `description: …` below this line");
        }
        self.inside(at, schema, name);
    }

    fn inside(&mut self, at: &str, schema: &Value, name: &str) {
        for keyword in ["oneOf", "anyOf", "not", "discriminator"] {
            if schema.get(keyword).is_some() {
                self.problem(
                    &pointer::join(at, keyword),
                    format!("`{name}` uses `{keyword}`"),
                    "the generator has no exact Rust for it; describe one object with optional fields",
                );
            }
        }
        self.properties(at, schema, name);
        self.enum_values(at, schema, name);
        for keyword in ["items", "additionalProperties"] {
            if let Some(inner) = schema.get(keyword) {
                self.inside(&pointer::join(at, keyword), inner, name);
            }
        }
        let parts = schema.get("allOf").and_then(Value::as_array);
        for (index, part) in parts.into_iter().flatten().enumerate() {
            let at = pointer::join(&pointer::join(at, "allOf"), &index.to_string());
            self.inside(&at, part, name);
        }
    }

    fn properties(&mut self, at: &str, schema: &Value, name: &str) {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (field, property) in properties.into_iter().flatten() {
            let at = pointer::join(&pointer::join(at, "properties"), field);
            let described = !text(property, "description").trim().is_empty();
            if !described && ref_name(property).is_none() {
                self.problem(
                    &at,
                    format!("the field `{field}` of `{name}` has no description"),
                    "add `description: …` below this line",
                );
            }
            self.inside(&at, property, &format!("{name}.{field}"));
        }
        for field in strings(schema, "required") {
            if !properties.is_some_and(|p| p.contains_key(field)) {
                self.problem(
                    &pointer::join(at, "required"),
                    format!("`{name}` requires the field `{field}`, which it does not have"),
                    "describe the field under `properties`, or correct the name",
                );
            }
        }
    }

    fn enum_values(&mut self, at: &str, schema: &Value, name: &str) {
        let values = schema.get("enum").and_then(Value::as_array);
        let mut seen = BTreeSet::new();
        for value in values.into_iter().flatten() {
            if !seen.insert(value.to_string()) {
                self.problem(
                    &pointer::join(at, "enum"),
                    format!("`{name}` lists the value {value} twice"),
                    "remove one of them",
                );
            }
        }
    }

    /// Two names that become one in Rust.
    fn names(&mut self) {
        let mut taken: BTreeMap<String, &str> = BTreeMap::new();
        for name in self.document.schemas().keys() {
            let rust = crate::lower::names::type_name(name);
            if let Some(other) = taken.insert(rust.clone(), name) {
                self.problem(
                    &pointer::of(["components", "schemas", name]),
                    format!("`{name}` and `{other}` are both called `{rust}` in Rust"),
                    "rename one of the two schemas",
                );
            }
        }
    }
}
