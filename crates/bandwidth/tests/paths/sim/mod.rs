//! A path in virtual time, flows that share it, and what they did to it.

mod cubic;
mod link;
mod receiver;
mod sender;
mod world;

pub(crate) use link::{Path, Rng};
pub(crate) use sender::Content;
pub(crate) use world::{FlowKind, Sample, World};

/// Microseconds since the world began.
pub(crate) type Micros = u64;

/// A packet on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet {
    pub(crate) flow: usize,
    /// Its transport-wide number, or a number of TCP.
    pub(crate) number: u64,
    pub(crate) bytes: u32,
}
