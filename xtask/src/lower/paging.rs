//! What a page may hold at most moves from the schema of `count` to `x-paging`.
//!
//! The schemas lose their limits in [`constraints`](super::constraints); a pager
//! has to know this one, since Plaid refuses a larger `count`.

use serde_json::{Value, json};

use crate::document::Document;
use crate::document::paging::{Paging, body, field};

/// See the module.
pub fn run(document: &mut Document) {
    let mut limits = Vec::new();
    for (_, _, operation) in document.operations() {
        limits.push(most(document, operation));
    }
    for ((_, _, operation), most) in document.operations_mut().zip(limits) {
        if let (Some(most), Some(paging)) = (most, operation.get_mut("x-paging")) {
            paging["x-most"] = json!(most);
        }
    }
}

fn most(document: &Document, operation: &Value) -> Option<i64> {
    let paging = Paging::of(operation)?.ok()?;
    let count = field(document, body(operation, true)?, paging.count.as_deref()?)?;
    count.get("maximum")?.as_i64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_found_where_the_count_is() {
        let mut document = Document::from_value(json!({
            "paths": {"/a/list": {"post": {
                "requestBody": {"content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Request"}
                }}},
                "x-paging": {"style": "offset", "count": "options.count"}
            }}},
            "components": {"schemas": {
                "Request": {"properties": {"options": {"$ref": "#/components/schemas/Options"}}},
                "Options": {"properties": {"count": {"type": "integer", "maximum": 25}}}
            }}
        }));
        run(&mut document);
        let paging = &document.root["paths"]["/a/list"]["post"]["x-paging"];
        assert_eq!(paging["x-most"], 25);
    }
}
