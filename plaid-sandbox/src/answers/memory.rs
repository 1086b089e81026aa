//! What callers have made with operations whose answers are made up: the answer that
//! names a new thing is remembered together with the request, so that the thing is
//! found again under its name, in lists, and in the state that it was brought into.
//!
//! A name that nobody was given still stands for something made up: a test of one
//! call alone does not have to make what the call is about. Only what was removed is
//! gone.

use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    derive,
    families::{Family, Step},
    values::{Record, is_repeated},
};
use crate::{call::Call, error::ApiError};

/// Something that a caller made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Thing {
    family: String,
    /// Counts all things.
    number: usize,
    /// What the answer came from that made it, and what the answer would have come
    /// from if nobody had asked for the same before.
    seed: u64,
    first_seed: u64,
    idempotency_key: Option<String>,
    /// What is known of it. Optional fields that the caller left out are null.
    fields: Map<String, Value>,
    /// The answer that made it, for those who ask for it again.
    answer: Value,
    is_removed: bool,
}

impl Thing {
    fn record(&self) -> Record {
        Record {
            seed: self.seed,
            fields: Value::Object(self.fields.clone()),
        }
    }

    /// Whether a request for a list means this thing: what it says of the thing has
    /// to be so.
    fn is_meant(&self, request: &Map<String, Value>) -> bool {
        let said = request
            .iter()
            .filter(|(name, value)| is_repeated(name) && !value.is_null());
        said.filter_map(|(name, value)| Some((self.find(name)?, value)))
            .all(|(known, wanted)| known == wanted)
    }

    /// A field of the thing, of an object in it, or the identifier of one.
    fn find(&self, name: &str) -> Option<&Value> {
        let own = self.fields.get(name).filter(|value| !value.is_null());
        let nested = || {
            let mut objects = self.fields.values().filter_map(Value::as_object);
            objects.find_map(|fields| fields.get(name))
        };
        let named = || self.fields.get(name.strip_suffix("_id")?)?.get("id");
        own.or_else(nested).or_else(named)
    }
}

/// What is remembered that an answer is to tell.
#[derive(Debug)]
pub(super) enum Recalled {
    /// An answer that was given before.
    Answer(Value),
    /// Something that is about to be made, of which the time is known.
    New(Record),
    One(Record),
    /// The rows of a list.
    Rows(&'static str, Vec<Record>),
}

/// Looks for what a request is about, and changes it. `seed` is what an answer would
/// come from if nothing was remembered.
pub(super) fn recall(
    call: &mut Call<'_>,
    family: &Family,
    step: Step,
    seed: u64,
) -> Result<Option<Recalled>, ApiError> {
    let request = &call.request.body;
    match step {
        Step::Make | Step::MakeOnce => return Ok(Some(begin(call, family, step, seed))),
        Step::List(rows) => return Ok(list(call, family, rows)),
        _ => {}
    }
    let Some(id) = request.get(family.key).and_then(Value::as_str) else {
        return Ok(None);
    };
    let name = name(family, id);
    let Some(thing) = call.state.created.get(&name) else {
        return Ok(None);
    };
    if thing.is_removed {
        return Err(gone(family));
    }
    if step == Step::Read {
        return Ok(Some(Recalled::One(thing.record())));
    }
    let now = call.state.now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let Some(thing) = call.state.created.get_mut(&name) else {
        return Ok(None);
    };
    let before = thing.fields.get("status").cloned();
    change(thing, family, step, request);
    for field in CHANGED {
        thing.fields.insert(field.to_owned(), json!(now));
    }
    let mut record = thing.record();
    // Some answers tell the change alone.
    record.fields["new_status"] = thing.fields.get("status").cloned().unwrap_or_default();
    record.fields["old_status"] = before.unwrap_or_default();
    Ok(Some(Recalled::One(record)))
}

/// Something new, unless the caller means what was made before.
fn begin(call: &Call<'_>, family: &Family, step: Step, seed: u64) -> Recalled {
    let key = idempotency_key(&call.request.body);
    let is_same = |thing: &&Thing| {
        (key.is_some() && thing.idempotency_key.as_deref() == key)
            || (step == Step::MakeOnce && thing.first_seed == seed)
    };
    if let Some(thing) = things(call, family).find(is_same) {
        return Recalled::Answer(thing.answer.clone());
    }
    let before = things(call, family).filter(|thing| thing.first_seed == seed);
    let seed = match before.count() {
        0 => seed,
        before => derive(seed, &format!("again {before}")),
    };
    let now = call.state.now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let names = MADE.iter().chain(&CHANGED);
    let mut fields: Map<_, _> = names.map(|name| ((*name).to_owned(), json!(now))).collect();
    if let Some(state) = family.first_state() {
        fields.insert("status".to_owned(), json!(state));
    }
    Recalled::New(Record {
        seed,
        fields: Value::Object(fields),
    })
}

/// Fields that tell when a thing was made, and when it was changed.
const MADE: [&str; 2] = ["created", "created_at"];
const CHANGED: [&str; 2] = ["last_status_update", "updated_at"];

fn change(thing: &mut Thing, family: &Family, step: Step, request: &Map<String, Value>) {
    match step {
        Step::Change => {
            let told = request
                .iter()
                .filter(|(name, _)| is_repeated(name) && *name != family.key);
            for (name, value) in told {
                merge(
                    thing.fields.entry(name.clone()).or_insert(Value::Null),
                    value,
                );
            }
        }
        Step::Move(from, to) => {
            let told = request.get(from).and_then(Value::as_str);
            if let Some(told) = told {
                // A moment has a point as well, but no word in front of it.
                let value = match told.split_once('.') {
                    Some((about, event)) if family.name.ends_with(about) => event,
                    _ => told,
                };
                thing.fields.insert(to.to_owned(), json!(value));
            }
        }
        Step::Set(field, value) => {
            thing.fields.insert(field.to_owned(), json!(value));
        }
        Step::Remove => thing.is_removed = true,
        Step::Make | Step::MakeOnce | Step::Read | Step::List(_) => {}
    }
}

/// Puts the fields of an object into another one, and anything else in its place.
fn merge(known: &mut Value, told: &Value) {
    match (known, told) {
        (Value::Object(known), Value::Object(told)) => {
            for (name, value) in told {
                merge(known.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (known, told) => known.clone_from(told),
    }
}

/// What is there of a family, the newest first; nothing if nobody ever made one, so
/// that the list is made up.
fn list(call: &Call<'_>, family: &Family, rows: &'static str) -> Option<Recalled> {
    let mut all: Vec<_> = things(call, family).collect();
    if all.is_empty() {
        return None;
    }
    all.sort_by_key(|thing| std::cmp::Reverse(thing.number));
    let request = &call.request.body;
    let wanted = all
        .into_iter()
        .filter(|thing| !thing.is_removed && thing.is_meant(request));
    Some(Recalled::Rows(rows, wanted.map(Thing::record).collect()))
}

/// Remembers what an answer has made. `asked` are the names of the fields that the
/// request may have.
pub(super) fn remember(
    call: &mut Call<'_>,
    family: &Family,
    asked: &[&str],
    record: Record,
    first_seed: u64,
    answer: &Value,
) -> Result<(), ApiError> {
    let described = match family.object() {
        Some(object) => answer.get(object),
        None => Some(answer),
    };
    let described = described.and_then(Value::as_object);
    let id = described.and_then(|fields| fields.get(family.own_key())?.as_str());
    let (Some(described), Some(id), Value::Object(mut fields)) = (described, id, record.fields)
    else {
        return Ok(());
    };
    let request = &call.request.body;
    for name in asked.iter().filter(|name| is_repeated(name)) {
        let told = request.get(*name).cloned().unwrap_or_default();
        fields.insert((*name).to_owned(), told);
    }
    fields.extend(described.clone());
    let thing = Thing {
        family: family.name.to_owned(),
        number: call.state.created.len(),
        seed: record.seed,
        first_seed,
        idempotency_key: idempotency_key(request).map(str::to_owned),
        fields,
        answer: answer.clone(),
        is_removed: false,
    };
    call.state.created.insert(name(family, id), thing)
}

fn idempotency_key(request: &Map<String, Value>) -> Option<&str> {
    request.get("idempotency_key").and_then(Value::as_str)
}

fn name(family: &Family, id: &str) -> String {
    format!("{}/{id}", family.name)
}

fn things<'c>(call: &'c Call<'_>, family: &Family) -> impl Iterator<Item = &'c Thing> {
    let name = family.name;
    let all = call.state.created.values();
    all.filter(move |thing| thing.family == name)
}

fn gone(family: &Family) -> ApiError {
    match family.key {
        "third_party_user_token" => {
            ApiError::invalid_input("INVALID_USER_TOKEN", "could not find matching user token")
        }
        "end_customer_client_id" => ApiError::new(
            axum::http::StatusCode::NOT_FOUND,
            "PARTNER_ERROR",
            "CUSTOMER_NOT_FOUND",
            "there is no such end customer",
        ),
        _ => ApiError::not_found(),
    }
}
