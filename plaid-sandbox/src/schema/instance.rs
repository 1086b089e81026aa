//! A value that is checked.

use serde_json::{Map, Number, Value};

use super::{numbers, violations::Type};

/// A JSON value. The body of a request is an object without a [`Value`] around it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Instance<'v> {
    Null,
    Boolean(bool),
    Number(&'v Number),
    Text(&'v str),
    Array(&'v [Value]),
    Object(&'v Map<String, Value>),
}

impl<'v> From<&'v Value> for Instance<'v> {
    fn from(value: &'v Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Boolean(*flag),
            Value::Number(number) => Self::Number(number),
            Value::String(text) => Self::Text(text),
            Value::Array(elements) => Self::Array(elements),
            Value::Object(fields) => Self::Object(fields),
        }
    }
}

impl Instance<'_> {
    /// Whether it is of a type. A number without a fraction is an integer, also `1.0`.
    pub(super) fn is(self, kind: Type) -> bool {
        match self {
            Self::Null => kind == Type::Null,
            Self::Boolean(_) => kind == Type::Boolean,
            Self::Number(number) => {
                kind == Type::Number || kind == Type::Integer && numbers::is_whole(number)
            }
            Self::Text(_) => kind == Type::String,
            Self::Array(_) => kind == Type::Array,
            Self::Object(_) => kind == Type::Object,
        }
    }

    /// Whether it is a value that an `enum` lists. Lists and objects never are: the
    /// description lists none.
    pub(super) fn equals(self, choice: &Value) -> bool {
        match (self, choice) {
            (Self::Null, Value::Null) => true,
            (Self::Boolean(flag), Value::Bool(choice)) => flag == *choice,
            (Self::Number(number), Value::Number(choice)) => {
                numbers::compare(number, choice).is_eq()
            }
            (Self::Text(text), Value::String(choice)) => text == choice,
            _ => false,
        }
    }
}

/// Whether no two of the values are equal.
pub(super) fn all_differ(elements: &[Value]) -> bool {
    let mut seen = std::collections::HashSet::new();
    elements
        .iter()
        .all(|element| seen.insert(numbers::canonical(element).to_string()))
}
