//! A PDF of one page of text, the smallest that readers accept.

/// Objects of the document, in the order of their numbers, which start at 1.
/// The fifth, the page's content, is added to them.
const OBJECTS: [&str; 4] = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R \
     /Resources << /Font << /F1 4 0 R >> >> >>",
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
];

/// A document that shows these lines.
pub(crate) fn document(lines: &[String]) -> Vec<u8> {
    let shown: String = lines
        .iter()
        .map(|line| format!("({}) Tj T*\n", escaped(line)))
        .collect();
    let content = format!("BT\n/F1 12 Tf\n16 TL\n72 720 Td\n{shown}ET");
    let content = format!(
        "<< /Length {} >>\nstream\n{content}\nendstream",
        content.len()
    );

    let mut document = String::from("%PDF-1.4\n");
    let mut table = String::from("0000000000 65535 f \n");
    let objects = OBJECTS.into_iter().chain([content.as_str()]);
    for (object, number) in objects.zip(1..) {
        table += &format!("{:010} 00000 n \n", document.len());
        document += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    let (start, size) = (document.len(), OBJECTS.len() + 2);
    document += &format!(
        "xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    );
    document.into_bytes()
}

/// Text as a PDF string: ASCII, with its three special characters escaped.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '(' | ')' | '\\' => escaped.extend(['\\', character]),
            ' '..='~' => escaped.push(character),
            _ => escaped.push('?'),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn offsets_lead_to_their_objects() {
        let document = String::from_utf8(document(&["one (1)".into(), "two \\ é".into()])).unwrap();
        let (_, end) = document.rsplit_once("startxref\n").unwrap();
        let start: usize = end.lines().next().unwrap().parse().unwrap();
        let table: Vec<_> = document[start..].lines().skip(3).take(5).collect();
        for (row, number) in table.iter().zip(1..) {
            let offset: usize = row[..10].parse().unwrap();
            assert!(document[offset..].starts_with(&format!("{number} 0 obj\n")));
        }
        assert!(document.contains("(one \\(1\\)) Tj") && document.contains("(two \\\\ ?) Tj"));
        assert!(document.starts_with("%PDF-1.4\n") && document.ends_with("%%EOF\n"));
    }

    #[test]
    fn a_stream_is_as_long_as_it_says() {
        let document = String::from_utf8(document(&["text".into()])).unwrap();
        let (head, rest) = document.split_once("\nstream\n").unwrap();
        let (stream, _) = rest.split_once("\nendstream").unwrap();
        assert!(head.ends_with(&format!("/Length {} >>", stream.len())));
    }
}
