//! Signalling that goes and comes.

use super::*;

fn lost(connection: Connection) -> ListenerEvent {
    ListenerEvent::ConnectionLost { connection }
}

#[test]
fn a_call_outlives_its_signalling_for_a_while() {
    let mut alice = Handset::talking();
    alice.input(ClientInput::SignallingLost);
    assert_eq!(*alice.heard(), lost(Connection::Signalling));
    alice.input(ClientInput::Reconnecting(Connection::Signalling));
    assert_eq!(alice.words(), ["connection_lost", "reconnecting"]);
    alice.advance(Duration::from_millis(9_999));
    assert!(alice.words().is_empty(), "media goes on");
    alice.advance(Duration::from_millis(1));
    assert!(matches!(
        alice.heard(),
        ListenerEvent::CallEnd { outcome: Outcome::PeerLost, by: None, duration_ms: 10_000, .. }
    ));
    assert_eq!(alice.words(), ["STOP", "call_end"]);
}

#[test]
fn signalling_that_comes_back_keeps_the_call() {
    let mut alice = Handset::talking();
    alice.command(Command::SetMicMute(true));
    alice.input(ClientInput::SignallingLost);
    alice.seconds(4);
    alice.out.clear();
    alice.input(ClientInput::SignedIn);
    assert_eq!(alice.words(), ["recovered"]);
    let sent = alice.sent();
    let requests: Vec<_> = sent.iter().map(|(_, request)| request.clone()).collect();
    let call_id = call_id(1);
    assert_eq!(
        requests,
        [
            Request::GetCall { call_id: call_id.clone() },
            Request::SetMicMute { call_id, muted: true }
        ]
    );
    let call = call_reply(1, "alice", "bob", Role::Caller, true);
    alice.event(Event::Resumed(call.clone()));
    alice.reply(sent[0].0, Reply::Call(call));
    alice.seconds(60);
    assert_eq!((alice.words().len(), alice.phase()), (0, ClientPhase::Connected));
}

#[test]
fn what_was_missed_while_away_is_heard_on_asking() {
    let mut alice = Handset::talking();
    alice.input(ClientInput::SignallingLost);
    alice.seconds(7);
    alice.input(ClientInput::SignedIn);
    let (id, _) = alice.sent_one();
    alice.out.clear();
    alice.event(ended(1, Outcome::PeerLost, None, 5_000));
    alice.refuse(id, Code::InviteNotFound);
    assert_eq!(alice.words(), ["STOP", "call_end"]);
}

#[test]
fn a_server_that_was_killed_knows_no_call() {
    for (mut handset, outcome) in [
        (Handset::talking(), Outcome::Interrupted),
        (Handset::ringing_out(), Outcome::Cancelled),
        (Handset::ringing_in(), Outcome::Cancelled),
    ] {
        handset.input(ClientInput::SignallingLost);
        handset.input(ClientInput::SignedIn);
        let (id, request) = handset.sent_one();
        assert_eq!(request, Request::GetCall { call_id: call_id(1) });
        handset.refuse(id, Code::InviteNotFound);
        assert!(
            matches!(handset.heard(), ListenerEvent::CallEnd { outcome: o, .. } if *o == outcome)
        );
        assert_eq!(handset.phase(), ClientPhase::Idle);
    }
}

#[test]
fn accepted_while_the_caller_was_away() {
    let mut alice = Handset::ringing_out();
    alice.input(ClientInput::SignallingLost);
    alice.input(ClientInput::SignedIn);
    alice.out.clear();
    alice.event(Event::Resumed(call_reply(1, "alice", "bob", Role::Caller, true)));
    assert_eq!(alice.words(), ["accept", "OPEN", "call_begin"]);
}

#[test]
fn an_accept_that_was_lost_is_sent_again() {
    let mut bob = Handset::ringing_in();
    bob.command(Command::Accept);
    bob.input(ClientInput::SignallingLost);
    bob.input(ClientInput::SignedIn);
    bob.out.clear();
    bob.event(Event::invited(facts(1, "alice", "bob"), 20_000));
    let (id, request) = bob.sent_one();
    assert_eq!(request, Request::Accept { call_id: call_id(1) });
    assert!(bob.words().is_empty(), "rings once only");
    bob.reply(id, Reply::Call(call_reply(1, "alice", "bob", Role::Callee, true)));
    assert_eq!(bob.words(), ["OK", "OPEN", "call_begin"]);
}

#[test]
fn an_accept_whose_reply_was_lost_has_worked() {
    let mut bob = Handset::ringing_in();
    bob.command(Command::Accept);
    bob.input(ClientInput::SignallingLost);
    bob.input(ClientInput::SignedIn);
    bob.out.clear();
    bob.event(Event::Resumed(call_reply(1, "alice", "bob", Role::Callee, true)));
    assert_eq!(bob.words(), ["OK", "OPEN", "call_begin"]);
}

#[test]
fn a_repeated_accept_asks_how_the_call_stands() {
    let mut bob = Handset::ringing_in();
    bob.command(Command::Accept);
    let (id, _) = bob.sent_one();
    bob.refuse(id, Code::Repeated);
    let (id, request) = bob.sent_one();
    assert_eq!(request, Request::GetCall { call_id: call_id(1) });
    bob.reply(id, Reply::Call(call_reply(1, "alice", "bob", Role::Callee, true)));
    assert_eq!(bob.words(), ["OK", "OPEN", "call_begin"]);
}

#[test]
fn hanging_up_without_signalling_ends_at_once_and_is_told_later() {
    let mut alice = Handset::talking();
    alice.input(ClientInput::SignallingLost);
    alice.seconds(1);
    alice.out.clear();
    alice.command(Command::Hangup);
    assert_eq!(alice.words(), ["STOP", "OK", "call_end"]);
    alice.input(ClientInput::SignedIn);
    assert!(alice.sent().is_empty());
    alice.event(Event::Resumed(call_reply(1, "alice", "bob", Role::Caller, true)));
    assert_eq!(alice.sent_one().1, Request::Hangup { call_id: call_id(1) });
    assert_eq!(alice.phase(), ClientPhase::Idle);
}

#[test]
fn declining_without_signalling_is_told_later() {
    let mut bob = Handset::ringing_in();
    bob.input(ClientInput::SignallingLost);
    bob.command(Command::Ignore);
    bob.input(ClientInput::SignedIn);
    bob.out.clear();
    bob.event(Event::invited(facts(1, "alice", "bob"), 20_000));
    assert_eq!(bob.sent_one().1, Request::Reject { call_id: call_id(1), busy: true });
    assert!(bob.words().is_empty(), "what was declined rings no more");
}

#[test]
fn a_hangup_that_was_lost_is_sent_again() {
    let mut alice = Handset::talking();
    alice.command(Command::Hangup);
    alice.sent();
    alice.input(ClientInput::SignallingLost);
    alice.input(ClientInput::SignedIn);
    let requests: Vec<Request> = alice.sent().into_iter().map(|(_, request)| request).collect();
    let call_id = call_id(1);
    assert_eq!(
        requests,
        [Request::Hangup { call_id: call_id.clone() }, Request::GetCall { call_id }]
    );
}

/// A line cut between hanging up and calling the same person again: the old call is not taken for
/// the new one.
#[test]
fn a_call_the_user_left_is_not_taken_for_the_next_one() {
    let mut alice = Handset::talking();
    alice.command(Command::Hangup);
    alice.command(Command::Call(params("bob")));
    alice.input(ClientInput::SignallingLost);
    alice.input(ClientInput::SignedIn);
    alice.out.clear();
    alice.event(Event::Resumed(call_reply(1, "alice", "bob", Role::Caller, true)));
    assert_eq!(alice.sent_one().1, Request::Hangup { call_id: call_id(1) });
    assert_eq!(alice.phase(), ClientPhase::Requested);
}

#[test]
fn a_call_whose_reply_was_lost_is_found_again() {
    let mut alice = Handset::of("alice");
    alice.command(Command::Call(params("bob")));
    alice.input(ClientInput::SignallingLost);
    alice.input(ClientInput::SignedIn);
    alice.out.clear();
    alice.event(Event::Resumed(call_reply(1, "alice", "bob", Role::Caller, false)));
    assert_eq!(alice.words(), ["OK", "START"]);
    assert_eq!(alice.phase(), ClientPhase::Outgoing);
}

/// What waited to ring when the line was cut rings only if the server says so again.
#[test]
fn a_waiting_invite_does_not_survive_its_connection() {
    let mut alice = Handset::talking();
    alice.event(Event::invited(facts(2, "carol", "alice"), 30_000));
    alice.input(ClientInput::SignallingLost);
    alice.input(ClientInput::SignedIn);
    let asked = alice.sent().pop().unwrap().0;
    alice.refuse(asked, Code::InviteNotFound);
    assert_eq!(alice.phase(), ClientPhase::Idle);
}

/// A connection so slow that the answer to a question comes after its deadline: it is asked again.
#[test]
fn doubt_that_is_not_answered_remains() {
    let mut alice = Handset::talking();
    alice.input(ClientInput::SignallingLost);
    alice.input(ClientInput::SignedIn);
    alice.sent();
    alice.seconds(10);
    let (id, request) = alice.sent_one();
    assert_eq!(request, Request::GetCall { call_id: call_id(1) });
    alice.refuse(id, Code::InviteNotFound);
    assert_eq!(alice.phase(), ClientPhase::Idle);
}

/// A connection so slow that a call was connected, by an own request long given up, when the user
/// declines it: it is hung up instead.
#[test]
fn what_turns_out_connected_is_hung_up_not_declined() {
    let mut bob = Handset::ringing_in();
    bob.command(Command::Reject);
    let (id, _) = bob.sent_one();
    bob.refuse(id, Code::WrongState);
    let (id, _) = bob.sent_one();
    bob.reply(id, Reply::Call(call_reply(1, "alice", "bob", Role::Callee, true)));
    assert_eq!(bob.sent_one().1, Request::Hangup { call_id: call_id(1) });

    let mut bob = Handset::ringing_in();
    bob.command(Command::Reject);
    let (id, _) = bob.sent_one();
    bob.seconds(3);
    assert_eq!(bob.phase(), ClientPhase::Idle);
    bob.refuse(id, Code::WrongState);
    assert_eq!(bob.sent_one().1, Request::Hangup { call_id: call_id(1) });
}

#[test]
fn kicked_offline_ends_everything() {
    let mut alice = Handset::talking();
    alice.event(Event::KickedOffline {});
    assert_eq!(alice.words(), ["STOP", "call_end", "kicked_offline"]);
    let refused = alice.try_command(Command::Call(params("bob")));
    assert_eq!(refused, Err(ClientMisuse::NotSignedIn));
    assert!(alice.sent().is_empty());
}

#[test]
fn signing_out_leaves_the_call_but_declines_nothing() {
    let mut alice = Handset::talking();
    alice.input(ClientInput::SignedOut);
    assert_eq!(alice.sent_one().1, Request::Hangup { call_id: call_id(1) });
    assert_eq!(alice.words(), ["STOP", "call_end"]);

    let mut bob = Handset::ringing_in();
    bob.input(ClientInput::SignedOut);
    assert_eq!((bob.sent().len(), bob.words()), (0, vec!["STOP".to_owned(), "call_end".into()]));
}
