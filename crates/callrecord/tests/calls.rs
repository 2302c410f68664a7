//! Records and messages of ended calls.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use calling_callrecord::quality::QualityInput;
use calling_callrecord::{
    CallMessage, Language, QualitySummary, Record, Scene, Texts, get_call_message,
    is_call_end_exist, is_calling_data, message_for,
};
use calling_model::{MediaType, UnixMillis};
use calling_signaling::call::{EndedCall, Outcome, ParticipantOutcome, Role};
use calling_signaling::invite::Signal;
use common::{START, call, call_of_several, group, part, talked, talking, user};
use proptest::prelude::*;

fn message(call: &EndedCall) -> CallMessage {
    message_for(call).unwrap()
}

#[test]
fn a_record_reads_like_this() {
    let quality = QualitySummary::new(&QualityInput {
        packets: 3_250,
        played_ms: 65_000,
        rtt_ms: 50.0,
        ..QualityInput::default()
    });
    let record = Record::from(&talked(65_432, Some("bob"))).with_quality(quality);
    let json = serde_json::to_string_pretty(&record).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/record.json");
    assert_eq!(json, std::fs::read_to_string(path).unwrap().trim_end());
    assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
    assert!(record.concerns(&user("bob")) && !record.concerns(&user("carol")));
}

#[test]
fn what_is_unknown_is_left_out() {
    let record = Record::from(call(Outcome::NoAnswer, None, START + 30_000, None));
    let json = serde_json::to_value(&record).unwrap();
    for absent in ["accepted_at", "ended_by", "quality", "group_id"] {
        assert!(json.get(absent).is_none(), "{absent}");
    }
    assert_eq!(json["duration_ms"], 0);
    assert_eq!(json["outcome"], "no_answer");
    assert_eq!(serde_json::from_value::<Record>(json).unwrap(), record);
}

#[test]
fn a_clock_that_steps_back_makes_no_negative_duration() {
    for (accepted, ended) in [(START + 2_000, START + 1_000), (START - 9, START - 99), (0, 0)] {
        let record = Record::from(call(Outcome::Completed, Some(accepted), ended, None));
        assert_eq!(record.duration_ms, 0);
        assert!(record.accepted_at >= Some(record.started_at));
        assert!(Some(record.ended_at) >= record.accepted_at);
    }
    // A clock set right during the call (from 1970) does not make it last for decades.
    let record = Record::from(call(Outcome::Completed, Some(5), START + 1_000, None));
    assert_eq!(record.duration_ms, 1_000);
}

/// Outcome → action, sender, and what it means.
#[test]
fn every_outcome_has_its_message() {
    let ended = START + 30_000;
    let unanswered = |outcome| call(outcome, None, ended, None);
    for (call, action, sender, signal) in [
        (unanswered(Outcome::Cancelled), 2, "alice", Signal::Cancel),
        (unanswered(Outcome::Rejected), 4, "bob", Signal::Reject),
        (unanswered(Outcome::Busy), 4, "bob", Signal::Busy),
        (unanswered(Outcome::NoAnswer), 5, "alice", Signal::Timeout),
        (unanswered(Outcome::Offline), 5, "alice", Signal::Timeout),
        (unanswered(Outcome::PeerLost), 2, "alice", Signal::Cancel),
        (unanswered(Outcome::Interrupted), 2, "alice", Signal::Cancel),
        (talked(65_999, Some("alice")), 1, "bob", Signal::Hangup { seconds: 65 }),
        (talked(65_000, Some("bob")), 1, "alice", Signal::Hangup { seconds: 65 }),
        (talked(65_000, None), 1, "alice", Signal::Hangup { seconds: 65 }),
        (talked(12, Some("bob")), 1, "alice", Signal::Hangup { seconds: 1 }),
        (
            EndedCall { outcome: Outcome::PeerLost, ..talked(7_000, None) },
            1,
            "alice",
            Signal::Hangup { seconds: 7 },
        ),
        (
            EndedCall { outcome: Outcome::Interrupted, ..talked(7_000, None) },
            1,
            "alice",
            Signal::Hangup { seconds: 7 },
        ),
    ] {
        let made = message(&call);
        assert_eq!(made.sender, user(sender), "{:?}", call.outcome);
        let other = if sender == "alice" { "bob" } else { "alice" };
        assert_eq!(made.receiver, user(other));
        let read = get_call_message(&made.text).unwrap();
        assert_eq!((read.action_type, read.signal.as_ref()), (action, Some(&signal)));
        assert_eq!(read.media_type, Some(MediaType::Audio));
        assert_eq!(read.caller, Some(user("alice")), "the caller stays the caller");
        assert_eq!(read.role_of(&user("bob")), Role::Callee);
        assert!(is_calling_data(&made.text));
        assert_eq!(is_call_end_exist(&read), matches!(signal, Signal::Hangup { .. }));
        assert_eq!(message(&call), made, "the same however often");
    }
}

#[test]
fn missed_calls_are_the_callees() {
    for (outcome, missed) in [
        (Outcome::Cancelled, true),
        (Outcome::NoAnswer, true),
        (Outcome::Offline, true),
        (Outcome::Busy, true),
        (Outcome::Rejected, false),
    ] {
        let read = get_call_message(&message(&call(outcome, None, START, None)).text).unwrap();
        assert_eq!(read.is_missed_by(&user("bob")), missed, "{outcome:?}");
        assert!(!read.is_missed_by(&user("alice")));
    }
}

#[test]
fn a_hangup_has_an_id_of_its_own() {
    let hangup = get_call_message(&message(&talked(1, None)).text).unwrap();
    let cancel = get_call_message(&message(&call(Outcome::Cancelled, None, 0, None)).text).unwrap();
    let facts = talked(1, None).facts;
    assert_eq!(cancel.invite_id, Some(facts.invite_id.clone()));
    assert!(hangup.invite_id.is_some() && hangup.invite_id != Some(facts.invite_id));
}

#[test]
fn the_line_of_the_conversation_list() {
    let line = |call: &EndedCall, language| {
        Texts::new(language).summary(&get_call_message(&message(call).text).unwrap())
    };
    let long = talked(3_725_000, Some("bob"));
    assert_eq!(line(&long, Language::ZhHans), "[语音通话]：通话时间：62:05");
    assert_eq!(line(&long, Language::En), "[Voice call]: Call time: 62:05");
    let missed = call(Outcome::NoAnswer, None, START, None);
    assert_eq!(line(&missed, Language::ZhHans), "[语音通话]：超时未接听");
    assert_eq!(line(&missed, Language::ZhHant), "[語音通話]：逾時未接聽");
}

#[test]
fn a_call_of_more_than_two_has_no_message_of_the_two() {
    let mut group = talked(1, None);
    group.facts.callees.push(user("carol"));
    assert_eq!(message_for(&group), None);
}

#[test]
fn a_group_call_has_no_message_of_the_two_even_with_one_callee() {
    let mut one = talked(1, None);
    one.facts.group_id = Some(group("G"));
    assert_eq!(message_for(&one), None);
}

#[test]
fn the_message_of_a_record_without_participants_is_the_same() {
    let whole = talked(65_432, Some("bob"));
    let bare = EndedCall { participants: vec![], ..whole.clone() };
    assert_eq!(message(&bare), message(&whole));
}

#[test]
fn a_record_of_a_group_call_tells_who_did_what() {
    let mut call = call_of_several(
        Outcome::Completed,
        Some(60_000),
        vec![
            talking("bob", ParticipantOutcome::Accepted, 0, 60),
            talking("carol", ParticipantOutcome::Accepted, 10, 25),
            part("dave", ParticipantOutcome::Busy),
        ],
    );
    call.facts.callees.truncate(2);
    call.facts.group_id = Some(group("G"));
    call.ended_by = Some(user("bob"));
    let record = Record::from(&call);
    assert_eq!(record.scene(), Scene::GroupCall);
    assert_eq!(record.group_id, Some(group("G")));
    assert_eq!(record.ended_by, Some(user("bob")));
    assert_eq!(record.callees, [user("bob"), user("carol"), user("dave")], "dave came later");
    assert!(record.concerns(&user("dave")));
    assert_eq!(record.participation(&user("dave")).unwrap().outcome, ParticipantOutcome::Busy);
    let talked =
        ["alice", "bob", "carol", "dave", "mallory"].map(|name| record.talked_ms(&user(name)));
    assert_eq!(talked, [60_000, 60_000, 15_000, 0, 0]);
    let json = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
}

#[test]
fn scenes_and_their_numbers() {
    let mut call = talked(1, None);
    assert_eq!((Record::from(&call).scene(), Scene::SingleCall.number()), (Scene::SingleCall, 3));
    call.facts.callees.push(user("carol"));
    assert_eq!((Record::from(&call).scene(), Scene::MultiCall.number()), (Scene::MultiCall, 2));
    call.facts.group_id = Some(group("G"));
    assert_eq!((Record::from(&call).scene(), Scene::GroupCall.number()), (Scene::GroupCall, 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn times_are_in_order_whatever_the_clock_did(
        started in any::<u64>(),
        accepted in proptest::option::of(any::<u64>()),
        ended in any::<u64>(),
    ) {
        let mut call = call(Outcome::Completed, accepted, ended, None);
        call.facts.started_at = UnixMillis(started);
        let record = Record::from(&call);
        prop_assert!(record.ended_at >= record.accepted_at.unwrap_or(record.started_at));
        let since = record.accepted_at.map_or(0, |accepted| record.ended_at.0 - accepted.0);
        prop_assert_eq!(record.duration_ms, since);
        let read = get_call_message(&message(&call).text).unwrap();
        prop_assert!(read.call_end_s.unwrap_or(1) >= 1);
        let json = serde_json::to_string(&record).unwrap();
        prop_assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
    }
}
