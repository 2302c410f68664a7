use calling_model::{CallId, GroupId, UserId};
use calling_signaling::call::{CallFacts, EndedCall};
use calling_signaling::calls::RequestToken;
use calling_signaling::invite::{GroupCallAttribute, RoomRef};
use calling_signaling::protocol::{Event, ProtocolError, Reply};

/// Whom a message is to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// One user, on all devices.
    User(UserId),
    /// All members of a chat group.
    Group(GroupId),
}

/// How a message is to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendOptions {
    /// Only to devices that are online; not stored.
    pub online_only: bool,
    /// Wakes up devices that are offline.
    pub push: Option<Push>,
}

/// An offline push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Who calls.
    pub title: String,
    /// What it says.
    pub description: String,
    /// For the program that is woken: a
    /// [`PushExt`](calling_signaling::invite::PushExt) as text.
    pub ext: String,
}

/// What a [`BridgeEndpoint`](crate::BridgeEndpoint) wants done, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum BridgeOutput {
    /// Send a custom message.
    Send {
        /// Whom to.
        to: Address,
        /// Its content.
        text: String,
        /// How.
        options: SendOptions,
        /// If it cannot be sent, this goes back as
        /// [`BridgeInput::SendFailed`](crate::BridgeInput::SendFailed): the call cannot go on
        /// without it.
        on_failure: Option<CallId>,
    },
    /// The one reply to a request.
    Reply {
        /// The request.
        request: RequestToken,
        /// What to tell.
        result: Result<Reply, ProtocolError>,
    },
    /// Something to tell the local user, in the words of the server's protocol.
    Event(Event),
    /// The call is accepted: media may pass between the two, in this room.
    Connected {
        /// The facts; after crossing calls those of the one that both agree on.
        facts: CallFacts,
        /// The media room.
        room: RoomRef,
        /// The other side; in a call of several whoever was met first.
        peer: UserId,
    },
    /// The call is not on this device any longer: media stops, at once.
    LeaveMedia {
        /// The call.
        call_id: CallId,
    },
    /// What the members of a chat group are to see of its running call, in the group's attribute
    /// [`GROUP_ATTRIBUTE`](calling_signaling::invite::GROUP_ATTRIBUTE): so that they can
    /// [join](crate::BridgeAction::Join). A service without such attributes does without.
    GroupCall {
        /// The group.
        group_id: GroupId,
        /// The call; `None` deletes the attribute.
        call: Option<GroupCallAttribute>,
    },
    /// The call is over: its record. Not for calls that another device of the user handled, which
    /// has the record.
    Ended(EndedCall),
}
