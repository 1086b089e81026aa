//! The formats of texts, as RFC 3339, RFC 3986, RFC 4122 and RFC 5321 have them.
//!
//! A library for addresses or URIs would come on top of what the emulator is built from,
//! and `url` and `http`, which it is built from, read what is not a URI (`a b`) or not all
//! of those that are (`mailto:anne@example.com`).

use std::net::{Ipv4Addr, Ipv6Addr};

use chrono::{DateTime, NaiveDate, Timelike, Utc};

/// Whether a text has a format. One that is not listed says nothing, as `url`, which is
/// no format of JSON Schema.
pub(super) fn has_format(text: &str, format: &str) -> bool {
    match format {
        "date" => is_date(text),
        "date-time" => is_date_time(text),
        "email" => is_email(text),
        "uri" => after_scheme(text).is_some_and(is_hierarchy),
        "uri-reference" => is_uri_reference(text),
        // The one of its forms that has this length.
        "uuid" => text.len() == 36 && uuid::Uuid::try_parse(text).is_ok(),
        _ => true,
    }
}

/// chrono reads more than `YYYY-MM-DD`.
fn is_date(text: &str) -> bool {
    let is_written = text.bytes().enumerate().all(|(index, byte)| match index {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    text.len() == 10 && is_written && text.parse::<NaiveDate>().is_ok()
}

/// chrono reads a space for the `T`, any minus sign, and a leap second in every minute.
fn is_date_time(text: &str) -> bool {
    let has_date = text
        .split_once(['T', 't'])
        .is_some_and(|(date, _)| is_date(date));
    let parsed = DateTime::parse_from_rfc3339(text).map(|time| time.with_timezone(&Utc));
    let is_regular = |time: DateTime<Utc>| {
        time.nanosecond() < 1_000_000_000 || (time.hour(), time.minute()) == (23, 59)
    };
    has_date && text.is_ascii() && parsed.is_ok_and(is_regular)
}

/// An address without a name before it. Names of hosts in another script (`xn--…`) are
/// not decoded.
fn is_email(text: &str) -> bool {
    text.rsplit_once('@')
        .is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain))
}

fn is_local_part(local: &str) -> bool {
    let quoted = local
        .strip_prefix('"')
        .and_then(|quoted| quoted.strip_suffix('"'));
    let is_atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let is_written = match quoted {
        Some(quoted) => is_quoted(quoted),
        None => local
            .split('.')
            .all(|atom| !atom.is_empty() && atom.bytes().all(is_atom)),
    };
    local.len() <= 64 && is_written
}

fn is_quoted(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let is_allowed = match byte {
            b'\\' => bytes.next().is_some_and(|byte| byte.is_ascii_graphic()),
            b'"' => false,
            byte => byte.is_ascii_graphic() || byte == b' ' || byte == b'\t',
        };
        if !is_allowed {
            return false;
        }
    }
    true
}

fn is_domain(domain: &str) -> bool {
    if let Some(literal) = domain
        .strip_prefix('[')
        .and_then(|literal| literal.strip_suffix(']'))
    {
        return match literal.split_at_checked(5) {
            Some((tag, address)) if tag.eq_ignore_ascii_case("IPv6:") => {
                address.parse::<Ipv6Addr>().is_ok()
            }
            _ => literal.parse::<Ipv4Addr>().is_ok(),
        };
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    domain.len() <= 253 && domain.split('.').all(is_label)
}

fn is_uri_reference(text: &str) -> bool {
    match after_scheme(text) {
        Some(rest) => is_hierarchy(rest),
        None => {
            // What is before a colon there would be read as a scheme.
            let first = text.split(['/', '?', '#']).next();
            !first.is_some_and(|first| first.contains(':')) && is_hierarchy(text)
        }
    }
}

/// What follows the scheme of a URI.
fn after_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme.then_some(rest)
}

/// Authority, path, query and fragment.
fn is_hierarchy(text: &str) -> bool {
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (text, query) = text.split_once('?').unwrap_or((text, ""));
    let (authority, path) = match text.strip_prefix("//") {
        Some(text) => text.split_at(text.find('/').unwrap_or(text.len())),
        None => ("", text),
    };
    is_authority(authority)
        && is_made_of(path, b":@/")
        && is_made_of(query, b":@/?")
        && is_made_of(fragment, b":@/?")
}

fn is_authority(authority: &str) -> bool {
    let (user, address) = authority.split_once('@').unwrap_or(("", authority));
    let (is_host, port) = match address
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((literal, port)) => (is_ip_literal(literal), port),
        None => {
            let (host, port) = address.split_at(address.find(':').unwrap_or(address.len()));
            (is_made_of(host, b""), port)
        }
    };
    let is_port = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    is_made_of(user, b":") && is_host && is_port
}

fn is_ip_literal(literal: &str) -> bool {
    let of_the_future = literal.strip_prefix(['v', 'V']);
    match of_the_future.and_then(|literal| literal.split_once('.')) {
        Some((version, address)) => {
            !version.is_empty()
                && version.bytes().all(|byte| byte.is_ascii_hexdigit())
                && !address.is_empty()
                && !address.contains('%')
                && is_made_of(address, b":")
        }
        None => literal.parse::<Ipv6Addr>().is_ok(),
    }
}

/// Whether a part of a URI has only what every part may have, and some more.
fn is_made_of(part: &str, more: &[u8]) -> bool {
    let mut bytes = part.bytes();
    let hexadecimal = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit());
    while let Some(byte) = bytes.next() {
        let is_allowed = match byte {
            b'%' => hexadecimal(bytes.next()) && hexadecimal(bytes.next()),
            byte => {
                byte.is_ascii_alphanumeric()
                    || b"-._~!$&'()*+,;=".contains(&byte)
                    || more.contains(&byte)
            }
        };
        if !is_allowed {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    /// Every text is held against every format.
    const TEXTS: [&str; 88] = [
        "",
        " ",
        "AAA",
        "2026-01-31",
        "2026-02-31",
        "2024-02-29",
        "2023-02-29",
        "0000-01-01",
        "2026-1-31",
        "2026-01-31 ",
        "+026-01-31",
        "20260131",
        "2026-01-3é",
        "2026-01-31T12:00:00Z",
        "2026-01-31t12:00:00z",
        "2026-01-31 12:00:00Z",
        "2026-01-31T12:00:00",
        "2026-01-31T12:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T12:60:00Z",
        "2026-01-31T12:00:00.123456789012+05:30",
        "2026-01-31T12:00:00.Z",
        "2026-01-31T12:00:00+0530",
        "2026-01-31T12:00:00+05",
        "2026-01-31T12:00:00-23:59",
        "2026-01-31T12:00:00+24:00",
        "2026-01-31T12:00:00+05:60",
        "2026-01-31T12:00:00\u{2212}05:00",
        "2026-01-31T12:00:00 Z",
        "2026-01-31T12:00:00Z ",
        "2016-12-31T23:59:60Z",
        "2016-12-31T23:59:60.5Z",
        "2016-12-31T12:00:60Z",
        "2017-01-01T01:59:60+02:00",
        "2016-12-31T23:59:60+02:00",
        "2016-12-31T23:59:61Z",
        "7c4e6d0b-6c53-4c19-b8cd-2f0f3f9a1f11",
        "7C4E6D0B-6C53-4C19-B8CD-2F0F3F9A1F11",
        "7c4e6d0b6c534c19b8cd2f0f3f9a1f11",
        "{7c4e6d0b-6c53-4c19-b8cd-2f0f3f9a1f11}",
        "7c4e6d0b-6c53-4c19-b8cd-2f0f3f9a1f1g",
        "7c4e6d0b6-c53-4c19-b8cd-2f0f3f9a1f11",
        "anne@example.com",
        "anne.o'neil+tag@mail.example.co.uk",
        "anne@localhost",
        "anne@127.0.0.1",
        "anne@[127.0.0.1]",
        "anne@[IPv6:::1]",
        "anne@[ipv6:::1]",
        "anne@[::1]",
        "anne",
        "@example.com",
        "anne@",
        "anne@example..com",
        "anne@-example.com",
        "anne@example-.com",
        "anne@example.com.",
        "anne@exa_mple.com",
        ".anne@example.com",
        "an..ne@example.com",
        "anne @example.com",
        "ann@e@example.com",
        "änne@example.com",
        "\"an ne\"@example.com",
        "\"an\\\"ne\"@example.com",
        "\"an\"ne\"@example.com",
        "\"\"@example.com",
        "\"@example.com",
        "https://example.com",
        "https://user:word@example.com:8080/a/b;c=1?d=e&f#g",
        "https://example.com:port/",
        "https://exa mple.com",
        "https://example.com/%2f",
        "https://example.com/%2",
        "https://example.com/{id}",
        "https://[::1]:80/",
        "https://[::1]x/",
        "https://[v1.a:b]/",
        "https://[::g]/",
        "https://a@b@c/",
        "https://exämple.com",
        "mailto:anne@example.com",
        "urn:isbn:0451450523",
        "1a:b",
        "a/b:c?d#e",
        "//example.com/a",
        "a#b#c",
        "\\\\share",
    ];

    #[test]
    fn formats_are_judged_as_by_an_independent_validator() {
        for format in [
            "date",
            "date-time",
            "email",
            "uri",
            "uri-reference",
            "uuid",
            "url",
            "double",
        ] {
            let judge = jsonschema::options()
                .should_validate_formats(true)
                .build(&json!({ "format": format }))
                .unwrap();
            for text in TEXTS {
                let valid = judge.is_valid(&json!(text));
                assert_eq!(has_format(text, format), valid, "{format} {text:?}");
            }
        }
    }

    #[test]
    fn the_longest_address_has_64_characters_before_its_host_and_253_in_it() {
        let label = "a".repeat(63);
        let host = [label.as_str(); 4].join(".");
        for (local, domain, valid) in [
            (64, &host[..253], true),
            (65, &host[..253], false),
            (64, &host[..254], false),
            (1, &format!("a{label}.com"), false),
        ] {
            let address = format!("{}@{domain}", "b".repeat(local));
            assert_eq!(is_email(&address), valid, "{address}");
        }
    }
}
