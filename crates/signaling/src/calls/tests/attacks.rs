//! The attacks on signalling, one test each: a defined result, nothing lost, nobody let in.

use std::time::Duration;

use super::*;
use crate::call::{Outcome, Role};

fn unknown_id() -> CallId {
    "f".repeat(32).parse().unwrap()
}

/// Attack 1: no order of messages connects a call nobody answered (CVE-2019-6223: the caller adds
/// itself to its own ringing call).
#[test]
fn nothing_a_caller_does_opens_the_gate() {
    let mut desk = Desk::with(&["alice/a1", "alice/a2", "bob/b1"]);
    let call_id = desk.call("alice/a1", "bob");
    for name in ["alice/a1", "alice/a2"] {
        let _ = desk.accept(name, &call_id);
        let _ = desk.ask(name, CallAction::GetCall { call_id: call_id.clone() });
        for callee in ["alice", "bob"] {
            let _ = desk.call_with(name, to(callee));
        }
        desk.input(CallsInput::PeerBack { call_id: call_id.clone(), endpoint: device(name) });
        desk.disconnect(name);
        desk.sign_in(name);
    }
    assert!(desk.winners().is_empty());
    assert_eq!(desk.calls.call(&call_id).unwrap().answered, None);
}

/// Attack 2.
#[test]
fn two_devices_accept_in_the_same_instant() {
    for (first, second) in [("bob/b1", "bob/b2"), ("bob/b2", "bob/b1")] {
        let mut desk = Desk::with(&["alice/a1", "bob/b1", "bob/b2"]);
        let call_id = desk.call("alice/a1", "bob");
        assert!(desk.accept(first, &call_id).is_ok());
        assert_eq!(desk.accept(second, &call_id).unwrap_err().code, Code::InviteNotFound);
        assert_eq!(desk.winners(), [device(first)]);
    }
}

/// Attack 2.
#[test]
fn accept_after_cancel() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
    let call_id = desk.call("alice/a1", "bob");
    desk.hang_up("alice/a1", &call_id).unwrap();
    let error = desk.accept("bob/b1", &call_id).unwrap_err();
    assert_eq!(error.code, Code::InviteNotFound);
    assert!(error.message.contains("withdrew"), "{}", error.message);
    assert!(desk.winners().is_empty());
    assert_eq!(desk.the_end().outcome, Outcome::Cancelled);
}

/// Attack 2: whoever withdraws a call that was just answered hangs it up.
#[test]
fn cancel_after_accept() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
    let call_id = desk.call("alice/a1", "bob");
    desk.accept("bob/b1", &call_id).unwrap();
    desk.hang_up("alice/a1", &call_id).unwrap();
    let end = desk.the_end();
    assert_eq!((end.outcome, end.duration_ms()), (Outcome::Completed, 0));
}

/// Attack 2.
#[test]
fn reject_and_accept_race() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1", "bob/b2"]);
    let call_id = desk.call("alice/a1", "bob");
    let reject = CallAction::Reject { call_id: call_id.clone(), busy: false };
    desk.ask("bob/b1", reject.clone()).unwrap();
    assert_eq!(desk.accept("bob/b2", &call_id).unwrap_err().code, Code::InviteNotFound);
    assert_eq!(desk.code("bob/b1", reject), Code::InviteNotFound);
    assert!(desk.winners().is_empty());
    assert_eq!(desk.the_end().outcome, Outcome::Rejected);
}

/// Attack 2.
#[test]
fn both_hang_up_at_once() {
    let (mut desk, call_id) = Desk::connected();
    desk.hang_up("alice/a1", &call_id).unwrap();
    assert_eq!(desk.hang_up("bob/b1", &call_id).unwrap_err().code, Code::Repeated);
    assert_eq!(desk.the_end().ended_by, Some(user("alice")));
}

/// Attack 2: both invite at once, in either order.
#[test]
fn glare_connects_the_two() {
    for (first, second) in [("alice", "bob"), ("bob", "alice")] {
        let (one, other) = (format!("{first}/x1"), format!("{second}/x1"));
        let spare = format!("{second}/x2");
        let mut desk = Desk::with(&[&one, &other, &spare]);
        let call_id = desk.call(&one, second);
        desk.out.clear();
        let reply = desk.call_with(&other, to(first)).unwrap();
        assert_eq!((&reply.facts.call_id, reply.role), (&call_id, Role::Callee));
        assert!(reply.connected);
        assert_eq!(reply.facts.caller, user(first));
        assert_eq!(desk.winners(), [device(&other)]);
        let accepted = Event::Accepted { call_id: call_id.clone(), user: user(second) };
        assert_eq!(desk.told(&one), [accepted]);
        assert_eq!(desk.told(&spare), [elsewhere(&call_id, true)]);
        assert_eq!(desk.calls.live_calls(), 1);
    }
}

/// Attack 2: a call back that comes when the call is withdrawn already is a call of its own.
#[test]
fn a_call_back_after_cancel_rings() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
    let call_id = desk.call("alice/a1", "bob");
    desk.hang_up("alice/a1", &call_id).unwrap();
    desk.out.clear();
    let back = desk.call("bob/b1", "alice");
    assert_ne!(back, call_id);
    assert!(desk.winners().is_empty());
    assert!(matches!(&desk.told("alice/a1")[..], [Event::Invited { .. }]));
}

/// Attack 3: whoever signs in late is never shown what was withdrawn or rang out.
#[test]
fn no_stale_invite() {
    for withdrawn in [true, false] {
        let mut desk = Desk::with(&["alice/a1"]);
        let call_id = desk.call("alice/a1", "bob");
        if withdrawn {
            desk.hang_up("alice/a1", &call_id).unwrap();
        } else {
            // The timer has not fired when Bob signs in.
            desk.now += Duration::from_secs(30);
        }
        desk.sign_in("bob/b1");
        assert_eq!(desk.told("bob/b1"), []);
    }
}

/// Attack 3: a wall clock a day off, either way, changes neither ringing nor duration.
#[test]
fn clock_skew() {
    const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
    for at in [UnixMillis(START.0 - DAY_MS), UnixMillis(START.0 + DAY_MS), UnixMillis(u64::MAX)] {
        let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
        let action =
            CallAction::Call { params: to("bob"), unknown: Vec::new(), outsiders: Vec::new(), at };
        let Ok(Reply::Call(call)) = desk.ask("alice/a1", action) else { panic!() };
        let told = desk.told("bob/b1");
        assert!(matches!(&told[..], [Event::Invited { remaining_ms: 30_000, .. }]));
        desk.accept("bob/b1", &call.facts.call_id).unwrap();
        desk.seconds(10);
        desk.hang_up("bob/b1", &call.facts.call_id).unwrap();
        let end = desk.the_end();
        assert!(end.ended_at >= end.facts.started_at);
        assert!(at.0 == u64::MAX || end.duration_ms() == 10_000);
    }
}

/// Attack 4.
#[test]
fn a_stranger_can_do_nothing_to_a_call() {
    let mut ringing = Desk::with(&["alice/a1", "bob/b1", "mallory/m1"]);
    let ringing_id = ringing.call("alice/a1", "bob");
    let (connected, connected_id) = Desk::connected();
    for (mut desk, call_id) in [(ringing, ringing_id), (connected, connected_id)] {
        desk.out.clear();
        for action in [
            CallAction::Accept { call_id: call_id.clone() },
            CallAction::Reject { call_id: call_id.clone(), busy: true },
            CallAction::Hangup { call_id: call_id.clone() },
            CallAction::GetCall { call_id: call_id.clone() },
        ] {
            assert_eq!(desk.code("mallory/m1", action), Code::NotYourCall);
        }
        assert!(!desk.calls.may_connect_media(&call_id, &device("mallory/m1")));
        assert!(desk.out.is_empty() && desk.calls.live_calls() == 1);
    }
}

/// Attack 4.
#[test]
fn another_device_of_an_account_cannot_hang_up_its_call() {
    let (mut desk, call_id) = Desk::connected();
    for name in ["alice/a2", "bob/b2"] {
        desk.sign_in(name);
        assert_eq!(desk.hang_up(name, &call_id).unwrap_err().code, Code::NotYourCall);
    }
    assert!(desk.ended().is_empty());
}

/// Attack 4.
#[test]
fn forged_call_ids_name_nothing() {
    let (mut desk, _) = Desk::connected();
    let call_id = unknown_id();
    for action in [
        CallAction::Accept { call_id: call_id.clone() },
        CallAction::Reject { call_id: call_id.clone(), busy: false },
        CallAction::Hangup { call_id: call_id.clone() },
        CallAction::GetCall { call_id },
    ] {
        assert_eq!(desk.code("bob/b1", action), Code::InviteNotFound);
    }
    assert!(desk.out.is_empty());
}

/// Attack 4: an id learnt from an old call opens nothing either.
#[test]
fn stale_requests_about_a_call_that_is_over() {
    let (mut desk, call_id) = Desk::connected();
    desk.hang_up("alice/a1", &call_id).unwrap();
    desk.out.clear();
    let accept = CallAction::Accept { call_id: call_id.clone() };
    assert_eq!(desk.code("bob/b1", accept.clone()), Code::InviteNotFound);
    assert_eq!(desk.hang_up("bob/b1", &call_id).unwrap_err().code, Code::Repeated);
    assert_eq!(desk.code("mallory/m1", accept), Code::NotYourCall);
    assert!(desk.out.is_empty());
}

/// Attack 5: a thousand callers, one callee: one rings, the others hear that the line is busy.
#[test]
fn a_ring_flood_rings_once() {
    let mut desk = Desk::with(&["bob/b1"]);
    for number in 0..1_000 {
        let name = format!("caller{number}/x");
        desk.sign_in(&name);
        desk.call(&name, "bob");
    }
    assert_eq!(desk.told("bob/b1").len(), 1);
    assert_eq!(desk.calls.live_calls(), 1);
    assert!(desk.ended().iter().all(|end| end.outcome == Outcome::Busy));
}

/// Attack 5: one caller, a thousand calls.
#[test]
fn a_call_flood_is_throttled() {
    let mut desk = Desk::with(&["mallory/m1"]);
    for number in 0..1_000 {
        let _ = desk.call_with("mallory/m1", to(&format!("callee{number}")));
    }
    assert_eq!(desk.calls.live_calls(), 1);
    assert_eq!(desk.calls.stats().refused[&i32::from(Code::RateLimited)], 970);
}

/// Attack 6: killed, and gone within the grace; its user can call again.
#[test]
fn no_ghost_stays() {
    let (mut desk, call_id) = Desk::connected();
    desk.disconnect("bob/b1");
    desk.seconds(4);
    desk.input(CallsInput::PeerLost { call_id, endpoint: device("bob/b1") });
    desk.seconds(1);
    assert_eq!(desk.the_end().outcome, Outcome::PeerLost);
    desk.sign_in("bob/b1");
    desk.call("bob/b1", "mallory");
}

/// Attack 7: another device of the account cannot take over the call of the one that dropped.
#[test]
fn a_call_is_resumed_by_its_own_device_alone() {
    let (mut desk, _) = Desk::connected();
    desk.disconnect("bob/b1");
    desk.sign_in("bob/b2");
    assert_eq!(desk.told("bob/b2"), []);
    desk.seconds(5);
    assert_eq!(desk.the_end().outcome, Outcome::PeerLost);
}
