//! What the gateway forwards: the operations of the description, by method and path.

use std::collections::HashMap;
use std::sync::LazyLock;

use http::Method;
use serde::Deserialize;

/// Made by `cargo xtask generate`.
static TABLE: &str = include_str!("generated/operations.json");

/// The longest value of a path parameter.
const MAX_PARAMETER: usize = 256;

/// One operation of the API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Operation {
    /// Its name, such as `accountsGet`.
    pub id: String,
    /// `GET` or `POST`.
    pub method: String,
    /// Its path, with parameters in braces: `/fdx/consents/{consentId}`.
    pub path: String,
    /// The product that it belongs to, such as `accounts`.
    pub product: String,
    /// Where Plaid expects the credentials.
    pub credentials: Place,
}

/// Where an operation takes the credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Place {
    /// In the headers, as nearly all do.
    Header,
    /// In the body; they are sent in the headers too.
    Body,
    /// Nowhere: the operation is open to anyone and refuses them.
    None,
}

/// The operations, ready to be looked up.
#[derive(Debug)]
pub(crate) struct Operations {
    fixed: HashMap<&'static str, &'static Operation>,
    /// Those with a parameter, which is always the last segment: what stands before it.
    open: Vec<(&'static str, &'static Operation)>,
}

static OPERATIONS: LazyLock<Vec<Operation>> =
    // A test reads the table, so what is built in can be read.
    LazyLock::new(|| serde_json::from_str(TABLE).unwrap_or_default());
static ROUTES: LazyLock<Operations> = LazyLock::new(|| Operations::of(&OPERATIONS));

/// All operations that the gateway knows.
///
/// ```
/// let known = plaid_gateway::operations();
/// assert!(known.iter().any(|operation| operation.path == "/accounts/get"));
/// ```
pub fn operations() -> &'static [Operation] {
    &OPERATIONS
}

/// The operation of a method and a path as it stands in the request. Nothing is
/// decoded or made canonical: a path that is not exactly an operation's is none.
pub(crate) fn find(method: &Method, path: &str) -> Option<&'static Operation> {
    ROUTES.find(method, path)
}

impl Operations {
    fn of(all: &'static [Operation]) -> Self {
        let (open, fixed): (Vec<_>, Vec<_>) = all
            .iter()
            .partition(|operation| operation.path.contains('{'));
        let before = |operation: &'static Operation| {
            let end = operation.path.find('{').unwrap_or(operation.path.len());
            (&operation.path[..end], operation)
        };
        Self {
            fixed: fixed.into_iter().map(|o| (o.path.as_str(), o)).collect(),
            open: open.into_iter().map(before).collect(),
        }
    }

    fn find(&self, method: &Method, path: &str) -> Option<&'static Operation> {
        let fixed = self.fixed.get(path).copied();
        let operation = fixed.or_else(|| {
            let mut open = self.open.iter();
            let found = open.find(|(before, _)| path.strip_prefix(before).is_some_and(is_value));
            found.map(|(_, operation)| *operation)
        });
        operation.filter(|operation| operation.method == method.as_str())
    }
}

/// Whether the text can be the value of a path parameter. It goes to Plaid as it is,
/// so nothing is taken that could be read as more than one segment, or as none.
fn is_value(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    (1..=MAX_PARAMETER).contains(&text.len())
        && text.bytes().all(allowed)
        && text.bytes().any(|b| b != b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_whole_api() {
        let table: Vec<Operation> = serde_json::from_str(TABLE).unwrap();
        assert_eq!(table.len(), operations().len());
        assert_eq!(table.len(), 329);
        let braces = |o: &&Operation| o.path.contains('{');
        for operation in table.iter().filter(braces) {
            let (_, parameter) = operation.path.split_once('{').unwrap();
            let is_last = parameter.ends_with('}') && !parameter.contains('/');
            assert!(is_last, "{}", operation.path);
        }
    }

    #[test]
    fn every_operation_is_found_by_its_own_method_alone() {
        for operation in operations() {
            let path = operation.path.replace("{consentId}", "a-1");
            let path = path.replace("{recipientId}", "a-1");
            let method: Method = operation.method.parse().unwrap();
            assert_eq!(find(&method, &path), Some(operation), "{path}");
            for other in [Method::GET, Method::POST, Method::HEAD, Method::PUT] {
                if other != method {
                    assert_eq!(find(&other, &path), None, "{other} {path}");
                }
            }
        }
    }

    #[test]
    fn no_trick_with_a_path_finds_an_operation() {
        for path in [
            "/accounts/get/",
            "//accounts/get",
            "/accounts//get",
            "/accounts/./get",
            "/x/../accounts/get",
            "/accounts%2fget",
            "/%61ccounts/get",
            "/Accounts/get",
            "/accounts/get;a=b",
            "/accounts\\get",
            "accounts/get",
            "",
            "/",
            "*",
        ] {
            assert_eq!(find(&Method::POST, path), None, "{path}");
        }
        for value in [
            "", ".", "..", "...", "a/b", "a%2fb", "a b", "a\\b", "a;b", "ä",
        ] {
            let path = format!("/fdx/consents/{value}");
            assert_eq!(find(&Method::GET, &path), None, "{path}");
        }
        let long = format!("/fdx/consents/{}", "a".repeat(MAX_PARAMETER + 1));
        assert_eq!(find(&Method::GET, &long), None);
    }
}
