//! `cargo xtask list`: what is covered.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::OPENAPI;
use crate::document::load;
use crate::emit::names::method_name;
use crate::lower;
use crate::lower::facts::Operation;

/// Prints every operation, by product, and how many there are.
///
/// # Errors
/// When the description cannot be read.
pub fn run(root: &Path, as_json: bool) -> Result<()> {
    let document = load::folder(&root.join(OPENAPI))?;
    let facts = lower::lower(&document).facts;
    let text = if as_json {
        json_lines(&facts.operations)
    } else {
        table(&facts.operations)
    };
    // This is the command's result.
    #[allow(clippy::print_stdout)]
    {
        print!("{text}");
    }
    Ok(())
}

fn json_lines(operations: &[Operation]) -> String {
    let line = |operation: &Operation| {
        json!({
            "id": operation.id,
            "method": operation.method.to_uppercase(),
            "path": operation.path,
            "product": operation.product,
            "call": call(operation),
            "deprecated": operation.deprecated,
        })
        .to_string()
            + "\n"
    };
    operations.iter().map(line).collect()
}

fn table(operations: &[Operation]) -> String {
    let mut products: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        products
            .entry(&operation.product)
            .or_default()
            .push(operation);
    }
    let width = operations
        .iter()
        .map(|o| o.path.len())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for (product, operations) in &products {
        text += &format!("{product}\n");
        for operation in operations {
            let old = if operation.deprecated {
                "  (deprecated)"
            } else {
                ""
            };
            text += &format!("  {:width$}  {}{old}\n", operation.path, call(operation));
        }
    }
    let (count, products) = (operations.len(), products.len());
    text + &format!("\n{count} operations of {products} products\n")
}

fn call(operation: &Operation) -> String {
    format!("{}().{}", operation.product, method_name(operation))
}
