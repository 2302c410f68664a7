//! The text beside an offline push (`ext`), from which a woken device learns who calls.

use calling_model::{GroupId, InviteId, MediaType, RoomId, UserId};
use serde::Serialize;
use serde_json::Value;

use super::loose::{self, Object};
use super::{Envelope, InviteDiscard, MAX_PAYLOAD_VERSION, decode};

/// What a push says to people.
pub const PUSH_DESCRIPTION: &str = "You have a new call";

/// The sound file an iPhone plays.
pub const PUSH_SOUND_IOS: &str = "phone_ringing.mp3";

/// The channel phones of OPPO file it under.
pub const PUSH_CHANNEL_OPPO: &str = "tuikit";

/// `entity.action`: a call, not a chat message.
const CALL: i64 = 2;

/// The `ext` of an offline push for an invite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushExt {
    /// Who calls.
    pub sender: UserId,
    /// How the caller calls itself; may be empty.
    pub nickname: String,
    /// Where its picture is; may be empty.
    pub face_url: String,
    /// When it was sent, in seconds since 1970-01-01 UTC.
    pub sent_at_s: u64,
    /// The invite, under `call_id`.
    pub invite_id: Option<InviteId>,
    /// Voice or video.
    pub media_type: MediaType,
    /// The numbered room.
    pub room_id: Option<RoomId>,
    /// The chat group, if any; it decides `chatType`.
    pub group_id: Option<GroupId>,
    /// Who is invited.
    pub invitees: Vec<UserId>,
    /// How long it rings, in seconds.
    pub timeout_s: u32,
    /// Free text of the application.
    pub user_data: String,
}

#[derive(Serialize)]
struct Text<'a> {
    entity: Entity<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entity<'a> {
    version: u8,
    action: i64,
    chat_type: u8,
    sender: &'a UserId,
    nickname: &'a str,
    face_url: &'a str,
    send_time: u64,
    content: String,
}

#[derive(Serialize)]
struct Content<'a> {
    action: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<&'a InviteId>,
    call_type: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<RoomId>,
    group_id: &'a str,
    invited_list: &'a [UserId],
    timeout: u32,
    #[serde(rename = "userData", skip_serializing_if = "str::is_empty")]
    user_data: &'a str,
    version: u32,
}

impl PushExt {
    /// The push for an invite that is sent at `sent_at_s`; `None` if the envelope is no invite to a
    /// call, or names no inviter.
    pub fn of(invite: &Envelope, sent_at_s: u64) -> Option<Self> {
        let Ok(super::Signal::Invite { media_type }) = invite.signal() else { return None };
        Some(Self {
            sender: invite.inviter.clone()?,
            nickname: String::new(),
            face_url: String::new(),
            sent_at_s,
            invite_id: invite.invite_id.clone(),
            media_type,
            room_id: invite.payload.room(),
            group_id: invite.group_id.clone(),
            invitees: invite.invitees.clone(),
            timeout_s: invite.timeout_s,
            user_data: invite.payload.user_data.clone(),
        })
    }

    /// As text.
    pub fn encode(&self) -> String {
        let content = Content {
            action: 1,
            call_id: self.invite_id.as_ref(),
            call_type: self.media_type.call_type(),
            room_id: self.room_id,
            group_id: self.group_id.as_ref().map_or("", GroupId::as_str),
            invited_list: &self.invitees,
            timeout: self.timeout_s,
            user_data: &self.user_data,
            version: MAX_PAYLOAD_VERSION,
        };
        let entity = Entity {
            version: 1,
            action: CALL,
            chat_type: if self.group_id.is_some() { 2 } else { 1 },
            sender: &self.sender,
            nickname: &self.nickname,
            face_url: &self.face_url,
            send_time: self.sent_at_s,
            content: super::encode::text(&content),
        };
        super::encode::text(&Text { entity })
    }

    /// Reads one, as leniently as an envelope.
    ///
    /// # Errors
    /// [`InviteDiscard::NotACall`] for the push of a chat message; otherwise as for envelopes.
    pub fn decode(text: &str) -> Result<Self, InviteDiscard> {
        let outer = decode::object(text)?;
        let entity = object_of(&outer, "entity")?;
        if loose::integer(&entity, "action") != Some(CALL) {
            return Err(InviteDiscard::NotACall);
        }
        let call = object_of(&entity, "content")?;
        if loose::integer(&call, "action") != Some(1) {
            return Err(InviteDiscard::UnknownAction);
        }
        if loose::natural(&call, "version").is_some_and(|n| n > MAX_PAYLOAD_VERSION.into()) {
            return Err(InviteDiscard::UnknownVersion);
        }
        Ok(Self {
            sender: decode::id(&entity, "sender", UserId::new)?.ok_or(InviteDiscard::BadId)?,
            nickname: loose::text(&entity, "nickname").unwrap_or_default(),
            face_url: loose::text(&entity, "faceUrl").unwrap_or_default(),
            sent_at_s: loose::natural(&entity, "sendTime").unwrap_or(0),
            invite_id: decode::id(&call, "call_id", InviteId::new)?,
            media_type: decode::media_type(&call).ok_or(InviteDiscard::NotACall)?,
            room_id: decode::room_id(&call),
            group_id: decode::id(&call, "group_id", GroupId::new)?,
            invitees: loose::users(&call, "invited_list"),
            timeout_s: loose::number(&call, "timeout").unwrap_or(0),
            user_data: loose::text(&call, "userData").unwrap_or_default(),
        })
    }
}

/// The object under `key`, or the one in the text under it.
fn object_of(object: &Object, key: &str) -> Result<Object, InviteDiscard> {
    match object.get(key) {
        Some(Value::Object(inner)) => Ok(inner.clone()),
        Some(Value::String(text)) => decode::object(text),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) | None => {
            Err(InviteDiscard::NotACall)
        }
    }
}
