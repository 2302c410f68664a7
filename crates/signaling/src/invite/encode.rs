//! The canonical form: keys in the order in which real envelopes have them (by name), strings that
//! some reader expects are there even if empty, everything else only if it is known.

use calling_model::{GroupId, InviteId, RoomId, UserId};
use serde::Serialize;

use super::{Envelope, Payload, PayloadData};

/// The legacy mark of a switch to audio.
const SWITCH_MARK: &str = "switch_to_audio_call";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeText<'a> {
    action_type: u8,
    #[serde(rename = "businessID")]
    business_id: u8,
    data: String,
    #[serde(rename = "groupID", skip_serializing_if = "Option::is_none")]
    group_id: Option<&'a GroupId>,
    #[serde(rename = "inviteID", skip_serializing_if = "Option::is_none")]
    invite_id: Option<&'a InviteId>,
    invitee_list: &'a [UserId],
    #[serde(skip_serializing_if = "Option::is_none")]
    inviter: Option<&'a UserId>,
    online_user_only: bool,
    timeout: u32,
}

#[derive(Serialize)]
struct PayloadText<'a> {
    #[serde(rename = "businessID", skip_serializing_if = "Option::is_none")]
    business_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_action: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_end: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_type: Option<u8>,
    #[serde(rename = "callid", skip_serializing_if = "str::is_empty")]
    call_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<DataText<'a>>,
    #[serde(rename = "extInfo")]
    ext_info: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_group: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_busy: Option<&'static str>,
    platform: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<RoomId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    switch_to_audio_call: Option<SwitchMark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a UserId>,
    #[serde(rename = "userData", skip_serializing_if = "str::is_empty")]
    user_data: &'a str,
    version: u32,
}

#[derive(Serialize)]
#[serde(untagged)]
enum SwitchMark {
    Wished(&'static str),
    Denied(u8),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DataText<'a> {
    cmd: &'a str,
    cmd_info: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed: Option<bool>,
    #[serde(rename = "excludeFromHistoryMessage", skip_serializing_if = "Option::is_none")]
    exclude_from_history: Option<bool>,
    #[serde(rename = "inCallUserIDs", skip_serializing_if = "<[UserId]>::is_empty")]
    in_call_users: &'a [UserId],
    #[serde(skip_serializing_if = "str::is_empty")]
    initial_call_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inviter: Option<&'a UserId>,
    message: &'a str,
    #[serde(rename = "room_id", skip_serializing_if = "Option::is_none")]
    room_id: Option<RoomId>,
    #[serde(rename = "str_room_id")]
    room_name: &'a str,
    #[serde(rename = "userIDs")]
    users: &'a [UserId],
}

impl Envelope {
    /// The message as text, canonical whatever it was decoded from.
    pub fn encode(&self) -> String {
        text(&EnvelopeText {
            action_type: self.action.number(),
            business_id: 1,
            data: self.payload.encode(),
            group_id: self.group_id.as_ref(),
            invite_id: self.invite_id.as_ref(),
            invitee_list: &self.invitees,
            inviter: self.inviter.as_ref(),
            online_user_only: self.online_user_only,
            timeout: self.timeout_s,
        })
    }
}

impl Payload {
    /// The payload as text, canonical whatever it was decoded from.
    pub fn encode(&self) -> String {
        text(&PayloadText {
            business_id: self.business.name(),
            call_action: self.call_action.map(super::CallAction::number),
            call_end: self.call_end_s,
            call_type: self.media_type.map(calling_model::MediaType::call_type),
            call_id: &self.call_id,
            data: self.data.as_ref().map(data_text),
            ext_info: &self.ext_info,
            is_group: self.is_group,
            line_busy: self.line_busy.then_some("line_busy"),
            platform: &self.platform,
            room_id: self.room_id,
            switch_to_audio_call: self.switch_to_audio.map(switch_mark),
            user: self.user.as_ref(),
            user_data: &self.user_data,
            version: self.version,
        })
    }
}

fn switch_mark(wished: bool) -> SwitchMark {
    if wished { SwitchMark::Wished(SWITCH_MARK) } else { SwitchMark::Denied(0) }
}

fn data_text(data: &PayloadData) -> DataText<'_> {
    DataText {
        cmd: data.command.as_ref().map_or("", |command| command.name()),
        cmd_info: &data.command_info,
        consumed: data.consumed,
        exclude_from_history: data.exclude_from_history,
        in_call_users: &data.in_call_users,
        initial_call_id: &data.initial_call_id,
        invite_time: data.invite_time_ms,
        inviter: data.inviter.as_ref(),
        message: &data.message,
        room_id: data.room_id,
        room_name: &data.room_name,
        users: &data.users,
    }
}

pub(super) fn text(value: &impl Serialize) -> String {
    // Structs of strings, numbers and flags always serialise.
    serde_json::to_string(value).expect("plain structs are JSON")
}
