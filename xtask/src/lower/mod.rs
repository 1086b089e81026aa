//! Step 3: a document that progenitor can take, and whose code survives reality.
//!
//! Each pass is a small function from a document to a document, named after what
//! it does; its file says which fact forces it. What later steps need and OpenAPI
//! cannot say is left behind as an `x-` extension and read by [`facts`].

pub mod all_of;
pub mod constraints;
pub mod credentials;
pub mod enum_text;
pub mod facts;
pub mod hoist;
pub mod inline;
pub mod loose_objects;
pub mod names;
pub mod nullable;
pub mod numbers;
pub mod paging;
pub mod parameters;
pub mod presence;
pub mod responses;
pub mod secrets;

use crate::document::Document;
pub use facts::Facts;

/// One lowering.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// What it does, in a word or two.
    pub name: &'static str,
    /// Changes the document.
    pub run: fn(&mut Document),
}

/// The lowerings, in their order.
pub const PASSES: &[Pass] = &[
    Pass {
        name: "names",
        run: names::run,
    },
    Pass {
        name: "responses",
        run: responses::run,
    },
    Pass {
        name: "parameters",
        run: parameters::run,
    },
    Pass {
        name: "paging",
        run: paging::run,
    },
    Pass {
        name: "credentials",
        run: credentials::run,
    },
    Pass {
        name: "enum_text",
        run: enum_text::run,
    },
    Pass {
        name: "all_of",
        run: all_of::run,
    },
    Pass {
        name: "loose_objects",
        run: loose_objects::run,
    },
    Pass {
        name: "hoist",
        run: hoist::run,
    },
    Pass {
        name: "nullable",
        run: nullable::run,
    },
    Pass {
        name: "inline",
        run: inline::run,
    },
    Pass {
        name: "presence",
        run: presence::run,
    },
    Pass {
        name: "constraints",
        run: constraints::run,
    },
    Pass {
        name: "secrets",
        run: secrets::run,
    },
    Pass {
        name: "numbers",
        run: numbers::run,
    },
];

/// What comes out of the lowerings.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// The document for progenitor, without extensions.
    pub document: Document,
    /// What the document says beyond that.
    pub facts: Facts,
}

/// Runs every pass.
pub fn lower(document: &Document) -> Lowered {
    lower_with(document, PASSES)
}

/// Runs the given passes; tests leave some out to see what they are for.
pub fn lower_with(document: &Document, passes: &[Pass]) -> Lowered {
    let mut document = document.clone();
    for pass in passes {
        (pass.run)(&mut document);
    }
    let facts = Facts::collect(&document);
    facts::strip_extensions(&mut document.root);
    Lowered { document, facts }
}

#[cfg(test)]
mod testing {
    use serde_json::{Value, json};

    use crate::document::Document;

    /// A document with these schemas and nothing else.
    pub(crate) fn schemas(schemas: Value) -> Document {
        Document::from_value(json!({
            "openapi": "3.0.3", "paths": {}, "components": { "schemas": schemas }
        }))
    }

    /// The schemas after a pass.
    pub(crate) fn after(run: fn(&mut Document), input: Value) -> Value {
        let mut document = schemas(input);
        run(&mut document);
        Value::Object(document.schemas().clone())
    }
}
