//! What the tests of this crate share.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::fs;
use std::path::Path;

use calling_callrecord::text::Names;
use calling_callrecord::{CallingMessage, get_call_message};
use calling_model::{CallId, GroupId, InviteId, MediaType, RoomId, UnixMillis, UserId};
use calling_signaling::call::{CallFacts, EndedCall, Outcome, ParticipantOutcome, Participation};
use serde_json::Value;

pub(crate) const START: u64 = 1_700_000_000_000;

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub(crate) fn group(name: &str) -> GroupId {
    GroupId::new(name).unwrap()
}

pub(crate) fn part(name: &str, outcome: ParticipantOutcome) -> Participation {
    Participation { user: user(name), outcome, joined_at: None, left_at: None }
}

/// In the conversation for these seconds of it.
pub(crate) fn talking(
    name: &str,
    outcome: ParticipantOutcome,
    from: u64,
    to: u64,
) -> Participation {
    let at = |seconds: u64| Some(UnixMillis(START + 2_000 + seconds * 1_000));
    Participation { user: user(name), outcome, joined_at: at(from), left_at: at(to) }
}

/// A voice call from alice to bob.
pub(crate) fn call(
    outcome: Outcome,
    accepted_ms: Option<u64>,
    ended_ms: u64,
    by: Option<&str>,
) -> EndedCall {
    let callee = if accepted_ms.is_some() {
        ParticipantOutcome::Accepted
    } else {
        match outcome {
            Outcome::Rejected => ParticipantOutcome::Rejected,
            Outcome::NoAnswer => ParticipantOutcome::NoAnswer,
            Outcome::Offline => ParticipantOutcome::Offline,
            Outcome::Busy => ParticipantOutcome::Busy,
            Outcome::Completed | Outcome::Cancelled | Outcome::PeerLost | Outcome::Interrupted => {
                ParticipantOutcome::Cancelled
            }
        }
    };
    EndedCall {
        facts: CallFacts {
            call_id: CallId::new("00112233445566778899aabbccddeeff").unwrap(),
            invite_id: InviteId::new("0f1e2d3c4b5a69788796a5b4c3d2e1f0").unwrap(),
            room_id: RoomId::new(123_456).unwrap(),
            caller: user("alice"),
            callees: vec![user("bob")],
            media_type: MediaType::Audio,
            group_id: None,
            timeout_s: 30,
            user_data: String::new(),
            started_at: UnixMillis(START),
        },
        outcome,
        switched_to: None,
        accepted_at: accepted_ms.map(UnixMillis),
        ended_at: UnixMillis(ended_ms),
        ended_by: by.map(user),
        participants: vec![part("alice", ParticipantOutcome::Called), part("bob", callee)],
    }
}

pub(crate) fn talked(ms: u64, by: Option<&str>) -> EndedCall {
    call(Outcome::Completed, Some(START + 2_000), START + 2_000 + ms, by)
}

/// A voice call from alice to several, of whom each did something.
pub(crate) fn call_of_several(
    outcome: Outcome,
    talked_ms: Option<u64>,
    parts: Vec<Participation>,
) -> EndedCall {
    let ended = START + 2_000 + talked_ms.unwrap_or(0);
    let mut call = call(outcome, talked_ms.map(|_| START + 2_000), ended, None);
    call.facts.callees = parts.iter().map(|part| part.user.clone()).collect();
    call.participants.truncate(1);
    call.participants.extend(parts);
    call
}

/// The message of a golden file of the invite codec, as it travels.
pub(crate) fn golden_text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../signaling/tests/golden")
        .join(name)
        .with_extension("json");
    let text = fs::read_to_string(path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    if file.get("envelope").is_none() {
        return text;
    }
    let mut envelope = file["envelope"].clone();
    envelope["data"] = Value::String(file["payload"].to_string());
    envelope.to_string()
}

pub(crate) fn golden(name: &str) -> CallingMessage {
    get_call_message(&golden_text(name)).unwrap()
}

/// Everybody's name is their account in angle brackets.
pub(crate) fn bracketed(user: &UserId) -> Names {
    Names { nick_name: format!("<{}>", user.as_str()), ..Names::default() }
}
