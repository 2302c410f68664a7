//! Calls with several callees or of a group.

use calling_model::GroupId;

use super::*;
use crate::call::{Outcome, ParticipantOutcome};
use crate::protocol::{InviteParams, MemberState};

pub(super) const TEAM: &[&str] = &["alice/a1", "bob/b1", "carol/c1", "dave/d1"];

pub(super) fn group() -> GroupId {
    GroupId::new("@TGS#1").unwrap()
}

pub(super) fn to_many(callees: &[&str]) -> CallParams {
    CallParams { callees: callees.iter().map(|name| user(name)).collect(), ..to("nobody") }
}

pub(super) fn in_group(callees: &[&str]) -> CallParams {
    CallParams { group_id: Some(group()), ..to_many(callees) }
}

/// Alice's call of her group to Bob and Carol, with everybody signed in.
pub(super) fn ringing() -> (Desk, CallId) {
    let mut desk = Desk::with(TEAM);
    let call_id = desk.call_with("alice/a1", in_group(&["bob", "carol"])).unwrap().facts.call_id;
    desk.out.clear();
    (desk, call_id)
}

/// …which Bob answered after a second.
pub(super) fn two_talking() -> (Desk, CallId) {
    let (mut desk, call_id) = ringing();
    desk.seconds(1);
    desk.accept("bob/b1", &call_id).unwrap();
    desk.out.clear();
    (desk, call_id)
}

/// …and Carol after another.
pub(super) fn three_talking() -> (Desk, CallId) {
    let (mut desk, call_id) = two_talking();
    desk.seconds(1);
    desk.accept("carol/c1", &call_id).unwrap();
    desk.out.clear();
    (desk, call_id)
}

pub(super) fn invite(call_id: &CallId, users: &[&str]) -> CallAction {
    let users = users.iter().map(|name| user(name)).collect();
    let params = InviteParams { call_id: call_id.clone(), users, timeout_s: None };
    CallAction::InviteUsers { params, unknown: Vec::new(), outsiders: Vec::new() }
}

pub(super) fn join(call_id: &CallId) -> CallAction {
    CallAction::Join { call_id: call_id.clone(), insider: true }
}

pub(super) fn reject(call_id: &CallId) -> CallAction {
    CallAction::Reject { call_id: call_id.clone(), busy: false }
}

/// What `name` was told, one word each with the user concerned.
pub(super) fn words(desk: &mut Desk, name: &str) -> Vec<String> {
    let word = |event: Event| {
        let json = serde_json::to_value(&event).unwrap();
        let (name, params) = (json["event"].as_str().unwrap().to_owned(), &json["params"]);
        let who = ["user", "by", "outcome"].iter().find_map(|key| params[key].as_str());
        who.map_or(name.clone(), |who| format!("{name} {who}"))
    };
    desk.told(name).into_iter().map(word).collect()
}

pub(super) fn states(desk: &Desk, call_id: &CallId) -> Vec<MemberState> {
    desk.calls.call(call_id).unwrap().members.iter().map(|member| member.state).collect()
}

#[test]
fn everybody_rings_and_hears_who_answers() {
    let (mut desk, call_id) = ringing();
    desk.out.clear();
    desk.accept("carol/c1", &call_id).unwrap();
    let opened = |output: &CallsOutput| matches!(output, CallsOutput::Connected { callee, .. } if *callee == device("carol/c1"));
    assert!(desk.out.iter().any(opened));
    assert_eq!(words(&mut desk, "alice/a1"), ["accepted carol"]);
    assert_eq!(words(&mut desk, "bob/b1"), ["accepted carol"], "who is rung hears it too");
    desk.out.clear();
    desk.accept("bob/b1", &call_id).unwrap();
    let joined = CallsOutput::Joined {
        call_id: call_id.clone(),
        room_id: desk.facts(&call_id).room_id,
        endpoint: device("bob/b1"),
        at: START,
        rung: true,
    };
    assert!(desk.out.contains(&joined));
    assert_eq!(words(&mut desk, "carol/c1"), ["accepted bob"]);
    assert_eq!(states(&desk, &call_id), [MemberState::Connected; 3]);
}

/// The group columns of the table of callbacks: whatever one invitee does, inviter and the other
/// invitees hear; the call goes on.
#[test]
fn who_hears_what_of_one_who_does_not_come() {
    for (busy, word, outcome) in
        [(false, "rejected bob", "rejected"), (true, "line_busy bob", "busy")]
    {
        let (mut desk, call_id) = ringing();
        desk.sign_in("bob/b2");
        desk.out.clear();
        let reject = CallAction::Reject { call_id: call_id.clone(), busy };
        desk.ask("bob/b1", reject).unwrap();
        assert_eq!(words(&mut desk, "alice/a1"), [word]);
        assert_eq!(words(&mut desk, "carol/c1"), [word]);
        assert_eq!(words(&mut desk, "bob/b1"), ["ended bob"], "{outcome}: over for who declined");
        assert_eq!(words(&mut desk, "bob/b2"), ["handled_elsewhere"]);
        assert_eq!(desk.calls.live_calls(), 1);
        assert_eq!(desk.calls.call_of(&device("bob/b1")), None);
    }
    let (mut desk, call_id) = two_talking();
    desk.seconds(29);
    assert_eq!(words(&mut desk, "alice/a1"), ["no_response carol"]);
    assert_eq!(words(&mut desk, "bob/b1"), ["no_response carol"]);
    assert_eq!(words(&mut desk, "carol/c1"), ["timed_out"]);
    assert_eq!(
        states(&desk, &call_id),
        [MemberState::Connected, MemberState::Connected, MemberState::NoAnswer]
    );
}

#[test]
fn a_caller_who_withdraws_cancels_all() {
    let (mut desk, call_id) = ringing();
    desk.hang_up("alice/a1", &call_id).unwrap();
    assert_eq!(words(&mut desk, "bob/b1"), ["cancelled alice"]);
    assert_eq!(words(&mut desk, "carol/c1"), ["cancelled alice"]);
    assert_eq!(words(&mut desk, "alice/a1"), ["ended alice"]);
    let end = desk.the_end();
    assert_eq!((end.outcome, end.ended_by), (Outcome::Cancelled, Some(user("alice"))));
    let parts: Vec<_> = end.participants.iter().map(|part| part.outcome).collect();
    assert_eq!(
        parts,
        [ParticipantOutcome::Called, ParticipantOutcome::Cancelled, ParticipantOutcome::Cancelled]
    );
}

/// The oldest complaint about the model: one who leaves does not take the others' call away.
#[test]
fn a_call_goes_on_when_one_leaves_and_ends_when_one_is_left() {
    for leaver in ["alice", "bob", "carol"] {
        let (mut desk, call_id) = three_talking();
        let name = format!("{leaver}/{}1", &leaver[..1]);
        desk.seconds(10);
        desk.hang_up(&name, &call_id).unwrap();
        assert!(desk.ended().is_empty());
        let endpoint = device(&name);
        assert!(desk.out.contains(&CallsOutput::LeaveMedia { call_id: call_id.clone(), endpoint }));
        let told = desk.told(&name);
        let since = if leaver == "carol" { 10_000 } else { 11_000 };
        assert!(
            matches!(&told[..], [Event::Ended { outcome: Outcome::Completed, duration_ms, .. }]
                if *duration_ms == since),
            "{told:?}"
        );
        let rest: Vec<_> = ["alice", "bob", "carol"].into_iter().filter(|n| *n != leaver).collect();
        for other in &rest {
            let other = format!("{other}/{}1", &other[..1]);
            assert_eq!(words(&mut desk, &other), [format!("member_left {leaver}")]);
        }
        desk.seconds(5);
        let second = format!("{}/{}1", rest[0], &rest[0][..1]);
        let last = format!("{}/{}1", rest[1], &rest[1][..1]);
        desk.hang_up(&second, &call_id).unwrap();
        assert_eq!(words(&mut desk, &last), [format!("ended {}", rest[0])], "one is left");
        let end = desk.the_end();
        assert_eq!((end.outcome, end.duration_ms()), (Outcome::Completed, 16_000));
        let left = end.participants.iter().find(|part| part.user == user(leaver)).unwrap();
        assert_eq!(left.left_at, Some(UnixMillis(START.0 + 12_000)));
        assert_eq!(desk.calls.live_calls(), 0);
    }
}

#[test]
fn who_is_rung_rings_on_while_one_waits() {
    let (mut desk, call_id) = two_talking();
    desk.hang_up("alice/a1", &call_id).unwrap();
    assert!(desk.ended().is_empty(), "Carol may still come");
    assert_eq!(words(&mut desk, "carol/c1"), ["member_left alice"]);
    desk.accept("carol/c1", &call_id).unwrap();
    desk.hang_up("bob/b1", &call_id).unwrap();
    assert_eq!(desk.the_end().outcome, Outcome::Completed);

    let (mut desk, call_id) = two_talking();
    desk.hang_up("bob/b1", &call_id).unwrap();
    desk.out.clear();
    desk.ask("carol/c1", reject(&call_id)).unwrap();
    assert_eq!(words(&mut desk, "alice/a1"), ["rejected carol", "ended completed"]);
    let end = desk.the_end();
    assert_eq!((end.outcome, end.ended_by), (Outcome::Completed, None));

    let (mut desk, call_id) = two_talking();
    desk.hang_up("bob/b1", &call_id).unwrap();
    desk.hang_up("alice/a1", &call_id).unwrap();
    assert_eq!(words(&mut desk, "carol/c1").last().unwrap(), "cancelled alice");
    assert_eq!(desk.the_end().outcome, Outcome::Completed);
}

#[test]
fn a_call_nobody_takes_has_the_strongest_answer_as_its_outcome() {
    use Outcome::{Busy, NoAnswer, Offline, Rejected};
    for (bob, carol, outcome) in [
        ("reject", "ignore", Rejected),
        ("ignore", "reject", Rejected),
        ("ignore", "wait", Busy),
        ("wait", "reject", Rejected),
        ("wait", "wait", NoAnswer),
        ("wait", "away", NoAnswer),
        ("away", "away", Offline),
    ] {
        let mut desk = Desk::with(&["alice/a1"]);
        for (name, deed) in [("bob/b1", bob), ("carol/c1", carol)] {
            if deed != "away" {
                desk.sign_in(name);
            }
        }
        let call_id = desk.call_with("alice/a1", to_many(&["bob", "carol"])).unwrap().facts.call_id;
        for (name, deed) in [("bob/b1", bob), ("carol/c1", carol)] {
            let busy = deed == "ignore";
            if busy || deed == "reject" {
                desk.ask(name, CallAction::Reject { call_id: call_id.clone(), busy }).unwrap();
            }
        }
        desk.seconds(30);
        let last = words(&mut desk, "alice/a1").pop().unwrap();
        assert!(last.starts_with("ended"), "{last}");
        let end = desk.the_end();
        assert_eq!((end.outcome, end.ended_by), (outcome, None), "{bob} {carol}");
    }
}

#[test]
fn all_who_ring_out_at_once_are_named_together() {
    let (mut desk, call_id) = ringing();
    desk.seconds(30);
    let users = vec![user("bob"), user("carol")];
    let timed_out = Event::TimedOut { call_id, users };
    assert_eq!(desk.told("bob/b1"), std::slice::from_ref(&timed_out));
    assert_eq!(desk.told("carol/c1"), [timed_out]);
    assert_eq!(
        words(&mut desk, "alice/a1"),
        ["no_response bob", "no_response carol", "ended no_answer"]
    );
}

#[test]
fn who_is_busy_misses_a_call_that_others_take() {
    let mut desk = Desk::with(TEAM);
    let other = desk.call("dave/d1", "carol");
    desk.accept("carol/c1", &other).unwrap();
    desk.out.clear();
    let call = desk.call_with("alice/a1", to_many(&["bob", "carol"])).unwrap();
    assert_eq!(words(&mut desk, "alice/a1"), ["ringing bob", "line_busy carol"]);
    assert_eq!(words(&mut desk, "bob/b1"), ["invited", "line_busy carol"]);
    assert!(desk.told("carol/c1").is_empty());
    let call_id = call.facts.call_id;
    assert_eq!(call.members[2].state, MemberState::Busy);
    desk.accept("bob/b1", &call_id).unwrap();
    desk.hang_up("bob/b1", &call_id).unwrap();
    assert_eq!(desk.the_end().participants[2].outcome, ParticipantOutcome::Busy);
}

#[test]
fn a_call_to_busy_people_alone_is_over_before_it_rings() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1", "carol/c1", "dave/d1"]);
    let other = desk.call("dave/d1", "carol");
    desk.accept("carol/c1", &other).unwrap();
    desk.out.clear();
    desk.call_with("alice/a1", to_many(&["carol", "dave"])).unwrap();
    assert_eq!(words(&mut desk, "alice/a1"), ["line_busy carol", "line_busy dave", "ended busy"]);
    assert_eq!(desk.the_end().outcome, Outcome::Busy);
}

#[test]
fn the_running_call_is_visible_to_its_group() {
    let (mut desk, call_id) = ringing();
    let ask = |desk: &mut Desk| {
        let action = CallAction::GroupCall { group_id: group(), insider: true };
        let Ok(Reply::GroupCall(reply)) = desk.ask("dave/d1", action) else { panic!() };
        reply.call.map(|call| call.members.len())
    };
    assert_eq!(ask(&mut desk), None, "nobody talks yet");
    let shown = |desk: &mut Desk| -> Vec<bool> {
        let shown = desk.out.extract_if(.., |out| matches!(out, CallsOutput::GroupCall { .. }));
        let calls = shown.map(|out| {
            let CallsOutput::GroupCall { group_id, call, .. } = out else { unreachable!() };
            assert_eq!(group_id, group());
            call.is_some()
        });
        calls.collect()
    };
    desk.accept("bob/b1", &call_id).unwrap();
    assert_eq!((shown(&mut desk), ask(&mut desk)), (vec![true], Some(3)));
    desk.ask("dave/d1", join(&call_id)).unwrap();
    assert_eq!((shown(&mut desk), ask(&mut desk)), (vec![true], Some(4)));
    let outsider = CallAction::GroupCall { group_id: group(), insider: false };
    assert_eq!(desk.code("dave/d1", outsider), Code::PermissionDenied);
    desk.input(CallsInput::End { call_id });
    assert_eq!((shown(&mut desk), ask(&mut desk)), (vec![false], None));
}

#[test]
fn the_medium_is_switched_both_ways() {
    let (mut desk, call_id) = three_talking();
    let switch = |media_type| CallAction::SwitchMediaType { call_id: call_id.clone(), media_type };
    for (name, media_type) in [("carol/c1", MediaType::Video), ("alice/a1", MediaType::Audio)] {
        desk.out.clear();
        assert_eq!(desk.ask(name, switch(media_type)), Ok(Reply::Done {}));
        let by = device(name).user;
        let changed = Event::MediaTypeChanged { call_id: call_id.clone(), by, media_type };
        assert_eq!(desk.told("bob/b1"), [changed]);
        assert_eq!(desk.facts(&call_id).media_type, media_type);
        assert!(desk.told(name).is_empty(), "who asked learns it from the reply");
    }
    desk.ask("bob/b1", switch(MediaType::Audio)).unwrap();
    assert!(desk.told("alice/a1").iter().all(|e| matches!(e, Event::MediaTypeChanged { .. })));
    desk.ask("bob/b1", switch(MediaType::Video)).unwrap();
    assert_eq!(desk.code("dave/d1", switch(MediaType::Audio)), Code::NotYourCall);
    desk.input(CallsInput::End { call_id });
    let end = desk.the_end();
    assert_eq!(
        (end.facts.media_type, end.switched_to),
        (MediaType::Audio, Some(MediaType::Video)),
        "the record says what was placed, and what it became"
    );
}

#[test]
fn a_caller_switches_what_rings() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
    let call_id = desk.call("alice/a1", "bob");
    desk.out.clear();
    let media_type = MediaType::Video;
    desk.ask("alice/a1", CallAction::SwitchMediaType { call_id: call_id.clone(), media_type })
        .unwrap();
    assert_eq!(words(&mut desk, "bob/b1"), ["media_type_changed alice"]);
}

#[test]
fn somebody_lost_leaves_a_call_that_goes_on() {
    let (mut desk, call_id) = three_talking();
    desk.disconnect("bob/b1");
    desk.seconds(5);
    assert_eq!(words(&mut desk, "alice/a1"), ["member_left bob"]);
    let lost = Event::Ended {
        call_id: call_id.clone(),
        outcome: Outcome::PeerLost,
        by: None,
        duration_ms: 6_000,
    };
    assert_eq!(desk.told("bob/b1"), std::slice::from_ref(&lost));
    // Back too late, Bob is told that it is over for him, and may join again.
    desk.sign_in("bob/b1");
    assert!(desk.told("bob/b1").is_empty());
    let get = CallAction::GetCall { call_id: call_id.clone() };
    assert_eq!(desk.code("bob/b1", get), Code::InviteNotFound);
    assert_eq!(desk.told("bob/b1"), [lost]);
    desk.ask("bob/b1", join(&call_id)).unwrap();
    // The caller's loss ends nothing either.
    desk.input(CallsInput::PeerLost { call_id: call_id.clone(), endpoint: device("alice/a1") });
    desk.seconds(1);
    assert!(desk.ended().is_empty());
    desk.disconnect("carol/c1");
    desk.seconds(5);
    assert_eq!(desk.the_end().outcome, Outcome::Completed, "each has an outcome of their own");
}

#[test]
fn an_operator_ends_calls_removes_members_and_kicks_devices() {
    let (mut desk, call_id) = three_talking();
    desk.input(CallsInput::RemoveMember { call_id: call_id.clone(), user: user("bob") });
    assert_eq!(words(&mut desk, "bob/b1"), ["ended interrupted"]);
    let left = Event::MemberLeft { call_id: call_id.clone(), user: user("bob"), reason: 2 };
    assert_eq!(desk.told("carol/c1"), [left]);
    desk.input(CallsInput::Kick { endpoint: device("carol/c1") });
    assert_eq!(words(&mut desk, "carol/c1").last().unwrap(), "kicked_offline");
    let end = desk.the_end();
    assert_eq!((end.outcome, end.ended_by), (Outcome::Completed, Some(user("carol"))));

    let (mut desk, call_id) = ringing();
    desk.input(CallsInput::RemoveMember { call_id: call_id.clone(), user: user("bob") });
    assert_eq!(words(&mut desk, "bob/b1"), ["cancelled alice"]);
    desk.input(CallsInput::End { call_id: call_id.clone() });
    assert_eq!(words(&mut desk, "carol/c1").last().unwrap(), "cancelled alice");
    assert_eq!(desk.the_end().outcome, Outcome::Interrupted);
    let stale = desk.calls.stats().stale;
    desk.input(CallsInput::End { call_id: call_id.clone() });
    desk.input(CallsInput::RemoveMember { call_id, user: user("bob") });
    assert_eq!(desk.calls.stats().stale, stale + 2);
}

#[test]
fn several_devices_of_one_member() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1", "bob/b2", "carol/c1"]);
    let call_id = desk.call_with("alice/a1", to_many(&["bob", "carol"])).unwrap().facts.call_id;
    desk.accept("carol/c1", &call_id).unwrap();
    desk.out.clear();
    desk.accept("bob/b2", &call_id).unwrap();
    assert_eq!(desk.told("bob/b1"), [elsewhere(&call_id, true)]);
    assert_eq!(desk.accept("bob/b1", &call_id).unwrap_err().code, Code::InviteNotFound);
    assert!(!desk.calls.is_talking(&call_id, &device("bob/b1")));
    assert!(!desk.calls.may_connect_media(&call_id, &device("bob/b1")));
}

#[test]
fn who_signs_in_while_a_conversation_waits_for_them_is_rung() {
    let mut desk = Desk::with(&["alice/a1", "bob/b1"]);
    let call_id = desk.call_with("alice/a1", to_many(&["bob", "carol"])).unwrap().facts.call_id;
    desk.accept("bob/b1", &call_id).unwrap();
    desk.seconds(12);
    desk.sign_in("carol/c1");
    let told = desk.told("carol/c1");
    let [Event::Invited { remaining_ms: 18_000, in_call, .. }] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(*in_call, ["alice", "bob"].map(user));
    let call = desk.calls.call_of(&device("carol/c1")).unwrap();
    assert!(!call.connected, "the conversation is not Carol's yet");
}
