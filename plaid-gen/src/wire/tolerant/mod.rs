//! Reading that knows where it is, and can go on where something does not fit.
//!
//! `serde_json` stops in the middle of a text at the first error and cannot go on.
//! Here every value is found in the text before it is read, so that one that does
//! not fit leaves the others alone. That takes several times as long, and is for an
//! answer that has failed already, or for who wants to know what is missing.

mod error;
mod node;
mod report;
mod state;

use std::any::type_name;
use std::borrow::Cow;

use serde::de::{self, DeserializeOwned};
use serde_json::value::RawValue;

use error::Error;
use node::{Node, Object};
pub use report::{Deviation, DeviationKind, Deviations, Misfit};
use state::Guard;

use super::Presence;

/// How an answer is taken that is not as the API's description says.
///
/// In both: a field that is optional may be absent or `null`, a list that is absent
/// or `null` is empty, a `null` in a list is left out, and a value that an enum does
/// not know is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tolerance {
    /// What is required and is missing, and what has another type, is an error that
    /// names the field.
    #[default]
    Strict,
    /// Nothing is an error, as long as it is JSON (in bytes that need not all be UTF-8;
    /// the others become U+FFFD): what is missing or does not fit
    /// is filled with an empty value or left out, and listed as a [`Deviation`].
    ///
    /// **An amount that is listed is 0 and says nothing.** The empty values:
    ///
    /// | type | filled with |
    /// | --- | --- |
    /// | `Option` | `None` |
    /// | `Decimal`, `i64` | 0 |
    /// | `String`, [`Secret`](super::Secret) | the empty text |
    /// | `bool` | `false` |
    /// | `NaiveDate`, `DateTime<Utc>` | the first of January of the year 1, midnight |
    /// | an enum | its `Unknown`, with an empty text |
    /// | a list or map | empty |
    /// | an object | all of its fields empty; only the object is listed |
    Report,
}

/// Reads a JSON text.
///
/// The rules of [`Tolerance::Report`] are those of the generated types. Where a type
/// that derives `Deserialize` holds them or is held, its own fields stay as strict
/// as serde makes them.
///
/// ```
/// # #[cfg(feature = "accounts")] {
/// use plaid_gen::types::AccountBalance;
/// use plaid_gen::wire::{Tolerance, from_slice};
///
/// let text = br#"{"available": "a lot", "current": 1.10, "limit": null}"#;
/// let error = from_slice::<AccountBalance>(text, Tolerance::Strict).unwrap_err();
/// assert_eq!(error.path(), "available");
///
/// let (balance, deviations) = from_slice::<AccountBalance>(text, Tolerance::Report).unwrap();
/// assert_eq!((balance.available, balance.current.unwrap().to_string()), (None, "1.10".into()));
/// assert_eq!(deviations[0].path(), "available");
/// # }
/// ```
///
/// # Errors
/// When the text is not JSON or, if strict, does not fit the type.
pub fn from_slice<T: DeserializeOwned>(
    text: &[u8],
    tolerance: Tolerance,
) -> Result<(T, Deviations), Misfit> {
    let readable = match tolerance {
        Tolerance::Strict => None,
        // serde_json takes any bytes in a string that it skips.
        Tolerance::Report => Some(String::from_utf8_lossy(text)),
    };
    let bytes = readable.as_ref().map_or(text, |text| text.as_bytes());
    let whole: &RawValue = serde_json::from_slice(bytes).map_err(|e| Misfit::not_json(&e))?;
    let guard = Guard::enter(tolerance);
    if matches!(readable, Some(Cow::Owned(_))) {
        state::note_whole("expected UTF-8, found other bytes".to_owned());
    }
    let value = T::deserialize(Node::whole(whole));
    let state = guard.leave();
    match value {
        Ok(value) => Ok((value, state.deviations)),
        Err(error) => Err(Misfit::new(&state.path, error.reason)),
    }
}

/// Whether `R` reads a [`Node`], and is to go on.
///
/// Somebody's `Deserialize` may read a text within the text with `serde_json`, which
/// cannot go on; and serde tries the variants of an untagged enum until one can be
/// read, which would be the first. For every other reader the compiler answers, so
/// that strictness costs it nothing.
fn goes_on<R>() -> bool {
    let reader = type_name::<R>();
    let is_ours = reader == type_name::<Object<'_>>() || reader == type_name::<Node<'_>>();
    is_ours && state::is_tolerant()
}

/// Goes on with the empty value of a field that could not be read.
pub(super) fn fill_in<R, E: de::Error>(error: E) -> Result<(), E> {
    excuse::<R, E>(error, false)
}

/// Goes on without an element or entry that could not be read.
pub(super) fn leave_out<R, E: de::Error>(error: E) -> Result<(), E> {
    excuse::<R, E>(error, true)
}

fn excuse<R, E: de::Error>(error: E, left_out: bool) -> Result<(), E> {
    if !goes_on::<R>() {
        return Err(error);
    }
    state::note_misfit(error.to_string(), left_out);
    Ok(())
}

/// Notes that an element or entry is `null` and therefore left out.
pub(super) fn leave_out_null<E>() {
    if type_name::<E>() == type_name::<Error>() && state::is_tolerant() {
        state::note_null();
    }
}

/// The first required field that was not seen and cannot be done without.
pub(super) fn first_missing<R>(
    table: &'static [(&'static str, Presence)],
    seen: u128,
) -> Option<&'static str> {
    if goes_on::<R>() {
        state::note_missing(table, seen);
        return None;
    }
    let missing = |&(index, &(_, presence)): &(usize, &(&str, Presence))| {
        presence == Presence::Required && seen & (1 << index) == 0
    };
    let mut fields = table.iter().enumerate();
    fields.find(missing).map(|(_, (name, _))| *name)
}

#[cfg(test)]
mod tests;
