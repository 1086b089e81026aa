//! What a client id, a secret or a key may consist of.

/// What is wrong with a credential, to be said after its name; none if it can be sent.
///
/// It is strict about what a copied secret picks up: a newline at its end, quotes of
/// another alphabet. The text never contains the credential.
pub fn problem(credential: &str) -> Option<&'static str> {
    if credential.is_empty() {
        return Some("is empty");
    }
    let is_plain = credential.bytes().all(|byte| byte.is_ascii_graphic());
    (!is_plain).then_some("has spaces, line breaks or characters outside of ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_copied_secret_picks_up_is_a_problem() {
        for (credential, is_good) in [
            ("0123456789abcdef", true),
            ("pgk_a-b_C", true),
            ("", false),
            ("a b", false),
            ("abc\n", false),
            ("abc\r\n", false),
            ("\u{201c}abc\u{201d}", false),
            ("a\u{7f}", false),
        ] {
            assert_eq!(problem(credential).is_none(), is_good, "{credential:?}");
        }
    }
}
