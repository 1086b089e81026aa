//! What callers see of each product: types with their fields, enums with their
//! values, calls with their arguments and setters. One snapshot per product, read
//! from the committed code.
//!
//! The generated code has tens of thousands of lines, of which a reviewer reads
//! none; these have one line for each thing that a caller can name.

use crate::repository;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use quote::ToTokens;
use serde_json::json;
use syn::{Attribute, Expr, FnArg, ImplItem, Item, ItemImpl, Lit};
use xtask::document::Document;
use xtask::emit;
use xtask::report::Report;

const TYPES: &str = "plaid-gen/src/generated/types";
const CALLS: &str = "plaid/src/generated";

/// The module of the types that several products use.
const SHARED: &str = "shared";

/// Generated files by their paths.
type Sources = BTreeMap<String, String>;

#[test]
fn every_product_looks_as_it_did() {
    let sources = committed();
    let products = products(&sources);
    let changed = |product: &&String| {
        let surface = surface(&sources, product);
        catch_unwind(|| insta::assert_snapshot!(product.as_str(), surface)).is_err()
    };
    let changed: Vec<&String> = products.iter().filter(changed).collect();
    assert_eq!(changed, [""; 0], "what callers see has changed");
}

/// A product that is lost leaves a snapshot that no test looks at.
#[test]
fn no_product_is_lost() {
    insta::assert_snapshot!(products(&committed()).join("\n"));
}

#[test]
fn what_breaks_callers_changes_the_surface() {
    let mut document = repository::openapi();
    let schemas = document.schemas_mut();
    schemas["AccountsGetRequest"]["required"] = json!(["access_token", "options"]);
    let types = schemas["AccountType"]["enum"].as_array_mut().unwrap();
    types.retain(|value| value != "brokerage");
    let location = schemas["Location"].as_object_mut().unwrap();
    location["required"]
        .as_array_mut()
        .unwrap()
        .retain(|field| field != "city");
    location["properties"]
        .as_object_mut()
        .unwrap()
        .remove("city")
        .unwrap();
    let changes = changed_lines(&committed(), &generated(&document));
    insta::assert_snapshot!(changes.join("\n"));
}

/// Features are per product. A type that is compiled with a product and mentions
/// one that is not breaks the build of whoever uses that product alone.
#[test]
fn no_type_is_compiled_without_those_that_it_mentions() {
    let types = all_types(&committed());
    let mut broken = Vec::new();
    for (name, ty) in &types {
        for mentioned in ty.mentions() {
            let Some(other) = types.get(&mentioned) else {
                continue;
            };
            if !other.gate.covers(&ty.gate) {
                broken.push(format!(
                    "{name} ({}) mentions {mentioned} ({})",
                    ty.gate, other.gate
                ));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
}

/// A closed enum fails a whole answer on the first value that Plaid adds.
#[test]
fn every_enum_is_open() {
    let types = all_types(&committed());
    let enums = types.iter().filter_map(|(name, ty)| match &ty.kind {
        Kind::Enum(open) => Some((name, open)),
        Kind::Record(_) => None,
    });
    let mut count = 0;
    for (name, open) in enums {
        count += 1;
        let (last, known) = open.variants.split_last().unwrap();
        assert_eq!(last, "Unknown(UnknownValue)", "{name}");
        assert!(open.non_exhaustive, "{name}");
        let listed: Vec<&String> = open.values.iter().map(|(variant, _)| variant).collect();
        assert_eq!(listed, known.iter().collect::<Vec<_>>(), "{name}");
        let distinct: BTreeSet<&String> = open.values.iter().map(|(_, value)| value).collect();
        assert_eq!(
            distinct.len(),
            known.len(),
            "{name} has two variants of one value"
        );
    }
    assert!(count > 50, "only {count} enums were found");
}

/// The generated files of the repository.
fn committed() -> Sources {
    let mut sources = Sources::new();
    for folder in [TYPES, CALLS] {
        for entry in fs::read_dir(repository::root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            sources.insert(
                format!("{folder}/{name}"),
                fs::read_to_string(&path).unwrap(),
            );
        }
    }
    only_rust(sources)
}

/// The files that a document would become.
fn generated(document: &Document) -> Sources {
    let outputs = emit::run(document, &mut Report::silent()).unwrap();
    let named = outputs.into_iter().map(|output| {
        let path = output.path.to_str().unwrap().to_owned();
        (path, output.text)
    });
    let ours = named.filter(|(path, _)| path.starts_with(TYPES) || path.starts_with(CALLS));
    only_rust(ours.collect())
}

fn only_rust(mut sources: Sources) -> Sources {
    sources.retain(|path, _| path.ends_with(".rs"));
    sources
}

/// The products, and the module of the types that several of them share.
fn products(sources: &Sources) -> Vec<String> {
    let stem = |path: &String| {
        Path::new(path)
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    let names: BTreeSet<String> = sources.keys().map(stem).collect();
    let is_product = |name: &String| name != "mod" && name != EVENTS;
    names.into_iter().filter(is_product).collect()
}

/// The lines that only one of two generations has, with `-` and `+`.
fn changed_lines(old: &Sources, new: &Sources) -> Vec<String> {
    let mut changes = Vec::new();
    for product in products(old) {
        let (before, after) = (surface(old, &product), surface(new, &product));
        let (before, after) = (in_context(&before), in_context(&after));
        changes.extend(
            before
                .difference(&after)
                .map(|line| format!("-{product}: {line}")),
        );
        changes.extend(
            after
                .difference(&before)
                .map(|line| format!("+{product}: {line}")),
        );
    }
    changes
}

/// Each line with the type or call that it belongs to.
fn in_context(surface: &str) -> BTreeSet<String> {
    let mut subject = "";
    let mut lines = BTreeSet::new();
    for line in surface.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("    ") {
            Some(detail) => lines.insert(format!("{subject} {detail}")),
            None => lines.insert(line.to_owned()),
        };
        if !line.starts_with(' ') {
            subject = line.split(['(', '[']).next().unwrap_or(line).trim();
        }
    }
    lines
}

fn surface(sources: &Sources, product: &str) -> String {
    let mut text = String::new();
    if let Some(calls) = sources.get(&format!("{CALLS}/{product}.rs")) {
        text += &calls_surface(&syn::parse_file(calls).unwrap());
    }
    if let Some(events) = sources.get(&events_of(product)) {
        text += &events_surface(&syn::parse_file(events).unwrap());
    }
    if let Some(types) = sources.get(&format!("{TYPES}/{product}.rs")) {
        for (name, ty) in types_in(types, product) {
            let gate = if product == SHARED {
                format!(" [{}]", ty.gate)
            } else {
                String::new()
            };
            let _ = write!(text, "\n{}", ty.lines(&format!("{name}{gate}")));
        }
    }
    text
}

// Webhooks.

/// The file with the enums of webhooks, which belongs to their product.
const EVENTS: &str = "webhook_events";

fn events_of(product: &str) -> String {
    match product {
        "webhooks" => format!("{CALLS}/{EVENTS}.rs"),
        _ => String::new(),
    }
}

/// Each enum with its variants, and then what leads where.
fn events_surface(file: &syn::File) -> String {
    let mut text = String::new();
    for item in &file.items {
        if let Item::Enum(events) = item {
            let variants = events.variants.iter();
            let variants = variants.map(|variant| compact(&without_docs(variant)));
            let _ = write!(
                text,
                "\nenum {}\n{}",
                events.ident,
                lines("    ", variants.collect())
            );
        }
    }
    text
}

// Types.

struct Type {
    gate: Gate,
    kind: Kind,
}

enum Kind {
    Record(Record),
    Enum(OpenEnum),
}

#[derive(Default)]
struct Record {
    /// How it is made: `new(…)` and `default()`.
    made_by: Vec<String>,
    fields: Vec<(String, syn::Type)>,
    /// Names on the wire and presence, in the order of the fields.
    table: Vec<(String, String)>,
}

#[derive(Default)]
struct OpenEnum {
    non_exhaustive: bool,
    variants: Vec<String>,
    values: Vec<(String, String)>,
}

/// The products with which something is compiled; nothing stands for all.
#[derive(PartialEq, Eq)]
struct Gate(BTreeSet<String>);

impl Gate {
    fn of(attributes: &[Attribute], module: &str) -> Self {
        let cfg = attributes
            .iter()
            .find(|attribute| attribute.path().is_ident("cfg"));
        let text = cfg
            .map(|cfg| cfg.to_token_stream().to_string())
            .unwrap_or_default();
        let quoted = text.split('"').skip(1).step_by(2).map(str::to_owned);
        let own = (module != SHARED).then(|| module.to_owned());
        Self(quoted.chain(own).collect())
    }

    /// Whether something here is compiled wherever something there is.
    fn covers(&self, other: &Self) -> bool {
        self.0.is_empty() || (!other.0.is_empty() && self.0.is_superset(&other.0))
    }
}

impl std::fmt::Display for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.0.iter().map(String::as_str).collect();
        f.write_str(if names.is_empty() { "always" } else { "" })?;
        f.write_str(&names.join(" "))
    }
}

impl Type {
    fn lines(&self, title: &str) -> String {
        let mut text = String::new();
        match &self.kind {
            Kind::Record(record) => {
                let _ = writeln!(text, "struct {title}");
                for way in &record.made_by {
                    let _ = writeln!(text, "    {way}");
                }
                assert_eq!(record.fields.len(), record.table.len(), "{title}");
                for ((field, ty), (wire, presence)) in record.fields.iter().zip(&record.table) {
                    let wire = if field == wire {
                        String::new()
                    } else {
                        format!(" {wire:?}")
                    };
                    let _ = writeln!(text, "    {field}{wire}: {}, {presence}", compact(ty));
                }
            }
            Kind::Enum(open) => {
                let _ = writeln!(text, "enum {title}");
                for (variant, value) in &open.values {
                    let _ = writeln!(text, "    {variant} {value:?}");
                }
            }
        }
        text
    }

    /// The names in the types of the fields.
    fn mentions(&self) -> BTreeSet<String> {
        let Kind::Record(record) = &self.kind else {
            return BTreeSet::new();
        };
        let words = record.fields.iter().flat_map(|(_, ty)| {
            let text = ty.to_token_stream().to_string();
            text.split(' ').map(str::to_owned).collect::<Vec<_>>()
        });
        words.collect()
    }
}

fn all_types(sources: &Sources) -> BTreeMap<String, Type> {
    let mut types = BTreeMap::new();
    for product in products(sources) {
        if let Some(text) = sources.get(&format!("{TYPES}/{product}.rs")) {
            types.extend(types_in(text, &product));
        }
    }
    types
}

fn types_in(text: &str, module: &str) -> BTreeMap<String, Type> {
    let file = syn::parse_file(text).unwrap();
    let mut types = BTreeMap::new();
    for item in &file.items {
        if let Some((name, ty)) = declared(item, module) {
            types.insert(name, ty);
        }
    }
    for item in file.items {
        if let Item::Impl(block) = item {
            note_impl(&block, &mut types);
        }
    }
    types
}

fn declared(item: &Item, module: &str) -> Option<(String, Type)> {
    match item {
        Item::Struct(item) => {
            let fields = item.fields.iter();
            let fields = fields.map(|field| (name_of(&field.ident), field.ty.clone()));
            let record = Record {
                fields: fields.collect(),
                ..Record::default()
            };
            let gate = Gate::of(&item.attrs, module);
            Some((
                item.ident.to_string(),
                Type {
                    gate,
                    kind: Kind::Record(record),
                },
            ))
        }
        Item::Enum(item) => {
            let open = OpenEnum {
                non_exhaustive: item
                    .attrs
                    .iter()
                    .any(|a| a.path().is_ident("non_exhaustive")),
                variants: item
                    .variants
                    .iter()
                    .map(|variant| compact(&without_docs(variant)))
                    .collect(),
                values: Vec::new(),
            };
            let gate = Gate::of(&item.attrs, module);
            Some((
                item.ident.to_string(),
                Type {
                    gate,
                    kind: Kind::Enum(open),
                },
            ))
        }
        _ => None,
    }
}

/// What a type's impls say about it.
fn note_impl(block: &ItemImpl, types: &mut BTreeMap<String, Type>) {
    let Some(ty) = types.get_mut(&compact(&block.self_ty)) else {
        return;
    };
    let constants = block.items.iter().filter_map(|item| match item {
        ImplItem::Const(constant) => Some((constant.ident.to_string(), &constant.expr)),
        _ => None,
    });
    let constants: BTreeMap<String, &Expr> = constants.collect();
    match (trait_of(block).as_deref(), &mut ty.kind) {
        (Some("Record"), Kind::Record(record)) => record.table = pairs(constants["FIELDS"]),
        (Some("OpenEnum"), Kind::Enum(open)) => {
            let values = pairs(constants["VARIANTS"]).into_iter();
            open.values = values
                .map(|(value, variant)| (variant.replace("Self::", ""), value))
                .collect();
        }
        (Some("Default"), Kind::Record(record)) => record.made_by.push("default()".to_owned()),
        (None, Kind::Record(record)) => record.made_by.extend(public_functions(block)),
        _ => {}
    }
}

fn trait_of(block: &ItemImpl) -> Option<String> {
    let (path, _) = block.trait_.as_ref()?;
    Some(compact(path))
}

/// `&[("a", B), …]`
fn pairs(table: &Expr) -> Vec<(String, String)> {
    let Expr::Reference(reference) = table else {
        panic!("not a reference")
    };
    let Expr::Array(list) = &*reference.expr else {
        panic!("not a list")
    };
    let pair = |entry: &Expr| {
        let Expr::Tuple(tuple) = entry else {
            panic!("not a pair")
        };
        let Expr::Lit(first) = &tuple.elems[0] else {
            panic!("not a text")
        };
        let Lit::Str(first) = &first.lit else {
            panic!("not a text")
        };
        (first.value(), compact(&tuple.elems[1]))
    };
    list.elems.iter().map(pair).collect()
}

// Calls.

/// The accessor, then each call with what it answers and its setters.
fn calls_surface(file: &syn::File) -> String {
    let mut text = String::new();
    let mut operations = BTreeMap::new();
    let mut abilities = BTreeMap::new();
    let mut setters = BTreeMap::new();
    let mut methods = Vec::new();
    for item in &file.items {
        let Item::Impl(block) = item else { continue };
        let subject = compact(&block.self_ty);
        match trait_of(block) {
            Some(name) if name == "Operation" => {
                operations.insert(subject, operation_line(block));
            }
            Some(name) => {
                let line = trait_line(&name, block);
                abilities.entry(subject).or_insert_with(Vec::new).push(line);
            }
            None if subject == "Client" => text += &lines("client.", public_functions(block)),
            None => match subject.strip_prefix("Call<") {
                Some(marker) => {
                    setters.insert(
                        marker.trim_end_matches('>').to_owned(),
                        public_functions(block),
                    );
                }
                None => methods.extend(public_functions(block)),
            },
        }
    }
    for method in methods {
        let (_, marker) = method.split_once("Call<").unwrap();
        let marker = marker.split('>').next().unwrap().to_owned();
        let _ = writeln!(
            text,
            "\n.{method}\n    {}",
            operations.remove(&marker).unwrap()
        );
        text += &lines("    ", abilities.remove(&marker).unwrap_or_default());
        text += &lines("    .", setters.remove(&marker).unwrap_or_default());
    }
    assert!(
        operations.is_empty() && abilities.is_empty() && setters.is_empty(),
        "calls that no method makes"
    );
    text
}

fn lines(indent: &str, all: Vec<String>) -> String {
    all.iter().map(|line| format!("{indent}{line}\n")).collect()
}

/// What an `impl Operation` says: route, effect, credentials, types.
fn operation_line(block: &ItemImpl) -> String {
    let mut parts = Vec::new();
    for item in &block.items {
        match item {
            ImplItem::Const(constant) => parts.extend(info(&constant.expr)),
            ImplItem::Type(ty) => parts.push(format!("{}={}", ty.ident, compact(&ty.ty))),
            ImplItem::Fn(function) if function.sig.ident == "idempotency_key" => {
                parts.push(format!("key={}", compact(&function.block)));
            }
            _ => {}
        }
    }
    parts.join(" ")
}

/// What a call has beyond sending: `ReadyLater NOT_YET=Some("CODE")`.
fn trait_line(name: &str, block: &ItemImpl) -> String {
    let mut parts = vec![name.trim_start_matches("operation::").to_owned()];
    parts.extend(block.items.iter().map(|item| match item {
        ImplItem::Const(constant) => format!("{}={}", constant.ident, compact(&constant.expr)),
        ImplItem::Fn(function) => format!("{}={}", function.sig.ident, compact(&function.block)),
        ImplItem::Type(ty) => format!("{}={}", ty.ident, compact(&ty.ty)),
        _ => String::new(),
    }));
    parts.join(" ")
}

fn info(constant: &Expr) -> Vec<String> {
    let Expr::Struct(info) = constant else {
        panic!("not a struct")
    };
    info.fields
        .iter()
        .map(|field| compact(&field.expr).replace('"', ""))
        .collect()
}

fn public_functions(block: &ItemImpl) -> Vec<String> {
    let functions = block.items.iter().filter_map(|item| match item {
        ImplItem::Fn(function) => Some(function),
        _ => None,
    });
    functions
        .map(|function| {
            let arguments = function.sig.inputs.iter().filter_map(|input| match input {
                FnArg::Typed(argument) => Some(compact(argument)),
                FnArg::Receiver(_) => None,
            });
            let arguments: Vec<String> = arguments.collect();
            let old = function
                .attrs
                .iter()
                .any(|a| a.path().is_ident("deprecated"));
            let old = if old { ", deprecated" } else { "" };
            let output = match compact(&function.sig.output).strip_prefix("->") {
                None | Some("Self") => String::new(),
                Some(output) => format!(" -> {output}"),
            };
            format!(
                "{}({}){output}{old}",
                function.sig.ident,
                arguments.join(", ")
            )
        })
        .collect()
}

// Tokens as text.

fn name_of(ident: &Option<syn::Ident>) -> String {
    ident.as_ref().unwrap().to_string()
}

fn without_docs(variant: &syn::Variant) -> syn::Variant {
    syn::Variant {
        attrs: Vec::new(),
        ..variant.clone()
    }
}

/// Tokens without the blanks that `to_string` puts between all of them.
fn compact(node: &impl ToTokens) -> String {
    let text = node.to_token_stream().to_string();
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let between_words = word(out.chars().last()) && word(rest.peek().copied());
        match c {
            ' ' if between_words => out.push(' '),
            ' ' => {}
            ',' => out.push_str(", "),
            ':' if !out.ends_with(':') && rest.peek() != Some(&':') => out.push_str(": "),
            other => out.push(other),
        }
    }
    out
}
