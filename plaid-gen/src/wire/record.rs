//! Objects: one shared visitor, and per type a table of fields.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};

use super::{Generated, Reader, Wire, Writer, tolerant};

/// What the description of the API says about a field being there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Has to be there, and is always written.
    Required,
    /// Always written, as `null` where there is none; may be absent when read.
    Written,
    /// A list or map that is always there and written; absent or `null` it is read as
    /// empty.
    Listed,
    /// May be absent; written only where there is something to write.
    Optional,
}

/// An object of the API.
pub trait Record: Generated + Sized {
    /// The name of the schema, for error messages.
    const NAME: &'static str;

    /// The fields by their names on the wire, in the order in which
    /// [`read_field`](Self::read_field) and [`visit`](Self::visit) count them. At most 128, the width of the set in which they are ticked off.
    const FIELDS: &'static [(&'static str, Presence)];

    /// Reads the value of the field with this index.
    ///
    /// # Errors
    /// When the value has another type than the field.
    fn read_field<'de, A: MapAccess<'de>>(
        &mut self,
        index: usize,
        map: &mut A,
    ) -> Result<(), A::Error>;

    /// Shows every field to a visitor, in their order.
    fn visit<V: FieldVisitor>(&self, visitor: &mut V);
}

/// Looks at the fields of a record one by one: to write them, or to print them.
pub trait FieldVisitor {
    /// The field with this index in the table.
    fn field<T: Wire>(&mut self, index: usize, value: &T);
}

/// Reads a value into its place in a record.
///
/// # Errors
/// When the value has another type than the place.
pub fn fill<'de, T: Wire, A: MapAccess<'de>>(place: &mut T, map: &mut A) -> Result<(), A::Error> {
    match map.next_value_seed(Reader::<T>::new()) {
        Ok(value) => *place = value,
        // The place is still empty.
        Err(error) => tolerant::fill_in::<A, _>(error)?,
    }
    Ok(())
}

/// Reads a record; the `Deserialize` of every generated struct.
///
/// # Errors
/// When the input is not an object, a field has the wrong type, or a required
/// field is missing.
pub fn read_record<'de, T: Record, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_map(RecordVisitor(PhantomData))
}

/// Writes a record; the `Serialize` of every generated struct.
///
/// # Errors
/// When the serializer fails.
pub fn write_record<T: Record, S: Serializer>(
    record: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    let mut fields = Writing {
        table: T::FIELDS,
        map: &mut map,
        outcome: Ok(()),
    };
    record.visit(&mut fields);
    fields.outcome?;
    map.end()
}

/// Prints a record; the `Debug` of every generated struct. What errors say in words is
/// not shown.
///
/// # Errors
/// When the formatter fails.
pub fn fmt_record<T: Record>(record: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut fields = Printing {
        table: T::FIELDS,
        out: f.debug_struct(T::NAME),
    };
    record.visit(&mut fields);
    fields.out.finish()
}

/// Writes fields into a map.
///
/// It remembers the first failure, so that a record's list of fields is a plain
/// sequence of calls: a `?` on each would be a branch on each, 7,800 times.
struct Writing<'a, M: SerializeMap> {
    table: &'static [(&'static str, Presence)],
    map: &'a mut M,
    outcome: Result<(), M::Error>,
}

impl<M: SerializeMap> FieldVisitor for Writing<'_, M> {
    fn field<T: Wire>(&mut self, index: usize, value: &T) {
        let Some(&(name, presence)) = self.table.get(index) else {
            return;
        };
        if self.outcome.is_err() || (presence == Presence::Optional && value.is_absent()) {
            return;
        }
        self.outcome = self.map.serialize_entry(name, &Writer(value));
    }
}

/// Texts in which Plaid or a bank may quote anything, a token or an account number.
const QUOTING: [&str; 4] = [
    "causes",
    "display_message",
    "error_message",
    "suggested_action",
];

/// Prints fields by their names on the wire.
struct Printing<'a, 'b> {
    table: &'static [(&'static str, Presence)],
    out: fmt::DebugStruct<'a, 'b>,
}

impl FieldVisitor for Printing<'_, '_> {
    fn field<T: Wire>(&mut self, index: usize, value: &T) {
        let Some((name, _)) = self.table.get(index) else {
            return;
        };
        if QUOTING.contains(name) && !value.is_absent() {
            self.out.field(name, &format_args!("[not shown]"));
        } else {
            self.out.field(name, value);
        }
    }
}

struct RecordVisitor<T>(PhantomData<T>);

impl<'de, T: Record> Visitor<'de> for RecordVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object ({})", T::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut record = <T as Generated>::EMPTY;
        let mut seen = 0_u128;
        let mut expected = 0;
        while let Some(key) = map.next_key_seed(Key {
            table: T::FIELDS,
            expected,
        })? {
            if let Some(index) = key {
                record.read_field(index, &mut map)?;
                seen |= 1 << index;
                expected = index + 1;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        match tolerant::first_missing::<A>(T::FIELDS, seen) {
            None => Ok(record),
            Some(name) => Err(A::Error::missing_field(name)),
        }
    }
}

/// Finds a key's index in the table.
///
/// Plaid writes keys in alphabetical order and the table is sorted the same way,
/// so the field after the last one is tried first.
struct Key {
    table: &'static [(&'static str, Presence)],
    expected: usize,
}

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let is_expected = |(name, _): &(&str, Presence)| *name == key;
        if self.table.get(self.expected).is_some_and(is_expected) {
            return Ok(Some(self.expected));
        }
        Ok(self
            .table
            .binary_search_by(|(name, _)| (*name).cmp(key))
            .ok())
    }
}
