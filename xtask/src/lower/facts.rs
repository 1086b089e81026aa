//! What the lowered document says beyond what progenitor understands.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::document::paging::Paging;
use crate::document::reach::{self, Graph};
use crate::document::ready::Ready;
use crate::document::{Document, flag, ref_name, text};
use crate::lower::credentials::Credentials;
use crate::lower::names::type_name;
use crate::lower::presence::Presence;

/// The product of webhooks and what only they need.
pub const WEBHOOKS: &str = "webhooks";

/// Everything that the steps after progenitor need to know.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The operations, by path.
    pub operations: Vec<Operation>,
    /// The types by their names in Rust.
    pub types: BTreeMap<String, TypeFacts>,
    /// The products, and what they are for.
    pub products: BTreeMap<String, String>,
    /// The webhooks, by type, code and name.
    pub webhooks: Vec<Webhook>,
}

/// A schema that is the body of a webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Webhook {
    /// Its `webhook_type`.
    pub kind: String,
    /// Its `webhook_code`.
    pub code: String,
    /// The name of its type in Rust.
    pub schema: String,
    /// What tells it from another webhook of that type and code.
    pub when: Option<When>,
    /// The webhook of the same type, code and fields that stands for it too.
    pub same_as: Option<String>,
}

/// What a field has to be for a body to be this webhook and no other of its type
/// and code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// There, and not `null`.
    Present(String),
    /// A string.
    Text(String),
}

/// An operation of the API.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its id in the document.
    pub id: String,
    /// `get` or `post`.
    pub method: String,
    /// Its path.
    pub path: String,
    /// The product that it belongs to.
    pub product: String,
    /// One line.
    pub summary: String,
    /// Some more.
    pub description: String,
    /// Plaid's page about it, or "".
    pub page: String,
    /// Whether it should no longer be used.
    pub deprecated: bool,
    /// What to use in place of a deprecated one.
    pub instead: String,
    /// The type of the request, unless it has no body.
    pub request: Option<String>,
    /// What comes back.
    pub response: ResponseKind,
    /// Whether it changes anything.
    pub effect: Effect,
    /// Where its credentials go.
    pub credentials: Credentials,
    /// The field that makes a repetition harmless.
    pub idempotency_field: Option<String>,
    /// Parameters in the path.
    pub path_parameters: Vec<Parameter>,
    /// Parameters in headers.
    pub headers: Vec<Parameter>,
    /// The method's name where the path does not make a good one.
    pub method_name: Option<String>,
    /// How it says that the result is still being made.
    pub ready: Option<Ready>,
    /// How the pages of its list follow each other, if it has some.
    pub paging: Option<Paging>,
}

/// A parameter outside the body.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name on the wire.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it takes.
    pub kind: ParameterKind,
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// Text.
    String,
    /// `true` or `false`.
    Boolean,
}

impl ParameterKind {
    fn of(parameter: &Value) -> Self {
        match parameter.pointer("/schema/type").and_then(Value::as_str) {
            Some("boolean") => Self::Boolean,
            _ => Self::String,
        }
    }

    /// The word for it in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
        }
    }
}

/// What an operation answers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseKind {
    /// A type.
    Json(String),
    /// A document, with its media type.
    Bytes(String),
    /// Nothing.
    Empty,
}

/// Whether a repetition of an operation is harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only looks.
    Read,
    /// It changes something.
    Write,
}

/// A schema that becomes a type.
#[derive(Clone, Debug, Default)]
pub struct TypeFacts {
    /// Its description.
    pub doc: String,
    /// Whether it should no longer be used.
    pub deprecated: bool,
    /// Its fields by their names on the wire, in the order of the document.
    pub fields: Vec<FieldFacts>,
    /// The products that use it. None: it belongs to all.
    pub products: BTreeSet<String>,
    /// Whether callers make it.
    pub in_requests: bool,
}

/// A field of a type.
#[derive(Clone, Debug, Default)]
pub struct FieldFacts {
    /// Its name on the wire.
    pub name: String,
    /// Its description.
    pub doc: String,
    /// Whether it should no longer be used.
    pub deprecated: bool,
    /// What is promised about it.
    pub presence: Presence,
}

impl Facts {
    /// Reads them from a lowered document.
    pub fn collect(document: &Document) -> Self {
        let mut facts = Self {
            operations: operations(document),
            types: BTreeMap::new(),
            products: products(document),
            webhooks: webhooks(document),
        };
        for (name, schema) in document.schemas() {
            facts
                .types
                .insert(name.clone(), type_facts(schema, document));
        }
        facts.assign_products(document);
        facts
    }

    /// The operation with this id.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    fn assign_products(&mut self, document: &Document) {
        let graph = Graph::of(document);
        for (path, method, operation) in document.operations() {
            let Some(known) = self
                .operations
                .iter()
                .find(|o| o.path == path && o.method == method)
            else {
                continue;
            };
            let request = operation
                .get("requestBody")
                .map(reach::direct)
                .unwrap_or_default();
            for name in graph.closure(request) {
                if let Some(used) = self.types.get_mut(&name) {
                    used.in_requests = true;
                }
            }
            for name in graph.closure(reach::direct(operation)) {
                if let Some(used) = self.types.get_mut(&name) {
                    used.products.insert(known.product.clone());
                }
            }
        }
        let webhooks = document
            .schemas()
            .iter()
            .filter(|(_, s)| s.get("x-webhook").is_some());
        for name in graph.closure(webhooks.map(|(name, _)| name.clone())) {
            if let Some(used) = self.types.get_mut(&name) {
                used.products.insert(WEBHOOKS.to_owned());
            }
        }
        self.assign_orphans(document, &graph);
        self.free_the_universal();
        self.open_what_open_types_need(&graph);
    }

    /// What no operation reaches is compiled with the product whose file describes
    /// it, or else with all that has everything it refers to.
    fn assign_orphans(&mut self, document: &Document, graph: &Graph) {
        let unused =
            |(name, facts): (&String, &TypeFacts)| facts.products.is_empty().then(|| name.clone());
        for name in self.types.iter().filter_map(unused).collect::<Vec<_>>() {
            let needed = graph.closure([name.clone()]);
            let products = match self.product_of_file(document, &name) {
                Some(product) => BTreeSet::from([product]),
                None => self.products_with_all(&needed),
            };
            // Whatever compiles a type compiles what it refers to.
            for name in needed {
                if let Some(facts) = self.types.get_mut(&name) {
                    facts.products.extend(products.iter().cloned());
                }
            }
        }
    }

    fn product_of_file(&self, document: &Document, name: &str) -> Option<String> {
        let place = document.place(&format!("/components/schemas/{name}"))?;
        let stem = place.file.file_stem()?.to_str()?;
        self.products.contains_key(stem).then(|| stem.to_owned())
    }

    /// The products that use all of these types, or, if none does, that use any.
    fn products_with_all(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        let used: Vec<&BTreeSet<String>> = names
            .iter()
            .filter_map(|name| self.types.get(name))
            .map(|facts| &facts.products)
            .filter(|products| !products.is_empty())
            .collect();
        let any = used
            .iter()
            .copied()
            .flatten()
            .cloned()
            .collect::<BTreeSet<_>>();
        let all = |product: &&String| used.iter().all(|products| products.contains(*product));
        let common: BTreeSet<String> = any.iter().filter(all).cloned().collect();
        if common.is_empty() { any } else { common }
    }

    /// A type without a gate cannot refer to one that has.
    fn open_what_open_types_need(&mut self, graph: &Graph) {
        let open =
            |(name, facts): (&String, &TypeFacts)| facts.products.is_empty().then(|| name.clone());
        let open: Vec<String> = self.types.iter().filter_map(open).collect();
        for name in graph.closure(open) {
            if let Some(facts) = self.types.get_mut(&name) {
                facts.products.clear();
            }
        }
    }

    /// What every product uses needs no gate.
    fn free_the_universal(&mut self) {
        let used: BTreeSet<String> = self.operations.iter().map(|o| o.product.clone()).collect();
        for facts in self.types.values_mut() {
            if used.len() > 1 && facts.products.is_superset(&used) {
                facts.products.clear();
            }
        }
    }
}

/// Removes every `x-` extension; typify takes them as part of a schema's identity.
pub fn strip_extensions(node: &mut Value) {
    match node {
        Value::Object(object) => {
            object.retain(|key, _| !key.starts_with("x-"));
            object.values_mut().for_each(strip_extensions);
        }
        Value::Array(list) => list.iter_mut().for_each(strip_extensions),
        _ => {}
    }
}

fn products(document: &Document) -> BTreeMap<String, String> {
    let tags = document.root.get("tags").and_then(Value::as_array);
    tags.into_iter()
        .flatten()
        .map(|tag| {
            (
                text(tag, "name").to_owned(),
                text(tag, "description").to_owned(),
            )
        })
        .collect()
}

fn webhooks(document: &Document) -> Vec<Webhook> {
    let schemas = document.schemas().iter();
    let mut webhooks: Vec<Webhook> = schemas
        .filter_map(|(name, schema)| Some(webhook(name, schema.get("x-webhook")?)))
        .collect();
    // One whose twin is not there stands for itself.
    let names: BTreeSet<String> = webhooks.iter().map(|w| w.schema.clone()).collect();
    for webhook in &mut webhooks {
        webhook.same_as = webhook.same_as.take().filter(|twin| names.contains(twin));
    }
    webhooks.sort();
    webhooks
}

fn webhook(name: &str, node: &Value) -> Webhook {
    let when = node.get("when").and_then(Value::as_object);
    let condition = |(field, kind): (&String, &Value)| match kind.as_str() {
        Some("string") => When::Text(field.clone()),
        _ => When::Present(field.clone()),
    };
    let same_as = node.get("same_as").and_then(Value::as_str);
    Webhook {
        kind: text(node, "type").to_owned(),
        code: text(node, "code").to_owned(),
        schema: type_name(name),
        when: when.and_then(|when| when.iter().next()).map(condition),
        same_as: same_as.map(type_name),
    }
}

fn operations(document: &Document) -> Vec<Operation> {
    let all = document.operations();
    all.map(|(path, method, operation)| operation_facts(document, path, method, operation))
        .collect()
}

fn operation_facts(document: &Document, path: &str, method: &str, node: &Value) -> Operation {
    let own = |key| text(node, key).to_owned();
    let request = node
        .pointer("/requestBody/content/application~1json/schema")
        .and_then(ref_name)
        .map(str::to_owned);
    let page = node
        .pointer("/externalDocs/url")
        .and_then(Value::as_str)
        .unwrap_or_default();
    Operation {
        id: own("operationId"),
        method: method.to_owned(),
        path: path.to_owned(),
        product: crate::document::strings(node, "tags")
            .first()
            .copied()
            .unwrap_or_default()
            .into(),
        summary: own("summary"),
        description: own("description"),
        page: page.to_owned(),
        deprecated: flag(node, "deprecated"),
        instead: own("x-instead"),
        response: response_kind(node),
        effect: effect(method, path, node),
        credentials: Credentials::of(node),
        idempotency_field: request
            .as_ref()
            .and_then(|name| idempotency_field(document, name)),
        path_parameters: parameters(node.get("parameters")),
        headers: parameters(node.get("x-headers")),
        method_name: node
            .get("x-method")
            .and_then(Value::as_str)
            .map(str::to_owned),
        ready: Ready::of(node),
        // What cannot be read has been reported by the check.
        paging: Paging::of(node).and_then(Result::ok),
        request,
    }
}

fn parameters(list: Option<&Value>) -> Vec<Parameter> {
    let list = list.and_then(Value::as_array);
    let parameter = |node: &Value| Parameter {
        name: text(node, "name").to_owned(),
        description: text(node, "description").to_owned(),
        kind: ParameterKind::of(node),
    };
    list.into_iter().flatten().map(parameter).collect()
}

fn response_kind(operation: &Value) -> ResponseKind {
    let content = operation
        .pointer("/responses/2XX/content")
        .and_then(Value::as_object);
    let Some((media_type, body)) = content.and_then(|content| content.iter().next()) else {
        return ResponseKind::Empty;
    };
    match body.get("schema").and_then(ref_name) {
        Some(name) if media_type == "application/json" => ResponseKind::Json(name.to_owned()),
        _ => ResponseKind::Bytes(media_type.clone()),
    }
}

/// Nearly every operation is a POST, so the method says nothing; the last word of
/// the path does. `x-effect` on the operation overrules it.
fn effect(method: &str, path: &str, operation: &Value) -> Effect {
    const LOOKS: [&str; 4] = ["get", "list", "search", "sync"];
    let last = path.rsplit('/').next().unwrap_or_default();
    match text(operation, "x-effect") {
        "read" => Effect::Read,
        "write" => Effect::Write,
        _ if method == "get" || LOOKS.contains(&last) => Effect::Read,
        _ => Effect::Write,
    }
}

/// A request with one of these can be sent twice and takes effect once.
fn idempotency_field(document: &Document, request: &str) -> Option<String> {
    const FIELD: &str = "idempotency_key";
    let properties = document.schemas().get(request)?.get("properties")?;
    properties.get(FIELD).map(|_| FIELD.to_owned())
}

fn type_facts(schema: &Value, document: &Document) -> TypeFacts {
    let properties = schema.get("properties").and_then(Value::as_object);
    let field = |(name, property): (&String, &Value)| FieldFacts {
        name: name.clone(),
        doc: field_doc(property, document),
        deprecated: flag(property, "deprecated"),
        presence: Presence::of(property),
    };
    TypeFacts {
        doc: text(schema, "description").to_owned(),
        deprecated: flag(schema, "deprecated"),
        fields: properties.into_iter().flatten().map(field).collect(),
        ..TypeFacts::default()
    }
}

/// A field that only refers to a schema is described by that schema.
fn field_doc(property: &Value, document: &Document) -> String {
    let own = text(property, "description");
    if !own.is_empty() {
        return own.to_owned();
    }
    let target = ref_name(property).and_then(|name| document.schemas().get(name));
    target
        .map(|schema| text(schema, "description").to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_an_operation_does_is_in_its_path_unless_it_says_otherwise() {
        let [read, write] = ["read", "write"].map(|effect| json!({ "x-effect": effect }));
        for (method, path, says, expected) in [
            ("post", "/transactions/sync", &json!({}), Effect::Read),
            ("post", "/transactions/refresh", &json!({}), Effect::Write),
            ("get", "/fdx/consents/{consentId}", &json!({}), Effect::Read),
            ("post", "/a/evaluate", &read, Effect::Read),
            ("post", "/a/get", &write, Effect::Write),
        ] {
            let found = effect(method, path, says);
            assert_eq!(found, expected, "{method} {path} {says}");
        }
    }

    #[test]
    fn extensions_are_stripped_everywhere() {
        let mut node = json!({"x-a": 1, "b": [{"x-c": 1, "d": 2}]});
        strip_extensions(&mut node);
        assert_eq!(node, json!({"b": [{"d": 2}]}));
    }
}
