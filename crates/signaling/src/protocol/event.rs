use calling_model::{CallId, GroupId, MediaType, UnixMillis, UserId, VideoTrack, Volume};
use serde::{Deserialize, Serialize};

use super::{CallReply, ChatEvent, ProtocolError, RunningCall, VideoStream};
use crate::call::{CallFacts, Outcome};

/// What the server tells on its own: `{"event":"invited","params":{…}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", content = "params", rename_all = "snake_case", remote = "Self")]
pub enum Event {
    /// To a callee: somebody calls.
    Invited {
        /// The facts of the call.
        facts: CallFacts,
        /// How long it still rings, in milliseconds.
        remaining_ms: u32,
        /// Who invited this user; the caller if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        inviter: Option<UserId>,
        /// Who talks in the call already.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        in_call: Vec<UserId>,
        /// How often this user was invited to this call before.
        #[serde(default, skip_serializing_if = "is_zero")]
        attempt: u32,
    },
    /// To who invited them: a device of `user` rings.
    Ringing {
        /// The call.
        call_id: CallId,
        /// Whose device.
        user: UserId,
    },
    /// `user` accepted. To the caller of a one-to-one call, to everybody else in a group call,
    /// those who still ring included. Whoever placed the call or is in it may send and hear media
    /// from here on; who accepts learns it from the reply.
    Accepted {
        /// The call.
        call_id: CallId,
        /// Who.
        user: UserId,
    },
    /// As `Accepted` is told: `user` declined.
    Rejected {
        /// The call.
        call_id: CallId,
        /// Who.
        user: UserId,
    },
    /// As `Accepted` is told: `user` is busy.
    LineBusy {
        /// The call.
        call_id: CallId,
        /// Who.
        user: UserId,
    },
    /// As `Accepted` is told: `user` did not answer in time.
    NoResponse {
        /// The call.
        call_id: CallId,
        /// Who.
        user: UserId,
    },
    /// To a callee: the caller withdrew the call.
    Cancelled {
        /// The call.
        call_id: CallId,
        /// The caller.
        user: UserId,
    },
    /// To a callee: it rang too long here.
    TimedOut {
        /// The call.
        call_id: CallId,
        /// Who did not answer, the receiver among them.
        users: Vec<UserId>,
    },
    /// To a callee's other devices: one of them answered or declined.
    HandledElsewhere {
        /// The call.
        call_id: CallId,
        /// Answered (`true`) or declined (`false`).
        accepted: bool,
    },
    /// To the devices that placed, answered, joined or declined the call: it is over for them,
    /// because they left it or because it is over for everybody; then its record is stored.
    /// Devices where it merely rang are told by `Cancelled`, `TimedOut` or `HandledElsewhere`
    /// instead.
    Ended {
        /// The call.
        call_id: CallId,
        /// Why.
        outcome: Outcome,
        /// Who ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
        /// The receiver's conversation time in milliseconds.
        duration_ms: u64,
    },
    /// To everybody else in the call: `user` entered it without being rung.
    Joined {
        /// The call.
        call_id: CallId,
        /// Who.
        user: UserId,
    },
    /// To everybody else in the call: `user` left it, and it goes on.
    MemberLeft {
        /// The call.
        call_id: CallId,
        /// Who.
        user: UserId,
        /// 0 left by itself, 1 was lost, 2 was removed.
        reason: u8,
    },
    /// To everybody else in the call: `by` rings more people into it.
    InviteesChanged {
        /// The call.
        call_id: CallId,
        /// Who invited.
        by: UserId,
        /// Everybody invited so far, those before included.
        users: Vec<UserId>,
        /// Those invited now.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        invited: Vec<UserId>,
    },
    /// To everybody else in the call: it has another medium now.
    MediaTypeChanged {
        /// The call.
        call_id: CallId,
        /// Who switched.
        by: UserId,
        /// The new medium.
        media_type: MediaType,
    },
    /// To the members of a group: its running call began, changed or is over.
    GroupCallChanged {
        /// The group.
        group_id: GroupId,
        /// The call; `None` once nobody talks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<RunningCall>,
    },
    /// To a device that signs in during its call: how the call stands. One that knows nothing of
    /// the call hangs it up.
    Resumed(CallReply),
    /// `user`'s media connection is in the room. Subscribers find their audio under `audio_ssrc`.
    UserEntered {
        /// The call.
        call_id: CallId,
        /// Who.
        user: UserId,
        /// SSRC under which this server forwards their audio.
        audio_ssrc: u32,
        /// Under which this server forwards their pictures to who asked for them by
        /// `subscribe_video`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        video: Vec<VideoStream>,
    },
    /// `user` left the room.
    UserLeft {
        /// The call.
        call_id: CallId,
        /// Who.
        user: UserId,
        /// 0 left by itself, 1 timed out, 2 removed.
        reason: u8,
    },
    /// Audio of `user` begins or stops to flow.
    AudioAvailable {
        /// The call.
        call_id: CallId,
        /// Who.
        user: UserId,
        /// Whether it flows.
        available: bool,
    },
    /// A picture of `user` begins or stops to flow.
    VideoAvailable {
        /// The call.
        call_id: CallId,
        /// Who.
        user: UserId,
        /// Which picture.
        track: VideoTrack,
        /// Whether it flows.
        available: bool,
    },
    /// How loud everybody is, at the server's interval; also when nobody speaks.
    Volumes {
        /// The call.
        call_id: CallId,
        /// Who speaks, and once more with volume 0 who just fell silent.
        volumes: Vec<UserVolume>,
        /// All together, 0..=100.
        total: Volume,
    },
    /// The client's own connection to the room failed; the call may end.
    MediaFailed {
        /// The call.
        call_id: CallId,
        /// Why.
        error: ProtocolError,
    },
    /// A message arrived in a conversation of this account.
    Message(MessageEvent),
    /// Another terminal took over; the server closes the connection.
    KickedOffline {},
    /// Something about conversations or groups, by its own `event`.
    #[serde(skip)]
    Chat(ChatEvent),
}

impl Event {
    /// The call the event is about. News of a group's running call go to people outside of it, too,
    /// and count as being about none.
    pub const fn call_id(&self) -> Option<&CallId> {
        match self {
            Self::Invited { facts, .. } | Self::Resumed(CallReply { facts, .. }) => {
                Some(&facts.call_id)
            }
            Self::Ringing { call_id, .. }
            | Self::Accepted { call_id, .. }
            | Self::Rejected { call_id, .. }
            | Self::LineBusy { call_id, .. }
            | Self::NoResponse { call_id, .. }
            | Self::Cancelled { call_id, .. }
            | Self::TimedOut { call_id, .. }
            | Self::HandledElsewhere { call_id, .. }
            | Self::Ended { call_id, .. }
            | Self::Joined { call_id, .. }
            | Self::MemberLeft { call_id, .. }
            | Self::InviteesChanged { call_id, .. }
            | Self::MediaTypeChanged { call_id, .. }
            | Self::UserEntered { call_id, .. }
            | Self::UserLeft { call_id, .. }
            | Self::AudioAvailable { call_id, .. }
            | Self::VideoAvailable { call_id, .. }
            | Self::Volumes { call_id, .. }
            | Self::MediaFailed { call_id, .. } => Some(call_id),
            Self::GroupCallChanged { .. }
            | Self::Message(_)
            | Self::KickedOffline {}
            | Self::Chat(_) => None,
        }
    }
}

impl Serialize for Event {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Self::Chat(chat) = self {
            return chat.serialize(serializer);
        }
        Self::serialize(self, serializer)
    }
}

/// All but what is about conversations: whoever reads frames tells those apart by their names
/// first ([`decode_server_frame`](super::decode_server_frame)).
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl Event {
    /// Somebody calls, and nobody else has a hand in it.
    pub const fn invited(facts: CallFacts, remaining_ms: u32) -> Self {
        Self::Invited { facts, remaining_ms, inviter: None, in_call: Vec::new(), attempt: 0 }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// How loud one user is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserVolume {
    /// Who.
    pub user: UserId,
    /// 0..=100.
    pub volume: Volume,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageEvent {
    /// Grows within the conversation.
    pub seq: u64,
    /// Who it is from.
    pub from: UserId,
    /// Whom it is to; absent in a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<UserId>,
    /// The group it is to; absent between two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// When it was stored.
    pub sent_at: UnixMillis,
    /// The call it records, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<CallId>,
    /// The text of a text message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The custom element's text: for a call message the wire envelope as JSON. Empty in a text
    /// message.
    #[serde(default)]
    pub custom: String,
    /// The sender's own name for it; told to the sender's devices only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Its sender took it back: `text` is empty.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recalled: bool,
}

impl MessageEvent {
    /// A custom message between two.
    pub const fn custom(
        seq: u64,
        from: UserId,
        to: UserId,
        sent_at: UnixMillis,
        custom: String,
    ) -> Self {
        Self {
            seq,
            from,
            to: Some(to),
            group_id: None,
            sent_at,
            call_id: None,
            text: None,
            custom,
            client_id: None,
            recalled: false,
        }
    }
}
