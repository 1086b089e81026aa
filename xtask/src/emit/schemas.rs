//! The table of JSON Schemas of what operations are sent.
//!
//! schemars derives a schema from a type, and a type is named in code; whoever has
//! an operation's id as text, as a form in a browser does, needs a table.

use std::path::PathBuf;

use anyhow::Result;
use quote::{format_ident, quote};
use syn::parse_quote;

use super::{Output, gates, refine, tree};
use crate::lower::Facts;
use crate::lower::facts::Operation;

/// Makes the file.
///
/// # Errors
/// When it cannot be formatted.
pub fn output(facts: &Facts) -> Result<Output> {
    let entry = |operation: &Operation| {
        let request = format_ident!("{}", operation.request.as_ref()?);
        let gate = gates::product(&operation.product);
        let id = &operation.id;
        Some(quote!(#gate (#id, request::<types::#request>)))
    };
    let entries = facts.operations.iter().filter_map(entry);
    let file: syn::File = parse_quote! {
        //! What operations are sent, as JSON Schemas.
        #[allow(unused_imports)]
        use super::types;
        #[allow(unused_imports)]
        use crate::wire::schema::{Derive, request};

        /// The operations that have a request, by id, each with what makes its schema.
        pub(crate) const REQUESTS: &[(&str, Derive)] = &[#(#entries),*];
    };
    Ok(Output {
        path: PathBuf::from(refine::FOLDER).join("schemas.rs"),
        text: tree::format(&file)?,
    })
}
