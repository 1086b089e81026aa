//! Streams of pages and of rows.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use futures_util::stream::{self, BoxStream, Stream, TryStreamExt};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{Paged, Pager, Turn};
use crate::call::Call;
use crate::error::{Error, PagingError, Result};
use crate::response::Response;

/// The answers of a list, page by page.
///
/// It is a `Stream`; [`try_next`](Self::try_next) needs no import.
#[must_use = "nothing is fetched until a page is asked for"]
pub struct Pages<O: Paged>(BoxStream<'static, Result<Response<O::Response>>>);

impl<O: Paged> Pages<O> {
    pub(super) fn new(call: Call<O>) -> Self {
        let start = Some(Reader::new(call));
        Self(Box::pin(stream::try_unfold(start, Reader::step)))
    }

    /// The next page; `None` after the last.
    ///
    /// # Errors
    /// Those of the call, and [`Error::Paging`] when the list cannot be read to its
    /// end. No page comes after an error.
    pub async fn try_next(&mut self) -> Result<Option<Response<O::Response>>> {
        TryStreamExt::try_next(&mut self.0).await
    }

    pub(super) async fn collect_all(mut self) -> Result<O::Response> {
        // There always is a first page.
        let Some(first) = self.try_next().await? else {
            return Err(Error::config("the list has no page"));
        };
        let mut all = first.into_inner();
        while let Some(page) = self.try_next().await? {
            O::gather(&mut all, page.into_inner());
        }
        Ok(all)
    }
}

impl<O: Paged> Stream for Pages<O> {
    type Item = Result<Response<O::Response>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl<O: Paged> fmt::Debug for Pages<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("operation", &O::INFO.id)
            .finish_non_exhaustive()
    }
}

/// The rows of a list.
///
/// It is a `Stream`; [`try_next`](Self::try_next) needs no import.
#[must_use = "nothing is fetched until a row is asked for"]
pub struct Rows<O: Paged> {
    pages: Pages<O>,
    rows: vec::IntoIter<O::Row>,
}

impl<O: Paged> Rows<O> {
    pub(super) fn new(pages: Pages<O>) -> Self {
        Self {
            pages,
            rows: Vec::new().into_iter(),
        }
    }

    /// The next row; `None` after the last.
    ///
    /// # Errors
    /// As [`Pages::try_next`].
    pub async fn try_next(&mut self) -> Result<Option<O::Row>> {
        TryStreamExt::try_next(self).await
    }
}

// Rows are moved out, never pinned.
impl<O: Paged> Unpin for Rows<O> {}

impl<O: Paged> Stream for Rows<O> {
    type Item = Result<O::Row>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Poll::Ready(Some(Ok(row)));
            }
            match std::task::ready!(Pin::new(&mut self.pages).poll_next(context)) {
                Some(Ok(page)) => self.rows = O::rows(page.into_inner()).into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<O: Paged> fmt::Debug for Rows<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("operation", &O::INFO.id)
            .field("at_hand", &self.rows.len())
            .finish_non_exhaustive()
    }
}

/// Fetches page after page.
struct Reader<O: Paged> {
    call: Call<O>,
    pager: Pager,
    page: u32,
}

impl<O: Paged> Reader<O> {
    fn new(call: Call<O>) -> Self {
        let request = &call.request;
        let pager = Pager::new(O::PAGING, O::begin(request), O::count(request));
        Self {
            call,
            pager,
            page: 0,
        }
    }

    /// The next page, and what comes after it.
    async fn step(reader: Option<Self>) -> Result<Option<(Response<O::Response>, Option<Self>)>> {
        let Some(mut reader) = reader else {
            return Ok(None);
        };
        let page = reader.fetch().await?;
        Ok(Some(match page {
            (page, Turn::Next) => (page, Some(reader)),
            (page, Turn::Done) => (page, None),
        }))
    }

    async fn fetch(&mut self) -> Result<(Response<O::Response>, Turn)> {
        self.page = self.page.saturating_add(1);
        let mut call = self.call.clone();
        O::go_to(&mut call.request, self.pager.position(), self.pager.count());
        let mut page = call.send().await?;
        let mut sight = O::look(&page);
        let short = |count| i64::try_from(sight.received).is_ok_and(|received| received < count);
        if self.pager.counts_rows() && self.pager.count().is_some_and(short) {
            sight.received = length(page.raw(), O::PAGING.rows).unwrap_or(sight.received);
        }
        O::retain(page.value_mut(), &mut |key| self.pager.is_new(key));
        let turn = self.pager.turn(&sight).map_err(|problem| {
            Error::Paging(Box::new(PagingError::new(
                O::name(&self.call.request),
                self.page,
                problem,
                page.request_id(),
            )))
        })?;
        Ok((page, turn))
    }
}

/// How many entries a list of an answer has, those counted that were left out for
/// being `null`: a page that only looks short is not the last.
fn length(body: &[u8], list: &str) -> Option<usize> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
    let entries: Vec<IgnoredAny> = serde_json::from_str(fields.get(list)?.get()).ok()?;
    Some(entries.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_are_left_out_count() {
        let body = br#"{"rows": [{"id": 1}, null, {"rows": []}], "b": 1}"#;
        assert_eq!(length(body, "rows"), Some(3));
        assert_eq!(length(body, "b"), None);
        assert_eq!(length(b"<html>", "rows"), None);
    }
}
