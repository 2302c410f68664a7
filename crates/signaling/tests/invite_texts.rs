//! What travels beside envelopes: relayed events, the `ext` of a push, the attribute of a group.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use calling_model::{GroupId, InviteId, MediaType, RoomId, UnixMillis, UserId};
use calling_signaling::call::CallFacts;
use calling_signaling::invite::{
    CallAction, GROUP_ATTRIBUTE, GroupCallAttribute, InviteDiscard, MAX_MESSAGE_BYTES, Message,
    MidCall, Payload, PushExt, RoomRef, Signal, SyncInfo, compose, decode_envelope, decode_message,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn golden() -> Vec<(String, Value)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/texts");
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
        })
        .collect();
    files.sort_by(|one: &(String, Value), other| one.0.cmp(&other.0));
    files
}

fn meaning(name: &str, text: &str) -> Value {
    let understood = if name.starts_with("push") {
        PushExt::decode(text).map(|push| json!({ "push": push_meaning(&push) }))
    } else if name.starts_with("attribute") {
        GroupCallAttribute::decode(text).map(|call| json!({ "attribute": call_meaning(&call) }))
    } else {
        decode_message(text).map(|message| match message {
            Message::Relayed(event) => json!({ "relayed": event }),
            Message::WakeUp => json!({ "wake_up": true }),
            Message::Signalling(_) => panic!("{name} has no envelope"),
        })
    };
    understood.unwrap_or_else(|discard: InviteDiscard| json!({ "discard": discard.reason() }))
}

fn push_meaning(push: &PushExt) -> Value {
    json!({
        "sender": push.sender, "nickname": push.nickname, "face_url": push.face_url,
        "sent_at_s": push.sent_at_s, "invite_id": push.invite_id, "media_type": push.media_type,
        "room_id": push.room_id, "group_id": push.group_id, "invitees": push.invitees,
        "timeout_s": push.timeout_s, "user_data": push.user_data,
    })
}

fn call_meaning(call: &GroupCallAttribute) -> Value {
    let room = match &call.room {
        RoomRef::Number(number) => json!(number),
        RoomRef::Name(name) => json!(name),
    };
    json!({
        "room": room, "group_id": call.group_id, "media_type": call.media_type,
        "users": call.users, "call_id": call.call_id, "joinable": call.is_joinable(),
    })
}

#[test]
fn every_golden_text_means_what_it_should() {
    let files = golden();
    assert!(files.len() >= 15, "{} golden files", files.len());
    for (name, file) in files {
        assert_eq!(meaning(&name, &file["text"].to_string()), file["expect"], "{name}");
    }
}

#[test]
fn every_truncation_errs() {
    for (name, file) in golden() {
        let text = file["text"].to_string();
        for end in 0..text.len() {
            assert!(meaning(&name, &text[..end]).get("discard").is_some(), "{name} at {end}");
        }
        let Some(content) = file["text"]["entity"]["content"].as_str() else { continue };
        for end in 0..content.len() {
            let mut cut = file["text"].clone();
            cut["entity"]["content"] = json!(content[..end]);
            assert!(PushExt::decode(&cut.to_string()).is_err(), "{name} at {end}");
        }
    }
}

#[test]
fn limits_hold_for_every_text() {
    let long = " ".repeat(MAX_MESSAGE_BYTES + 1);
    assert_eq!(PushExt::decode(&long), Err(InviteDiscard::TooLarge));
    assert_eq!(GroupCallAttribute::decode(&long), Err(InviteDiscard::TooLarge));
    let deep = format!(r#"{{"entity":{}{}}}"#, "[".repeat(20), "]".repeat(20));
    assert_eq!(PushExt::decode(&deep), Err(InviteDiscard::TooDeep));
    let twice = r#"{"business_type":"callkit","business_type":"callkit"}"#;
    assert_eq!(GroupCallAttribute::decode(twice), Err(InviteDiscard::DuplicateKey));
    assert_eq!(GROUP_ATTRIBUTE, "inner_attr_kit_info");
}

fn facts(callees: Vec<UserId>, group_id: Option<GroupId>, user_data: String) -> CallFacts {
    CallFacts {
        call_id: "c-1".parse().unwrap(),
        invite_id: "i-1".parse().unwrap(),
        room_id: RoomId::new(7).unwrap(),
        caller: "A".parse().unwrap(),
        callees,
        media_type: MediaType::Video,
        group_id,
        timeout_s: 30,
        user_data,
        started_at: UnixMillis(0),
    }
}

/// As written, field by field.
#[test]
fn our_texts_have_the_known_form() {
    let facts = facts(vec!["B".parse().unwrap()], None, String::new());
    let invite = Signal::Invite { media_type: MediaType::Video };
    let envelope = compose(&facts, facts.invite_id.clone(), &facts.caller, &invite);
    let push = PushExt::of(&envelope, 1_700_000_000).unwrap();
    let content = r#"{"action":1,"call_id":"i-1","call_type":2,"room_id":7,"group_id":"","invited_list":["B"],"timeout":30,"version":4}"#;
    let expected = json!({"entity": {
        "version": 1, "action": 2, "chatType": 1, "sender": "A", "nickname": "", "faceUrl": "",
        "sendTime": 1_700_000_000, "content": content,
    }});
    assert_eq!(serde_json::from_str::<Value>(&push.encode()).unwrap(), expected);
    let cancel = compose(&facts, facts.invite_id.clone(), &facts.caller, &Signal::Cancel);
    assert_eq!(PushExt::of(&cancel, 0), None);

    let call = GroupCallAttribute {
        room: RoomRef::Number(facts.room_id),
        group_id: Some("G".parse().unwrap()),
        media_type: MediaType::Audio,
        users: vec!["A".parse().unwrap(), "B".parse().unwrap()],
        call_id: String::new(),
    };
    let expected = json!({
        "business_type": "callkit", "room_id": "7", "room_id_type": 1, "group_id": "G",
        "call_media_type": "audio", "user_list": [{"userid": "A"}, {"userid": "B"}],
    });
    assert_eq!(serde_json::from_str::<Value>(&call.encode()).unwrap(), expected);
}

#[test]
fn relays_are_written_and_read() {
    for (name, file) in golden().into_iter().filter(|(name, _)| name.starts_with("relay")) {
        let Ok(Message::Relayed(event)) = decode_message(&file["text"].to_string()) else {
            panic!("{name}");
        };
        let ours = Payload::from(&event).encode();
        let read: Value = serde_json::from_str(&ours).unwrap();
        for key in ["version", "businessID", "callid", "user", "data"] {
            let theirs = &file["text"][key];
            let known = theirs.as_object().into_iter().flatten();
            assert!(known.into_iter().all(|(inner, value)| read[key][inner] == *value), "{name}");
            assert!(theirs.is_object() || read[key] == *theirs, "{name}: {key}");
        }
        assert_eq!(decode_message(&ours), Ok(Message::Relayed(event)), "{name}");
    }
}

fn any_user() -> impl Strategy<Value = UserId> {
    "[A-Za-z0-9_-]{1,32}".prop_map(|text| text.parse().unwrap())
}

fn any_users() -> impl Strategy<Value = Vec<UserId>> {
    proptest::collection::vec(any_user(), 0..9)
}

fn any_group() -> impl Strategy<Value = Option<GroupId>> {
    proptest::option::of("[!#-\\[\\]-~]{1,64}".prop_map(|text| text.parse().unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn pushes_round_trip(
        users in any_users(), group in any_group(), user_data in any::<String>(),
        nickname in any::<String>(), sent_at_s in any::<u32>(), id in "[!#-\\[\\]-~]{1,128}",
    ) {
        let mut facts = facts(users, group, user_data);
        facts.invite_id = InviteId::new(id).unwrap();
        let invite = Signal::Invite { media_type: MediaType::Video };
        let envelope = compose(&facts, facts.invite_id.clone(), &facts.caller, &invite);
        let mut push = PushExt::of(&envelope, sent_at_s.into()).unwrap();
        push.nickname = nickname;
        prop_assert_eq!(PushExt::decode(&push.encode()), Ok(push));
    }

    #[test]
    fn attributes_round_trip(
        users in any_users(), group_id in any_group(), call_id in any::<String>(),
        room in 1..u32::MAX, name in proptest::option::of("[ -~]{1,64}"), video in any::<bool>(),
    ) {
        let number = RoomRef::Number(RoomId::new(room).unwrap());
        let call = GroupCallAttribute {
            room: name.map_or(number, RoomRef::Name),
            group_id,
            media_type: if video { MediaType::Video } else { MediaType::Audio },
            users,
            call_id,
        };
        prop_assert_eq!(GroupCallAttribute::decode(&call.encode()), Ok(call));
    }

    #[test]
    fn relays_round_trip(
        number in 1..=10_i64, user in proptest::option::of(any_user()), users in any_users(),
        call_id in any::<String>(), message in any::<String>(),
        at in proptest::option::of(any::<u32>()),
    ) {
        let action = CallAction::from_number(number).unwrap();
        let at = at.map(|at| UnixMillis(at.into()));
        let event = SyncInfo { action, call_id, user, users, message, at };
        prop_assert_eq!(
            decode_message(&Payload::from(&event).encode()),
            Ok(Message::Relayed(event))
        );
    }

    #[test]
    fn invites_into_a_running_call_round_trip(
        call_id in ".{1,40}", in_call in any_users(), at in proptest::option::of(0_u64..1 << 52),
        consumed in any::<bool>(),
    ) {
        let facts = facts(vec!["B".parse().unwrap()], None, String::new());
        let running = MidCall { call_id, in_call, invited_at: at.map(UnixMillis), consumed };
        let invite = Signal::Invite { media_type: MediaType::Video };
        let envelope = compose(&facts, facts.invite_id.clone(), &facts.caller, &invite)
            .into_mid_call(&running);
        let again = decode_envelope(&envelope.encode()).unwrap();
        prop_assert_eq!(again.payload.mid_call(), Some(running));
        prop_assert_eq!(again, envelope);
    }

    #[test]
    fn garbage_never_panics(text in any::<String>(), json in r#"[\[\]{}",:0-9a-z_\\ .e-]{0,60}"#) {
        for text in [text, json] {
            let _ = (PushExt::decode(&text), GroupCallAttribute::decode(&text));
            let wrapped = json!({"entity":{"action":2,"content":text}}).to_string();
            prop_assert!(PushExt::decode(&wrapped).is_err());
        }
    }
}
