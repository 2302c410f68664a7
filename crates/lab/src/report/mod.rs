//! Findings for people.

pub(crate) mod pareto;
pub(crate) mod plot;
mod svg;
pub(crate) mod table;
mod versus;
