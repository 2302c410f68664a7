//! The self-hosted server: accounts, signalling gateway, forwarding shards and storage.

pub mod auth;
pub mod config;
#[doc(hidden)]
pub mod fuzz;
pub mod http;
pub mod net;
pub mod storage;
pub mod telemetry;
