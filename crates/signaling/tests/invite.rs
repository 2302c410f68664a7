//! Invites of every generation: golden files with what each means, and what is never accepted.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use calling_model::{CallId, GroupId, InviteId, MediaType, RoomId, UnixMillis, UserId};
use calling_signaling::call::CallFacts;
use calling_signaling::invite::{
    CallAction, Envelope, InviteDiscard, MAX_MESSAGE_BYTES, Message, Payload, Signal, SyncInfo,
    compose, decode_envelope, decode_message, decode_payload,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn golden_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// `<generation>/<case>` and content of every golden file but the canonical ones and those of other
/// texts (`invite_texts.rs`).
fn golden_files() -> Vec<(String, Value)> {
    let mut files = Vec::new();
    for generation in fs::read_dir(golden_dir()).unwrap() {
        let generation = generation.unwrap().path();
        let others = ["canonical", "texts"].iter().any(|other| generation.ends_with(other));
        if !generation.is_dir() || others {
            continue;
        }
        for case in fs::read_dir(&generation).unwrap() {
            let path = case.unwrap().path();
            let name = path.strip_prefix(golden_dir()).unwrap().display().to_string();
            files.push((name, serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()));
        }
    }
    files.sort_by(|one, other| one.0.cmp(&other.0));
    files
}

/// The message as it travels: the payload is text within the envelope.
fn wire(file: &Value) -> String {
    let mut envelope = file["envelope"].clone();
    envelope["data"] = Value::String(file["payload"].to_string());
    envelope.to_string()
}

fn meaning(envelope: &Envelope) -> Value {
    let payload = &envelope.payload;
    let data = payload.data.clone().unwrap_or_default();
    let mut meaning = json!({
        "generation": payload.generation().name(),
        "signal": envelope.signal().unwrap(),
        "action": envelope.action.number(),
        "invite_id": envelope.invite_id,
        "inviter": envelope.inviter,
        "invitees": envelope.invitees,
        "group_id": envelope.group_id,
        "timeout_s": envelope.timeout_s,
        "media_type": payload.media_type,
        "room_id": payload.room_id,
        "call_end_s": payload.call_end_s,
        "users": data.users,
        "caller": data.inviter,
    });
    if let Some(running) = payload.mid_call() {
        meaning["mid_call"] = Value::Bool(true);
        assert_eq!(running.call_id, "c-1");
        assert_eq!(running.in_call, [user("A"), user("B")]);
        assert_eq!(running.invited_at, Some(UnixMillis(1_700_000_000_000)));
        if running.consumed {
            meaning["consumed"] = Value::Bool(true);
        }
    }
    for (name, text) in [("room_name", &data.room_name), ("user_data", &payload.user_data)] {
        if !text.is_empty() {
            meaning[name] = Value::String(text.clone());
        }
    }
    meaning
}

#[test]
fn every_golden_message_means_what_it_should() {
    let files = golden_files();
    assert!(files.len() >= 90, "{} golden files", files.len());
    for (name, file) in files {
        let envelope = decode_envelope(&wire(&file)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(meaning(&envelope), file["expect"], "{name}");
    }
}

#[test]
fn a_payload_that_is_an_object_means_the_same() {
    for (name, file) in golden_files() {
        let mut envelope = file["envelope"].clone();
        envelope["data"] = file["payload"].clone();
        let decoded = decode_envelope(&envelope.to_string()).unwrap();
        assert_eq!(meaning(&decoded), file["expect"], "{name}");
    }
}

/// Encoding is canonical: what was read from any generation is read back as the same.
#[test]
fn every_golden_message_survives_encoding() {
    for (name, file) in golden_files() {
        let envelope = decode_envelope(&wire(&file)).unwrap();
        let again = decode_envelope(&envelope.encode()).unwrap();
        assert_eq!(again.signal(), envelope.signal(), "{name}");
        assert_eq!(Envelope { payload: envelope.payload.clone(), ..again.clone() }, envelope);
        let again_payload = Payload { data: None, ..again.payload };
        assert_eq!(again_payload, Payload { data: None, ..envelope.payload }, "{name}");
    }
}

#[test]
fn every_truncation_errs() {
    for (name, file) in golden_files() {
        let text = wire(&file);
        for end in 0..text.len() {
            assert!(decode_envelope(&text[..end]).is_err(), "{name} at {end}");
        }
        let payload = file["payload"].to_string();
        for end in 0..payload.len() {
            let mut envelope = file["envelope"].clone();
            envelope["data"] = Value::String(payload[..end].to_owned());
            assert!(decode_envelope(&envelope.to_string()).is_err(), "{name} at {end}");
        }
    }
}

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn facts(media_type: MediaType, group: Option<&str>) -> CallFacts {
    CallFacts {
        call_id: CallId::new("00112233445566778899aabbccddeeff").unwrap(),
        invite_id: InviteId::new("0f1e2d3c4b5a69788796a5b4c3d2e1f0").unwrap(),
        room_id: RoomId::new(123_456).unwrap(),
        caller: user("A"),
        callees: if group.is_some() { vec![user("B"), user("C")] } else { vec![user("B")] },
        media_type,
        group_id: group.map(|name| GroupId::new(name).unwrap()),
        timeout_s: 30,
        user_data: String::new(),
        started_at: UnixMillis(1_700_000_000_000),
    }
}

/// Every signal, with who sends it.
fn signals() -> Vec<(&'static str, &'static str, Signal)> {
    let audio = MediaType::Audio;
    let video = MediaType::Video;
    let no = || "no".to_owned();
    vec![
        ("invite_audio", "A", Signal::Invite { media_type: audio }),
        ("invite_video", "A", Signal::Invite { media_type: video }),
        ("cancel", "A", Signal::Cancel),
        ("accept", "B", Signal::Accept),
        ("reject", "B", Signal::Reject),
        ("busy", "B", Signal::Busy),
        ("timeout_told_by_callee", "B", Signal::Timeout),
        ("timeout_told_by_caller", "A", Signal::Timeout),
        ("hangup", "B", Signal::Hangup { seconds: 65 }),
        ("switch_to_audio", "A", Signal::SwitchToAudio),
        ("switch_to_video", "A", Signal::SwitchToVideo),
        ("switch_to_audio_accepted", "B", Signal::SwitchAccepted { to: audio }),
        ("switch_to_video_accepted", "B", Signal::SwitchAccepted { to: video }),
        ("switch_to_audio_rejected", "B", Signal::SwitchRejected { to: audio, reason: no() }),
        ("switch_to_video_rejected", "B", Signal::SwitchRejected { to: video, reason: no() }),
        ("switch_to_audio_unanswered", "B", Signal::SwitchUnanswered { to: audio }),
        ("modify", "A", Signal::Modified),
    ]
}

fn composed(sender: &str, signal: &Signal, group: Option<&str>) -> Envelope {
    let media_type =
        if let Signal::Invite { media_type } = signal { *media_type } else { MediaType::Video };
    let facts = facts(media_type, group);
    compose(&facts, facts.invite_id.clone(), &user(sender), signal)
}

/// `canonical/<case>.json` holds the exact text, one line, as it is sent.
#[test]
fn canonical_messages_are_written_as_ever() {
    for (name, sender, signal) in signals() {
        for (suffix, group) in [("", None), ("_in_group", Some("G"))] {
            let text = composed(sender, &signal, group).encode();
            let path = golden_dir().join(format!("canonical/{name}{suffix}.json"));
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, format!("{text}\n")).unwrap();
            }
            let expected = fs::read_to_string(&path).unwrap();
            assert_eq!(text, expected.trim_end(), "{}", path.display());
        }
    }
}

#[test]
fn canonical_messages_mean_what_was_said() {
    for (name, sender, signal) in signals() {
        for group in [None, Some("G")] {
            let envelope = composed(sender, &signal, group);
            assert_eq!(envelope.signal().as_ref(), Ok(&signal), "{name}");
            assert_eq!(decode_envelope(&envelope.encode()).unwrap(), envelope, "{name}");
        }
    }
}

/// What older readers look at, by the rules that are known of them.
#[test]
fn canonical_messages_suit_every_known_reader() {
    for (name, sender, signal) in signals() {
        let envelope = composed(sender, &signal, None);
        let payload: Value = serde_json::from_str(&envelope.payload.encode()).unwrap();
        let hangs_up = matches!(signal, Signal::Hangup { .. });
        // Flutter: the mere key in an invite is the end. Android old: not 0 is the end.
        assert_eq!(payload.get("call_end").is_some(), hangs_up, "{name}");
        // Flutter: contains call_type. Android and iOS: platform, businessID and data.
        assert!(payload["call_type"].is_u64(), "{name}");
        assert_eq!(payload["businessID"], "av_call");
        assert!(payload["platform"].as_str().is_some_and(|platform| !platform.is_empty()));
        assert!(payload["data"]["cmd"].is_string());
        // Busy: old readers by line_busy, newer by data.message alone.
        let busy = signal == Signal::Busy;
        assert_eq!(payload["line_busy"] == "line_busy", busy, "{name}");
        assert_eq!(payload["data"]["message"] == "lineBusy", busy, "{name}");
    }
}

#[test]
fn a_hangup_is_an_invite_of_its_sender() {
    let envelope = composed("B", &Signal::Hangup { seconds: 65 }, None);
    assert_eq!((envelope.inviter, envelope.timeout_s), (Some(user("B")), 0));
    assert_eq!(envelope.invitees, [user("A")]);
    let data = envelope.payload.data.unwrap();
    assert_eq!(data.inviter, Some(user("A")), "the caller stays the caller");
    assert_eq!(envelope.payload.room_id, None);
    assert_eq!(composed("B", &Signal::Hangup { seconds: 65 }, None).payload.room(), data.room_id);
    let short = composed("B", &Signal::Hangup { seconds: 0 }, None);
    assert_eq!(short.signal(), Ok(Signal::Hangup { seconds: 1 }));
}

/// Escaped once within the payload and once more within the envelope, the longest text still fits.
#[test]
fn the_longest_user_data_travels() {
    for character in ["\u{1}", "\"", "\\", "x"] {
        let mut facts = facts(MediaType::Audio, Some("G"));
        facts.user_data = character.repeat(4096);
        facts.callees = (0..50).map(|n| user(&format!("{n:032}"))).collect();
        let invite = Signal::Invite { media_type: MediaType::Audio };
        let envelope = compose(&facts, facts.invite_id.clone(), &facts.caller, &invite);
        assert_eq!(decode_envelope(&envelope.encode()), Ok(envelope));
    }
}

#[test]
fn discriminators_are_whole_and_durations_are_cut() {
    let text = |action: &str| {
        let data = json!(r#"{"call_type":1,"call_end":65.9,"timeout":30.5}"#);
        format!(r#"{{"actionType":{action},"businessID":1,"data":{data},"timeout":30.7}}"#)
    };
    assert_eq!(decode_envelope(&text("1.5")), Err(InviteDiscard::UnknownAction));
    let envelope = decode_envelope(&text("1.0")).unwrap();
    assert_eq!(envelope.timeout_s, 30);
    assert_eq!(envelope.signal(), Ok(Signal::Hangup { seconds: 65 }));
    assert_eq!(decode_payload(r#"{"call_type":1.5}"#), Err(InviteDiscard::NotACall));
}

/// Everybody in a group gets its messages.
#[test]
fn invites_of_a_group_concern_those_invited_and_ends_everybody() {
    let invite = Signal::Invite { media_type: MediaType::Audio };
    let invite = composed("A", &invite, Some("G"));
    assert_eq!([invite.concerns(&user("B")), invite.concerns(&user("D"))], [true, false]);
    let mut end = composed("A", &Signal::Hangup { seconds: 9 }, Some("G"));
    // As iPhones name them.
    end.invitees = vec![user("inviteeList")];
    assert!(end.concerns(&user("D")));
    assert!(composed("A", &Signal::Cancel, Some("G")).concerns(&user("D")));
    let alone = composed("A", &Signal::Invite { media_type: MediaType::Audio }, None);
    assert!(alone.concerns(&user("D")), "who sent it to D meant D");
}

#[test]
fn relayed_events_have_no_envelope() {
    let text = r#"{"version":4,"businessID":"av_call","platform":"Android","call_action":7,
        "callid":"c-1","user":"B","data":{"cmd":"sync_info","userIDs":["B","C"],"message":""}}"#;
    let event = SyncInfo {
        action: CallAction::Accept,
        call_id: "c-1".to_owned(),
        user: Some(user("B")),
        users: vec![user("B"), user("C")],
        message: String::new(),
        at: None,
    };
    assert_eq!(decode_message(text), Ok(Message::Relayed(event.clone())));
    assert_eq!(decode_envelope(text), Err(InviteDiscard::NotSignalling));
    let ours = Payload::from(&event).encode();
    assert_eq!(decode_message(&ours), Ok(Message::Relayed(event)));
    for number in 1..=10 {
        let action = CallAction::from_number(number).unwrap();
        assert_eq!(i64::from(action.number()), number);
    }
    assert_eq!(CallAction::from_number(0), None);
    assert_eq!(CallAction::from_number(11), None);
}

#[test]
fn a_push_only_wakes_up() {
    let text = r#"{"version":4,"businessID":"av_call"}"#;
    assert_eq!(decode_message(text), Ok(Message::WakeUp));
    let envelope = composed("A", &Signal::Cancel, None);
    let message = Message::Signalling(Box::new(envelope.clone()));
    assert_eq!(decode_message(&envelope.encode()), Ok(message));
}

#[test]
fn what_is_discarded_and_why() {
    use InviteDiscard as D;
    let with = |data: &str| json!({"actionType":1,"businessID":1,"data":data}).to_string();
    let deep = format!(r#"{{"businessID":1,"x":{}{}}}"#, "[".repeat(9), "]".repeat(9));
    let cases = [
        (String::new(), D::NotJson),
        ("[]".to_owned(), D::NotJson),
        ("{}".to_owned(), D::NotSignalling),
        (r#"{"businessID":"av_call"}"#.to_owned(), D::NotSignalling),
        (r#"{"businessID":2,"actionType":1}"#.to_owned(), D::NotSignalling),
        (r#"{"businessID":1}"#.to_owned(), D::UnknownAction),
        (r#"{"businessID":1,"actionType":7}"#.to_owned(), D::UnknownAction),
        (r#"{"businessID":1,"actionType":1.5e300}"#.to_owned(), D::UnknownAction),
        (r#"{"businessID":1,"actionType":1}"#.to_owned(), D::NotACall),
        (r#"{"businessID":1,"actionType":1,"data":7}"#.to_owned(), D::NotACall),
        (with(""), D::NotJson),
        (with("{}"), D::NotACall),
        (with(r#"{"businessID":"shopping","call_type":1}"#), D::NotACall),
        (with(r#"{"call_type":3}"#), D::NotACall),
        (with(r#"{"call_type":1,"version":5}"#), D::UnknownVersion),
        (with(r#"{"call_type":1,"call_type":2}"#), D::DuplicateKey),
        (with(r#"{"call_type":1,"data":{"cmd":"a","cmd":"b"}}"#), D::DuplicateKey),
        (r#"{"businessID":1,"businessID":1}"#.to_owned(), D::DuplicateKey),
        (r#"{"businessID":1,"actionType":1,"inviter":"a b","data":"{}"}"#.to_owned(), D::BadId),
        (r#"{"businessID":1,"actionType":1,"inviteeList":[7],"data":"{}"}"#.to_owned(), D::BadId),
        (deep, D::TooDeep),
        ("{".repeat(10_000), D::TooDeep),
        (" ".repeat(MAX_MESSAGE_BYTES + 1), D::TooLarge),
    ];
    for (text, discard) in cases {
        let start: String = text.chars().take(80).collect();
        assert_eq!(decode_envelope(&text), Err(discard), "{start}");
        assert!(!discard.reason().is_empty());
    }
}

#[test]
fn an_invite_without_meaning_is_told_apart() {
    let signal = |data: &str| {
        let text = json!({"actionType":1,"businessID":1,"data":data}).to_string();
        decode_envelope(&text).unwrap().signal()
    };
    assert_eq!(signal(r#"{"businessID":"av_call"}"#), Err(InviteDiscard::NotACall));
    assert_eq!(
        signal(r#"{"businessID":"av_call","call_type":1,"data":{"cmd":"dance"}}"#),
        Err(InviteDiscard::UnknownCommand)
    );
    // The order: command, then switch, then call_end, then call_type.
    let audio = Signal::Invite { media_type: MediaType::Audio };
    for (data, expected) in [
        (
            r#"{"businessID":"av_call","call_type":2,"call_end":0,"data":{"cmd":"audioCall"}}"#,
            audio,
        ),
        (r#"{"call_type":2,"switch_to_audio_call":"x","call_end":9}"#, Signal::SwitchToAudio),
        (r#"{"call_type":2,"call_end":9}"#, Signal::Hangup { seconds: 9 }),
        (r#"{"call_type":2,"call_end":0}"#, Signal::Invite { media_type: MediaType::Video }),
        (r#"{"call_type":2,"call_end":-9}"#, Signal::Invite { media_type: MediaType::Video }),
    ] {
        assert_eq!(signal(data), Ok(expected), "{data}");
    }
}

#[test]
fn the_room_is_found_in_either_place() {
    for text in [
        r#"{"call_type":1,"room_id":7}"#,
        r#"{"call_type":1,"room_id":0,"data":{"room_id":7}}"#,
        r#"{"call_type":1,"room_id":7,"data":{"room_id":0}}"#,
    ] {
        assert_eq!(decode_payload(text).unwrap().room().unwrap().get(), 7, "{text}");
    }
    assert_eq!(decode_payload(r#"{"call_type":1}"#).unwrap().room(), None);
}

#[test]
fn fields_of_nonsensical_types_count_as_absent() {
    let payload = decode_payload(
        r#"{"call_type":1,"room_id":{},"call_end":"soon","line_busy":0,"userData":[1],
            "is_group":"maybe","switch_to_audio_call":[],"user":"a b","call_action":{},
            "data":{"cmd":7.5,"userIDs":["B",7,"a b"],"inviter":"","inviteTime":1e300}}"#,
    )
    .unwrap();
    let data = payload.data.clone().unwrap();
    assert_eq!(data.users, [user("B")]);
    assert_eq!((data.inviter, data.invite_time_ms), (None, None));
    assert_eq!((payload.room_id, payload.call_end_s, payload.is_group), (None, None, None));
    assert!(!payload.line_busy && payload.switch_to_audio.is_none());
    assert_eq!(decode_payload(r#"{"call_type":1,"data":[]}"#).unwrap().data, None);
}

fn any_users() -> impl Strategy<Value = Vec<UserId>> {
    proptest::collection::vec("[A-Za-z0-9_-]{1,32}".prop_map(|name| user(&name)), 0..9)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_composed_is_understood(
        index in 0_usize..17, seconds in any::<u64>().prop_map(|n| n >> 12), reason in any::<String>(),
        callees in any_users(), room in 1..u32::MAX, timeout_s in any::<u32>(),
        user_data in any::<String>(),
    ) {
        let (_, sender, mut signal) = signals().swap_remove(index);
        // The end of less than a second is told as one of a second.
        if let Signal::Hangup { seconds: told } = &mut signal { *told = seconds.max(1); }
        if let Signal::SwitchRejected { reason: told, .. } = &mut signal { *told = reason; }
        let facts = CallFacts {
            callees, room_id: RoomId::new(room).unwrap(), timeout_s, user_data,
            ..facts(MediaType::Video, None)
        };
        let envelope = compose(&facts, facts.invite_id.clone(), &user(sender), &signal);
        let again = decode_envelope(&envelope.encode()).unwrap();
        prop_assert_eq!(&again, &envelope);
        prop_assert_eq!(again.signal().unwrap(), signal);
    }

    #[test]
    fn garbage_never_panics(text in any::<String>(), json in r#"[\[\]{}",:0-9a-z\\ .e-]{0,60}"#) {
        for text in [text, json] {
            let _ = (decode_envelope(&text), decode_payload(&text), decode_message(&text));
            let wrapped = json!({"actionType":1,"businessID":1,"data":text}).to_string();
            let _ = decode_envelope(&wrapped).map(|envelope| envelope.signal());
        }
    }
}
