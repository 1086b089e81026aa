//! Values of schemas, with what is known of the request put in.

use serde_json::{Map, Value, json};

use super::{
    derive,
    numbers::number,
    pages::{ROWS, Window},
    subject::{Holding, Subject, aliases, strangers},
    text::{Place, text},
};
use crate::{
    call::Incoming,
    contract::{Contract, Operation},
    ids::Ids,
    schema::{Kind, Schemas, Shape},
};

/// Values that one answer may have. The deepest reports describe tens of
/// thousands; beyond the limit lists stay empty and what is optional is left out.
const BUDGET: usize = 6_000;
/// Lists below this depth have one element, and at twice the depth none.
const SHALLOW: usize = 5;

/// Fields that say that something went wrong or came to an end. A made-up answer
/// tells of things that went well.
const UNSAID: [&str; 25] = [
    "ach_return_code",
    "cancelled_at",
    "causes",
    "closed_at",
    "consent_expiration_time",
    "decision_rationale",
    "deleted_at",
    "display_message",
    "error",
    "error_code_reason",
    "error_message",
    "error_reason",
    "errors",
    "expired_at",
    "failure_code",
    "failure_reason",
    "guarantee_decision_rationale",
    "inactive_since",
    "last_failed_update",
    "redacted_at",
    "return_swept_status",
    "suggested_action",
    "unofficial_currency_code",
    "warning",
    "warnings",
];

/// Choices that mean that all is well, the best first.
const PREFERRED: [&str; 27] = [
    "USD",
    "US",
    "en",
    "sandbox",
    "success",
    "SUCCESS",
    "active",
    "ACTIVE",
    "approved",
    "APPROVED",
    "ACCEPT",
    "AUTHORISED",
    "HISTORICAL_UPDATE_COMPLETE",
    "REPORT_READY",
    "completed",
    "COMPLETED",
    "COMPLETE",
    "posted",
    "settled",
    "match",
    "cleared",
    "depository",
    "checking",
    "HIGH",
    "VERY_HIGH",
    "Bearer",
    "ach",
];

/// Parts of choices that say that something is not well or not known.
const BAD: [&str; 14] = [
    "ban",
    "input_needed",
    "tombstoned",
    "cancel",
    "declin",
    "down",
    "error",
    "expired",
    "fail",
    "fraud",
    "not_",
    "reject",
    "revoked",
    "unknown",
];

/// Flags that are set where something is amiss or not over.
const UNSET: [&str; 14] = [
    "adversely",
    "closed",
    "error",
    "fallback",
    "fraud",
    "frozen",
    "has_more",
    "overdue",
    "outlier",
    "penalty",
    "pending",
    "previous_administrative_return",
    "removed",
    "archived",
];

/// Optional fields of accounts that those of the user of the sandbox do not have.
const UNTOLD: [&str; 6] = [
    "holder_category",
    "last_updated_datetime",
    "persistent_account_id",
    "verification_insights",
    "verification_name",
    "verification_status",
];

/// Fields of requests that are nothing to repeat.
const UNREPEATED: [&str; 5] = ["client_id", "count", "cursor", "offset", "options"];

/// Whether answers repeat what a request says in this field.
pub(super) fn is_repeated(name: &str) -> bool {
    !UNREPEATED.contains(&name) && !name.contains("token") && !name.contains("secret")
}

/// Something that was made earlier.
#[derive(Debug)]
pub(super) struct Record {
    /// What the answer came from that made it: what is not known of it is made up
    /// the same way again.
    pub(super) seed: u64,
    pub(super) fields: Value,
}

/// Where an answer is to tell of what was made earlier.
#[derive(Debug, Clone, Copy)]
pub(super) enum Told<'a> {
    Nothing,
    /// As the answer itself, or as an object of it.
    One(Option<&'a str>, &'a Record),
    /// As the rows of a list.
    Rows(&'a str, &'a [Record]),
}

/// What a request says, by the names of the fields.
pub(super) struct Facts {
    /// The fields of the body itself, and a path's parameter.
    own: Map<String, Value>,
    /// The fields of the objects in it, as `object.field`.
    nested: Map<String, Value>,
    /// What an object that calls itself `id` is called in the request.
    subject_id: Option<String>,
}

impl Facts {
    pub(super) fn of(operation: &Operation, request: &Incoming) -> Self {
        let (mut own, mut nested) = (Map::new(), Map::new());
        for (name, value) in request.body.iter().filter(|(name, _)| is_repeated(name)) {
            if let Value::Object(fields) = value {
                for (field, value) in fields {
                    nested.insert(format!("{name}.{field}"), value.clone());
                }
            }
            own.insert(name.clone(), value.clone());
        }
        let parameter = operation.path.split_once('{').map(|(_, rest)| rest);
        if let (Some(name), Some(value)) = (parameter, &request.path_parameter) {
            own.insert(name.trim_end_matches('}').to_owned(), json!(value));
        }
        let here = operation.path.replace('/', "_");
        let named_by_path = |name: &&String| {
            name.strip_suffix("_id")
                .is_some_and(|stem| here.contains(stem))
        };
        let subject_id = own
            .keys()
            .filter(named_by_path)
            .max_by_key(|name| name.len())
            .and_then(|name| own[name].as_str())
            .map(str::to_owned);
        Self {
            own,
            nested,
            subject_id,
        }
    }

    /// The answer is about something new, which the request does not name.
    pub(super) fn of_something_new(mut self) -> Self {
        self.subject_id = None;
        self
    }

    /// What the request says of a field. One of the same object counts everywhere,
    /// one of the request itself at the top of an answer and, if its name says
    /// enough to be about the same thing, everywhere.
    fn find(&self, at: &At<'_>) -> Option<&Value> {
        if at.name == "id" {
            return None;
        }
        let nested = self.nested.get(&format!("{}.{}", at.parent, at.name));
        let telling = at.name.ends_with("_id") || at.name.ends_with("currency_code");
        nested.or_else(|| {
            (at.depth <= 2 || telling)
                .then(|| self.own.get(at.name))
                .flatten()
        })
    }

    /// The identifier of an object that has a field `id`.
    fn id_of(&self, at: &At<'_>) -> Option<&str> {
        if at.index > 0 || at.depth > 2 {
            return None;
        }
        let named = self.own.get(&format!("{}_id", at.parent));
        named.and_then(Value::as_str).or(self.subject_id.as_deref())
    }
}

/// Where a value is to stand.
#[derive(Clone, Copy)]
struct At<'a> {
    name: &'a str,
    parent: &'a str,
    depth: usize,
    /// The number of the element in the nearest list.
    index: usize,
    seed: u64,
    /// What is known of the value: an object of which each field is used that
    /// fits.
    known: Option<&'a Value>,
    extent: Extent,
}

/// How much is known of an object of which something is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Nothing is said of the fields that are not known.
    Part,
    /// It was made earlier: fields that are null were left out.
    Record,
    /// All of it: a field that is not known is not there.
    Whole,
}

/// What is known of a field that is not there.
static NULL: Value = Value::Null;

impl<'a> At<'a> {
    fn field(&self, name: &'a str) -> Self {
        let known = self.known.and_then(|known| known.get(name));
        let (known, extent) = match (self.extent, known) {
            (Extent::Part, known) => (known, Extent::Part),
            (Extent::Record, None) => (None, Extent::Part),
            (Extent::Whole, None) => (Some(&NULL), Extent::Whole),
            (_, known) => (known, Extent::Whole),
        };
        Self {
            name,
            parent: self.name,
            depth: self.depth + 1,
            seed: derive(self.seed, name),
            known,
            extent,
            ..*self
        }
    }

    fn element(&self, index: usize) -> Self {
        let known = self.told().and_then(|list| list.get(index));
        Self {
            index,
            seed: derive(self.seed, &index.to_string()),
            known,
            extent: if known.is_some() {
                Extent::Whole
            } else {
                Extent::Part
            },
            ..*self
        }
    }

    /// Something that was made earlier, in its place.
    fn record(&self, record: &'a Record, object: Option<&str>) -> Self {
        Self {
            index: 0,
            // As in the answer that made it.
            seed: object.map_or(record.seed, |name| derive(record.seed, name)),
            known: Some(&record.fields),
            extent: Extent::Record,
            ..*self
        }
    }

    /// What is there of something that was made earlier.
    fn told(&self) -> Option<&'a Value> {
        self.known
            .filter(|known| self.extent != Extent::Part && !known.is_null())
    }

    /// The same, with nothing known if what is known is not of this kind.
    fn suited(self, kind: Kind) -> Self {
        let is_suited = match kind {
            Kind::Object => self.known.is_some_and(Value::is_object),
            Kind::Array => self.known.is_some_and(Value::is_array),
            _ => true,
        };
        if is_suited || self.extent == Extent::Part {
            return self;
        }
        Self {
            known: None,
            extent: Extent::Part,
            ..self
        }
    }
}

/// Makes one answer.
pub(super) struct Maker<'a> {
    schemas: &'a Schemas,
    operation: &'a Operation,
    facts: Facts,
    item: Option<Value>,
    accounts: Vec<Holding>,
    has_subject: bool,
    seed: u64,
    window: Option<&'a Window<'a>>,
    told: Told<'a>,
    /// The object that describes something that was made, where it stands alone.
    wrapper: Option<&'a str>,
    left: usize,
}

impl<'a> Maker<'a> {
    pub(super) fn new(
        contract: &'a Contract,
        operation: &'a Operation,
        facts: Facts,
        subject: Option<Subject>,
        seed: u64,
        window: Option<&'a Window<'a>>,
    ) -> Self {
        let has_subject = subject.is_some();
        let (item, accounts) = match subject {
            Some(subject) => (Some(subject.item), subject.accounts),
            None => (
                None,
                strangers(|mask| Ids::new(Some(derive(seed, mask))).id()),
            ),
        };
        Self {
            schemas: contract.schemas(),
            operation,
            facts,
            item,
            accounts,
            has_subject,
            seed,
            window,
            told: Told::Nothing,
            wrapper: None,
            left: BUDGET,
        }
    }

    /// Tells of what was made earlier.
    pub(super) fn telling(mut self, told: Told<'a>, wrapper: Option<&'a str>) -> Self {
        self.told = told;
        self.wrapper = wrapper;
        self
    }

    /// The answer of the schema `name`.
    pub(super) fn answer(&mut self, name: &str) -> Value {
        let schema = json!({ "$ref": format!("#/schemas/{name}") });
        let at = At {
            name: "",
            parent: "",
            depth: 0,
            index: 0,
            seed: self.seed,
            known: None,
            extent: Extent::Part,
        };
        let at = match self.told {
            Told::One(None, record) => at.record(record, None),
            _ => at,
        };
        let schemas = self.schemas;
        match schemas.get(name) {
            Some(schema) => self.value(&[schema], at),
            None => self.value(&[&schema], at),
        }
    }

    fn value(&mut self, parts: &[&Value], at: At<'_>) -> Value {
        self.left = self.left.saturating_sub(1);
        let schemas = self.schemas;
        let shape = Shape::of(parts, schemas);
        if let Some(value) = self.known(&at, &shape) {
            return value;
        }
        let at = at.suited(shape.kind);
        let untold = at.told().is_none() && UNSAID.contains(&at.name);
        if shape.nullable && at.depth > 0 && (untold || self.left == 0) {
            return Value::Null;
        }
        if let Some(choices) = shape.choices {
            return choose(choices, &mut Ids::new(Some(at.seed)));
        }
        match shape.kind {
            Kind::Object => self.object(&shape, at),
            Kind::Array => self.array(&shape, at),
            Kind::Any => at.told().cloned().unwrap_or_else(|| json!({})),
            _ => self.scalar(&shape, &at),
        }
    }

    /// What is known of a value from the request or from what it is about.
    fn known(&self, at: &At<'_>, shape: &Shape<'_>) -> Option<Value> {
        let fits = |value: &&Value| shape.fits(value, self.schemas);
        let told = at
            .known
            .filter(fits)
            .or_else(|| self.facts.find(at).filter(fits));
        if let Some(told) = told {
            return Some(told.clone());
        }
        let found = match at.name {
            "id" => json!(self.facts.id_of(at)?),
            "account_id" => json!(self.account_of(at)?.id),
            "item_id" | "institution_id" | "institution_name" => {
                self.item.as_ref()?.get(at.name)?.clone()
            }
            // The same security is meant wherever it is the same one of the list.
            "security_id" => json!(Ids::new(Some(derive(self.seed, &at.index.to_string()))).id()),
            _ => return None,
        };
        Some(found).filter(|found| shape.fits(found, self.schemas))
    }

    /// The account that something in a list belongs to.
    fn account_of(&self, at: &At<'_>) -> Option<&Holding> {
        let of_mask = |mask: &str| self.accounts.iter().find(|account| account.mask == mask);
        let fitting = match at.parent {
            "credit" => of_mask("3333"),
            "mortgage" => of_mask("8888"),
            "student" => of_mask("7777"),
            "holdings" | "investment_transactions" => of_mask("5555"),
            _ => None,
        };
        let one = self.accounts.get(at.index % self.accounts.len().max(1));
        fitting.or(one)
    }

    fn object(&mut self, shape: &Shape<'_>, at: At<'_>) -> Value {
        let overlay = self.overlay(shape, &at);
        let at = At {
            known: overlay.as_ref().or(at.known),
            ..at
        };
        let mut fields = Map::new();
        for (name, parts) in &shape.properties {
            let required = shape.required.contains(name);
            let untold =
                at.known.is_some_and(|known| known.get(name).is_none()) && UNTOLD.contains(name);
            let field = self.placed(at.field(name));
            let left_out = field.extent == Extent::Whole
                && field.known.is_some_and(Value::is_null)
                && !Shape::of(parts, self.schemas).nullable;
            let unsaid = UNSAID.contains(name) && field.told().is_none();
            let unsaid = unsaid || untold || left_out || self.left == 0;
            // The request id is that of the request, and put in when it is answered.
            if (unsaid && !required) || (at.depth == 0 && *name == "request_id") {
                continue;
            }
            fields.insert((*name).to_owned(), self.value(parts, field));
        }
        let told = at.told().and_then(Value::as_object);
        if let Some(told) = told.filter(|_| shape.properties.is_empty()) {
            return Value::Object(self.entries(told, &shape.values, &at));
        }
        if shape.properties.is_empty() && !shape.values.is_empty() {
            let name = if at.name.contains("account") {
                "0"
            } else {
                "key"
            };
            fields.insert(name.to_owned(), self.value(&shape.values, at.field(name)));
        }
        Value::Object(fields)
    }

    /// A field, with what was made earlier if this is its place.
    fn placed<'f>(&self, at: At<'f>) -> At<'f>
    where
        'a: 'f,
    {
        match self.told {
            Told::One(Some(object), record) if at.depth == 1 && at.name == object => {
                at.record(record, Some(object))
            }
            _ => at,
        }
    }

    /// The entries of a map that was told, as far as they are what a map may have.
    fn entries(
        &mut self,
        told: &Map<String, Value>,
        values: &[&Value],
        at: &At<'_>,
    ) -> Map<String, Value> {
        if values.is_empty() {
            return told.clone();
        }
        let entry = |name: &String| (name.clone(), self.value(values, at.field(name)));
        told.keys().map(entry).collect()
    }

    /// What is known of an object as a whole: the Item, or one of its accounts, or
    /// an object of the request.
    fn overlay(&self, shape: &Shape<'_>, at: &At<'_>) -> Option<Value> {
        if at.known.is_some() {
            return None;
        }
        if at.name == "item" {
            return self.item.clone();
        }
        let is_account = (shape.has("account_id") || at.name.starts_with("account"))
            && (shape.has("mask") || shape.has("account_mask"));
        if is_account {
            return self
                .account_of(at)
                .map(|account| Value::Object(aliases(account)));
        }
        let told = self.facts.own.get(at.name)?;
        (at.index == 0 && told.is_object()).then(|| told.clone())
    }

    fn array(&mut self, shape: &Shape<'_>, at: At<'_>) -> Value {
        let items = &shape.items;
        if let Told::Rows(rows, records) = self.told
            && at.depth == 1
            && at.name == rows
        {
            return self.rows(records, items, at);
        }
        let count = self.length(shape, &at);
        (0..count)
            .map(|index| self.value(items, at.element(index)))
            .collect()
    }

    /// The rows of a list of what was made earlier. Those that are on other pages are
    /// counted and not made.
    fn rows(&mut self, records: &[Record], items: &[&Value], at: At<'_>) -> Value {
        let wrapper = self.wrapper;
        let is_asked = |index: usize| self.window.is_none_or(|window| window.has(index));
        let asked: Vec<_> = (0..records.len()).map(is_asked).collect();
        let rows = records.iter().zip(asked).map(|(record, is_asked)| {
            if is_asked {
                self.value(items, at.element(0).record(record, wrapper))
            } else {
                Value::Null
            }
        });
        rows.collect()
    }

    fn length(&self, shape: &Shape<'_>, at: &At<'_>) -> usize {
        let limit = |name| {
            shape
                .limit(name)
                .and_then(|limit| usize::try_from(limit).ok())
        };
        let usual = match (at.depth, self.window) {
            _ if self.left == 0 => 0,
            _ if at.told().is_some_and(Value::is_array) => {
                at.told().and_then(Value::as_array).map_or(0, Vec::len)
            }
            (1, Some(window)) if window.paging().rows() == at.name => ROWS,
            (1, Some(window)) if window.paging().is_empty(at.name) => 0,
            (1, _) if at.name == "accounts" && self.has_subject => self.accounts.len(),
            // Each is about one account, of which the user has one.
            _ if at.parent == "liabilities" => 1,
            (depth, _) if depth < SHALLOW => 2,
            (depth, _) if depth < 2 * SHALLOW => 1,
            _ => 0,
        };
        usual
            .max(limit("minItems").unwrap_or(0))
            .min(limit("maxItems").unwrap_or(usize::MAX))
    }

    fn scalar(&self, shape: &Shape<'_>, at: &At<'_>) -> Value {
        let mut ids = Ids::new(Some(at.seed));
        match shape.kind {
            Kind::Text => {
                let place = Place {
                    path: &self.operation.path,
                    parent: at.parent,
                    name: at.name,
                    index: at.index,
                };
                json!(text(&place, shape, &mut ids))
            }
            Kind::Boolean => json!(!UNSET.iter().any(|part| at.name.contains(part))),
            _ => number(at.name, at.index, shape, &mut ids),
        }
    }
}

/// One of the values of an enum, rather one that means that all is well.
fn choose(choices: &[Value], ids: &mut Ids) -> Value {
    let preferred = PREFERRED
        .iter()
        .find_map(|wanted| choices.iter().find(|choice| *choice == wanted));
    if let Some(preferred) = preferred {
        return preferred.clone();
    }
    let sound = |choice: &&Value| {
        let text = choice.as_str().unwrap_or_default().to_ascii_lowercase();
        !choice.is_null() && !BAD.iter().any(|part| text.contains(part))
    };
    let sound: Vec<_> = choices.iter().filter(sound).collect();
    let choice = sound.get(ids.index(sound.len().max(1))).copied();
    choice.or(choices.first()).cloned().unwrap_or_default()
}
