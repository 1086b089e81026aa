//! Takes the caller's credentials out of a JSON body and puts the gateway's in, and
//! leaves every other byte as it is.
//!
//! The body is not read into values and written again: that would change numbers,
//! and an amount has to reach Plaid as its sender wrote it.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Why a body is not forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It is not JSON, or not one value alone.
    #[error("the body is not JSON")]
    NotJson,
    /// It is another value than an object, or none.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// A name has half of a surrogate pair in it. What another parser takes it for
    /// cannot be known.
    #[error("a name in the body is not Unicode text")]
    Name,
}

/// The names under which a body may hold credentials.
pub const CREDENTIALS: [&str; 2] = ["client_id", "secret"];
/// The same for the operations of OAuth, which have a name more.
pub const OAUTH_CREDENTIALS: [&str; 3] = ["client_id", "secret", "client_secret"];

/// Removes the fields `names` of the outermost object, however they are written and
/// however often, and adds the fields of `added` with strings as their values.
///
/// A body in which there is nothing to change is returned as it is, without a copy.
///
/// Case does not matter to some parsers, so it does not matter here.
///
/// # Errors
/// When the body is not one JSON object that every parser reads alike.
///
/// ```
/// use plaid_gateway::rewrite::{CREDENTIALS, rewrite};
///
/// let body = r#"{"secret": "of the caller", "amount": 1.10}"#.into();
/// let body = rewrite(&body, &CREDENTIALS, &[])?;
/// assert_eq!(body, r#"{ "amount": 1.10}"#);
/// # Ok::<(), plaid_gateway::rewrite::Problem>(())
/// ```
pub fn rewrite(body: &Bytes, names: &[&str], added: &[(&str, &str)]) -> Result<Bytes, Problem> {
    let start = body.iter().position(|b| !b.is_ascii_whitespace());
    let start = start.ok_or(Problem::NotAnObject)?;
    let members: Members<'_> = serde_json::from_slice(body).map_err(|_| match body[start] {
        b'{' => Problem::NotJson,
        _ => Problem::NotAnObject,
    })?;
    let mut kept = Vec::with_capacity(members.0.len());
    let mut from = start + 1;
    for (name, value) in &members.0 {
        let end = delimiter(body, offset(body, value) + value.get().len());
        if !is_one_of(&decoded(name)?, names) {
            kept.push(&body[from..end]);
        }
        from = end + 1;
    }
    if kept.len() == members.0.len() && added.is_empty() {
        return Ok(body.clone());
    }
    Ok(written(body, start, &kept, added))
}

fn written(body: &[u8], start: usize, kept: &[&[u8]], added: &[(&str, &str)]) -> Bytes {
    let end = body.iter().rposition(|b| *b == b'}').unwrap_or(body.len());
    let extra: usize = added.iter().map(|(n, v)| n.len() + 2 * v.len() + 8).sum();
    let mut out = Vec::with_capacity(body.len() + extra);
    out.extend_from_slice(&body[..=start]);
    let mut is_first = true;
    for (name, value) in added {
        separate(&mut out, &mut is_first);
        for (text, after) in [(name, ":"), (value, "")] {
            out.extend_from_slice(quoted(text).as_bytes());
            out.extend_from_slice(after.as_bytes());
        }
    }
    for member in kept {
        separate(&mut out, &mut is_first);
        out.extend_from_slice(member);
    }
    out.extend_from_slice(&body[end..]);
    out.into()
}

fn separate(out: &mut Vec<u8>, is_first: &mut bool) {
    if !std::mem::replace(is_first, false) {
        out.push(b',');
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Where a part of the body begins in it.
fn offset(body: &[u8], part: &RawValue) -> usize {
    part.get().as_ptr().addr() - body.as_ptr().addr()
}

/// The comma or brace that comes after a value.
fn delimiter(body: &[u8], end: usize) -> usize {
    let rest = &body[end..];
    let space = rest.iter().position(|b| !b.is_ascii_whitespace());
    end + space.unwrap_or(rest.len())
}

/// What a name means, without its quotes and escapes.
fn decoded(name: &RawValue) -> Result<Cow<'_, str>, Problem> {
    let text = name.get();
    match text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
        _ => serde_json::from_str(text)
            .map(Cow::Owned)
            .map_err(|_| Problem::Name),
    }
}

/// Go's parser, to name one, takes names of another case, and folds case as Unicode
/// does: `ſecret` is `secret` to it.
fn is_one_of(name: &str, names: &[&str]) -> bool {
    let is_same = |wanted: &&str| {
        let mut wanted = wanted.chars();
        let folded = |c: char| {
            if c == 'ſ' {
                's'
            } else {
                c.to_ascii_lowercase()
            }
        };
        name.chars().map(folded).eq(wanted.by_ref())
    };
    names.iter().any(is_same)
}

/// The members of the outermost object as they are written.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(body: &str) -> Result<String, Problem> {
        changed(body, &[])
    }

    fn changed(body: &str, added: &[(&str, &str)]) -> Result<String, Problem> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let out = rewrite(&body, &CREDENTIALS, added)?;
        Ok(String::from_utf8(out.to_vec()).unwrap())
    }

    #[test]
    fn credentials_are_removed_however_they_are_written() {
        for body in [
            r#"{"client_id":"planted"}"#,
            r#"{"secret":"planted","client_id":"planted"}"#,
            r#"{"secret":"planted","secret":"planted"}"#,
            r#"{"client\u005fid":"planted"}"#,
            r#"{"\u0073\u0065\u0063\u0072\u0065\u0074":"planted"}"#,
            r#"{"SECRET":"planted","Client_Id":"planted"}"#,
            r#"{"ſecret":"planted"}"#,
            r#"{"\u017fecret":"planted"}"#,
            r#"{"secret":{"a":["planted"]}}"#,
            r#"{"secret" : "planted" , "client_id" :["planted"]}"#,
        ] {
            let out = stripped(body).unwrap();
            let rest: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(&out).unwrap();
            assert!(rest.is_empty(), "{body} became {out}");
        }
    }

    #[test]
    fn everything_else_stays_byte_for_byte() {
        for body in [
            "{}",
            " {\t} \n",
            r#"{"amount":1.10,"big":123456789012345678901234567890.12}"#,
            r#"{"amount":1E400,"amount":-0.0}"#,
            r#"{"user":{"secret":"kept","client_id":"kept"},"list":[{"secret":1}]}"#,
            r#"{"secrets":"kept","client_ids":1,"secret_":2,"":3}"#,
            r#"{"text":"\u0061\/\ud83d\ude00"}"#,
        ] {
            assert_eq!(stripped(body).as_deref(), Ok(body), "{body}");
        }
        assert_eq!(
            stripped(r#" { "a": 1.10 , "secret": "x" , "b" :[ 2 ] } "#).as_deref(),
            Ok(r#" { "a": 1.10 , "b" :[ 2 ] } "#),
        );
        assert_eq!(
            stripped(r#"{"secret":1,"a":{"secret":2},"client_id":3}"#).as_deref(),
            Ok(r#"{"a":{"secret":2}}"#),
        );
    }

    #[test]
    fn what_is_put_in_comes_first_and_is_quoted() {
        let added = [("client_id", "a\"b"), ("secret", "c\\d\u{1}")];
        let head = r#""client_id":"a\"b","secret":"c\\d\u0001""#;
        for (body, expected) in [
            ("{}", format!("{{{head}}}")),
            (r#"{"secret":"x"}"#, format!("{{{head}}}")),
            (r#"{"a":1,"secret":"x"}"#, format!("{{{head},\"a\":1}}")),
        ] {
            assert_eq!(changed(body, &added).as_ref(), Ok(&expected), "{body}");
        }
    }

    #[test]
    fn nothing_is_copied_when_nothing_changes() {
        let body = Bytes::from_static(b"{\"a\":1}");
        let out = rewrite(&body, &CREDENTIALS, &[]).unwrap();
        assert_eq!(out.as_ptr(), body.as_ptr());
    }

    #[test]
    fn what_parsers_could_read_in_two_ways_is_refused() {
        for (body, problem) in [
            ("", Problem::NotAnObject),
            ("  ", Problem::NotAnObject),
            ("[]", Problem::NotAnObject),
            ("\"a\"", Problem::NotAnObject),
            ("null", Problem::NotAnObject),
            ("{", Problem::NotJson),
            ("{} {}", Problem::NotJson),
            ("{},", Problem::NotJson),
            (r#"{"a":1,}"#, Problem::NotJson),
            (r"{'secret':1}", Problem::NotJson),
            (r#"{/**/"secret":1}"#, Problem::NotJson),
            (r#"{"a":01}"#, Problem::NotJson),
            (r#"{"a":NaN}"#, Problem::NotJson),
            ("{\"a\nb\":1}", Problem::NotJson),
            ("\u{feff}{}", Problem::NotAnObject),
            (r#"{"\ud800secret":1}"#, Problem::Name),
        ] {
            assert_eq!(stripped(body), Err(problem), "{body}");
        }
        let latin = Bytes::from_static(b"{\"a\":\"\xe4\"}");
        assert_eq!(rewrite(&latin, &CREDENTIALS, &[]), Err(Problem::NotJson));
    }

    #[test]
    fn deep_nesting_is_no_danger() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(stripped(&deep).as_deref(), Ok(deep.as_str()));
    }
}
