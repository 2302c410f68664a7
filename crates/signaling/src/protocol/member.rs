use calling_model::UserId;
use serde::{Deserialize, Serialize};

use crate::call::CallFacts;

/// One person of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// How they stand to the call.
    pub state: MemberState,
}

/// How one person stands to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// Invited: it rings, or waits for them to sign in.
    Pending,
    /// In the call: placed, answered or joined it.
    Connected,
    /// Declined.
    Rejected,
    /// Was in another call, or chose "busy".
    Busy,
    /// Did not answer in time, or could not be reached.
    NoAnswer,
    /// Was in the call and left it, or was lost.
    Left,
    /// Was taken out by the server.
    Removed,
}

/// A running call as the members of its group may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningCall {
    /// The facts of the call.
    pub facts: CallFacts,
    /// Everybody who is or was in it, the caller first.
    pub members: Vec<Member>,
}
