use std::time::Duration;

use super::*;
use crate::call::{Outcome, ParticipantOutcome};

#[test]
fn either_side_hangs_up() {
    for (name, who) in [("alice/a1", "alice"), ("bob/b1", "bob")] {
        let (mut desk, call_id) = Desk::connected();
        desk.seconds(65);
        desk.hang_up(name, &call_id).unwrap();
        let ended = Event::Ended {
            call_id: call_id.clone(),
            outcome: Outcome::Completed,
            by: Some(user(who)),
            duration_ms: 65_000,
        };
        assert_eq!(desk.told("alice/a1"), std::slice::from_ref(&ended));
        assert_eq!(desk.told("bob/b1"), [ended]);
        let end = desk.the_end();
        assert_eq!((end.duration_ms(), end.ended_by.clone()), (65_000, Some(user(who))));
        let parts: Vec<_> = end
            .participants
            .iter()
            .map(|part| (part.outcome, part.joined_at, part.left_at))
            .collect();
        let (joined, left) = (Some(START), Some(UnixMillis(START.0 + 65_000)));
        assert_eq!(
            parts,
            [
                (ParticipantOutcome::Called, joined, left),
                (ParticipantOutcome::Accepted, joined, left)
            ]
        );
        assert_eq!(desk.calls.live_calls(), 0);
    }
}

#[test]
fn media_stops_before_the_record_is_stored() {
    let (mut desk, call_id) = Desk::connected();
    desk.hang_up("bob/b1", &call_id).unwrap();
    let leave = |name| CallsOutput::LeaveMedia { call_id: call_id.clone(), endpoint: device(name) };
    assert_eq!(desk.out[..2], [leave("alice/a1"), leave("bob/b1")]);
    assert!(matches!(desk.out[2], CallsOutput::Ended { .. }));
}

#[test]
fn a_caller_withdraws() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1", "bob/b2"]);
    let call_id = desk.call("alice/a1", "bob");
    desk.out.clear();
    desk.hang_up("alice/a1", &call_id).unwrap();
    let cancelled = Event::Cancelled { call_id: call_id.clone(), user: user("alice") };
    assert_eq!(desk.told("bob/b1"), std::slice::from_ref(&cancelled));
    assert_eq!(desk.told("bob/b2"), [cancelled]);
    let by = Some(user("alice"));
    let outcome = Outcome::Cancelled;
    let ended = Event::Ended { call_id, outcome, by: by.clone(), duration_ms: 0 };
    assert_eq!(desk.told("alice/a1"), [ended]);
    let end = desk.the_end();
    assert_eq!((end.outcome, end.ended_by), (Outcome::Cancelled, by));
    assert_eq!(end.participants[1].outcome, ParticipantOutcome::Cancelled);
}

#[test]
fn ringing_too_long_is_no_answer_or_offline() {
    for (online, outcome, part) in [
        (true, Outcome::NoAnswer, ParticipantOutcome::NoAnswer),
        (false, Outcome::Offline, ParticipantOutcome::Offline),
    ] {
        let mut desk = Desk::with(&["alice/a1"]);
        if online {
            desk.sign_in("bob/b1");
        }
        let call_id = desk.call("alice/a1", "bob");
        desk.out.clear();
        desk.advance(Duration::from_millis(29_999));
        assert!(desk.out.is_empty());
        desk.advance(Duration::from_millis(1));
        let ended = Event::Ended { call_id: call_id.clone(), outcome, by: None, duration_ms: 0 };
        let no_response = Event::NoResponse { call_id: call_id.clone(), user: user("bob") };
        assert_eq!(desk.told("alice/a1"), [no_response, ended]);
        let timed_out = Event::TimedOut { call_id, users: vec![user("bob")] };
        assert_eq!(desk.told("bob/b1"), if online { vec![timed_out] } else { vec![] });
        let end = desk.the_end();
        assert_eq!((end.outcome, end.ended_by), (outcome, None));
        assert_eq!(end.participants[1].outcome, part);
        assert_eq!(end.ended_at, UnixMillis(START.0 + 30_000));
    }
}

#[test]
fn an_answer_at_the_very_deadline_is_too_late() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
    let call_id = desk.call("alice/a1", "bob");
    // No timer fired yet: the answer and the deadline meet.
    desk.now += Duration::from_secs(30);
    let accept = CallAction::Accept { call_id };
    assert_eq!(desk.code("bob/b1", accept), Code::InviteNotFound);
    assert_eq!(desk.the_end().outcome, Outcome::NoAnswer);
}

#[test]
fn nobody_talks_for_ever() {
    let (mut desk, _) = Desk::connected();
    desk.seconds(24 * 60 * 60);
    let end = desk.the_end();
    assert_eq!(end.duration_ms(), 24 * 60 * 60 * 1_000);
    assert_eq!((end.outcome, end.ended_by), (Outcome::Interrupted, None));
}

#[test]
fn a_stopping_server_ends_every_call_and_starts_none() {
    let (mut desk, _) = Desk::connected();
    desk.sign_in("carol/c1");
    desk.sign_in("dave/d1");
    desk.call("carol/c1", "dave");
    desk.out.clear();
    desk.input(CallsInput::Shutdown);
    assert!(matches!(&desk.told("dave/d1")[..], [Event::Cancelled { .. }]));
    let mut outcomes: Vec<Outcome> = desk.ended().iter().map(|end| end.outcome).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, [Outcome::Cancelled, Outcome::Interrupted]);
    assert_eq!(desk.call_with("carol/c1", to("dave")).unwrap_err().code, Code::WrongState);
    assert_eq!(desk.calls.poll_timeout(), None);
}

#[test]
fn an_operator_ends_one_call_and_no_other() {
    let (mut desk, call_id) = Desk::connected();
    desk.sign_in("carol/c1");
    desk.sign_in("dave/d1");
    let ringing = desk.call("carol/c1", "dave");
    desk.input(CallsInput::End { call_id: call_id.clone() });
    let end = desk.the_end();
    assert_eq!((end.facts.call_id, end.outcome), (call_id.clone(), Outcome::Interrupted));
    assert_eq!((end.ended_by, desk.calls.live_calls()), (None, 1));
    // Once is enough, and nobody is refused a call afterwards.
    desk.input(CallsInput::End { call_id });
    assert!(desk.ended().is_empty());
    desk.call("alice/a1", "bob");
    desk.input(CallsInput::End { call_id: ringing });
    assert!(desk.told("dave/d1").iter().any(|event| matches!(event, Event::Cancelled { .. })));
    assert_eq!(desk.calls.live_calls(), 1);
}

#[test]
fn a_wall_clock_that_jumps_bends_no_call() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
    let call_id = desk.call("alice/a1", "bob");
    desk.seconds(3);
    desk.accept("bob/b1", &call_id).unwrap();
    desk.seconds(60);
    // The wall clock now stands a day earlier, as the next call shows.
    desk.sign_in("carol/c1");
    let yesterday = UnixMillis(START.0 - 24 * 60 * 60 * 1_000);
    let params = to("dave");
    let action =
        CallAction::Call { params, unknown: Vec::new(), outsiders: Vec::new(), at: yesterday };
    desk.ask("carol/c1", action).unwrap();
    desk.hang_up("alice/a1", &call_id).unwrap();
    let end = desk.the_end();
    assert_eq!(end.accepted_at, Some(UnixMillis(START.0 + 3_000)));
    assert_eq!(end.ended_at, UnixMillis(START.0 + 63_000));
    assert_eq!(end.duration_ms(), 60_000);
}

#[test]
fn counted() {
    let (mut desk, call_id) = Desk::connected();
    desk.hang_up("alice/a1", &call_id).unwrap();
    desk.hang_up("alice/a1", &call_id).unwrap_err();
    let stats = desk.calls.stats();
    assert_eq!((stats.started, stats.connected), (1, 1));
    assert_eq!(stats.ended[&Outcome::Completed], 1);
    assert_eq!(stats.refused[&i32::from(Code::Repeated)], 1);
}
