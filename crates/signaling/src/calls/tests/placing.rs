use calling_model::GroupId;

use super::*;
use crate::call::{Outcome, ParticipantOutcome, Role};

#[test]
fn a_call_is_stored_then_answered_then_rings() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1", "bob/b2"]);
    let request = RequestToken(9);
    let action = CallAction::Call {
        params: to("bob"),
        unknown: Vec::new(),
        outsiders: Vec::new(),
        at: START,
    };
    desk.input(CallsInput::Request { from: device("alice/a1"), request, action });
    let order: Vec<&str> = desk
        .out
        .iter()
        .map(|output| match output {
            CallsOutput::Started { .. } => "started",
            CallsOutput::Reply { .. } => "reply",
            CallsOutput::Notify { event: Event::Invited { .. }, .. } => "invited",
            CallsOutput::Notify { event: Event::Ringing { .. }, .. } => "ringing",
            CallsOutput::Notify { .. }
            | CallsOutput::Connected { .. }
            | CallsOutput::Joined { .. }
            | CallsOutput::Invited { .. }
            | CallsOutput::GroupCall { .. }
            | CallsOutput::LeaveMedia { .. }
            | CallsOutput::Ended { .. } => panic!("{output:?}"),
        })
        .collect();
    assert_eq!(order, ["started", "reply", "invited", "ringing", "invited"]);
}

#[test]
fn the_facts_of_a_call() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
    let group_id = Some(GroupId::new("@TGS#1").unwrap());
    let params = CallParams {
        media_type: MediaType::Video,
        timeout_s: Some(9_000),
        group_id: group_id.clone(),
        user_data: "{\"room\":\"kitchen\"}".into(),
        ..to("bob")
    };
    let reply = desk.call_with("alice/a1", params).unwrap();
    assert_eq!((reply.role, reply.connected), (Role::Caller, false));
    let facts = reply.facts;
    assert_eq!((facts.caller.clone(), facts.callees.clone()), (user("alice"), vec![user("bob")]));
    assert_eq!((facts.timeout_s, facts.started_at), (120, START));
    assert_eq!((facts.media_type, facts.group_id.clone()), (MediaType::Video, group_id));
    assert_eq!(facts.call_id.as_str().len(), 32);
    assert_eq!(facts.invite_id.as_str().len(), 32);
    assert!((1..=2_147_483_647).contains(&facts.room_id.get()));
    let invited = Event::invited(facts, 120_000);
    assert_eq!(desk.told("bob/b1"), [invited]);
}

#[test]
fn requests_that_make_no_sense() {
    let mut desk = Desk::with(&["alice/a1"]);
    let mut code = |params: CallParams| desk.call_with("alice/a1", params).unwrap_err().code;
    let many = |names: &[&str]| CallParams {
        callees: names.iter().map(|name| user(name)).collect(),
        ..to("bob")
    };
    assert_eq!(code(many(&[])), Code::BadParameter);
    assert_eq!(code(to("alice")), Code::BadParameter);
    assert_eq!(code(many(&["bob", "alice"])), Code::BadParameter);
    assert_eq!(code(many(&["bob", "bob"])), Code::BadParameter);
    let long = CallParams { user_data: "x".repeat(4_097), ..to("bob") };
    assert_eq!(code(long), Code::BadParameter);
    let longest = CallParams { user_data: "x".repeat(4_096), ..to("bob") };
    assert!(desk.call_with("alice/a1", longest).is_ok());
}

#[test]
fn nobody_of_that_name() {
    let mut desk = Desk::with(&["alice/a1"]);
    let params = to("nobody");
    let action = CallAction::Call {
        params,
        unknown: vec![user("nobody")],
        outsiders: Vec::new(),
        at: START,
    };
    assert_eq!(desk.code("alice/a1", action), Code::UserNotFound);
    assert!(desk.out.is_empty() && desk.calls.live_calls() == 0);
}

#[test]
fn who_is_not_signed_in_gets_told_so() {
    let mut desk = Desk::with(&["bob/b1"]);
    assert_eq!(desk.call_with("alice/a1", to("bob")).unwrap_err().code, Code::NotInitialised);
}

#[test]
fn a_callee_in_another_call_is_busy_and_sees_nothing() {
    let (mut desk, _) = Desk::connected();
    desk.sign_in("carol/c1");
    for callee in ["alice", "bob"] {
        let call_id = desk.call("carol/c1", callee);
        let line_busy = Event::LineBusy { call_id: call_id.clone(), user: user(callee) };
        let ended = Event::Ended { call_id, outcome: Outcome::Busy, by: None, duration_ms: 0 };
        assert_eq!(desk.told("carol/c1"), [line_busy, ended]);
        assert_eq!((desk.told("alice/a1"), desk.told("bob/b1")), (vec![], vec![]));
        let end = desk.the_end();
        assert_eq!(end.outcome, Outcome::Busy);
        assert_eq!(end.participants[1].outcome, ParticipantOutcome::Busy);
    }
    assert_eq!(desk.calls.live_calls(), 1);
}

#[test]
fn a_ringing_callee_is_busy_too() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1", "carol/c1"]);
    desk.call("alice/a1", "bob");
    desk.call("carol/c1", "bob");
    assert_eq!(desk.the_end().outcome, Outcome::Busy);
    let invites = desk.told("bob/b1");
    assert!(
        matches!(&invites[..], [Event::Invited { facts, .. }] if facts.caller == user("alice"))
    );
}

#[test]
fn a_caller_in_another_call_is_refused() {
    let (mut desk, _) = Desk::connected();
    desk.sign_in("alice/a2");
    for name in ["alice/a1", "alice/a2", "bob/b1"] {
        let error = desk.call_with(name, to("mallory")).unwrap_err();
        assert_eq!(error.code, Code::WrongState, "{name}");
    }
    assert!(desk.told("mallory/m1").is_empty() && desk.ended().is_empty());
}

#[test]
fn the_same_call_twice_is_refused_and_changes_nothing() {
    let mut desk = Desk::with(&["alice/a1", "alice/a2", "bob/b1"]);
    let call_id = desk.call("alice/a1", "bob");
    for name in ["alice/a1", "alice/a2"] {
        assert_eq!(desk.call_with(name, to("bob")).unwrap_err().code, Code::Repeated);
    }
    desk.accept("bob/b1", &call_id).unwrap();
    for (name, callee) in [("alice/a1", "bob"), ("bob/b1", "alice")] {
        assert_eq!(desk.call_with(name, to(callee)).unwrap_err().code, Code::Repeated);
    }
    assert_eq!((desk.calls.live_calls(), desk.winners().len()), (1, 1));
}

#[test]
fn all_devices_ring_and_ringing_is_told_once() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1", "bob/b2"]);
    let call_id = desk.call("alice/a1", "bob");
    desk.sign_in("bob/b3");
    for name in ["bob/b1", "bob/b2", "bob/b3"] {
        assert!(matches!(&desk.told(name)[..], [Event::Invited { .. }]), "{name}");
    }
    assert_eq!(desk.told("alice/a1"), [Event::Ringing { call_id, user: user("bob") }]);
}

#[test]
fn an_offline_callee_rings_on_signing_in_for_what_remains() {
    let mut desk = Desk::with(&["alice/a1"]);
    let call_id = desk.call("alice/a1", "bob");
    assert!(desk.told("alice/a1").is_empty());
    desk.seconds(12);
    desk.sign_in("bob/b1");
    let invited = Event::invited(desk.facts(&call_id), 18_000);
    assert_eq!(desk.told("bob/b1"), [invited]);
    assert_eq!(desk.told("alice/a1"), [Event::Ringing { call_id, user: user("bob") }]);
}
