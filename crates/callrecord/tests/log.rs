//! A user's call log.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use calling_callrecord::{CallLogEntry, CallLogFilter, CallLogResult, Record, Scene};
use calling_model::UnixMillis;
use calling_signaling::call::{EndedCall, Outcome, ParticipantOutcome, Role};
use common::{START, call, call_of_several, group, part, talked, talking, user};

fn entry(call: &EndedCall, name: &str) -> CallLogEntry {
    CallLogEntry::for_user(&Record::from(call), &user(name)).unwrap()
}

#[test]
fn an_entry_reads_like_this() {
    let json = serde_json::to_string_pretty(&entry(&talked(65_432, Some("bob")), "bob")).unwrap();
    insta::assert_snapshot!(json, @r#"
    {
      "callId": "00112233445566778899aabbccddeeff",
      "inviter": "alice",
      "inviteList": [
        "bob"
      ],
      "scene": "singleCall",
      "mediaType": "audio",
      "role": "callee",
      "result": "incoming",
      "beginTime": 1700000000000,
      "totalTime": 65432
    }
    "#);
    let read: CallLogEntry = serde_json::from_str(&json).unwrap();
    assert_eq!(read, entry(&talked(65_432, Some("bob")), "bob"));
}

#[test]
fn what_a_call_of_two_was_to_each() {
    let in_vain = |outcome| call(outcome, None, START + 9_000, None);
    for (call, result, total) in [
        (talked(65_432, None), CallLogResult::Incoming, 65_432),
        (in_vain(Outcome::Rejected), CallLogResult::Incoming, 0),
        (in_vain(Outcome::NoAnswer), CallLogResult::Missed, 0),
        (in_vain(Outcome::Offline), CallLogResult::Missed, 0),
        (in_vain(Outcome::Busy), CallLogResult::Missed, 0),
        (in_vain(Outcome::Cancelled), CallLogResult::Missed, 0),
        (in_vain(Outcome::Interrupted), CallLogResult::Missed, 0),
    ] {
        let bare = EndedCall { participants: vec![], ..call.clone() };
        for call in [call, bare] {
            let (alice, bob) = (entry(&call, "alice"), entry(&call, "bob"));
            assert_eq!((alice.role, bob.role), (Role::Caller, Role::Callee));
            assert_eq!(alice.result, CallLogResult::Outgoing, "{:?}", call.outcome);
            assert_eq!(bob.result, result, "{:?}", call.outcome);
            assert_eq!((alice.total_time, bob.total_time), (total, total));
            assert_eq!(alice.scene, Scene::SingleCall);
        }
    }
}

#[test]
fn what_a_group_call_was_to_each() {
    let parts = vec![
        talking("bob", ParticipantOutcome::Accepted, 0, 60),
        talking("carol", ParticipantOutcome::Accepted, 10, 25),
        part("dave", ParticipantOutcome::Rejected),
        part("erin", ParticipantOutcome::Busy),
        part("frank", ParticipantOutcome::Pending),
    ];
    let mut call = call_of_several(Outcome::Completed, Some(60_000), parts);
    call.facts.group_id = Some(group("G"));
    call.facts.callees.push(user("lost"));
    for (name, result, total) in [
        ("alice", CallLogResult::Outgoing, 60_000),
        ("bob", CallLogResult::Incoming, 60_000),
        ("carol", CallLogResult::Incoming, 15_000),
        ("dave", CallLogResult::Incoming, 0),
        ("erin", CallLogResult::Missed, 0),
        ("frank", CallLogResult::Missed, 0),
        ("lost", CallLogResult::Unknown, 0),
    ] {
        let entry = entry(&call, name);
        assert_eq!((entry.result, entry.total_time), (result, total), "{name}");
        assert_eq!((entry.scene, entry.group_id), (Scene::GroupCall, Some(group("G"))));
    }
}

#[test]
fn results_have_their_numbers() {
    let results = [
        CallLogResult::Unknown,
        CallLogResult::Missed,
        CallLogResult::Incoming,
        CallLogResult::Outgoing,
    ];
    assert_eq!(results.map(CallLogResult::number), [0, 1, 2, 3]);
}

#[test]
fn a_filter_chooses_by_time_and_result() {
    let entry = entry(&call(Outcome::NoAnswer, None, START + 9_000, None), "bob");
    let shows = |begin: Option<u64>, end: Option<u64>, result| {
        let filter =
            CallLogFilter { begin: begin.map(UnixMillis), end: end.map(UnixMillis), result };
        filter.shows(&entry)
    };
    assert!(CallLogFilter::default().shows(&entry));
    assert!(shows(Some(START), Some(START + 1), Some(CallLogResult::Missed)));
    assert!(!shows(Some(START + 1), None, None), "before");
    assert!(!shows(None, Some(START), None), "the end is exclusive");
    assert!(!shows(None, None, Some(CallLogResult::Incoming)));
}
