use calling_model::GroupId;

use super::*;

#[test]
fn a_call_from_invite_to_its_end() {
    let mut bob = Handset::of("bob");
    let facts = CallFacts {
        group_id: Some(GroupId::new("@TGS#1").unwrap()),
        callees: vec![user("bob"), user("carol")],
        media_type: MediaType::Video,
        user_data: "x".into(),
        ..facts(1, "alice", "bob")
    };
    bob.event(Event::invited(facts.clone(), 30_000));
    assert_eq!(
        *bob.heard(),
        ListenerEvent::Invited {
            call_id: call_id(1),
            sponsor: user("alice"),
            user_ids: vec![user("carol")],
            is_from_group: true,
            group_id: facts.group_id.clone(),
            call_type: MediaType::Video,
            user_data: "x".into(),
            remaining_ms: 30_000,
            in_call: Vec::new(),
        }
    );
    assert_eq!(bob.words(), ["START", "invited"], "media gets ready before it rings");
    bob.command(Command::Accept);
    let (id, request) = bob.sent_one();
    assert_eq!(request, Request::Accept { call_id: call_id(1) });
    assert!(bob.words().is_empty(), "no gate before the server's word");
    bob.reply(
        id,
        Reply::Call(CallReply { facts, role: Role::Callee, connected: true, members: Vec::new() }),
    );
    assert_eq!(bob.words(), ["OK", "OPEN", "call_begin"]);
    bob.event(ended(1, Outcome::Completed, Some("alice"), 1_000));
    assert_eq!(bob.words(), ["STOP", "call_end"]);
}

#[test]
fn each_way_in_which_it_stops_ringing() {
    let id = || call_id(1);
    for (event, heard) in [
        (Event::Cancelled { call_id: id(), user: user("alice") }, "calling_cancel"),
        (Event::TimedOut { call_id: id(), users: vec![user("bob")] }, "calling_timeout"),
        (Event::HandledElsewhere { call_id: id(), accepted: true }, "handled_elsewhere"),
        (Event::HandledElsewhere { call_id: id(), accepted: false }, "handled_elsewhere"),
    ] {
        let mut bob = Handset::ringing_in();
        bob.event(event.clone());
        bob.event(event);
        assert_eq!(bob.words(), ["STOP", heard]);
        assert_eq!(bob.phase(), ClientPhase::Idle);
    }
}

#[test]
fn a_timeout_names_the_others_only() {
    let mut bob = Handset::ringing_in();
    bob.event(Event::TimedOut { call_id: call_id(1), users: vec![user("bob"), user("carol")] });
    let others = ListenerEvent::CallingTimeout { user_ids: vec![user("carol")] };
    assert_eq!(*bob.heard(), others);
}

#[test]
fn declining() {
    for (command, busy, outcome) in [
        (Command::Reject, false, Outcome::Rejected),
        (Command::Ignore, true, Outcome::Busy),
        (Command::Hangup, false, Outcome::Rejected),
    ] {
        let mut bob = Handset::ringing_in();
        bob.command(command);
        let (id, request) = bob.sent_one();
        assert_eq!(request, Request::Reject { call_id: call_id(1), busy });
        bob.reply(id, Reply::Done {});
        bob.event(ended(1, outcome, Some("bob"), 0));
        assert_eq!(bob.words(), ["STOP", "OK", "call_end"]);
    }
}

#[test]
fn declining_what_was_cancelled_at_once() {
    let mut bob = Handset::ringing_in();
    bob.command(Command::Reject);
    let (id, _) = bob.sent_one();
    bob.event(Event::Cancelled { call_id: call_id(1), user: user("alice") });
    bob.refuse(id, Code::InviteNotFound);
    assert_eq!(bob.words(), ["STOP", "OK", "calling_cancel"]);
}

#[test]
fn accepting_too_late() {
    // The event first, then the refusal; or the other way round.
    for event_first in [true, false] {
        let mut bob = Handset::ringing_in();
        bob.command(Command::Accept);
        let (id, _) = bob.sent_one();
        let cancelled = Event::Cancelled { call_id: call_id(1), user: user("alice") };
        if event_first {
            bob.event(cancelled.clone());
        }
        bob.refuse(id, Code::InviteNotFound);
        if !event_first {
            bob.event(cancelled);
        }
        let mut words = bob.words();
        words.sort_unstable();
        assert_eq!(words, ["ERR 8010", "STOP", "calling_cancel"]);
        assert_eq!(bob.phase(), ClientPhase::Idle);
    }
}

#[test]
fn accepting_too_late_and_never_hearing_why() {
    let mut bob = Handset::ringing_in();
    bob.command(Command::Accept);
    let (id, _) = bob.sent_one();
    bob.refuse(id, Code::InviteNotFound);
    let (id, request) = bob.sent_one();
    assert_eq!(request, Request::GetCall { call_id: call_id(1) });
    bob.refuse(id, Code::InviteNotFound);
    assert_eq!(bob.words(), ["ERR 8010", "STOP", "call_end"]);
}

#[test]
fn an_accept_refused_for_the_moment_can_be_repeated() {
    let mut bob = Handset::ringing_in();
    bob.command(Command::Accept);
    let (id, _) = bob.sent_one();
    bob.refuse(id, Code::RateLimited);
    assert_eq!((bob.words(), bob.phase()), (vec!["ERR -3".to_owned()], ClientPhase::Incoming));
    bob.command(Command::Accept);
    assert!(matches!(bob.sent_one().1, Request::Accept { .. }));
}

#[test]
fn an_accept_without_an_answer_leaves_the_call() {
    let mut bob = Handset::ringing_in();
    bob.command(Command::Accept);
    bob.sent();
    bob.seconds(10);
    assert_eq!(bob.sent_one().1, Request::Hangup { call_id: call_id(1) });
    bob.seconds(2);
    assert_eq!(bob.words(), ["ERR -1406", "STOP", "call_end"]);
}

#[test]
fn hanging_up_while_accepting() {
    let mut bob = Handset::ringing_in();
    bob.command(Command::Accept);
    let (id, _) = bob.sent_one();
    bob.command(Command::Hangup);
    assert_eq!(bob.sent_one().1, Request::Hangup { call_id: call_id(1) });
    bob.reply(id, Reply::Call(call_reply(1, "alice", "bob", Role::Callee, true)));
    bob.event(ended(1, Outcome::Completed, Some("bob"), 1));
    assert_eq!(bob.words(), ["ERR 8010", "STOP", "OK", "call_end"], "the gate stays shut");
}

#[test]
fn a_call_the_server_forgot_to_end() {
    let mut bob = Handset::ringing_in();
    bob.seconds(34);
    assert_eq!(bob.phase(), ClientPhase::Incoming);
    bob.seconds(1);
    assert_eq!(bob.words(), ["STOP", "calling_timeout"]);
}

/// Attack 3: an invite that is replayed, late or for somebody else rings never.
#[test]
fn invites_that_do_not_ring() {
    let mut bob = Handset::ringing_in();
    bob.event(Event::Cancelled { call_id: call_id(1), user: user("alice") });
    bob.out.clear();
    for (facts, remaining_ms) in [
        (facts(1, "alice", "bob"), 30_000),
        (facts(2, "alice", "bob"), 0),
        (facts(3, "alice", "bob"), u32::MAX),
        (facts(4, "alice", "carol"), 30_000),
        (facts(5, "bob", "bob"), 30_000),
    ] {
        bob.event(Event::invited(facts, remaining_ms));
        assert_eq!((bob.words().len(), bob.sent().len()), (0, 0));
    }
    assert_eq!(bob.mirror.stats().stale, 5);
}
