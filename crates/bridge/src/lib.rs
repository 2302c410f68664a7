//! The call machine over somebody else's messaging service, without a server of ours.
//!
//! [`BridgeEndpoint`] is one user's end: a machine without IO that reads and writes the custom
//! messages in which older programs call each other (`calling_signaling::invite`). Inside works the
//! same transition function that the server runs ([`Calls`](calling_signaling::calls::Calls)): the
//! local user is one device of it, whoever sends messages is another. So the rules for busy lines,
//! crossing calls, deadlines and second devices are the server's.
//!
//! A [`SignalingTransport`] carries the messages. With feature `tokio`, `Bridge` drives an endpoint
//! over any transport, and `InMemoryIm` is a messaging service for tests.
//!
//! Calls are between two, or of several: of a chat group, to which their messages go, or of none;
//! then whoever invited somebody relays the answer to the others.

mod config;
mod discard;
#[cfg(feature = "tokio")]
mod driver;
mod endpoint;
#[doc(hidden)]
pub mod fuzz;
mod input;
#[cfg(feature = "tokio")]
mod memory;
mod output;
mod transport;

pub use config::{BridgeConfig, EndMessage};
pub use discard::{BridgeDiscard, BridgeStats};
#[cfg(feature = "tokio")]
pub use driver::{Bridge, BridgeError, Notice};
pub use endpoint::{BridgeEndpoint, BridgeReason};
pub use input::{BridgeAction, BridgeInput, Incoming, MediaChange};
#[cfg(feature = "tokio")]
pub use memory::{Disconnected, InMemoryIm, InMemoryTransport};
pub use output::{Address, BridgeOutput, Push, SendOptions};
pub use transport::SignalingTransport;
