//! Enums that take values which the description does not know yet.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, Visitor};

use super::Generated;

/// A set of strings that the API may add to at any time.
pub trait OpenEnum: Generated + Clone + PartialEq + Sized + 'static {
    /// The values known today, as they are written on the wire.
    const VARIANTS: &'static [(&'static str, Self)];

    /// The variant for a value that is not known today.
    fn unknown(value: UnknownValue) -> Self;

    /// The value, where it is one that is not known today.
    fn as_unknown(&self) -> Option<&UnknownValue>;

    /// The value as it is written on the wire.
    fn text(&self) -> &str {
        if let Some(unknown) = self.as_unknown() {
            return unknown.as_str();
        }
        let known = Self::VARIANTS.iter().find(|(_, variant)| variant == self);
        known.map_or("", |(text, _)| text)
    }

    /// The variant for a value; never fails.
    fn from_text(value: &str) -> Self {
        let known = Self::VARIANTS.iter().find(|(text, _)| *text == value);
        match known {
            Some((_, variant)) => variant.clone(),
            None => Self::unknown(UnknownValue(Cow::Owned(value.to_owned()))),
        }
    }
}

/// A value that the description of the API did not have when this crate was
/// made. It is kept and written back as it came.
///
/// It cannot be made by hand: a known value would then have two faces. Use the
/// enum's `From<&str>`, which finds the right variant. For the same reason do not
/// match on the variant that holds it; compare with `as_str()`, which goes on
/// working when the value becomes known:
///
/// ```
/// # #[cfg(feature = "accounts")] {
/// use plaid_gen::types::AccountType;
///
/// let kind = AccountType::from("spaceship");
/// match kind {
///     AccountType::Depository => {}
///     other if other.as_str() == "spaceship" => {}
///     _ => {}
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnknownValue(Cow<'static, str>);

impl UnknownValue {
    /// Stands in a record until its field has been read.
    pub const NONE: Self = Self(Cow::Borrowed(""));

    /// The value as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Reads a value; the `Deserialize` of every generated enum.
///
/// # Errors
/// When the input is not a string.
pub fn read_open_enum<'de, T: OpenEnum, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(EnumVisitor(PhantomData))
}

/// Writes a value for people; the `Display` of every generated enum.
///
/// # Errors
/// When the formatter fails.
pub fn fmt_open_enum<T: OpenEnum>(value: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.pad(value.text())
}

struct EnumVisitor<T>(PhantomData<T>);

impl<T: OpenEnum> Visitor<'_> for EnumVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<T, E> {
        Ok(T::from_text(value))
    }

    // Some enums consist of digits or of `true` and `false`, and not every
    // server quotes those.
    fn visit_bool<E: Error>(self, value: bool) -> Result<T, E> {
        Ok(T::from_text(if value { "true" } else { "false" }))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        Ok(T::from_text(&value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        Ok(T::from_text(&value.to_string()))
    }
}
