//! Answers made from the description of the API, for the operations that have no
//! handler of their own.
//!
//! An answer is a function of the emulator's seed, the operation and the request:
//! whoever asks the same twice is told the same twice. What is kept is what callers
//! make: an answer that names something new is remembered, and the thing found again.
//! It has every field that the description lists, as far as a sound answer has it,
//! with values that suit the field's name, format and enum; what the request names
//! (identifiers, amounts, the Item behind a token) turns up where the answer has a
//! place for it.

mod families;
mod ids;
mod memory;
mod numbers;
mod pages;
mod subject;
mod text;
mod values;

use axum::http::StatusCode;
use plaid_common::hex::Hex;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use self::{
    memory::Recalled,
    pages::Window,
    subject::Subject,
    values::{Facts, Maker, Told},
};
pub(crate) use self::{memory::Thing, pages::Paging};
use crate::{
    call::{Call, Content, Reply},
    contract::{Contract, Operation},
    error::ApiError,
    products::pdf,
};

/// The one operation that answers with an archive. Its document says nothing of
/// the body; the official description does.
const ARCHIVES: [&str; 1] = ["incomeVerificationDocumentsDownload"];

/// The operation that says in a header what its file hashes to.
const HASHED: &str = "statementsDownload";

/// Answers a request that has been validated.
pub(crate) fn answer(
    contract: &Contract,
    operation: &Operation,
    call: &mut Call<'_>,
) -> Result<Reply, ApiError> {
    let subject = Subject::of(call, operation)?;
    let window = Window::of(operation, &call.request.body)?;
    let first_seed = seed(call, operation);
    let kept = families::of(&operation.id);
    let recalled = match kept {
        Some((family, step)) => memory::recall(call, family, step, first_seed)?,
        None => None,
    };
    let Some(schema) = operation.response.as_deref() else {
        return without_schema(operation);
    };
    if operation.media.as_deref() == Some("application/pdf") {
        return Ok(file(operation));
    }
    let facts = Facts::of(operation, call.request);
    let wrapper = kept.and_then(|(family, _)| family.object());
    let wrapper_here = wrapper.filter(|name| contract.response_field(schema, name).exists);
    let (seed, facts, told) = match &recalled {
        Some(Recalled::Answer(answer)) => return Ok(Reply::json(answer.clone())),
        Some(Recalled::New(record)) => (
            record.seed,
            facts.of_something_new(),
            Told::One(wrapper_here, record),
        ),
        Some(Recalled::One(record)) => (first_seed, facts, Told::One(wrapper_here, record)),
        Some(Recalled::Rows(rows, records)) => (first_seed, facts, Told::Rows(rows, records)),
        None => (first_seed, facts, Told::Nothing),
    };
    let mut body = Maker::new(contract, operation, facts, subject, seed, window.as_ref())
        .telling(told, wrapper)
        .answer(schema);
    if let (Some(window), Value::Object(fields)) = (&window, &mut body) {
        window.cut(fields, |field| contract.response_field(schema, field));
    }
    if let (Some((family, _)), Some(Recalled::New(record))) = (kept, recalled) {
        let asked = contract.request_fields(operation);
        memory::remember(call, family, &asked, record, first_seed, &body)?;
    }
    Ok(if contract.response_field(schema, "request_id").exists {
        Reply::json(body)
    } else {
        Reply::bare_json(body)
    })
}

fn without_schema(operation: &Operation) -> Result<Reply, ApiError> {
    if !ARCHIVES.contains(&operation.id.as_str()) {
        return Ok(Reply::of(StatusCode::OK, Content::Nothing));
    }
    let archive = archive(&document(operation)).map_err(|_| ApiError::internal())?;
    Ok(Reply::of(StatusCode::OK, Content::Zip(archive)))
}

fn file(operation: &Operation) -> Reply {
    let document = document(operation);
    let hash = (operation.id == HASHED).then(|| Hex(&Sha256::digest(&document)).to_string());
    let mut reply = Reply::pdf(document);
    reply.content_hash = hash;
    reply
}

/// Says where it comes from and nothing of the request: what names the document
/// is often a token.
fn document(operation: &Operation) -> Vec<u8> {
    pdf::document(&[
        "Sandbox".to_owned(),
        format!("Document of {}", operation.path),
        "The data in it is made up.".to_owned(),
    ])
}

fn archive(document: &[u8]) -> Result<Vec<u8>, rawzip::Error> {
    use rawzip::{CompressionMethod, ZipArchiveWriter};
    use std::io::Write;

    let mut bytes = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut bytes);
    let (mut entry, config) = archive
        .new_file("document.pdf")
        .compression_method(CompressionMethod::STORE)
        .start()?;
    let mut writer = config.wrap(&mut entry);
    writer.write_all(document)?;
    let (_, descriptor) = writer.finish()?;
    entry.finish(descriptor)?;
    archive.finish()?;
    Ok(bytes)
}

/// What a made-up answer depends on. Who asks, and for which page, is no part of it.
fn seed(call: &Call<'_>, operation: &Operation) -> u64 {
    let mut request = call.request.body.clone();
    for field in ["client_id", "secret", "client_secret"] {
        request.remove(field);
    }
    if let Some(paging) = &operation.paging {
        paging.leave_out(&mut request);
    }
    let mut request = Value::Object(request);
    request.sort_all_objects();
    let parameter = call.request.path_parameter.as_deref().unwrap_or_default();
    derive(
        call.state.answers,
        &format!("{} {parameter} {request}", operation.id),
    )
}

/// A seed for a part of something that has one.
fn derive(seed: u64, part: &str) -> u64 {
    let digest = Sha256::new()
        .chain_update(seed.to_be_bytes())
        .chain_update(part)
        .finalize();
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A field of an object, by a path with points.
fn lookup<'v>(object: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
    let mut names = path.split('.');
    let first = object.get(names.next()?)?;
    names.try_fold(first, |value, name| value.get(name))
}
