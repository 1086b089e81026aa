//! JSON pointers (RFC 6901).

/// Appends a key to a pointer.
pub fn join(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Joins keys to a pointer.
pub fn of<'a>(keys: impl IntoIterator<Item = &'a str>) -> String {
    keys.into_iter()
        .fold(String::new(), |pointer, key| join(&pointer, key))
}
