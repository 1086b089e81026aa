//! How a field is given to a call: as an argument, or by a setter.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use crate::emit::docs;
use crate::emit::names::setter_name;
use crate::emit::refine::Field;
use crate::emit::rust_type::{inner, is};
use crate::lower::facts::{Parameter, ParameterKind};
use crate::lower::names::snake_case;

/// The type of an argument for a field, and the field's value made of it.
pub(super) fn argument(ty: &syn::Type, name: &Ident) -> (TokenStream, TokenStream) {
    if let Some(inner) = inner(ty, "Vec") {
        return (
            quote!(impl IntoIterator<Item = impl Into<#inner>>),
            quote!(#name.into_iter().map(Into::into).collect()),
        );
    }
    // What is said with `None` too: an `impl Into` would leave its type open.
    if let Some(inner) = inner(ty, "Option") {
        return match is(&inner, "String") {
            true => (quote!(Option<&str>), quote!(#name.map(str::to_owned))),
            false => (quote!(#ty), quote!(#name)),
        };
    }
    if is_plain(ty) {
        return (quote!(#ty), quote!(#name));
    }
    (quote!(impl Into<#ty>), quote!(#name.into()))
}

/// Types that nothing else turns into without a thought.
fn is_plain(ty: &syn::Type) -> bool {
    ["bool", "i64", "NaiveDate", "DateTime", "BTreeMap", "Map"]
        .iter()
        .any(|name| is(ty, name))
}

pub(super) fn setter(field: &Field) -> TokenStream {
    let ident = &field.ident;
    let docs = docs::attributes(&field.facts.doc);
    let wanted = inner(&field.ty, "Option").unwrap_or_else(|| field.ty.clone());
    let (ty, value) = argument(&wanted, ident);
    let value = if is(&field.ty, "Option") {
        quote!(Some(#value))
    } else {
        value
    };
    let method = setter_name(field);
    quote! {
        #(#docs)*
        pub fn #method(mut self, #ident: #ty) -> Self {
            self.request.#ident = #value;
            self
        }
    }
}

pub(super) fn header_setter(parameter: &Parameter) -> TokenStream {
    let ident = format_ident!("{}", snake_case(&parameter.name));
    let docs = docs::attributes(&parameter.description);
    let name = &parameter.name;
    if parameter.kind == ParameterKind::Boolean {
        return quote! {
            #(#docs)*
            pub fn #ident(self, #ident: bool) -> Self {
                self.header(#name, if #ident { "true" } else { "false" })
            }
        };
    }
    quote! {
        #(#docs)*
        pub fn #ident(self, #ident: &str) -> Self {
            self.header(#name, #ident)
        }
    }
}
