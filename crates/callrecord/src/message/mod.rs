//! Call messages as a conversation shows them.

mod newer;
mod protocol;
mod shown;

pub use protocol::Protocol;
pub use shown::{MessageFlags, Side, is_group_calling_message};

use calling_model::{GroupId, InviteId, MediaType, RoomId, UserId};
use calling_signaling::invite::{
    Command, Envelope, InviteDiscard, MAX_MESSAGE_BYTES, Signal, decode_envelope,
};
use serde::Deserialize;

/// A call message as a conversation shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallingMessage {
    /// Who sent the invite this belongs to; of a hangup, who sent the hangup.
    pub inviter: Option<UserId>,
    /// Who placed the call, whoever sent this message.
    pub caller: Option<UserId>,
    /// 1 invite (or end), 2 cancel, 3 accept, 4 reject, 5 timeout, 6 modify; newer programs may
    /// write others.
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
    /// `cmd`: what later programs say it is about.
    pub command: Option<Command>,
    /// `initialCallId`: the call under way that this is an invite into.
    pub initial_call_id: Option<String>,
    /// `excludeFromHistoryMessage`; present on a hangup: somebody left and the call went on.
    pub exclude_from_history: Option<bool>,
    /// What it means; `None` when it is about a call and nothing more is understood of it.
    pub signal: Option<Signal>,
}

/// Reads the text of a custom element; `None` if it is no call message. The model's
/// `getCallMessage`.
pub fn get_call_message(text: &str) -> Option<CallingMessage> {
    CallingMessage::parse(text).ok()
}

/// Whether `text` is signalling at all: its `businessID` is the number 1. The model's
/// `isCallingData`.
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
/// plugin writes a number (of milliseconds) there. The model's `isCallEndExist`.
pub fn is_call_end_exist(message: &CallingMessage) -> bool {
    message.action_type != 2 && message.call_end_s.is_some_and(|seconds| seconds > 0)
}

impl CallingMessage {
    /// Reads the text of a custom element.
    ///
    /// A message of a version or with an action that does not exist yet is read as far as "a
    /// call": its `signal` is `None`, its [`protocol`](Self::protocol) unknown.
    ///
    /// # Errors
    /// Why it is no call message.
    pub fn parse(text: &str) -> Result<Self, InviteDiscard> {
        match decode_envelope(text) {
            Ok(envelope) => Ok(envelope.into()),
            Err(why) => newer::read(text, why).ok_or(why),
        }
    }

    /// What it means, as the chat programs number it.
    pub const fn protocol(&self) -> Protocol {
        Protocol::of(self.signal.as_ref())
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
            command: data.command,
            initial_call_id: Some(data.initial_call_id).filter(|id| !id.is_empty()),
            exclude_from_history: data.exclude_from_history,
            signal,
        }
    }
}
