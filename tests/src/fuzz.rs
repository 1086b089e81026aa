//! What the fuzz targets of `fuzz/` check. Each takes any bytes and panics when
//! something is not as it has to be.
#![allow(clippy::panic, clippy::expect_used, reason = "a finding is a panic")]

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use arbitrary::Unstructured;
use http::{HeaderMap, HeaderValue};
use plaid::paging::{Key, Pager, Paging, Position, Sight, Style, Turn};
use plaid::webhook::{Fingerprint, KeySet, Signer, WebhookError};
use serde_json::Value;

pub use crate::decoder::check as decoder;

static SIGNER: LazyLock<Signer> = LazyLock::new(Signer::new);
static KEYS: LazyLock<KeySet> = LazyLock::new(|| SIGNER.keys());

/// The moment of all verifications.
const NOW: u64 = 1_800_000_000;

/// Verifies what the bytes make of a header and a body, which are apart by the first
/// line break: nothing that the key has not signed is genuine, what it has signed is
/// so only if it says what it has to, and no byte may change.
pub fn verifier(data: &[u8]) {
    let (header, body) = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, data),
    };
    let outcome = verify(header, body);
    assert!(outcome.is_none_or(|o| o.is_err()), "nobody has signed this");
    parts_are_believed_if_they_say_so(header, body);
    no_byte_may_change(header, body);
}

/// The outcome, if the bytes can be a header at all.
fn verify(header: &[u8], body: &[u8]) -> Option<Result<(), WebhookError>> {
    let headers = HeaderMap::from_iter([(HEADER, HeaderValue::from_bytes(header).ok()?)]);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    Some(KEYS.verify(&headers, body, now).map(|_| ()))
}

/// Signs a header and claims that nobody would sign, for a body that follows them by a
/// line break. `$kid` and `$hash` stand for the right ones, which nobody can guess.
fn parts_are_believed_if_they_say_so(header: &[u8], rest: &[u8]) {
    let mut rest = rest.splitn(2, |byte| *byte == b'\n');
    let claims = String::from_utf8_lossy(rest.next().unwrap_or_default());
    let body = rest.next().unwrap_or_default();
    let hash = Fingerprint::of(body).to_string();
    let header = String::from_utf8_lossy(header).replace("$kid", SIGNER.key_id());
    let claims = claims.replace("$hash", &hash);
    let token = SIGNER.sign_parts(&header, &claims);
    match verify(token.as_bytes(), body) {
        Some(Ok(())) => {}
        // The body is no event; its origin was found first.
        Some(Err(error)) if error.is_genuine() => {}
        _ => return,
    }
    let header: Value = serde_json::from_str(&header).expect("a header of JSON");
    assert_eq!(header["alg"], "ES256");
    assert_eq!(header["kid"], SIGNER.key_id());
    assert!(header.get("crit").is_none_or(Value::is_null));
    let claims: Value = serde_json::from_str(&claims).expect("claims of JSON");
    let issued = claims["iat"].as_u64().expect("when it was issued");
    assert!((NOW - 5 * 60..=NOW + 60).contains(&issued), "its age");
    assert_eq!(claims["request_body_sha256"], hash);
}

/// Signs a body as Plaid does, and changes one byte of the header or the body; the
/// first bytes of `change` say which and how.
fn no_byte_may_change(change: &[u8], body: &[u8]) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    let header = SIGNER.sign(body, now).into_bytes();
    let outcome = verify(&header, body).expect("a header");
    if let Err(error) = outcome {
        assert!(error.is_genuine(), "it was signed: {error}");
    }
    let [high, low, with, ..] = change else {
        return;
    };
    if *with == 0 {
        return;
    }
    let at = usize::from(u16::from_be_bytes([*high, *low])) % (header.len() + body.len());
    let (mut header, mut body) = (header, body.to_vec());
    match header.get_mut(at) {
        Some(byte) => *byte ^= with,
        None => body[at - header.len()] ^= with,
    }
    let outcome = verify(&header, &body);
    let is_believed =
        |o: &Result<(), WebhookError>| o.as_ref().map_or_else(WebhookError::is_genuine, |()| true);
    assert!(
        !outcome.as_ref().is_some_and(is_believed),
        "byte {at} was changed"
    );
}

const HEADER: http::HeaderName = http::HeaderName::from_static("plaid-verification");

/// Reads a list that changes and answers that contradict each other, in every style:
/// it ends, and no row comes twice.
pub fn pager(data: &[u8]) {
    let mut source = Unstructured::new(data);
    let _ = read_list(&mut source);
}

/// Pages after which a list that is still read goes in a circle. Each turn uses up
/// some of the source or moves on in a list of at most 255 rows.
const MAX_PAGES: u32 = 5_000;

fn read_list(source: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let style = *source.choose(&[
        Style::Cursor,
        Style::CursorUntilEmpty,
        Style::Offset,
        Style::AfterId,
    ])?;
    let begin = match style {
        Style::Offset => Position::Offset(source.arbitrary()?),
        Style::AfterId => Position::After(source.arbitrary()?),
        _ => Position::Start,
    };
    let paging = Paging {
        style,
        rows: "rows",
        most: source.arbitrary()?,
    };
    let mut pager = Pager::new(paging, begin, source.arbitrary()?);
    let mut rows = HashSet::new();
    for _ in 0..MAX_PAGES {
        let ids: Vec<i64> = source.arbitrary()?;
        for id in &ids {
            let is_new = pager.is_new(Key::Number(*id));
            let counts = matches!(style, Style::Offset);
            assert!(!(counts && is_new) || rows.insert(*id), "{id} came twice");
        }
        let next = match style {
            Style::AfterId => ids.iter().max().map(|id| Position::After(*id)),
            _ if source.arbitrary()? => {
                Some(Position::Cursor(source.arbitrary::<u16>()?.to_string()))
            }
            _ => None,
        };
        let before = pager.position().clone();
        let sight = Sight {
            received: ids.len(),
            total: source.arbitrary()?,
            more: source.arbitrary()?,
            next,
            not_ready: source.ratio(1_u8, 50_u8)?,
        };
        match pager.turn(&sight) {
            Ok(Turn::Next) => {
                let is_same = pager.position() == &before;
                assert!(
                    !is_same || style == Style::Offset,
                    "it asks for the same page"
                );
            }
            Ok(Turn::Done) | Err(_) => return Ok(()),
        }
        if source.is_empty() {
            return Ok(());
        }
    }
    panic!("it does not end");
}
