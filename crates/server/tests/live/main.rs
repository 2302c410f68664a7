//! The whole server over real sockets, against clients made by hand.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacks;
mod attacks_flood;
mod attacks_wire;
mod calls;
mod chat;
mod client;
mod gate;
mod groups;
mod hostile;
mod killed;
mod liveness;
mod memory;
mod phone;
mod receiver;
mod recent;
mod rest;
mod resume;
mod server;
mod sign_in;
mod stopping;
mod video;
mod webhooks;
mod whip;
mod whip_media;
