//! Bodies of requests, and what spoils them.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::{Kind, Schemas, Shape};

/// A value of a body, and what is put in its place.
pub(super) struct Place {
    pub(super) pointer: String,
    pub(super) others: Vec<Value>,
    pub(super) is_object: bool,
}

/// Makes values of schemas. What is to be spoilt has all its fields; once it has been, it
/// has only those that it needs.
pub(super) struct Spoiler<'s> {
    schemas: &'s Schemas,
    seen: HashSet<*const Value>,
    places: Vec<Place>,
}

impl<'s> Spoiler<'s> {
    pub(super) fn new(schemas: &'s Schemas) -> Self {
        Self {
            schemas,
            seen: HashSet::new(),
            places: Vec::new(),
        }
    }

    /// Bodies of a request, one for each field: with that, and those that are needed.
    pub(super) fn bodies(&mut self, schema: &'s Value) -> Vec<(Value, Vec<Place>)> {
        let shape = Shape::of(&[schema], self.schemas);
        let mut bodies = Vec::new();
        for (name, parts) in &shape.properties {
            let Value::Object(mut fields) = self.object(&shape, "", false) else {
                continue;
            };
            let field = self.value(parts, &format!("/{name}"), true);
            fields.insert((*name).to_owned(), field);
            bodies.push((fields.into(), std::mem::take(&mut self.places)));
        }
        bodies
    }

    fn value(&mut self, parts: &[&'s Value], pointer: &str, spoils: bool) -> Value {
        let shape = Shape::of(parts, self.schemas);
        let spoils = spoils
            && parts.iter().fold(false, |is_new, part| {
                self.seen.insert(std::ptr::from_ref(*part)) | is_new
            });
        let value = match shape.kind {
            Kind::Object => self.object(&shape, pointer, spoils),
            Kind::Array => {
                let count = shape.limit("minItems").unwrap_or(1).max(1);
                let pointer = |index| format!("{pointer}/{index}");
                let element = |index| self.value(&shape.items, &pointer(index), spoils);
                (0..count).map(element).collect()
            }
            _ => scalar(&shape),
        };
        if spoils {
            self.places.push(Place {
                pointer: pointer.to_owned(),
                others: others(&shape, &value),
                is_object: shape.kind == Kind::Object,
            });
        }
        value
    }

    fn object(&mut self, shape: &Shape<'s>, pointer: &str, spoils: bool) -> Value {
        let mut fields = Map::new();
        for (name, parts) in &shape.properties {
            if spoils || shape.required.contains(name) {
                let field = self.value(parts, &format!("{pointer}/{name}"), spoils);
                fields.insert((*name).to_owned(), field);
            }
        }
        if spoils && !shape.values.is_empty() {
            let value = self.value(&shape.values, &format!("{pointer}/any"), true);
            fields.insert("any".to_owned(), value);
        }
        fields.into()
    }
}

fn scalar(shape: &Shape<'_>) -> Value {
    if let Some(choice) = shape.choices.and_then(|choices| choices.first()) {
        return choice.clone();
    }
    let length = shape.limit("minLength").unwrap_or(1).max(1);
    match (shape.kind, shape.format) {
        (Kind::Boolean, _) => json!(true),
        (Kind::Integer | Kind::Number, _) => json!(shape.limit("minimum").unwrap_or(1)),
        (_, Some("date")) => json!("2025-06-15"),
        (_, Some("date-time")) => json!("2025-06-15T12:00:00Z"),
        (_, Some("uuid")) => json!("7c4e6d0b-6c53-4c19-b8cd-2f0f3f9a1f11"),
        (_, Some("email")) => json!("robin@example.com"),
        (_, Some("uri" | "url")) => json!("https://example.com/"),
        _ => json!("a".repeat(usize::try_from(length).unwrap_or(1))),
    }
}

/// What takes the place of a value: other types, texts of every format, and what is at
/// the edge of each limit and beyond it.
fn others(shape: &Shape<'_>, value: &Value) -> Vec<Value> {
    let mut others = vec![
        json!(null),
        json!(true),
        json!(7),
        json!(7.0),
        json!(7.5),
        json!(""),
        json!("é"),
        json!([]),
        json!([null]),
        json!({}),
        json!({ "unknown": [1] }),
    ];
    match shape.kind {
        Kind::Text => {
            for text in [
                "2025-06-15",
                "2025-06-31",
                "2025-06-15T12:00:00Z",
                "robin@example.com",
                "https://example.com/",
                "a b",
                "A",
            ] {
                others.push(json!(text));
            }
            for limit in ["minLength", "maxLength"] {
                let limit = shape.limit(limit);
                let lengths = limit.into_iter().flat_map(|limit| limit - 1..=limit + 1);
                let lengths = lengths.filter_map(|length| usize::try_from(length).ok());
                others.extend(lengths.map(|length| json!("é".repeat(length))));
            }
            others.extend(shape.choices.into_iter().flatten().cloned());
        }
        Kind::Integer | Kind::Number => {
            others.extend([
                json!(-1),
                json!(0),
                json!(-0.0),
                json!(u64::MAX),
                json!(1e300),
            ]);
            for limit in ["minimum", "maximum"] {
                if let Some(limit) = shape.limit(limit) {
                    others.extend([json!(limit - 1), json!(limit), json!(limit + 1)]);
                    let text = format!("[{limit}.0, {limit}.001]");
                    let fractions = serde_json::from_str::<Vec<Value>>(&text);
                    others.extend(fractions.into_iter().flatten());
                }
            }
        }
        Kind::Array => {
            let element = value.get(0).cloned().unwrap_or_default();
            let most = shape.limit("maxItems").unwrap_or(2);
            for count in [1, most, most + 1] {
                let count = usize::try_from(count).unwrap_or(1);
                others.push(Value::Array(vec![element.clone(); count]));
            }
            others.push(json!([element, 7, {}]));
        }
        Kind::Object => {
            for limit in ["minProperties", "maxProperties"] {
                let counts = shape.limit(limit).into_iter();
                for count in counts.flat_map(|limit| limit - 1..=limit + 1) {
                    let fields = (0..count).map(|number| (number.to_string(), json!("a")));
                    others.push(Value::Object(fields.collect()));
                }
            }
        }
        _ => {}
    }
    others
}
