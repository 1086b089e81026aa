//! The `#[serde(…)]` attributes that typify writes.

use syn::Attribute;

/// The name on the wire, where it is not the name in Rust.
pub(super) fn rename(attributes: &[Attribute]) -> Option<String> {
    let mut name = None;
    for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
        // Keys that are of no interest here are skipped with their values.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                name = Some(meta.value()?.parse::<syn::LitStr>()?.value());
            } else if let Ok(value) = meta.value() {
                value.parse::<syn::LitStr>()?;
            }
            Ok(())
        });
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn the_name_is_found_among_others() {
        let attribute = parse_quote!(#[serde(default, rename = "type", skip_serializing_if = "x")]);
        assert_eq!(rename(&[attribute]).as_deref(), Some("type"));
        assert_eq!(rename(&[parse_quote!(#[doc = "rename"])]), None);
    }
}
