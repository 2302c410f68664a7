use std::time::Duration;

use super::*;
use crate::call::{Outcome, ParticipantOutcome, Role};

#[test]
fn accepting_opens_the_gate_before_anybody_is_told() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1", "bob/b2"]);
    let call_id = desk.call("alice/a1", "bob");
    desk.out.clear();
    desk.advance(Duration::from_millis(2_500));
    let Ok(Reply::Call(reply)) = desk.accept("bob/b2", &call_id) else { panic!() };
    assert_eq!((reply.role, reply.connected), (Role::Callee, true));
    let accepted = Event::Accepted { call_id: call_id.clone(), user: user("bob") };
    assert_eq!(
        desk.out,
        [
            CallsOutput::LeaveMedia { call_id: call_id.clone(), endpoint: device("bob/b1") },
            CallsOutput::Connected {
                call_id: call_id.clone(),
                room_id: reply.facts.room_id,
                caller: device("alice/a1"),
                callee: device("bob/b2"),
                accepted_at: UnixMillis(START.0 + 2_500),
            },
            CallsOutput::Notify { to: device("alice/a1"), event: accepted },
            CallsOutput::Notify { to: device("bob/b1"), event: elsewhere(&call_id, true) },
        ]
    );
}

#[test]
fn the_first_answer_wins_and_the_others_are_told_why() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1", "bob/b2", "bob/b3"]);
    let call_id = desk.call("alice/a1", "bob");
    desk.out.clear();
    desk.accept("bob/b1", &call_id).unwrap();
    let accept = CallAction::Accept { call_id: call_id.clone() };
    let reject = CallAction::Reject { call_id: call_id.clone(), busy: false };
    assert_eq!(desk.code("bob/b2", accept.clone()), Code::InviteNotFound);
    assert_eq!(desk.code("bob/b3", reject.clone()), Code::InviteNotFound);
    assert_eq!(desk.code("bob/b1", accept), Code::Repeated);
    assert_eq!(desk.code("bob/b1", reject), Code::WrongState);
    assert_eq!(desk.winners(), [device("bob/b1")]);
    assert_eq!(desk.told("bob/b2"), [elsewhere(&call_id, true)]);
    assert_eq!(desk.told("bob/b3"), [elsewhere(&call_id, true)]);
}

#[test]
fn declining_ends_the_call_for_everybody() {
    for (busy, outcome, part) in [
        (false, Outcome::Rejected, ParticipantOutcome::Rejected),
        (true, Outcome::Busy, ParticipantOutcome::Busy),
    ] {
        let mut desk = Desk::with(&["alice/a1", "bob/b1", "bob/b2"]);
        let call_id = desk.call("alice/a1", "bob");
        desk.out.clear();
        let reject = CallAction::Reject { call_id: call_id.clone(), busy };
        assert_eq!(desk.ask("bob/b1", reject), Ok(Reply::Done {}));
        let by = Some(user("bob"));
        let ended =
            Event::Ended { call_id: call_id.clone(), outcome, by: by.clone(), duration_ms: 0 };
        let answer = if busy {
            Event::LineBusy { call_id: call_id.clone(), user: user("bob") }
        } else {
            Event::Rejected { call_id: call_id.clone(), user: user("bob") }
        };
        assert_eq!(desk.told("alice/a1"), [answer, ended.clone()]);
        assert_eq!(desk.told("bob/b1"), [ended]);
        assert_eq!(desk.told("bob/b2"), [elsewhere(&call_id, false)]);
        let end = desk.the_end();
        assert_eq!((end.outcome, end.ended_by, end.accepted_at), (outcome, by, None));
        assert_eq!(end.participants[1].outcome, part);
    }
}

#[test]
fn hanging_up_what_rings_declines_it() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
    let call_id = desk.call("alice/a1", "bob");
    desk.hang_up("bob/b1", &call_id).unwrap();
    assert_eq!(desk.the_end().outcome, Outcome::Rejected);
}

#[test]
fn a_caller_cannot_answer_for_the_callee() {
    let mut desk = Desk::with(&["alice/a1", "alice/a2", "bob/b1"]);
    let call_id = desk.call("alice/a1", "bob");
    for name in ["alice/a1", "alice/a2"] {
        let accept = CallAction::Accept { call_id: call_id.clone() };
        let reject = CallAction::Reject { call_id: call_id.clone(), busy: false };
        assert_eq!(desk.code(name, accept), Code::WrongState);
        assert_eq!(desk.code(name, reject), Code::WrongState);
    }
    assert!(desk.winners().is_empty() && desk.ended().is_empty());
}

#[test]
fn media_may_connect_while_it_rings_then_only_between_two() {
    let mut desk = Desk::with(&["alice/a1", "alice/a2", "bob/b1", "bob/b2", "mallory/m1"]);
    let call_id = desk.call("alice/a1", "bob");
    let may = |desk: &Desk| -> Vec<bool> {
        ["alice/a1", "alice/a2", "bob/b1", "bob/b2", "mallory/m1"]
            .iter()
            .map(|name| desk.calls.may_connect_media(&call_id, &device(name)))
            .collect()
    };
    assert_eq!(may(&desk), [true, false, true, true, false]);
    desk.accept("bob/b1", &call_id).unwrap();
    assert_eq!(may(&desk), [true, false, true, false, false]);
    desk.hang_up("alice/a1", &call_id).unwrap();
    assert_eq!(may(&desk), [false; 5]);
}

#[test]
fn asking_how_a_call_stands() {
    let mut desk = Desk::with(&["alice/a1", "alice/a2", "bob/b1", "bob/b2"]);
    let call_id = desk.call("alice/a1", "bob");
    let ask = |desk: &mut Desk, name| {
        let get = CallAction::GetCall { call_id: call_id.clone() };
        let reply = desk.ask(name, get).map_err(|error| error.code)?;
        let Reply::Call(call) = reply else { panic!("{reply:?}") };
        Ok((call.role, call.connected))
    };
    assert_eq!(ask(&mut desk, "alice/a1"), Ok((Role::Caller, false)));
    assert_eq!(ask(&mut desk, "alice/a2"), Err(Code::NotYourCall));
    assert_eq!(ask(&mut desk, "bob/b1"), Ok((Role::Callee, false)));
    desk.accept("bob/b1", &call_id).unwrap();
    desk.out.clear();
    assert_eq!(ask(&mut desk, "alice/a1"), Ok((Role::Caller, true)));
    assert_eq!(ask(&mut desk, "bob/b1"), Ok((Role::Callee, true)));
    assert_eq!(ask(&mut desk, "bob/b2"), Err(Code::InviteNotFound));
    assert_eq!(desk.told("bob/b2"), [elsewhere(&call_id, true)], "said again to who missed it");
}

#[test]
fn who_missed_the_end_is_told_on_asking_and_nobody_else() {
    let (mut desk, call_id) = Desk::connected();
    desk.hang_up("bob/b1", &call_id).unwrap();
    desk.out.clear();
    let get = CallAction::GetCall { call_id: call_id.clone() };
    assert_eq!(desk.code("mallory/m1", get.clone()), Code::NotYourCall);
    assert_eq!(desk.code("alice/a1", get.clone()), Code::InviteNotFound);
    assert!(matches!(
        &desk.told("alice/a1")[..],
        [Event::Ended { outcome: Outcome::Completed, by: Some(by), .. }] if *by == user("bob")
    ));
    assert!(desk.out.is_empty());
    desk.seconds(61);
    assert_eq!(desk.code("alice/a1", get), Code::InviteNotFound);
    assert!(desk.told("alice/a1").is_empty(), "long forgotten");
}
