//! The client: its methods split by product, and their dead arms removed.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use quote::quote;
use syn::visit_mut::{self, VisitMut};
use syn::{ExprMatch, ImplItem, ImplItemFn, Item, ItemImpl, Pat, parse_quote};

use crate::emit::docs;
use crate::lower::Facts;
use crate::lower::facts::Operation;
use crate::lower::names::snake_case;

/// Whether a block is the one with the operations: its functions are async.
pub(super) fn has_operations(block: &ItemImpl) -> bool {
    block.trait_.is_none()
        && block
            .items
            .iter()
            .any(|item| matches!(item, ImplItem::Fn(method) if method.sig.asyncness.is_some()))
}

/// The methods by product.
pub(super) fn by_product(
    block: ItemImpl,
    facts: &Facts,
) -> Result<BTreeMap<String, Vec<ImplItemFn>>> {
    let operations: BTreeMap<String, &Operation> = facts
        .operations
        .iter()
        .map(|o| (snake_case(&o.id), o))
        .collect();
    let mut products: BTreeMap<String, Vec<ImplItemFn>> = BTreeMap::new();
    for item in block.items {
        let ImplItem::Fn(mut method) = item else {
            continue;
        };
        let name = method.sig.ident.to_string();
        let operation = operations.get(&name);
        let operation = operation.with_context(|| format!("no operation is called `{name}`"))?;
        refine_method(&mut method, operation);
        products
            .entry(operation.product.clone())
            .or_default()
            .push(method);
    }
    Ok(products)
}

fn refine_method(method: &mut ImplItemFn, operation: &Operation) {
    let route = format!("`{} {}`", operation.method.to_uppercase(), operation.path);
    method.attrs = docs::attributes(&format!("{}.\n\n{route}", operation.summary));
    // Compiled where it is called, and nowhere else: an async function that is not
    // generic is otherwise compiled with this crate, all 329 of them.
    method.attrs.push(parse_quote!(#[inline]));
    Elided.visit_signature_mut(&mut method.sig);
    DeadArms.visit_block_mut(&mut method.block);
    NoDocumentVersion.visit_block_mut(&mut method.block);
    share_body(method, operation);
}

/// Nearly all methods post JSON and get JSON, in the same eighteen lines. Written
/// once, in `hooks`, they make the library an eighth smaller. A method with any other
/// body keeps what progenitor wrote.
fn share_body(method: &mut ImplItemFn, operation: &Operation) {
    let (path, name) = (&operation.path, method.sig.ident.to_string());
    let address = format!("{{}}{path}");
    let known: syn::Block = parse_quote!({
        let url = format!(#address, self.baseurl,);
        let mut request = self
            .client
            .post(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json",),
            )
            .json(&body)
            .build()?;
        let info = OperationInfo { operation_id: #name, };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200..=299 => { ResponseValue::from_response(response).await }
            _ => { Err(Error::ErrorResponse(ResponseValue::from_response(response).await?)) }
        }
    });
    if method.block == known {
        method.block = parse_quote!({ self.post_json(#path, body).await });
    }
}

/// progenitor names the lifetime of every borrow, although nothing borrowed is
/// returned.
struct Elided;

impl VisitMut for Elided {
    fn visit_signature_mut(&mut self, signature: &mut syn::Signature) {
        signature.generics = syn::Generics::default();
        visit_mut::visit_signature_mut(self, signature);
    }

    fn visit_receiver_mut(&mut self, receiver: &mut syn::Receiver) {
        if let syn::ReceiverKind::Reference(_, lifetime, _) = &mut receiver.kind {
            *lifetime = None;
        }
        visit_mut::visit_receiver_mut(self, receiver);
    }

    fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
        reference.lifetime = None;
        visit_mut::visit_type_reference_mut(self, reference);
    }
}

/// progenitor sends the version of the OpenAPI document as a header `api-version`.
/// Plaid does not know it; its own is `Plaid-Version`. Since other headers have left
/// the operations, it is the only one in the map.
struct NoDocumentVersion;

impl VisitMut for NoDocumentVersion {
    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        visit_mut::visit_block_mut(self, block);
        block.stmts.retain(|statement| !is_header_map(statement));
    }

    fn visit_local_mut(&mut self, local: &mut syn::Local) {
        local.attrs.clear();
        visit_mut::visit_local_mut(self, local);
    }

    fn visit_expr_mut(&mut self, expression: &mut syn::Expr) {
        visit_mut::visit_expr_mut(self, expression);
        if let syn::Expr::MethodCall(call) = expression
            && call.method == "headers"
        {
            *expression = (*call.receiver).clone();
        }
    }
}

/// Whether a statement makes or fills the map of headers.
fn is_header_map(statement: &syn::Stmt) -> bool {
    let text = quote!(#statement).to_string();
    text.starts_with("let mut header_map") || text.starts_with("header_map .")
}

/// With `2XX` and `default`, progenitor writes two arms `_ =>`; the second is
/// never reached.
struct DeadArms;

impl VisitMut for DeadArms {
    fn visit_expr_match_mut(&mut self, expression: &mut ExprMatch) {
        let mut caught = false;
        expression.arms.retain(|arm| {
            let is_catch_all = matches!(arm.pat, Pat::Wild(_));
            let keep = !caught;
            caught |= is_catch_all;
            keep
        });
        visit_mut::visit_expr_match_mut(self, expression);
    }
}

/// Gives the client's own items docs and drops progenitor's.
pub(super) fn document(items: &mut [Item]) {
    for item in items {
        match item {
            Item::Struct(client) => {
                client
                    .attrs
                    .retain(|attribute| !attribute.path().is_ident("doc"));
                let text =
                    "progenitor's client: one method per operation, and no policy of its own.";
                client.attrs.insert(0, docs::attribute(text));
            }
            Item::Impl(block) if block.trait_.is_none() => {
                // Without a transport there is nothing to be called; and this one
                // would time out after 15 seconds, which some banks exceed.
                block.items.retain(
                    |item| !matches!(item, ImplItem::Fn(function) if function.sig.ident == "new"),
                );
                for item in &mut block.items {
                    if let ImplItem::Fn(function) = item {
                        function.attrs = docs::attributes(
                            "A client for a base URL, over a connection that does the rest.",
                        );
                    }
                }
            }
            _ => {}
        }
    }
}

/// The file of a product's methods.
pub(super) fn file(product: &str, methods: &[ImplItemFn]) -> syn::File {
    let doc = format!(" The operations of `{product}`.");
    let encode = methods
        .iter()
        .any(|method| quote!(#method).to_string().contains("encode_path"))
        .then(|| {
            quote!(
                use crate::hooks::encode_path;
            )
        });
    let own = methods
        .iter()
        .any(|method| quote!(#method).to_string().contains("OperationInfo"))
        .then(|| {
            quote!(
                use progenitor_client::{ClientHooks, OperationInfo};
            )
        });
    let stream = methods
        .iter()
        .any(|method| quote!(#method).to_string().contains("ByteStream"))
        .then(|| {
            quote!(
                use progenitor_client::ByteStream;
            )
        });
    parse_quote! {
        #![doc = #doc]
        use super::Client;
        use crate::generated::types;
        #stream
        #encode
        #own
        use progenitor_client::{Error, ResponseValue};
        impl Client { #(#methods)* }
    }
}
