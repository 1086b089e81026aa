//! Step 4: progenitor, as a library.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result, anyhow};
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TypeImpl};
use quote::quote;
use schemars08::schema::{InstanceType, SchemaObject};

use crate::document::Document;
use crate::lower::{numbers, secrets};

/// Makes a client and types of a lowered document.
///
/// # Errors
/// When progenitor or typify cannot take the document.
pub fn generate(document: &Document) -> Result<syn::File> {
    generate_with(document, &settings())
}

/// What progenitor makes of the document when it is given no settings: what the
/// benches compare with.
///
/// # Errors
/// When progenitor or typify cannot take the document.
pub fn plain(document: &Document) -> Result<syn::File> {
    generate_with(document, &GenerationSettings::default())
}

fn generate_with(document: &Document, settings: &GenerationSettings) -> Result<syn::File> {
    let api: openapiv3::OpenAPI = serde_json::from_value(document.root.clone())
        .context("the lowered document is not what progenitor reads as OpenAPI")?;
    // It panics on what it cannot name or has not implemented.
    let attempt = || Generator::new(settings).generate_tokens(&api);
    let tokens = catch_unwind(AssertUnwindSafe(attempt))
        .map_err(|panic| anyhow!("progenitor gave up: {}", message(panic.as_ref())))?
        .map_err(|error| anyhow!("progenitor: {error}"))?;
    syn::parse2(tokens).context("progenitor made something that is not Rust")
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let owned = || panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(owned).unwrap_or("it did not say why")
}

fn settings() -> GenerationSettings {
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Positional)
        // None is called: the methods are cut off before they would send anything.
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::request::Base))
        .with_map_type("::std::collections::BTreeMap")
        .with_conversion(
            of_format(InstanceType::String, secrets::FORMAT),
            "crate::wire::Secret",
            std::iter::empty::<TypeImpl>(),
        )
        .with_conversion(
            of_format(InstanceType::Number, numbers::DECIMAL),
            "::rust_decimal::Decimal",
            std::iter::empty::<TypeImpl>(),
        );
    settings
}

fn of_format(kind: InstanceType, format: &str) -> SchemaObject {
    SchemaObject {
        instance_type: Some(kind.into()),
        format: Some(format.to_owned()),
        ..SchemaObject::default()
    }
}
