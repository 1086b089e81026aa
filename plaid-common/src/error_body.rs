//! The body of Plaid's errors.

use serde::Serialize;

/// An error as Plaid writes it: seven keys in alphabetical order.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorBody<'a> {
    /// What a user may read.
    pub display_message: Option<&'a str>,
    documentation_url: String,
    error_code: &'a str,
    error_message: Option<&'a str>,
    error_type: &'a str,
    request_id: &'a str,
    suggested_action: Option<&'a str>,
}

impl<'a> ErrorBody<'a> {
    /// An error that users are not told about. Some of Plaid's errors have no message.
    pub fn new(
        error_type: &'a str,
        error_code: &'a str,
        error_message: Option<&'a str>,
        request_id: &'a str,
    ) -> Self {
        Self {
            display_message: None,
            documentation_url: documentation_url(error_type),
            error_code,
            error_message,
            error_type,
            request_id,
            suggested_action: None,
        }
    }

    /// The bytes, indented by two spaces as Plaid's are.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Texts and nulls can always be written.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }
}

/// The page on the errors of a type, such as `ITEM_ERROR`.
pub fn documentation_url(error_type: &str) -> String {
    let family = error_type.to_ascii_lowercase().replace('_', "-");
    let family = family.strip_suffix("-error").unwrap_or(&family);
    format!("https://plaid.com/docs/?ref=error#{family}-errors")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_seven_sorted_keys_and_two_spaces() {
        let error = ErrorBody::new("INVALID_REQUEST", "MISSING_FIELDS", None, "M5lB3d4NoqYdU2t");
        assert_eq!(
            String::from_utf8(error.to_bytes()).unwrap(),
            r#"{
  "display_message": null,
  "documentation_url": "https://plaid.com/docs/?ref=error#invalid-request-errors",
  "error_code": "MISSING_FIELDS",
  "error_message": null,
  "error_type": "INVALID_REQUEST",
  "request_id": "M5lB3d4NoqYdU2t",
  "suggested_action": null
}"#
        );
    }

    #[test]
    fn the_documentation_is_that_of_the_type() {
        for (error_type, end) in [
            ("ITEM_ERROR", "#item-errors"),
            ("RATE_LIMIT_EXCEEDED", "#rate-limit-exceeded-errors"),
            ("INVALID_INPUT", "#invalid-input-errors"),
        ] {
            let url = documentation_url(error_type);
            assert!(url.ends_with(end), "{error_type}: {url}");
        }
    }
}
