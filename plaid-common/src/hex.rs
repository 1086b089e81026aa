//! Hexadecimal digits.

use std::fmt;

/// Bytes that are displayed as digits in lower case.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Reads exactly as many digits as the bytes have, in lower or upper case.
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut digits = text.bytes();
    let mut bytes = [0; N];
    for byte in &mut bytes {
        *byte = digit(digits.next()?)? << 4 | digit(digits.next()?)?;
    }
    digits.next().is_none().then_some(bytes)
}

fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_they_were_written() {
        let bytes: [u8; 4] = [0x00, 0x0f, 0xa5, 0xff];
        assert_eq!(Hex(&bytes).to_string(), "000fa5ff");
        for (text, expected) in [
            ("000fa5ff", Some(bytes)),
            ("000FA5ff", Some(bytes)),
            ("000fa5f", None),
            ("000fa5ff0", None),
            ("+00fa5ff", None),
            ("000fa5fg", None),
            ("", None),
            ("\u{e4}\u{e4}\u{e4}\u{e4}", None),
        ] {
            assert_eq!(decode::<4>(text), expected, "{text:?}");
        }
    }
}
