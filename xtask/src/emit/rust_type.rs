//! What the type of a generated field is, by its name and what it wraps.

/// The last part of a type's path, such as the `Vec<T>` of `std::vec::Vec<T>`.
pub fn last_segment(ty: &syn::Type) -> Option<&syn::PathSegment> {
    match ty {
        syn::Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// Whether a type has this name, whatever it wraps.
pub fn is(ty: &syn::Type, name: &str) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == name)
}

/// The `T` of `Option<T>` or `Vec<T>`, with the path by which `plaid` knows it.
pub fn inner(ty: &syn::Type, wrapper: &str) -> Option<syn::Type> {
    let segment = last_segment(ty).filter(|segment| segment.ident == wrapper)?;
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    match arguments.args.first()? {
        syn::GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    }
}

/// The name of a type, or "" of one that has none.
pub fn ident(ty: &syn::Type) -> String {
    last_segment(ty).map_or_else(String::new, |segment| segment.ident.to_string())
}
