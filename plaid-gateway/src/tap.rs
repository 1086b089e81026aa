//! Looks at the heads of requests as they come in, before the HTTP library has made
//! sense of them.
//!
//! The library reads two lengths that are alike as one, and a length beside a chunked
//! body as none. Both are allowed; but a server in front of the gateway may have read
//! them in another way, and then the two do not agree where the next request begins.
//!
//! Public for the fuzzer, which holds it against the library's own reading.

use std::mem::MaybeUninit;

use httparse::Status;
use memchr::memchr_iter;

/// The headers that can be followed. No configuration allows more; a head with more is
/// not looked at and so not trusted.
pub(crate) const MAX_HEADERS: usize = 128;
/// The same for bytes.
pub(crate) const MAX_HEAD: usize = 64 * 1024;

/// Follows the requests of a connection.
#[derive(Debug)]
pub enum Tap {
    /// Within a head, of which so much has come.
    Head(Vec<u8>),
    /// Within a body that has so many bytes more.
    Body(u64),
    /// There is nothing to look at any more: it is HTTP/2, or the last request, or not
    /// HTTP at all.
    Blind,
}

/// What has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// All requests so far have come as a whole.
    Between,
    /// A head has begun and not ended.
    InHead,
    /// A request can be read in two ways.
    Ambiguous,
}

/// What the head of a request says of what comes next.
enum Next {
    Body(u64),
    Unknown,
    Ambiguous,
}

impl Default for Tap {
    fn default() -> Self {
        Self::Head(Vec::new())
    }
}

impl Tap {
    /// Looks at the next bytes.
    pub fn see(&mut self, mut bytes: &[u8]) -> Sight {
        loop {
            match self {
                Self::Blind => return Sight::Between,
                Self::Body(left) => {
                    let here = usize::try_from(*left)
                        .unwrap_or(usize::MAX)
                        .min(bytes.len());
                    bytes = &bytes[here..];
                    *left -= here as u64;
                    if *left > 0 {
                        return Sight::Between;
                    }
                    *self = Self::default();
                }
                Self::Head(seen) if bytes.is_empty() => {
                    return match seen.is_empty() {
                        true => Sight::Between,
                        false => Sight::InHead,
                    };
                }
                Self::Head(seen) => {
                    let before = seen.len();
                    let (end, next) = match before {
                        0 => parse(bytes),
                        _ => {
                            seen.extend_from_slice(bytes);
                            // A head that comes byte by byte is not parsed that often.
                            match has_end(&seen[before.saturating_sub(3)..]) {
                                true => parse(seen),
                                false => None,
                            }
                        }
                    }
                    .map_or((None, Next::Unknown), |(end, next)| (Some(end), next));
                    let Some(end) = end else {
                        if before == 0 {
                            seen.extend_from_slice(bytes);
                        }
                        // The library may take one that is a little longer than it says.
                        if seen.len() > MAX_HEAD {
                            *self = Self::Blind;
                            return Sight::Ambiguous;
                        }
                        return Sight::InHead;
                    };
                    bytes = bytes.get(end - before..).unwrap_or_default();
                    *self = match next {
                        Next::Body(length) => Self::Body(length),
                        Next::Unknown => Self::Blind,
                        Next::Ambiguous => {
                            *self = Self::Blind;
                            return Sight::Ambiguous;
                        }
                    };
                }
            }
        }
    }
}

fn has_end(text: &[u8]) -> bool {
    text.windows(2).any(|two| two == b"\n\n") || text.windows(3).any(|three| three == b"\n\r\n")
}

/// Where a head ends, if it does, and what comes after it.
fn parse(text: &[u8]) -> Option<(usize, Next)> {
    // Most heads have ten headers. To clear the room for all that there may be costs
    // more than to read those.
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(text, &mut headers) {
        Ok(Status::Partial) => None,
        Err(httparse::Error::TooManyHeaders) => Some((text.len(), Next::Ambiguous)),
        // HTTP/2, or something that the library, which uses the same parser, refuses.
        Err(_) => Some((text.len(), Next::Unknown)),
        Ok(Status::Complete(end)) => {
            // The library takes a fragment for nothing; it does not belong in a request.
            let has_fragment = request.path.is_some_and(|path| path.contains('#'));
            let next = match has_fragment || end > MAX_HEAD {
                true => Next::Ambiguous,
                false => next(&text[..end], request.headers),
            };
            Some((end, next))
        }
    }
}

fn next(head: &[u8], headers: &[httparse::Header<'_>]) -> Next {
    let (mut length, mut is_twofold, mut codings) = (None, false, 0);
    for header in headers {
        if header.name.eq_ignore_ascii_case("content-length") {
            is_twofold |= length.replace(header.value).is_some();
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            codings += 1;
        }
    }
    is_twofold |= codings > 1 || (codings > 0 && length.is_some());
    if is_twofold || has_bare_line_feed(head) {
        return Next::Ambiguous;
    }
    match length {
        // The connection is closed after a chunked request.
        None if codings > 0 => Next::Unknown,
        None => Next::Body(0),
        Some(length) => plain_length(length).map_or(Next::Ambiguous, Next::Body),
    }
}

/// Digits alone: `+5` is a number to some.
fn plain_length(text: &[u8]) -> Option<u64> {
    let is_plain = text.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(text).ok().filter(|_| is_plain)?;
    text.parse().ok()
}

/// A line that ends in a line feed alone is a line to some and not to others.
fn has_bare_line_feed(head: &[u8]) -> bool {
    memchr_iter(b'\n', head).any(|at| !head[..at].ends_with(b"\r"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "POST /accounts/get HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n{ } \n";
    const GET: &str = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";

    /// What is seen of a text that comes in pieces of these sizes.
    fn seen(text: impl AsRef<[u8]>, sizes: &[usize]) -> Vec<Sight> {
        let mut tap = Tap::default();
        let mut sizes = sizes.iter().map(|size| size % 40 + 1).cycle();
        let mut rest = text.as_ref();
        let mut out = Vec::new();
        while !rest.is_empty() {
            let size = sizes.next().unwrap_or(usize::MAX).min(rest.len());
            out.push(tap.see(&rest[..size]));
            rest = &rest[size..];
        }
        out
    }

    proptest! {
        #[test]
        fn requests_in_any_pieces_are_followed(
            sizes in prop::collection::vec(any::<usize>(), 0..5),
            bodies in prop::collection::vec(0_usize..200, 1..5),
        ) {
            let mut text = String::new();
            for body in bodies {
                text += GET;
                text += &format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {body}\r\n\r\n");
                text += &"\r\n".repeat(body / 2);
                text += &"x".repeat(body % 2);
            }
            let good = seen(&text, &sizes);
            prop_assert!(!good.contains(&Sight::Ambiguous));
            prop_assert_eq!(good.last(), Some(&Sight::Between));
            text += "POST / HTTP/1.1\r\ncontent-length: 0\r\ncontent-length: 0\r\n\r\n";
            let bad = seen(&text, &sizes);
            prop_assert_eq!(bad.last(), Some(&Sight::Ambiguous));
        }

        #[test]
        fn any_bytes_are_no_danger(
            text in prop::collection::vec(any::<u8>(), 0..200),
            sizes in prop::collection::vec(any::<usize>(), 0..5),
        ) {
            seen(&text, &sizes);
        }

        #[test]
        fn heads_that_are_nearly_good_are_seen_alike_in_any_pieces(
            parts in prop::collection::vec(part(), 0..12),
            sizes in prop::collection::vec(any::<usize>(), 0..5),
        ) {
            let text = parts.concat();
            let is_ambiguous = |sights: Vec<Sight>| sights.contains(&Sight::Ambiguous);
            let whole = is_ambiguous(vec![Tap::default().see(text.as_bytes())]);
            prop_assert_eq!(is_ambiguous(seen(&text, &sizes)), whole);
        }
    }

    /// Pieces of requests, which are now and then in the order of one.
    fn part() -> impl Strategy<Value = String> {
        const LINES: &[&str] = &[
            "GET / HTTP/1.1\r\n",
            "POST / HTTP/1.0\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "content-length: 3\r\n",
            "content-length: +3\r\n",
            "transfer-encoding: chunked\r\n",
            "a: b\n",
            " folded\r\n",
            "\r\n",
            "\n",
            "\r",
            "abc",
            "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc",
        ];
        prop_oneof![
            8 => prop::sample::select(LINES).prop_map(str::to_owned),
            1 => "[\\x00-\\x7f]{0,3}",
        ]
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_seen() {
        for (headers, ambiguous) in [
            ("content-length: 5", false),
            ("transfer-encoding: chunked", false),
            ("x: y", false),
            ("content-length: 5\r\ncontent-length: 5", true),
            ("content-length: 5\r\nCONTENT-LENGTH: 6", true),
            ("content-length: 5\r\ntransfer-encoding: chunked", true),
            ("transfer-encoding: chunked\r\ncontent-length: 5", true),
            (
                "transfer-encoding: chunked\r\ntransfer-encoding: identity",
                true,
            ),
            ("content-length: +5", true),
            ("content-length: 5, 5", true),
            ("content-length: 0x5", true),
            ("content-length: 99999999999999999999", true),
            ("content-length:", true),
            ("a: b\nc: d", true),
        ] {
            let text = format!("POST / HTTP/1.1\r\nhost: a\r\n{headers}\r\n\r\n");
            let last = *seen(&text, &[]).last().unwrap();
            assert_eq!(last == Sight::Ambiguous, ambiguous, "{headers}");
        }
        assert_eq!(
            seen(format!("{GOOD}{GET}"), &[]).last(),
            Some(&Sight::Between)
        );
        assert_eq!(seen(&GOOD[..30], &[]).last(), Some(&Sight::InHead));
        let with = |headers: &str| format!("GET / HTTP/1.1\r\n{headers}\r\n");
        for (headers, ambiguous) in [
            ("a: b\r\n".repeat(MAX_HEADERS), false),
            ("a: b\r\n".repeat(MAX_HEADERS + 1), true),
            (format!("a: {}\r\n", "b".repeat(MAX_HEAD - 30)), false),
            (format!("a: {}\r\n", "b".repeat(MAX_HEAD)), true),
        ] {
            for sizes in [&[][..], &[39]] {
                let found = seen(with(&headers), sizes).contains(&Sight::Ambiguous);
                assert_eq!(found, ambiguous, "{}", headers.len());
            }
        }
        assert_eq!(
            seen("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[]).last(),
            Some(&Sight::Between)
        );
    }
}
