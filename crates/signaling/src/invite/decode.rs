use calling_model::{GroupId, InviteId, MediaType, RoomId, UserId};
use serde_json::Value;

use super::loose::{self, Object};
use super::{
    ActionType, Business, CallAction, Command, Envelope, InviteDiscard, MAX_MESSAGE_BYTES,
    MAX_MESSAGE_DEPTH, MAX_PAYLOAD_VERSION, Payload, PayloadData, SyncInfo,
};
use crate::json::{self, Fields, FieldsError, LimitError};

/// A custom message that has to do with calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A signalling message.
    Signalling(Box<Envelope>),
    /// What the caller of several people relays; it has no envelope.
    Relayed(SyncInfo),
    /// Wakes a device up; the invite itself comes by another way.
    WakeUp,
}

/// Reads a signalling message of any generation.
///
/// Missing fields, numbers as doubles and numbers as text are accepted; unknown fields are left
/// out. Size and depth are checked before anything is built.
///
/// # Errors
/// Why it cannot be acted on.
pub fn decode_envelope(text: &str) -> Result<Envelope, InviteDiscard> {
    envelope(&object(text)?)
}

/// Reads a payload that stands alone.
///
/// # Errors
/// Why it cannot be acted on.
pub fn decode_payload(text: &str) -> Result<Payload, InviteDiscard> {
    payload(&object(text)?)
}

/// Reads any custom message that has to do with calls.
///
/// # Errors
/// Why it cannot be acted on.
pub fn decode_message(text: &str) -> Result<Message, InviteDiscard> {
    let object = object(text)?;
    if is_signalling(&object) {
        return Ok(Message::Signalling(Box::new(envelope(&object)?)));
    }
    let payload = payload(&object)?;
    if let Some(event) = payload.sync_info() {
        return Ok(Message::Relayed(event));
    }
    let wakes = payload.business == Business::AvCall && payload.data.is_none();
    if wakes { Ok(Message::WakeUp) } else { Err(InviteDiscard::NotSignalling) }
}

/// Checks the limits, then parses one object.
pub(super) fn object(text: &str) -> Result<Object, InviteDiscard> {
    json::check_limits(text, MAX_MESSAGE_BYTES, MAX_MESSAGE_DEPTH).map_err(
        |error| match error {
            LimitError::TooLarge => InviteDiscard::TooLarge,
            LimitError::TooDeep => InviteDiscard::TooDeep,
        },
    )?;
    check_keys(text)?;
    serde_json::from_str(text).map_err(|_| InviteDiscard::NotJson)
}

/// Looks for keys that stand twice in one object, at any depth (which is bounded by now).
fn check_keys(text: &str) -> Result<(), InviteDiscard> {
    let mut fields = Fields::default();
    fields.read(text).map_err(|error| match error {
        FieldsError::Syntax(_) => InviteDiscard::NotJson,
        FieldsError::DuplicateKey => InviteDiscard::DuplicateKey,
        FieldsError::TooManyKeys => InviteDiscard::TooLarge,
    })?;
    fields.values().filter(|value| value.starts_with('{')).try_for_each(check_keys)
}

fn is_signalling(object: &Object) -> bool {
    loose::integer(object, "businessID") == Some(1)
}

fn envelope(object: &Object) -> Result<Envelope, InviteDiscard> {
    if !is_signalling(object) {
        return Err(InviteDiscard::NotSignalling);
    }
    let action = loose::integer(object, "actionType")
        .and_then(ActionType::from_number)
        .ok_or(InviteDiscard::UnknownAction)?;
    let timeout_s = loose::natural(object, "timeout").unwrap_or(0);
    Ok(Envelope {
        action,
        invite_id: id(object, "inviteID", InviteId::new)?,
        inviter: id(object, "inviter", UserId::new)?,
        invitees: invitees(object)?,
        group_id: id(object, "groupID", GroupId::new)?,
        timeout_s: u32::try_from(timeout_s).unwrap_or(u32::MAX),
        online_user_only: loose::flag(object, "onlineUserOnly").unwrap_or(false),
        payload: inner_payload(object)?,
    })
}

/// The payload inside is JSON text; an object in its place is accepted.
fn inner_payload(object: &Object) -> Result<Payload, InviteDiscard> {
    match object.get("data") {
        Some(Value::String(text)) => decode_payload(text),
        Some(Value::Object(inner)) => payload(inner),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) | None => {
            Err(InviteDiscard::NotACall)
        }
    }
}

/// An id that may be absent or `""`, but not malformed.
pub(super) fn id<T, E>(
    object: &Object,
    key: &str,
    new: impl FnOnce(String) -> Result<T, E>,
) -> Result<Option<T>, InviteDiscard> {
    loose::filled(object, key).map(new).transpose().map_err(|_| InviteDiscard::BadId)
}

fn invitees(object: &Object) -> Result<Vec<UserId>, InviteDiscard> {
    let list = object.get("inviteeList").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .map(|item| UserId::new(item.as_str().unwrap_or_default()))
        .collect::<Result<_, _>>()
        .map_err(|_| InviteDiscard::BadId)
}

fn payload(object: &Object) -> Result<Payload, InviteDiscard> {
    let payload = Payload {
        version: loose::natural(object, "version")
            .map_or(0, |version| u32::try_from(version).unwrap_or(u32::MAX)),
        business: business(object)?,
        platform: loose::text(object, "platform").unwrap_or_default(),
        ext_info: loose::filled(object, "extInfo")
            .or_else(|| loose::filled(object, "extraInfo"))
            .unwrap_or_default(),
        media_type: media_type(object),
        room_id: room_id(object),
        call_end_s: loose::natural(object, "call_end"),
        line_busy: line_busy(object),
        switch_to_audio: switch_to_audio(object),
        is_group: loose::flag(object, "is_group"),
        user_data: loose::text(object, "userData").unwrap_or_default(),
        call_action: loose::integer(object, "call_action").and_then(CallAction::from_number),
        call_id: loose::text(object, "callid").unwrap_or_default(),
        user: loose::user(object, "user"),
        data: object.get("data").and_then(Value::as_object).map(payload_data),
    };
    check_calling(payload)
}

/// Something has to say that this is about a call, in a version that is understood.
fn check_calling(payload: Payload) -> Result<Payload, InviteDiscard> {
    let named = payload.business != Business::Unnamed;
    if !named && payload.media_type.is_none() && payload.command().is_none() {
        return Err(InviteDiscard::NotACall);
    }
    if payload.version > MAX_PAYLOAD_VERSION && payload.business != Business::RtcCall {
        return Err(InviteDiscard::UnknownVersion);
    }
    Ok(payload)
}

fn business(object: &Object) -> Result<Business, InviteDiscard> {
    match loose::filled(object, "businessID").as_deref() {
        // Some records of timeouts repeat the number of the envelope here.
        None | Some("1" | "1.0") => Ok(Business::Unnamed),
        Some("av_call") => Ok(Business::AvCall),
        Some("rtc_call") => Ok(Business::RtcCall),
        Some(_) => Err(InviteDiscard::NotACall),
    }
}

pub(super) fn media_type(object: &Object) -> Option<MediaType> {
    MediaType::try_from(loose::integer(object, "call_type")?).ok()
}

/// Room 0 is how some programs write "no room".
pub(super) fn room_id(object: &Object) -> Option<RoomId> {
    RoomId::new(loose::number(object, "room_id")?).ok()
}

/// The key with `"line_busy"`, or with `""` as browsers write it.
fn line_busy(object: &Object) -> bool {
    match object.get("line_busy") {
        Some(Value::String(_) | Value::Bool(true)) => true,
        Some(
            Value::Bool(false)
            | Value::Null
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_),
        )
        | None => false,
    }
}

/// `"switch_to_audio_call"` or `"switchToAudio"`; iOS answers with 1 (yes) or 0 (no).
fn switch_to_audio(object: &Object) -> Option<bool> {
    match object.get("switch_to_audio_call")? {
        Value::String(text) if text.is_empty() => None,
        Value::String(_) => Some(true),
        Value::Bool(_) | Value::Number(_) => loose::flag(object, "switch_to_audio_call"),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn payload_data(object: &Object) -> PayloadData {
    PayloadData {
        command: loose::text(object, "cmd").and_then(|name| Command::from_name(&name)),
        command_info: loose::filled(object, "cmdInfo")
            .or_else(|| loose::filled(object, "cmd_info"))
            .unwrap_or_default(),
        room_id: room_id(object),
        room_name: loose::text(object, "str_room_id").unwrap_or_default(),
        message: loose::text(object, "message").unwrap_or_default(),
        users: loose::users(object, "userIDs"),
        inviter: loose::user(object, "inviter"),
        exclude_from_history: loose::flag(object, "excludeFromHistoryMessage"),
        initial_call_id: loose::text(object, "initialCallId").unwrap_or_default(),
        in_call_users: loose::users(object, "inCallUserIDs"),
        invite_time_ms: loose::natural(object, "inviteTime"),
        consumed: loose::flag(object, "consumed"),
    }
}
