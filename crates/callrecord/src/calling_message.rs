use calling_model::{GroupId, InviteId, MediaType, RoomId, UserId};
use calling_signaling::call::Role;
use calling_signaling::invite::{
    Envelope, InviteDiscard, MAX_MESSAGE_BYTES, Signal, decode_envelope,
};
use serde::Deserialize;

/// A call message as a conversation shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallingMessage {
    /// Who sent the invite this belongs to; of a hangup, who sent the hangup.
    pub inviter: Option<UserId>,
    /// Who placed the call, whoever sent this message.
    pub caller: Option<UserId>,
    /// 1 invite (or end), 2 cancel, 3 accept, 4 reject, 5 timeout, 6 modify.
    pub action_type: u8,
    /// The invite.
    pub invite_id: Option<InviteId>,
    /// Who is, answers or did not answer.
    pub invitees: Vec<UserId>,
    /// How long it rings, in seconds; 0: no timer.
    pub timeout_s: u32,
    /// The room.
    pub room_id: Option<RoomId>,
    /// Voice or video.
    pub media_type: Option<MediaType>,
    /// Conversation time in seconds, as it stands there.
    pub call_end_s: Option<u64>,
    /// Whether the call belongs to a group.
    pub is_group: bool,
    /// The chat group.
    pub group_id: Option<GroupId>,
    /// An invite into a call that was under way already.
    pub mid_call: bool,
    /// Present on a hangup: somebody left and the call went on.
    pub exclude_from_history: Option<bool>,
    /// What it means; `None` for an invite that says nothing understood.
    pub signal: Option<Signal>,
}

/// Reads the text of a custom element; `None` if it is no call message.
pub fn get_call_message(text: &str) -> Option<CallingMessage> {
    CallingMessage::parse(text).ok()
}

/// Whether `text` is signalling at all: its `businessID` is the number 1.
pub fn is_calling_data(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Mark {
        #[serde(rename = "businessID")]
        business_id: f64,
    }
    text.len() <= MAX_MESSAGE_BYTES
        && serde_json::from_str::<Mark>(text).is_ok_and(|mark| mark.business_id == 1.0)
}

/// Whether the message tells how long the two talked. A cancel never does, although the seed
/// plugin writes a number (of milliseconds) there.
pub fn is_call_end_exist(message: &CallingMessage) -> bool {
    message.action_type != 2 && message.call_end_s.is_some_and(|seconds| seconds > 0)
}

impl CallingMessage {
    /// Reads the text of a custom element.
    ///
    /// # Errors
    /// Why it is no call message.
    pub fn parse(text: &str) -> Result<Self, InviteDiscard> {
        decode_envelope(text).map(Self::from)
    }

    /// On which side of the call `user` was; by who placed it, not by who sent this message.
    pub fn role_of(&self, user: &UserId) -> Role {
        if self.caller.as_ref() == Some(user) { Role::Caller } else { Role::Callee }
    }

    /// Whether it should stand in `user`'s conversation as missed: called in vain.
    pub fn is_missed_by(&self, user: &UserId) -> bool {
        let in_vain = match &self.signal {
            Some(Signal::Cancel | Signal::Timeout | Signal::Busy) => true,
            Some(
                Signal::Invite { .. }
                | Signal::Accept
                | Signal::Reject
                | Signal::Hangup { .. }
                | Signal::SwitchToAudio
                | Signal::SwitchToVideo
                | Signal::SwitchAccepted { .. }
                | Signal::SwitchRejected { .. }
                | Signal::SwitchUnanswered { .. }
                | Signal::SyncInfo(_)
                | Signal::Modified,
            )
            | None => false,
        };
        in_vain && self.role_of(user) == Role::Callee
    }

    /// Whether it is the visible end of a group call, rather than one member leaving.
    pub fn is_group_end(&self) -> bool {
        matches!(self.signal, Some(Signal::Hangup { .. }))
            && self.exclude_from_history.is_none()
            && self.invite_id.is_some()
    }
}

impl From<Envelope> for CallingMessage {
    fn from(envelope: Envelope) -> Self {
        let signal = envelope.signal().ok();
        let is_group = envelope.is_group();
        let payload = envelope.payload;
        let data = payload.data.unwrap_or_default();
        Self {
            caller: data.inviter.or_else(|| envelope.inviter.clone()),
            inviter: envelope.inviter,
            action_type: envelope.action.number(),
            invite_id: envelope.invite_id,
            invitees: envelope.invitees,
            timeout_s: envelope.timeout_s,
            room_id: payload.room_id.or(data.room_id),
            media_type: payload.media_type,
            call_end_s: payload.call_end_s,
            is_group,
            group_id: envelope.group_id,
            mid_call: !data.initial_call_id.is_empty(),
            exclude_from_history: data.exclude_from_history,
            signal,
        }
    }
}
