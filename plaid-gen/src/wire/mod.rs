//! How the generated types are read from JSON and written to it.
//!
//! The generator emits tables (the fields of a [`Record`], the values of an
//! [`OpenEnum`]) and one line per field; everything that needs a decision stands
//! here, once: what may be absent or null, how a number becomes an exact
//! decimal, which dates are understood.
//!
//! | on the wire | here |
//! | --- | --- |
//! | a required scalar or object is absent or `null` | an error that names the field |
//! | a nullable field is absent or `null` | `None` |
//! | a list or map is absent or `null` | empty |
//! | a `null` inside a list or map | left out, unless anything may stand there |
//! | a value that an enum does not know | kept, see [`UnknownValue`] |
//! | a field that a record does not know | skipped |
//! | a number with a fraction | [`Decimal`](rust_decimal::Decimal), digit by digit |
//!
//! [`Tolerance::Report`] turns the errors into entries of a list.

mod collection;
mod date;

mod delegate;
mod number;
mod open_enum;
pub(crate) mod prelude;
mod record;
#[cfg(feature = "schemars")]
pub mod schema;

mod secret;
mod text;
mod tolerant;

use std::fmt::Debug;

use serde::de::{DeserializeOwned, DeserializeSeed};
use serde::{Deserializer, Serialize, Serializer};

#[allow(unused_imports)] // without any product
pub(crate) use delegate::{open_enums, records};
pub use open_enum::{OpenEnum, UnknownValue, fmt_open_enum, read_open_enum};
pub use record::{FieldVisitor, Presence, Record, fill, fmt_record, read_record, write_record};
pub use secret::Secret;
pub use tolerant::{Deviation, DeviationKind, Deviations, Misfit, Tolerance, from_slice};

/// A type that a field of a record can have.
pub trait Wire: Debug + Sized {
    /// The value that stands in a record until its field has been read.
    ///
    /// A constant, since a function would have to undo its work at every field that
    /// might panic, and that is code in each of 1,700 records.
    const EMPTY: Self;

    /// Whether `null` is a value like others, which a list or map keeps.
    const TAKES_NULL: bool = false;

    /// Reads the value from JSON.
    ///
    /// # Errors
    /// When the JSON has another type than this one can take.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Writes the value as JSON.
    ///
    /// # Errors
    /// When the serializer fails.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Whether an optional field with this value is left out when written.
    fn is_absent(&self) -> bool {
        false
    }
}

/// Marks the generated types, which read and write themselves with serde.
pub trait Generated: Sized {
    /// The value that stands in a record until its field has been read.
    const EMPTY: Self;
}

impl<T: Generated + Debug + Serialize + DeserializeOwned> Wire for T {
    const EMPTY: Self = <T as Generated>::EMPTY;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}

/// Reads a [`Wire`] value where serde asks for a seed.
struct Reader<T>(std::marker::PhantomData<T>);

impl<T> Reader<T> {
    fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<'de, T: Wire> DeserializeSeed<'de> for Reader<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }
}

/// Writes a [`Wire`] value where serde asks for a `Serialize`.
struct Writer<'a, T>(&'a T);

impl<T: Wire> Serialize for Writer<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

#[cfg(test)]
mod tests;
