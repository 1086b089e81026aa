//! What came back for one request.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use serde::Deserialize;

use crate::redact;

/// An answer, read to its end.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// From the body, where nearly every answer has it, or else from the header.
    pub(crate) fn request_id(&self) -> Option<&str> {
        #[derive(Deserialize)]
        struct Envelope<'a> {
            #[serde(borrow)]
            request_id: Option<&'a str>,
        }
        // A list would be read as the struct's fields in order.
        let object = Some(&self.body).filter(|body| body.trim_ascii_start().starts_with(b"{"));
        object
            .and_then(|body| {
                serde_json::from_slice::<Envelope<'_>>(body)
                    .ok()?
                    .request_id
            })
            .and_then(redact::id)
            .or_else(|| self.header_request_id())
    }

    pub(crate) fn header_request_id(&self) -> Option<&str> {
        let value = self.headers.get("plaid-request-id")?;
        redact::id(value.to_str().ok()?)
    }

    /// The media type without parameters, if it is printable as one.
    pub(crate) fn content_type(&self) -> Option<&str> {
        let value = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let essence = value.split(';').next()?.trim();
        redact::id(essence)
    }

    /// Whether this claims to be text or JSON, and not a file.
    pub(crate) fn is_text(&self) -> bool {
        is_text(&self.headers)
    }

    /// Whether somebody meant this to be JSON.
    pub(crate) fn claims_json(&self) -> bool {
        let is_labelled = self
            .content_type()
            .is_some_and(|kind| kind.contains("json"));
        let start = self.body.trim_ascii_start().first();
        start.is_some() && (is_labelled || matches!(start, Some(b'{' | b'[')))
    }

    /// Without the body.
    #[cfg(feature = "files")]
    pub(crate) fn head(&self) -> Self {
        Self {
            status: self.status,
            headers: self.headers.clone(),
            body: Bytes::new(),
        }
    }
}

/// Proxies and maintenance pages answer 200 too; saved as a file, nobody would
/// notice before it is opened.
pub(crate) fn is_text(headers: &HeaderMap) -> bool {
    let declared = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let starts = |prefix: &[u8]| {
        declared
            .and_then(|value| value.get(..prefix.len()))
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    starts(b"text/") || starts(b"application/json")
}

/// How long the answer asks to wait, in either of the two forms of the header.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    // A date that has passed asks for no pause.
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_has_two_forms() {
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
            retry_after(&headers)
        };
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert!(read("Wed, 21 Oct 2099 07:28:00 GMT") > Some(Duration::from_secs(1)));
        assert_eq!(read("soon"), None);
    }
}
