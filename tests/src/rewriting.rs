//! What has to hold for the gateway's rewriting of bodies, whatever it is given.
#![allow(clippy::panic, clippy::expect_used, reason = "a finding is a panic")]

use bytes::Bytes;
use plaid_gateway::rewrite::{CREDENTIALS, OAUTH_CREDENTIALS, rewrite};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Takes credentials out of any bytes, and puts others in.
///
/// # Panics
/// - When credentials are left, or something else is gone, moved or changed.
/// - When an object is refused that every parser reads alike.
pub fn check(body: &[u8]) {
    let body = Bytes::copy_from_slice(body);
    for names in [&CREDENTIALS[..], &OAUTH_CREDENTIALS[..]] {
        for added in [&[][..], &[("client_id", "a\"b"), ("secret", "\\\u{7}")][..]] {
            check_with(&body, names, added);
        }
    }
}

fn check_with(body: &Bytes, names: &[&str], added: &[(&str, &str)]) {
    let before: Result<Members, _> = serde_json::from_slice(body);
    let (out, before) = match (rewrite(body, names, added), before) {
        (Ok(out), Ok(before)) => (out, before.0),
        (Ok(_), Err(error)) => panic!("what is no object of names was taken: {error}"),
        (Err(problem), Ok(_)) => panic!("an object was refused: {problem}"),
        (Err(_), Err(_)) => return,
    };
    let after: Members = serde_json::from_slice(&out).expect("no object was made");
    let kept = before
        .iter()
        .filter(|(name, _)| !is_credential(name, names));
    let kept: Vec<_> = kept.cloned().collect();
    let (head, rest) = after.0.split_at(added.len());
    assert_eq!(rest, kept, "something else was changed");
    for ((name, value), (wanted, text)) in head.iter().zip(added) {
        let read: String = serde_json::from_str(value).expect("a string was put in");
        assert_eq!((name.as_str(), read.as_str()), (*wanted, *text));
    }
    if added.is_empty() && kept.len() == before.len() {
        assert_eq!(out, body, "nothing was to change");
    }
    let again = rewrite(&out, names, added).expect("what was made is refused");
    assert_eq!(again, out, "a second time changes something");
}

/// By another way than the gateway's: capital letters are those of `ſ` too.
fn is_credential(name: &str, names: &[&str]) -> bool {
    let upper = |text: &str| -> String {
        let letters = text.chars().map(|c| {
            if c == 'ſ' {
                'S'
            } else {
                c.to_ascii_uppercase()
            }
        });
        letters.collect()
    };
    names.iter().any(|wanted| upper(wanted) == upper(name))
}

/// The members of an object with what their names mean and how their values are written.
struct Members(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    let _: IgnoredAny =
                        serde_json::from_str(value.get()).map_err(serde::de::Error::custom)?;
                    members.push((name, value.get().to_owned()));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    /// Something like JSON, with what is dangerous in it more often than by chance.
    fn text() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            Just("\"client_id\"".to_owned()),
            Just("\"secret\"".to_owned()),
            Just("\"\\u0073ecret\"".to_owned()),
            Just("\"Client\\u005Fid\"".to_owned()),
            Just("\"client_secret\"".to_owned()),
            Just("\"\u{17f}ecret\"".to_owned()),
            Just("\"\\ud800\"".to_owned()),
            "\"[a-z\\\\\"]{0,4}\"",
            "-?[0-9]{1,3}(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
            "[{}\\[\\]:, \\t\\n]",
            Just("null".to_owned()),
        ];
        prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
    }

    fn name() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("client_id".to_owned()),
            Just("SECRET".to_owned()),
            Just("\\u0063lient_id".to_owned()),
            Just("client_secret".to_owned()),
            "[a-z_]{0,3}",
        ]
    }

    fn value() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?",
            "\"[a-z ]{0,5}\"",
            Just("\"\\\"}\"".to_owned()),
            Just("null".to_owned()),
        ];
        leaf.prop_recursive(3, 12, 3, object)
    }

    fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
        let member = (name(), "[ \\n]{0,2}", value, "[ \\t]{0,2}")
            .prop_map(|(name, before, value, after)| format!("{before}\"{name}\":{value}{after}"));
        prop::collection::vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(",")))
    }

    proptest! {
        #[test]
        fn bodies_come_through_without_credentials_and_otherwise_unchanged(body in object(value())) {
            super::check(body.as_bytes());
        }

        #[test]
        fn texts_that_are_nearly_json_are_refused_or_come_through(body in text()) {
            super::check(body.as_bytes());
        }

        #[test]
        fn any_bytes_are_refused_or_come_through(body in prop::collection::vec(any::<u8>(), 0..64)) {
            super::check(&body);
        }
    }
}
