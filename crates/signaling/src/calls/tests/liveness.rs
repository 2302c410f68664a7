use std::time::Duration;

use super::*;
use crate::call::{Outcome, Role};

fn lost(call_id: &CallId, name: &str) -> CallsInput {
    CallsInput::PeerLost { call_id: call_id.clone(), endpoint: device(name) }
}

fn back(call_id: &CallId, name: &str) -> CallsInput {
    CallsInput::PeerBack { call_id: call_id.clone(), endpoint: device(name) }
}

#[test]
fn a_device_that_drops_out_for_good_ends_the_call() {
    for name in ["alice/a1", "bob/b1"] {
        let (mut desk, call_id) = Desk::connected();
        desk.disconnect(name);
        desk.advance(Duration::from_millis(4_999));
        assert!(desk.out.is_empty());
        desk.advance(Duration::from_millis(1));
        let ended =
            Event::Ended { call_id, outcome: Outcome::PeerLost, by: None, duration_ms: 5_000 };
        assert_eq!(desk.told("alice/a1"), std::slice::from_ref(&ended));
        assert_eq!(desk.told("bob/b1"), [ended]);
        assert_eq!(desk.the_end().outcome, Outcome::PeerLost);
    }
}

#[test]
fn a_device_that_comes_back_keeps_its_call_and_hears_of_it() {
    for (name, role) in [("alice/a1", Role::Caller), ("bob/b1", Role::Callee)] {
        let (mut desk, call_id) = Desk::connected();
        desk.disconnect(name);
        desk.seconds(4);
        desk.sign_in(name);
        let told = desk.told(name);
        let [Event::Resumed(call)] = &told[..] else { panic!("{told:?}") };
        assert_eq!((&call.facts.call_id, call.role, call.connected), (&call_id, role, true));
        desk.seconds(3_600);
        assert!(desk.ended().is_empty());
    }
}

#[test]
fn who_closed_their_own_media_has_as_long_to_come_back_as_their_signalling() {
    let closed = |call_id: &CallId| CallsInput::PeerClosed {
        call_id: call_id.clone(),
        endpoint: device("bob/b1"),
    };
    let (mut desk, call_id) = Desk::connected();
    // A page that is loaded anew.
    desk.input(closed(&call_id));
    desk.disconnect("bob/b1");
    desk.advance(Duration::from_millis(4_999));
    desk.sign_in("bob/b1");
    desk.input(back(&call_id, "bob/b1"));
    desk.seconds(3_600);
    assert!(desk.ended().is_empty());
    // One that was left: still signed in, but without media.
    desk.input(closed(&call_id));
    desk.advance(Duration::from_millis(4_999));
    assert!(desk.ended().is_empty());
    desk.advance(Duration::from_millis(1));
    assert_eq!(desk.the_end().outcome, Outcome::PeerLost);
}

#[test]
fn a_caller_who_comes_back_hears_that_it_rings() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
    let call_id = desk.call("alice/a1", "bob");
    desk.disconnect("alice/a1");
    desk.out.clear();
    desk.seconds(2);
    desk.sign_in("alice/a1");
    let told = desk.told("alice/a1");
    let ringing = Event::Ringing { call_id: call_id.clone(), user: user("bob") };
    assert!(
        matches!(&told[..], [Event::Resumed(call), last] if !call.connected && *last == ringing)
    );
    desk.seconds(10);
    assert!(desk.ended().is_empty() && desk.accept("bob/b1", &call_id).is_ok());
}

#[test]
fn a_caller_lost_while_it_rings_cancels_the_call() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
    let call_id = desk.call("alice/a1", "bob");
    desk.out.clear();
    desk.disconnect("alice/a1");
    desk.seconds(5);
    let cancelled = Event::Cancelled { call_id, user: user("alice") };
    assert_eq!(desk.told("bob/b1"), [cancelled]);
    let end = desk.the_end();
    assert_eq!((end.outcome, end.ended_by), (Outcome::Cancelled, None));
}

#[test]
fn a_ringing_device_may_come_and_go() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
    let call_id = desk.call("alice/a1", "bob");
    desk.disconnect("bob/b1");
    desk.seconds(10);
    desk.out.clear();
    desk.sign_in("bob/b1");
    let told = desk.told("bob/b1");
    assert!(matches!(&told[..], [Event::Invited { remaining_ms: 20_000, .. }]), "{told:?}");
    assert!(desk.told("alice/a1").is_empty(), "rings once only");
    desk.accept("bob/b1", &call_id).unwrap();
}

#[test]
fn a_side_whose_media_died_is_gone_after_the_grace() {
    let (mut desk, call_id) = Desk::connected();
    desk.input(lost(&call_id, "bob/b1"));
    desk.advance(Duration::from_millis(999));
    // Said twice, it was still lost the first time.
    desk.input(lost(&call_id, "bob/b1"));
    assert!(desk.out.is_empty());
    desk.advance(Duration::from_millis(1));
    assert_eq!(desk.the_end().outcome, Outcome::PeerLost);
}

#[test]
fn media_that_comes_back_in_time_keeps_the_call() {
    let (mut desk, call_id) = Desk::connected();
    desk.input(lost(&call_id, "alice/a1"));
    desk.advance(Duration::from_millis(900));
    desk.input(back(&call_id, "alice/a1"));
    desk.seconds(60);
    assert!(desk.ended().is_empty());
}

/// A call whose media was lost while it rang and then answered keeps its full time to reconnect:
/// nobody missed that media, and whoever answers late must not be cut off at once.
#[test]
fn media_lost_while_it_rings_does_not_count_against_the_conversation() {
    for name in ["alice/a1", "bob/b1"] {
        let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
        let call_id = desk.call("alice/a1", "bob");
        desk.input(lost(&call_id, name));
        desk.seconds(10);
        desk.accept("bob/b1", &call_id).unwrap();
        desk.seconds(3_600);
        assert!(desk.ended().is_empty());
        // Lost in conversation it matters as ever.
        desk.input(lost(&call_id, name));
        desk.seconds(1);
        assert_eq!(desk.the_end().outcome, Outcome::PeerLost);
    }
}

#[test]
fn signing_out_leaves_the_call_at_once() {
    let (mut desk, _) = Desk::connected();
    desk.input(CallsInput::SignedOut { endpoint: device("bob/b1") });
    let end = desk.the_end();
    assert_eq!((end.outcome, end.ended_by), (Outcome::Completed, Some(user("bob"))));

    let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
    desk.call("alice/a1", "bob");
    desk.input(CallsInput::SignedOut { endpoint: device("alice/a1") });
    assert_eq!(desk.the_end().outcome, Outcome::Cancelled);
}

#[test]
fn a_ringing_device_that_signs_out_leaves_the_call_to_the_others() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1", "bob/b2"]);
    let call_id = desk.call("alice/a1", "bob");
    desk.out.clear();
    desk.input(CallsInput::SignedOut { endpoint: device("bob/b1") });
    let endpoint = device("bob/b1");
    assert_eq!(desk.out, [CallsOutput::LeaveMedia { call_id: call_id.clone(), endpoint }]);
    desk.accept("bob/b2", &call_id).unwrap();
}

#[test]
fn news_of_who_is_not_in_the_call_is_stale() {
    let (mut desk, call_id) = Desk::connected();
    desk.input(lost(&call_id, "mallory/m1"));
    desk.input(lost(&"0".repeat(32).parse().unwrap(), "alice/a1"));
    desk.disconnect("carol/c1");
    desk.seconds(60);
    assert!(desk.out.is_empty());
    assert_eq!(desk.calls.stats().stale, 3);
}

#[test]
fn the_next_deadline_is_always_known() {
    use crate::calls::CallsReason::{MaxLength, PeerLost, RingTimeout};
    let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
    assert_eq!(desk.calls.poll_timeout(), None);
    let call_id = desk.call("alice/a1", "bob");
    let at = |seconds| epoch() + Duration::from_secs(seconds);
    assert_eq!(desk.calls.poll_timeout(), Some((at(30), RingTimeout)));
    desk.disconnect("alice/a1");
    assert_eq!(desk.calls.poll_timeout(), Some((at(5), PeerLost)));
    desk.sign_in("alice/a1");
    assert_eq!(desk.calls.poll_timeout(), Some((at(30), RingTimeout)));
    desk.accept("bob/b1", &call_id).unwrap();
    assert_eq!(desk.calls.poll_timeout(), Some((at(24 * 60 * 60), MaxLength)));
    desk.hang_up("bob/b1", &call_id).unwrap();
    assert_eq!(desk.calls.poll_timeout(), None);
}
