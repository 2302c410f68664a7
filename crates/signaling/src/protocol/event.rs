use calling_model::{CallId, UnixMillis, UserId, Volume};
use serde::{Deserialize, Serialize};

use super::{CallReply, ProtocolError};
use crate::call::{CallFacts, Outcome};

/// What the server tells on its own: `{"event":"invited","params":{…}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", content = "params", rename_all = "snake_case")]
pub enum Event {
    /// To a callee: somebody calls.
    Invited {
        /// The facts of the call.
        facts: CallFacts,
        /// How long it still rings, in milliseconds.
        remaining_ms: u32,
    },
    /// To the caller: a device of `user` rings.
    Ringing {
        /// The call.
        call_id: CallId,
        /// Whose device.
        user: UserId,
    },
    /// To everybody else in the call: `user` accepted. From here on media may flow. Who accepts
    /// learns it from the reply.
    Accepted {
        /// The call.
        call_id: CallId,
        /// Who.
        user: UserId,
    },
    /// To the caller: `user` declined.
    Rejected {
        /// The call.
        call_id: CallId,
        /// Who.
        user: UserId,
    },
    /// To the caller: `user` is busy.
    LineBusy {
        /// The call.
        call_id: CallId,
        /// Who.
        user: UserId,
    },
    /// To the caller: `user` did not answer in time.
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
    /// To a callee: it rang too long.
    TimedOut {
        /// The call.
        call_id: CallId,
        /// Who did not answer; the receiver alone in a one-to-one call.
        users: Vec<UserId>,
    },
    /// To a callee's other devices: one of them answered or declined.
    HandledElsewhere {
        /// The call.
        call_id: CallId,
        /// Answered (`true`) or declined (`false`).
        accepted: bool,
    },
    /// To the devices that placed, answered or declined the call: it is over and its record is
    /// stored. Devices where it merely rang are told by `Cancelled`, `TimedOut` or
    /// `HandledElsewhere` instead.
    Ended {
        /// The call.
        call_id: CallId,
        /// Why.
        outcome: Outcome,
        /// Who ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
        /// Conversation time in milliseconds.
        duration_ms: u64,
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
    /// Whom it is to.
    pub to: UserId,
    /// When it was stored.
    pub sent_at: UnixMillis,
    /// The call it records, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<CallId>,
    /// The custom element's text: for a call message the wire envelope as JSON.
    pub custom: String,
}
