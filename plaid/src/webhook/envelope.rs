//! What every webhook has, whatever it says.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::time::SystemTime;

use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use plaid_gen::wire::{self, Tolerance};

use super::WebhookDecodeError;
use crate::redact::Redactor;

/// A webhook that this crate has a type for. It can be used like the type itself.
///
/// `Debug` prints the value, whose secrets redact themselves, and never the body.
#[derive(Clone)]
pub struct Event<T>(Box<Inner<T>>);

#[derive(Clone)]
struct Inner<T> {
    value: T,
    meta: Meta,
}

impl<T> Event<T> {
    /// The body as it came, to the byte.
    #[inline]
    pub fn raw(&self) -> &Bytes {
        &self.0.meta.raw
    }

    /// The value alone.
    #[inline]
    pub fn into_inner(self) -> T {
        self.0.value
    }

    #[inline]
    pub(super) fn meta(&self) -> &Meta {
        &self.0.meta
    }
}

impl<T> Deref for Event<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> AsRef<T> for Event<T> {
    #[inline]
    fn as_ref(&self) -> &T {
        &self.0.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Event<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.value.fmt(f)
    }
}

/// A webhook whose type or code is newer than this crate. Nothing of it is lost.
///
/// `Debug` prints type and code, and never the body.
#[derive(Clone)]
pub struct UnknownWebhook(Box<Meta>);

impl UnknownWebhook {
    /// What it is about; empty where it does not say.
    pub fn webhook_type(&self) -> &str {
        &self.0.webhook_type
    }

    /// What has happened; empty where it does not say.
    pub fn webhook_code(&self) -> &str {
        &self.0.webhook_code
    }

    /// The body as it came, to the byte.
    pub fn raw(&self) -> &Bytes {
        &self.0.raw
    }

    /// The body as a type of your own.
    ///
    /// # Errors
    /// When the body does not fit the type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.0.raw)
    }

    pub(super) fn meta(&self) -> &Meta {
        &self.0
    }
}

impl fmt::Debug for UnknownWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clean = |text: &str| Redactor::default().clean(text);
        f.debug_struct("UnknownWebhook")
            .field("webhook_type", &clean(self.webhook_type()))
            .field("webhook_code", &clean(self.webhook_code()))
            .field("body_length", &self.0.raw.len())
            .finish_non_exhaustive()
    }
}

/// A body of which only the outermost object has been read.
pub(super) struct Envelope<'a> {
    fields: BTreeMap<String, &'a RawValue>,
    raw: &'a Bytes,
    meta: Meta,
}

/// What can be said of a webhook of any type.
#[derive(Clone)]
pub(super) struct Meta {
    pub(super) webhook_type: String,
    pub(super) webhook_code: String,
    pub(super) item_id: Option<String>,
    pub(super) account_id: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) issued_at: Option<SystemTime>,
    pub(super) raw: Bytes,
}

impl<'a> Envelope<'a> {
    pub(super) fn open(
        raw: &'a Bytes,
        issued_at: Option<SystemTime>,
    ) -> Result<Self, WebhookDecodeError> {
        let fields: BTreeMap<String, &RawValue> =
            serde_json::from_slice(raw).map_err(|_| no_object(raw))?;
        let id = |name| fields.get(name).and_then(|value| text(value));
        let meta = Meta {
            webhook_type: kind(&fields, "webhook_type", raw)?,
            webhook_code: kind(&fields, "webhook_code", raw)?,
            item_id: id("item_id"),
            account_id: id("account_id"),
            user_id: id("user_id"),
            environment: id("environment"),
            issued_at,
            raw: raw.clone(),
        };
        Ok(Self { fields, raw, meta })
    }

    /// Type and code.
    pub(super) fn kind(&self) -> (&str, &str) {
        (&self.meta.webhook_type, &self.meta.webhook_code)
    }

    /// Whether a field is there and not `null`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields
            .get(name)
            .is_some_and(|value| value.get() != "null")
    }

    /// Whether a field is a string.
    pub(super) fn has_text(&self, name: &str) -> bool {
        self.fields
            .get(name)
            .is_some_and(|value| value.get().starts_with('"'))
    }

    /// The webhook as a type of this crate.
    #[inline]
    pub(super) fn event<T: DeserializeOwned>(self) -> Result<Event<T>, WebhookDecodeError> {
        match wire::from_slice(self.raw, Tolerance::Strict) {
            Ok((value, _)) => Ok(Event(Box::new(Inner {
                value,
                meta: self.meta,
            }))),
            Err(misfit) => Err(WebhookDecodeError::new(&misfit, self.raw)),
        }
    }

    /// The webhook as one of no type of this crate.
    pub(super) fn unknown(self) -> UnknownWebhook {
        UnknownWebhook(Box::new(self.meta))
    }
}

/// Why the body is no object of JSON.
fn no_object(raw: &Bytes) -> WebhookDecodeError {
    let read = wire::from_slice::<BTreeMap<String, IgnoredAny>>(raw, Tolerance::Strict);
    match read {
        Err(misfit) => WebhookDecodeError::new(&misfit, raw),
        Ok(_) => WebhookDecodeError::at("the top level", "it is not a JSON object", raw),
    }
}

/// Type or code. Where there is none, the webhook is one that nobody knows; where it is
/// no text, it is none.
fn kind(
    fields: &BTreeMap<String, &RawValue>,
    name: &str,
    raw: &Bytes,
) -> Result<String, WebhookDecodeError> {
    match fields.get(name) {
        None => Ok(String::new()),
        Some(value) => serde_json::from_str::<Option<String>>(value.get())
            .map(Option::unwrap_or_default)
            .map_err(|_| WebhookDecodeError::at(name, "expected a string", raw)),
    }
}

fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}
