//! How much of the API is described, product by product.
//!
//! An operation, a schema, a field or an enum value that gets lost breaks somebody;
//! here it shows as a number. Accept a wanted change with
//! `INSTA_UPDATE=always cargo test -p plaid-tests --test counts`.

use crate::repository;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;
use xtask::document::{Document, flag, strings};

/// What stands in one document of `openapi/`.
#[derive(Default)]
struct Count {
    operations: usize,
    deprecated: usize,
    schemas: usize,
    webhooks: usize,
    fields: usize,
    required: usize,
    nullable: usize,
    enum_values: usize,
}

#[test]
fn nothing_of_the_api_gets_lost() {
    let api = repository::openapi();
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for (path, method, operation) in api.operations() {
        let file = file_of(&api, &["paths", path, method]);
        let product = strings(operation, "tags")[0];
        assert_eq!(
            file,
            format!("{product}.yaml"),
            "{path} is in the wrong file"
        );
        let count = counts.entry(file).or_default();
        count.operations += 1;
        count.deprecated += usize::from(flag(operation, "deprecated"));
    }
    for (name, schema) in api.schemas() {
        let file = file_of(&api, &["components", "schemas", name]);
        let count = counts.entry(file).or_default();
        count.schemas += 1;
        count.webhooks += usize::from(schema.get("x-webhook").is_some());
        count.walk(schema);
    }
    insta::assert_snapshot!(table(&counts));
}

fn file_of(api: &Document, keys: &[&str]) -> String {
    let at = xtask::document::pointer::of(keys.iter().copied());
    let place = api.place(&at).unwrap().to_string();
    let file = place.split(':').next().unwrap();
    file.rsplit('/').next().unwrap().to_owned()
}

impl Count {
    fn walk(&mut self, schema: &Value) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let required: BTreeSet<&str> = strings(schema, "required").into_iter().collect();
        for (name, property) in properties.into_iter().flatten() {
            self.fields += 1;
            self.required += usize::from(required.contains(name.as_str()));
            self.nullable += usize::from(flag(property, "nullable"));
            self.walk(property);
        }
        let values = schema.get("enum").and_then(Value::as_array);
        self.enum_values +=
            values.map_or(0, |values| values.iter().filter(|v| !v.is_null()).count());
        let parts = schema.get("allOf").and_then(Value::as_array);
        for part in parts.into_iter().flatten() {
            self.walk(part);
        }
        for inside in ["items", "additionalProperties"] {
            if let Some(inside) = schema.get(inside) {
                self.walk(inside);
            }
        }
    }

    fn columns(&self) -> [usize; 8] {
        [
            self.operations,
            self.deprecated,
            self.schemas,
            self.webhooks,
            self.fields,
            self.required,
            self.nullable,
            self.enum_values,
        ]
    }
}

fn table(counts: &BTreeMap<String, Count>) -> String {
    let heads = [
        "operations",
        "deprecated",
        "schemas",
        "webhooks",
        "fields",
        "required",
        "nullable",
        "values",
    ];
    let mut text = format!("{:<28}", "document");
    for head in heads {
        write!(text, "{head:>11}").unwrap();
    }
    let mut total = [0; 8];
    for (file, count) in counts {
        write!(text, "\n{file:<28}").unwrap();
        for (sum, number) in total.iter_mut().zip(count.columns()) {
            *sum += number;
            write!(text, "{number:>11}").unwrap();
        }
    }
    write!(text, "\n{:<28}", "total").unwrap();
    for number in total {
        write!(text, "{number:>11}").unwrap();
    }
    text
}
