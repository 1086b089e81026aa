//! What one attempt came to.

use std::borrow::Cow;
use std::time::Duration;

use bytes::BytesMut;
use reqwest::{Response, StatusCode};

use crate::error::Verdict;
use crate::limit::Held;
use crate::net::{Answer, TransportFailure, is_text};
use crate::redact::Redactor;
use crate::retry::Outcome;

/// A buffer does not start larger than this, whatever length a header claims.
const FIRST_BUFFER: usize = 1024 * 1024;

/// How far a response is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// To its end.
    Whole,
    /// Up to its headers, if it is a file; the rest is in [`Reply::unread`].
    #[cfg_attr(
        not(feature = "files"),
        allow(dead_code, reason = "no operation has one")
    )]
    Head,
}

/// A response that has been read and judged, once.
pub(super) struct Reply {
    pub(super) answer: Answer,
    pub(super) verdict: Verdict,
    /// The file whose headers the answer has.
    pub(super) unread: Option<Response>,
}

impl Reply {
    /// Reads a response, no further than the limit.
    pub(super) async fn read(
        response: Response,
        reading: Reading,
        limit: usize,
        redactor: &Redactor,
    ) -> Result<Self, NoReply> {
        if reading == Reading::Head && is_file(&response) {
            return Ok(Self::head(response));
        }
        let answer = whole(response, limit).await?;
        Ok(Self {
            verdict: Verdict::of(&answer, redactor),
            answer,
            unread: None,
        })
    }

    fn head(response: Response) -> Self {
        let answer = Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: bytes::Bytes::new(),
        };
        Self {
            answer,
            verdict: Verdict::Success,
            unread: Some(response),
        }
    }

    /// As the trace of a retry has it.
    pub(super) fn request_id(&self) -> Option<&str> {
        let own = self.verdict.error().and_then(|parts| parts.request_id());
        own.or_else(|| self.answer.header_request_id())
    }
}

/// Why there is no reply.
pub(super) enum NoReply {
    /// The transport failed.
    Failed(TransportFailure),
    /// A time limit of ours was reached.
    TimedOut(Duration),
    /// The answer began, but is too long.
    TooLarge(StatusCode),
    /// A rate limit of the client's held the request back.
    HeldBack(Held),
    /// The request could not be made.
    NotSent(Cow<'static, str>),
}

impl NoReply {
    /// One word for traces.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Failed(failure) if failure.is_connect() => "not connected",
            Self::Failed(_) => "connection broke",
            Self::TimedOut(_) => "timed out",
            Self::TooLarge(_) => "too large",
            Self::HeldBack(_) => "held back",
            Self::NotSent(_) => "not sent",
        }
    }
}

/// What an attempt came to, as far as retrying is concerned.
pub(super) fn outcome(result: &Result<Reply, NoReply>) -> Outcome {
    match result {
        Ok(reply) => Outcome::of_answer(reply.answer.status, &reply.verdict),
        Err(NoReply::Failed(failure)) if failure.is_connect() => Outcome::NotConnected,
        Err(NoReply::Failed(_) | NoReply::TimedOut(_)) => Outcome::Lost,
        Err(NoReply::TooLarge(_) | NoReply::HeldBack(_) | NoReply::NotSent(_)) => Outcome::Final,
    }
}

/// Whether Plaid may have seen the request.
pub(super) fn reached(result: &Result<Reply, NoReply>) -> bool {
    match result {
        Ok(_) | Err(NoReply::TimedOut(_) | NoReply::TooLarge(_)) => true,
        Err(NoReply::Failed(failure)) => !failure.is_connect(),
        Err(NoReply::HeldBack(_) | NoReply::NotSent(_)) => false,
    }
}

/// Whether this is what was asked for, and not an error, a page or nothing.
fn is_file(response: &Response) -> bool {
    let is_empty = response.content_length() == Some(0);
    response.status().is_success() && !is_empty && !is_text(response.headers())
}

/// Reads the body, no further than the limit.
async fn whole(mut response: Response, limit: usize) -> Result<Answer, NoReply> {
    let status = response.status();
    let announced = usize::try_from(response.content_length().unwrap_or(0)).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(NoReply::TooLarge(status));
    }
    let headers = std::mem::take(response.headers_mut());
    let mut body = BytesMut::with_capacity(announced.min(FIRST_BUFFER));
    while let Some(part) = response.chunk().await.map_err(broken)? {
        if part.len() > limit - body.len() {
            return Err(NoReply::TooLarge(status));
        }
        body.extend_from_slice(&part);
    }
    Ok(Answer {
        status,
        headers,
        body: body.freeze(),
    })
}

fn broken(error: reqwest::Error) -> NoReply {
    NoReply::Failed(error.into())
}
