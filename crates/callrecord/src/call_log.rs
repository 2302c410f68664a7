use calling_model::{CallId, GroupId, MediaType, UnixMillis, UserId};
use calling_signaling::call::{Outcome, ParticipantOutcome, Role};
use serde::{Deserialize, Serialize};

use crate::{Record, Scene};

/// What a call was to one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallLogResult {
    /// 0: nothing is known of what became of them.
    Unknown,
    /// 1: they were called in vain: not there, in another call, or it was withdrawn.
    Missed,
    /// 2: they were called, and answered or declined.
    Incoming,
    /// 3: they called.
    Outgoing,
}

impl CallLogResult {
    /// Its number.
    pub const fn number(self) -> u8 {
        // The variants stand in the order of their numbers, from 0.
        self as u8
    }
}

/// One line of a user's call log: what the component this project matches calls `TUICallRecords`.
/// As JSON its fields have the names they have there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallLogEntry {
    /// The call.
    pub call_id: CallId,
    /// Who placed it.
    pub inviter: UserId,
    /// Who was invited.
    pub invite_list: Vec<UserId>,
    /// Which kind of call it was.
    pub scene: Scene,
    /// Voice or video.
    pub media_type: MediaType,
    /// The chat group, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// On which side of the call the user was.
    pub role: Role,
    /// What it was to the user.
    pub result: CallLogResult,
    /// When it was placed, in milliseconds since 1970-01-01 UTC.
    pub begin_time: UnixMillis,
    /// How long the user talked, in milliseconds; 0 if not at all.
    pub total_time: u64,
}

impl CallLogEntry {
    /// The line of `user`'s call log for a call; `None` if the call does not concern them: who
    /// guesses the id of somebody else's call learns nothing by it.
    pub fn for_user(record: &Record, user: &UserId) -> Option<Self> {
        if !record.concerns(user) {
            return None;
        }
        let role = if record.caller == *user { Role::Caller } else { Role::Callee };
        Some(Self {
            call_id: record.call_id.clone(),
            inviter: record.caller.clone(),
            invite_list: record.callees.clone(),
            scene: record.scene(),
            media_type: record.media_type,
            group_id: record.group_id.clone(),
            role,
            result: match role {
                Role::Caller => CallLogResult::Outgoing,
                Role::Callee => result_of_callee(record, user),
            },
            begin_time: record.started_at,
            total_time: record.talked_ms(user),
        })
    }
}

fn result_of_callee(record: &Record, user: &UserId) -> CallLogResult {
    match record.participation(user).map(|part| part.outcome) {
        Some(
            ParticipantOutcome::Accepted
            | ParticipantOutcome::Joined
            | ParticipantOutcome::Rejected,
        ) => CallLogResult::Incoming,
        Some(
            ParticipantOutcome::Pending
            | ParticipantOutcome::NoAnswer
            | ParticipantOutcome::Offline
            | ParticipantOutcome::Busy
            | ParticipantOutcome::Cancelled,
        ) => CallLogResult::Missed,
        // Only of a call of two does its outcome tell what the callee did.
        Some(ParticipantOutcome::Called) | None if record.callees.len() == 1 => {
            result_of_two(record)
        }
        Some(ParticipantOutcome::Called) | None => CallLogResult::Unknown,
    }
}

fn result_of_two(record: &Record) -> CallLogResult {
    let answered = record.accepted_at.is_some() || record.outcome == Outcome::Rejected;
    if answered { CallLogResult::Incoming } else { CallLogResult::Missed }
}

/// Which lines of a call log to show. Empty, it shows all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallLogFilter {
    /// Calls placed then or later.
    pub begin: Option<UnixMillis>,
    /// Calls placed before.
    pub end: Option<UnixMillis>,
    /// Only such calls.
    pub result: Option<CallLogResult>,
}

impl CallLogFilter {
    /// Whether it shows `entry`.
    pub fn shows(&self, entry: &CallLogEntry) -> bool {
        self.begin.is_none_or(|begin| entry.begin_time >= begin)
            && self.end.is_none_or(|end| entry.begin_time < end)
            && self.result.is_none_or(|result| entry.result == result)
    }
}
