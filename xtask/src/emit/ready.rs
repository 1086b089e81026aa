//! What makes a call one that can be waited for.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Ident};

use super::docs;
use crate::document::ready::{NotYet, Ready};
use crate::lower::facts::{Operation, ResponseKind};
use crate::lower::names::snake_case;

/// The impl that gives the call `wait_until_ready`.
pub(super) fn implementation(operation: &Operation, marker: &Ident) -> Option<TokenStream> {
    let Ready { not_yet, webhook } = operation.ready.as_ref()?;
    let code = match not_yet {
        NotYet::Error(code) => quote!(Some(#code)),
        NotYet::Field { .. } => quote!(None),
    };
    let webhook = match webhook {
        Some(webhook) => quote!(Some(#webhook)),
        None => quote!(None),
    };
    let is_ready = is_ready(not_yet, &operation.response);
    Some(quote! {
        impl operation::ReadyLater for #marker {
            const NOT_YET: Option<&'static str> = #code;
            const WEBHOOK: Option<&'static str> = #webhook;
            #is_ready
        }
    })
}

fn is_ready(not_yet: &NotYet, response: &ResponseKind) -> Option<TokenStream> {
    let (NotYet::Field { name, value }, ResponseKind::Json(ty)) = (not_yet, response) else {
        return None;
    };
    let (field, ty) = (format_ident!("{}", snake_case(name)), format_ident!("{ty}"));
    Some(quote! {
        fn is_ready(answer: &types::#ty) -> bool {
            answer.#field.as_str() != #value
        }
    })
}

/// What the documentation of the call says about it.
pub(super) fn docs(operation: &Operation) -> Vec<Attribute> {
    let Some(ready) = &operation.ready else {
        return Vec::new();
    };
    let asks = "The result is made in the background: \
                [`wait_until_ready`](Call::wait_until_ready) asks";
    let name = ready.webhook.as_deref();
    let until = match name.and_then(|name| name.split_once('/')) {
        Some((kind, code)) => {
            format!("until it is there. The `{code}` webhook of type `{kind}` says when.")
        }
        None => "until it is there.".to_owned(),
    };
    ["", asks, until.as_str()].map(docs::attribute).to_vec()
}
