//! The calls of `plaid`: per product a handle, per operation a builder.
//!
//! These live in `plaid` and not in `plaid-gen`, because the setters of
//! `Call<TransactionsSync>` are inherent methods, which Rust allows only in the
//! crate of `Call`; and they are generated, because 329 of them written by hand
//! would not stay true to the document.

mod arguments;
mod code;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use heck::ToPascalCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, parse_quote};

use self::code::Call;
use super::names::method_name;
use super::refine::Refined;
use super::{Output, docs, gates, tree};
use crate::lower::Facts;
use crate::lower::facts::Operation;

/// Where the generated part of `plaid` stands.
pub const FOLDER: &str = "plaid/src/generated";

/// Makes the files.
///
/// # Errors
/// When two operations of a product would have one method.
pub fn outputs(facts: &Facts, refined: &Refined) -> Result<Vec<Output>> {
    let mut products: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in &facts.operations {
        products
            .entry(&operation.product)
            .or_default()
            .push(operation);
    }
    let mut outputs = vec![output("mod.rs", &root(products.keys().copied()))?];
    for (product, operations) in products {
        let about = facts.products.get(product).map_or("", String::as_str);
        let file = product_file(product, about, &operations, facts, refined)?;
        outputs.push(output(&format!("{product}.rs"), &file)?);
    }
    Ok(outputs)
}

fn root<'a>(products: impl Iterator<Item = &'a str>) -> syn::File {
    let modules = products.map(|product| {
        let gate = gates::product(product);
        let name = format_ident!("{product}");
        quote!(#gate pub mod #name;)
    });
    let modules = quote!(#(#modules)*);
    parse_quote! {
        //! The calls, by product.
        #modules
    }
}

fn product_file(
    product: &str,
    about: &str,
    operations: &[&Operation],
    facts: &Facts,
    refined: &Refined,
) -> Result<syn::File> {
    let mut taken = BTreeSet::new();
    if let Some(twice) = operations.iter().find(|o| !taken.insert(method_name(o))) {
        bail!(
            "two operations of `{product}` would have the method `{}`; name `{}` with `x-method`",
            method_name(twice),
            twice.path
        );
    }
    let handle = format_ident!("{}", product.to_pascal_case());
    let accessor = format_ident!("{product}");
    let docs = docs::attributes(about);
    let calls = operations
        .iter()
        .map(|operation| Call::new(operation, facts, refined));
    let calls = calls.collect::<Result<Vec<_>>>()?;
    let methods = calls.iter().map(Call::method);
    let items = calls.iter().map(Call::items);
    let old = any_deprecated(operations);
    let uses = quote! {
        use crate::call::Call;
        use crate::client::Client;
        #[allow(unused_imports)]
        use crate::generated_prelude::*;
    };
    let code = quote! {
        #old
        #uses

        impl Client {
            #(#docs)*
            pub fn #accessor(&self) -> #handle<'_> {
                #handle { client: self }
            }
        }

        #(#docs)*
        #[derive(Clone, Copy, Debug)]
        pub struct #handle<'c> {
            pub(crate) client: &'c Client,
        }

        impl #handle<'_> { #(#methods)* }

        #(#items)*
    };
    let mut file: syn::File = syn::parse2(code).context("generated calls are not Rust")?;
    let inner = Attribute {
        style: syn::AttrStyle::Inner(Default::default()),
        ..docs::attribute(&format!("The calls of `{product}`."))
    };
    file.attrs.insert(0, inner);
    Ok(file)
}

/// A deprecated operation's own impls mention it.
fn any_deprecated(operations: &[&Operation]) -> Option<TokenStream> {
    let any = operations.iter().any(|operation| operation.deprecated);
    any.then(|| quote!(#![allow(deprecated)]))
}

fn output(name: &str, file: &syn::File) -> Result<Output> {
    Ok(Output {
        path: PathBuf::from(FOLDER).join(name),
        text: tree::format(file)?,
    })
}
