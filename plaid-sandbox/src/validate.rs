//! Checks a request before a handler sees it: headers, JSON, credentials, and
//! the body against its schema. Each kind of mistake has the error answer that
//! Plaid gives it.

use axum::http::{HeaderMap, header::CONTENT_TYPE};
use serde_json::{Map, Value};

use crate::{
    contract::{Contract, Operation},
    error::ApiError,
    schema::{Rule, Type, Violations},
};

/// Field names that an error message lists. A body can hold a million.
const LISTED: usize = 20;

/// The pair that a caller identifies itself with.
pub(crate) struct Credentials {
    pub(crate) client_id: String,
    pub(crate) secret: String,
}

impl Credentials {
    /// Checks a request's credentials, which may stand in headers or in the
    /// body. Which of the two wins is not documented; here it is the header.
    pub(crate) fn check(
        &self,
        headers: &HeaderMap,
        body: &Map<String, Value>,
    ) -> Result<(), ApiError> {
        let client_id = credential(headers, "PLAID-CLIENT-ID", body, "client_id")?;
        // The operations of OAuth have a second name for it.
        let name = if body.contains_key("client_secret") {
            "client_secret"
        } else {
            "secret"
        };
        let secret = credential(headers, "PLAID-SECRET", body, name)?;
        let (client_id, secret) = match (client_id, secret) {
            (Some(client_id), Some(secret)) => (client_id, secret),
            (None, Some(_)) => return Err(ApiError::missing_fields("client_id")),
            (Some(_), None) => return Err(ApiError::missing_fields("secret")),
            (None, None) => return Err(ApiError::missing_fields("client_id, secret")),
        };
        if client_id.len() != 24 || !client_id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(malformed("client_id"));
        }
        if client_id != self.client_id || secret != self.secret {
            return Err(ApiError::invalid_input(
                "INVALID_API_KEYS",
                "invalid client_id or secret provided",
            ));
        }
        Ok(())
    }
}

fn malformed(name: &str) -> ApiError {
    ApiError::invalid_field(format!(
        "{name} must be a properly formatted, non-empty string"
    ))
}

fn credential<'r>(
    headers: &'r HeaderMap,
    header: &str,
    body: &'r Map<String, Value>,
    name: &str,
) -> Result<Option<&'r str>, ApiError> {
    let text = match (headers.get(header), body.get(name)) {
        (Some(value), _) => value.to_str().ok(),
        (None, Some(value)) => value.as_str(),
        (None, None) => return Ok(None),
    };
    match text {
        Some(text) if !text.is_empty() => Ok(Some(text)),
        _ => Err(malformed(name)),
    }
}

/// The JSON object in a body.
pub(crate) fn json_object(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Map<String, Value>, ApiError> {
    let Some(content_type) = headers.get(CONTENT_TYPE) else {
        return Err(ApiError::invalid_request(
            "INVALID_HEADERS",
            "the Content-Type header is missing",
        ));
    };
    if !is_json(content_type.to_str().unwrap_or_default()) {
        return Err(ApiError::invalid_body());
    }
    serde_json::from_slice(body).map_err(|_| ApiError::invalid_body())
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

/// Checks a body against the schema of its operation. Missing fields are
/// reported before unknown ones and those before wrong values; the real order
/// is not documented.
pub(crate) fn check_body(
    contract: &Contract,
    operation: &Operation,
    body: &Map<String, Value>,
) -> Result<(), ApiError> {
    let Some(schema) = operation.request.as_deref() else {
        return Ok(());
    };
    if contract.takes_no_fields(schema) && !body.is_empty() {
        return Err(ApiError::unknown_fields(&list(body.keys().cloned())));
    }
    let found = contract.check_request(schema, body);
    judge(found.ok_or_else(ApiError::internal)?)
}

fn judge(found: Violations<'_>) -> Result<(), ApiError> {
    if !found.missing.is_empty() {
        return Err(ApiError::missing_fields(&list(found.missing.into_iter())));
    }
    if !found.unknown.is_empty() {
        return Err(ApiError::unknown_fields(&list(found.unknown.into_iter())));
    }
    match found.wrong {
        None => Ok(()),
        Some(wrong) => {
            let field = match wrong.path.as_str() {
                "" => "the request body".to_owned(),
                _ => printable(wrong.path),
            };
            let demand = demand(&wrong.rule);
            Err(ApiError::invalid_field(format!("{field} {demand}")))
        }
    }
}

/// What a value has to be. The value itself is never repeated: it may be a
/// token, and error messages end up in logs.
fn demand(rule: &Rule<'_>) -> String {
    match rule {
        Rule::Type(types) => {
            let names: Vec<_> = types.iter().copied().map(type_name).collect();
            format!("must be {}", names.join(" or "))
        }
        Rule::MinLength(1) => "must be a non-empty string".into(),
        Rule::MinLength(limit) => format!("must have at least {limit} characters"),
        Rule::MaxLength(limit) => format!("must have at most {limit} characters"),
        Rule::MinItems(1) => "must be a non-empty array".into(),
        Rule::MinItems(limit) => format!("must have at least {limit} elements"),
        Rule::MaxItems(limit) => format!("must have at most {limit} elements"),
        Rule::UniqueItems => "must not have an element twice".into(),
        Rule::MinProperties(1) => "must be a non-empty object".into(),
        Rule::MinProperties(limit) => format!("must have at least {limit} fields"),
        Rule::MaxProperties(limit) => format!("must have at most {limit} fields"),
        Rule::Minimum(limit) => format!("must be at least {limit}"),
        Rule::Maximum(limit) => format!("must be at most {limit}"),
        Rule::Choice => "must be one of the values that this endpoint accepts".into(),
        Rule::Format("date") => "must be a date in the form YYYY-MM-DD".into(),
        Rule::Format("date-time") => "must be a date and time such as 2025-01-31T12:00:00Z".into(),
        Rule::Format(format) => format!("must be a well-formed {format}"),
        Rule::Checkable => "is nested too deeply or has too many parts".into(),
        Rule::AnyOf => "is invalid".into(),
    }
}

fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Null => "null",
        Type::Boolean => "a boolean",
        Type::Integer => "an integer",
        Type::Number => "a number",
        Type::String => "a string",
        Type::Array => "an array",
        Type::Object => "an object",
    }
}

fn list(fields: impl Iterator<Item = String>) -> String {
    let mut names: Vec<_> = fields.take(LISTED + 1).map(printable).collect();
    if names.len() > LISTED {
        names[LISTED] = "...".into();
    }
    names.join(", ")
}

/// Field names come from the caller as well. What cannot be a field of this
/// API is not repeated.
fn printable(name: String) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    if !name.is_empty() && name.len() <= 128 && name.bytes().all(plain) {
        name
    } else {
        "(unprintable)".into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::{call::fields, schema::Violation};

    fn check(path: &str, body: Value) -> (String, String) {
        let contract = Contract::embedded().unwrap();
        let operation = contract
            .operations()
            .iter()
            .find(|operation| operation.path == path)
            .unwrap();
        match check_body(contract, operation, &fields(body)) {
            Ok(()) => Default::default(),
            Err(error) => (
                error.error_code.into_owned(),
                error.message.unwrap().into_owned(),
            ),
        }
    }

    fn judged(path: &str, body: Value, code: &str, end: &str) {
        let (found, message) = check(path, body);
        assert_eq!(found, code, "{message}");
        assert!(message.ends_with(end), "{message}");
    }

    #[test]
    fn missing_fields_are_listed_together() {
        judged(
            "/processor/token/create",
            json!({ "processor": "dwolla" }),
            "MISSING_FIELDS",
            ": access_token, account_id",
        );
    }

    #[test]
    fn fields_of_fields_have_dotted_paths() {
        let body = json!({
            "client_name": "Shop", "language": "en", "country_codes": ["US"],
            "user": { "client_user_id": "1", "shoe_size": 43 },
        });
        judged(
            "/link/token/create",
            body,
            "UNKNOWN_FIELDS",
            ": user.shoe_size",
        );
        judged(
            "/transactions/sync",
            json!({ "access_token": "a", "account_id": "b" }),
            "UNKNOWN_FIELDS",
            ": account_id",
        );
    }

    #[test]
    fn a_field_is_unknown_if_no_part_of_a_joined_schema_has_it() {
        let path = "/transfer/originator/funding_account/create";
        let mut body = json!({
            "originator_client_id": "6a65dh3d1h0d1027121ak184",
            "funding_account": { "access_token": "a", "account_id": "b", "display_name": "c" },
        });
        assert_eq!(check(path, body.clone()), Default::default());
        body["funding_account"]["shoe_size"] = json!(43);
        judged(path, body, "UNKNOWN_FIELDS", ": funding_account.shoe_size");
    }

    #[test]
    fn wrong_values_say_what_is_wanted() {
        let field = |path, body, end| judged(path, body, "INVALID_FIELD", end);
        field(
            "/item/get",
            json!({ "access_token": 7 }),
            "access_token must be a string",
        );
        field(
            "/transactions/sync",
            json!({ "access_token": "a", "count": 501 }),
            "count must be at most 500",
        );
        field(
            "/transactions/sync",
            json!({ "access_token": "a", "options": null }),
            "options must be an object",
        );
        field(
            "/institutions/get",
            json!({ "count": 1, "offset": 0, "country_codes": ["XX"] }),
            "country_codes.0 must be one of the values that this endpoint accepts",
        );
        field(
            "/institutions/get",
            json!({ "count": 1, "offset": 0, "country_codes": [] }),
            "country_codes must be a non-empty array",
        );
    }

    #[test]
    fn every_rule_has_a_message_that_says_what_to_send() {
        let ten = json!(10);
        for (path, rule, message) in [
            (
                "a",
                Rule::Type(vec![Type::Null, Type::Integer]),
                "a must be null or an integer",
            ),
            ("a", Rule::UniqueItems, "a must not have an element twice"),
            ("a", Rule::MinProperties(1), "a must be a non-empty object"),
            ("a", Rule::MinProperties(2), "a must have at least 2 fields"),
            (
                "",
                Rule::MaxProperties(9),
                "the request body must have at most 9 fields",
            ),
            ("a.0", Rule::Minimum(&ten), "a.0 must be at least 10"),
            ("a", Rule::Format("email"), "a must be a well-formed email"),
            ("a b", Rule::AnyOf, "(unprintable) is invalid"),
            (
                "a",
                Rule::Checkable,
                "a is nested too deeply or has too many parts",
            ),
        ] {
            let wrong = Some(Violation {
                path: path.to_owned(),
                rule,
            });
            let error = judge(Violations {
                wrong,
                ..Violations::default()
            })
            .unwrap_err();
            assert_eq!(error.message.unwrap(), message);
        }
    }

    #[test]
    fn anonymous_operations_take_no_credentials() {
        judged(
            "/categories/get",
            json!({ "client_id": "x" }),
            "UNKNOWN_FIELDS",
            ": client_id",
        );
        assert_eq!(check("/categories/get", json!({})), Default::default());
    }

    #[test]
    fn nothing_of_the_caller_is_repeated_that_is_no_field_name() {
        judged(
            "/item/get",
            json!({ "access_token": "a", "access-sandbox-1": 1 }),
            "UNKNOWN_FIELDS",
            ": (unprintable)",
        );
        let many: Map<_, _> = (0..100)
            .map(|number| (format!("f{number:03}"), Value::Null))
            .collect();
        let (_, message) = check("/categories/get", Value::Object(many));
        assert!(message.ends_with("f019, ..."), "{message}");
    }

    #[test]
    fn content_types_are_compared_as_media_types() {
        for yes in [
            "application/json",
            "Application/JSON; charset=utf-8",
            " application/json ;q=1",
        ] {
            assert!(is_json(yes), "{yes}");
        }
        for no in [
            "",
            "text/plain",
            "application/jsonp",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!is_json(no), "{no}");
        }
    }
}
