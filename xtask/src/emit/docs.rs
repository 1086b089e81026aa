//! Descriptions as rustdoc.

use syn::{Attribute, parse_quote};

/// Lines of documentation are wrapped at this width.
const WIDTH: usize = 90;

/// The `///` lines of a description: paragraphs wrapped, and nothing in it that
/// rustdoc would take for a link or a tag.
pub fn lines(description: &str) -> Vec<String> {
    paragraphs(description, escape)
}

/// The doc attributes of a description in which paths of operations become links.
pub fn linked(description: &str, link: impl Fn(&str) -> Option<String>) -> Vec<Attribute> {
    let marked = |paragraph: &str| with_links(&escape(paragraph), &link);
    paragraphs(description, marked)
        .iter()
        .map(|line| attribute(line))
        .collect()
}

fn paragraphs(description: &str, mark_up: impl Fn(&str) -> String) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in description.split("\n\n").filter(|p| !p.trim().is_empty()) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        wrap(&mark_up(paragraph), &mut lines);
    }
    lines
}

/// The doc attributes of a description.
pub fn attributes(description: &str) -> Vec<Attribute> {
    lines(description)
        .iter()
        .map(|line| attribute(line))
        .collect()
}

/// The doc attribute of one line.
pub fn attribute(line: &str) -> Attribute {
    let text = if line.is_empty() {
        String::new()
    } else {
        format!(" {line}")
    };
    parse_quote!(#[doc = #text])
}

fn wrap(paragraph: &str, lines: &mut Vec<String>) {
    let mut line = String::new();
    for word in paragraph.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::take(&mut line));
        }
        // At the start of a line these would open a list, a quote or a heading.
        let opens_block = matches!(word, "-" | "+" | "*" | ">" | "#");
        if !line.is_empty() {
            line.push(' ');
        } else if opens_block {
            line.push('\\');
        }
        line.push_str(word);
    }
    lines.push(line);
}

/// Every second part between backticks is code; escaped text has an even number.
fn with_links(escaped: &str, link: impl Fn(&str) -> Option<String>) -> String {
    let mut text = String::with_capacity(escaped.len());
    for (index, part) in escaped.split('`').enumerate() {
        match (index % 2, link(part)) {
            (0, _) => text.push_str(part),
            (_, None) => text.push_str(&format!("`{part}`")),
            (_, Some(to)) => text.push_str(&format!("[`{part}`]({to})")),
        }
    }
    text
}

/// Escapes what is markup outside of backticks.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut in_code = false;
    for c in text.chars() {
        in_code ^= c == '`';
        if !in_code && matches!(c, '[' | ']' | '<' | '>' | '*' | '_') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    // An odd backtick would swallow the rest.
    if in_code {
        escaped.replace('`', "'")
    } else {
        escaped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_outside_of_code() {
        assert_eq!(lines("a [b] <c> `d[0]`"), ["a \\[b\\] \\<c\\> `d[0]`"]);
    }

    #[test]
    fn a_path_that_is_known_becomes_a_link() {
        let link = |path: &str| (path == "/a").then(|| "to-a".to_owned());
        let text = with_links(&escape("Like `/a`, not `/b` or /a [x]."), link);
        assert_eq!(text, "Like [`/a`](to-a), not `/b` or /a \\[x\\].");
    }

    #[test]
    fn paragraphs_are_wrapped_one_by_one() {
        let long = "word ".repeat(30);
        let lines = lines(&format!("{long}\n\nSecond."));
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().all(|line| line.len() <= WIDTH));
        assert_eq!(lines.last().map(String::as_str), Some("Second."));
    }
}
