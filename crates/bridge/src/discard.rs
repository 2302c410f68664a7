use std::collections::BTreeMap;

use calling_signaling::invite::InviteDiscard;

/// Why a message that arrived had no effect. Each is worth a counter, none an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum BridgeDiscard {
    /// Not UTF-8.
    #[error("the message is not text")]
    NotText,
    /// The codec could not act on it.
    #[error(transparent)]
    Codec(#[from] InviteDiscard),
    /// It only wakes a device up.
    #[error("the message only wakes a device up")]
    WakeUp,
    /// Something relayed in a call of several that the local user is not in, or not yet.
    #[error("the message is relayed in a call that is not known")]
    Relayed,
    /// Whoever sent it is not who may say so.
    #[error("the sender may not say so")]
    Spoofed,
    /// It invites somebody else.
    #[error("somebody else is meant")]
    NotForMe,
    /// The user's own message, back from the service or from another device.
    #[error("the message is the user's own")]
    OwnMessage,
    /// An invite without an id cannot be answered.
    #[error("the invite has no id")]
    NoInviteId,
    /// It was heard already.
    #[error("the message was heard already")]
    Duplicate,
    /// It is about a call that is over, or an invite that was withdrawn before it came.
    #[error("the call is over")]
    Over,
    /// The invite is older than it may ring.
    #[error("the invite is too old")]
    TooOld,
    /// It was sent before what is known of the call by now.
    #[error("the message is older than what is known")]
    Stale,
    /// It crossed a call that counts before the one it invites to.
    #[error("the invite crossed a call that counts before it")]
    Crossed,
    /// No such invite or call is known.
    #[error("the call is unknown")]
    Unknown,
    /// The call was answered otherwise.
    #[error("the call was answered already")]
    AlreadyAnswered,
    /// The machine refused it, as when somebody calls too often.
    #[error("the call machine refused it")]
    Refused,
    /// Understood, but without effect here: changed invites.
    #[error("the message has no effect here")]
    Unsupported,
}

impl BridgeDiscard {
    /// A stable name for counters.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotText => "not_text",
            Self::Codec(discard) => discard.reason(),
            Self::WakeUp => "wake_up",
            Self::Relayed => "relayed",
            Self::Spoofed => "spoofed",
            Self::NotForMe => "not_for_me",
            Self::OwnMessage => "own_message",
            Self::NoInviteId => "no_invite_id",
            Self::Duplicate => "duplicate",
            Self::Over => "over",
            Self::TooOld => "too_old",
            Self::Stale => "stale",
            Self::Crossed => "crossed",
            Self::Unknown => "unknown",
            Self::AlreadyAnswered => "already_answered",
            Self::Refused => "refused",
            Self::Unsupported => "unsupported",
        }
    }
}

/// Counters since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BridgeStats {
    /// Messages that arrived.
    pub received: u64,
    /// Messages to send.
    pub sent: u64,
    /// Of those that arrived, the ones without effect, by why.
    pub discarded: BTreeMap<BridgeDiscard, u64>,
}
