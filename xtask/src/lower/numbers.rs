//! Numbers are exact, and only formats that have a type remain.
//!
//! Whether a number is written `number`, `float` or `double` is no promise about
//! its digits; money is among all three, and typify makes binary floats of them.
//! Formats such as `uri` or a vendor's own say nothing that a type could hold.

use serde_json::{Value, json};

use super::secrets;
use crate::document::{Document, text, visit_mut};

/// The format that stands for an exact decimal.
pub const DECIMAL: &str = "double";

/// See the module.
pub fn run(document: &mut Document) {
    for schema in document.schemas_mut().values_mut() {
        visit_mut(schema, &mut lower);
    }
}

fn lower(schema: &mut Value) {
    match text(schema, "type") {
        "number" => schema["format"] = json!(DECIMAL),
        "string" if ["date", "date-time", secrets::FORMAT].contains(&text(schema, "format")) => {}
        _ => {
            if let Some(object) = schema.as_object_mut() {
                object.remove("format");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::after;
    use super::*;

    #[test]
    fn every_number_is_a_decimal_and_vague_formats_go() {
        let lowered = after(
            run,
            json!({
                "A": {"type": "number"}, "B": {"type": "number", "format": "float"},
                "C": {"type": "string", "format": "uri"}, "D": {"type": "string", "format": "date"},
                "E": {"type": "integer", "format": "int32"},
            }),
        );
        assert_eq!(lowered["A"]["format"], json!(DECIMAL));
        assert_eq!(lowered["B"]["format"], json!(DECIMAL));
        assert_eq!(lowered["C"], json!({"type": "string"}));
        assert_eq!(lowered["D"]["format"], json!("date"));
        assert_eq!(lowered["E"], json!({"type": "integer"}));
    }
}
