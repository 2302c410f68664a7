use super::*;

#[test]
fn a_call_from_wish_to_hangup() {
    let mut alice = Handset::of("alice");
    alice.command(Command::Call(params("bob")));
    assert_eq!(alice.phase(), ClientPhase::Requested);
    let (id, request) = alice.sent_one();
    assert_eq!(request, Request::Call(params("bob")));
    alice.reply(id, Reply::Call(call_reply(1, "alice", "bob", Role::Caller, false)));
    alice.event(Event::Ringing { call_id: call_id(1), user: user("bob") });
    assert_eq!(alice.words(), ["OK", "START", "ringing"]);
    alice.event(Event::Accepted { call_id: call_id(1), user: user("bob") });
    assert_eq!(alice.words(), ["accept", "OPEN", "call_begin"]);
    assert_eq!(alice.phase(), ClientPhase::Connected);
    alice.seconds(65);
    alice.command(Command::Hangup);
    assert_eq!(alice.words(), ["STOP"], "media stops without waiting for the server");
    let (id, request) = alice.sent_one();
    assert_eq!(request, Request::Hangup { call_id: call_id(1) });
    alice.reply(id, Reply::Done {});
    alice.event(ended(1, Outcome::Completed, Some("alice"), 65_010));
    assert_eq!(
        *alice.heard(),
        ListenerEvent::CallEnd {
            call_id: call_id(1),
            outcome: Outcome::Completed,
            duration_ms: 65_010,
            by: Some(user("alice")),
        }
    );
    assert_eq!(alice.words(), ["OK", "call_end"]);
    assert_eq!(alice.phase(), ClientPhase::Idle);
    assert_eq!(alice.mirror.poll_timeout(), None);
}

#[test]
fn each_way_in_which_nobody_takes_the_call() {
    let (id, bob) = (call_id(1), user("bob"));
    for (event, outcome, heard) in [
        (Event::Rejected { call_id: id.clone(), user: bob.clone() }, Outcome::Rejected, "reject"),
        (Event::LineBusy { call_id: id.clone(), user: bob.clone() }, Outcome::Busy, "line_busy"),
        (
            Event::NoResponse { call_id: id.clone(), user: bob.clone() },
            Outcome::NoAnswer,
            "no_resp",
        ),
        (Event::NoResponse { call_id: id.clone(), user: bob.clone() }, Outcome::Offline, "no_resp"),
    ] {
        let end = ended(1, outcome, None, 0);
        // In order, doubled, the answer lost, the answer late.
        for script in [
            vec![event.clone(), end.clone()],
            vec![event.clone(), event.clone(), end.clone(), end.clone()],
            vec![end.clone()],
            vec![end.clone(), event.clone()],
        ] {
            let mut alice = Handset::ringing_out();
            script.into_iter().for_each(|event| alice.event(event));
            let mut words = alice.words();
            words.retain(|word| word != "STOP");
            assert_eq!(words, [heard, "call_end"]);
            assert_eq!(alice.phase(), ClientPhase::Idle);
        }
    }
}

#[test]
fn withdrawing_what_rings() {
    let mut alice = Handset::ringing_out();
    alice.command(Command::Hangup);
    assert_eq!(alice.sent_one().1, Request::Hangup { call_id: call_id(1) });
    alice.event(ended(1, Outcome::Cancelled, Some("alice"), 0));
    assert_eq!(alice.words(), ["STOP", "OK", "call_end"]);
}

#[test]
fn withdrawing_before_the_call_has_an_id() {
    let mut alice = Handset::of("alice");
    alice.command(Command::Call(params("bob")));
    let (id, _) = alice.sent_one();
    alice.command(Command::Hangup);
    assert!(alice.sent().is_empty());
    alice.reply(id, Reply::Call(call_reply(1, "alice", "bob", Role::Caller, false)));
    assert_eq!(alice.sent_one().1, Request::Hangup { call_id: call_id(1) });
    // Bob was quicker; still no gate opens.
    alice.event(Event::Accepted { call_id: call_id(1), user: user("bob") });
    alice.event(ended(1, Outcome::Completed, Some("alice"), 3));
    assert_eq!(alice.words(), ["OK", "OK", "call_end"]);
}

#[test]
fn a_refused_call() {
    let mut alice = Handset::of("alice");
    alice.command(Command::Call(params("nobody")));
    alice.command(Command::Hangup);
    let (id, _) = alice.sent_one();
    alice.refuse(id, Code::UserNotFound);
    assert_eq!(alice.words(), ["ERR -2200", "OK"]);
    assert_eq!(alice.phase(), ClientPhase::Idle);
}

#[test]
fn a_call_without_an_answer_fails_and_is_left_when_the_answer_comes_late() {
    let mut alice = Handset::of("alice");
    alice.command(Command::Call(params("bob")));
    let (id, _) = alice.sent_one();
    alice.seconds(10);
    assert_eq!(alice.words(), ["ERR -1406"]);
    alice.reply(id, Reply::Call(call_reply(1, "alice", "bob", Role::Caller, false)));
    assert_eq!(alice.sent_one().1, Request::Hangup { call_id: call_id(1) });
    assert_eq!((alice.words().len(), alice.phase()), (0, ClientPhase::Idle));
}

#[test]
fn glare_is_answered_as_an_accept() {
    let mut bob = Handset::of("bob");
    bob.command(Command::Call(params("alice")));
    let (id, _) = bob.sent_one();
    bob.event(Event::invited(facts(1, "alice", "bob"), 29_000));
    assert!(bob.words().is_empty(), "no ringing while the own call is under way");
    bob.reply(id, Reply::Call(call_reply(1, "alice", "bob", Role::Callee, true)));
    let begin = ListenerEvent::CallBegin {
        call_id: call_id(1),
        room_id: RoomId::new(7).unwrap(),
        media_type: MediaType::Audio,
        role: Role::Callee,
    };
    assert_eq!(*bob.heard(), begin);
    assert_eq!(bob.words(), ["OK", "START", "OPEN", "call_begin"]);
}

#[test]
fn the_invite_that_waited_rings_if_the_own_call_fails() {
    let mut bob = Handset::of("bob");
    bob.command(Command::Call(params("alice")));
    let (id, _) = bob.sent_one();
    bob.event(Event::invited(facts(1, "carol", "bob"), 30_000));
    bob.seconds(3);
    bob.refuse(id, Code::WrongState);
    assert!(matches!(bob.heard(), ListenerEvent::Invited { remaining_ms: 27_000, .. }));
    assert_eq!(bob.words(), ["ERR -1203", "START", "invited"]);
}

#[test]
fn an_invite_that_waited_too_long_never_rings() {
    let mut bob = Handset::of("bob");
    bob.command(Command::Call(params("alice")));
    bob.event(Event::invited(facts(1, "carol", "bob"), 5_000));
    bob.seconds(10);
    assert_eq!((bob.words(), bob.phase()), (vec!["ERR -1406".to_owned()], ClientPhase::Idle));
}

#[test]
fn a_call_the_server_forgot_to_end() {
    let mut alice = Handset::ringing_out();
    alice.seconds(34);
    assert_eq!(alice.phase(), ClientPhase::Outgoing);
    alice.seconds(1);
    assert_eq!(alice.sent_one().1, Request::Hangup { call_id: call_id(1) });
    alice.seconds(2);
    assert_eq!(alice.words(), ["STOP", "call_end"]);
}

#[test]
fn calling_again_does_not_wait_for_the_last_word_on_the_call_before() {
    let mut alice = Handset::talking();
    alice.command(Command::Hangup);
    alice.command(Command::Call(params("carol")));
    let requests: Vec<Request> = alice.sent().into_iter().map(|(_, request)| request).collect();
    assert_eq!(requests, [Request::Hangup { call_id: call_id(1) }, Request::Call(params("carol"))]);
    assert_eq!(alice.words(), ["STOP", "OK", "call_end"]);
    alice.event(ended(1, Outcome::Completed, Some("alice"), 3));
    assert!(alice.words().is_empty(), "ended once");
}

#[test]
fn muting() {
    let mut alice = Handset::ringing_out();
    alice.command(Command::SetMicMute(true));
    assert_eq!((alice.words(), alice.sent().len()), (vec!["OK".to_owned()], 0));
    alice.event(Event::Accepted { call_id: call_id(1), user: user("bob") });
    let mute = |muted| Request::SetMicMute { call_id: call_id(1), muted };
    assert_eq!(alice.sent_one().1, mute(true));
    alice.command(Command::SetMicMute(false));
    assert_eq!(alice.sent_one().1, mute(false));
    assert!(!alice.mirror.is_muted());
}
