//! What the fuzz targets of `fuzz/` check. Each takes any bytes and panics when
//! something is not as it has to be.
#![allow(clippy::panic, clippy::expect_used, reason = "a finding is a panic")]

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use arbitrary::Unstructured;
use http::{HeaderMap, HeaderValue};
use plaid::paging::{Key, Pager, Paging, Position, Sight, Style, Turn};
use plaid::webhook::{KeySet, Signer};

pub use crate::decoder::check as decoder;

static SIGNER: LazyLock<Signer> = LazyLock::new(Signer::new);
static KEYS: LazyLock<KeySet> = LazyLock::new(|| SIGNER.keys());

/// Verifies a header that is made of the bytes, and the bytes as a body: nothing that
/// the key has not signed is genuine, and what it has signed is, unless it was changed.
pub fn verifier(data: &[u8]) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let (header, body) = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, data),
    };
    if let Ok(value) = HeaderValue::from_bytes(header) {
        let headers = HeaderMap::from_iter([(HEADER, value)]);
        let outcome = KEYS.verify(&headers, body, now);
        assert!(outcome.is_err(), "nobody has signed this");
    }
    // Signed parts that nobody would sign.
    let text = String::from_utf8_lossy(header);
    let claims = String::from_utf8_lossy(body);
    if let Ok(value) = HeaderValue::from_str(&SIGNER.sign_parts(&text, &claims)) {
        let headers = HeaderMap::from_iter([(HEADER, value)]);
        let _ = KEYS.verify(&headers, body, now);
    }
    let headers = SIGNER.headers(body, now);
    if let Err(error) = KEYS.verify(&headers, body, now) {
        assert!(error.is_genuine(), "it was signed: {error}");
    }
    let mut changed = body.to_vec();
    changed.push(b' ');
    let outcome = KEYS.verify(&headers, &changed, now);
    assert!(outcome.is_err(), "a byte more");
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
