use calling_model::{CallId, GroupId, MediaType, UnixMillis, UserId};
use calling_signaling::calls::RequestToken;
use calling_signaling::invite::GroupCallAttribute;

/// A custom message that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Who sent it, as proven by the messaging service. Whatever the message itself says counts
    /// less.
    pub from: UserId,
    /// The group it was sent to, if any.
    pub group: Option<GroupId>,
    /// Its content, as is.
    pub bytes: Vec<u8>,
    /// When the service took it.
    pub sent_at: UnixMillis,
}

/// What the local user wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BridgeAction {
    /// Places a call; answered with [`Reply::Call`](calling_signaling::protocol::Reply::Call).
    Call {
        /// Whom.
        callee: UserId,
        /// Voice or video.
        media_type: MediaType,
        /// How long it rings, in seconds; the default if absent.
        timeout_s: Option<u32>,
        /// Free text for the callee.
        user_data: String,
    },
    /// Calls several people, or a chat group; answered as above.
    GroupCall {
        /// Whom: of a group its members, of which the messaging service takes care. One person
        /// without a group is called alone, as by `Call`.
        callees: Vec<UserId>,
        /// The chat group, if the call is one of a group: then its messages go there.
        group_id: Option<GroupId>,
        /// Voice or video.
        media_type: MediaType,
        /// How long it rings, in seconds; the default if absent.
        timeout_s: Option<u32>,
        /// Free text for the callees.
        user_data: String,
    },
    /// Rings more people into a call of several, or into a conversation of two, which becomes one of
    /// several; answered as above.
    InviteUsers {
        /// The call.
        call_id: CallId,
        /// Whom. Those who are in it or rung already are passed over.
        users: Vec<UserId>,
        /// How long it rings, in seconds; as the call if absent.
        timeout_s: Option<u32>,
    },
    /// Enters the running call of a chat group without having been rung; answered as above. What
    /// rings is declined as busy.
    Join {
        /// The call, as the group's attribute tells of it
        /// ([`BridgeOutput::GroupCall`](crate::BridgeOutput::GroupCall)).
        call: GroupCallAttribute,
    },
    /// Answers a ringing call; answered as above.
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
    /// Asks the peer to go on with or without pictures. Answered once the peer answered, or did
    /// not in time. In a call of several it is told to the others, and answered at once.
    SwitchMediaType {
        /// The call.
        call_id: CallId,
        /// What it is to become.
        media_type: MediaType,
    },
    /// Asks how the call stands.
    GetCall {
        /// The call.
        call_id: CallId,
    },
}

/// What is seen of a member's media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaChange {
    /// They entered the room: who does has answered, should the answer be lost.
    Entered,
    /// They left it on purpose.
    Left,
    /// Their media was lost. They are out of the call after
    /// [`media_grace`](crate::BridgeConfig::media_grace).
    Lost,
    /// It is back.
    Back,
}

/// What happens to a [`BridgeEndpoint`](crate::BridgeEndpoint).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BridgeInput {
    /// The local user wants something. Gets exactly one
    /// [`BridgeOutput::Reply`](crate::BridgeOutput::Reply).
    Request {
        /// What the reply is to carry.
        request: RequestToken,
        /// What is wanted.
        action: BridgeAction,
        /// The wall clock, read now.
        at: UnixMillis,
    },
    /// A message arrived.
    Received {
        /// The message.
        message: Incoming,
        /// The wall clock of the messaging service, read now if it can be; else the own. The age of
        /// an invite is the time from its `sent_at` to here.
        at: UnixMillis,
    },
    /// A message could not be sent: hands back
    /// [`on_failure`](crate::BridgeOutput::Send::on_failure).
    SendFailed {
        /// The call that cannot go on without.
        call_id: CallId,
    },
    /// The peer left the media room on purpose.
    PeerLeft {
        /// The call.
        call_id: CallId,
    },
    /// The peer's media was lost. Ends the call after
    /// [`media_grace`](crate::BridgeConfig::media_grace).
    PeerLost {
        /// The call.
        call_id: CallId,
    },
    /// The peer's media is back.
    PeerBack {
        /// The call.
        call_id: CallId,
    },
    /// What is seen of somebody in the media room.
    MemberMedia {
        /// The call.
        call_id: CallId,
        /// Whose media.
        user: UserId,
        /// What became of it.
        change: MediaChange,
    },
    /// The program stops: a ringing call is withdrawn or let ring elsewhere, a connected one ends.
    Shutdown,
}
