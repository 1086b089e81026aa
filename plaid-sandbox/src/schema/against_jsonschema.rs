//! Compares the checker with `jsonschema`, an independent validator: for every request of
//! the API, both must agree on thousands of bodies, valid and spoilt, and on what an error
//! message says of each.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;

use jsonschema::{
    JsonType, Registry, ValidationError, Validator,
    error::{TypeKind, ValidationErrorKind},
    paths::LocationSegment,
};
use serde_json::{Map, Value, json};

use super::{
    Rule, Schemas, Type, check, is_valid,
    spoilt::{Place, Spoiler},
};
use crate::contract::Contract;

#[path = "../../tests/emulator/common/requests.rs"]
mod requests;

const URI: &str = "plaid:contract";

/// What one of the two says of a body.
#[derive(Debug, PartialEq)]
struct Verdict {
    missing: BTreeSet<String>,
    unknown: BTreeSet<String>,
    /// The first wrong value, where nothing is missing or unknown.
    wrong: Option<String>,
}

impl Verdict {
    fn of(
        missing: BTreeSet<String>,
        unknown: BTreeSet<String>,
        wrong: Option<(String, Option<Rule<'_>>)>,
    ) -> Self {
        let wrong = wrong.filter(|_| missing.is_empty() && unknown.is_empty());
        Self {
            wrong: wrong.map(|(path, rule)| format!("{path} {rule:?}")),
            missing,
            unknown,
        }
    }

    fn is_valid(&self) -> bool {
        self.missing.is_empty() && self.unknown.is_empty() && self.wrong.is_none()
    }
}

fn ours(schema: &Value, body: &Map<String, Value>, schemas: &Schemas) -> Verdict {
    let found = check(schema, body, schemas);
    let wrong = found.wrong.map(|wrong| (wrong.path, Some(wrong.rule)));
    Verdict::of(
        found.missing.into_iter().collect(),
        found.unknown.into_iter().collect(),
        wrong,
    )
}

fn theirs(judge: &Validator, body: &Value) -> Verdict {
    let errors: Vec<_> = judge.iter_errors(body).collect();
    let (mut missing, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    for error in &errors {
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                missing.insert(path(error, property.as_str()));
            }
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                unknown.extend(unexpected.iter().map(|name| path(error, Some(name))));
            }
            _ => {}
        }
    }
    let first = errors.first();
    let wrong = first.map(|error| (path(error, None), rule(error.kind())));
    Verdict::of(missing, unknown, wrong)
}

fn path(error: &ValidationError<'_>, field: Option<&str>) -> String {
    let segments = error.instance_path().iter().map(|segment| match segment {
        LocationSegment::Property(name) => name.into_owned(),
        LocationSegment::Index(index) => index.to_string(),
    });
    let segments: Vec<_> = segments.chain(field.map(str::to_owned)).collect();
    segments.join(".")
}

fn rule(kind: &ValidationErrorKind) -> Option<Rule<'_>> {
    let of_type = |kind: JsonType| match kind {
        JsonType::Null => Type::Null,
        JsonType::Boolean => Type::Boolean,
        JsonType::Integer => Type::Integer,
        JsonType::Number => Type::Number,
        JsonType::String => Type::String,
        JsonType::Array => Type::Array,
        JsonType::Object => Type::Object,
    };
    Some(match kind {
        ValidationErrorKind::Type {
            kind: TypeKind::Single(kind),
        } => Rule::Type(vec![of_type(*kind)]),
        ValidationErrorKind::Type {
            kind: TypeKind::Multiple(kinds),
        } => Rule::Type(kinds.iter().map(of_type).collect()),
        ValidationErrorKind::Enum { .. } => Rule::Choice,
        ValidationErrorKind::Minimum { limit } => Rule::Minimum(limit),
        ValidationErrorKind::Maximum { limit } => Rule::Maximum(limit),
        ValidationErrorKind::MinLength { limit } => Rule::MinLength(*limit),
        ValidationErrorKind::MaxLength { limit } => Rule::MaxLength(*limit),
        ValidationErrorKind::MinItems { limit } => Rule::MinItems(*limit),
        ValidationErrorKind::MaxItems { limit } => Rule::MaxItems(*limit),
        ValidationErrorKind::UniqueItems => Rule::UniqueItems,
        ValidationErrorKind::MinProperties { limit } => Rule::MinProperties(*limit),
        ValidationErrorKind::MaxProperties { limit } => Rule::MaxProperties(*limit),
        ValidationErrorKind::Format { format } => Rule::Format(format),
        ValidationErrorKind::AnyOf { .. } => Rule::AnyOf,
        _ => return None,
    })
}

/// The bodies of one request.
struct Comparison<'s> {
    name: &'s str,
    schemas: &'static Schemas,
    judge: Validator,
    bodies: usize,
    valid: usize,
    differences: Vec<String>,
}

impl<'s> Comparison<'s> {
    fn new(name: &'s str, schemas: &'static Schemas, registry: &Registry<'_>) -> Self {
        let judge = jsonschema::options()
            .should_validate_formats(true)
            .with_registry(registry)
            .build(&json!({ "$ref": format!("{URI}#/schemas/{name}") }));
        Self {
            name,
            schemas,
            judge: judge.unwrap(),
            bodies: 0,
            valid: 0,
            differences: Vec::new(),
        }
    }

    fn compare(&mut self, body: &Value, mutation: impl Fn() -> String) {
        let schema = &self.schemas[self.name];
        let ours = ours(schema, body.as_object().unwrap(), self.schemas);
        let theirs = theirs(&self.judge, body);
        let is_valid = is_valid(schema, body, self.schemas);
        if ours != theirs || is_valid != theirs.is_valid() {
            let (name, mutation) = (self.name, mutation());
            self.differences.push(format!(
                "{name} with {mutation}: {ours:?}, is_valid {is_valid}, and jsonschema {theirs:?}"
            ));
        }
        self.bodies += 1;
        self.valid += usize::from(theirs.is_valid());
    }

    fn spoil(&mut self, body: &mut Value, places: &[Place]) {
        self.with_field(body, "");
        for place in places {
            let pointer = place.pointer.as_str();
            for other in &place.others {
                let kept = replace(body, pointer, other.clone());
                self.compare(body, || format!("{other} at {pointer}"));
                replace(body, pointer, kept);
            }
            if place.is_object {
                self.with_field(body, pointer);
            }
            self.without_field(body, pointer);
        }
    }

    fn with_field(&mut self, body: &mut Value, pointer: &str) {
        if let Some(Value::Object(fields)) = body.pointer_mut(pointer) {
            fields.insert("shoe_size".to_owned(), json!(43));
            self.compare(body, || format!("another field at {pointer}"));
        }
        if let Some(Value::Object(fields)) = body.pointer_mut(pointer) {
            fields.remove("shoe_size");
        }
    }

    fn without_field(&mut self, body: &mut Value, pointer: &str) {
        let Some((object, name)) = pointer.rsplit_once('/') else {
            return;
        };
        let fields = body.pointer_mut(object).and_then(Value::as_object_mut);
        let Some(kept) = fields.and_then(|fields| fields.remove(name)) else {
            return;
        };
        self.compare(body, || format!("nothing at {pointer}"));
        if let Some(Value::Object(fields)) = body.pointer_mut(object) {
            fields.insert(name.to_owned(), kept);
        }
    }
}

fn replace(body: &mut Value, pointer: &str, value: Value) -> Value {
    match body.pointer_mut(pointer) {
        Some(place) => std::mem::replace(place, value),
        None => panic!("{pointer} of {body}"),
    }
}

#[test]
fn checker_and_jsonschema_agree_on_every_request() {
    let contract = Contract::embedded().unwrap();
    let schemas = contract.schemas();
    let document = json!({ "schemas": schemas });
    let registry = Registry::new().add(URI, &document).unwrap();
    let registry = registry.prepare().unwrap();
    let world = requests::World::default();
    let mut spoiler = Spoiler::new(schemas);
    let (mut requests, mut bodies, mut valid) = (0, 0, 0);
    let mut differences = Vec::new();
    for operation in contract.operations() {
        let Some(name) = operation.request.as_deref() else {
            continue;
        };
        let mut comparison = Comparison::new(name, schemas, &registry);
        comparison.compare(&json!({}), || "no fields".to_owned());
        for seed in 0..3 {
            let mut maker = requests::Requests {
                schemas: &document["schemas"],
                world: &world,
                seed,
            };
            let body = maker.body(&json!({ "id": operation.id, "request": name }), seed > 0);
            comparison.compare(&body, || body.to_string());
        }
        let mut all = Map::new();
        for (mut body, places) in spoiler.bodies(&schemas[name]) {
            comparison.spoil(&mut body, &places);
            all.append(body.as_object_mut().unwrap());
        }
        comparison.compare(&all.into(), || "all fields".to_owned());
        requests += 1;
        bodies += comparison.bodies;
        valid += comparison.valid;
        differences.append(&mut comparison.differences);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    // Neither is nearly everything invalid, nor nearly nothing.
    let is_mixed = valid > bodies / 10 && valid < bodies / 2;
    assert!(
        requests > 300 && bodies > 20_000 && is_mixed,
        "{requests} {bodies} {valid}"
    );
}
