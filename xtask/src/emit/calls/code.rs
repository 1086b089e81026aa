//! The code of one call.

use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Ident, parse_quote};

use super::arguments::{argument, header_setter, setter};
use crate::emit::names::{link, method_name, operation_type};
use crate::emit::refine::{Field, Refined, Type};
use crate::emit::rust_type::is;
use crate::emit::{docs, example, paging, ready};
use crate::lower::Facts;
use crate::lower::credentials::Credentials;
use crate::lower::facts::{Effect, Operation, Parameter, ResponseKind};
use crate::lower::names::snake_case;

/// An operation with everything that its code needs.
pub(super) struct Call<'a> {
    operation: &'a Operation,
    refined: &'a Refined,
    marker: Ident,
    request: Option<&'a Type>,
    required: Vec<&'a Field>,
    optional: Vec<&'a Field>,
    docs: Vec<Attribute>,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        operation: &'a Operation,
        facts: &'a Facts,
        refined: &'a Refined,
    ) -> Result<Self> {
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
    pub(super) fn method(&self) -> TokenStream {
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

    pub(super) fn items(&self) -> TokenStream {
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
        let credentials = match operation.credentials {
            Credentials::Headers => quote!(Credentials::Headers),
            Credentials::Body => quote!(Credentials::Body),
            Credentials::None => quote!(Credentials::None),
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
        let name = plaid_common::rate_limits::subject(&self.operation.path);
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
    let to_other = |path: &str| {
        let other = facts.operations.iter().find(|other| other.path == path)?;
        (other.id != operation.id).then(|| link(other))
    };
    let text = format!("{}.\n\n{}", operation.summary, operation.description);
    let mut docs = docs::linked(&text, to_other);
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
