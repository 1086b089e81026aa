//! Keeps tokens, credentials and account numbers out of what people read.
//!
//! Plaid's error messages quote what the caller sent. Whoever logs an error must
//! not thereby log an access token.

use std::fmt;

use plaid_gen::wire::Secret;

/// Stands where something was taken out.
const MASK: &str = "[redacted]";
/// A message longer than this is cut.
const MAX_CHARS: usize = 500;
/// What is looked at before cutting: masking makes a text shorter.
const MAX_BYTES: usize = 4_000;
/// The longest id of a request that is taken for one.
const MAX_ID_LEN: usize = 128;
/// From here on a run of letters and digits is taken for an id or a key.
const OPAQUE_LEN: usize = 24;
/// From here on a run of digits is taken for the number of an account.
const DIGITS_LEN: usize = 6;
/// What stands in the middle of every token of Plaid's.
const ENVIRONMENTS: [&str; 3] = ["-sandbox-", "-production-", "-development-"];

/// Cleans text that came over the network.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    /// The client's own credentials.
    known: Vec<Secret>,
}

impl Redactor {
    pub(crate) fn new(known: Vec<Secret>) -> Self {
        Self { known }
    }

    /// The text on one line, shortened, with everything masked that looks like a
    /// secret.
    pub(crate) fn clean(&self, text: &str) -> String {
        let mut text = whole_words(text).to_owned();
        for secret in &self.known {
            text = text.replace(secret.expose_secret(), MASK);
        }
        shorten(&mask_words(&text))
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

/// The text, if it can be printed as the id of a request.
///
/// Ids are opaque, so the rules for messages would mask every one of them.
pub(crate) fn id(text: &str) -> Option<&str> {
    let is_plain = text.bytes().all(|b| b.is_ascii_graphic());
    let is_id = is_plain && (1..=MAX_ID_LEN).contains(&text.len()) && token_kind(text).is_none();
    is_id.then_some(text)
}

/// The beginning of the text, without a word that the cut would go through: half
/// a secret would not be recognised.
fn whole_words(text: &str) -> &str {
    if text.len() <= MAX_BYTES {
        return text;
    }
    let cut = (0..=MAX_BYTES).rfind(|&end| text.is_char_boundary(end));
    let head = &text[..cut.unwrap_or(0)];
    head.rfind(char::is_whitespace)
        .map_or("", |end| &head[..end])
}

fn mask_words(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if let Some(end) = grouped_number(rest) {
            masked.push_str(MASK);
            rest = &rest[end..];
        } else if end == 0 {
            masked.push(if first.is_control() { ' ' } else { first });
            rest = &rest[first.len_utf8()..];
        } else {
            let (word, tail) = rest.split_at(end);
            push_word(&mut masked, word);
            rest = tail;
        }
    }
    masked
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '-' || c == '_'
}

fn push_word(out: &mut String, word: &str) {
    if let Some(kind) = token_kind(word) {
        out.push_str(kind);
        out.push_str(MASK);
    } else if is_opaque(word) {
        out.push_str(MASK);
    } else {
        out.push_str(word);
    }
}

/// The harmless beginning of a token: `access-sandbox-`.
fn token_kind(word: &str) -> Option<&str> {
    let lower = word.to_ascii_lowercase();
    let end = ENVIRONMENTS
        .iter()
        .find_map(|name| lower.find(name).map(|start| start + name.len()))?;
    (end < word.len()).then(|| &word[..end])
}

fn is_opaque(word: &str) -> bool {
    is_long_number(word) || is_iban(word) || is_key(word) || is_uuid(word) || is_stripe_token(word)
}

/// The number of an account or a card; not a date.
fn is_long_number(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let only_digits = word.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    only_digits && digits >= DIGITS_LEN && !is_date(word)
}

/// A country, two check digits, and the account; shorter than any other key.
fn is_iban(word: &str) -> bool {
    let bytes = word.as_bytes();
    (15..=34).contains(&bytes.len())
        && bytes.iter().all(u8::is_ascii_alphanumeric)
        && bytes.iter().take(2).all(u8::is_ascii_alphabetic)
        && bytes.iter().skip(2).take(2).all(u8::is_ascii_digit)
}

/// The length of the number at the start of a text that is written in groups of
/// four, as people write IBANs and cards.
fn grouped_number(text: &str) -> Option<usize> {
    let (mut joined, mut end) = (String::new(), 0);
    for group in text.split(' ') {
        let stop = group.find(|c: char| !c.is_ascii_alphanumeric());
        let (group, is_last) = (&group[..stop.unwrap_or(group.len())], stop.is_some());
        if !is_group(group, joined.is_empty()) {
            break;
        }
        joined.push_str(group);
        end += group.len() + usize::from(end > 0);
        if is_last || group.len() < 4 {
            break;
        }
    }
    let is_number = joined.len() >= 12 && joined.bytes().all(|b| b.is_ascii_digit());
    (is_number || is_iban(&joined)).then_some(end)
}

/// Only the last group may be shorter than four.
fn is_group(group: &str, is_first: bool) -> bool {
    (1..=4).contains(&group.len())
        && (!is_first || group.len() == 4)
        && group
            .bytes()
            .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

fn is_date(word: &str) -> bool {
    let lens: Vec<usize> = word.split('-').map(str::len).collect();
    lens == [4, 2, 2]
}

/// A client id, a secret, an id of an Item or an account.
fn is_key(word: &str) -> bool {
    word.len() >= OPAQUE_LEN
        && word.bytes().all(|b| b.is_ascii_alphanumeric())
        && word.bytes().any(|b| b.is_ascii_digit())
}

fn is_uuid(word: &str) -> bool {
    let lens: Vec<usize> = word.split('-').map(str::len).collect();
    lens.ends_with(&[8, 4, 4, 4, 12])
}

fn is_stripe_token(word: &str) -> bool {
    word.starts_with("btok_")
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        Redactor::new(vec!["s3cr3t".into()]).clean(text)
    }

    #[test]
    fn masks_what_looks_like_a_secret() {
        let cases = [
            (
                "token access-sandbox-8ab976e6-64bc-4b38 is bad",
                "token access-sandbox-[redacted] is bad",
            ),
            (
                "'processor-sandbox-0asd1-a92nc'",
                "'processor-sandbox-[redacted]'",
            ),
            (
                "payment-id-production-x.",
                "payment-id-production-[redacted].",
            ),
            ("a=s3cr3t,b", "a=[redacted],b"),
            (
                "account 123456789 and 20-00-00",
                "account [redacted] and [redacted]",
            ),
            ("btok_1Abc", "[redacted]"),
            ("5f1b2c3d4e5f6a7b8c9d0e1f", "[redacted]"),
            ("8ab976e6-64bc-4b38-98f7-731e7a349970", "[redacted]"),
        ];
        for (text, expected) in cases {
            assert_eq!(clean(text), expected);
        }
    }

    #[test]
    fn leaves_the_rest_alone() {
        let plain = "the following required fields are missing: client_id, personal_finance_category_version_2";
        assert_eq!(clean(plain), plain);
        assert_eq!(
            clean("start_date is after 2024-05-31"),
            "start_date is after 2024-05-31"
        );
    }

    #[test]
    fn is_one_short_line() {
        assert_eq!(clean("a\nb\u{1b}[31m"), "a b [31m");
        assert_eq!(clean(&"é ".repeat(9_999)).chars().count(), MAX_CHARS + 1);
        assert_eq!(clean(&"x1".repeat(9_999)), "");
    }
}
