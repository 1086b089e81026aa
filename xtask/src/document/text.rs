//! JSON values as YAML text, the way the files of this project are written, and
//! putting such text into a file without touching the rest of it.

use std::fmt::Write as _;

use saphyr::Scalar;
use serde_json::Value;

/// Text is folded at this width.
const WIDTH: usize = 100;

/// The lines of a mapping entry at a depth of indentation.
pub fn entry(key: &str, value: &Value, indent: usize) -> String {
    let mut out = String::new();
    write_entry(&mut out, key, value, indent);
    out
}

fn write_entry(out: &mut String, key: &str, value: &Value, indent: usize) {
    let _ = write!(out, "{:indent$}{}:", "", scalar_text(key));
    write_value(out, value, indent);
}

/// What comes behind `key:` or `-`.
fn write_value(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            out.push('\n');
            for (key, value) in object {
                write_entry(out, key, value, indent + 2);
            }
        }
        // Lists stand at the depth of their key.
        Value::Array(list) if !list.is_empty() => {
            out.push('\n');
            for value in list {
                write_item(out, value, indent);
            }
        }
        Value::Object(_) => out.push_str(" {}\n"),
        Value::Array(_) => out.push_str(" []\n"),
        Value::String(text) if can_fold(text) && text.len() > WIDTH - 30 => {
            fold(out, text, indent + 2)
        }
        Value::String(text) => {
            let _ = writeln!(out, " {}", scalar_text(text));
        }
        other => {
            let _ = writeln!(out, " {other}");
        }
    }
}

fn write_item(out: &mut String, value: &Value, indent: usize) {
    let _ = write!(out, "{:indent$}-", "");
    match value {
        Value::Object(object) if !object.is_empty() => {
            // The first key stands behind the dash, the others below it.
            let mut inner = String::new();
            for (key, value) in object {
                write_entry(&mut inner, key, value, indent + 2);
            }
            out.push(' ');
            out.push_str(inner.trim_start_matches(' '));
        }
        Value::Array(list) if !list.is_empty() => {
            out.push('\n');
            for value in list {
                write_item(out, value, indent + 2);
            }
        }
        other => write_value(out, other, indent),
    }
}

/// Whether text comes back the same after folding.
fn can_fold(text: &str) -> bool {
    text.contains(' ')
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("  ")
        && !text.chars().any(char::is_control)
}

fn fold(out: &mut String, text: &str, indent: usize) {
    out.push_str(" >-\n");
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && indent + line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(out, "{:indent$}{line}", "");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(out, "{:indent$}{line}", "");
}

/// A string as plain text where that reads back as the same string, else quoted.
fn scalar_text(text: &str) -> String {
    if text.chars().any(char::is_control) {
        return Value::from(text).to_string();
    }
    let parsed = Scalar::parse_from_cow(text.into());
    let is_string = matches!(&parsed, Scalar::String(_));
    if is_string && is_plain(text) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

fn is_plain(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || "/_$".contains(c);
    let inner =
        |c: char| letter(c) || " .,;()+=$-'".contains(c) || (!c.is_ascii() && c.is_alphabetic());
    // YAML 1.1 readers take these for truth values, and dates for dates.
    let odd = ["y", "n", "yes", "no", "on", "off"].contains(&text.to_lowercase().as_str());
    text.starts_with(letter)
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(inner)
        && !text.ends_with(' ')
        && !odd
}

/// Puts an entry into a section of a file, such as `["components", "schemas"]`,
/// before the first entry that sorts after it. Everything else stays as it is.
///
/// Returns `None` when the file does not have the section in block style.
pub fn insert(file: &str, section: &[&str], key: &str, value: &Value) -> Option<String> {
    let lines: Vec<&str> = file.split_inclusive('\n').collect();
    let (start, indent) = section_start(&lines, section)?;
    let mut at = lines.len();
    for (number, line) in lines.iter().enumerate().skip(start) {
        let depth = line.len() - line.trim_start().len();
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        if depth < indent || (depth == indent && key_of(line).as_str() > key) {
            at = number;
            break;
        }
    }
    let mut text: String = lines.get(..at)?.concat();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&entry(key, value, indent));
    text.push_str(&lines.get(at..)?.concat());
    Some(text)
}

/// The line after a section's own, and the depth of its entries.
fn section_start(lines: &[&str], section: &[&str]) -> Option<(usize, usize)> {
    let mut from = 0;
    for (depth, name) in section.iter().enumerate() {
        let head = format!("{:width$}{name}:", "", width = depth * 2);
        let found = lines
            .iter()
            .skip(from)
            .position(|line| line.trim_end() == head)?;
        from += found + 1;
    }
    Some((from, section.len() * 2))
}

fn key_of(line: &str) -> String {
    let key = line.trim().split(": ").next().unwrap_or_default();
    key.trim_end_matches(':')
        .trim_matches(['\'', '"'])
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::yaml;
    use super::*;
    use serde_json::json;

    fn round_trip(value: Value) {
        let text = entry("key", &value, 0);
        let read = yaml::parse(Path::new("x"), &text);
        assert_eq!(
            read.map(|d| d.root).ok(),
            Some(json!({ "key": value })),
            "{text}"
        );
    }

    #[test]
    fn every_text_comes_back() {
        let long = "It is a long description, with `code: here`, #hash - and more. ".repeat(4);
        for text in [
            "",
            " ",
            "a",
            "yes",
            "1",
            "1.5",
            "null",
            "~",
            "- a",
            "a: b",
            "a #b",
            "it's",
            "\"q\"",
            "line\nbreak",
            "tab\t",
            "{x}",
            "[x]",
            "*x",
            "&x",
            "!x",
            "%x",
            "@x",
            "`x`",
            "é",
            "2020-01-01",
            long.trim(),
            long.as_str(),
            "#/components/schemas/A",
            "0x1",
            "1e3",
            "true",
            "|",
            ">",
        ] {
            round_trip(json!(text));
            round_trip(json!({ text: [text, {"k": text, "l": {"m": [text]}}, [[text]]] }));
        }
    }

    #[test]
    fn an_entry_is_put_where_it_sorts() {
        let file =
            "a: 1\npaths:\n  /b:\n    x: 1\n  /d:\n    x: 2\ncomponents:\n  schemas:\n    A: 1\n";
        let with = |key: &str| insert(file, &["paths"], key, &json!({"z": 3})).unwrap();
        assert!(with("/c").contains("    x: 1\n  /c:\n    z: 3\n  /d:"));
        assert!(with("/e").contains("    x: 2\n  /e:\n    z: 3\ncomponents:"));
        let schemas = insert(file, &["components", "schemas"], "B", &json!(2)).unwrap();
        assert!(schemas.ends_with("    A: 1\n    B: 2\n"));
        assert_eq!(insert(file, &["nowhere"], "B", &json!(2)), None);
    }
}
