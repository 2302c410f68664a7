//! What estimators do on paths of all kinds, in virtual time.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod measure;
mod scenarios;
mod sim;
