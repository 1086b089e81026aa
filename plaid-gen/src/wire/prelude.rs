//! What the generated modules of types use.
//!
//! Which of it depends on the features: with few products, much is unused.
#![allow(unused_imports)]

pub(crate) use std::collections::BTreeMap;

pub(crate) use chrono::{DateTime, NaiveDate, Utc};
pub(crate) use rust_decimal::Decimal;
pub(crate) use serde::de::MapAccess;

pub(crate) use super::Presence::{Listed, Optional, Required, Written};
pub(crate) use super::{
    FieldVisitor, Generated, OpenEnum, Presence, Record, Secret, UnknownValue, Wire, fill,
};
