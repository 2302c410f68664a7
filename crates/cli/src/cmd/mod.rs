//! One file per command.

pub(crate) mod answer;
pub(crate) mod bench;
pub(crate) mod call;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod devices;
pub(crate) mod records;
pub(crate) mod serve;
pub(crate) mod trace;
pub(crate) mod usersig;
