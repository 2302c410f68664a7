use calling_model::{MediaType, RoomId, UserId};
use serde::Serialize;

/// `businessID` of a payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Business {
    /// Absent: versions 0 to 3 and the Flutter plugin.
    #[default]
    Unnamed,
    /// `av_call`: from version 4 on.
    AvCall,
    /// `rtc_call`: history written by the newest engines.
    RtcCall,
}

impl Business {
    /// The text on the wire.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Unnamed => None,
            Self::AvCall => Some("av_call"),
            Self::RtcCall => Some("rtc_call"),
        }
    }
}

/// `data.cmd`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// `audioCall`: a voice call.
    AudioCall,
    /// `videoCall`: a video call.
    VideoCall,
    /// `hangup`: the end of a call.
    Hangup,
    /// `switchToAudio`: go on without pictures.
    SwitchToAudio,
    /// `switchToVideo`: go on with pictures.
    SwitchToVideo,
    /// `sync_info`: the caller relays what another invitee did.
    SyncInfo,
    /// One that this build does not know.
    Other(String),
}

impl Command {
    /// The text on the wire.
    pub fn name(&self) -> &str {
        match self {
            Self::AudioCall => "audioCall",
            Self::VideoCall => "videoCall",
            Self::Hangup => "hangup",
            Self::SwitchToAudio => "switchToAudio",
            Self::SwitchToVideo => "switchToVideo",
            Self::SyncInfo => "sync_info",
            Self::Other(name) => name,
        }
    }

    /// From the text on the wire; `""` is no command.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "" => return None,
            "audioCall" => Self::AudioCall,
            "videoCall" => Self::VideoCall,
            "hangup" => Self::Hangup,
            "switchToAudio" => Self::SwitchToAudio,
            "switchToVideo" => Self::SwitchToVideo,
            "sync_info" => Self::SyncInfo,
            other => Self::Other(other.to_owned()),
        })
    }

    /// The command that places a call of this kind.
    pub const fn call(media_type: MediaType) -> Self {
        match media_type {
            MediaType::Audio => Self::AudioCall,
            MediaType::Video => Self::VideoCall,
        }
    }
}

/// `call_action` of a relayed event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallAction {
    /// 1.
    Call,
    /// 2.
    Cancel,
    /// 3.
    Reject,
    /// 4.
    Timeout,
    /// 5.
    End,
    /// 6.
    Busy,
    /// 7.
    Accept,
    /// 8.
    SwitchToAudio,
    /// 9.
    AcceptSwitch,
    /// 10.
    RejectSwitch,
}

const CALL_ACTIONS: [CallAction; 10] = [
    CallAction::Call,
    CallAction::Cancel,
    CallAction::Reject,
    CallAction::Timeout,
    CallAction::End,
    CallAction::Busy,
    CallAction::Accept,
    CallAction::SwitchToAudio,
    CallAction::AcceptSwitch,
    CallAction::RejectSwitch,
];

impl CallAction {
    /// The number on the wire.
    pub const fn number(self) -> u8 {
        // The variants stand in the order of their numbers, from 1.
        self as u8 + 1
    }

    /// From the number on the wire.
    pub fn from_number(number: i64) -> Option<Self> {
        CALL_ACTIONS.into_iter().find(|action| i64::from(action.number()) == number)
    }
}

/// Which programs write payloads like this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Generation {
    /// Versions 0 to 3: no `businessID`, no `data`.
    Old,
    /// The Flutter plugin: no `businessID`, with `data` and `is_group`.
    Plugin,
    /// Version 4, `av_call`.
    Named,
    /// Version 4 as the call engines v1 and v2 write it.
    Engine,
    /// History of the newest engines, `rtc_call`.
    History,
}

impl Generation {
    /// A short name for people and tests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::Plugin => "plugin",
            Self::Named => "named",
            Self::Engine => "engine",
            Self::History => "history",
        }
    }
}

/// What an envelope is about. Unknown fields are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    /// 0 to 4; 0 if absent.
    pub version: u32,
    /// Which kind of payload it says it is.
    pub business: Business,
    /// The sender's platform or device model.
    pub platform: String,
    /// `extInfo` or `extraInfo`: free text of the application.
    pub ext_info: String,
    /// `call_type`.
    pub media_type: Option<MediaType>,
    /// The numbered room.
    pub room_id: Option<RoomId>,
    /// `call_end`: conversation time in seconds, in end messages; engines write 0 into invites.
    pub call_end_s: Option<u64>,
    /// The legacy mark of a busy line is there.
    pub line_busy: bool,
    /// The legacy mark of a switch to audio: wished for or granted (`true`), denied (`false`).
    pub switch_to_audio: Option<bool>,
    /// Written by the Flutter plugin alone.
    pub is_group: Option<bool>,
    /// `userData`: free text of the application.
    pub user_data: String,
    /// In relayed events: what happened.
    pub call_action: Option<CallAction>,
    /// In relayed events: the call.
    pub call_id: String,
    /// In relayed events: to whom it happened.
    pub user: Option<UserId>,
    /// The newer part.
    pub data: Option<PayloadData>,
}

/// The newer part of a payload, `data`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PayloadData {
    /// `cmd`.
    pub command: Option<Command>,
    /// `cmdInfo` or `cmd_info`; the conversation time in seconds of a hangup.
    pub command_info: String,
    /// The numbered room.
    pub room_id: Option<RoomId>,
    /// `str_room_id`: the named room.
    pub room_name: String,
    /// `lineBusy`, or free text.
    pub message: String,
    /// `userIDs`: members of the call.
    pub users: Vec<UserId>,
    /// Who placed the call, whoever sent this message.
    pub inviter: Option<UserId>,
    /// `excludeFromHistoryMessage`: on a hangup, somebody left and the call goes on.
    pub exclude_from_history: Option<bool>,
    /// `initialCallId`: an invite into a call that is under way.
    pub initial_call_id: String,
    /// `inCallUserIDs`: who is in that call already.
    pub in_call_users: Vec<UserId>,
    /// `inviteTime`, in milliseconds since 1970-01-01 UTC.
    pub invite_time_ms: Option<u64>,
    /// `consumed`: it was handled already.
    pub consumed: Option<bool>,
}

impl Payload {
    /// `data.cmd`.
    pub fn command(&self) -> Option<&Command> {
        self.data.as_ref()?.command.as_ref()
    }

    /// Which programs write payloads like this one.
    pub fn generation(&self) -> Generation {
        match self.business {
            Business::RtcCall => Generation::History,
            Business::AvCall if self.has_engine_marks() => Generation::Engine,
            Business::AvCall => Generation::Named,
            Business::Unnamed if self.is_group.is_some() || self.data.is_some() => {
                Generation::Plugin
            }
            Business::Unnamed => Generation::Old,
        }
    }

    fn has_engine_marks(&self) -> bool {
        self.data.as_ref().is_some_and(|data| {
            data.inviter.is_some()
                || data.exclude_from_history.is_some()
                || !data.initial_call_id.is_empty()
        })
    }
}
