//! Step 5: what progenitor made, turned into what people should get.
//!
//! progenitor's types keep their fields and docs and lose their derives: reading
//! and writing is a table and one line per field, and everything that decides
//! stands in `plaid_gen::wire`. Its methods make their request as before and end with
//! it, one file per product.

mod client;
mod serde_attr;
mod types;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use quote::quote;
use syn::{Item, parse_quote};

use super::gates::{self, Gate};
use super::{Output, tree};
use crate::lower::Facts;
pub use types::{Field, Kind, Type};

/// Where the generated part of `plaid-gen` stands.
pub const FOLDER: &str = "plaid-gen/src/generated";

/// The generated crate, before it is written.
#[derive(Debug)]
pub struct Refined {
    /// The types by name.
    pub types: BTreeMap<String, Type>,
    /// The client without its methods.
    client: Vec<Item>,
    /// The methods by product.
    methods: BTreeMap<String, Vec<syn::ImplItemFn>>,
}

/// Takes progenitor's output apart.
///
/// # Errors
/// When it does not have the parts that are expected, which means that another
/// version of progenitor is used.
pub fn refine(code: syn::File, facts: &Facts) -> Result<Refined> {
    let mut refined = Refined {
        types: BTreeMap::new(),
        client: Vec::new(),
        methods: BTreeMap::new(),
    };
    for item in code.items {
        match item {
            Item::Mod(module) if module.ident == "types" => {
                let items = module.content.map(|(_, items)| items).unwrap_or_default();
                refined.types = types::collect(items, facts)?;
            }
            Item::Impl(block) if client::has_operations(&block) => {
                refined.methods = client::by_product(block, facts)?;
            }
            // Without the constant that asks for hooks: nothing calls them.
            Item::Struct(_) | Item::Impl(_) => refined.client.push(item),
            _ => {}
        }
    }
    if refined.client.is_empty() {
        bail!("progenitor's output has no client");
    }
    client::document(&mut refined.client);
    Ok(refined)
}

impl Refined {
    /// The files of the generated crate.
    ///
    /// # Errors
    /// When generated code cannot be parsed back.
    pub fn outputs(&self) -> Result<Vec<Output>> {
        let mut files = vec![self.root()?, self.client_file()?, self.types_file()?];
        for (product, methods) in &self.methods {
            let name = format!("client/{product}.rs");
            files.push(output(&name, &client::file(product, methods))?);
        }
        for (module, types) in self.modules() {
            let name = format!("types/{module}.rs");
            files.push(output(&name, &types::file(module, &types)?)?);
        }
        Ok(files)
    }

    /// The types of each module.
    fn modules(&self) -> BTreeMap<&str, Vec<&Type>> {
        let mut modules: BTreeMap<&str, Vec<&Type>> = BTreeMap::new();
        for ty in self.types.values() {
            modules.entry(ty.gate.module()).or_default().push(ty);
        }
        modules
    }

    fn root(&self) -> Result<Output> {
        output(
            "mod.rs",
            &parse_quote! {
                //! What is made from the description of the API.
                mod client;
                #[cfg(feature = "schemars")]
                pub(crate) mod schemas;
                pub mod types;
                pub use client::Client;
            },
        )
    }

    fn client_file(&self) -> Result<Output> {
        let core = &self.client;
        let modules = self.methods.keys().map(|product| {
            let gate = gates::product(product);
            let name = quote::format_ident!("{product}");
            quote!(#gate mod #name;)
        });
        let modules = quote!(#(#modules)*);
        output(
            "client/mod.rs",
            &parse_quote! {
                //! The client, and per product its operations.
                #modules
                use progenitor_client::ClientInfo;
                #(#core)*
            },
        )
    }

    fn types_file(&self) -> Result<Output> {
        let modules = self.modules().into_keys().map(|module| {
            let name = quote::format_ident!("{module}");
            let (gate, doc) = match module {
                gates::SHARED => (None, " Types that several products use.".to_owned()),
                _ => (
                    Some(gates::product(module)),
                    format!(" Types that only the product `{module}` uses."),
                ),
            };
            quote! {
                #gate
                #[doc = #doc]
                pub mod #name;
                #gate
                #[doc(no_inline)]
                pub use #name::*;
            }
        });
        let modules = quote!(#(#modules)*);
        output(
            "types/mod.rs",
            &parse_quote! {
                //! The types of requests, answers and webhooks.
                //!
                //! Every type can be named directly, as in `types::AccountBase`; the
                //! modules show which product brings it.
                #modules
            },
        )
    }
}

impl Type {
    /// The gate of a type with these facts.
    fn gate_of(facts: &Facts, name: &str) -> Result<Gate> {
        let known = facts.types.get(name);
        let known = known.with_context(|| format!("progenitor made a type `{name}` of its own"))?;
        Ok(Gate::of(&known.products))
    }
}

fn output(name: &str, file: &syn::File) -> Result<Output> {
    Ok(Output {
        path: PathBuf::from(FOLDER).join(Path::new(name)),
        text: tree::format(file)?,
    })
}
