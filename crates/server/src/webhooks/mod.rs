//! Telling others of calls.
pub(crate) mod event;
