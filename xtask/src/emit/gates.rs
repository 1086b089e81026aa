//! Which feature a generated item is behind.

use std::collections::BTreeSet;

use syn::{Attribute, parse_quote};

/// Where a type stands, and when it is compiled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// Used by one product: in its module, behind its feature.
    Product(String),
    /// Used by several: in the shared module, behind any of their features.
    Shared(BTreeSet<String>),
    /// Used by all: in the shared module.
    Open,
}

impl Gate {
    /// The gate of a type with these products.
    pub fn of(products: &BTreeSet<String>) -> Self {
        let mut names = products.iter();
        match (names.next(), names.next()) {
            (None, _) => Self::Open,
            (Some(only), None) => Self::Product(only.clone()),
            _ => Self::Shared(products.clone()),
        }
    }

    /// The module of the type.
    pub fn module(&self) -> &str {
        match self {
            Self::Product(name) => name,
            Self::Shared(_) | Self::Open => SHARED,
        }
    }

    /// The attribute on an item in the shared module. A product's module has it as
    /// a whole.
    pub fn attribute(&self) -> Option<Attribute> {
        match self {
            Self::Shared(products) => Some(parse_quote!(#[cfg(any(#(feature = #products),*))])),
            Self::Product(_) | Self::Open => None,
        }
    }
}

/// The module of types that several products use.
pub const SHARED: &str = "shared";

/// The attribute of a product's module.
pub fn product(name: &str) -> Attribute {
    parse_quote!(#[cfg(feature = #name)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens;

    fn gate(products: &[&str]) -> Gate {
        Gate::of(&products.iter().map(|p| (*p).to_owned()).collect())
    }

    #[test]
    fn a_type_is_gated_by_who_uses_it() {
        assert_eq!(gate(&["auth"]).module(), "auth");
        assert_eq!(gate(&["auth"]).attribute(), None);
        assert_eq!(gate(&[]), Gate::Open);
        let shared = gate(&["auth", "items"]);
        assert_eq!(shared.module(), SHARED);
        let attribute = shared.attribute().map(|a| a.to_token_stream().to_string());
        assert_eq!(
            attribute.as_deref(),
            Some("# [cfg (any (feature = \"auth\" , feature = \"items\"))]")
        );
    }
}
