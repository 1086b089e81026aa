//! The implementations that are the same for every generated type but for its
//! name. They only delegate; a function cannot implement a trait.
//!
//! `#[inline]` is not for speed: it has the compiler make them where they are used,
//! and not 346 times here.

/// `Serialize`, `Deserialize` and `Debug` of records.
macro_rules! records {
    ($($(#[$gate:meta])* $name:ident),* $(,)?) => {$(
        $(#[$gate])*
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::wire::read_record(deserializer)
            }
        }
        $(#[$gate])*
        impl std::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                crate::wire::fmt_record(self, f)
            }
        }
        $(#[$gate])*
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                crate::wire::write_record(self, serializer)
            }
        }
    )*};
}

/// What every open enum can do.
macro_rules! open_enums {
    ($($(#[$gate:meta])* $name:ident),* $(,)?) => {$(
        $(#[$gate])*
        impl $name {
            /// The value as it is written on the wire.
            #[inline]
            pub fn as_str(&self) -> &str {
                crate::wire::OpenEnum::text(self)
            }
        }
        $(#[$gate])*
        impl crate::wire::Generated for $name {
            const EMPTY: Self = Self::Unknown(crate::wire::UnknownValue::NONE);
        }
        $(#[$gate])*
        impl From<&str> for $name {
            #[inline]
            fn from(value: &str) -> Self {
                crate::wire::OpenEnum::from_text(value)
            }
        }
        $(#[$gate])*
        impl From<String> for $name {
            #[inline]
            fn from(value: String) -> Self {
                crate::wire::OpenEnum::from_text(&value)
            }
        }
        $(#[$gate])*
        impl std::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                crate::wire::fmt_open_enum(self, f)
            }
        }
        $(#[$gate])*
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::wire::read_open_enum(deserializer)
            }
        }
        $(#[$gate])*
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        $(#[$gate])*
        #[cfg(feature = "schemars")]
        impl schemars::JsonSchema for $name {
            #[inline]
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            #[inline]
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                crate::wire::schema::open_enum::<Self>()
            }
        }
    )*};
}

pub(crate) use {open_enums, records};
