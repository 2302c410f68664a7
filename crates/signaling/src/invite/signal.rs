use calling_model::{MediaType, RoomId, UnixMillis, UserId};
use serde::Serialize;

use super::{ActionType, Business, CallAction, Command, Envelope, InviteDiscard, Payload};

/// What a message means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Signal {
    /// Somebody calls.
    Invite {
        /// Voice or video.
        media_type: MediaType,
    },
    /// The caller withdraws the call.
    Cancel,
    /// A callee accepts it.
    Accept,
    /// A callee declines it.
    Reject,
    /// A callee is in another call.
    Busy,
    /// A callee did not answer.
    Timeout,
    /// The call is over.
    Hangup {
        /// Conversation time in seconds; 0 at the end of a group call.
        seconds: u64,
    },
    /// The other side would go on without pictures.
    SwitchToAudio,
    /// The other side would go on with pictures.
    SwitchToVideo,
    /// The wish to switch is granted.
    SwitchAccepted {
        /// To what.
        to: MediaType,
    },
    /// The wish to switch is denied.
    SwitchRejected {
        /// To what.
        to: MediaType,
        /// Why, for people; may be empty.
        reason: String,
    },
    /// The wish to switch was not answered; the call goes on as it is.
    SwitchUnanswered {
        /// To what.
        to: MediaType,
    },
    /// The caller of several people tells what another of them did.
    SyncInfo(SyncInfo),
    /// The caller changed the data of the invite.
    Modified,
}

/// What the caller of several people relays to the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SyncInfo {
    /// What happened.
    pub action: CallAction,
    /// The call, as its caller names it; may be empty.
    pub call_id: String,
    /// To whom it happened.
    pub user: Option<UserId>,
    /// The members of the call.
    pub users: Vec<UserId>,
    /// For people; may be empty. To programs of this project the medium switched to.
    pub message: String,
    /// When it was done (`inviteTime`); to programs of this project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<UnixMillis>,
}

impl Envelope {
    /// What it means.
    ///
    /// An invite is decided by `data.cmd`, else by `switch_to_audio_call`, else by `call_end`
    /// (above 0, or 0 in a group), else by `call_type`. One exception, since the Flutter plugin puts
    /// `audioCall` or `videoCall` into every message: beside those two, a `call_end` that no
    /// invite has still means the end.
    ///
    /// # Errors
    /// [`InviteDiscard::UnknownCommand`] or [`InviteDiscard::NotACall`]: an invite that says
    /// nothing understood.
    pub fn signal(&self) -> Result<Signal, InviteDiscard> {
        let payload = &self.payload;
        let switch = payload.switch_target();
        Ok(match (self.action, switch) {
            (ActionType::Invite, _) => return self.invite_signal(),
            (ActionType::Cancel, _) => Signal::Cancel,
            (ActionType::Modify, _) => Signal::Modified,
            (ActionType::Accept, Some(to)) => Signal::SwitchAccepted { to },
            (ActionType::Accept, None) => Signal::Accept,
            (ActionType::Timeout, Some(to)) => Signal::SwitchUnanswered { to },
            (ActionType::Timeout, None) => Signal::Timeout,
            (ActionType::Reject, Some(to)) => {
                Signal::SwitchRejected { to, reason: payload.message().to_owned() }
            }
            (ActionType::Reject, None) if payload.is_busy() => Signal::Busy,
            (ActionType::Reject, None) => Signal::Reject,
        })
    }

    fn invite_signal(&self) -> Result<Signal, InviteDiscard> {
        let payload = &self.payload;
        match payload.command() {
            Some(Command::AudioCall | Command::VideoCall) if self.ends_despite_command() => {
                Ok(payload.hangup())
            }
            Some(Command::AudioCall) => Ok(Signal::Invite { media_type: MediaType::Audio }),
            Some(Command::VideoCall) => Ok(Signal::Invite { media_type: MediaType::Video }),
            Some(Command::Hangup) => Ok(payload.hangup()),
            Some(Command::SwitchToAudio) => Ok(Signal::SwitchToAudio),
            Some(Command::SwitchToVideo) => Ok(Signal::SwitchToVideo),
            Some(Command::SyncInfo) => {
                payload.sync_info().map(Signal::SyncInfo).ok_or(InviteDiscard::NotACall)
            }
            Some(Command::Other(_)) => Err(InviteDiscard::UnknownCommand),
            None if payload.switch_to_audio == Some(true) => Ok(Signal::SwitchToAudio),
            None if self.ends_by_legacy_field() => Ok(payload.hangup()),
            None => payload
                .media_type
                .map(|media_type| Signal::Invite { media_type })
                .ok_or(InviteDiscard::NotACall),
        }
    }

    /// `call_end` says so: above 0, or 0 in a group, where no duration is told.
    fn ends_by_legacy_field(&self) -> bool {
        self.payload.call_end_s.is_some_and(|seconds| seconds > 0 || self.is_group())
    }

    /// As above; but engines, which name their business, write 0 into the invites of groups too.
    fn ends_despite_command(&self) -> bool {
        match self.payload.call_end_s {
            None => false,
            Some(0) => self.payload.business == Business::Unnamed && self.is_group(),
            Some(_) => true,
        }
    }

    /// Whether `me` has to do with it. Everybody in a chat group gets its invites; who is not among
    /// those invited leaves them alone, unless they tell that the call is over.
    pub fn concerns(&self, me: &UserId) -> bool {
        match self.action {
            ActionType::Invite if self.group_id.is_some() => {
                self.invitees.contains(me) || matches!(self.signal(), Ok(Signal::Hangup { .. }))
            }
            ActionType::Invite
            | ActionType::Cancel
            | ActionType::Accept
            | ActionType::Reject
            | ActionType::Timeout
            | ActionType::Modify => true,
        }
    }

    /// Whether the call belongs to a chat group.
    pub fn is_group(&self) -> bool {
        self.group_id.is_some() || self.payload.is_group == Some(true)
    }
}

impl Payload {
    /// The numbered room, from whichever of the two places has it.
    pub fn room(&self) -> Option<RoomId> {
        self.room_id.or_else(|| self.data.as_ref()?.room_id)
    }

    /// The relayed event, if this payload is one.
    pub fn sync_info(&self) -> Option<SyncInfo> {
        let data = self.data.as_ref()?;
        if data.command != Some(Command::SyncInfo) {
            return None;
        }
        Some(SyncInfo {
            action: self.call_action?,
            call_id: self.call_id.clone(),
            user: self.user.clone(),
            users: data.users.clone(),
            message: data.message.clone(),
            at: data.invite_time_ms.map(UnixMillis),
        })
    }

    /// What an answer to a wish to switch is about; `None` if it answers a call.
    fn switch_target(&self) -> Option<MediaType> {
        match self.command() {
            Some(Command::SwitchToAudio) => Some(MediaType::Audio),
            Some(Command::SwitchToVideo) => Some(MediaType::Video),
            Some(
                Command::AudioCall
                | Command::VideoCall
                | Command::Hangup
                | Command::SyncInfo
                | Command::Other(_),
            ) => None,
            None => self.switch_to_audio.map(|_| MediaType::Audio),
        }
    }

    fn is_busy(&self) -> bool {
        self.line_busy || self.message() == "lineBusy"
    }

    fn message(&self) -> &str {
        self.data.as_ref().map_or("", |data| &data.message)
    }

    fn hangup(&self) -> Signal {
        let told = || self.data.as_ref()?.command_info.trim().parse::<f64>().ok();
        // The cast takes what is negative or not a number for 0.
        let seconds = self.call_end_s.or_else(|| told().map(|seconds| seconds as u64));
        Signal::Hangup { seconds: seconds.unwrap_or(0) }
    }
}
