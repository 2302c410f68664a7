//! The binary as people use it: real processes, real UDP and TCP on loopback, ports of the system's
//! choice.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod bench;
mod browser;
mod calls;
mod config;
mod demo;
mod echo;
mod help;
mod process;
mod server;
mod stopping;
mod terminal;
mod tls;
mod usersig;
mod wav;
mod window;
