//! Calls of several people between endpoints of ours, in a chat group and without one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use calling_bridge::{Address, BridgeConfig, BridgeDiscard, BridgeInput, Incoming, MediaChange};
use calling_impair::Impairment;
use calling_model::MediaType;
use calling_signaling::call::{Outcome, ParticipantOutcome};
use calling_signaling::invite::{Message, Signal, decode_envelope, decode_message};
use calling_signaling::protocol::{Code, Event};
use common::party::{
    A, B, C, D, NAMES, both, four, group, heard, invite, place, ring, seconds, talking, users,
};
use common::{call_reply, user, who_hangs_up};

#[test]
fn everybody_rings_and_hears_what_becomes_of_everybody() {
    both(|group_id| {
        let mut world = four(&who_hangs_up());
        let placed = ring(&mut world, A, &["bob", "carol", "dave"], group_id.clone());
        for end in [B, C, D] {
            let call = world.ends[end].bridge.call().unwrap();
            assert_eq!(call.facts.room_id, placed.facts.room_id);
            assert_eq!(call.facts.caller, user("alice"));
            assert_eq!(call.facts.callees, users(&["bob", "carol", "dave"]));
            assert_eq!((call.facts.group_id.clone(), call.facts.timeout_s), (group_id.clone(), 30));
            assert_eq!(
                (call.facts.user_data.as_str(), call.facts.media_type),
                ("order 7", MediaType::Video)
            );
        }
        assert!(world.accept(B).connected);
        world.run(seconds(1));
        world.reject(C, false);
        world.run(seconds(1));
        world.reject(D, true);
        world.run(seconds(1));
        assert_eq!(heard(&world, A), ["accepted", "rejected", "line_busy"]);
        assert_eq!(heard(&world, B), ["invited", "rejected", "line_busy"]);
        // Those who still rang heard of those before; who declined hears no more.
        assert_eq!(heard(&world, C), ["invited", "accepted", "ended"]);
        assert_eq!(heard(&world, D), ["invited", "accepted", "rejected", "ended"]);
        assert_eq!(talking(&world, A), ["alice", "bob"]);
        assert_eq!(talking(&world, B), ["alice", "bob"]);
        for end in [A, B] {
            let (facts, _) = &world.ends[end].connected[0];
            assert_eq!(facts.room_id, placed.facts.room_id);
        }
        world.run(seconds(57));
        world.hangup(A);
        world.run(seconds(1));
        assert_eq!(world.in_call(), [false; 4]);
        let outcomes: Vec<_> = world
            .ends
            .iter()
            .map(|end| end.records.iter().map(|r| r.outcome).collect::<Vec<_>>())
            .collect();
        assert_eq!(
            outcomes,
            [
                vec![Outcome::Completed],
                vec![Outcome::Completed],
                vec![Outcome::Rejected],
                vec![Outcome::Busy]
            ]
        );
        let record = &world.ends[B].records[0];
        assert_eq!(
            (record.duration_ms() / 1_000, record.ended_by.clone()),
            (60, Some(user("alice")))
        );
        let parts: Vec<_> = record.participants.iter().map(|part| part.outcome).collect();
        assert_eq!(
            parts,
            [
                ParticipantOutcome::Called,
                ParticipantOutcome::Accepted,
                ParticipantOutcome::Rejected,
                ParticipantOutcome::Busy
            ]
        );
    });
}

#[test]
fn one_leaves_and_the_others_talk_on() {
    both(|group_id| {
        let mut world = four(&who_hangs_up());
        ring(&mut world, A, &["bob", "carol"], group_id.clone());
        world.accept(B);
        world.accept(C);
        world.run(seconds(1));
        assert_eq!(talking(&world, C), ["alice", "bob", "carol"]);
        // The one who placed it leaves.
        world.hangup(A);
        world.run(seconds(1));
        assert_eq!(world.in_call(), [false, true, true, false]);
        assert_eq!(talking(&world, B), ["bob", "carol"]);
        assert_eq!(talking(&world, C), ["bob", "carol"]);
        assert_eq!(heard(&world, B).last().unwrap(), "member_left");
        assert_eq!(world.ends[A].records[0].outcome, Outcome::Completed);
        world.hangup(C);
        world.run(seconds(1));
        assert_eq!(world.in_call(), [false; 4]);
        assert!(world.ends[..3].iter().all(|end| end.records.len() == 1 && end.left_media == 1));
        // Only the last end is the visible one.
        let ends: Vec<Option<bool>> = world
            .ends
            .iter()
            .flat_map(|end| &end.posted)
            .filter_map(|(_, text)| decode_envelope(text).ok())
            .filter(|envelope| matches!(envelope.signal(), Ok(Signal::Hangup { .. })))
            .map(|envelope| envelope.payload.data.unwrap().exclude_from_history)
            .collect();
        let copies = if group_id.is_some() { 1 } else { 2 };
        assert_eq!(ends[..copies], vec![Some(true); copies]);
        assert_eq!(ends[copies..], [None]);
    });
}

/// As older programs do: who leaves says nothing but to the media room; the last one writes the end.
#[test]
fn whoever_remains_writes_the_one_end() {
    both(|group_id| {
        let mut world = four(&BridgeConfig::default());
        ring(&mut world, A, &["bob", "carol"], group_id.clone());
        world.accept(B);
        world.accept(C);
        world.run(seconds(10));
        for (leaves, stay) in [(A, &[B, C][..]), (B, &[C][..])] {
            world.hangup(leaves);
            for end in stay {
                let (call_id, user) = (world.call_id(*end), user(NAMES[leaves]));
                let change = MediaChange::Left;
                world.input(*end, BridgeInput::MemberMedia { call_id, user, change });
            }
            world.run(seconds(1));
        }
        assert_eq!(world.in_call(), [false; 4]);
        let hangups = |end: usize| {
            let posted = world.ends[end].posted.iter();
            let signals = posted.filter_map(|(_, text)| decode_envelope(text).ok()?.signal().ok());
            signals.filter(|signal| matches!(signal, Signal::Hangup { .. })).count()
        };
        assert_eq!([hangups(A), hangups(B), hangups(C)], [0, 0, 1]);
        let (to, _) = world.ends[C].posted.last().unwrap();
        let expected = group_id.map_or(Address::User(user("bob")), Address::Group);
        assert_eq!(*to, expected);
    });
}

#[test]
fn more_are_invited_while_they_talk() {
    both(|group_id| {
        let mut world = four(&who_hangs_up());
        let placed = ring(&mut world, A, &["bob", "carol"], group_id.clone());
        world.accept(B);
        world.run(seconds(1));
        // By somebody who did not place the call, while a third still rings.
        call_reply(invite(&mut world, B, &["dave"]));
        world.run(seconds(1));
        assert_eq!(heard(&world, A), ["accepted", "invitees_changed"]);
        let Some(Event::Invited { facts, inviter, in_call, .. }) = world.ends[D].events.first()
        else {
            panic!("{:?}", world.ends[D].events);
        };
        assert_eq!((inviter, &facts.caller), (&Some(user("bob")), &user("alice")));
        assert_eq!((in_call, facts.room_id), (&users(&["alice", "bob"]), placed.facts.room_id));
        world.accept(D);
        world.run(seconds(1));
        for end in [A, B, D] {
            assert_eq!(talking(&world, end), ["alice", "bob", "dave"], "{}", NAMES[end]);
        }
        world.accept(C);
        world.run(seconds(1));
        for end in [A, B] {
            assert_eq!(talking(&world, end), NAMES, "{}", NAMES[end]);
        }
        let again = invite(&mut world, A, &["dave"]).unwrap_err();
        assert_eq!(again.code, Code::Repeated);
        for end in [B, A, D] {
            world.hangup(end);
            world.run(seconds(1));
        }
        assert_eq!(world.in_call(), [false; 4], "group {group_id:?}");
    });
}

#[test]
fn one_person_without_a_group_is_called_alone() {
    let mut world = four(&who_hangs_up());
    let placed = ring(&mut world, A, &["carol"], None);
    assert_eq!(placed.facts.callees, users(&["carol"]));
    assert_eq!(world.ends[A].sent.last().unwrap().1.payload.data.as_ref().unwrap().users.len(), 1);
}

#[test]
fn nobody_answers() {
    both(|group_id| {
        let mut world = four(&who_hangs_up());
        ring(&mut world, A, &["bob", "carol"], group_id);
        world.run(seconds(40));
        assert_eq!(world.in_call(), [false; 4]);
        assert_eq!(heard(&world, A), ["no_response", "no_response", "ended"]);
        for end in [B, C] {
            assert_eq!(heard(&world, end).last().unwrap(), "timed_out");
            assert_eq!(world.ends[end].records[0].outcome, Outcome::NoAnswer);
        }
        assert_eq!(world.ends[A].records[0].outcome, Outcome::NoAnswer);
        assert!(matches!(
            world.ends[A].events.last(),
            Some(Event::Ended { outcome: Outcome::NoAnswer, .. })
        ));
    });
}

#[test]
fn the_caller_gives_up() {
    both(|group_id| {
        let mut world = four(&who_hangs_up());
        ring(&mut world, A, &["bob", "carol"], group_id.clone());
        world.hangup(A);
        world.run(seconds(1));
        assert_eq!(world.in_call(), [false; 4]);
        for end in [B, C] {
            assert_eq!(heard(&world, end), ["invited", "cancelled"]);
            assert_eq!(world.ends[end].records[0].outcome, Outcome::Cancelled);
        }
        let cancels = world.ends[A]
            .posted
            .iter()
            .filter_map(|(_, text)| decode_envelope(text).ok())
            .filter(|envelope| envelope.signal() == Ok(Signal::Cancel))
            .count();
        assert_eq!(cancels, if group_id.is_some() { 1 } else { 2 });
    });
}

/// Whoever leaves withdraws whom it invited; they are not rung by somebody who is gone.
#[test]
fn who_leaves_takes_the_own_invites_along() {
    both(|group_id| {
        let mut world = four(&who_hangs_up());
        ring(&mut world, A, &["bob", "carol", "dave"], group_id);
        world.accept(B);
        world.accept(C);
        world.run(seconds(1));
        world.hangup(A);
        world.run(seconds(1));
        assert_eq!(heard(&world, D).last().unwrap(), "cancelled");
        assert_eq!(world.in_call(), [false, true, true, false]);
        assert_eq!(talking(&world, B), ["bob", "carol"]);
    });
}

#[test]
fn who_talks_is_busy_for_calls_of_several() {
    both(|group_id| {
        let mut world = four(&who_hangs_up());
        world.call(C, "dave", MediaType::Audio);
        world.run(seconds(1));
        world.accept(D);
        world.run(seconds(1));
        ring(&mut world, A, &["bob", "carol"], group_id);
        assert_eq!(heard(&world, A), ["line_busy"]);
        assert_eq!(heard(&world, B), ["invited", "line_busy"]);
        assert_eq!(world.ends[C].records[0].outcome, Outcome::Busy);
        assert_eq!(talking(&world, C), ["carol", "dave"]);
        world.reject(B, false);
        world.run(seconds(1));
        assert_eq!(world.ends[A].records[0].outcome, Outcome::Rejected);
        assert_eq!(world.in_call(), [false, false, true, true]);
    });
}

/// Group messages carry no push, so each invitee is woken up apart.
#[test]
fn a_group_invite_goes_to_the_group_once_and_wakes_everybody() {
    let mut world = four(&who_hangs_up());
    ring(&mut world, A, &["bob", "carol"], Some(group()));
    let posted = &world.ends[A].posted;
    let to: Vec<&Address> = posted.iter().map(|(to, _)| to).collect();
    let (bob, carol) = (Address::User(user("bob")), Address::User(user("carol")));
    assert_eq!(to, [&Address::Group(group()), &bob, &carol]);
    let envelope = decode_envelope(&posted[0].1).unwrap();
    assert_eq!((envelope.invitees, envelope.group_id), (users(&["bob", "carol"]), Some(group())));
    assert_eq!(decode_message(&posted[1].1), Ok(Message::WakeUp));
    // Dave belongs to the group and is not meant.
    assert_eq!(world.ends[D].discarded(BridgeDiscard::NotForMe), 1);
}

/// Nobody answers, withdraws or leaves in the name of others.
#[test]
fn group_messages_in_the_name_of_others_have_no_effect() {
    let mut world = four(&who_hangs_up());
    ring(&mut world, A, &["bob", "carol"], Some(group()));
    let invite = decode_envelope(&world.ends[A].posted[0].1).unwrap();
    world.reject(C, false);
    let reject = decode_envelope(&world.ends[C].posted.last().unwrap().1).unwrap();
    let mut cancel = invite.clone();
    cancel.action = calling_signaling::invite::ActionType::Cancel;
    for envelope in [&cancel, &reject] {
        let (group, bytes) = (Some(group()), envelope.encode().into_bytes());
        let message = Incoming { from: user("dave"), group, bytes, sent_at: world.wall };
        world.input(B, BridgeInput::Received { message, at: world.wall });
    }
    assert_eq!(world.ends[B].discarded(BridgeDiscard::Spoofed), 2);
    assert_eq!(heard(&world, B), ["invited"]);
}

/// The accept of a third is lost; that they are in the room says the same.
#[test]
fn whoever_enters_the_media_room_has_answered() {
    let mut world = four(&who_hangs_up());
    ring(&mut world, A, &["bob", "carol"], None);
    world.accept(B);
    world.run(seconds(1));
    world.network.impair(Impairment { loss: 1.0, ..Impairment::default() });
    world.accept(C);
    world.run(seconds(1));
    assert_eq!(talking(&world, B), ["alice", "bob"]);
    let (call_id, user) = (world.call_id(B), user("carol"));
    let change = MediaChange::Entered;
    world.input(
        B,
        BridgeInput::MemberMedia { call_id: call_id.clone(), user: user.clone(), change },
    );
    assert_eq!(talking(&world, B), ["alice", "bob", "carol"]);
    let change = MediaChange::Lost;
    world.input(B, BridgeInput::MemberMedia { call_id, user, change });
    world.run(seconds(6));
    assert_eq!(talking(&world, B), ["alice", "bob"]);
}

/// Dave heard of Alice only by Bob, who left before her answer came to Dave.
#[test]
fn whoever_enters_the_room_is_let_in_though_the_inviter_left() {
    let mut world = four(&who_hangs_up());
    ring(&mut world, A, &["bob", "carol", "dave"], Some(group()));
    for end in [B, D] {
        world.accept(end);
        world.run(seconds(1));
    }
    world.reject(C, false);
    world.run(seconds(1));
    invite(&mut world, B, &["carol"]).unwrap();
    world.run(seconds(1));
    world.network.impair(Impairment { loss: 1.0, ..Impairment::default() });
    world.accept(C);
    world.run(seconds(1));
    world.network.impair(Impairment::default());
    world.hangup(B);
    world.run(seconds(60));
    assert_eq!(talking(&world, D), ["alice", "dave"]);
    world.sees(D, "carol", MediaChange::Entered);
    assert_eq!(talking(&world, D), ["alice", "carol", "dave"]);
}

/// An accept that comes after the caller gave up is answered by another withdrawal.
#[test]
fn a_lost_withdrawal_is_told_again() {
    both(|group_id| {
        let mut world = four(&who_hangs_up());
        ring(&mut world, A, &["bob", "carol"], group_id);
        world.network.impair(Impairment { loss: 1.0, ..Impairment::default() });
        world.hangup(A);
        world.run(seconds(1));
        world.network.impair(Impairment::default());
        world.accept(B);
        world.run(seconds(1));
        assert!(!world.in_call()[B]);
        world.run(seconds(60));
        assert_eq!(world.in_call(), [false; 4]);
    });
}

#[test]
fn another_device_of_the_user_answers() {
    both(|group_id| {
        for accepts in [true, false] {
            let mut source = four(&who_hangs_up());
            ring(&mut source, A, &["bob", "carol"], group_id.clone());
            let invite = source.ends[A].posted[0].1.clone();
            if accepts {
                source.accept(B);
            } else {
                source.reject(B, false);
            }
            let answer = source.ends[B].posted[0].1.clone();
            let mut world = four(&who_hangs_up());
            for (from, text) in [("alice", invite), ("bob", answer)] {
                let (from, bytes, group) = (user(from), text.into_bytes(), group_id.clone());
                let message = Incoming { from, group, bytes, sent_at: world.wall };
                world.input(B, BridgeInput::Received { message, at: world.wall });
            }
            assert_eq!(heard(&world, B), ["invited", "handled_elsewhere"]);
            let end = &world.ends[B];
            assert!(end.records.is_empty() && end.posted.is_empty() && !world.in_call()[B]);
        }
    });
}

#[test]
fn lists_are_checked_as_the_server_checks_them() {
    let config = BridgeConfig { max_members: 3, ..who_hangs_up() };
    let mut world = four(&config);
    for (callees, code) in [
        (&[][..], Code::BadParameter),
        (&["alice", "bob"][..], Code::BadParameter),
        (&["bob", "bob"][..], Code::BadParameter),
        (&["bob", "carol", "dave"][..], Code::BadParameter),
    ] {
        assert_eq!(place(&mut world, A, callees, Some(group())).unwrap_err().code, code);
    }
    ring(&mut world, A, &["bob", "carol"], Some(group()));
    assert_eq!(invite(&mut world, A, &["dave"]).unwrap_err().code, Code::WrongState, "full");
    let again = place(&mut world, A, &["dave", "bob"], None).unwrap_err();
    assert_eq!(again.code, Code::WrongState);
    let switch = world.switch(A, MediaType::Audio);
    assert_eq!(world.ends[A].replies[&switch].as_ref().unwrap_err().code, Code::WrongState);
}

/// The program stops: what it rang is withdrawn, and a conversation goes on without it.
#[test]
fn who_stops_is_gone() {
    both(|group_id| {
        let mut world = four(&who_hangs_up());
        ring(&mut world, A, &["bob", "carol", "dave"], group_id);
        world.accept(B);
        world.accept(C);
        world.run(seconds(1));
        world.input(A, BridgeInput::Shutdown);
        world.run(seconds(1));
        assert_eq!(world.in_call(), [false, true, true, false]);
        assert_eq!(talking(&world, B), ["bob", "carol"]);
        assert_eq!(heard(&world, D).last().unwrap(), "cancelled");
    });
}

/// The invite to the group never left: nobody waits for those who cannot know.
#[test]
fn an_invite_that_cannot_be_sent_ends_the_call() {
    let mut world = four(&who_hangs_up());
    world.network.impair(Impairment { loss: 1.0, ..Impairment::default() });
    ring(&mut world, A, &["bob", "carol"], Some(group()));
    let call_id = world.call_id(A);
    world.input(A, BridgeInput::SendFailed { call_id });
    assert!(!world.in_call()[A]);
    assert_eq!(heard(&world, A), ["no_response", "no_response", "ended"]);
    assert_eq!(world.ends[A].records[0].outcome, Outcome::NoAnswer);
}
