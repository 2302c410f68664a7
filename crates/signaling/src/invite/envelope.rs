use calling_model::{GroupId, InviteId, UserId};

use super::Payload;

/// What an envelope does. The numbers are those of `actionType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActionType {
    /// 1: a new invite; also carries the end of a call and the wish to switch its media.
    Invite,
    /// 2: the inviter withdraws it.
    Cancel,
    /// 3: an invitee accepts.
    Accept,
    /// 4: an invitee declines or is busy.
    Reject,
    /// 5: nobody answered in time.
    Timeout,
    /// 6: the inviter changed its data.
    Modify,
}

impl ActionType {
    /// The number on the wire.
    pub const fn number(self) -> u8 {
        match self {
            Self::Invite => 1,
            Self::Cancel => 2,
            Self::Accept => 3,
            Self::Reject => 4,
            Self::Timeout => 5,
            Self::Modify => 6,
        }
    }

    /// From the number on the wire.
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::Invite),
            2 => Some(Self::Cancel),
            3 => Some(Self::Accept),
            4 => Some(Self::Reject),
            5 => Some(Self::Timeout),
            6 => Some(Self::Modify),
            _ => None,
        }
    }
}

/// A signalling message: who invites whom, which action this is, and what about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What it does.
    pub action: ActionType,
    /// The invite it belongs to.
    pub invite_id: Option<InviteId>,
    /// Who sent the original invite, in every action.
    pub inviter: Option<UserId>,
    /// Invite and cancel: all who are invited. Accept and reject: who answers. Timeout: who did
    /// not answer.
    pub invitees: Vec<UserId>,
    /// The chat group, if any.
    pub group_id: Option<GroupId>,
    /// How long it rings, in seconds; 0: no timer.
    pub timeout_s: u32,
    /// Not stored in the history.
    pub online_user_only: bool,
    /// What it is about.
    pub payload: Payload,
}
