//! People who come to a call that runs: invited or by themselves.

use super::groups::{TEAM, invite, join, reject, ringing, three_talking, two_talking, words};
use super::*;
use crate::call::{Outcome, ParticipantOutcome};
use crate::protocol::InviteParams;

#[test]
fn more_people_are_invited_into_a_call() {
    let (mut desk, call_id) = three_talking();
    let Ok(Reply::Call(reply)) = desk.ask("bob/b1", invite(&call_id, &["dave", "erin"])) else {
        panic!()
    };
    let everybody: Vec<_> = ["bob", "carol", "dave", "erin"].iter().map(|n| user(n)).collect();
    assert_eq!(reply.facts.callees, everybody);
    let changed = Event::InviteesChanged {
        call_id: call_id.clone(),
        by: user("bob"),
        users: everybody,
        invited: vec![user("dave"), user("erin")],
    };
    assert_eq!(desk.told("alice/a1"), std::slice::from_ref(&changed));
    assert_eq!(desk.told("carol/c1"), [changed]);
    let told = desk.told("dave/d1");
    let [Event::Invited { inviter, in_call, remaining_ms, attempt, .. }] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!((inviter.clone(), *remaining_ms, *attempt), (Some(user("bob")), 30_000, 0));
    assert_eq!(*in_call, ["alice", "bob", "carol"].map(user));
    assert_eq!(words(&mut desk, "bob/b1"), ["ringing dave"], "the inviter hears that it rings");
    desk.accept("dave/d1", &call_id).unwrap();
    desk.seconds(30);
    assert_eq!(words(&mut desk, "alice/a1"), ["accepted dave", "no_response erin"]);
    for name in ["alice/a1", "bob/b1", "carol/c1"] {
        desk.hang_up(name, &call_id).unwrap();
    }
    let end = desk.the_end();
    let parts: Vec<_> = end.participants[3..].iter().map(|part| part.outcome).collect();
    assert_eq!(parts, [ParticipantOutcome::Accepted, ParticipantOutcome::Offline]);
}

/// A call of two becomes a group call by an invite, and is one from then on.
#[test]
fn a_third_is_called_into_a_conversation_of_two() {
    let (mut desk, call_id) = Desk::connected();
    desk.sign_in("carol/c1");
    desk.ask("bob/b1", invite(&call_id, &["carol"])).unwrap();
    desk.accept("carol/c1", &call_id).unwrap();
    desk.hang_up("alice/a1", &call_id).unwrap();
    assert!(desk.ended().is_empty());
    desk.hang_up("bob/b1", &call_id).unwrap();
    assert_eq!(desk.the_end().outcome, Outcome::Completed);
}

#[test]
fn a_caller_may_ring_more_people_while_it_rings() {
    let mut desk = Desk::with(TEAM);
    let call_id = desk.call("alice/a1", "bob");
    desk.seconds(20);
    desk.ask("alice/a1", invite(&call_id, &["carol"])).unwrap();
    desk.out.clear();
    desk.seconds(10);
    assert_eq!(words(&mut desk, "alice/a1"), ["no_response bob"]);
    assert!(desk.ended().is_empty(), "Carol has twenty seconds left");
    desk.accept("carol/c1", &call_id).unwrap();
    assert_eq!(desk.winners(), [device("carol/c1")]);
}

#[test]
fn invites_that_make_no_sense() {
    let (mut desk, call_id) = three_talking();
    let mut code = |name: &str, users: &[&str]| desk.code(name, invite(&call_id, users));
    assert_eq!(code("alice/a1", &[]), Code::BadParameter);
    assert_eq!(code("alice/a1", &["alice"]), Code::BadParameter);
    assert_eq!(code("alice/a1", &["dave", "dave"]), Code::BadParameter);
    assert_eq!(code("alice/a1", &["bob", "carol"]), Code::Repeated);
    assert_eq!(code("dave/d1", &["erin"]), Code::NotYourCall);
    desk.hang_up("bob/b1", &call_id).unwrap();
    assert_eq!(desk.code("bob/b1", invite(&call_id, &["dave"])), Code::WrongState);
    let params = InviteParams { call_id: call_id.clone(), users: vec![user("x")], timeout_s: None };
    let unknown = CallAction::InviteUsers {
        params: params.clone(),
        unknown: vec![user("x")],
        outsiders: Vec::new(),
    };
    assert_eq!(desk.code("alice/a1", unknown), Code::UserNotFound);
    let outsider =
        CallAction::InviteUsers { params, unknown: Vec::new(), outsiders: vec![user("x")] };
    assert_eq!(desk.code("alice/a1", outsider), Code::PermissionDenied);
    assert!(desk.told("dave/d1").is_empty());
}

#[test]
fn who_is_rung_decides_nothing() {
    let (mut desk, call_id) = ringing();
    assert_eq!(desk.code("bob/b1", invite(&call_id, &["dave"])), Code::WrongState);
    let media_type = MediaType::Video;
    let switch = CallAction::SwitchMediaType { call_id: call_id.clone(), media_type };
    assert_eq!(desk.code("bob/b1", switch), Code::WrongState);
}

#[test]
fn a_member_of_the_group_joins_a_running_call() {
    let (mut desk, call_id) = two_talking();
    let Ok(Reply::Call(reply)) = desk.ask("dave/d1", join(&call_id)) else { panic!() };
    assert!(reply.connected && reply.facts.callees.contains(&user("dave")));
    assert!(desk.calls.is_talking(&call_id, &device("dave/d1")));
    assert_eq!(words(&mut desk, "alice/a1"), ["joined dave"]);
    assert_eq!(words(&mut desk, "carol/c1"), ["joined dave"]);
    desk.hang_up("alice/a1", &call_id).unwrap();
    desk.hang_up("bob/b1", &call_id).unwrap();
    assert!(desk.ended().is_empty(), "Dave talks, Carol is rung");
    desk.hang_up("dave/d1", &call_id).unwrap();
    let end = desk.the_end();
    let dave = &end.participants[3];
    assert_eq!((dave.outcome, dave.joined_at.is_some()), (ParticipantOutcome::Joined, true));
}

#[test]
fn joins_that_are_refused() {
    let (mut desk, call_id) = ringing();
    assert_eq!(desk.code("dave/d1", join(&call_id)), Code::WrongState, "nobody talks yet");
    desk.accept("bob/b1", &call_id).unwrap();
    let outsider = CallAction::Join { call_id: call_id.clone(), insider: false };
    assert_eq!(desk.code("dave/d1", outsider), Code::NotYourCall);
    assert_eq!(desk.code("bob/b1", join(&call_id)), Code::Repeated);
    desk.sign_in("bob/b2");
    assert_eq!(desk.code("bob/b2", join(&call_id)), Code::WrongState, "on another device");
    desk.input(CallsInput::RemoveMember { call_id: call_id.clone(), user: user("carol") });
    assert_eq!(desk.code("carol/c1", join(&call_id)), Code::PermissionDenied);
    desk.hang_up("bob/b1", &call_id).unwrap();
    assert_eq!(desk.code("bob/b1", join(&call_id)), Code::InviteNotFound, "over");
    assert_eq!(desk.code("dave/d1", join(&call_id)), Code::NotYourCall);
    // A call without a group has no other members.
    let (mut desk, call_id) = Desk::connected();
    assert_eq!(desk.code("mallory/m1", join(&call_id)), Code::NotYourCall);
}

#[test]
fn who_left_or_declined_may_come_back() {
    let (mut desk, call_id) = three_talking();
    desk.seconds(8);
    desk.hang_up("carol/c1", &call_id).unwrap();
    desk.seconds(5);
    desk.sign_in("carol/c2");
    desk.ask("carol/c2", join(&call_id)).unwrap();
    assert!(desk.calls.is_talking(&call_id, &device("carol/c2")));
    desk.ask("alice/a1", invite(&call_id, &["dave"])).unwrap();
    desk.ask("dave/d1", reject(&call_id)).unwrap();
    desk.out.clear();
    desk.ask("alice/a1", invite(&call_id, &["dave"])).unwrap();
    let told = desk.told("dave/d1");
    assert!(matches!(&told[..], [Event::Invited { attempt: 1, .. }]), "{told:?}");
    desk.accept("dave/d1", &call_id).unwrap();
    desk.input(CallsInput::End { call_id });
    let end = desk.the_end();
    let part = |index: usize| end.participants[index].outcome;
    assert_eq!((part(2), part(3)), (ParticipantOutcome::Accepted, ParticipantOutcome::Accepted));
    assert_eq!(end.participants[2].joined_at, Some(UnixMillis(START.0 + 2_000)));
}

/// Whose invite waits and who joins meanwhile has answered it.
#[test]
fn joining_what_rings_answers_it() {
    let (mut desk, call_id) = ringing();
    desk.ask("bob/b1", join(&call_id)).unwrap();
    assert_eq!(desk.winners(), [device("bob/b1")]);
}
