//! The client: its methods split by product, and cut off behind the request.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use quote::quote;
use syn::visit_mut::{self, VisitMut};
use syn::{
    GenericArgument, ImplItem, ImplItemFn, Item, ItemImpl, Pat, PathArguments, PathSegment,
    ReturnType, Stmt, parse_quote,
};

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
        refine_method(&mut method, operation)?;
        products
            .entry(operation.product.clone())
            .or_default()
            .push(method);
    }
    Ok(products)
}

fn refine_method(method: &mut ImplItemFn, operation: &Operation) -> Result<()> {
    let route = format!("`{} {}`", operation.method.to_uppercase(), operation.path);
    method.attrs = docs::attributes(&format!("{}.\n\n{route}", operation.summary));
    // Compiled where it is called, and nowhere else: what is not generic is otherwise
    // compiled with this crate, all 329 of them.
    method.attrs.push(parse_quote!(#[inline]));
    Elided.visit_signature_mut(&mut method.sig);
    NoDocumentVersion.visit_block_mut(&mut method.block);
    end_with_request(method, operation)
}

/// Cuts a method off behind the request that it makes: progenitor goes on to send it
/// and to read the response, on which it loses the status or the body.
fn end_with_request(method: &mut ImplItemFn, operation: &Operation) -> Result<()> {
    let name = &method.sig.ident;
    let statements = &mut method.block.stmts;
    let request = statements.iter().position(is_request);
    let request = request.with_context(|| format!("`{name}` makes no request"))?;
    statements.truncate(request + 1);
    if *statements == usual_request(&operation.path) {
        let path = &operation.path;
        method.block = parse_quote!({ self.post_json(#path, body) });
    } else {
        if let Stmt::Local(local) = &mut statements[request] {
            local.pat = parse_quote!(request);
        }
        let end = parse_quote!(Ok(RequestFor::new(request)));
        statements.push(Stmt::Expr(end, None));
    }
    let response = response_of(&method.sig.output);
    let response = response.with_context(|| format!("`{name}` has no response"))?;
    method.sig.asyncness = None;
    method.sig.output = parse_quote!(-> ::reqwest::Result<RequestFor<#response>>);
    Ok(())
}

/// `let mut request = …;`
fn is_request(statement: &Stmt) -> bool {
    let Stmt::Local(local) = statement else {
        return false;
    };
    matches!(&local.pat, Pat::Ident(pattern) if pattern.ident == "request")
}

/// The `T` of `Result<ResponseValue<T>, …>`; of a stream, the bytes.
fn response_of(output: &ReturnType) -> Option<syn::Type> {
    let ReturnType::Type(_, output) = output else {
        return None;
    };
    let response = first_argument(&first_argument(output)?)?;
    let is_stream = last_segment(&response).is_some_and(|last| last.ident == "ByteStream");
    Some(match is_stream {
        true => parse_quote!(::bytes::Bytes),
        false => response,
    })
}

fn first_argument(ty: &syn::Type) -> Option<syn::Type> {
    let PathArguments::AngleBracketed(arguments) = &last_segment(ty)?.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    }
}

fn last_segment(ty: &syn::Type) -> Option<&PathSegment> {
    match ty {
        syn::Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// Nearly all methods post JSON and get JSON, in the same lines. Written once, in
/// `request`, they make the library smaller. A method with any other request keeps what
/// progenitor wrote.
#[rustfmt::skip] // which would drop a comma that is compared
fn usual_request(path: &str) -> Vec<Stmt> {
    let address = format!("{{}}{path}");
    let block: syn::Block = parse_quote!({
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
    });
    block.stmts
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

/// Gives the client's own items docs and drops progenitor's.
pub(super) fn document(items: &mut [Item]) {
    for item in items {
        match item {
            Item::Struct(client) => {
                client
                    .attrs
                    .retain(|attribute| !attribute.path().is_ident("doc"));
                let text =
                    "progenitor's client: one method per operation, which makes its request.";
                client.attrs.insert(0, docs::attribute(text));
            }
            Item::Impl(block) if block.trait_.is_none() => {
                // It needs the base URL parsed; and this one makes a client of its own.
                block.items.retain(
                    |item| !matches!(item, ImplItem::Fn(function) if function.sig.ident == "new"),
                );
                for item in &mut block.items {
                    if let ImplItem::Fn(function) = item {
                        function.attrs = docs::attributes(
                            "A client for a base URL, which is given as text and parsed.",
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
                use crate::request::encode_path;
            )
        });
    parse_quote! {
        #![doc = #doc]
        use super::Client;
        use crate::generated::types;
        use crate::request::RequestFor;
        #encode
        impl Client { #(#methods)* }
    }
}
