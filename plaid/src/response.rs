//! The answer to a call.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use bytes::Bytes;
use plaid_gen::wire::Deviations;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use crate::net::Answer;

/// A decoded answer together with everything that came with it.
///
/// It can be used like the value itself. What this version of the crate has no
/// field for is in [`raw`](Self::raw) and [`json`](Self::json).
///
/// `Debug` prints the value, whose secrets redact themselves, and never the body.
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    answer: Answer,
    attempts: u32,
    redacts: bool,
    deviations: Deviations,
    /// Read on demand: it means another pass over the body.
    request_id: OnceLock<String>,
}

impl<T> Response<T> {
    pub(crate) fn new(value: T, answer: Answer, attempts: u32, redacts: bool) -> Self {
        Self {
            value,
            answer,
            attempts,
            redacts,
            deviations: Deviations::default(),
            request_id: OnceLock::new(),
        }
    }

    pub(crate) fn with_deviations(mut self, deviations: Deviations) -> Self {
        self.deviations = deviations;
        self
    }

    /// Plaid's id of the request, which its support asks for first. Empty where
    /// Plaid gave none; a few operations have none.
    pub fn request_id(&self) -> &str {
        self.request_id
            .get_or_init(|| self.answer.request_id().unwrap_or_default().to_owned())
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.answer.status
    }

    /// The headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.answer.headers
    }

    /// The body as it came, to the byte.
    pub fn raw(&self) -> &Bytes {
        &self.answer.body
    }

    /// The body as JSON, for fields that the type does not have.
    ///
    /// Numbers with a fraction become binary floats in a `Value`; for an amount,
    /// decode [`raw`](Self::raw) into a type of your own.
    ///
    /// # Errors
    /// When the body is not JSON, as that of a file.
    pub fn json(&self) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::from_slice(&self.answer.body)
    }

    /// Where the answer is not as described, and what became of it. Always empty
    /// without [`Tolerance::Report`](crate::Tolerance::Report).
    ///
    /// Look before you use an amount: one that is listed here is 0 and says nothing.
    ///
    /// ```no_run
    /// # #[cfg(feature = "accounts")]
    /// # async fn example(plaid: plaid::Client, token: plaid::Secret) -> plaid::Result<()> {
    /// use plaid::Tolerance;
    ///
    /// let call = plaid.accounts().get(&token).tolerance(Tolerance::Report);
    /// for deviation in call.await?.deviations() {
    ///     println!("{deviation}"); // accounts[0].name: missing; left empty
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn deviations(&self) -> &Deviations {
        &self.deviations
    }

    /// How many times the request was sent.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// For what is left out of a page that has come before.
    pub(crate) fn value_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> AsRef<T> for Response<T> {
    fn as_ref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Response");
        out.field("status", &self.status().as_u16());
        out.field("request_id", &self.request_id());
        out.field("attempts", &self.attempts);
        out.field("deviations", &self.deviations.total());
        // A type of the caller's may print anything, a `serde_json::Value` does.
        match self.redacts {
            true => out.field("value", &self.value),
            false => out.field("value", &format_args!("[not shown]")),
        };
        out.finish_non_exhaustive()
    }
}
