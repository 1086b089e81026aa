//! `Tolerance::Report`: over every answer and webhook, whatever is missing, `null` or of
//! another type is filled, and listed exactly where the description promises otherwise.

use std::sync::LazyLock;
use std::thread;

use crate::received::Read;
use crate::received::described::{Fill, Kind, Source, received};
use plaid::DeviationKind;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A text that is JSON, of any shape: what serde_json can write, and what it cannot.
fn arbitrary() -> impl Strategy<Value = String> {
    let odd = [
        "null",
        "true",
        "0",
        "-0.0",
        "1.5",
        "1e999",
        "-1e-999",
        "[]",
        "{}",
        "\"\"",
        "\"\\ud800\"",
        "\"2024-02-30\"",
        "\"access-sandbox-1\"",
        "{\"\\udfff\": 1, \"a\": 1, \"a\": null}",
        "123456789012345678901234567890123456789012",
        "0.000000000000000000000000000000000000000001",
    ];
    let leaf = prop_oneof![
        3 => prop::sample::select(odd.to_vec()).prop_map(str::to_owned),
        1 => any::<f64>().prop_map(|number| json!(number).to_string()),
        1 => any::<String>().prop_map(|text| json!(text).to_string()),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..6)
            .prop_map(|list| format!("[{}]", list.join(",")));
        let object = prop::collection::vec((name(), inner), 0..6).prop_map(|fields| {
            let fields = fields
                .iter()
                .map(|(name, value)| format!("{} :{value}", json!(name)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(" , "))
        });
        prop_oneof![list, object]
    })
}

/// Names that answers have, and others.
fn name() -> impl Strategy<Value = String> {
    let known = [
        "accounts",
        "item",
        "request_id",
        "error",
        "transactions",
        "balances",
        "added",
        "report",
        "amount",
        "date",
        "items",
        "status",
        "webhook_type",
    ];
    prop_oneof![4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each case is read as every type.
    #[test]
    fn json_of_any_shape_is_read_as_anything(text in arbitrary()) {
        plaid_tests::decoder::check(text.as_bytes());
        for (name, _, read) in received() {
            prop_assert_eq!(read_both(&read, &text), Ok(()), "{}: {}", name, text);
        }
    }

    /// Also what is not JSON, or nearly.
    #[test]
    fn bytes_of_any_kind_are_read_or_refused(
        mut text in arbitrary().prop_map(String::into_bytes),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)
    ) {
        for (index, byte) in changes {
            let index = index.index(text.len());
            text[index] = byte;
        }
        plaid_tests::decoder::check(&text);
    }

    /// Each case spoils some places of every type with values of any shape.
    #[test]
    fn answers_with_odd_values_in_any_place_are_read(
        values in prop::collection::vec((any::<prop::sample::Index>(), arbitrary()), 1..6)
    ) {
        for (name, places, sent, read) in FULL.iter() {
            let mut sent = sent.clone();
            let mut marks = Vec::new();
            for (index, value) in values.iter().filter(|_| !places.is_empty()) {
                let place = index.get(places);
                // A place within one that was replaced before is gone.
                if sent.pointer(&place.pointer).is_some_and(|around| around.is_object() || around.is_array()) {
                    marks.push((json!(format!("mark {}", marks.len())), value));
                    place.put(&mut sent, marks.last().map(|(mark, _)| mark.clone()));
                }
            }
            let mut text = sent.to_string();
            for (mark, value) in &marks {
                text = text.replace(&mark.to_string(), value);
            }
            prop_assert_eq!(read_both(read, &text), Ok(()), "{}: {}", name, text);
        }
    }
}

/// A type's name, the places of its full answer, that answer, and how it is read.
type Full = (String, Vec<Place>, Value, Read);

/// Full answers of every type, with their places.
static FULL: LazyLock<Vec<Full>> = LazyLock::new(|| {
    let full = |(name, schema, read): (String, Value, Read)| {
        let (sent, _) = Source::filling(Fill::Unknown).value(&schema, 0);
        (name, places(&schema, &sent), sent, read)
    };
    received().map(full).collect()
});

/// Reads leniently and strictly. What strictness takes is the same in both, and what it
/// does not take is reported; what was filled can be written and read back strictly.
fn read_both(read: &Read, text: &str) -> Result<(), String> {
    let (value, deviations) = (read.report)(text).map_err(|misfit| misfit.to_string())?;
    let again = (read.strict)(&value.to_string())?;
    if again != value {
        return Err(format!("{value} was written and read as {again}"));
    }
    match (read.strict)(text) {
        Ok(strict) if strict == value => Ok(()),
        Ok(strict) => Err(format!("{value} instead of {strict}")),
        Err(_) if !deviations.is_empty() => Ok(()),
        Err(error) => Err(format!("{error} is not reported")),
    }
}

#[test]
fn what_is_complete_has_nothing_to_report() {
    let cases = received().map(|(name, schema, read)| {
        let (sent, kept) = Source::filling(Fill::Unknown).value(&schema, 0);
        let (value, deviations) = (read.report)(&sent.to_string()).unwrap();
        assert_eq!(&*deviations, [], "{name}: {sent:#}");
        assert_eq!(value, kept, "{name}: {sent:#}");
    });
    assert!(cases.count() > 350);
}

#[test]
fn every_field_may_be_absent_or_null_and_is_listed_where_that_is_not_described() {
    let cases: Vec<_> = received().collect();
    let (half, other) = cases.split_at(cases.len() / 2);
    let tried: usize = thread::scope(|scope| {
        let threads = [half, other]
            .map(|cases| scope.spawn(|| cases.iter().map(without_each).sum::<usize>()));
        threads.map(|thread| thread.join().unwrap()).iter().sum()
    });
    assert!(tried > 10_000, "only {tried} fields were left out");
}

/// Leaves each field of a type out, and each element; says how many.
fn without_each((name, schema, read): &(String, Value, Read)) -> usize {
    let (mut sent, mut full) = Source::filling(Fill::Unknown).value(schema, 0);
    let places = places(schema, &sent);
    for group in groups(&places) {
        let mut check = |state: &str, sent: &Value, kind: fn(&Place) -> Option<DeviationKind>| {
            let (value, deviations) = (read.report)(&sent.to_string()).unwrap();
            let paths: Vec<_> = group.iter().map(|place| &*place.path).collect();
            let about = || format!("{name} with {} {state}", paths.join(", "));
            let mut listed: Vec<_> = deviations
                .iter()
                .map(|d| (d.path(), d.kind(), d.is_left_out()))
                .collect();
            let mut wanted: Vec<_> = group
                .iter()
                .filter_map(|place| Some((&*place.path, kind(place)?, place.is_element)))
                .collect();
            listed.sort_by_key(|(path, ..)| *path);
            wanted.sort_by_key(|(path, ..)| *path);
            assert_eq!(listed, wanted, "{}", about());
            compare(&group, value, &mut full, about);
        };
        let put = |sent: &mut Value, value: Option<Value>| -> Vec<_> {
            let places = group.iter();
            places.map(|place| place.put(sent, value.clone())).collect()
        };
        let kept = put(&mut sent, Some(Value::Null));
        check("null", &sent, |place| place.null);
        if !group[0].is_element {
            put(&mut sent, None);
            check("absent", &sent, |place| place.absent);
        }
        for (place, kept) in group.iter().zip(kept) {
            place.put(&mut sent, kept);
        }
    }
    places.len()
}

/// Places of which none is in another and no two are in the same object: what is missing in
/// one says nothing of the others, and they are left out together. Elements are alone.
fn groups(places: &[Place]) -> Vec<Vec<&Place>> {
    const MOST: usize = 16;
    let mut groups: Vec<Vec<&Place>> = Vec::new();
    for place in places {
        let fits = |group: &&mut Vec<&Place>| {
            group.len() < MOST && group.iter().all(|other| place.is_apart_from(other))
        };
        match groups.iter_mut().find(fits) {
            Some(group) => group.push(place),
            None => groups.push(vec![place]),
        }
    }
    groups
}

/// All but these places have to be what they are in a full answer.
fn compare(group: &[&Place], mut value: Value, full: &mut Value, about: impl Fn() -> String) {
    if let [place] = group
        && place.is_element
    {
        // Every list and map here has one element; optional ones are not written
        // when they are empty.
        let rest = value.pointer(&place.pointer);
        let is_as_told = |rest: &Value| match place.null {
            Some(_) => *rest == json!([]) || *rest == json!({}),
            None => *rest == json!([null]) || *rest == json!({&place.key: null}),
        };
        assert!(rest.is_none_or(is_as_told), "{}: {rest:?}", about());
        return;
    }
    for place in group {
        place.put(&mut value, None);
    }
    let kept: Vec<_> = group.iter().map(|place| place.put(full, None)).collect();
    assert_eq!(value, *full, "{}", about());
    for (place, kept) in group.iter().zip(kept) {
        place.put(full, kept);
    }
}

/// A place in a value that something could be wrong with.
#[derive(Clone)]
struct Place {
    /// As a deviation names it.
    path: String,
    /// To what it is in.
    pointer: String,
    /// Its name or index there.
    key: String,
    is_element: bool,
    absent: Option<DeviationKind>,
    null: Option<DeviationKind>,
}

impl Place {
    /// Puts another value there, or none, and returns the old one.
    fn put(&self, whole: &mut Value, value: Option<Value>) -> Option<Value> {
        match (whole.pointer_mut(&self.pointer).unwrap(), value) {
            (Value::Object(fields), Some(value)) => fields.insert(self.key.clone(), value),
            (Value::Object(fields), None) => fields.remove(&self.key),
            (Value::Array(list), Some(value)) => {
                let index = self.key.parse::<usize>().unwrap();
                Some(std::mem::replace(&mut list[index], value))
            }
            (place, _) => panic!("{} is in {place}", self.path),
        }
    }

    fn is_apart_from(&self, other: &Self) -> bool {
        let holds = |outer: &Self, inner: &Self| {
            let outer = format!("{}/{}", outer.pointer, outer.key);
            inner.pointer == outer || inner.pointer.starts_with(&format!("{outer}/"))
        };
        let is_element = self.is_element || other.is_element;
        !is_element && self.pointer != other.pointer && !holds(self, other) && !holds(other, self)
    }
}

fn places(schema: &Value, value: &Value) -> Vec<Place> {
    let mut places = Vec::new();
    add_places(schema, value, "", "", &mut places);
    places
}

fn add_places(schema: &Value, value: &Value, path: &str, pointer: &str, places: &mut Vec<Place>) {
    let place = |key: &str, path: String, is_element| Place {
        path,
        pointer: pointer.to_owned(),
        key: key.to_owned(),
        is_element,
        absent: None,
        null: None,
    };
    match Kind::of(schema) {
        Kind::Object(fields) => {
            for field in fields {
                let Some(inner) = value.get(&field.name) else {
                    continue;
                };
                let path = if path.is_empty() {
                    field.name.clone()
                } else {
                    format!("{path}.{}", field.name)
                };
                places.push(Place {
                    absent: field.is_required.then_some(DeviationKind::Missing),
                    null: field.is_never_null.then_some(DeviationKind::Null),
                    ..place(&field.name, path.clone(), false)
                });
                add_places(
                    &field.schema,
                    inner,
                    &path,
                    &format!("{pointer}/{}", field.name),
                    places,
                );
            }
        }
        Kind::List(items) => {
            let null = (!matches!(Kind::of(&items), Kind::Any)).then_some(DeviationKind::Null);
            for (index, inner) in value.as_array().unwrap().iter().enumerate() {
                let path = format!("{path}[{index}]");
                places.push(Place {
                    null,
                    ..place(&index.to_string(), path.clone(), true)
                });
                add_places(&items, inner, &path, &format!("{pointer}/{index}"), places);
            }
        }
        Kind::Map(values) => {
            let null = (!matches!(Kind::of(&values), Kind::Any)).then_some(DeviationKind::Null);
            for (key, inner) in value.as_object().unwrap() {
                let path = format!("{path}.{key}");
                places.push(Place {
                    null,
                    ..place(key, path.clone(), true)
                });
                add_places(&values, inner, &path, &format!("{pointer}/{key}"), places);
            }
        }
        _ => {}
    }
}
