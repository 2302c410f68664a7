//! Attack 1 seen from a client: whatever the server says in whatever order, the gate opens only
//! after "accepted" about a call this user placed or accepted.

use super::*;

/// Every order of `0..n`.
fn orders(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for shorter in orders(n - 1) {
        for at in 0..n {
            let mut order = shorter.clone();
            order.insert(at, n - 1);
            all.push(order);
        }
    }
    all
}

fn entered() -> Event {
    Event::UserEntered { call_id: call_id(1), user: user("bob"), audio_ssrc: 9, video: Vec::new() }
}

fn available() -> Event {
    Event::AudioAvailable { call_id: call_id(1), user: user("bob"), available: true }
}

/// What the server says of a call that connects, in any order, the reply included.
#[test]
fn a_caller_in_every_order() {
    for order in orders(5) {
        let mut alice = Handset::of("alice");
        alice.command(Command::Call(params("bob")));
        let (id, _) = alice.sent_one();
        let (mut replied, mut accepted) = (false, false);
        for step in &order {
            match step {
                0 => {
                    let call = call_reply(1, "alice", "bob", Role::Caller, false);
                    alice.reply(id, Reply::Call(call));
                    replied = true;
                }
                1 => alice.event(Event::Ringing { call_id: call_id(1), user: user("bob") }),
                2 => {
                    alice.event(Event::Accepted { call_id: call_id(1), user: user("bob") });
                    accepted = true;
                }
                3 => alice.event(entered()),
                _ => alice.event(available()),
            }
            let open = words(&alice.out).contains(&"OPEN".to_owned());
            assert_eq!(open, replied && accepted, "{order:?}");
        }
        let mut words = alice.words();
        let at = |word: &str| words.iter().position(|other| other == word).unwrap();
        assert!(at("OPEN") < at("REMOTE") && at("START") < at("OPEN"), "{order:?} {words:?}");
        assert!(at("call_begin") < at("user_enter"), "{order:?} {words:?}");
        words.retain(|word| word != "ringing");
        words.sort_unstable();
        let all = [
            "OK",
            "OPEN",
            "REMOTE",
            "START",
            "accept",
            "call_begin",
            "user_audio_available",
            "user_enter",
        ];
        assert_eq!(words, all, "{order:?}");
    }
}

/// Nothing the server says makes the device of a user who did not accept speak or play.
#[test]
fn a_callee_who_did_not_accept_in_every_order() {
    let events = || {
        [
            Event::Accepted { call_id: call_id(1), user: user("bob") },
            Event::Resumed(call_reply(1, "alice", "bob", Role::Callee, true)),
            entered(),
            available(),
            Event::Ringing { call_id: call_id(1), user: user("bob") },
        ]
    };
    for order in orders(5) {
        let mut bob = Handset::ringing_in();
        for step in order {
            bob.event(events()[step].clone());
        }
        let words = bob.words();
        for word in ["OPEN", "REMOTE", "call_begin", "user_enter", "user_audio_available"] {
            assert!(!words.contains(&word.to_owned()), "{words:?}");
        }
    }
}

/// Replies of the wrong kind, to nothing, or naming another call, connect nothing.
#[test]
fn a_server_that_lies() {
    for reply in [
        call_reply(1, "carol", "alice", Role::Callee, true),
        call_reply(1, "alice", "carol", Role::Caller, true),
        call_reply(1, "bob", "carol", Role::Callee, true),
        call_reply(1, "bob", "alice", Role::Callee, false),
    ] {
        let mut alice = Handset::of("alice");
        alice.command(Command::Call(params("bob")));
        let (id, _) = alice.sent_one();
        alice.reply(id, Reply::Call(reply));
        assert_eq!(alice.words(), ["ERR 70500"]);
        assert_eq!(alice.sent_one().1, Request::Hangup { call_id: call_id(1) });
    }
    let mut alice = Handset::of("alice");
    alice.command(Command::Call(params("bob")));
    let (id, _) = alice.sent_one();
    alice.reply(id, Reply::Done {});
    assert_eq!((alice.words(), alice.phase()), (vec!["ERR 70500".to_owned()], ClientPhase::Idle));
}

#[test]
fn calls_nobody_here_knows_are_left() {
    for event in [
        Event::Resumed(call_reply(1, "bob", "carol", Role::Caller, true)),
        Event::Accepted { call_id: call_id(1), user: user("carol") },
        Event::Ringing { call_id: call_id(1), user: user("carol") },
    ] {
        let mut bob = Handset::of("bob");
        bob.event(event);
        assert_eq!(bob.sent_one().1, Request::Hangup { call_id: call_id(1) });
        assert!(bob.words().is_empty());
        assert_eq!(bob.mirror.stats().orphans, 1);
    }
}

#[test]
fn room_events_of_another_call_are_stale() {
    let mut alice = Handset::talking();
    let call_id = call_id(2);
    alice.event(Event::UserEntered {
        call_id: call_id.clone(),
        user: user("bob"),
        audio_ssrc: 1,
        video: Vec::new(),
    });
    alice.event(Event::UserLeft { call_id, user: user("bob"), reason: 0 });
    assert!(alice.words().is_empty());
    assert_eq!(alice.mirror.stats().stale, 2);
}

#[test]
fn what_runs_ahead_is_kept_in_bounds() {
    let mut alice = Handset::of("alice");
    alice.command(Command::Call(params("bob")));
    for _ in 0..1_000 {
        alice.event(available());
    }
    assert_eq!(alice.mirror.stats().stale, 984);
}

/// An invite that comes during a call waits; the server is asked whether that call still is.
#[test]
fn an_invite_during_a_call_casts_doubt_on_it() {
    let mut alice = Handset::talking();
    alice.event(Event::invited(facts(2, "carol", "alice"), 30_000));
    let (id, request) = alice.sent_one();
    assert_eq!(request, Request::GetCall { call_id: call_id(1) });
    assert!(alice.words().is_empty());
    alice.refuse(id, Code::InviteNotFound);
    assert_eq!(alice.words(), ["STOP", "call_end", "START", "invited"]);
}

#[test]
fn a_waiting_invite_that_is_withdrawn_never_rings() {
    let mut alice = Handset::talking();
    alice.event(Event::invited(facts(2, "carol", "alice"), 30_000));
    alice.event(Event::Cancelled { call_id: call_id(2), user: user("carol") });
    alice.event(ended(1, Outcome::Completed, Some("bob"), 5));
    assert_eq!(alice.words(), ["STOP", "call_end"]);
}
