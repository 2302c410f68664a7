//! What is read of messages of every generation, and of those that do not exist yet.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use calling_callrecord::{
    CallingMessage, Language, MessageFlags, Protocol, Side, Texts, fuzz, get_call_message,
    is_call_end_exist, is_calling_data, is_group_calling_message,
};
use calling_model::MediaType;
use calling_signaling::call::Role;
use calling_signaling::invite::{Command, InviteDiscard};
use common::{bracketed, golden, golden_text, group, user};
use proptest::prelude::*;
use serde_json::json;

#[test]
fn what_is_a_call_message_and_what_is_not() {
    for text in ["", "null", "{}", "[]", "hello", r#"{"businessID":"av_call"}"#] {
        assert_eq!(get_call_message(text), None);
        assert!(!is_calling_data(text), "{text}");
    }
    assert!(is_calling_data(r#"{"businessID":1}"#), "by its mark alone");
    assert!(is_calling_data(r#"{"businessID":1.0,"data":"?"}"#));
    assert!(!is_calling_data(r#"{"businessID":2}"#));
    assert!(!is_calling_data(&"[".repeat(200_000)));
}

#[test]
fn a_duration_counts_only_where_it_is_one() {
    for (name, exists) in [
        ("android/hangup", true),
        ("plugin/hangup", true),
        ("old/hangup", true),
        ("plugin/cancel_with_milliseconds", false),
        ("engine/invite_audio", false),
        ("android/group_end", false),
        ("android/invite_video", false),
    ] {
        assert_eq!(is_call_end_exist(&golden(name)), exists, "{name}");
    }
}

#[test]
fn the_caller_stays_the_caller_of_a_hangup_sent_by_the_callee() {
    let message = golden("engine/hangup");
    assert_eq!(message.inviter, Some(user("B")));
    assert_eq!(message.role_of(&user("A")), Role::Caller);
    assert_eq!(message.role_of(&user("B")), Role::Callee);
}

#[test]
fn a_group_call_ends_visibly_once() {
    assert!(golden("engine/group_end").is_group_end());
    assert!(!golden("engine/group_leave").is_group_end());
    assert!(!golden("engine/group_invite").is_group_end());
    assert!(golden("engine/group_add").is_mid_call());
}

#[test]
fn the_newer_fields_are_read() {
    let added = golden("engine/group_add");
    assert_eq!(added.initial_call_id.as_deref(), Some("c-1"));
    assert_eq!(added.command, Some(Command::AudioCall));
    assert_eq!(golden("engine/group_leave").exclude_from_history, Some(true));
    let plain = golden("plugin/invite_video");
    assert_eq!((plain.initial_call_id, plain.exclude_from_history), (None, None));
    assert!(!plain.is_group);
    assert!(golden("plugin/group_invite").is_group);
}

#[test]
fn meanings_and_their_numbers() {
    for (name, protocol, number) in [
        ("android/switch_to_audio_rejected", Protocol::Unknown, 0),
        ("android/switch_to_audio_unanswered", Protocol::Unknown, 0),
        ("web/switch_to_video", Protocol::Unknown, 0),
        ("android/invite_video", Protocol::Send, 1),
        ("old/invite_video", Protocol::Send, 1),
        ("ios/accept", Protocol::Accept, 2),
        ("ios/reject", Protocol::Reject, 3),
        ("engine/cancel", Protocol::Cancel, 4),
        ("android/hangup", Protocol::Hangup, 5),
        ("old/hangup", Protocol::Hangup, 5),
        ("plugin/hangup", Protocol::Hangup, 5),
        ("history/timeout_with_numeric_business", Protocol::Timeout, 6),
        ("android/busy", Protocol::LineBusy, 7),
        ("old/busy_empty_mark", Protocol::LineBusy, 7),
        ("old/switch_to_audio", Protocol::SwitchToAudio, 8),
        ("web/switch_to_audio", Protocol::SwitchToAudio, 8),
        ("ios/switch_to_audio_accepted", Protocol::SwitchToAudioConfirm, 9),
    ] {
        assert_eq!(golden(name).protocol(), protocol, "{name}");
        assert_eq!(protocol.number(), number);
    }
    assert!(Protocol::ALL.iter().zip(0..).all(|(protocol, n)| protocol.number() == n));
}

#[test]
fn what_stands_on_which_side() {
    // The callee sent this; it still stands on the caller's right.
    let message = golden("engine/hangup");
    assert_eq!(message.side_for(&user("A")), Side::Right);
    assert_eq!(message.side_for(&user("B")), Side::Left);
    let icons = |media| [Side::Left.icon(media), Side::Right.icon(media)];
    assert_eq!(icons(Some(MediaType::Audio)), ["voice_call", "voice_call"]);
    assert_eq!(icons(Some(MediaType::Video)), ["video_call", "video_call_self"]);
}

#[test]
fn what_a_conversation_shows_and_what_it_hides() {
    let open = MessageFlags::default();
    for (name, is_shown) in [
        ("engine/hangup", true),
        ("engine/group_end", true),
        ("engine/group_leave", false),
        // An engine marks its invites too; only a hangup is hidden by that.
        ("engine/invite_audio", true),
        ("engine/group_invite", true),
        ("engine/group_add", false),
        ("android/switch_to_audio", true),
        ("android/switch_to_audio_rejected", false),
        ("android/switch_to_audio_unanswered", false),
        ("canonical/modify", false),
    ] {
        assert_eq!(golden(name).is_shown(open), is_shown, "{name}");
    }
    let flags = |last, unread| MessageFlags {
        is_excluded_from_last_message: last,
        is_excluded_from_unread_count: unread,
        ..MessageFlags::default()
    };
    let message = golden("engine/hangup");
    let shown = [(false, false), (false, true), (true, false), (true, true)]
        .map(|(last, unread)| message.is_shown(flags(last, unread)));
    assert_eq!(shown, [true, true, true, false], "hidden by both flags together");
}

#[test]
fn the_unread_dot() {
    let open = MessageFlags::default();
    let opened = MessageFlags { local_custom_int: 1, ..open };
    for (name, has_dot) in [
        ("web/cancel", true),
        ("web/timeout", true),
        ("web/busy", true),
        ("web/reject", false),
        ("web/hangup", false),
        ("web/accept", false),
        ("web/invite_video", false),
        ("canonical/cancel_in_group", false),
        ("canonical/busy_in_group", false),
    ] {
        let message = golden(name);
        assert_eq!(message.has_unread_dot(&user("B"), open), has_dot, "{name}");
        assert!(!message.has_unread_dot(&user("B"), opened), "{name}, opened");
        assert!(!message.has_unread_dot(&user("A"), open), "{name}, the caller");
    }
}

#[test]
fn what_is_a_message_of_a_group_call() {
    let (invite, group) = (golden_text("android/group_invite"), group("G"));
    assert!(is_group_calling_message(Some(&group), Some(&invite)));
    assert!(!is_group_calling_message(None, Some(&invite)), "between two");
    assert!(!is_group_calling_message(Some(&group), None), "no custom element");
    assert!(!is_group_calling_message(Some(&group), Some("{}")), "no signalling");
}

/// A message as a newer program might write it.
fn from_the_future(envelope: serde_json::Value, payload: serde_json::Value) -> String {
    let mut envelope = envelope;
    envelope["businessID"] = json!(1);
    envelope["data"] = json!(payload.to_string());
    envelope.to_string()
}

#[test]
fn what_does_not_exist_yet_is_just_a_call() {
    let av_call = json!({"businessID":"av_call","version":4,"call_type":1,
        "data":{"cmd":"audioCall","inviter":"A"}});
    let version_9 = json!({"businessID":"av_call","version":9,"call_type":1,
        "data":{"cmd":"audioCall","inviter":"A"}});
    let unknown_command = json!({"businessID":"av_call","version":4,"call_type":1,
        "data":{"cmd":"holoCall","inviter":"A"}});
    for (what, text) in [
        ("version", from_the_future(json!({"actionType":1,"inviter":"B"}), version_9.clone())),
        ("action", from_the_future(json!({"actionType":77,"inviter":"B"}), av_call.clone())),
        ("no action", from_the_future(json!({"inviter":"B"}), av_call)),
        ("command", from_the_future(json!({"actionType":1,"inviter":"B"}), unknown_command)),
        ("shape", from_the_future(json!({"actionType":"x","inviteeList":[{"id":7}]}), version_9)),
    ] {
        let message = get_call_message(&text).unwrap_or_else(|| panic!("{what}: {text}"));
        assert_eq!((message.protocol(), &message.signal), (Protocol::Unknown, &None), "{what}");
        assert_eq!(message.role_of(&user("A")), Role::Caller, "{what}");
        assert!(message.is_shown(MessageFlags::default()) && !is_call_end_exist(&message));
        assert!(!message.is_missed_by(&user("B")));
        for (language, kind, call) in [
            (Language::ZhHans, "[语音通话]", "通话"),
            (Language::ZhHant, "[語音通話]", "通話"),
            (Language::En, "[Voice call]", "Call"),
        ] {
            let texts = Texts::new(language);
            assert_eq!(texts.summary(&message), kind, "{what}");
            assert_eq!(texts.item(Some(&message)), call, "{what}");
            assert_eq!(texts.direct(&message, Role::Callee), call, "{what}");
            assert_eq!(texts.group(&message, bracketed), call, "{what}");
            assert_eq!(texts.group_item(&message, bracketed), call, "{what}");
        }
    }
}

#[test]
fn a_call_of_a_kind_that_does_not_exist_yet_is_a_call() {
    let payload = json!({"businessID":"av_call","version":5,"call_type":3,"data":{"cmd":"holo"}});
    let message = get_call_message(&from_the_future(json!({"actionType":1}), payload)).unwrap();
    assert_eq!(Texts::new(Language::ZhHans).summary(&message), "[通话]");
}

/// The newest engines write history by their own rules; their ids need not be of our alphabet.
#[test]
fn history_with_foreign_ids_is_a_call() {
    let payload = json!({"businessID":"rtc_call","version":4,"call_type":1,
        "data":{"cmd":"hangup","inviter":"A"}});
    let text = from_the_future(json!({"actionType":1,"inviter":"not an id"}), payload);
    let message = get_call_message(&text).unwrap();
    assert_eq!(message.protocol(), Protocol::Unknown);
    assert_eq!(Texts::new(Language::En).summary(&message), "[Voice call]");
}

/// As in the plugin: what is not voice is video.
#[test]
fn what_does_not_tell_its_kind_is_video() {
    let payload = json!({"businessID":"av_call","version":4});
    let message = get_call_message(&from_the_future(json!({"actionType":2}), payload)).unwrap();
    assert_eq!(message.media_type, None);
    assert_eq!(Texts::new(Language::ZhHans).summary(&message), "[视频通话]：取消通话");
}

#[test]
fn what_is_merely_malformed_is_no_call_message() {
    let now = json!({"businessID":"av_call","version":4,"call_type":1});
    for (envelope, payload, why) in [
        (json!({"actionType":1,"inviter":"not an id"}), now.clone(), InviteDiscard::BadId),
        (json!({"actionType":77}), json!({"businessID":"live"}), InviteDiscard::UnknownAction),
        (json!({"actionType":1}), json!({"businessID":"live"}), InviteDiscard::NotACall),
        (json!({"actionType":1}), json!({"version":9}), InviteDiscard::NotACall),
    ] {
        let text = from_the_future(envelope, payload);
        assert_eq!(CallingMessage::parse(&text), Err(why), "{text}");
    }
    let twice = r#"{"businessID":1,"actionType":77,"data":"{\"version\":9,\"version\":9}"}"#;
    assert_eq!(get_call_message(twice), None, "a key stands there twice");
}

#[test]
fn every_truncation_is_no_call_message() {
    for name in ["android/hangup", "engine/group_add", "old/invite_video"] {
        let text = golden_text(name);
        for end in 0..text.len() {
            assert_eq!(get_call_message(&text[..end]), None, "{name} at {end}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn garbage_never_panics(
        bytes in proptest::collection::vec(any::<u8>(), 0..100),
        json in r#"[\[\]{}",:0-9a-z\\ ]{0,60}"#,
        action in -2_i64..9, call_end in any::<i64>(), cmd in "[a-zA-Z_]{0,14}",
    ) {
        fuzz::call_message(&bytes);
        fuzz::call_message(json.as_bytes());
        let payload = json!({"version":4,"businessID":"av_call","call_end":call_end,
            "data":{"cmd":cmd}});
        fuzz::call_message(from_the_future(json!({"actionType":action}), payload).as_bytes());
    }

    /// Whatever a newer version does, its call messages have a line.
    #[test]
    fn every_future_version_has_a_line(
        version in 5_u64.., action in any::<i64>(), call_type in any::<i64>(),
        cmd in "[a-zA-Z_]{1,20}", inviter in ".{0,40}", key in "[a-z]{1,8}", depth in 0..5_usize,
    ) {
        let mut extra = json!(call_type);
        for _ in 0..depth {
            extra = json!([extra]);
        }
        let payload = json!({"businessID":"av_call","version":version,"call_type":call_type,
            "data":{"cmd":cmd,"inviter":inviter,key.as_str():extra}});
        let text = from_the_future(json!({"actionType":action,"inviter":inviter}), payload);
        let message = get_call_message(&text);
        prop_assert!(message.is_some(), "{text}");
        prop_assert!(Texts::new(Language::En).summary(&message.unwrap()).ends_with("all]"));
        fuzz::call_message(text.as_bytes());
    }
}
