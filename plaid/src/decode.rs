//! Where and why an answer does not fit its type.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::redact::Redactor;

/// The kinds of value that serde names before it quotes the value.
const KINDS: [&str; 13] = [
    "string",
    "integer",
    "floating point",
    "boolean",
    "character",
    "null",
    "map",
    "sequence",
    "unit",
    "Option",
    "byte array",
    "a string",
    "a number",
];

/// The place in an answer that does not fit.
#[derive(Debug)]
pub(crate) struct Misfit {
    pub(crate) path: String,
    pub(crate) reason: String,
}

/// Finds the place, by decoding once more and keeping count.
///
/// Counting makes decoding slower, so it is done only for an answer that has
/// failed already.
pub(crate) fn locate<T: DeserializeOwned>(body: &[u8], first: &serde_json::Error) -> Misfit {
    let mut reader = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Err(error) => Misfit {
            path: readable(&error.path().to_string()),
            reason: reason(error.inner()),
        },
        // What failed came after the value.
        Ok(_) => Misfit {
            path: readable("."),
            reason: reason(first),
        },
    }
}

/// Keys of maps come from the answer, so they are cleaned like any text.
fn readable(path: &str) -> String {
    match path {
        "." => "the top level".to_owned(),
        "?" => "its end".to_owned(),
        _ => Redactor::default().clean(path),
    }
}

/// serde's message without the value that it quotes.
fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let message = match message.rfind(" at line ") {
        Some(end) => &message[..end],
        None => &message,
    };
    match error.classify() {
        Category::Data => data_reason(message),
        Category::Syntax | Category::Eof | Category::Io => message.to_owned(),
    }
}

fn data_reason(message: &str) -> String {
    if let Some(found) = message.strip_prefix("invalid type: ") {
        return mismatch(found, "found");
    }
    if let Some(found) = message.strip_prefix("invalid value: ") {
        return mismatch(found, "found an unsuitable");
    }
    // These two quote what the type has, not what the answer has.
    if message.starts_with("missing field ") || message.starts_with("duplicate field ") {
        return message.to_owned();
    }
    if message.starts_with("unknown variant ") {
        return "an unknown variant".to_owned();
    }
    if message.starts_with("unknown field ") {
        return "an unknown field".to_owned();
    }
    if message.starts_with("expected ") || message.starts_with("invalid length ") {
        return before_quote(message);
    }
    "a value that the type does not take".to_owned()
}

/// Both halves of "string "secret", expected a number", without the quote.
fn mismatch(message: &str, found: &str) -> String {
    let Some((value, expected)) = message.rsplit_once(", expected ") else {
        return "a value of another type".to_owned();
    };
    let kind = KINDS.iter().find(|kind| value.starts_with(**kind));
    let expected = before_quote(expected);
    format!("expected {expected}, {found} {}", kind.unwrap_or(&"value"))
}

fn before_quote(text: &str) -> String {
    let end = text.find(['"', '`', '\'', ':']).unwrap_or(text.len());
    Redactor::default().clean(text[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only decoded")]
    struct Account {
        name: String,
        balance: Option<i64>,
        #[serde(default)]
        kind: Kind,
    }

    #[derive(Debug, Default, Deserialize)]
    enum Kind {
        #[default]
        Open,
    }

    fn misfit(body: &str) -> (String, String) {
        type Accounts = BTreeMap<String, Vec<Account>>;
        let first = serde_json::from_str::<Accounts>(body).unwrap_err();
        let misfit = locate::<Accounts>(body.as_bytes(), &first);
        (misfit.path, misfit.reason)
    }

    #[test]
    fn names_the_place_and_not_the_value() {
        let (path, reason) =
            misfit(r#"{"accounts":[{"name":"a","balance":"access-1, expected x"}]}"#);
        assert_eq!(path, "accounts[0].balance");
        assert_eq!(reason, "expected i64, found string");

        let (path, reason) = misfit(r#"{"accounts":[{"balance":1}]}"#);
        assert_eq!(
            (path.as_str(), reason.as_str()),
            ("accounts[0]", "missing field `name`")
        );

        let (_, reason) = misfit(r#"{"accounts":[{"name":"a","kind":"planted"}]}"#);
        assert_eq!(reason, "an unknown variant");
    }

    #[test]
    fn tells_a_body_that_ends_early() {
        let (_, reason) = misfit(r#"{"accounts":[{"name":"pl"#);
        assert_eq!(reason, "EOF while parsing a string");
        assert_eq!(misfit("{").0, "its end");
        let (path, reason) = misfit("{} planted");
        assert_eq!(
            (path.as_str(), reason.as_str()),
            ("the top level", "trailing characters")
        );
    }

    #[test]
    fn masks_keys_that_look_like_secrets() {
        let (path, _) = misfit(r#"{"access-sandbox-12":[1]}"#);
        assert_eq!(path, "access-sandbox-[redacted][0]");
    }
}
