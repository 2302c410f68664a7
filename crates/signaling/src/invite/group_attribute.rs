//! The attribute of a chat group by which its members see that a call is under way.

use calling_model::{GroupId, MediaType, RoomId, UserId};
use serde::Serialize;
use serde_json::Value;

use super::loose::{self, Object};
use super::{InviteDiscard, decode};

/// The name of the attribute.
pub const GROUP_ATTRIBUTE: &str = "inner_attr_kit_info";

/// `business_type`.
const BUSINESS: &str = "callkit";

/// A room by number or by name; the two are separate spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomRef {
    /// `room_id_type` 1.
    Number(RoomId),
    /// `room_id_type` 2.
    Name(String),
}

/// The running call of a chat group: who is in it, and where to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupCallAttribute {
    /// The media room.
    pub room: RoomRef,
    /// The chat group.
    pub group_id: Option<GroupId>,
    /// Voice or video.
    pub media_type: MediaType,
    /// Who is in the call.
    pub users: Vec<UserId>,
    /// The call; empty from engines that do not name calls.
    pub call_id: String,
}

#[derive(Serialize)]
struct Text<'a> {
    business_type: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    call_id: &'a str,
    call_media_type: MediaType,
    group_id: &'a str,
    room_id: String,
    room_id_type: u8,
    user_list: Vec<Member<'a>>,
}

#[derive(Serialize)]
struct Member<'a> {
    userid: &'a UserId,
}

impl GroupCallAttribute {
    /// Whether others are offered to join: only once somebody talks to somebody.
    pub fn is_joinable(&self) -> bool {
        self.users.len() > 1
    }

    /// As text.
    pub fn encode(&self) -> String {
        let (room_id, room_id_type) = match &self.room {
            RoomRef::Number(number) => (number.get().to_string(), 1),
            RoomRef::Name(name) => (name.clone(), 2),
        };
        super::encode::text(&Text {
            business_type: BUSINESS,
            call_id: &self.call_id,
            call_media_type: self.media_type,
            group_id: self.group_id.as_ref().map_or("", GroupId::as_str),
            room_id,
            room_id_type,
            user_list: self.users.iter().map(|userid| Member { userid }).collect(),
        })
    }

    /// Reads one, as leniently as an envelope. A `room_id_type` of 0 or none stands for a number if
    /// it is one.
    ///
    /// # Errors
    /// [`InviteDiscard::NotACall`] if it says nothing of a call or names no room; otherwise as for
    /// envelopes.
    pub fn decode(text: &str) -> Result<Self, InviteDiscard> {
        let object = decode::object(text)?;
        if loose::text(&object, "business_type").as_deref() != Some(BUSINESS) {
            return Err(InviteDiscard::NotACall);
        }
        Ok(Self {
            room: room(&object).ok_or(InviteDiscard::NotACall)?,
            group_id: decode::id(&object, "group_id", GroupId::new)?,
            media_type: media_type(&object).ok_or(InviteDiscard::NotACall)?,
            users: members(&object),
            call_id: loose::text(&object, "call_id").unwrap_or_default(),
        })
    }
}

fn room(object: &Object) -> Option<RoomRef> {
    let name = || loose::filled(object, "room_id").map(RoomRef::Name);
    let number = || decode::room_id(object).map(RoomRef::Number);
    match loose::integer(object, "room_id_type") {
        Some(2) => name(),
        Some(1) => number(),
        None | Some(0) => number().or_else(name),
        Some(_) => None,
    }
}

fn media_type(object: &Object) -> Option<MediaType> {
    match loose::text(object, "call_media_type")?.as_str() {
        "audio" => Some(MediaType::Audio),
        "video" => Some(MediaType::Video),
        _ => None,
    }
}

fn members(object: &Object) -> Vec<UserId> {
    let Some(Value::Array(list)) = object.get("user_list") else {
        return Vec::new();
    };
    list.iter().filter_map(Value::as_object).filter_map(|one| loose::user(one, "userid")).collect()
}
