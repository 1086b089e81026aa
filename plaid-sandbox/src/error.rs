//! Plaid's error answers.

use std::borrow::Cow;

use axum::http::StatusCode;
use plaid_common::error_body::{ErrorBody, documentation_url};
use serde_json::{Value, json};

/// An answer that reports a failure, in the shape all operations share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) error_type: Cow<'static, str>,
    pub(crate) error_code: Cow<'static, str>,
    /// Some errors really come without a message.
    pub(crate) message: Option<Cow<'static, str>>,
    display_message: Option<&'static str>,
}

impl ApiError {
    pub(crate) fn new(
        status: StatusCode,
        error_type: impl Into<Cow<'static, str>>,
        error_code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            error_type: error_type.into(),
            error_code: error_code.into(),
            message: Some(message.into()),
            display_message: None,
        }
    }

    fn bad_request(
        error_type: &'static str,
        error_code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error_type, error_code, message)
    }

    pub(crate) fn invalid_request(
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::bad_request("INVALID_REQUEST", code, message)
    }

    pub(crate) fn invalid_field(message: impl Into<Cow<'static, str>>) -> Self {
        Self::invalid_request("INVALID_FIELD", message)
    }

    pub(crate) fn missing_fields(fields: &str) -> Self {
        let message = format!("the following required fields are missing: {fields}");
        Self::invalid_request("MISSING_FIELDS", message)
    }

    pub(crate) fn unknown_fields(fields: &str) -> Self {
        let message = format!("the following fields are not recognized by this endpoint: {fields}");
        Self::invalid_request("UNKNOWN_FIELDS", message)
    }

    pub(crate) fn invalid_body() -> Self {
        Self::invalid_request("INVALID_BODY", "body could not be parsed as JSON")
    }

    pub(crate) fn invalid_input(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::bad_request("INVALID_INPUT", code, message)
    }

    pub(crate) fn item(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::bad_request("ITEM_ERROR", code, message)
    }

    pub(crate) fn institution(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::bad_request("INSTITUTION_ERROR", code, message)
    }

    pub(crate) fn sandbox(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::bad_request("SANDBOX_ERROR", code, message)
    }

    pub(crate) fn transactions(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::bad_request("TRANSACTIONS_ERROR", code, message)
    }

    pub(crate) fn transfer(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::bad_request("TRANSFER_ERROR", code, message)
    }

    /// Neither a path nor an object of that name.
    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "INVALID_REQUEST",
            "NOT_FOUND",
            "not found",
        )
    }

    pub(crate) fn rate_limit(code: &'static str) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "RATE_LIMIT_EXCEEDED",
            code,
            "too many requests; slow down and try again",
        )
    }

    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "API_ERROR",
            "INTERNAL_SERVER_ERROR",
            "something went wrong on the server",
        )
    }

    /// The bank wants the user to sign in again.
    pub(crate) fn login_required() -> Self {
        Self {
            display_message: Some("Please sign in to your bank again."),
            ..Self::item(
                "ITEM_LOGIN_REQUIRED",
                "the login details of this item have changed and the user has to sign in again",
            )
        }
    }

    /// The Item was never given the product that the call reads.
    pub(crate) fn products_not_supported() -> Self {
        Self::item("PRODUCTS_NOT_SUPPORTED", "")
    }

    pub(crate) fn invalid_account_id() -> Self {
        Self::invalid_input(
            "INVALID_ACCOUNT_ID",
            "failed to find requested account ID for requested item",
        )
    }

    pub(crate) fn without_message(mut self) -> Self {
        self.message = None;
        self
    }

    /// The body as bytes.
    pub(crate) fn body(&self, request_id: &str) -> Vec<u8> {
        let message = self.message.as_deref();
        let mut body = ErrorBody::new(&self.error_type, &self.error_code, message, request_id);
        body.display_message = self.display_message;
        body.to_bytes()
    }

    /// The body of an operation that reports errors as the standard of OAuth has
    /// it.
    pub(crate) fn oauth_body(&self, request_id: &str) -> Vec<u8> {
        let error = match self.error_code.as_ref() {
            "INVALID_API_KEYS" => "invalid_client",
            _ => "invalid_request",
        };
        let body = json!({
            "error": error,
            "error_description": self.message.as_deref().unwrap_or_default(),
            "request_id": request_id,
        });
        serde_json::to_vec_pretty(&body).unwrap_or_default()
    }

    /// The error as part of another object: an Item or a webhook. There it
    /// carries the status, and no request to name.
    pub(crate) fn embedded(&self) -> Value {
        json!({
            "display_message": self.display_message,
            "documentation_url": documentation_url(&self.error_type),
            "error_code": self.error_code,
            "error_message": self.message.as_deref().unwrap_or_default(),
            "error_type": self.error_type,
            "status": self.status.as_u16(),
            "suggested_action": null,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_body_has_seven_sorted_keys_and_two_spaces() {
        let body = String::from_utf8(ApiError::missing_fields("client_id").body("M5lB3d4NoqYdU2t"))
            .unwrap();
        assert_eq!(
            body,
            r#"{
  "display_message": null,
  "documentation_url": "https://plaid.com/docs/?ref=error#invalid-request-errors",
  "error_code": "MISSING_FIELDS",
  "error_message": "the following required fields are missing: client_id",
  "error_type": "INVALID_REQUEST",
  "request_id": "M5lB3d4NoqYdU2t",
  "suggested_action": null
}"#
        );
    }
}
