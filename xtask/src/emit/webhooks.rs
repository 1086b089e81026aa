//! The webhooks of `plaid`: an enum of types, per type an enum of codes, and what
//! leads a body to its variant.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use heck::ToPascalCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Ident};

use super::{Output, calls, docs, tree};
use crate::lower::Facts;
use crate::lower::facts::{Webhook, When};

/// The file's name. It is no product, so the list of those does not mention it.
const FILE: &str = "webhook_events.rs";

/// Makes the file, if there are webhooks.
///
/// # Errors
/// When two webhooks of a type would have one variant.
pub fn output(facts: &Facts) -> Result<Option<Output>> {
    if facts.webhooks.is_empty() {
        return Ok(None);
    }
    Ok(Some(Output {
        path: PathBuf::from(calls::FOLDER).join(FILE),
        text: tree::format(&file(facts)?)?,
    }))
}

/// The webhooks of one type.
struct Family<'a> {
    kind: &'a str,
    forms: Vec<Form<'a>>,
}

/// A webhook that has a variant of its own.
struct Form<'a> {
    webhook: &'a Webhook,
    variant: Ident,
    docs: Vec<Attribute>,
}

fn file(facts: &Facts) -> Result<syn::File> {
    let families = families(facts)?;
    let root = root(&families);
    let dispatch = dispatch(&families);
    let enums = families.iter().map(Family::items);
    let code = quote! {
        use plaid_gen::types;

        use super::WebhookDecodeError;
        use super::envelope::{Envelope, Event, Meta, UnknownWebhook};

        #root
        #dispatch
        #(#enums)*
    };
    let mut file: syn::File = syn::parse2(code).context("generated webhooks are not Rust")?;
    let about = docs::attribute("What Plaid sends by itself, by type and code.");
    file.attrs.insert(
        0,
        Attribute {
            style: syn::AttrStyle::Inner(Default::default()),
            ..about
        },
    );
    Ok(file)
}

fn families(facts: &Facts) -> Result<Vec<Family<'_>>> {
    let mut families: BTreeMap<&str, Vec<&Webhook>> = BTreeMap::new();
    for webhook in facts.webhooks.iter().filter(|w| w.same_as.is_none()) {
        families.entry(&webhook.kind).or_default().push(webhook);
    }
    families
        .into_iter()
        .map(|(kind, webhooks)| Family::new(kind, &webhooks, facts))
        .collect()
}

fn root(families: &[Family<'_>]) -> TokenStream {
    let variants = families.iter().map(|family| {
        let about = docs::attribute(&format!("Of the type `{}`.", family.kind));
        let (variant, name) = (family.variant(), family.name());
        quote!(#about #variant(#name))
    });
    quote! {
        /// A webhook, by type and code.
        ///
        /// [`webhook_type`](Self::webhook_type), [`item_id`](Self::item_id) and the rest
        /// of what most webhooks have can be asked for without taking it apart.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum Webhook {
            #(#variants,)*
            /// Of a type or code that this crate does not know.
            Unknown(UnknownWebhook),
        }
    }
}

/// What is compiled in every program that has webhooks among its features is kept
/// out of those that do not use them by `#[inline]`: then it is made where it is
/// called.
fn dispatch(families: &[Family<'_>]) -> TokenStream {
    let arms = families.iter().flat_map(Family::arms);
    let metas = families.iter().map(|family| {
        let variant = family.variant();
        quote!(Self::#variant(webhook) => webhook.meta())
    });
    quote! {
        impl Webhook {
            /// Leads a body to its variant.
            #[inline]
            pub(super) fn dispatch(envelope: Envelope<'_>) -> Result<Self, WebhookDecodeError> {
                match envelope.kind() {
                    #(#arms,)*
                    _ => Ok(Self::Unknown(envelope.unknown())),
                }
            }

            #[inline]
            pub(super) fn meta(&self) -> &Meta {
                match self {
                    #(#metas,)*
                    Self::Unknown(webhook) => webhook.meta(),
                }
            }
        }
    }
}

impl<'a> Family<'a> {
    fn new(kind: &'a str, webhooks: &[&'a Webhook], facts: &Facts) -> Result<Self> {
        let forms = webhooks.iter().map(|w| Form::new(w, webhooks, facts));
        let forms: Vec<Form<'a>> = forms.collect();
        let mut taken = BTreeSet::new();
        match forms.iter().find(|form| !taken.insert(&form.variant)) {
            Some(twice) => bail!(
                "two webhooks of `{kind}` would be called `{}`",
                twice.variant
            ),
            None => Ok(Self { kind, forms }),
        }
    }

    fn variant(&self) -> Ident {
        format_ident!("{}", self.kind.to_pascal_case())
    }

    fn name(&self) -> Ident {
        format_ident!("{}Webhook", self.variant())
    }

    /// The arms of a `match` on type and code. A webhook with a condition stands
    /// before the one that has none.
    fn arms(&self) -> Vec<TokenStream> {
        let mut forms: Vec<&Form<'_>> = self.forms.iter().collect();
        forms.sort_by_key(|form| (&form.webhook.code, form.webhook.when.is_none()));
        let (outer, name) = (self.variant(), self.name());
        let arm = |form: &&Form<'_>| {
            let (kind, code) = (self.kind, &form.webhook.code);
            let variant = &form.variant;
            let guard = form.webhook.when.as_ref().map(|when| match when {
                When::Present(field) => quote!(if envelope.has(#field)),
                When::Text(field) => quote!(if envelope.has_text(#field)),
            });
            quote!((#kind, #code) #guard => {
                Ok(Self::#outer(#name::#variant(envelope.event()?)))
            })
        };
        forms.iter().map(arm).collect()
    }

    fn items(&self) -> TokenStream {
        let name = self.name();
        let about = docs::attribute(&format!("A webhook of the type `{}`.", self.kind));
        let variants = self.forms.iter().map(|form| {
            let (docs, variant) = (&form.docs, &form.variant);
            let schema = format_ident!("{}", form.webhook.schema);
            quote!(#(#docs)* #variant(Event<types::#schema>))
        });
        let metas = self.forms.iter().map(|form| {
            let variant = &form.variant;
            quote!(Self::#variant(event) => event.meta())
        });
        quote! {
            #about
            #[derive(Clone, Debug)]
            #[non_exhaustive]
            pub enum #name { #(#variants),* }

            impl #name {
                #[inline]
                fn meta(&self) -> &Meta {
                    match self { #(#metas),* }
                }
            }
        }
    }
}

impl<'a> Form<'a> {
    /// A variant is named after its code, or after its schema where others have the
    /// code too.
    fn new(webhook: &'a Webhook, family: &[&Webhook], facts: &Facts) -> Self {
        let of_code = |other: &&&Webhook| other.code == webhook.code;
        let is_alone = family.iter().filter(of_code).count() == 1;
        let name = match is_alone {
            true => webhook.code.to_pascal_case(),
            false => webhook.schema.trim_end_matches("Webhook").to_owned(),
        };
        let about = facts
            .types
            .get(&webhook.schema)
            .map_or("", |known| &known.doc);
        let which = match &webhook.when {
            None if is_alone => format!("`{}`.", webhook.code),
            None => format!("`{}` otherwise.", webhook.code),
            Some(When::Present(field)) => format!("`{}` with `{field}`.", webhook.code),
            Some(When::Text(field)) => {
                format!("`{}` whose `{field}` is a string.", webhook.code)
            }
        };
        let mut docs = docs::attributes(about);
        docs.extend(["", which.as_str()].map(docs::attribute));
        for twin in facts
            .webhooks
            .iter()
            .filter(|w| w.same_as.as_ref() == Some(&webhook.schema))
        {
            let text = format!(
                "It stands for [`{0}`](types::{0}) too, which nothing tells from it.",
                twin.schema
            );
            docs.extend(["", text.as_str()].map(docs::attribute));
        }
        Self {
            webhook,
            variant: format_ident!("{name}"),
            docs,
        }
    }
}
