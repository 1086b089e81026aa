//! Watches an answer go by: it must not hold the gateway's credentials, and somewhere in
//! it is the request id that the log wants.

use std::fmt;
use std::sync::{Arc, LazyLock};

use bytes::{BufMut, Bytes, BytesMut};
use memchr::memchr_iter;
use memchr::memmem::{Finder, FinderRev};

use crate::credentials::Credentials;

/// Credentials are longer. What is shorter would be found where nobody put it.
const SHORTEST: usize = 8;
const FIELD: &[u8] = b"\"request_id\"";
static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(FIELD));
static BACKWARDS: LazyLock<FinderRev<'static>> = LazyLock::new(|| FinderRev::new(FIELD));
/// Longer than any request id with its name.
const WINDOW: usize = 128;

/// What an answer must not hold.
#[derive(Clone)]
pub(crate) struct Needles(Arc<[Finder<'static>]>);

/// Products with answers that hold client ids: of the caller's own team, or of one that
/// it is responsible for.
const WITH_IDS: [&str; 3] = ["oauth", "partner", "transfer"];

/// The needles of a gateway.
#[derive(Debug)]
pub(crate) struct Guarded {
    all: Needles,
    /// For answers that rightly name the team that asks.
    secret: Needles,
}

impl Guarded {
    pub(crate) fn new(credentials: Option<&Credentials>) -> Self {
        let secret = credentials.map(Credentials::secret);
        let id = credentials.map(Credentials::client_id);
        Self {
            all: Needles::of(secret.into_iter().chain(id)),
            secret: Needles::of(secret),
        }
    }

    /// Those that hold for the answers of a product.
    pub(crate) fn of_product(&self, product: &str) -> Needles {
        match WITH_IDS.contains(&product) {
            true => self.secret.clone(),
            false => self.all.clone(),
        }
    }
}

impl Needles {
    fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let long = texts.into_iter().filter(|text| text.len() >= SHORTEST);
        Self(long.map(|text| Finder::new(text).into_owned()).collect())
    }

    pub(crate) fn is_in(&self, text: &[u8]) -> bool {
        self.0.iter().any(|needle| needle.find(text).is_some())
    }

    /// How many of the last bytes could be the beginning of a needle.
    fn held(&self, text: &[u8]) -> usize {
        let of = |needle: &Finder<'static>| {
            let needle = needle.needle();
            let tail = &text[text.len() - text.len().min(needle.len() - 1)..];
            let mut starts = memchr_iter(needle[0], tail).map(|start| &tail[start..]);
            let start = starts.find(|start| needle.starts_with(start));
            start.map_or(0, <[u8]>::len)
        };
        self.0.iter().map(of).max().unwrap_or(0)
    }
}

impl fmt::Debug for Needles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Needles(..)")
    }
}

/// The gateway's credentials are in the answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Leak;

/// Watches one answer.
#[derive(Debug)]
pub(crate) struct Watch {
    needles: Needles,
    /// What could be the beginning of a needle, held back until more is known.
    held: Bytes,
    ids: Option<Ids>,
}

#[derive(Debug, Default)]
struct Ids {
    last: Option<String>,
    tail: Vec<u8>,
}

impl Watch {
    pub(crate) fn new(needles: Needles, is_json: bool) -> Self {
        Self {
            needles,
            held: Bytes::new(),
            ids: is_json.then(Ids::default),
        }
    }

    /// Takes the next piece and returns what may be passed on.
    pub(crate) fn push(&mut self, piece: Bytes) -> Result<Bytes, Leak> {
        if let Some(ids) = &mut self.ids {
            ids.look(&piece);
        }
        let mut text = join(std::mem::take(&mut self.held), piece);
        if self.needles.is_in(&text) {
            return Err(Leak);
        }
        let held = self.needles.held(&text);
        self.held = text.split_off(text.len() - held);
        Ok(text)
    }

    /// What is left when the answer has ended.
    pub(crate) fn finish(&mut self) -> Bytes {
        std::mem::take(&mut self.held)
    }

    /// The request id of the answer so far.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.ids.as_ref()?.last.as_deref()
    }
}

pub(crate) fn join(first: Bytes, second: Bytes) -> Bytes {
    if first.is_empty() {
        return second;
    }
    if second.is_empty() {
        return first;
    }
    let mut both = BytesMut::with_capacity(first.len() + second.len());
    both.put(first);
    both.put(second);
    both.freeze()
}

impl Ids {
    /// Objects within an answer may have a request id too; its own mostly comes last.
    fn look(&mut self, piece: &[u8]) {
        let seam = piece.len().min(WINDOW);
        let is_first = self.tail.is_empty();
        self.tail.extend_from_slice(&piece[..seam]);
        // What is within the first piece is found in it as a whole.
        if !is_first || piece.len() <= seam {
            self.last = last_id(&self.tail).or(self.last.take());
        }
        if piece.len() > seam {
            self.last = last_id(piece).or(self.last.take());
            self.tail.clear();
            self.tail.extend_from_slice(&piece[piece.len() - WINDOW..]);
        }
        let surplus = self.tail.len().saturating_sub(WINDOW);
        self.tail.drain(..surplus);
    }
}

fn last_id(text: &[u8]) -> Option<String> {
    // Mostly it is near the end, and a search forwards is the faster one.
    let before_end = text.len().saturating_sub(WINDOW);
    let near = FINDER.find_iter(&text[before_end..]).last();
    let near = near.map(|at| before_end + at);
    let after = &text[near.or_else(|| BACKWARDS.rfind(text))? + FIELD.len()..];
    let after = after.trim_ascii_start().strip_prefix(b":")?;
    let value = after.trim_ascii_start().strip_prefix(b"\"")?;
    let end = value.iter().position(|b| *b == b'"')?;
    plain_id(&value[..end])
}

/// A request id that can stand in a log.
pub(crate) fn plain_id(text: &[u8]) -> Option<String> {
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let is_id = (1..=64).contains(&text.len()) && text.iter().all(is_plain);
    let text = std::str::from_utf8(text).ok().filter(|_| is_id)?;
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "planted-planted-secret";

    fn guarded() -> Guarded {
        Guarded::new(Credentials::new("planted-client-id", SECRET).ok().as_ref())
    }

    /// What passes of a text that arrives in these pieces.
    fn watched(pieces: &[&[u8]]) -> Result<(Vec<u8>, Option<String>), Vec<u8>> {
        let mut watch = Watch::new(guarded().of_product("accounts"), true);
        let mut out = Vec::new();
        for piece in pieces {
            match watch.push(Bytes::copy_from_slice(piece)) {
                Ok(passed) => out.extend_from_slice(&passed),
                Err(Leak) => return Err(out),
            }
        }
        out.extend_from_slice(&watch.finish());
        Ok((out, watch.request_id().map(str::to_owned)))
    }

    /// The text in pieces that end at these places.
    fn cut<'a>(text: &'a [u8], at: &[usize]) -> Vec<&'a [u8]> {
        let mut ends: Vec<usize> = at.iter().map(|at| at % (text.len() + 1)).collect();
        ends.sort_unstable();
        ends.push(text.len());
        let mut from = 0;
        let mut piece = |end| &text[std::mem::replace(&mut from, end)..end];
        ends.into_iter().map(&mut piece).collect()
    }

    proptest! {
        #[test]
        fn an_answer_passes_unchanged_in_whatever_pieces_it_comes(
            text in "(planted|-|secret|[a-z\"{}]){0,40}", at in prop::collection::vec(any::<usize>(), 0..6),
        ) {
            prop_assume!(!text.contains(SECRET) && !text.contains("planted-client-id"));
            let out = watched(&cut(text.as_bytes(), &at)).unwrap().0;
            prop_assert_eq!(out, text.as_bytes());
        }

        #[test]
        fn a_secret_is_cut_off_before_its_last_byte(
            before in "[a-z-]{0,30}", after in "[a-z]{0,30}",
            at in prop::collection::vec(any::<usize>(), 0..6),
        ) {
            let text = format!("{before}{SECRET}{after}");
            let out = watched(&cut(text.as_bytes(), &at)).unwrap_err();
            prop_assert!(out.len() < before.len() + SECRET.len());
        }

        #[test]
        fn the_request_id_is_found_in_whatever_pieces_it_comes(
            filling in "[a-z]{0,300}", at in prop::collection::vec(any::<usize>(), 0..6),
        ) {
            let text = format!(
                "{{\"a\":{{\"request_id\":\"other\"}},\"b\":\"{filling}\",\n\"request_id\": \"abc123\"}}"
            );
            let id = watched(&cut(text.as_bytes(), &at)).unwrap().1;
            prop_assert_eq!(id.as_deref(), Some("abc123"));
        }
    }

    #[test]
    fn what_is_no_id_is_not_taken_for_one() {
        for text in [
            "\"request_id\": 5",
            "\"request_id\": \"a b\"",
            "\"request_id\"",
        ] {
            assert_eq!(watched(&[text.as_bytes()]).unwrap().1, None, "{text}");
        }
    }

    #[test]
    fn client_ids_are_let_through_where_answers_hold_them() {
        let guarded = guarded();
        let text = b"\"client_id\":\"planted-client-id\"";
        assert!(guarded.of_product("accounts").is_in(text));
        assert!(!guarded.of_product("oauth").is_in(text));
        assert!(guarded.of_product("oauth").is_in(SECRET.as_bytes()));
    }
}
