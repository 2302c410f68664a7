use calling_model::{CallId, Endpoint, GroupId, MediaType, UnixMillis, UserId};

use crate::protocol::{CallParams, InviteParams};

/// What the shell calls one request, so that it can give the reply back to who asked.
///
/// The machine never looks inside: a connection number and a request id packed together serve as
/// well as a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestToken(pub u64);

/// What happens to [`Calls`](super::Calls).
#[derive(Clone, Debug, PartialEq)]
pub enum CallsInput {
    /// A device signed in, for the first time or again. Reported once the new connection can take
    /// notices: what rings is told at once.
    SignedIn {
        /// The device.
        endpoint: Endpoint,
    },
    /// A device whose connection was gone takes up its session on a new one: what it was told
    /// meanwhile it has heard by now. Like `SignedIn`, but nothing is said twice.
    Returned {
        /// The device.
        endpoint: Endpoint,
    },
    /// A device's connection is gone without a word. It keeps its call for
    /// [`signalling_grace`](super::CallsConfig::signalling_grace).
    ///
    /// Only the end of the device's newest connection counts: a shell that replaced a connection
    /// by a newer one does not report the older one's end.
    Disconnected {
        /// The device.
        endpoint: Endpoint,
    },
    /// A device signed out on purpose or was kicked. It leaves its call at once.
    SignedOut {
        /// The device.
        endpoint: Endpoint,
    },
    /// A device asks for something. Gets exactly one [`CallsOutput::Reply`](super::CallsOutput).
    Request {
        /// Who asks, as proven at sign-in.
        from: Endpoint,
        /// What the reply is to carry.
        request: RequestToken,
        /// What is asked.
        action: CallAction,
    },
    /// The media connection of a device in the call died (no authenticated packet for seconds, or
    /// its handshake failed). The device is out of a connected call after
    /// [`media_grace`](super::CallsConfig::media_grace); while it rings nobody misses it.
    PeerLost {
        /// The call.
        call_id: CallId,
        /// Whose connection.
        endpoint: Endpoint,
    },
    /// A device in the call closed its own media connection, as a page does that is loaded anew or
    /// left. Nothing was waited for yet: it has as long to come back as one whose signalling
    /// dropped, [`signalling_grace`](super::CallsConfig::signalling_grace).
    PeerClosed {
        /// The call.
        call_id: CallId,
        /// Whose connection.
        endpoint: Endpoint,
    },
    /// A media connection of a device in the call is up; takes back an earlier `PeerLost` or
    /// `PeerClosed`.
    /// Harmless if there was none.
    PeerBack {
        /// The call.
        call_id: CallId,
        /// Whose connection.
        endpoint: Endpoint,
    },
    /// An operator ends a call, whether it rings or is connected.
    End {
        /// The call.
        call_id: CallId,
    },
    /// An operator takes somebody out of a call, or stops ringing them; it goes on without them as
    /// if they had left.
    RemoveMember {
        /// The call.
        call_id: CallId,
        /// Who.
        user: UserId,
    },
    /// An operator signs a device out: it is told so and leaves its call.
    Kick {
        /// The device.
        endpoint: Endpoint,
    },
    /// The server stops: every call ends and no new one begins.
    Shutdown,
}

/// A request that concerns calls.
#[derive(Clone, Debug, PartialEq)]
pub enum CallAction {
    /// Places a call.
    Call {
        /// As sent by the client.
        params: CallParams,
        /// Those of `params.callees` who have no account.
        unknown: Vec<UserId>,
        /// Those of the asker and `params.callees` who do not belong to `params.group_id`.
        outsiders: Vec<UserId>,
        /// The wall clock, read now: the call's `started_at`. Its later times are counted from
        /// here by the monotonic clock, so that a stepping wall clock cannot bend a call.
        at: UnixMillis,
    },
    /// Answers a ringing call.
    Accept {
        /// The call.
        call_id: CallId,
    },
    /// Declines a ringing call.
    Reject {
        /// The call.
        call_id: CallId,
        /// Shown to the caller as "line busy".
        busy: bool,
    },
    /// Withdraws a ringing call or leaves a connected one.
    Hangup {
        /// The call.
        call_id: CallId,
    },
    /// Rings more people into the call the asker is in.
    InviteUsers {
        /// As sent by the client.
        params: InviteParams,
        /// Those of `params.users` who have no account.
        unknown: Vec<UserId>,
        /// Those of `params.users` who do not belong to the call's group.
        outsiders: Vec<UserId>,
    },
    /// Enters a running call.
    Join {
        /// The call.
        call_id: CallId,
        /// Whether the asker belongs to the call's group.
        insider: bool,
    },
    /// Gives the call another medium.
    SwitchMediaType {
        /// The call.
        call_id: CallId,
        /// Which.
        media_type: MediaType,
    },
    /// Asks how the call stands.
    GetCall {
        /// The call.
        call_id: CallId,
    },
    /// Asks for the running call of a group.
    GroupCall {
        /// The group.
        group_id: GroupId,
        /// Whether the asker belongs to it.
        insider: bool,
    },
}
