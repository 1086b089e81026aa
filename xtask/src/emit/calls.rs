//! The calls of `plaid`: per product a handle, per operation a builder.
//!
//! These live in `plaid` and not in `plaid-gen`, because the setters of
//! `Call<TransactionsSync>` are inherent methods, which Rust allows only in the
//! crate of `Call`; and they are generated, because 329 of them written by hand
//! would not stay true to the document.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use heck::ToPascalCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Ident, parse_quote};

use super::refine::{Field, Refined, Type};
use super::{Output, docs, example, gates, paging, ready, tree};
use crate::lower::Facts;
use crate::lower::facts::{Effect, Operation, Parameter, ResponseKind};
use crate::lower::names::snake_case;

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

/// An operation with everything that its code needs.
struct Call<'a> {
    operation: &'a Operation,
    refined: &'a Refined,
    marker: Ident,
    request: Option<&'a Type>,
    required: Vec<&'a Field>,
    optional: Vec<&'a Field>,
    docs: Vec<Attribute>,
}

impl<'a> Call<'a> {
    fn new(operation: &'a Operation, facts: &'a Facts, refined: &'a Refined) -> Result<Self> {
        let name = operation.request.as_deref();
        let request = name.map(|name| {
            let ty = refined.types.get(name);
            ty.with_context(|| format!("the request of {} is not an object", operation.path))
        });
        let request = request.transpose()?;
        let known = name.and_then(|name| facts.types.get(name));
        let (required, optional) = match (request, known) {
            (Some(ty), Some(known)) => (ty.required(known), ty.optional(known)),
            _ => (Vec::new(), Vec::new()),
        };
        let example = example::lines(operation, &required, facts, refined)?;
        Ok(Self {
            docs: docs_of(operation, facts, &example),
            operation,
            refined,
            marker: format_ident!("{}", operation_type(operation)),
            request,
            required,
            optional,
        })
    }

    fn parameters(&self) -> &'a [Parameter] {
        &self.operation.path_parameters
    }

    fn deprecation(&self) -> Option<Attribute> {
        self.operation.deprecated.then(|| {
            let path = &self.operation.path;
            let instead = &self.operation.instead;
            let note = format!("Plaid has deprecated {path}: {instead}");
            parse_quote!(#[deprecated = #note])
        })
    }

    /// The method on the handle: required fields are arguments.
    fn method(&self) -> TokenStream {
        let docs = &self.docs;
        let old = self.deprecation();
        let name = format_ident!("{}", method_name(self.operation));
        let marker = &self.marker;
        let mut parameters = Vec::new();
        let mut values = Vec::new();
        for parameter in self.parameters() {
            let ident = format_ident!("{}", snake_case(&parameter.name));
            parameters.push(quote!(#ident: impl Into<String>));
            values.push(quote!(#ident: #ident.into()));
        }
        for field in &self.required {
            let ident = &field.ident;
            let (ty, value) = argument(&field.ty, ident);
            parameters.push(quote!(#ident: #ty));
            values.push(if *ident == value.to_string() {
                value
            } else {
                quote!(#ident: #value)
            });
        }
        let request = self.request_path();
        let rest = (!self.optional.is_empty()).then(|| quote!(..plaid_gen::wire::Generated::EMPTY));
        quote! {
            #(#docs)*
            #old
            pub fn #name(&self, #(#parameters),*) -> Call<#marker> {
                Call::new(self.client, #request { #(#values,)* #rest })
            }
        }
    }

    fn request_path(&self) -> TokenStream {
        match self.request {
            Some(ty) => {
                let name = format_ident!("{}", ty.name);
                quote!(types::#name)
            }
            None => {
                let name = format_ident!("{}Parameters", self.marker);
                quote!(#name)
            }
        }
    }

    fn items(&self) -> TokenStream {
        let marker = &self.marker;
        let about = format!("Marks a [`Call`] of `{}`.", self.operation.path);
        let docs = docs::attribute(&about);
        let old = self.deprecation();
        let parameters = self.request.is_none().then(|| self.parameters_struct());
        let implementation = self.implementation();
        let paged = self.paged();
        let setters: Vec<TokenStream> = self
            .optional
            .iter()
            .map(|field| setter(field))
            .chain(self.operation.headers.iter().map(header_setter))
            .collect();
        let ready = ready::implementation(self.operation, marker);
        let setters = (!setters.is_empty()).then(|| quote!(impl Call<#marker> { #(#setters)* }));
        quote! {
            #docs
            #old
            #[derive(Debug)]
            pub enum #marker {}
            #parameters
            #implementation
            #ready
            #paged
            #setters
        }
    }

    /// What stands in the path of an operation without a body.
    fn parameters_struct(&self) -> TokenStream {
        let name = format_ident!("{}Parameters", self.marker);
        let about = format!("What [`{}`] is called with.", self.marker);
        let docs = docs::attribute(&about);
        let fields = self.parameters().iter().map(|parameter| {
            let ident = format_ident!("{}", snake_case(&parameter.name));
            let docs = docs::attributes(&parameter.description);
            quote!(#(#docs)* pub #ident: String)
        });
        quote! {
            #docs
            #[derive(Clone, Debug)]
            pub struct #name { #(#fields),* }
        }
    }

    fn implementation(&self) -> TokenStream {
        let operation = self.operation;
        let marker = &self.marker;
        let request = self.request_path();
        let response = match &operation.response {
            ResponseKind::Json(name) => {
                let name = format_ident!("{name}");
                quote!(types::#name)
            }
            ResponseKind::Bytes(_) => quote!(operation::File),
            ResponseKind::Empty => quote!(()),
        };
        let convert = match &operation.response {
            ResponseKind::Json(_) => quote!(machinery::json),
            ResponseKind::Bytes(_) => quote!(machinery::bytes),
            ResponseKind::Empty => quote!(machinery::empty),
        };
        let method = format_ident!("{}", snake_case(&operation.id));
        let mut arguments: Vec<TokenStream> = Vec::new();
        for parameter in self.parameters() {
            let ident = format_ident!("{}", snake_case(&parameter.name));
            arguments.push(quote!(&request.#ident));
        }
        let taken = match self.request {
            Some(_) => {
                arguments.push(quote!(request));
                quote!(request)
            }
            None if arguments.is_empty() => quote!(_request),
            None => quote!(request),
        };
        let info = self.info();
        let key = self.idempotency_key();
        let subject = self.subject();
        quote! {
            impl Operation for #marker {
                const INFO: OperationInfo = #info;
                type Request = #request;
                type Response = #response;
                fn prepare(
                    api: &plaid_gen::Client,
                    #taken: &Self::Request,
                ) -> Prepared<Self::Response> {
                    #convert(api.#method(#(#arguments),*))
                }
                #key
                #subject
            }
        }
    }

    /// How its pages are read.
    fn paged(&self) -> Option<TokenStream> {
        let paging = self.operation.paging.as_ref()?;
        let request = self.request?;
        let ResponseKind::Json(response) = &self.operation.response else {
            return None;
        };
        let response = self.refined.types.get(response)?;
        let names = paging::Names {
            marker: &self.marker,
            paging,
            request,
            response,
            refined: self.refined,
        };
        Some(names.implementation())
    }

    fn info(&self) -> TokenStream {
        let operation = self.operation;
        let (id, path, product) = (&operation.id, &operation.path, &operation.product);
        let method = operation.method.to_uppercase();
        let effect = match operation.effect {
            Effect::Read => quote!(Effect::Read),
            Effect::Write => quote!(Effect::Write),
        };
        let credentials = match operation.credentials.as_str() {
            "body" => quote!(Credentials::Body),
            "none" => quote!(Credentials::None),
            _ => quote!(Credentials::Headers),
        };
        quote! {
            OperationInfo {
                id: #id,
                method: #method,
                path: #path,
                product: #product,
                effect: #effect,
                credentials: #credentials,
            }
        }
    }

    fn field(&self, name: &str) -> Option<&'a Field> {
        let mut all = self.required.iter().chain(&self.optional).copied();
        all.find(|field| field.facts.name == name)
    }

    /// What Plaid counts requests by, beside the client and the operation.
    fn subject(&self) -> Option<TokenStream> {
        let name = match self.operation.path.as_str() {
            path if path.starts_with("/asset_report/") => "asset_report_token",
            "/payment_initiation/consent/payment/execute" => "consent_id",
            _ => "access_token",
        };
        let field = self.field(name)?;
        let ident = &field.ident;
        let value = match (is(&field.ty, "Option"), name) {
            (true, "consent_id") => quote!(request.#ident.as_deref()),
            (false, "consent_id") => quote!(Some(&request.#ident)),
            (true, _) => quote!(request.#ident.as_ref().map(Secret::expose_secret)),
            (false, _) => quote!(Some(request.#ident.expose_secret())),
        };
        Some(quote! {
            fn subject(request: &Self::Request) -> Option<&str> {
                #value
            }
        })
    }

    fn idempotency_key(&self) -> Option<TokenStream> {
        let field = self.field(self.operation.idempotency_field.as_deref()?)?;
        let ident = &field.ident;
        let value = if is(&field.ty, "Option") {
            quote!(request.#ident.as_deref())
        } else {
            quote!(Some(&request.#ident))
        };
        Some(quote! {
            fn idempotency_key(request: &Self::Request) -> Option<&str> {
                #value
            }
        })
    }
}

/// What it does, an example, and where to read on.
fn docs_of(operation: &Operation, facts: &Facts, example: &[String]) -> Vec<Attribute> {
    let link = |path: &str| {
        let other = facts.operations.iter().find(|other| other.path == path)?;
        (other.id != operation.id).then(|| example::link(other))
    };
    let text = format!("{}.\n\n{}", operation.summary, operation.description);
    let mut docs = docs::linked(&text, link);
    let route = format!("{} {}", operation.method.to_uppercase(), operation.path);
    let source = match operation.page.as_str() {
        "" => format!("`{route}`"),
        page => format!("[`{route}`]({page})"),
    };
    docs.extend(ready::docs(operation));
    docs.extend(["", source.as_str(), ""].map(docs::attribute));
    docs.extend(example.iter().map(|line| docs::attribute(line)));
    docs
}

/// The type of an argument for a field, and the field's value made of it.
fn argument(ty: &syn::Type, name: &Ident) -> (TokenStream, TokenStream) {
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

fn setter(field: &Field) -> TokenStream {
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

/// The name of the method that sets a field.
pub(super) fn setter_name(field: &Field) -> Ident {
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

fn header_setter(parameter: &Parameter) -> TokenStream {
    let ident = format_ident!("{}", snake_case(&parameter.name));
    let docs = docs::attributes(&parameter.description);
    let name = &parameter.name;
    if parameter.kind == "boolean" {
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

pub(super) fn last_segment(ty: &syn::Type) -> Option<&syn::PathSegment> {
    match ty {
        syn::Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

fn is(ty: &syn::Type, name: &str) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == name)
}

/// The `T` of `Option<T>` or `Vec<T>`, with the path by which `plaid` knows it.
pub(super) fn inner(ty: &syn::Type, wrapper: &str) -> Option<syn::Type> {
    let segment = last_segment(ty).filter(|segment| segment.ident == wrapper)?;
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    match arguments.args.first()? {
        syn::GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    }
}

fn output(name: &str, file: &syn::File) -> Result<Output> {
    Ok(Output {
        path: PathBuf::from(FOLDER).join(name),
        text: tree::format(file)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
            credentials: String::new(),
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
        assert_eq!(named("post", "transactions", "/transactions/sync"), "sync");
        assert_eq!(
            named("post", "items", "/item/public_token/exchange"),
            "public_token_exchange"
        );
        assert_eq!(
            named("post", "assets", "/asset_report/pdf/get"),
            "report_pdf_get"
        );
        assert_eq!(
            named("post", "transactions", "/categories/get"),
            "categories_get"
        );
        assert_eq!(
            named("get", "fdx", "/fdx/consents/{consentId}"),
            "consents_get"
        );
    }
}
