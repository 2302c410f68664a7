//! Findings for people.

pub(crate) mod plot;
pub(crate) mod table;
