//! Types: structs become records, string enums become open.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use proc_macro2::TokenStream;
use quote::{ToTokens as _, format_ident, quote};
use syn::{Fields, Ident, Item, ItemEnum, ItemStruct, parse_quote};

use super::serde_attr;
use crate::emit::docs;
use crate::emit::gates::{self, Gate};
use crate::lower::Facts;
use crate::lower::facts::{FieldFacts, TypeFacts};
use crate::lower::presence::Presence;

/// The set of fields that have been read is 128 bits wide.
const MAX_FIELDS: usize = 128;

/// A generated type.
#[derive(Clone, Debug)]
pub struct Type {
    /// Its name.
    pub name: String,
    /// Where it stands and when it is compiled.
    pub gate: Gate,
    /// What it is.
    pub kind: Kind,
    /// Its description.
    pub doc: String,
    /// Whether it should no longer be used.
    pub deprecated: bool,
    /// Whether callers make it.
    pub in_requests: bool,
}

/// What a type is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A struct, with its fields by their names on the wire.
    Record(Vec<Field>),
    /// An enum, with its variants and their values.
    Enum(Vec<(Ident, String)>),
}

/// A field of a record.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name in Rust.
    pub ident: Ident,
    /// Its type.
    pub ty: syn::Type,
    /// What the description says about it.
    pub facts: FieldFacts,
}

impl Type {
    /// The fields that a caller has to give, in the order of the description.
    pub fn required<'a>(&'a self, facts: &'a TypeFacts) -> Vec<&'a Field> {
        self.in_order(facts)
            .into_iter()
            .filter(|f| f.facts.presence != Presence::Optional)
            .collect()
    }

    /// The fields that a caller may give, in the order of the description.
    pub fn optional<'a>(&'a self, facts: &'a TypeFacts) -> Vec<&'a Field> {
        self.in_order(facts)
            .into_iter()
            .filter(|f| f.facts.presence == Presence::Optional)
            .collect()
    }

    fn in_order<'a>(&'a self, facts: &'a TypeFacts) -> Vec<&'a Field> {
        let Kind::Record(fields) = &self.kind else {
            return Vec::new();
        };
        let named = |known: &FieldFacts| fields.iter().find(|f| f.facts.name == known.name);
        facts.fields.iter().filter_map(named).collect()
    }
}

/// The types of progenitor's `types` module. Its impls are dropped: what they do
/// is done by `wire`.
pub(super) fn collect(items: Vec<Item>, facts: &Facts) -> Result<BTreeMap<String, Type>> {
    let mut types = BTreeMap::new();
    for item in items {
        let ty = match item {
            Item::Struct(item) => record(item, facts)?,
            Item::Enum(item) => open_enum(item, facts)?,
            _ => continue,
        };
        types.insert(ty.name.clone(), ty);
    }
    if let Some(lost) = facts.types.keys().find(|name| !types.contains_key(*name)) {
        bail!("progenitor made no type of the schema `{lost}`");
    }
    Ok(types)
}

fn new_type(name: String, kind: Kind, facts: &Facts) -> Result<Type> {
    let gate = Type::gate_of(facts, &name)?;
    let known = facts.types.get(&name).cloned().unwrap_or_default();
    Ok(Type {
        name,
        gate,
        kind,
        doc: known.doc,
        deprecated: known.deprecated,
        in_requests: known.in_requests,
    })
}

fn record(item: ItemStruct, facts: &Facts) -> Result<Type> {
    let name = item.ident.to_string();
    let known = facts.types.get(&name).cloned().unwrap_or_default();
    let members = match item.fields {
        Fields::Named(fields) => fields.named,
        Fields::Unit => Default::default(),
        Fields::Unnamed(_) => bail!("the schema `{name}` became a tuple; it has no field"),
    };
    let mut fields = Vec::new();
    for member in members {
        let ident = member.ident.context("a field without a name")?;
        let wire = serde_attr::rename(&member.attrs).unwrap_or_else(|| ident.to_string());
        let field = known.fields.iter().find(|field| field.name == wire);
        let field = field.with_context(|| format!("`{name}` has no field `{wire}`"))?;
        fields.push(Field {
            ident,
            ty: short(member.ty),
            facts: field.clone(),
        });
    }
    // The keys are looked up by binary search.
    fields.sort_by(|a, b| a.facts.name.cmp(&b.facts.name));
    if fields.len() > MAX_FIELDS {
        bail!(
            "`{name}` has {} fields; {MAX_FIELDS} is the limit",
            fields.len()
        );
    }
    new_type(name, Kind::Record(fields), facts)
}

fn open_enum(item: ItemEnum, facts: &Facts) -> Result<Type> {
    let name = item.ident.to_string();
    let mut variants = Vec::new();
    for variant in item.variants {
        if !matches!(variant.fields, Fields::Unit) {
            bail!("`{name}` is not a plain string enum");
        }
        let text = serde_attr::rename(&variant.attrs).unwrap_or_else(|| variant.ident.to_string());
        // The variant that takes what is not known has to have the name to itself.
        let ident = match variant.ident.to_string().as_str() {
            "Unknown" => format_ident!("UnknownValue"),
            "Self" => format_ident!("SelfValue"),
            _ => variant.ident,
        };
        variants.push((ident, text));
    }
    new_type(name, Kind::Enum(variants), facts)
}

/// `::std::option::Option<::std::string::String>` without the paths.
fn short(mut ty: syn::Type) -> syn::Type {
    struct Shorten;
    impl syn::visit_mut::VisitMut for Shorten {
        fn visit_path_mut(&mut self, path: &mut syn::Path) {
            syn::visit_mut::visit_path_mut(self, path);
            let is_json = |path: &syn::Path| path.segments.iter().any(|s| s.ident == "serde_json");
            if is_json(path)
                && let Some(last) = path.segments.last_mut()
                && last.ident == "Map"
            {
                // serde_json's map cannot be made in a constant.
                last.ident = format_ident!("BTreeMap");
            }
            let known = [
                "Option",
                "Vec",
                "String",
                "Box",
                "BTreeMap",
                "Secret",
                "Decimal",
                "NaiveDate",
                "DateTime",
                "Utc",
            ];
            if let Some(last) = path.segments.last().cloned()
                && known.iter().any(|name| last.ident == name)
            {
                path.leading_colon = None;
                path.segments = std::iter::once(last).collect();
            }
        }
    }
    syn::visit_mut::VisitMut::visit_type_mut(&mut Shorten, &mut ty);
    box_inside(ty)
}

/// `Box<Option<T>>`, which typify writes for an optional field of the type itself,
/// as `Option<Box<T>>`.
fn box_inside(ty: syn::Type) -> syn::Type {
    let text = ty.to_token_stream().to_string();
    let inner = text
        .strip_prefix("Box < Option <")
        .and_then(|rest| rest.strip_suffix("> >"));
    let boxed = inner.and_then(|inner| syn::parse_str(&format!("Option<Box<{inner}>>")).ok());
    boxed.unwrap_or(ty)
}

/// The file of a module.
pub(super) fn file(module: &str, types: &[&Type]) -> Result<syn::File> {
    let mut items = TokenStream::new();
    for ty in types {
        items.extend(item(ty));
    }
    let records = types
        .iter()
        .filter(|t| matches!(t.kind, Kind::Record(_)))
        .map(entry);
    let enums = types
        .iter()
        .filter(|t| matches!(t.kind, Kind::Enum(_)))
        .map(entry);
    let doc = match module {
        gates::SHARED => "Types that several products use.".to_owned(),
        _ => format!("Types that only the product `{module}` uses."),
    };
    let docs = docs::attribute(&doc);
    let code = quote! {
        #items
        crate::wire::records!(#(#records),*);
        crate::wire::open_enums!(#(#enums),*);
    };
    // Few modules use all of these; which ones depends on the features.
    let file = quote! {
        #[allow(unused_imports)]
        use super::*;
        #[allow(unused_imports)]
        use crate::wire::prelude::*;
        #code
    };
    let mut file: syn::File = syn::parse2(file).context("generated types are not Rust")?;
    file.attrs.push(syn::Attribute {
        style: syn::AttrStyle::Inner(Default::default()),
        ..docs
    });
    Ok(file)
}

/// A type's line in the list of types that share one implementation of serde.
fn entry(ty: &&Type) -> TokenStream {
    let gate = ty.gate.attribute();
    let name = format_ident!("{}", ty.name);
    quote!(#gate #name)
}

fn item(ty: &Type) -> TokenStream {
    match &ty.kind {
        Kind::Record(fields) => record_item(ty, fields),
        Kind::Enum(variants) => enum_item(ty, variants),
    }
}

fn deprecation(deprecated: bool) -> Option<syn::Attribute> {
    // A type or field that is deprecated is mentioned by generated code all over;
    // an attribute would only make that code warn. Calls have the attribute.
    deprecated.then(|| parse_quote!(#[doc = "\n\nDeprecated by Plaid."]))
}

fn record_item(ty: &Type, fields: &[Field]) -> TokenStream {
    let gate = ty.gate.attribute();
    let name = format_ident!("{}", ty.name);
    let text = &ty.name;
    let docs = docs::attributes(&ty.doc);
    let old = deprecation(ty.deprecated);
    let members = fields.iter().map(|field| member(field, ty.in_requests));
    let idents: Vec<&Ident> = fields.iter().map(|field| &field.ident).collect();
    let table = fields.iter().map(|field| {
        let wire = &field.facts.name;
        let presence = match field.facts.presence {
            Presence::Required => quote!(Required),
            Presence::Written => quote!(Written),
            Presence::Listed => quote!(Listed),
            Presence::Optional => quote!(Optional),
        };
        quote!((#wire, #presence))
    });
    let reads = idents.iter().enumerate().map(|(index, ident)| {
        let index = syn::Index::from(index);
        quote!(#index => fill(&mut self.#ident, map))
    });
    let writes = idents.iter().enumerate().map(|(index, ident)| {
        let index = syn::Index::from(index);
        quote!(visitor.field(#index, &self.#ident);)
    });
    let new = constructor(ty, fields);
    let (index, map) = if fields.is_empty() {
        (quote!(_index), quote!(_map))
    } else {
        (quote!(index), quote!(map))
    };
    let read = if fields.is_empty() {
        quote!(Ok(()))
    } else {
        quote!(match index { #(#reads,)* _ => Ok(()) })
    };
    let out = if fields.is_empty() {
        quote!(_visitor)
    } else {
        quote!(visitor)
    };
    quote! {
        #gate
        #(#docs)*
        #old
        #[derive(Clone)]
        #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
        pub struct #name { #(#members),* }
        #gate
        impl Generated for #name {
            const EMPTY: Self = Self { #(#idents: Wire::EMPTY),* };
        }
        #gate
        impl Record for #name {
            const NAME: &'static str = #text;
            const FIELDS: &'static [(&'static str, Presence)] = &[#(#table),*];
            fn read_field<'de, A: MapAccess<'de>>(
                &mut self, #index: usize, #map: &mut A,
            ) -> Result<(), A::Error> {
                #read
            }
            fn visit<V: FieldVisitor>(&self, #out: &mut V) {
                #(#writes)*
            }
        }
        #new
    }
}

fn member(field: &Field, in_requests: bool) -> TokenStream {
    let docs = docs::attributes(&field.facts.doc);
    let old = deprecation(field.facts.deprecated);
    let schema = schema_attribute(field, in_requests);
    let (ident, ty) = (&field.ident, &field.ty);
    quote!(#(#docs)* #old #schema pub #ident: #ty)
}

/// What schemars cannot see in a field's name and type.
///
/// What a reader may miss and a writer always writes is told apart only where it
/// is asked for, in requests.
fn schema_attribute(field: &Field, in_requests: bool) -> Option<TokenStream> {
    let mut parts = Vec::new();
    let wire = &field.facts.name;
    if field.ident != wire {
        parts.push(quote!(rename = #wire));
    }
    let text = field.ty.to_token_stream().to_string();
    if text.contains("Decimal") {
        let ty = text
            .replace("Decimal", "crate::wire::schema::Number")
            .replace(' ', "");
        parts.push(quote!(with = #ty));
    }
    if field.facts.presence != Presence::Required && !text.starts_with("Option") {
        parts.push(quote!(default));
    }
    if in_requests && field.facts.presence == Presence::Optional {
        parts.push(quote!(skip_serializing_if = "Wire::is_absent"));
    }
    if field.facts.deprecated {
        parts.push(quote!(extend("deprecated" = true)));
    }
    (!parts.is_empty()).then(|| quote!(#[cfg_attr(feature = "schemars", schemars(#(#parts),*))]))
}

/// A type that callers make is made from what it cannot be without.
fn constructor(ty: &Type, fields: &[Field]) -> TokenStream {
    let gate = ty.gate.attribute();
    let name = format_ident!("{}", ty.name);
    let required: Vec<&Field> = fields
        .iter()
        .filter(|field| field.facts.presence == Presence::Required)
        .collect();
    if required.is_empty() {
        return quote! {
            #gate
            impl Default for #name {
                #[inline]
                fn default() -> Self {
                    Generated::EMPTY
                }
            }
        };
    }
    if !ty.in_requests {
        return quote!();
    }
    let parameters = required.iter().map(|field| {
        let (ident, ty) = (&field.ident, &field.ty);
        quote!(#ident: impl Into<#ty>)
    });
    let idents = required.iter().map(|field| &field.ident);
    let rest = (required.len() < fields.len()).then(|| quote!(..Generated::EMPTY));
    quote! {
        #gate
        impl #name {
            /// Made from the fields that are always needed; the others are absent.
            #[inline]
            pub fn new(#(#parameters),*) -> Self {
                Self { #(#idents: #idents.into(),)* #rest }
            }
        }
    }
}

fn enum_item(ty: &Type, variants: &[(Ident, String)]) -> TokenStream {
    let gate = ty.gate.attribute();
    let name = format_ident!("{}", ty.name);
    let docs = docs::attributes(&ty.doc);
    let old = deprecation(ty.deprecated);
    let members = variants.iter().map(|(ident, text)| {
        let doc = format!(" Written `{text}`.");
        quote!(#[doc = #doc] #ident)
    });
    let table = variants
        .iter()
        .map(|(ident, text)| quote!((#text, Self::#ident)));
    quote! {
        #gate
        #(#docs)*
        #old
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum #name {
            #(#members,)*
            /// A value that this crate does not know; see [`UnknownValue`].
            Unknown(UnknownValue),
        }
        #gate
        impl OpenEnum for #name {
            const VARIANTS: &'static [(&'static str, Self)] = &[#(#table),*];
            fn unknown(value: UnknownValue) -> Self {
                Self::Unknown(value)
            }
            fn as_unknown(&self) -> Option<&UnknownValue> {
                match self {
                    Self::Unknown(value) => Some(value),
                    _ => None,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shortened_and_the_box_goes_inside() {
        let short_text = |ty: syn::Type| short(ty).to_token_stream().to_string();
        let ty = parse_quote!(::std::option::Option<::std::vec::Vec<::std::string::String>>);
        assert_eq!(short_text(ty), "Option < Vec < String > >");
        let ty = parse_quote!(::std::boxed::Box<::std::option::Option<Node>>);
        assert_eq!(short_text(ty), "Option < Box < Node > >");
    }
}
