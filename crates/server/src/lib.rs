//! The self-hosted server: accounts, signalling gateway, forwarding shards and storage.

pub mod auth;
mod chat;
pub mod config;
#[doc(hidden)]
pub mod fuzz;
mod gateway;
pub mod http;
mod hub;
mod ice_servers;
pub mod net;
mod rate;
mod server;
mod shard;
pub mod storage;
pub mod telemetry;
mod webhooks;

pub use server::{RunningServer, Server, StartError, THREAD_PREFIX};
#[doc(hidden)]
pub use shard::bench as media_plane;
pub use webhooks::AddressError;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
