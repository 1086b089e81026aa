//! A JSON value, found but not yet read.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::de::value::{
    BorrowedStrDeserializer, CowStrDeserializer, MapAccessDeserializer, MapDeserializer,
};
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;

use super::super::number::RAW_NUMBER;
use super::error::Error;
use super::state;

/// How many values may be around one another, as in `serde_json`. Each is a frame on
/// the stack.
const MAX_DEPTH: u8 = 128;

/// A value by its text, which is known to be JSON.
#[derive(Clone, Copy)]
pub(super) struct Node<'de> {
    text: &'de str,
    /// How many values are around it.
    depth: u8,
}

/// What begins with the first byte of a value.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Null,
    Bool,
    Number,
    Text,
    List,
    Object,
}

impl<'de> Node<'de> {
    pub(super) fn whole(value: &'de RawValue) -> Self {
        Self {
            text: value.get(),
            depth: 0,
        }
    }

    fn inside(self, value: &'de RawValue) -> Self {
        Self {
            text: value.get(),
            depth: self.depth + 1,
        }
    }

    fn kind(self) -> Kind {
        match self.text.as_bytes().first() {
            Some(b'n') => Kind::Null,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'"') => Kind::Text,
            Some(b'[') => Kind::List,
            Some(b'{') => Kind::Object,
            _ => Kind::Number,
        }
    }

    fn unexpected(self) -> Unexpected<'static> {
        match self.kind() {
            Kind::Null => Unexpected::Unit,
            Kind::Bool => Unexpected::Bool(false),
            Kind::Number => Unexpected::Unsigned(0),
            Kind::Text => Unexpected::Str(""),
            Kind::List => Unexpected::Seq,
            Kind::Object => Unexpected::Map,
        }
    }

    /// Whether it stands for an empty object or list, because nothing is around it
    /// that could be filled in its place. That is noted.
    fn is_made_up<V: Visitor<'de>>(self, kind: Kind, visitor: &V) -> bool {
        let is_made_up = self.depth == 0 && self.kind() != kind && state::is_tolerant();
        if is_made_up {
            let reason = Error::invalid_type(self.unexpected(), visitor).reason;
            state::note_whole(reason);
        }
        is_made_up
    }

    fn check_depth(self) -> Result<(), Error> {
        match self.depth < MAX_DEPTH {
            true => Ok(()),
            false => Err(Error::new("expected fewer values around one another")),
        }
    }

    fn visit_number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = serde_json::from_str::<serde_json::Number>(self.text);
        let number =
            number.map_err(|_| Error::new("expected a number in the range of a double"))?;
        if let Some(value) = number.as_u64() {
            return visitor.visit_u64(value);
        }
        if let Some(value) = number.as_i64() {
            return visitor.visit_i64(value);
        }
        match number.as_f64() {
            Some(value) => visitor.visit_f64(value),
            None => Err(Error::new("expected a number in the range of a double")),
        }
    }
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Null => visitor.visit_unit(),
            Kind::Bool => visitor.visit_bool(self.text == "true"),
            Kind::Number => self.visit_number(visitor),
            Kind::Text => match unquoted(self.text)? {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            },
            Kind::List => visitor.visit_seq(List::new(self)?),
            Kind::Object => visitor.visit_map(Object::new(self)?),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    /// Numbers are handed over by their digits to who asks for them like this.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name != RAW_NUMBER {
            return visitor.visit_newtype_struct(self);
        }
        let text = BorrowedStrDeserializer::new;
        let only = std::iter::once((text(RAW_NUMBER), text(self.text)));
        visitor.visit_map(MapDeserializer::new(only))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Text => visitor.visit_enum(CowStrDeserializer::new(unquoted(self.text)?)),
            Kind::Object => visitor.visit_enum(MapAccessDeserializer::new(Object::new(self)?)),
            _ => Err(Error::invalid_type(self.unexpected(), &visitor)),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_made_up(Kind::List, &visitor) {
            return visitor.visit_seq(List::empty(self));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Object => visitor.visit_map(Object::new(self)?),
            _ if self.is_made_up(Kind::Object, &visitor) => visitor.visit_map(Object::empty(self)),
            _ => Err(Error::invalid_type(self.unexpected(), &visitor)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::List => visitor.visit_seq(List::new(self)?),
            _ => self.deserialize_map(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct tuple tuple_struct identifier
    }
}

impl<'de> IntoDeserializer<'de, Error> for Node<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The text of a string. One that is JSON and yet no text, with half of a surrogate
/// pair, is an error.
fn unquoted(quoted: &str) -> Result<Cow<'_, str>, Error> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1));
    match inner.filter(|inner| !inner.contains('\\')) {
        Some(inner) => Ok(Cow::Borrowed(inner)),
        None => serde_json::from_str(quoted)
            .map(Cow::Owned)
            .map_err(|_| Error::new("expected a string of whole characters")),
    }
}

/// The fields of an object, one by one.
pub(super) struct Object<'de> {
    node: Node<'de>,
    place: usize,
    /// The last comes first.
    left: Vec<(Cow<'de, str>, &'de RawValue)>,
    value: Option<(Cow<'de, str>, &'de RawValue)>,
    nulls: Vec<String>,
    is_made_up: bool,
}

impl<'de> Object<'de> {
    fn new(node: Node<'de>) -> Result<Self, Error> {
        node.check_depth()?;
        let Entries(entries) = serde_json::from_str(node.text).map_err(|_| unreadable())?;
        let object = Self::empty(node);
        let mut names = HashSet::new();
        let mut left = Vec::with_capacity(entries.len());
        for (quoted, value) in entries.into_iter().rev() {
            let name = match unquoted(quoted.get()) {
                Ok(name) => name,
                Err(_) if state::is_tolerant() => {
                    state::enter_field(object.place, quoted.get());
                    state::note_name();
                    continue;
                }
                Err(error) => return Err(error),
            };
            // The last counts. Strictness takes it as well, if the type does not mind
            // the others.
            if state::is_tolerant() && !names.insert(name.clone()) {
                state::enter_field(object.place, &name);
                state::note_repeated();
                continue;
            }
            left.push((name, value));
        }
        Ok(Self { left, ..object })
    }

    fn empty(node: Node<'de>) -> Self {
        Self {
            node,
            place: state::here(),
            left: Vec::new(),
            value: None,
            nulls: Vec::new(),
            is_made_up: node.kind() != Kind::Object,
        }
    }
}

impl<'de> MapAccess<'de> for Object<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        self.value = self.left.pop();
        let Some((name, value)) = &self.value else {
            state::back_to(self.place);
            state::finish_object(std::mem::take(&mut self.nulls), self.is_made_up);
            return Ok(None);
        };
        state::enter_field(self.place, name);
        if value.get() == "null" {
            self.nulls.push(name.clone().into_owned());
        }
        seed.deserialize(CowStrDeserializer::new(name.clone()))
            .map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let (name, value) = self.value.take().ok_or_else(unreadable)?;
        // Back from what a caller may have read in between.
        state::enter_field(self.place, &name);
        seed.deserialize(self.node.inside(value))
            .inspect_err(|_| state::failed_on(value.get()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left.len())
    }
}

/// The elements of a list, one by one.
struct List<'de> {
    node: Node<'de>,
    place: usize,
    index: usize,
    left: std::vec::IntoIter<&'de RawValue>,
}

impl<'de> List<'de> {
    fn new(node: Node<'de>) -> Result<Self, Error> {
        node.check_depth()?;
        let all: Vec<&RawValue> = serde_json::from_str(node.text).map_err(|_| unreadable())?;
        Ok(Self {
            left: all.into_iter(),
            ..Self::empty(node)
        })
    }

    fn empty(node: Node<'de>) -> Self {
        Self {
            node,
            place: state::here(),
            index: 0,
            left: Vec::new().into_iter(),
        }
    }
}

impl<'de> SeqAccess<'de> for List<'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let Some(value) = self.left.next() else {
            state::back_to(self.place);
            return Ok(None);
        };
        state::enter_element(self.place, self.index);
        self.index += 1;
        seed.deserialize(self.node.inside(value)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left.len())
    }
}

/// The names, as they are quoted, and the values of an object.
struct Entries<'de>(Vec<(&'de RawValue, &'de RawValue)>);

impl<'de> serde::Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;
        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor)
    }
}

/// The text has been checked as a whole, so this is for the type checker alone.
fn unreadable() -> Error {
    Error::new("expected JSON")
}
