//! What a mock answers.

use std::fmt;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Response, StatusCode};
use serde::Serialize;

use crate::error::{ErrorCode, ErrorType, table};
use crate::net::TransportFailure;

/// An answer of a [`Mock`](super::Mock)'s, or the lack of one.
///
/// ```
/// use std::time::Duration;
/// use plaid::testing::Reply;
///
/// let slow = Reply::json(serde_json::json!({})).delay(Duration::from_secs(3));
/// let page = Reply::raw(502, "text/html", "<html>Bad Gateway</html>");
/// let limit = Reply::error("RATE_LIMIT_EXCEEDED", "AUTH_LIMIT").header("retry-after", "7");
/// ```
#[derive(Clone)]
#[must_use]
pub struct Reply {
    outcome: Outcome,
    delay: Duration,
    /// A mistake in the reply itself.
    problem: Option<String>,
}

#[derive(Clone)]
enum Outcome {
    Answer(Answer),
    NoConnection,
    TimeLimit,
    Broken,
    Silence,
}

#[derive(Clone)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    /// How much of the body comes, if not all of it.
    sent: Option<usize>,
}

impl Reply {
    /// A success with this body; a value of a response type, or `json!`.
    pub fn json(body: impl Serialize) -> Self {
        match serde_json::to_vec(&body) {
            Ok(body) => Self::answer(StatusCode::OK, "application/json", body),
            Err(error) => Self::new(Outcome::Broken)
                .complain(format!("the body of a reply is not JSON: {error}")),
        }
    }

    /// One of Plaid's errors, with the status that is documented for it, or else 400.
    pub fn error(error_type: impl Into<ErrorType>, error_code: impl Into<ErrorCode>) -> Self {
        let (error_type, error_code) = (error_type.into(), error_code.into());
        let known = table::find(&error_type, &error_code).and_then(|entry| entry.status);
        let status = match (known, &error_type) {
            (Some(status), _) => status,
            (None, ErrorType::RateLimitExceeded) => 429,
            (None, _) => 400,
        };
        Self::json(serde_json::json!({
            "display_message": null,
            "documentation_url": "https://plaid.com/docs/errors/",
            "error_code": error_code.as_str(),
            "error_message": "an error of the mock's",
            "error_type": error_type.as_str(),
            "request_id": "MockRequest0001",
            "suggested_action": null,
        }))
        .status(status)
    }

    /// Any body, for instance a file or an error page.
    pub fn raw(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let answer = Self::answer(StatusCode::OK, "", body);
        answer.status(status).header("content-type", content_type)
    }

    /// No connection could be made: nothing was sent.
    pub fn no_connection() -> Self {
        Self::new(Outcome::NoConnection)
    }

    /// The transport's own time limit was reached: the request may have arrived.
    pub fn transport_timeout() -> Self {
        Self::new(Outcome::TimeLimit)
    }

    /// The connection broke before anything came back: the request may have arrived.
    pub fn broken_connection() -> Self {
        Self::new(Outcome::Broken)
    }

    /// No answer ever, so that the call's own time limit ends it.
    pub fn silence() -> Self {
        Self::new(Outcome::Silence)
    }

    /// Another status.
    pub fn status(mut self, status: u16) -> Self {
        match (StatusCode::from_u16(status), &mut self.outcome) {
            (Ok(status), Outcome::Answer(answer)) => {
                answer.status = status;
                self
            }
            (Ok(_), _) => self.complain("a reply without an answer has no status".to_owned()),
            (Err(_), _) => self.complain(format!("{status} is not a status")),
        }
    }

    /// A header of the answer.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let parsed = name.parse::<HeaderName>().ok();
        let value = HeaderValue::from_str(value).ok();
        match (parsed, value, &mut self.outcome) {
            (Some(name), Some(value), Outcome::Answer(answer)) => {
                answer.headers.insert(name, value);
                self
            }
            _ => self.complain(format!("a reply cannot have the header `{name}`")),
        }
    }

    /// The connection breaks after so many bytes of the body.
    pub fn break_off_after(mut self, bytes: usize) -> Self {
        match &mut self.outcome {
            Outcome::Answer(answer) => {
                answer.sent = Some(bytes.min(answer.body.len()));
                self
            }
            _ => self.complain("a reply without an answer has no body".to_owned()),
        }
    }

    /// How long it takes, on tokio's clock.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            delay: Duration::ZERO,
            problem: None,
        }
    }

    fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let kind = HeaderValue::from_static(content_type);
        Self::new(Outcome::Answer(Answer {
            status,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, kind)]),
            body: body.into(),
            sent: None,
        }))
    }

    fn complain(mut self, problem: String) -> Self {
        self.problem.get_or_insert(problem);
        self
    }

    /// Answers.
    pub(super) async fn play(self) -> Result<Response, TransportFailure> {
        if let Some(problem) = self.problem {
            return Err(TransportFailure::refused(problem));
        }
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        match self.outcome {
            Outcome::Answer(answer) => Ok(answer.into()),
            Outcome::NoConnection => Err(TransportFailure::connect("no connection (mock)")),
            Outcome::TimeLimit => Err(TransportFailure::timeout("time limit (mock)")),
            Outcome::Broken => Err(TransportFailure::other("connection reset (mock)")),
            Outcome::Silence => std::future::pending().await,
        }
    }
}

impl From<Answer> for Response {
    fn from(answer: Answer) -> Self {
        let body = match answer.sent {
            None => Body::from(answer.body),
            Some(sent) => {
                let part = answer.body.slice(..sent);
                let end = io::Error::from(io::ErrorKind::ConnectionReset);
                Body::wrap_stream(stream::iter([Ok(part), Err(end)]))
            }
        };
        let mut response = http::Response::new(body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        response.into()
    }
}

/// Without the body, which may be made of what a test took from real data.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Reply");
        match &self.outcome {
            Outcome::Answer(answer) => out.field("status", &answer.status.as_u16()),
            Outcome::NoConnection => out.field("outcome", &"no connection"),
            Outcome::TimeLimit => out.field("outcome", &"time limit"),
            Outcome::Broken => out.field("outcome", &"broken connection"),
            Outcome::Silence => out.field("outcome", &"silence"),
        };
        out.field("delay", &self.delay).finish_non_exhaustive()
    }
}
