//! Calls among several, as one client sees them.

use super::*;
use crate::protocol::{InviteParams, Member, MemberState};

fn group_facts(number: u8) -> CallFacts {
    CallFacts { callees: vec![user("bob"), user("carol")], ..facts(number, "alice", "bob") }
}

fn members(states: [MemberState; 3]) -> Vec<Member> {
    let names = ["alice", "bob", "carol"].map(user);
    names.into_iter().zip(states).map(|(user, state)| Member { user, state }).collect()
}

fn group_reply(role: Role, connected: bool, states: [MemberState; 3]) -> Reply {
    let members = members(states);
    Reply::Call(CallReply { facts: group_facts(1), role, connected, members })
}

const PENDING: MemberState = MemberState::Pending;
const CONNECTED: MemberState = MemberState::Connected;

fn accepted(name: &str) -> Event {
    Event::Accepted { call_id: call_id(1), user: user(name) }
}

/// Alice, whose call to Bob and Carol rings.
fn ringing_out() -> Handset {
    let mut alice = Handset::of("alice");
    let callees = vec![user("bob"), user("carol")];
    alice.command(Command::Call(CallParams { callees, ..params("bob") }));
    let (id, _) = alice.sent_one();
    alice.reply(id, group_reply(Role::Caller, false, [CONNECTED, PENDING, PENDING]));
    alice.out.clear();
    alice
}

/// …which Bob answered.
fn talking() -> Handset {
    let mut alice = ringing_out();
    alice.event(accepted("bob"));
    alice.out.clear();
    alice
}

fn states(handset: &Handset) -> Vec<MemberState> {
    handset.mirror.members().iter().map(|member| member.state).collect()
}

#[test]
fn each_answer_is_told_once_and_the_gate_opens_at_the_first() {
    let mut alice = ringing_out();
    alice.event(accepted("carol"));
    assert_eq!(alice.words(), ["accept", "OPEN", "call_begin"]);
    assert_eq!(states(&alice), [CONNECTED, PENDING, CONNECTED]);
    alice.event(accepted("bob"));
    alice.event(accepted("bob"));
    assert_eq!(*alice.heard(), ListenerEvent::Accept { user: user("bob") });
    assert_eq!(alice.words(), ["accept"]);
}

#[test]
fn who_does_not_come_is_told_and_the_call_goes_on() {
    let (id, bob) = (call_id(1), user("bob"));
    for (event, word, state) in [
        (
            Event::Rejected { call_id: id.clone(), user: bob.clone() },
            "reject",
            MemberState::Rejected,
        ),
        (
            Event::LineBusy { call_id: id.clone(), user: bob.clone() },
            "line_busy",
            MemberState::Busy,
        ),
        (Event::NoResponse { call_id: id, user: bob }, "no_resp", MemberState::NoAnswer),
    ] {
        let mut alice = ringing_out();
        alice.event(event.clone());
        alice.event(event);
        assert_eq!(alice.words(), [word]);
        assert_eq!((states(&alice)[1], alice.phase()), (state, ClientPhase::Outgoing));
    }
}

/// Whoever is rung in a group call hears of the others, and its gate stays shut whatever they do.
#[test]
fn who_is_rung_hears_of_the_others_and_stays_shut() {
    let mut carol = Handset::of("carol");
    carol.event(Event::invited(group_facts(1), 30_000));
    carol.out.clear();
    carol.event(accepted("bob"));
    carol.event(Event::Rejected { call_id: call_id(1), user: user("bob") });
    carol.event(Event::Resumed(CallReply {
        facts: group_facts(1),
        role: Role::Callee,
        connected: false,
        members: members([CONNECTED, CONNECTED, PENDING]),
    }));
    assert_eq!(carol.words(), ["reject"]);
    assert_eq!((carol.phase(), carol.sent().len()), (ClientPhase::Incoming, 0));
}

#[test]
fn people_come_and_go() {
    let mut alice = talking();
    let id = || call_id(1);
    let entered = |name| Event::UserEntered {
        call_id: id(),
        user: user(name),
        audio_ssrc: 5,
        video: Vec::new(),
    };
    alice.event(Event::Joined { call_id: id(), user: user("dave") });
    alice.event(entered("dave"));
    alice.event(entered("dave"));
    assert_eq!(alice.words(), ["user_enter", "REMOTE", "REMOTE"], "entered once");
    alice.event(Event::MemberLeft { call_id: id(), user: user("dave"), reason: 1 });
    assert_eq!(*alice.heard(), ListenerEvent::UserLeave { user: user("dave"), reason: 1 });
    // Its media connection is gone too, which is no news.
    alice.event(Event::UserLeft { call_id: id(), user: user("dave"), reason: 0 });
    assert_eq!(alice.words(), ["user_leave"]);
    assert_eq!(alice.mirror.members()[3].state, MemberState::Left);
    assert_eq!(alice.phase(), ClientPhase::Connected);
}

#[test]
fn inviting_more_people() {
    let mut alice = talking();
    alice.command(Command::InviteUsers { users: vec![user("dave")], timeout_s: Some(5) });
    let (id, request) = alice.sent_one();
    let users = vec![user("dave")];
    let params = InviteParams { call_id: call_id(1), users, timeout_s: Some(5) };
    assert_eq!(request, Request::InviteUsers(params));
    let mut facts = group_facts(1);
    facts.callees.push(user("dave"));
    let mut list = members([CONNECTED, CONNECTED, PENDING]);
    list.push(Member { user: user("dave"), state: PENDING });
    let (role, connected) = (Role::Caller, true);
    alice.reply(id, Reply::Call(CallReply { facts, role, connected, members: list }));
    assert_eq!((alice.words(), states(&alice).len()), (vec!["OK".to_owned()], 4));
    // Invited by somebody else.
    let mut alice = talking();
    let users = ["bob", "carol", "dave"].map(user).to_vec();
    alice.event(Event::InviteesChanged {
        call_id: call_id(1),
        by: user("bob"),
        users: users.clone(),
        invited: vec![user("dave")],
    });
    let heard = ListenerEvent::InviteesChanged { by: user("bob"), user_ids: users };
    assert_eq!(*alice.heard(), heard);
    assert_eq!(alice.mirror.members()[3].state, PENDING);
}

#[test]
fn commands_whose_answer_never_comes_fail() {
    for command in [
        Command::InviteUsers { users: vec![user("dave")], timeout_s: None },
        Command::SwitchMediaType(MediaType::Video),
    ] {
        let mut late = talking();
        late.command(command.clone());
        late.seconds(10);
        assert_eq!(late.words(), ["ERR -1406"]);
        let mut cut = talking();
        cut.command(command.clone());
        cut.input(ClientInput::SignallingLost);
        assert_eq!(cut.words(), ["ERR -1406", "connection_lost"]);
        let mut refused = talking();
        refused.command(command);
        let (id, _) = refused.sent_one();
        refused.refuse(id, Code::WrongState);
        assert_eq!(refused.words(), ["ERR -1203"]);
    }
}

#[test]
fn the_medium_is_switched() {
    let mut alice = talking();
    alice.command(Command::SwitchMediaType(MediaType::Video));
    let (id, _) = alice.sent_one();
    alice.reply(id, Reply::Done {});
    let (old, new) = (MediaType::Audio, MediaType::Video);
    assert_eq!(
        *alice.heard(),
        ListenerEvent::MediaTypeChanged { by: Some(user("alice")), old, new }
    );
    alice.event(Event::MediaTypeChanged {
        call_id: call_id(1),
        by: user("bob"),
        media_type: MediaType::Audio,
    });
    assert_eq!(alice.words(), ["media_type_changed", "OK", "media_type_changed"]);
    assert_eq!(alice.mirror.call().unwrap().media_type, MediaType::Audio);
}

#[test]
fn joining_a_running_call() {
    let mut dave = Handset::of("dave");
    dave.command(Command::Join(call_id(1)));
    let (id, request) = dave.sent_one();
    assert_eq!(request, Request::Join { call_id: call_id(1) });
    let mut facts = group_facts(1);
    facts.callees.push(user("dave"));
    let members = members([CONNECTED, CONNECTED, PENDING]);
    let reply = CallReply { facts, role: Role::Callee, connected: true, members };
    dave.reply(id, Reply::Call(reply));
    assert_eq!(dave.words(), ["OK", "START", "OPEN", "call_begin"]);
    assert_eq!(dave.phase(), ClientPhase::Connected);
}

/// What is still told of the time before does not end the call that is joined again.
#[test]
fn joining_again_what_was_just_left() {
    let mut bob = Handset::of("bob");
    bob.event(Event::invited(group_facts(1), 30_000));
    bob.command(Command::Accept);
    let (id, _) = bob.sent_one();
    bob.reply(id, group_reply(Role::Callee, true, [CONNECTED, CONNECTED, PENDING]));
    bob.command(Command::Hangup);
    bob.command(Command::Join(call_id(1)));
    let (id, _) = bob.sent().pop().unwrap();
    bob.out.clear();
    bob.event(ended(1, Outcome::Completed, Some("bob"), 5));
    bob.reply(id, group_reply(Role::Callee, true, [CONNECTED, CONNECTED, PENDING]));
    assert_eq!(bob.words(), ["OK", "START", "OPEN", "call_begin"]);
}

#[test]
fn a_join_that_is_refused() {
    let mut dave = Handset::of("dave");
    dave.command(Command::Join(call_id(1)));
    let (id, _) = dave.sent_one();
    dave.refuse(id, Code::NotYourCall);
    assert_eq!((dave.words(), dave.phase()), (vec!["ERR 8011".to_owned()], ClientPhase::Idle));
}

#[test]
fn being_invited_again_rings_again_and_a_replay_does_not() {
    let mut bob = Handset::of("bob");
    let invited = |attempt| Event::Invited {
        facts: group_facts(1),
        remaining_ms: 30_000,
        inviter: Some(user("carol")),
        in_call: vec![user("alice"), user("carol")],
        attempt,
    };
    bob.event(invited(0));
    bob.command(Command::Reject);
    let (id, _) = bob.sent_one();
    bob.reply(id, Reply::Done {});
    bob.event(ended(1, Outcome::Rejected, Some("bob"), 0));
    bob.out.clear();
    bob.event(invited(0));
    assert!(bob.words().is_empty(), "declined already");
    bob.event(invited(1));
    let ListenerEvent::Invited { sponsor, in_call, .. } = bob.heard() else { panic!() };
    assert_eq!((sponsor, in_call.len()), (&user("carol"), 2));
    assert_eq!(bob.words(), ["START", "invited"]);
}

#[test]
fn who_is_rung_may_call_somebody_else() {
    let mut bob = Handset::ringing_in();
    bob.command(Command::Call(params("carol")));
    let requests: Vec<Request> = bob.sent().into_iter().map(|(_, request)| request).collect();
    let reject = Request::Reject { call_id: call_id(1), busy: true };
    assert_eq!(requests, [reject, Request::Call(params("carol"))]);
    assert_eq!(bob.words(), ["STOP", "call_end"]);
    // Calling back who rings here alone answers the call.
    let mut bob = Handset::ringing_in();
    bob.command(Command::Call(params("alice")));
    assert_eq!(bob.sent_one().1, Request::Accept { call_id: call_id(1) });
}

#[test]
fn what_was_missed_is_told_on_coming_back() {
    let mut alice = talking();
    alice.event(Event::UserEntered {
        call_id: call_id(1),
        user: user("bob"),
        audio_ssrc: 5,
        video: Vec::new(),
    });
    alice.input(ClientInput::SignallingLost);
    alice.input(ClientInput::SignedIn);
    let (id, _) = alice.sent_one();
    alice.words();
    let mut reply = CallReply {
        facts: group_facts(1),
        role: Role::Caller,
        connected: true,
        members: members([CONNECTED, MemberState::Left, CONNECTED]),
    };
    reply.facts.media_type = MediaType::Video;
    alice.reply(id, Reply::Call(reply));
    assert_eq!(alice.words(), ["user_leave", "accept", "media_type_changed"]);
}

/// A session that was taken up again: what waited to ring waits on.
#[test]
fn a_waiting_invite_survives_a_session_that_is_taken_up() {
    let mut alice = Handset::talking();
    alice.event(Event::invited(facts(2, "carol", "alice"), 30_000));
    alice.input(ClientInput::SignallingLost);
    alice.input(ClientInput::SessionResumed);
    let asked = alice.sent().pop().unwrap().0;
    alice.refuse(asked, Code::InviteNotFound);
    assert_eq!(alice.phase(), ClientPhase::Incoming);
}

#[test]
fn requests_to_call_say_when_they_were_made() {
    let mut alice = Handset::of("alice");
    alice.input(ClientInput::ServerClock { at: UnixMillis(1_000) });
    alice.seconds(5);
    alice.command(Command::Call(params("bob")));
    let sent_at = Some(UnixMillis(6_000));
    assert_eq!(alice.sent_one().1, Request::Call(CallParams { sent_at, ..params("bob") }));
}

#[test]
fn the_running_call_of_a_group_is_passed_on() {
    let mut alice = Handset::of("alice");
    let group_id: calling_model::GroupId = "@TGS#1".parse().unwrap();
    alice.event(Event::GroupCallChanged { group_id: group_id.clone(), call: None });
    assert_eq!(*alice.heard(), ListenerEvent::GroupCallChanged { group_id, call: None });
}

#[test]
fn the_reasons_of_an_end_have_their_numbers() {
    let reason = |event: ListenerEvent| event.end_reason().map(crate::call::CallEndReason::number);
    let elsewhere = |accepted| ListenerEvent::HandledElsewhere { call_id: call_id(1), accepted };
    assert_eq!((reason(elsewhere(true)), reason(elsewhere(false))), (Some(7), Some(8)));
    let by = user("alice");
    assert_eq!(reason(ListenerEvent::CallingCancel { user: by.clone() }), Some(6));
    assert_eq!(reason(ListenerEvent::CallingTimeout { user_ids: Vec::new() }), Some(3));
    let end = |outcome| {
        let (call_id, by) = (call_id(1), None);
        reason(ListenerEvent::CallEnd { call_id, outcome, duration_ms: 0, by })
    };
    assert_eq!((end(Outcome::Completed), end(Outcome::Interrupted)), (Some(1), Some(9)));
    assert_eq!(reason(ListenerEvent::Accept { user: by }), None);
}
