//! Where, on which side and whether a conversation shows a call message.

use calling_model::{GroupId, MediaType, UserId};
use calling_signaling::call::Role;
use calling_signaling::invite::Signal;

use super::{CallingMessage, Protocol, is_calling_data};

/// The side of the conversation a message stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The reader was called.
    Left,
    /// The reader called.
    Right,
}

impl Side {
    /// The name of the icon the plugin shows there. There is none of its own for the right side of
    /// a voice call.
    pub const fn icon(self, media_type: Option<MediaType>) -> &'static str {
        match (media_type, self) {
            (Some(MediaType::Audio), Self::Left | Self::Right) => "voice_call",
            (Some(MediaType::Video) | None, Self::Left) => "video_call",
            (Some(MediaType::Video) | None, Self::Right) => "video_call_self",
        }
    }
}

/// What the messaging system says of a message, beside its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageFlags {
    /// `isExcludedFromLastMessage`.
    pub is_excluded_from_last_message: bool,
    /// `isExcludedFromUnreadCount`.
    pub is_excluded_from_unread_count: bool,
    /// `localCustomInt`: 0 until the reader opened the message.
    pub local_custom_int: i64,
}

/// Whether a message belongs to a call in a group: it has a group, and a custom element that is
/// signalling. The model's `MessageUtils.isGroupCallingMessage`.
pub fn is_group_calling_message(group_id: Option<&GroupId>, custom: Option<&str>) -> bool {
    group_id.is_some() && custom.is_some_and(is_calling_data)
}

impl CallingMessage {
    /// On which side of the call `user` was; by who placed it, not by who sent this message.
    pub fn role_of(&self, user: &UserId) -> Role {
        if self.caller.as_ref() == Some(user) { Role::Caller } else { Role::Callee }
    }

    /// Where the message stands for `reader`. Follows the caller too: what the callee sends about
    /// a call still stands on the caller's right.
    pub fn side_for(&self, reader: &UserId) -> Side {
        match self.role_of(reader) {
            Role::Caller => Side::Right,
            Role::Callee => Side::Left,
        }
    }

    /// Whether it should stand in `user`'s conversation as missed: called in vain.
    pub fn is_missed_by(&self, user: &UserId) -> bool {
        let in_vain = match self.protocol() {
            Protocol::Cancel | Protocol::Timeout | Protocol::LineBusy => true,
            Protocol::Unknown
            | Protocol::Send
            | Protocol::Accept
            | Protocol::Reject
            | Protocol::Hangup
            | Protocol::SwitchToAudio
            | Protocol::SwitchToAudioConfirm => false,
        };
        in_vain && self.role_of(user) == Role::Callee
    }

    /// Whether a dot marks it as unread: a call of two that `reader` missed and has not opened.
    pub fn has_unread_dot(&self, reader: &UserId, flags: MessageFlags) -> bool {
        !self.is_group && self.is_missed_by(reader) && flags.local_custom_int == 0
    }

    /// An invite into a call that was under way already.
    pub fn is_mid_call(&self) -> bool {
        self.initial_call_id.is_some() && self.protocol() == Protocol::Send
    }

    /// One member leaves and the call goes on.
    pub fn is_leave(&self) -> bool {
        self.exclude_from_history.is_some() && self.protocol() == Protocol::Hangup
    }

    /// Whether it is the visible end of a group call, rather than one member leaving.
    pub fn is_group_end(&self) -> bool {
        self.protocol() == Protocol::Hangup
            && self.exclude_from_history.is_none()
            && self.invite_id.is_some()
    }

    /// Whether a conversation shows it at all. It does not show what the messaging system keeps out
    /// of both last message and unread count, one member leaving, an invite into a call that is
    /// under way, and what only programs tell each other.
    pub fn is_shown(&self, flags: MessageFlags) -> bool {
        let is_excluded =
            flags.is_excluded_from_last_message && flags.is_excluded_from_unread_count;
        !is_excluded && !self.is_silent()
    }

    /// Hidden by what it says itself.
    pub(crate) fn is_silent(&self) -> bool {
        self.is_leave() || self.is_mid_call() || self.signal.as_ref().is_some_and(is_internal)
    }
}

/// Nothing a person should read: the call goes on as it was.
const fn is_internal(signal: &Signal) -> bool {
    match signal {
        Signal::SwitchRejected { .. }
        | Signal::SwitchUnanswered { .. }
        | Signal::SyncInfo(_)
        | Signal::Modified => true,
        Signal::Invite { .. }
        | Signal::Cancel
        | Signal::Accept
        | Signal::Reject
        | Signal::Busy
        | Signal::Timeout
        | Signal::Hangup { .. }
        | Signal::SwitchToAudio
        | Signal::SwitchToVideo
        | Signal::SwitchAccepted { .. } => false,
    }
}
