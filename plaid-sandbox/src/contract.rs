//! The description of the API: which operations exist and what their bodies
//! look like.
//!
//! The document is embedded, parsed once per process and shared by every
//! running emulator.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    answers::Paging,
    schema::{self, Schemas, Shape, Violations},
};

/// One operation of the API.
#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) product: Option<String>,
    pub(crate) request: Option<String>,
    /// The schema of a good answer; `None` if the document describes no body.
    pub(crate) response: Option<String>,
    pub(crate) media: Option<String>,
    /// How a list is paged through.
    pub(crate) paging: Option<Paging>,
    /// Whether the caller has to say who they are.
    pub(crate) credentials: bool,
}

/// What is said of a field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) exists: bool,
    pub(crate) required: bool,
    pub(crate) nullable: bool,
}

/// The embedded document cannot be used. A test guards against it; a caller
/// sees it only if the crate was built from a damaged tree.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the embedded description of the API is unusable: {0}")]
pub struct ContractError(String);

/// The document.
#[derive(Debug)]
pub(crate) struct Contract {
    operations: Vec<Operation>,
    /// Schemas that list no properties: such a request takes no fields.
    without_fields: Vec<String>,
    schemas: &'static Schemas,
}

static DOCUMENT: LazyLock<Result<Value, ContractError>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("generated/contract.json"))
        .map_err(|error| ContractError(error.to_string()))
});

static CONTRACT: LazyLock<Result<Contract, ContractError>> = LazyLock::new(|| match &*DOCUMENT {
    Ok(document) => Contract::new(document),
    Err(error) => Err(error.clone()),
});

impl Contract {
    /// The embedded contract.
    pub(crate) fn embedded() -> Result<&'static Self, ContractError> {
        CONTRACT.as_ref().map_err(Clone::clone)
    }

    fn new(document: &'static Value) -> Result<Self, ContractError> {
        let operations = Vec::<Operation>::deserialize(&document["operations"])
            .map_err(|error| ContractError(error.to_string()))?;
        let requests = operations
            .iter()
            .filter_map(|operation| operation.request.clone());
        Ok(Self {
            without_fields: requests
                .filter(|name| takes_no_fields(&document["schemas"][name]))
                .collect(),
            schemas: document["schemas"]
                .as_object()
                .ok_or_else(|| ContractError("it has no schemas".into()))?,
            operations,
        })
    }

    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Whether the request schema `name` is an object that declares nothing.
    pub(crate) fn takes_no_fields(&self, name: &str) -> bool {
        self.without_fields.iter().any(|known| known == name)
    }

    /// All schemas, by name.
    pub(crate) fn schemas(&self) -> &'static Schemas {
        self.schemas
    }

    /// What the schema `name` says of a field of its own.
    pub(crate) fn response_field(&self, name: &str, field: &str) -> Field {
        let Some(schema) = self.schemas.get(name) else {
            return Field::default();
        };
        let shape = Shape::of(&[schema], self.schemas);
        match shape.properties.get(field) {
            None => Field::default(),
            Some(parts) => Field {
                exists: true,
                required: shape.required.contains(field),
                nullable: Shape::of(parts, self.schemas).nullable,
            },
        }
    }

    /// The names of the fields that a request may have.
    pub(crate) fn request_fields(&self, operation: &Operation) -> Vec<&'static str> {
        let schema = operation.request.as_ref();
        let schema = schema.and_then(|name| self.schemas.get(name));
        schema.map_or_else(Vec::new, |schema| {
            let shape = Shape::of(&[schema], self.schemas);
            shape.properties.into_keys().collect()
        })
    }

    /// Whether a value is one of the schema `name`.
    pub(crate) fn is_valid(&self, name: &str, value: &Value) -> bool {
        self.schemas
            .get(name)
            .is_some_and(|schema| schema::is_valid(schema, value, self.schemas))
    }

    /// What is wrong with a request of the schema `name`; `None` if there is no such schema.
    pub(crate) fn check_request(
        &self,
        name: &str,
        body: &Map<String, Value>,
    ) -> Option<Violations<'static>> {
        let schema = self.schemas.get(name)?;
        Some(schema::check(schema, body, self.schemas))
    }
}

/// Closed schemas say `additionalProperties: false`; a schema without any
/// keyword but its type was never given fields to begin with.
fn takes_no_fields(schema: &Value) -> bool {
    schema
        .as_object()
        .is_some_and(|schema| schema.keys().all(|keyword| keyword == "type"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn every_request_has_a_schema() {
        let contract = Contract::embedded().unwrap();
        for name in contract
            .operations()
            .iter()
            .filter_map(|operation| operation.request.as_deref())
        {
            let found = contract.check_request(name, &Map::new());
            assert!(found.is_some(), "{name}");
        }
    }

    #[test]
    fn a_request_that_declares_nothing_takes_no_fields() {
        assert!(takes_no_fields(&json!({ "type": "object" })));
        assert!(!takes_no_fields(
            &json!({ "type": "object", "properties": {} })
        ));
    }
}
