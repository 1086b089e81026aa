//! The example in the documentation of a call.
//!
//! It is made from the types, so that it compiles: the documentation tests of
//! `plaid` check every one of them.

use anyhow::{Context, Result};
use syn::Type as Ty;

use super::names::method_name;
use super::refine::{Field, Kind, Refined};
use super::rust_type::{ident, inner};
use super::tree;
use crate::lower::Facts;
use crate::lower::facts::{Operation, ResponseKind};
use crate::lower::names::snake_case;
use crate::lower::presence::Presence;

/// A list in a list in a list is deep enough for an example.
const MAX_DEPTH: usize = 6;

/// The lines of the example, without `///`.
///
/// # Errors
/// When what was made is not Rust.
pub fn lines(
    operation: &Operation,
    required: &[&Field],
    facts: &Facts,
    refined: &Refined,
) -> Result<Vec<String>> {
    let mut example = Example {
        facts,
        refined,
        parameters: Vec::new(),
    };
    let path = operation.path_parameters.iter();
    let mut arguments: Vec<String> = path
        .map(|parameter| example.variable(&snake_case(&parameter.name), "&str"))
        .collect();
    for field in required {
        arguments.push(example.argument(&field.ident.to_string(), &field.ty));
    }
    let call = format!(
        "plaid.{}().{}({}).await?",
        operation.product,
        method_name(operation),
        arguments.join(", ")
    );
    let body = format_body(&example.body(operation, &call))?;
    let mut parameters = vec!["plaid: plaid::Client".to_owned()];
    parameters.extend(example.parameters);
    let mut lines = vec!["```no_run".to_owned()];
    if operation.deprecated {
        lines.push("# #[allow(deprecated)]".to_owned());
    }
    let parameters = parameters.join(", ");
    lines.push(format!(
        "# async fn example({parameters}) -> plaid::Result<()> {{"
    ));
    lines.extend(body);
    lines.extend(["# Ok(())", "# }", "```"].map(str::to_owned));
    Ok(lines)
}

struct Example<'a> {
    facts: &'a Facts,
    refined: &'a Refined,
    /// What the reader has, as parameters of the hidden function.
    parameters: Vec<String>,
}

impl Example<'_> {
    /// The call, and a look at what came back.
    fn body(&self, operation: &Operation, call: &str) -> String {
        match &operation.response {
            ResponseKind::Empty => format!("{call};"),
            ResponseKind::Bytes(_) => {
                format!("let file = {call}; println!(\"{{}} bytes\", file.len());")
            }
            ResponseKind::Json(name) => match self.first_field(name) {
                Some(field) => {
                    format!("let answer = {call}; println!(\"{{:?}}\", answer.{field});")
                }
                None => format!(
                    "let answer = {call}; println!(\"done by request {{}}\", answer.request_id());"
                ),
            },
        }
    }

    /// What an answer is asked for; its request id is nobody's reason to call.
    fn first_field(&self, name: &str) -> Option<String> {
        let ty = self.refined.types.get(name)?;
        let facts = self.facts.types.get(name)?;
        let fields = ty.required(facts).into_iter().chain(ty.optional(facts));
        let mut names = fields.map(|field| field.ident.to_string());
        names.find(|field| field != "request_id")
    }

    fn variable(&mut self, name: &str, ty: &str) -> String {
        self.parameters.push(format!("{name}: {ty}"));
        name.to_owned()
    }

    /// An argument of the call: what programs keep in variables is one.
    fn argument(&mut self, name: &str, ty: &Ty) -> String {
        if let Some(item) = inner(ty, "Vec") {
            let one = name.strip_suffix('s').unwrap_or(name);
            return format!("[{}]", self.argument(one, &item));
        }
        if let Some(item) = inner(ty, "Option") {
            return format!("Some({})", self.argument(name, &item));
        }
        let variable = match ident(ty).as_str() {
            "String" => "&str",
            "Secret" => "plaid::Secret",
            "Decimal" => "plaid::Decimal",
            "NaiveDate" => "plaid::NaiveDate",
            "DateTime" => "plaid::DateTime<plaid::Utc>",
            _ => return self.value(name, ty, 0),
        };
        self.variable(name, variable)
    }

    /// A value written out.
    fn value(&mut self, name: &str, ty: &Ty, depth: usize) -> String {
        if let Some(item) = inner(ty, "Vec") {
            if depth > MAX_DEPTH {
                return "Vec::new()".to_owned();
            }
            let one = name.strip_suffix('s').unwrap_or(name);
            let item = self.own(one, &item, depth + 1);
            return format!("vec![{item}]");
        }
        match ident(ty).as_str() {
            "String" | "Secret" | "Value" => format!("\"{}\"", name.replace('_', " ")),
            "bool" => "true".to_owned(),
            "i64" => "10".to_owned(),
            "Decimal" => "plaid::Decimal::new(10050, 2)".to_owned(),
            "NaiveDate" => self.variable(name, "plaid::NaiveDate"),
            "DateTime" => self.variable(name, "plaid::DateTime<plaid::Utc>"),
            "BTreeMap" | "Map" => "Default::default()".to_owned(),
            "Box" => match inner(ty, "Box") {
                Some(inside) => format!("Box::new({})", self.value(name, &inside, depth)),
                None => "Default::default()".to_owned(),
            },
            other => self.generated(other, depth),
        }
    }

    /// An item of a list, which `vec!` does not convert.
    fn own(&mut self, name: &str, ty: &Ty, depth: usize) -> String {
        let value = self.value(name, ty, depth);
        match ident(ty).as_str() {
            "String" | "Secret" => format!("{value}.into()"),
            _ => value,
        }
    }

    fn generated(&mut self, name: &str, depth: usize) -> String {
        let refined = self.refined;
        let path = format!("plaid::types::{name}");
        match refined.types.get(name).map(|ty| &ty.kind) {
            Some(Kind::Enum(variants)) => match variants.first() {
                Some((variant, _)) => format!("{path}::{variant}"),
                None => format!("{path}::from(\"value\")"),
            },
            Some(Kind::Record(fields)) => {
                let is_needed = |field: &&Field| field.facts.presence == Presence::Required;
                let needed: Vec<&Field> = fields.iter().filter(is_needed).collect();
                if needed.is_empty() {
                    return format!("{path}::default()");
                }
                let values = needed
                    .iter()
                    .map(|field| self.value(&field.ident.to_string(), &field.ty, depth + 1));
                let values: Vec<String> = values.collect();
                format!("{path}::new({})", values.join(", "))
            }
            None => "Default::default()".to_owned(),
        }
    }
}

/// Lays statements out as a reader expects them.
fn format_body(body: &str) -> Result<Vec<String>> {
    let file = syn::parse_str(&format!("fn example() {{ {body} }}"));
    let file = file.with_context(|| format!("an example is not Rust: {body}"))?;
    let text = tree::format(&file)?;
    let lines = text
        .lines()
        .skip_while(|line| !line.starts_with("fn example"))
        .skip(1)
        .take_while(|line| *line != "}")
        .map(|line| line.strip_prefix("    ").unwrap_or(line).to_owned());
    Ok(lines.collect())
}
