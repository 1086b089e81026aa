//! The made-up banks and people that the sandbox knows: data, no behaviour.

pub(crate) mod accounts;
pub(crate) mod categories;
pub(crate) mod identity;
pub(crate) mod institutions;
pub(crate) mod transactions;
