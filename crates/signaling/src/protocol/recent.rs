//! A user's own call log.

use calling_model::{CallId, GroupId, MediaType, UnixMillis, UserId};
use serde::{Deserialize, Serialize};

use crate::call::Role;

/// The most calls one `delete_recent_calls` names.
pub const MAX_DELETED_CALLS: usize = 100;

/// Parameters of `recent_calls`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentCallsParams {
    /// Calls placed then or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begin: Option<UnixMillis>,
    /// Calls placed before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<UnixMillis>,
    /// Only calls that were this to the asker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<RecentResult>,
    /// At most this many (1..=100; 20 if absent).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Only calls placed before this one: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<CallId>,
}

/// To `recent_calls`: the asker's calls, latest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentCallsReply {
    /// The calls; fewer than asked for, even none, is not the end while there is a `next`.
    pub calls: Vec<RecentCall>,
    /// The `before` of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<CallId>,
}

/// To `delete_recent_calls`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedCallsReply {
    /// Those of the calls named that stood in the asker's log and do no longer.
    pub call_ids: Vec<CallId>,
}

/// A call as one of its people sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentCall {
    /// The call.
    pub call_id: CallId,
    /// Who placed it.
    pub inviter: UserId,
    /// Who was invited.
    pub invite_list: Vec<UserId>,
    /// Which kind of call it was.
    pub scene: RecentScene,
    /// Voice or video.
    pub media_type: MediaType,
    /// The chat group, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// On which side of the call the asker was.
    pub role: Role,
    /// What it was to the asker.
    pub result: RecentResult,
    /// When it was placed.
    pub begin_time: UnixMillis,
    /// How long the asker talked, in milliseconds; 0 if not at all.
    pub total_ms: u64,
}

/// What a call was to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecentResult {
    /// Nothing is known of it.
    Unknown,
    /// They were called in vain.
    Missed,
    /// They were called, and answered or declined.
    Incoming,
    /// They called.
    Outgoing,
}

/// Which kind of call it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecentScene {
    /// In a chat group, of however many.
    Group,
    /// Of more than two, outside a group.
    Multi,
    /// Of two.
    Single,
}
