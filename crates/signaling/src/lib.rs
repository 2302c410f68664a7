//! Invite codec, client-server protocol, UserSig and the call machine.
//!
//! * [`protocol`]: what a client and the server say to each other, as typed frames.
//! * [`calls`]: the call machine, authoritative on the server.
//! * [`client`]: its mirror in a client.

pub mod call;
pub mod calls;
pub mod client;
#[doc(hidden)]
pub mod fuzz;
pub mod invite;
mod json;
pub mod protocol;
pub mod usersig;
#[doc(hidden)]
pub mod world;
