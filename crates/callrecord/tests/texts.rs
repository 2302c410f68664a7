//! What conversations show, and what is read of messages of every generation.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use calling_callrecord::text::{group_text, role_text};
use calling_callrecord::{
    CallingMessage, Language, fuzz, get_action_type, get_call_message, get_show_time,
    is_call_end_exist, is_calling_data, summary,
};
use calling_model::UserId;
use calling_signaling::call::Role;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The message of a golden file of the invite codec, as it travels.
fn golden_text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../signaling/tests/golden").join(name);
    let file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut envelope = file["envelope"].clone();
    envelope["data"] = Value::String(file["payload"].to_string());
    envelope.to_string()
}

fn golden(name: &str) -> CallingMessage {
    get_call_message(&golden_text(name)).unwrap()
}

#[test]
fn show_time_has_two_digits_and_no_hours() {
    for (seconds, shown) in [
        (0, "00:00"),
        (9, "00:09"),
        (65, "01:05"),
        (3_599, "59:59"),
        (3_725, "62:05"),
        (360_000, "6000:00"),
        (u64::MAX, "307445734561825860:15"),
    ] {
        assert_eq!(get_show_time(seconds), shown);
    }
}

#[test]
fn action_types() {
    let all = |language| (0..=7).map(|n| get_action_type(n, language)).collect::<Vec<_>>();
    assert_eq!(
        all(Language::ZhHans),
        ["", "发起通话", "取消通话", "接受通话", "拒绝通话", "超时未接听", "", ""]
    );
    assert!(all(Language::ZhHant)[1..=5].iter().all(|text| !text.is_empty()));
    assert!(all(Language::En)[1..=5].iter().all(|text| text.is_ascii() && !text.is_empty()));
}

#[test]
fn languages_by_tag() {
    for (tag, language) in [
        ("zh", Language::ZhHans),
        ("zh-CN", Language::ZhHans),
        ("zh_Hans_HK", Language::ZhHans),
        ("zh-Hant", Language::ZhHant),
        ("zh-TW", Language::ZhHant),
        ("ZH-hk", Language::ZhHant),
        ("en-GB", Language::En),
        ("de", Language::En),
        ("", Language::En),
    ] {
        assert_eq!(Language::from_tag(tag), language, "{tag}");
    }
}

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
        ("android/hangup.json", true),
        ("plugin/hangup.json", true),
        ("old/hangup.json", true),
        ("plugin/cancel_with_milliseconds.json", false),
        ("engine/invite_audio.json", false),
        ("android/group_end.json", false),
        ("android/invite_video.json", false),
    ] {
        assert_eq!(is_call_end_exist(&golden(name)), exists, "{name}");
    }
}

#[test]
fn summaries_of_other_programs_messages() {
    for (name, line) in [
        ("android/hangup.json", "[视频通话]：通话时间：01:05"),
        ("ios/hangup.json", "[语音通话]：通话时间：01:05"),
        ("plugin/hangup.json", "[视频通话]：通话时间：01:05"),
        ("plugin/cancel_with_milliseconds.json", "[视频通话]：取消通话"),
        ("engine/group_end.json", "[语音通话]：通话结束"),
        ("old/reject.json", "[视频通话]：拒绝通话"),
        ("engine/invite_audio.json", "[语音通话]：发起通话"),
    ] {
        assert_eq!(summary(&golden(name), Language::ZhHans), line, "{name}");
    }
}

/// File, then text for caller and callee in Chinese, then the same in English.
const BY_ROLE: [(&str, &str, &str, &str, &str); 9] = [
    ("web/reject.json", "对方已拒绝", "已拒绝", "Call declined by user", "Declined"),
    ("web/cancel.json", "已取消", "对方已取消", "Canceled", "Call canceled by caller"),
    ("web/hangup.json", "通话时长：01:05", "通话时长：01:05", "Duration: 01:05", "Duration: 01:05"),
    ("web/timeout.json", "对方无应答", "超时无应答", "Call wasn't answered", "Call timeout"),
    ("web/busy.json", "对方忙线中", "忙线未接听", "Line busy", "Line busy"),
    ("web/invite_video.json", "发起通话", "发起通话", "Start Call", "Start Call"),
    ("web/accept.json", "接听通话", "接听通话", "Answered", "Answered"),
    ("web/switch_to_audio.json", "视频转语音", "视频转语音", "Switch to audio", "Switch to audio"),
    ("ios/switch_to_audio_accepted.json", "确认转语音", "确认转语音", "Confirm", "Confirm"),
];

#[test]
fn texts_by_role() {
    for (name, caller_zh, callee_zh, caller_en, callee_en) in BY_ROLE {
        let message = golden(name);
        let text = |role, language| role_text(&message, role, language);
        assert_eq!(text(Role::Caller, Language::ZhHans), caller_zh, "{name}");
        assert_eq!(text(Role::Callee, Language::ZhHans), callee_zh, "{name}");
        assert_eq!(text(Role::Caller, Language::En), caller_en, "{name}");
        assert_eq!(text(Role::Callee, Language::En), callee_en, "{name}");
        assert!(!text(Role::Caller, Language::ZhHant).is_empty());
    }
}

#[test]
fn the_caller_stays_the_caller_of_a_hangup_sent_by_the_callee() {
    let message = golden("engine/hangup.json");
    assert_eq!(message.inviter, Some(UserId::new("B").unwrap()));
    assert_eq!(message.role_of(&UserId::new("A").unwrap()), Role::Caller);
    assert_eq!(message.role_of(&UserId::new("B").unwrap()), Role::Callee);
}

#[test]
fn texts_in_a_group() {
    let text = |name: &str, language| {
        group_text(&golden(name), |user| format!("<{}>", user.as_str()), language)
    };
    for (name, zh, en) in [
        ("android/group_invite.json", "<A>发起了群通话", "<A> initiated a group call"),
        ("android/group_end.json", "通话结束", "End group call"),
        ("engine/group_end.json", "通话结束", "End group call"),
        ("engine/group_leave.json", "", ""),
        ("engine/group_add.json", "", ""),
        ("web/accept.json", "<B>接听", "Answered by <B>"),
        ("web/reject.json", "<B>拒绝群通话", "Call declined by <B>"),
        ("web/busy.json", "<B> 忙线未接听", "<B> line busy"),
        ("web/timeout.json", "<B> 未接听", "<B> no answer"),
    ] {
        assert_eq!(text(name, Language::ZhHans), zh, "{name}");
        assert_eq!(text(name, Language::En), en, "{name}");
    }
}

#[test]
fn a_group_call_ends_visibly_once() {
    assert!(golden("engine/group_end.json").is_group_end());
    assert!(!golden("engine/group_leave.json").is_group_end());
    assert!(!golden("engine/group_invite.json").is_group_end());
    assert!(golden("engine/group_add.json").mid_call);
}

#[test]
fn every_truncation_is_no_call_message() {
    for name in ["android/hangup.json", "engine/group_add.json", "old/invite_video.json"] {
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
            "data":{"cmd":cmd}}).to_string();
        let text = json!({"businessID":1,"actionType":action,"data":payload}).to_string();
        fuzz::call_message(text.as_bytes());
    }
}
