//! What the generated calls mention.
//!
//! A product uses some of it, and with few products much is unused.
#![allow(unused_imports)]

pub(crate) use std::collections::BTreeMap;

pub(crate) use chrono::{DateTime, NaiveDate, Utc};
pub(crate) use plaid_gen::types::{self, *};
pub(crate) use plaid_gen::wire::{self, Secret};
pub(crate) use rust_decimal::Decimal;

pub(crate) use crate::operation::machinery::{self, Prepared};
pub(crate) use crate::operation::{self, Credentials, Effect, Operation, OperationInfo};
pub(crate) use crate::paging::{self, Cursor, Key, Paged, Paging, Position, Sight, Style};
