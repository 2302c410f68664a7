use calling_model::{CallId, GroupId, InviteId, MediaType, RoomId, UnixMillis, UserId};
use calling_signaling::call::{EndedCall, Outcome, ParticipantOutcome, Participation};
use serde::{Deserialize, Serialize};

use crate::QualitySummary;
use crate::people::{callees, in_order, part};

/// What is kept of a call. One per call, written when it ends, never changed.
///
/// As JSON its fields are those below, in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The call.
    pub call_id: CallId,
    /// The invite that started it.
    pub invite_id: InviteId,
    /// The media room.
    pub room_id: RoomId,
    /// Who placed it.
    pub caller: UserId,
    /// Who was invited: in the caller's order, then whoever came to a running call. Each once, the
    /// caller never.
    pub callees: Vec<UserId>,
    /// Voice or video, as placed.
    pub media_type: MediaType,
    /// The chat group it belongs to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// When it was placed.
    pub started_at: UnixMillis,
    /// When the first callee accepted; never before `started_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<UnixMillis>,
    /// When it ended; never before `accepted_at` or `started_at`.
    pub ended_at: UnixMillis,
    /// Conversation time, accept to end, in milliseconds; 0 if nobody accepted.
    pub duration_ms: u64,
    /// Why it ended.
    pub outcome: Outcome,
    /// What became of each, the caller first. Nobody joins before `started_at`, leaves before
    /// joining, or is there after `ended_at`.
    pub participants: Vec<Participation>,
    /// Who ended it; absent when a timer or the server did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<UserId>,
    /// How it sounded, if anything was heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualitySummary>,
}

impl Record {
    /// The same record with the quality of the call.
    #[must_use]
    pub fn with_quality(mut self, quality: QualitySummary) -> Self {
        self.quality = Some(quality);
        self
    }

    /// Whether `user` called or was called: whose record it is to read.
    pub fn concerns(&self, user: &UserId) -> bool {
        self.caller == *user || self.callees.contains(user)
    }

    /// What became of `user`.
    pub fn participation(&self, user: &UserId) -> Option<&Participation> {
        part(&self.participants, user)
    }

    /// How long `user` was in the conversation, in milliseconds: all of it, unless it is known
    /// that they joined later or left earlier; 0 if they never were in it.
    pub fn talked_ms(&self, user: &UserId) -> u64 {
        let Some(accepted_at) = self.accepted_at else { return 0 };
        let Some(part) = self.participation(user) else {
            let is_of_two = self.callees.len() == 1 && self.concerns(user);
            return if is_of_two { self.duration_ms } else { 0 };
        };
        match part.outcome {
            ParticipantOutcome::Called
            | ParticipantOutcome::Accepted
            | ParticipantOutcome::Joined => {
                let from = part.joined_at.unwrap_or(accepted_at).max(accepted_at);
                part.left_at.unwrap_or(self.ended_at).0.saturating_sub(from.0)
            }
            ParticipantOutcome::Pending
            | ParticipantOutcome::Rejected
            | ParticipantOutcome::NoAnswer
            | ParticipantOutcome::Offline
            | ParticipantOutcome::Busy
            | ParticipantOutcome::Cancelled => 0,
        }
    }

    /// Which kind of call it was.
    pub fn scene(&self) -> Scene {
        match (&self.group_id, self.callees.len()) {
            (Some(_), _) => Scene::GroupCall,
            (None, 0 | 1) => Scene::SingleCall,
            (None, _) => Scene::MultiCall,
        }
    }
}

/// Which kind of call it was. The numbers are those of the component this project matches; its
/// first version had others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Scene {
    /// 1: in a chat group, of however many.
    GroupCall,
    /// 2: of more than two, outside a group.
    MultiCall,
    /// 3: of two.
    SingleCall,
}

impl Scene {
    /// Its number; 0 means "none" there.
    pub const fn number(self) -> u8 {
        match self {
            Self::GroupCall => 1,
            Self::MultiCall => 2,
            Self::SingleCall => 3,
        }
    }
}

impl From<&EndedCall> for Record {
    /// The times are put in order first, so that a wall clock that stepped back during the call
    /// makes a duration of zero, never a negative one.
    fn from(call: &EndedCall) -> Self {
        let facts = &call.facts;
        let accepted_at = call.accepted_at.map(|accepted| accepted.max(facts.started_at));
        let ended_at = call.ended_at.max(accepted_at.unwrap_or(facts.started_at));
        let duration_ms = accepted_at.map_or(0, |accepted| ended_at.0 - accepted.0);
        Self {
            call_id: facts.call_id.clone(),
            invite_id: facts.invite_id.clone(),
            room_id: facts.room_id,
            caller: facts.caller.clone(),
            callees: callees(call),
            media_type: facts.media_type,
            group_id: facts.group_id.clone(),
            started_at: facts.started_at,
            accepted_at,
            ended_at,
            duration_ms,
            outcome: call.outcome,
            participants: in_order(&call.participants, facts.started_at, ended_at),
            ended_by: call.ended_by.clone(),
            quality: None,
        }
    }
}

impl From<EndedCall> for Record {
    fn from(call: EndedCall) -> Self {
        Self::from(&call)
    }
}
