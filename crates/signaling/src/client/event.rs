use calling_model::{CallId, GroupId, MediaType, RoomId, UserId, VideoTrack, Volume};
use serde::{Deserialize, Serialize};

use crate::call::{CallEndReason, Outcome, Role};
use crate::protocol::{Code, MessageEvent, ProtocolError, RunningCall, Target, UserVolume};

/// What an application hears: the callbacks of the component this project matches, typed.
///
/// Serialises as `{"event":"invited",…}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ListenerEvent {
    /// Something failed that no command is waiting for.
    Error {
        /// The stable code.
        code: Code,
        /// A plain sentence.
        message: String,
    },
    /// Something non-fatal happened.
    Warning {
        /// A number of the component's table.
        code: i32,
        /// A plain sentence.
        message: String,
    },
    /// This device entered the call's media room, or failed to. Once per connected call.
    EnterRoom {
        /// Milliseconds from opening the media connection to its being up (at least 1), or why
        /// not.
        result: Result<u32, ProtocolError>,
    },
    /// A remote user is in the media room.
    UserEnter {
        /// Who.
        user: UserId,
    },
    /// A remote user left the media room.
    UserLeave {
        /// Who.
        user: UserId,
        /// 0 left by itself, 1 timed out, 2 removed.
        reason: u8,
    },
    /// Somebody calls this user.
    Invited {
        /// The call.
        call_id: CallId,
        /// Who calls: the caller, or whoever in the call invited this user later.
        sponsor: UserId,
        /// Who is invited too, this user aside.
        user_ids: Vec<UserId>,
        /// Whether the invite belongs to a chat group.
        is_from_group: bool,
        /// That group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group_id: Option<GroupId>,
        /// Voice or video.
        call_type: MediaType,
        /// Free text of the caller's application.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        user_data: String,
        /// How long it still rings, in milliseconds.
        remaining_ms: u32,
        /// Who talks in the call already.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        in_call: Vec<UserId>,
    },
    /// To who invited them: a device of `user` rings.
    Ringing {
        /// Whose.
        user: UserId,
    },
    /// `user` accepted. To the caller; in a group call to everybody else in it, as the next three.
    Accept {
        /// Who.
        user: UserId,
    },
    /// `user` declined.
    Reject {
        /// Who.
        user: UserId,
    },
    /// `user` did not answer in time or could not be reached.
    NoResp {
        /// Who.
        user: UserId,
    },
    /// `user` is busy.
    LineBusy {
        /// Who.
        user: UserId,
    },
    /// To a callee: the caller withdrew the call.
    CallingCancel {
        /// The caller.
        user: UserId,
    },
    /// To a callee: it rang too long.
    CallingTimeout {
        /// Who else did not answer; empty when it was this user alone.
        user_ids: Vec<UserId>,
    },
    /// The conversation begins.
    CallBegin {
        /// The call.
        call_id: CallId,
        /// Its media room.
        room_id: RoomId,
        /// Voice or video.
        media_type: MediaType,
        /// This side.
        role: Role,
    },
    /// The call is over on this device: hung up, withdrawn, declined or failed. A call that
    /// merely stopped ringing here is told by `CallingCancel`, `CallingTimeout` or
    /// `HandledElsewhere` instead.
    CallEnd {
        /// The call.
        call_id: CallId,
        /// Why.
        outcome: Outcome,
        /// Conversation time in milliseconds.
        duration_ms: u64,
        /// Who ended it; `None` when a timer or the server did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
    },
    /// Somebody else in the call rings more people into it.
    InviteesChanged {
        /// Who invited.
        by: UserId,
        /// Everybody invited so far, those before included.
        user_ids: Vec<UserId>,
    },
    /// The call became a video call, or a voice call.
    MediaTypeChanged {
        /// Who switched, this user included; `None` if it happened while this device was away.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
        /// What it was.
        old: MediaType,
        /// What it is.
        new: MediaType,
    },
    /// The running call of one of this user's groups began, changed or is over. This device need
    /// not be in it.
    GroupCallChanged {
        /// The group.
        group_id: GroupId,
        /// The call; `None` once nobody talks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<RunningCall>,
    },
    /// Another device of this account answered or declined.
    HandledElsewhere {
        /// The call.
        call_id: CallId,
        /// Answered (`true`) or declined (`false`).
        accepted: bool,
    },
    /// A remote user's audio begins or stops to flow.
    UserAudioAvailable {
        /// Who.
        user: UserId,
        /// Whether it flows.
        available: bool,
    },
    /// A picture of a remote user begins or stops to flow.
    UserVideoAvailable {
        /// Who.
        user: UserId,
        /// Which picture.
        track: VideoTrack,
        /// Whether it flows.
        available: bool,
    },
    /// The first picture of a view was shown.
    FirstVideoFrame {
        /// Whose; this account's own for the local view.
        user: UserId,
        /// Which picture.
        track: VideoTrack,
        /// Pixels a line.
        width: u32,
        /// Lines.
        height: u32,
    },
    /// How loud everybody is, at the server's interval; also when nobody speaks.
    UserVoiceVolume {
        /// Who speaks, and once more with volume 0 who just fell silent.
        volumes: Vec<UserVolume>,
        /// All together, 0..=100.
        total: Volume,
    },
    /// How good the network is.
    NetworkQuality {
        /// This device's own connection.
        local: NetworkQuality,
        /// The others'.
        remotes: Vec<UserQuality>,
    },
    /// The same account signed in elsewhere and took over.
    KickedOffline {},
    /// A connection to the server is lost; the client tries to get it back.
    ConnectionLost {
        /// Which.
        connection: Connection,
    },
    /// The client tries to reconnect.
    Reconnecting {
        /// Which.
        connection: Connection,
    },
    /// The connection is back.
    Recovered {
        /// Which.
        connection: Connection,
    },
    /// A message arrived in a conversation of this account.
    Message(MessageEvent),
    /// A message was taken back: show that, and forget what it said.
    MessageRecalled {
        /// Its conversation.
        conversation: Target,
        /// Its number there.
        seq: u64,
        /// Who took it back; `None` if an operator did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
    },
    /// Another device of this account read a conversation.
    Read {
        /// Which.
        conversation: Target,
        /// Up to which message.
        seq: u64,
    },
    /// A group of this account began, changed or is over; ask for it anew.
    GroupChanged {
        /// Which.
        group_id: GroupId,
    },
}

impl ListenerEvent {
    /// Why the call is over on this device, if this event says that it is.
    pub fn end_reason(&self) -> Option<CallEndReason> {
        match self {
            Self::CallEnd { outcome, .. } => Some((*outcome).into()),
            Self::CallingCancel { .. } => Some(CallEndReason::Canceled),
            Self::CallingTimeout { .. } => Some(CallEndReason::NoResponse),
            Self::HandledElsewhere { accepted: true, .. } => {
                Some(CallEndReason::OtherDeviceAccepted)
            }
            Self::HandledElsewhere { accepted: false, .. } => {
                Some(CallEndReason::OtherDeviceReject)
            }
            Self::Error { .. }
            | Self::Warning { .. }
            | Self::EnterRoom { .. }
            | Self::UserEnter { .. }
            | Self::UserLeave { .. }
            | Self::Invited { .. }
            | Self::Ringing { .. }
            | Self::Accept { .. }
            | Self::Reject { .. }
            | Self::NoResp { .. }
            | Self::LineBusy { .. }
            | Self::CallBegin { .. }
            | Self::InviteesChanged { .. }
            | Self::MediaTypeChanged { .. }
            | Self::GroupCallChanged { .. }
            | Self::UserAudioAvailable { .. }
            | Self::UserVideoAvailable { .. }
            | Self::FirstVideoFrame { .. }
            | Self::UserVoiceVolume { .. }
            | Self::NetworkQuality { .. }
            | Self::KickedOffline {}
            | Self::ConnectionLost { .. }
            | Self::Reconnecting { .. }
            | Self::Recovered { .. }
            | Self::Message(_)
            | Self::MessageRecalled { .. }
            | Self::Read { .. }
            | Self::GroupChanged { .. } => None,
        }
    }
}

/// One of a client's two connections to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// Requests and events.
    Signalling,
    /// Sound.
    Media,
}

/// How good a connection is; the numbers are those of the component's `NetworkQuality`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum NetworkQuality {
    /// 0: not measured.
    #[default]
    Unknown,
    /// 1.
    Excellent,
    /// 2.
    Good,
    /// 3.
    Poor,
    /// 4.
    Bad,
    /// 5.
    VeryBad,
    /// 6: nothing passes.
    Down,
}

/// How good the network of one remote user is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserQuality {
    /// Who.
    pub user: UserId,
    /// How good.
    pub quality: NetworkQuality,
}
