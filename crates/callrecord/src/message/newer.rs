//! What can be told of a call message that a program newer than this one wrote.

use calling_model::{GroupId, InviteId, UserId};
use calling_signaling::invite::{Business, InviteDiscard, decode_payload};
use serde_json::{Map, Value};

use super::CallingMessage;

/// The message as "a call", if `text` is about one and `why` says that it was not understood for
/// being newer. Of its fields only those that still mean what they meant are taken.
///
/// `text` was found to be within the limits of size and nesting before.
pub(super) fn read(text: &str, why: InviteDiscard) -> Option<CallingMessage> {
    if !may_be_newer(why) {
        return None;
    }
    let envelope: Map<String, Value> = serde_json::from_str(text).ok()?;
    let inner = match envelope.get("data")? {
        Value::String(text) => text.clone(),
        inner @ Value::Object(_) => inner.to_string(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return None,
    };
    match (decode_payload(&inner), why) {
        // An action that does not exist yet.
        (Ok(_), InviteDiscard::UnknownAction) | (Err(InviteDiscard::UnknownVersion), _) => {}
        // History may be of any version.
        (Ok(payload), _) if payload.business == Business::RtcCall => {}
        (Ok(_) | Err(_), _) => return None,
    }
    let payload: Map<String, Value> = serde_json::from_str(&inner).ok()?;
    Some(plain(&envelope, &payload))
}

const fn may_be_newer(why: InviteDiscard) -> bool {
    match why {
        InviteDiscard::UnknownAction | InviteDiscard::UnknownVersion | InviteDiscard::BadId => true,
        InviteDiscard::TooLarge
        | InviteDiscard::TooDeep
        | InviteDiscard::NotJson
        | InviteDiscard::DuplicateKey
        | InviteDiscard::NotSignalling
        | InviteDiscard::NotACall
        | InviteDiscard::UnknownCommand => false,
    }
}

fn plain(envelope: &Map<String, Value>, payload: &Map<String, Value>) -> CallingMessage {
    let inviter = text(envelope, "inviter").and_then(|id| UserId::new(id).ok());
    let data = payload.get("data").and_then(Value::as_object);
    let caller = data.and_then(|data| UserId::new(text(data, "inviter")?).ok());
    let group_id = text(envelope, "groupID").and_then(|id| GroupId::new(id).ok());
    CallingMessage {
        caller: caller.or_else(|| inviter.clone()),
        inviter,
        action_type: number(envelope, "actionType").unwrap_or(0),
        invite_id: text(envelope, "inviteID").and_then(|id| InviteId::new(id).ok()),
        invitees: Vec::new(),
        timeout_s: 0,
        room_id: None,
        media_type: number(payload, "call_type"),
        call_end_s: None,
        is_group: group_id.is_some(),
        group_id,
        command: None,
        initial_call_id: None,
        exclude_from_history: None,
        signal: None,
    }
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str()
}

/// A small whole number, also as a double.
fn number<T: TryFrom<i64>>(object: &Map<String, Value>, key: &str) -> Option<T> {
    let number = object.get(key)?.as_f64()?;
    // The cast saturates, and takes what is no number for 0.
    T::try_from(number as i64).ok()
}
