use std::future::Future;

use calling_model::{GroupId, UnixMillis, UserId};

use crate::{Incoming, SendOptions};

/// Somebody else's messaging service, signed in as one user.
///
/// What is sent to a user reaches all of that user's devices. Whether senders get their own
/// messages back does not matter. Messages may be lost, late, doubled and out of order; who sent
/// them has to be true.
pub trait SignalingTransport: Send + Sync + 'static {
    /// Why a message could not be sent.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Sends a custom message to one user. Returns once the service took it.
    fn send_to_user(
        &self,
        user: &UserId,
        bytes: Vec<u8>,
        options: &SendOptions,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Sends a custom message to all members of a group.
    fn send_to_group(
        &self,
        group: &GroupId,
        bytes: Vec<u8>,
        options: &SendOptions,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Sets an attribute of a group that its members can read, or deletes it. Services without such
    /// attributes leave this as it is.
    fn set_group_attribute(
        &self,
        _group: &GroupId,
        _name: &str,
        _text: Option<String>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        std::future::ready(Ok(()))
    }

    /// The next custom message; `None` once there will be none. Dropping the future loses none.
    fn receive(&mut self) -> impl Future<Output = Option<Incoming>> + Send;

    /// The wall clock of the service, if it can be known; else the device's.
    fn now(&self) -> UnixMillis;
}
