use calling_model::{CallId, Endpoint, GroupId, RoomId, UnixMillis, UserId};

use super::RequestToken;
use crate::call::{CallFacts, EndedCall};
use crate::protocol::{Event, ProtocolError, Reply, RunningCall};

/// What [`Calls`](super::Calls) wants done. The shell does it in order.
#[derive(Clone, Debug, PartialEq)]
pub enum CallsOutput {
    /// A call begins. Comes before anybody is told of it, so that it can be stored first: a
    /// server that is killed finds every started call on disk.
    Started {
        /// The facts of the call.
        facts: CallFacts,
    },
    /// The one reply to a request.
    Reply {
        /// Who asked.
        to: Endpoint,
        /// The request.
        request: RequestToken,
        /// What to tell.
        result: Result<Reply, ProtocolError>,
    },
    /// Something a device is to be told. One that is not connected misses it; what matters is
    /// told again when it signs in or asks.
    Notify {
        /// Whom.
        to: Endpoint,
        /// What.
        event: Event,
    },
    /// The call is accepted: media may pass between these two devices and nobody else, until
    /// others join. Comes before anybody is told of the accept.
    Connected {
        /// The call.
        call_id: CallId,
        /// Its room, whose gate opens.
        room_id: RoomId,
        /// The caller's device.
        caller: Endpoint,
        /// The callee's device that answered.
        callee: Endpoint,
        /// When.
        accepted_at: UnixMillis,
    },
    /// One more device is in the conversation: media may pass between it and those who are in it
    /// already. Comes before anybody is told.
    Joined {
        /// The call.
        call_id: CallId,
        /// Its room, whose gate is open.
        room_id: RoomId,
        /// The device that answered or joined.
        endpoint: Endpoint,
        /// When.
        at: UnixMillis,
        /// It was rung before; `false` if it came unasked.
        rung: bool,
    },
    /// Somebody rings more people into a call. Comes before anybody is told.
    Invited {
        /// The call.
        call_id: CallId,
        /// Who invites.
        by: UserId,
        /// Whom, those who turned out busy included.
        users: Vec<UserId>,
    },
    /// The running call of a group began, changed or is over: the group's members are to be told
    /// by [`Event::GroupCallChanged`].
    GroupCall {
        /// The group.
        group_id: GroupId,
        /// The call that changed, which need not be the one shown.
        call_id: CallId,
        /// The call to show; `None` once nobody talks.
        call: Option<RunningCall>,
    },
    /// This device belongs to the call no longer: its media connection closes, at once.
    LeaveMedia {
        /// The call.
        call_id: CallId,
        /// The device.
        endpoint: Endpoint,
    },
    /// The call is over. First its record and message are stored in one transaction, then the
    /// notices go out, in order. Comes exactly once for each `Started`.
    Ended {
        /// What to store.
        ended: EndedCall,
        /// Whom to tell what, once it is stored.
        notices: Vec<(Endpoint, Event)>,
    },
}
