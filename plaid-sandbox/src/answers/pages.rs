//! Lists that end: a made-up list has a few rows, and its pages are cut from them.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{lookup, text::epoch};
use crate::{
    contract::{Field, Operation},
    error::ApiError,
};

/// The rows of a list: enough for several pages, few enough to read.
pub(super) const ROWS: usize = 5;

/// How the pages of an operation's list follow each other. Each value names a
/// field.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Paging {
    style: String,
    rows: Option<String>,
    count: Option<String>,
    cursor: Option<String>,
    offset: Option<String>,
    after: Option<String>,
    next: Option<String>,
    more: Option<String>,
    total: Option<String>,
}

impl Paging {
    /// The list that grows from page to page. A run through changes begins with
    /// everything as an addition.
    pub(super) fn rows(&self) -> &str {
        match (&self.rows, self.style.as_str()) {
            (Some(rows), _) => rows,
            (None, _) => "added",
        }
    }

    /// Whether a list never has rows: nothing changes in a made-up history.
    pub(super) fn is_empty(&self, list: &str) -> bool {
        self.style == "sync" && matches!(list, "modified" | "removed")
    }

    /// Takes from a request what says which page it asks for.
    pub(super) fn leave_out(&self, request: &mut Map<String, Value>) {
        for field in [&self.count, &self.cursor, &self.offset, &self.after]
            .into_iter()
            .flatten()
        {
            match field.split_once('.') {
                None => drop(request.remove(field)),
                Some((object, field)) => {
                    if let Some(object) = request.get_mut(object).and_then(Value::as_object_mut) {
                        object.remove(field);
                    }
                }
            }
        }
    }
}

/// The rows that a request asks for.
#[derive(Debug)]
pub(super) struct Window<'o> {
    paging: &'o Paging,
    start: usize,
    count: usize,
    dated: bool,
}

impl<'o> Window<'o> {
    pub(super) fn of(
        operation: &'o Operation,
        request: &Map<String, Value>,
    ) -> Result<Option<Self>, ApiError> {
        let Some(paging) = &operation.paging else {
            return Ok(None);
        };
        let field = |name: &Option<String>| name.as_deref().and_then(|name| lookup(request, name));
        let number = |name| {
            let number = field(name).and_then(Value::as_u64);
            number.map(|number| usize::try_from(number).unwrap_or(usize::MAX))
        };
        let dated = operation.id == DATED;
        let start = match field(&paging.cursor).and_then(Value::as_str) {
            None | Some("") => 0,
            Some(cursor) => decode(cursor, dated).ok_or_else(|| {
                ApiError::invalid_field("cursor must be one that this endpoint returned")
            })?,
        };
        // Rows are numbered from 1, so the number after which a page begins is
        // the number of rows before it.
        let start = number(&paging.offset)
            .or(number(&paging.after))
            .unwrap_or(start);
        Ok(Some(Self {
            paging,
            start,
            count: number(&paging.count).unwrap_or(ROWS).max(1),
            dated,
        }))
    }

    /// Whether a row is on the page.
    pub(super) fn has(&self, row: usize) -> bool {
        (self.start..self.start.saturating_add(self.count)).contains(&row)
    }

    pub(super) fn paging(&self) -> &Paging {
        self.paging
    }

    /// Cuts the page out of an answer that has all rows.
    pub(super) fn cut(&self, answer: &mut Map<String, Value>, field: impl Fn(&str) -> Field) {
        let Some(Value::Array(rows)) = answer.get_mut(self.paging.rows()) else {
            return;
        };
        let total = rows.len();
        let end = self.start.saturating_add(self.count).min(total);
        let start = self.start.min(total);
        *rows = rows.drain(start..end).collect();
        let mut set = |name: &Option<String>, value: Value| {
            if let Some(name) = name {
                answer.insert(name.clone(), value);
            }
        };
        set(&self.paging.more, json!(end < total));
        set(&self.paging.total, json!(total));
        let Some(next) = &self.paging.next else {
            return;
        };
        let place = field(next);
        if end < total || (place.required && !place.nullable) {
            answer.insert(next.clone(), json!(encode(end, self.dated)));
        } else if place.nullable {
            answer.insert(next.clone(), Value::Null);
        } else {
            answer.remove(next);
        }
    }
}

/// The one list whose cursor is a moment.
const DATED: &str = "paymentInitiationPaymentList";

fn encode(row: usize, dated: bool) -> String {
    if dated {
        let row = i64::try_from(row).unwrap_or_default();
        return (epoch() + TimeDelta::seconds(row)).to_rfc3339_opts(SecondsFormat::Secs, true);
    }
    BASE64_URL_SAFE_NO_PAD.encode(format!("row {row}"))
}

fn decode(cursor: &str, dated: bool) -> Option<usize> {
    if dated {
        // Any moment is a cursor of this list.
        let moment: DateTime<Utc> = cursor.parse().ok()?;
        let row = moment.signed_duration_since(epoch()).num_seconds();
        return Some(usize::try_from(row).unwrap_or(0));
    }
    let text = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let text = String::from_utf8(text).ok()?;
    text.strip_prefix("row ")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_to_its_row_and_made_up_ones_nowhere() {
        for dated in [false, true] {
            assert_eq!(decode(&encode(3, dated), dated), Some(3));
            assert_eq!(decode("yesterday", dated), None);
        }
    }
}
