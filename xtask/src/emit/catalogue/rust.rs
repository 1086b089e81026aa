//! How an operation is called in Rust, as data.
//!
//! A form in a browser writes the call for what is filled in: it needs the names of
//! methods, and of every type that can be written down its parts and how it is made.

use std::collections::BTreeMap;

use quote::ToTokens as _;
use serde_json::{Map, Value, json};

use crate::emit::names::{method_name, setter_name};
use crate::emit::refine::{Field, Kind, Refined, Type};
use crate::emit::rust_type::inner;
use crate::lower::Facts;
use crate::lower::facts::{Operation, Parameter, ParameterKind};
use crate::lower::names::snake_case;
use crate::lower::presence::Presence;

/// The method, what it takes, what can be chained to it, and the types of all that.
pub(super) fn call(operation: &Operation, facts: &Facts, refined: &Refined) -> Value {
    let request = operation.request.as_deref();
    let fields = request.and_then(|name| Some((refined.types.get(name)?, facts.types.get(name)?)));
    let (needed, others) = match fields {
        Some((ty, known)) => (ty.required(known), ty.optional(known)),
        None => Default::default(),
    };
    let mut types = Types {
        facts,
        refined,
        found: BTreeMap::new(),
    };
    needed
        .iter()
        .chain(&others)
        .for_each(|field| types.of(&field.ty));
    let in_path = operation.path_parameters.iter().map(path_argument);
    let arguments = in_path.chain(needed.iter().map(|field| argument(field)));
    let headers = operation.headers.iter().map(header_setter);
    let setters = others.iter().map(|field| setter(field)).chain(headers);
    json!({
        "product": operation.product,
        "method": method_name(operation),
        "args": arguments.collect::<Vec<_>>(),
        "setters": setters.collect::<Map<_, _>>(),
        "types": types.found,
    })
}

fn path_argument(parameter: &Parameter) -> Value {
    json!({ "name": parameter.name, "type": "String", "in": "path" })
}

fn argument(field: &Field) -> Value {
    json!({ "name": field.facts.name, "type": type_text(&field.ty) })
}

fn setter(field: &Field) -> (String, Value) {
    let wanted = inner(&field.ty, "Option").unwrap_or_else(|| field.ty.clone());
    let method = setter_name(field).to_string();
    let facts = json!({ "method": method, "type": type_text(&wanted) });
    (field.facts.name.clone(), facts)
}

fn header_setter(parameter: &Parameter) -> (String, Value) {
    let ty = match parameter.kind {
        ParameterKind::Boolean => "bool",
        ParameterKind::String => "&str",
    };
    let method = snake_case(&parameter.name);
    let facts = json!({ "method": method, "type": ty, "in": "header" });
    (parameter.name.clone(), facts)
}

/// A type as one writes it with `plaid::types::*` in scope.
fn type_text(ty: &syn::Type) -> String {
    let text = ty.to_token_stream().to_string().replace(' ', "");
    text.replace("::serde_json::", "")
}

/// The generated types that a request is made of.
struct Types<'a> {
    facts: &'a Facts,
    refined: &'a Refined,
    found: BTreeMap<&'a str, Value>,
}

impl<'a> Types<'a> {
    /// Adds the generated types that a type mentions, and what those mention.
    fn of(&mut self, ty: &syn::Type) {
        let text = type_text(ty);
        for name in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
            if let Some(ty) = self.refined.types.get(name) {
                self.add(ty);
            }
        }
    }

    fn add(&mut self, ty: &'a Type) {
        if self.found.contains_key(ty.name.as_str()) {
            return;
        }
        // A type that contains itself is found when it is met again.
        self.found.insert(&ty.name, Value::Null);
        let facts = match &ty.kind {
            Kind::Enum(variants) => enumeration(variants),
            Kind::Record(fields) => {
                fields.iter().for_each(|field| self.of(&field.ty));
                self.record(ty, fields)
            }
        };
        self.found.insert(&ty.name, facts);
    }

    fn record(&self, ty: &Type, fields: &[Field]) -> Value {
        let known = self.facts.types.get(&ty.name);
        let order = known.map(|known| known.fields.as_slice());
        let order = order.unwrap_or_default().iter();
        let members = order.filter_map(|known| {
            let field = fields.iter().find(|field| field.facts.name == known.name)?;
            Some((known.name.clone(), member(field)))
        });
        // The constructor takes them in the order in which the struct has them.
        let needed = fields
            .iter()
            .filter(|f| f.facts.presence == Presence::Required);
        let new: Vec<&str> = needed.map(|field| field.facts.name.as_str()).collect();
        json!({
            "kind": "struct",
            "new": (!new.is_empty()).then_some(new),
            "fields": members.collect::<Map<_, _>>(),
        })
    }
}

/// What is written even when there is nothing says so.
fn member(field: &Field) -> Value {
    let mut facts = json!({
        "ident": field.ident.to_string(),
        "type": type_text(&field.ty),
    });
    if field.facts.presence != Presence::Optional {
        facts["presence"] = json!(field.facts.presence.as_str());
    }
    facts
}

fn enumeration(variants: &[(syn::Ident, String)]) -> Value {
    let variants = variants
        .iter()
        .map(|(ident, text)| (text.clone(), json!(ident.to_string())));
    json!({ "kind": "enum", "variants": variants.collect::<Map<_, _>>() })
}
