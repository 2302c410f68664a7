//! Being rung is not being in a call, and nobody keeps a line busy by ringing it.

use std::time::Duration;

use super::*;
use crate::call::{Outcome, Role};

#[test]
fn who_is_rung_may_call_somebody_else() {
    let mut desk = Desk::with(&["mallory/m1", "bob/b1", "bob/b2", "carol/c1"]);
    let rings = desk.call("mallory/m1", "bob");
    desk.out.clear();
    let call_id = desk.call("bob/b1", "carol");
    assert_eq!(desk.calls.live_calls(), 1);
    let end = desk.the_end_of(&rings);
    assert_eq!((end.outcome, end.ended_by), (Outcome::Busy, Some(user("bob"))));
    let told = desk.told("mallory/m1");
    assert!(
        matches!(&told[..], [Event::LineBusy { .. }, Event::Ended { outcome: Outcome::Busy, .. }]),
        "{told:?}"
    );
    assert_eq!(desk.told("bob/b2"), [elsewhere(&rings, false)]);
    assert!(matches!(&desk.told("bob/b1")[..], [Event::Ended { .. }, Event::Ringing { .. }]));
    desk.accept("carol/c1", &call_id).unwrap();
}

#[test]
fn a_call_that_does_not_ring_declines_nothing() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1", "carol/c1", "dave/d1"]);
    let talk = desk.call("carol/c1", "dave");
    desk.accept("dave/d1", &talk).unwrap();
    let rings = desk.call("alice/a1", "bob");
    desk.out.clear();
    desk.call("bob/b1", "carol");
    assert_eq!(desk.ended()[0].facts.caller, user("bob"), "Carol was busy");
    assert!(desk.accept("bob/b1", &rings).is_ok(), "and Alice still rings");
}

#[test]
fn who_is_rung_may_join_a_running_call() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1", "carol/c1", "mallory/m1"]);
    let group_id = Some("@TGS#1".parse().unwrap());
    let talk = desk.call_with("alice/a1", CallParams { group_id, ..to("bob") }).unwrap();
    let talk = talk.facts.call_id;
    desk.accept("bob/b1", &talk).unwrap();
    desk.call("mallory/m1", "carol");
    desk.ask("carol/c1", CallAction::Join { call_id: talk.clone(), insider: true }).unwrap();
    assert_eq!(desk.the_end().outcome, Outcome::Busy);
    assert!(desk.calls.is_talking(&talk, &device("carol/c1")));
}

/// Glare of a one-to-one call with a group call: the one-to-one call finds its callee busy,
/// whichever of the two came first.
#[test]
fn a_call_of_two_that_meets_a_group_call_is_busy() {
    for group_first in [true, false] {
        let mut desk = Desk::with(&["alice/a1", "bob/b1", "carol/c1"]);
        let many = CallParams { callees: vec![user("alice"), user("carol")], ..to("alice") };
        let group = |desk: &mut Desk| desk.call_with("bob/b1", many.clone()).unwrap().facts.call_id;
        let (group, alone) = if group_first {
            let group = group(&mut desk);
            let alone = desk.call("alice/a1", "bob");
            (group, alone)
        } else {
            let alone = desk.call("alice/a1", "bob");
            (group(&mut desk), alone)
        };
        let end = desk.the_end_of(&alone);
        assert_eq!(end.outcome, Outcome::Busy, "{group_first}");
        assert!(desk.winners().is_empty());
        assert!(desk.accept("carol/c1", &group).is_ok(), "the group call goes its way");
    }
}

/// Two who call each other in the same group alone want the same.
#[test]
fn glare_within_a_group_connects() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
    let of = |group: Option<&str>, callee| CallParams {
        group_id: group.map(|id| id.parse().unwrap()),
        ..to(callee)
    };
    desk.call_with("alice/a1", of(Some("@TGS#1"), "bob")).unwrap();
    let back = desk.call_with("bob/b1", of(Some("@TGS#1"), "alice")).unwrap();
    assert_eq!((back.role, back.connected), (Role::Callee, true));

    let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
    desk.call_with("alice/a1", of(Some("@TGS#1"), "bob")).unwrap();
    let back = desk.call_with("bob/b1", of(None, "alice")).unwrap();
    assert_eq!((back.role, back.connected), (Role::Caller, false), "another conversation");
}

/// Attack 5: one account rings another over and over to keep its line busy.
#[test]
fn nobody_keeps_a_line_busy_by_ringing_it() {
    let mut desk = Desk::with(&["mallory/m1", "bob/b1", "alice/a1"]);
    let mut busy = Duration::ZERO;
    let day = Duration::from_secs(24 * 60 * 60);
    let begin = desk.now;
    while desk.now < begin + day {
        match desk.call_with("mallory/m1", CallParams { timeout_s: Some(0), ..to("bob") }) {
            Ok(_) => {
                busy += Duration::from_secs(120);
                desk.seconds(120);
            }
            Err(error) => {
                assert_eq!(error.code, Code::RateLimited);
                desk.seconds(5);
            }
        }
        desk.out.clear();
    }
    assert!(busy < day / 7, "{busy:?} of a day");
    desk.seconds(3_600);
    desk.call("alice/a1", "bob");
}

#[test]
fn withdrawn_declined_and_unanswered_rings_count_and_an_answer_forgives_them() {
    type Deed = fn(&mut Desk, &CallId);
    let withdraw: Deed = |desk, call_id| drop(desk.hang_up("alice/a1", call_id).unwrap());
    let decline: Deed = |desk, call_id| drop(desk.hang_up("bob/b1", call_id).unwrap());
    let ring_out: Deed = |desk, _| desk.seconds(30);
    for deed in [withdraw, decline, ring_out] {
        let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
        for _ in 0..CallsConfig::default().redial_free {
            let call_id = desk.call("alice/a1", "bob");
            deed(&mut desk, &call_id);
        }
        let refused = desk.call_with("alice/a1", to("bob")).unwrap_err();
        assert_eq!(refused.code, Code::RateLimited);
        // Bob calling back makes up for it.
        let call_id = desk.call("bob/b1", "alice");
        desk.accept("alice/a1", &call_id).unwrap();
        desk.hang_up("alice/a1", &call_id).unwrap();
        desk.call("alice/a1", "bob");
    }
}

#[test]
fn who_was_never_there_to_hear_it_was_not_rung_in_vain() {
    let mut desk = Desk::with(&["alice/a1"]);
    for _ in 0..10 {
        desk.call("alice/a1", "bob");
        desk.seconds(30);
    }
}

/// Attack 3: a request that was under way for longer than anybody waits.
#[test]
fn a_request_that_is_too_old_is_refused() {
    for (age_ms, granted) in [(0, true), (60_000, true), (60_001, false), (u64::MAX, false)] {
        let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
        let sent_at = Some(UnixMillis(START.0.saturating_sub(age_ms)));
        let result = desk.call_with("alice/a1", CallParams { sent_at, ..to("bob") });
        assert_eq!(result.is_ok(), granted, "{age_ms}");
        assert!(granted || desk.told("bob/b1").is_empty());
    }
    // A clock that runs ahead harms nobody.
    let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
    let sent_at = Some(UnixMillis(u64::MAX));
    assert!(desk.call_with("alice/a1", CallParams { sent_at, ..to("bob") }).is_ok());
}

#[test]
fn one_device_per_account_if_so_wished() {
    let config = CallsConfig { max_devices_per_user: 1, ..CallsConfig::default() };
    let mut desk = Desk::configured(config, &["alice/a1", "bob/b1"]);
    let call_id = desk.call("alice/a1", "bob");
    desk.accept("bob/b1", &call_id).unwrap();
    desk.out.clear();
    desk.sign_in("bob/b2");
    assert_eq!(desk.told("bob/b1").last(), Some(&Event::KickedOffline {}));
    let end = desk.the_end();
    assert_eq!((end.outcome, end.ended_by), (Outcome::Completed, Some(user("bob"))));
    assert_eq!(desk.calls.devices_of(&user("bob")).len(), 1);
}
