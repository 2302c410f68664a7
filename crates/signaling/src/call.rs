//! Words about calls that the server's machine, the client's mirror and records share.

use calling_model::{CallId, InviteId, MediaType, RoomId, UnixMillis, UserId};
use serde::{Deserialize, Serialize};

/// Which side of the call a device is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Placed the call.
    Caller,
    /// Was invited.
    Callee,
}

/// Why a call ended, for everybody alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Connected, then hung up.
    Completed,
    /// The callee declined.
    Rejected,
    /// It rang and nobody answered.
    NoAnswer,
    /// No device of the callee could be reached before the timeout.
    Offline,
    /// The callee was in another call, or chose "busy".
    Busy,
    /// The caller gave up, or was lost, while it rang.
    Cancelled,
    /// Connected, then a side was lost (network gone, process killed).
    PeerLost,
    /// The server ended a connected call: it stopped, was killed, or the longest length allowed
    /// was reached.
    Interrupted,
}

/// Why a call is over on one device; the numbers are those of `CallEndReason` in the component this
/// project matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallEndReason {
    /// 0: none of the others; a side was lost.
    Unknown,
    /// 1: hung up.
    Hangup,
    /// 2: declined.
    Reject,
    /// 3: nobody answered in time.
    NoResponse,
    /// 4: nobody could be reached.
    Offline,
    /// 5: the line was busy.
    LineBusy,
    /// 6: withdrawn.
    Canceled,
    /// 7: another device of this account answered.
    OtherDeviceAccepted,
    /// 8: another device of this account declined.
    OtherDeviceReject,
    /// 9: the server ended it.
    EndByServer,
}

impl CallEndReason {
    /// Its number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Hangup => 1,
            Self::Reject => 2,
            Self::NoResponse => 3,
            Self::Offline => 4,
            Self::LineBusy => 5,
            Self::Canceled => 6,
            Self::OtherDeviceAccepted => 7,
            Self::OtherDeviceReject => 8,
            Self::EndByServer => 9,
        }
    }
}

impl From<Outcome> for CallEndReason {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Completed => Self::Hangup,
            Outcome::Rejected => Self::Reject,
            Outcome::NoAnswer => Self::NoResponse,
            Outcome::Offline => Self::Offline,
            Outcome::Busy => Self::LineBusy,
            Outcome::Cancelled => Self::Canceled,
            Outcome::PeerLost => Self::Unknown,
            Outcome::Interrupted => Self::EndByServer,
        }
    }
}

impl Outcome {
    /// The number of `CallEndReason` in the component this project matches.
    pub fn end_reason(self) -> u8 {
        CallEndReason::from(self).number()
    }
}

/// What became of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParticipantOutcome {
    /// Placed the call.
    Called,
    /// Still invited: neither answered nor given up.
    Pending,
    /// Answered, and stayed or left later.
    Accepted,
    /// Entered the running call without being rung.
    Joined,
    /// Declined.
    Rejected,
    /// Did not answer in time.
    NoAnswer,
    /// Could not be reached.
    Offline,
    /// Was in another call, or chose "busy".
    Busy,
    /// The invite was withdrawn first.
    Cancelled,
}

/// One person's part in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participation {
    /// Who.
    pub user: UserId,
    /// What became of them.
    pub outcome: ParticipantOutcome,
    /// When they joined the conversation; callers join when the first callee accepts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_at: Option<UnixMillis>,
    /// When they left it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_at: Option<UnixMillis>,
}

/// The facts of one call. Of a call that lives, `callees` grow when more people are invited and
/// `media_type` follows switches; nothing else changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFacts {
    /// The call.
    pub call_id: CallId,
    /// The invite that started it, as it stands in the wire envelope.
    pub invite_id: InviteId,
    /// The media room.
    pub room_id: RoomId,
    /// Who placed it.
    pub caller: UserId,
    /// Who was invited, in the caller's order; then who was invited later or joined unasked.
    pub callees: Vec<UserId>,
    /// Voice or video; in a record as placed.
    pub media_type: MediaType,
    /// The chat group the call belongs to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<calling_model::GroupId>,
    /// How long it rings, in whole seconds as the envelope carries it.
    pub timeout_s: u32,
    /// Free text of the application, passed through (at most 4096 bytes).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_data: String,
    /// When the server accepted the request to call.
    pub started_at: UnixMillis,
}

impl CallFacts {
    /// Whether what happens in the call concerns all its members: it belongs to a group or has
    /// several callees. Otherwise it is a call of one person to another.
    pub fn is_group(&self) -> bool {
        self.group_id.is_some() || self.callees.len() > 1
    }
}

/// A call that is over: what a record is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedCall {
    /// The facts of the call.
    pub facts: CallFacts,
    /// Why it ended.
    pub outcome: Outcome,
    /// When the first callee accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<UnixMillis>,
    /// When it ended; never before `started_at`.
    pub ended_at: UnixMillis,
    /// Who ended it; `None` when a timer or the server did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<UserId>,
    /// The caller first, then the callees, then who joined without being rung.
    pub participants: Vec<Participation>,
    /// The medium at the end, if it was switched on the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switched_to: Option<MediaType>,
}

impl EndedCall {
    /// Conversation time, accept to end, in milliseconds; 0 if nobody accepted.
    pub fn duration_ms(&self) -> u64 {
        self.accepted_at.map_or(0, |accepted| {
            u64::try_from(self.ended_at.saturating_since(accepted).as_millis()).unwrap_or(u64::MAX)
        })
    }
}
