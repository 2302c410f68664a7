//! Bad ends of calls and bad readers of records: nothing is doubled, negative, lost or let out.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use calling_callrecord::{
    CallLogEntry, CallLogResult, Language, Record, Texts, get_call_message, is_call_end_exist,
    messages_for,
};
use calling_model::UnixMillis;
use calling_signaling::call::{EndedCall, Outcome, ParticipantOutcome, Participation, Role};
use common::{START, call, call_of_several, golden_text, part, talked, user};
use proptest::prelude::*;

#[test]
fn an_end_told_twice_makes_the_same_record_and_messages() {
    let parts = vec![
        part("bob", ParticipantOutcome::Accepted),
        part("carol", ParticipantOutcome::Accepted),
    ];
    for call in [talked(65_000, Some("bob")), call_of_several(Outcome::Completed, Some(1), parts)] {
        assert_eq!(Record::from(&call), Record::from(call.clone()));
        assert_eq!(messages_for(&call), messages_for(&call.clone()));
    }
}

#[test]
fn people_listed_twice_have_one_message_and_one_place_in_the_record() {
    let mut call = talked(65_000, None);
    call.facts.callees = ["bob", "bob", "alice", "bob"].map(user).into();
    call.participants.push(part("bob", ParticipantOutcome::Rejected));
    let record = Record::from(&call);
    assert_eq!(record.callees, [user("bob")], "nor does the caller call themselves");
    assert_eq!(messages_for(&call).len(), 1);
}

#[test]
fn a_clock_that_went_back_makes_no_negative_duration() {
    let mut call = call(Outcome::Completed, Some(START - 9_000), START - 60_000, None);
    call.participants = vec![Participation {
        joined_at: Some(UnixMillis(START + 5_000)),
        left_at: Some(UnixMillis(START - 70_000)),
        ..part("bob", ParticipantOutcome::Accepted)
    }];
    let record = Record::from(&call);
    assert_eq!((record.duration_ms, record.talked_ms(&user("bob"))), (0, 0));
    assert_eq!(CallLogEntry::for_user(&record, &user("bob")).unwrap().total_time, 0);
    let message = get_call_message(&messages_for(&call)[0].text).unwrap();
    assert_eq!(Texts::new(Language::En).direct(&message, Role::Callee), "Duration: 00:01");
}

#[test]
fn a_negative_duration_in_a_message_is_none() {
    let text = golden_text("android/hangup").replace(r#"\"call_end\":65"#, r#"\"call_end\":-65"#);
    let message = get_call_message(&text).unwrap();
    assert_eq!(message.call_end_s, Some(0));
    assert!(!is_call_end_exist(&message));
    assert_eq!(Texts::new(Language::En).summary(&message), "[Video call]: Call ended");
}

#[test]
fn a_negative_duration_in_a_record_is_refused() {
    let json = serde_json::to_string(&Record::from(&talked(65_432, None))).unwrap();
    let forged = json.replace("65432", "-65432");
    assert_ne!(forged, json);
    assert!(serde_json::from_str::<Record>(&forged).is_err());
}

#[test]
fn a_callee_who_is_never_there_still_has_a_record_and_a_missed_call() {
    let ended = call(Outcome::Offline, None, START + 30_000, None);
    let record = Record::from(&ended);
    assert_eq!((record.outcome, record.duration_ms), (Outcome::Offline, 0));
    let entry = CallLogEntry::for_user(&record, &user("bob")).unwrap();
    assert_eq!(entry.result, CallLogResult::Missed);
    let message = get_call_message(&messages_for(&ended)[0].text).unwrap();
    assert!(message.is_missed_by(&user("bob")));
}

#[test]
fn a_record_of_others_is_nobody_elses_to_read() {
    let record = Record::from(&talked(65_000, None));
    // Whoever guesses the id, or a name that is nearly one of theirs.
    for stranger in ["mallory", "Alice", "bob-", "bo"] {
        assert!(!record.concerns(&user(stranger)));
        assert_eq!(CallLogEntry::for_user(&record, &user(stranger)), None);
    }
}

#[test]
fn a_record_made_in_an_earlier_version_is_still_read() {
    let early = include_str!("golden/record.json");
    let record: Record = serde_json::from_str(early).unwrap();
    let entry = CallLogEntry::for_user(&record, &user("bob")).unwrap();
    assert_eq!((entry.result, entry.total_time), (CallLogResult::Incoming, 65_432));
}

fn times() -> impl Strategy<Value = Option<UnixMillis>> {
    proptest::option::of(any::<u64>().prop_map(UnixMillis))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nobody_talks_longer_than_the_call(
        started in any::<u64>(), accepted in times(), ended in any::<u64>(),
        joined in times(), left in times(),
    ) {
        let mut call: EndedCall = call(Outcome::Completed, accepted.map(|at| at.0), ended, None);
        call.facts.started_at = UnixMillis(started);
        for part in &mut call.participants {
            (part.joined_at, part.left_at) = (joined, left);
        }
        let record = Record::from(&call);
        for part in &record.participants {
            let (joined, left) = (part.joined_at.unwrap_or(record.started_at), part.left_at);
            prop_assert!(joined >= record.started_at && joined <= record.ended_at);
            prop_assert!(left.is_none_or(|left| left >= joined && left <= record.ended_at));
            prop_assert!(record.talked_ms(&part.user) <= record.duration_ms);
        }
        prop_assert_eq!(messages_for(&call).len(), 1);
    }
}
