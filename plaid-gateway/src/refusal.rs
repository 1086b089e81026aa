//! The gateway's own failures, in the shape of Plaid's errors.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use plaid_common::error_body::ErrorBody;

use crate::rewrite::Problem;

/// Letters and digits of a request id, as many as Plaid's have.
const REQUEST_ID_LENGTH: usize = 15;

/// Why the gateway did not pass a call on, or an answer back.
///
/// None of these holds anything of the request: what a message quotes, a log repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No operation has this method and path.
    NotFound,
    /// The request can be read in more than one way.
    Ambiguous(&'static str),
    /// Something in the headers is not taken.
    Headers(&'static str),
    /// A content type other than JSON, or an encoded body.
    MediaType,
    Body(Problem),
    BodyTooLarge,
    /// The body did not arrive in time, or broke off.
    BodyTooSlow,
    BodyBroken,
    /// No key, or none that the gateway knows.
    UnknownCaller,
    /// The caller's allow list does not have the operation.
    NotAllowed,
    /// A page of another origin, or a host name that is not this machine's.
    Origin,
    Host,
    RateLimit(Duration),
    CallerBusy,
    /// The gateway as a whole has no room.
    Busy,
    /// One of the two headers of the caller's own credentials is missing.
    HalfCredentials,
    NoCredentials,
    Unreachable,
    UpstreamTimeout,
    /// The upstream's answer is not one to pass on.
    UpstreamAnswer(&'static str),
}

const REQUEST: &str = "INVALID_REQUEST";
const INPUT: &str = "INVALID_INPUT";
const API: &str = "API_ERROR";
const INTERNAL: &str = "INTERNAL_SERVER_ERROR";

impl Refusal {
    /// Status, type, code and message. Types and codes are Plaid's, so that a client
    /// acts on them as it does on Plaid's own.
    fn parts(self) -> (StatusCode, &'static str, &'static str, Cow<'static, str>) {
        let s = |status, kind, code, message| (status, kind, code, Cow::Borrowed(message));
        match self {
            Self::NotFound => s(
                StatusCode::NOT_FOUND,
                REQUEST,
                "NOT_FOUND",
                "the gateway has no such operation: check method and path",
            ),
            Self::Ambiguous(what) | Self::Headers(what) => {
                let message = format!("the gateway does not take this request: {what}");
                (
                    StatusCode::BAD_REQUEST,
                    REQUEST,
                    "INVALID_HEADERS",
                    message.into(),
                )
            }
            Self::MediaType => s(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                REQUEST,
                "INVALID_HEADERS",
                "the gateway takes application/json in UTF-8 without content-encoding: \
                 set content-type to application/json",
            ),
            Self::Body(problem) => {
                let message = format!("the gateway does not forward this body: {problem}");
                (
                    StatusCode::BAD_REQUEST,
                    REQUEST,
                    "INVALID_BODY",
                    message.into(),
                )
            }
            Self::BodyTooLarge => s(
                StatusCode::PAYLOAD_TOO_LARGE,
                REQUEST,
                "INVALID_BODY",
                "the body is larger than the gateway forwards for this caller",
            ),
            Self::BodyTooSlow => s(
                StatusCode::REQUEST_TIMEOUT,
                REQUEST,
                "INVALID_BODY",
                "the body did not arrive at the gateway in time: send it again",
            ),
            Self::BodyBroken => s(
                StatusCode::BAD_REQUEST,
                REQUEST,
                "INVALID_BODY",
                "the body broke off on its way to the gateway: send it again",
            ),
            Self::UnknownCaller => s(
                StatusCode::UNAUTHORIZED,
                INPUT,
                "INVALID_API_KEYS",
                "the gateway does not know this caller: \
                 send its key as `Authorization: Bearer KEY`",
            ),
            Self::NotAllowed => s(
                StatusCode::FORBIDDEN,
                INPUT,
                "UNAUTHORIZED_ROUTE_ACCESS",
                "the gateway does not let this caller use this operation: \
                 add it to the caller's operations or products",
            ),
            Self::Origin => s(
                StatusCode::FORBIDDEN,
                REQUEST,
                "INVALID_HEADERS",
                "the gateway takes no calls from pages of this origin: \
                 add it to the gateway's cors.origins",
            ),
            Self::Host => s(
                StatusCode::FORBIDDEN,
                REQUEST,
                "INVALID_HEADERS",
                "a gateway without caller keys is for this machine alone: \
                 call it by 127.0.0.1 or localhost",
            ),
            Self::RateLimit(_) => s(
                StatusCode::TOO_MANY_REQUESTS,
                "RATE_LIMIT_EXCEEDED",
                "RATE_LIMIT",
                "this caller's rate at the gateway is used up: slow down and try again",
            ),
            Self::CallerBusy => s(
                StatusCode::TOO_MANY_REQUESTS,
                "RATE_LIMIT_EXCEEDED",
                "RATE_LIMIT",
                "this caller has too many calls under way at the gateway: \
                 wait until some have ended",
            ),
            Self::Busy => s(
                StatusCode::SERVICE_UNAVAILABLE,
                API,
                INTERNAL,
                "the gateway has too many calls under way: try again in a moment",
            ),
            Self::HalfCredentials => s(
                StatusCode::BAD_REQUEST,
                REQUEST,
                "MISSING_FIELDS",
                "the gateway takes a caller's own credentials only as a pair: \
                 send both PLAID-CLIENT-ID and PLAID-SECRET, or neither",
            ),
            Self::NoCredentials => s(
                StatusCode::BAD_REQUEST,
                REQUEST,
                "MISSING_FIELDS",
                "this gateway has no credentials of its own: \
                 send PLAID-CLIENT-ID and PLAID-SECRET",
            ),
            Self::Unreachable => s(
                StatusCode::BAD_GATEWAY,
                API,
                INTERNAL,
                "the gateway could not reach Plaid: try again later",
            ),
            Self::UpstreamTimeout => s(
                StatusCode::GATEWAY_TIMEOUT,
                API,
                INTERNAL,
                "Plaid did not answer the gateway in time: \
                 before you repeat a write, check whether it happened",
            ),
            Self::UpstreamAnswer(what) => {
                let message = format!("the gateway does not pass Plaid's answer on: {what}");
                (StatusCode::BAD_GATEWAY, API, INTERNAL, message.into())
            }
        }
    }

    /// The name of the reason in logs and metrics.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Ambiguous(_) => "ambiguous",
            Self::Headers(_) | Self::MediaType => "headers",
            Self::Body(_) | Self::BodyBroken => "body",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyTooSlow => "body_too_slow",
            Self::UnknownCaller => "unknown_caller",
            Self::NotAllowed => "not_allowed",
            Self::Origin | Self::Host => "origin",
            Self::RateLimit(_) => "rate_limit",
            Self::CallerBusy => "caller_busy",
            Self::Busy => "busy",
            Self::HalfCredentials | Self::NoCredentials => "credentials",
            Self::Unreachable => "unreachable",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::UpstreamAnswer(_) => "upstream_answer",
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        self.parts().0
    }

    /// The answer that tells the caller.
    pub(crate) fn response(self, request_id: &str) -> Response<Bytes> {
        let (status, error_type, error_code, message) = self.parts();
        let body = ErrorBody::new(error_type, error_code, Some(&*message), request_id).to_bytes();
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        headers.insert(CONTENT_TYPE, json);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self == Self::UnknownCaller {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }

    /// Whole seconds until it is worth another try.
    fn retry_after(self) -> Option<u64> {
        match self {
            Self::RateLimit(wait) => Some(wait.as_secs() + 1),
            Self::CallerBusy | Self::Busy => Some(1),
            _ => None,
        }
    }
}

/// An id such as Plaid gives to every request.
pub(crate) fn request_id() -> String {
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(REQUEST_ID_LENGTH)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_seven_keys_of_plaids_errors() {
        let response = Refusal::RateLimit(Duration::from_millis(300)).response("abc");
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(
            std::str::from_utf8(response.body()).unwrap(),
            r#"{
  "display_message": null,
  "documentation_url": "https://plaid.com/docs/?ref=error#rate-limit-exceeded-errors",
  "error_code": "RATE_LIMIT",
  "error_message": "this caller's rate at the gateway is used up: slow down and try again",
  "error_type": "RATE_LIMIT_EXCEEDED",
  "request_id": "abc",
  "suggested_action": null
}"#
        );
    }

    #[test]
    fn a_request_id_looks_like_plaids() {
        let id = request_id();
        assert_eq!(id.len(), 15);
        assert!(id.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert_ne!(id, request_id());
    }
}
