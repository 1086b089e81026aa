//! The names that operations and fields have in Rust.

use heck::ToPascalCase;
use quote::format_ident;
use syn::Ident;

use super::refine::Field;
use crate::lower::facts::Operation;
use crate::lower::names::snake_case;

/// The name of an operation's method on the handle of its product.
pub fn method_name(operation: &Operation) -> String {
    if let Some(name) = &operation.method_name {
        return name.clone();
    }
    let segments = operation
        .path
        .split('/')
        .filter(|s| !s.is_empty() && !s.starts_with('{'));
    let words = snake_case(&segments.collect::<Vec<_>>().join("_"));
    let product = operation.product.as_str();
    let one = product.strip_suffix('s').unwrap_or(product);
    let after = |prefix: &&str| words.strip_prefix(*prefix)?.strip_prefix('_');
    // `/identity/match` would be `match`, which Rust has taken.
    let rest = [product, one]
        .iter()
        .find_map(after)
        .filter(|rest| is_identifier(rest));
    let verb = if operation.method == "get" && !words.ends_with("_get") {
        "_get"
    } else {
        ""
    };
    format!("{}{verb}", rest.unwrap_or(&words))
}

fn is_identifier(word: &str) -> bool {
    syn::parse_str::<Ident>(word).is_ok()
}

/// The name of an operation's type.
pub fn operation_type(operation: &Operation) -> String {
    operation.id.to_pascal_case()
}

/// Where the documentation of an operation's call is, from that of another call.
pub fn link(operation: &Operation) -> String {
    format!(
        "../{}/struct.{}.html#method.{}",
        operation.product,
        operation.product.to_pascal_case(),
        method_name(operation)
    )
}

/// The name of the method that sets a field.
pub fn setter_name(field: &Field) -> Ident {
    // The idempotency key of an operation is set by this name everywhere.
    free_of_call(match field.facts.name.as_str() {
        "idempotency_key" => format_ident!("idempotent"),
        _ => field.ident.clone(),
    })
}

/// `Call` has methods of its own; a field of that name gets an underscore.
fn free_of_call(method: Ident) -> Ident {
    const TAKEN: [&str; 18] = [
        "clone",
        "collect_all",
        "deadline",
        "download",
        "extra",
        "header",
        "into_future",
        "new",
        "pages",
        "request",
        "retry",
        "run",
        "send",
        "send_blocking",
        "stream",
        "timeout",
        "tolerance",
        "wait_until_ready",
    ];
    if TAKEN.iter().any(|name| method == name) {
        return format_ident!("{method}_");
    }
    method
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lower::credentials::Credentials;
    use crate::lower::facts::{Effect, ResponseKind};

    fn named(method: &str, product: &str, path: &str) -> String {
        let operation = Operation {
            id: String::new(),
            method: method.to_owned(),
            path: path.to_owned(),
            product: product.to_owned(),
            summary: String::new(),
            description: String::new(),
            page: String::new(),
            deprecated: false,
            instead: String::new(),
            request: None,
            response: ResponseKind::Empty,
            effect: Effect::Read,
            credentials: Credentials::Headers,
            idempotency_field: None,
            path_parameters: Vec::new(),
            headers: Vec::new(),
            method_name: None,
            ready: None,
            paging: None,
        };
        method_name(&operation)
    }

    #[test]
    fn a_method_does_not_repeat_its_product() {
        for (method, product, path, name) in [
            ("post", "transactions", "/transactions/sync", "sync"),
            (
                "post",
                "items",
                "/item/public_token/exchange",
                "public_token_exchange",
            ),
            ("post", "assets", "/asset_report/pdf/get", "report_pdf_get"),
            ("post", "transactions", "/categories/get", "categories_get"),
            ("get", "fdx", "/fdx/consents/{consentId}", "consents_get"),
        ] {
            assert_eq!(named(method, product, path), name, "{method} {path}");
        }
    }
}
