//! Two endpoints call each other over a messaging service, without a server of ours.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use calling_bridge::{
    BridgeAction, BridgeConfig, BridgeDiscard, BridgeInput, EndMessage, Incoming,
};
use calling_impair::Impairment;
use calling_model::{MediaType, UnixMillis};
use calling_signaling::call::{Outcome, ParticipantOutcome, Role};
use calling_signaling::invite::{RoomRef, Signal};
use calling_signaling::protocol::{Code, Event, Reply};
use common::{World, user, who_hangs_up};

const A: usize = 0;
const B: usize = 1;
const AUDIO: MediaType = MediaType::Audio;
const VIDEO: MediaType = MediaType::Video;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Both in a call since a second.
fn talking(config: &BridgeConfig) -> World {
    let mut world = World::pair(config);
    world.call(A, "bob", VIDEO);
    world.run(seconds(1));
    world.accept(B);
    world.run(seconds(1));
    world
}

fn outcomes(world: &World) -> Vec<Vec<Outcome>> {
    let of = |end: &common::End| end.records.iter().map(|record| record.outcome).collect();
    world.ends.iter().map(of).collect()
}

#[test]
fn a_call_is_answered_talked_and_hung_up() {
    let mut world = World::pair(&who_hangs_up());
    let placed = world.call(A, "bob", VIDEO);
    assert_eq!((placed.role, placed.facts.timeout_s), (Role::Caller, 30));
    world.run(seconds(3));
    let Event::Invited { facts, remaining_ms, .. } = world.ends[B].events[0].clone() else {
        panic!("{:?}", world.ends[B].events);
    };
    // Each machine has an id of its own for the call; what travels is the same.
    assert_eq!(facts.invite_id, placed.facts.invite_id);
    assert_eq!(facts.room_id, placed.facts.room_id);
    assert_eq!((facts.caller, facts.callees), (user("alice"), vec![user("bob")]));
    assert_eq!((facts.media_type, facts.user_data.as_str()), (VIDEO, "order 7"));
    assert_eq!((facts.timeout_s, remaining_ms), (30, 30_000));

    let answered = world.accept(B);
    assert!(answered.connected && answered.role == Role::Callee);
    assert_eq!(answered.facts.room_id, placed.facts.room_id);
    world.run(seconds(65));
    for end in &world.ends {
        assert_eq!(end.connected.len(), 1);
        assert_eq!(end.connected[0].1, RoomRef::Number(placed.facts.room_id));
    }
    world.hangup(A);
    world.run(seconds(1));

    assert_eq!(world.ends[A].heard(), ["accepted", "ended"]);
    assert_eq!(world.ends[B].heard(), ["invited", "ended"]);
    assert_eq!(outcomes(&world), [[Outcome::Completed], [Outcome::Completed]]);
    for end in &world.ends {
        let record = &end.records[0];
        assert_eq!(record.ended_by, Some(user("alice")));
        assert_eq!(
            (record.duration_ms() / 1_000, end.left_media),
            (65 - u64::from(end.name == "alice"), 1)
        );
        assert_eq!((record.facts.room_id, end.all_discarded()), (placed.facts.room_id, 0));
    }
    let hangup = Signal::Hangup { seconds: 64 };
    assert_eq!(world.ends[A].signals(), [Signal::Invite { media_type: VIDEO }, hangup]);
    assert_eq!(world.ends[B].signals(), [Signal::Accept]);
    let end = &world.ends[A].sent[1].1;
    assert_ne!(end.invite_id, Some(placed.facts.invite_id), "an end has an id of its own");
    assert_eq!((end.timeout_s, end.invitees.as_slice()), (0, &[user("bob")][..]));
}

#[test]
fn who_remains_writes_the_end() {
    let mut world = talking(&BridgeConfig::default());
    world.run(seconds(9));
    world.hangup(A);
    world.run(seconds(1));
    // Bob's media room says so; nobody wrote anything.
    assert_eq!((world.in_call(), world.network.next_arrival()), (vec![false, true], None));
    let call_id = world.call_id(B);
    world.input(B, BridgeInput::PeerLeft { call_id });
    assert_eq!(world.ends[B].signals().last(), Some(&Signal::Hangup { seconds: 11 }));
    assert_eq!(world.ends[B].sent.last().unwrap().0, user("alice"));
    world.run(seconds(1));
    assert_eq!(world.in_call(), [false, false]);
    assert_eq!(outcomes(&world), [[Outcome::Completed], [Outcome::Completed]]);
    assert_eq!(world.ends[A].discarded(BridgeDiscard::Over), 1, "the end of what she left");
}

#[test]
fn with_who_hangs_up_the_one_who_remains_writes_nothing() {
    let mut world = talking(&who_hangs_up());
    let call_id = world.call_id(B);
    world.input(B, BridgeInput::PeerLeft { call_id });
    assert_eq!(world.ends[B].signals(), [Signal::Accept]);
    assert!(!world.in_call()[B]);
}

#[test]
fn a_call_is_declined() {
    for (busy, outcome, heard, signal) in [
        (false, Outcome::Rejected, "rejected", Signal::Reject),
        (true, Outcome::Busy, "line_busy", Signal::Busy),
    ] {
        let mut world = World::pair(&BridgeConfig::default());
        world.call(A, "bob", AUDIO);
        world.run(seconds(1));
        world.reject(B, busy);
        world.run(seconds(1));
        assert_eq!(world.ends[A].heard(), [heard, "ended"]);
        assert_eq!(world.ends[B].heard(), ["invited", "ended"]);
        assert_eq!(world.ends[B].signals(), [signal]);
        assert_eq!(outcomes(&world), [[outcome], [outcome]]);
    }
}

#[test]
fn a_third_caller_meets_a_busy_line() {
    let mut world =
        World::new(&["alice", "bob", "carol"], &who_hangs_up(), Impairment::default(), 2);
    world.call(A, "bob", AUDIO);
    world.run(seconds(1));
    for connected in [false, true] {
        if connected {
            world.accept(B);
            world.run(seconds(1));
        }
        world.call(2, "bob", AUDIO);
        world.run(seconds(1));
        assert_eq!(world.ends[2].heard().last().unwrap(), "ended");
        assert_eq!(world.ends[2].records.last().unwrap().outcome, Outcome::Busy);
    }
    assert_eq!(world.in_call(), [true, true, false]);
    let missed: Vec<_> = world.ends[B].records.iter().map(|record| record.outcome).collect();
    assert_eq!(missed, [Outcome::Busy, Outcome::Busy], "missed calls are kept");
    assert_eq!(world.ends[B].heard(), ["invited"], "and nothing is shown");
    assert_eq!(world.ends[B].signals(), [Signal::Busy, Signal::Accept, Signal::Busy]);
}

#[test]
fn a_call_is_withdrawn() {
    let mut world = World::pair(&BridgeConfig::default());
    world.call(A, "bob", AUDIO);
    world.run(seconds(1));
    world.hangup(A);
    world.run(seconds(1));
    assert_eq!(world.ends[A].heard(), ["ended"]);
    assert_eq!(world.ends[B].heard(), ["invited", "cancelled"]);
    assert_eq!(outcomes(&world), [[Outcome::Cancelled], [Outcome::Cancelled]]);
}

#[test]
fn nobody_answers() {
    let mut world = World::pair(&BridgeConfig::default());
    world.call(A, "bob", AUDIO);
    world.run(Duration::from_millis(30_100));
    // The callee gives up first and says so; the caller need not wait for its own deadline.
    assert_eq!(world.ends[B].signals(), [Signal::Timeout]);
    assert_eq!(world.ends[A].heard(), ["no_response", "ended"]);
    assert_eq!(world.ends[B].heard(), ["invited", "timed_out"]);
    assert_eq!(outcomes(&world), [[Outcome::NoAnswer], [Outcome::NoAnswer]]);
    for end in &world.ends {
        assert_eq!(end.records[0].participants[1].outcome, ParticipantOutcome::NoAnswer);
        assert_eq!(end.records[0].ended_by, None);
    }
}

#[test]
fn nobody_is_there() {
    let mut world = World::pair(&BridgeConfig::default());
    let nobody = Impairment { loss: 1.0, ..Impairment::default() };
    world.network.impair(nobody);
    world.call(A, "bob", AUDIO);
    world.run(seconds(34));
    assert!(world.in_call()[A], "an answer of the last moment may still come");
    world.run(seconds(2));
    assert_eq!(world.ends[A].signals().last(), Some(&Signal::Timeout));
    assert_eq!(world.ends[A].heard(), ["no_response", "ended"]);
}

#[test]
fn an_answer_in_the_last_moment_counts() {
    let mut world = World::pair(&BridgeConfig::default());
    world.call(A, "bob", AUDIO);
    world.run(Duration::from_millis(30_010));
    world.accept(B);
    world.run(seconds(10));
    assert_eq!(world.in_call(), [true, true]);
}

#[test]
fn calls_that_cross_connect() {
    // Both at once: each hears of the other's call after it placed its own.
    for (first, media) in [(A, [AUDIO, VIDEO]), (B, [VIDEO, AUDIO])] {
        let mut world = World::pair(&who_hangs_up());
        let calls = if first == A { [A, B] } else { [B, A] };
        for end in calls {
            let callee = world.ends[1 - end].name;
            world.call(end, callee, media[end]);
        }
        world.run(seconds(1));
        assert_eq!(world.in_call(), [true, true]);
        let (of_alice, of_bob) = (&world.ends[A].connected[0], &world.ends[B].connected[0]);
        assert_eq!(of_alice.1, of_bob.1, "one room");
        assert_eq!(of_alice.0.caller, of_bob.0.caller);
        assert_eq!(of_alice.0.media_type, of_bob.0.media_type);
        for end in &world.ends {
            assert_eq!(end.heard(), ["accepted"]);
            assert_eq!(end.connected.len(), 1);
        }
        world.run(seconds(4));
        world.hangup(B);
        world.run(seconds(1));
        assert_eq!(outcomes(&world), [[Outcome::Completed], [Outcome::Completed]]);
        let (of_alice, of_bob) = (&world.ends[A].records[0], &world.ends[B].records[0]);
        assert_eq!(of_alice.facts.caller, of_bob.facts.caller);
        assert_eq!(of_alice.participants[0].user, of_alice.facts.caller);
        assert_eq!(of_bob.participants[0].user, of_bob.facts.caller);
        assert_eq!(of_bob.participants[0].outcome, ParticipantOutcome::Called);
    }
}

#[test]
fn calling_back_what_rings_answers_it() {
    let mut world = World::pair(&who_hangs_up());
    let placed = world.call(A, "bob", AUDIO);
    world.run(seconds(1));
    let back = world.call(B, "alice", VIDEO);
    assert!(back.connected && back.role == Role::Callee);
    assert_eq!(back.facts.invite_id, placed.facts.invite_id);
    world.run(seconds(1));
    assert_eq!(world.in_call(), [true, true]);
    assert_eq!(world.ends[B].signals(), [Signal::Accept]);
}

/// Of two crossing calls one invite is lost, or comes after the answer to the other.
#[test]
fn calls_that_cross_meet_in_one_room_whatever_is_late() {
    for lost in [A, B] {
        for later in [None, Some(3)] {
            let mut world = World::pair(&who_hangs_up());
            world.network.impair(Impairment { loss: 1.0, ..Impairment::default() });
            let callee = world.ends[1 - lost].name;
            world.call(lost, callee, AUDIO);
            let late = world.ends[lost].sent[0].1.encode();
            let late_at = world.wall;
            world
                .network
                .impair(Impairment { delay: Duration::from_millis(20), ..Impairment::default() });
            world.run(Duration::from_millis(1));
            let callee = world.ends[lost].name;
            world.call(1 - lost, callee, VIDEO);
            world.run(seconds(1));
            if let Some(after) = later {
                world.run(seconds(after));
                let message = Incoming {
                    from: user(world.ends[lost].name),
                    group: None,
                    bytes: late.into_bytes(),
                    sent_at: late_at,
                };
                world.input(1 - lost, BridgeInput::Received { message, at: world.wall });
                world.run(seconds(1));
            }
            assert_eq!(world.in_call(), [true, true]);
            assert_eq!(world.ends[A].connected[0].1, world.ends[B].connected[0].1);
            assert_eq!(
                world.ends[1 - lost].discarded(BridgeDiscard::Stale),
                u64::from(later.is_some())
            );
        }
    }
}

#[test]
fn the_other_device_stops_the_ringing() {
    for (action, accepted) in [("accept", true), ("reject", false)] {
        let mut world = World::pair(&BridgeConfig::default());
        world.call(A, "bob", AUDIO);
        world.run(seconds(1));
        // Bob's other device, running by itself.
        let mut other = World::pair(&BridgeConfig::default());
        let invite = world.ends[A].sent[0].1.encode();
        other.receive(B, "alice", &invite, seconds(1));
        if action == "accept" {
            other.accept(B);
        } else {
            other.reject(B, false);
        }
        let answer = other.ends[B].sent[0].1.encode();
        world.receive(B, "bob", &answer, Duration::ZERO);
        let Some(Event::HandledElsewhere { accepted: told, .. }) = world.ends[B].events.last()
        else {
            panic!("{:?}", world.ends[B].events);
        };
        assert_eq!(*told, accepted);
        assert!(!world.in_call()[B] && world.ends[B].sent.is_empty());
        assert!(world.ends[B].records.is_empty() && world.ends[B].connected.is_empty());
        assert_eq!(world.ends[B].left_media, 1);
        // Heard twice, it is history.
        world.receive(B, "bob", &answer, Duration::ZERO);
        assert_eq!(world.ends[B].discarded(BridgeDiscard::OwnMessage), 1);
        // Bob can be called again.
        world.run(seconds(1));
        world.hangup(A);
        world.run(seconds(1));
        world.call(A, "bob", AUDIO);
        world.run(seconds(1));
        assert_eq!(world.in_call(), [true, true]);
    }
}

#[test]
fn own_messages_that_come_back_mean_nothing() {
    let mut world = talking(&who_hangs_up());
    let texts: Vec<_> = [A, B]
        .iter()
        .flat_map(|end| world.ends[*end].sent.iter().map(|(_, e)| (*end, e.encode())))
        .collect();
    for (end, text) in texts {
        let name = world.ends[end].name;
        world.receive(end, name, &text, Duration::ZERO);
    }
    assert_eq!(world.in_call(), [true, true]);
    assert_eq!(world.ends[A].discarded(BridgeDiscard::OwnMessage), 1);
    assert_eq!(world.ends[B].discarded(BridgeDiscard::OwnMessage), 1);
}

#[test]
fn old_invites_do_not_ring() {
    let mut source = World::pair(&BridgeConfig::default());
    source.call(A, "bob", AUDIO);
    let invite = &source.ends[A].sent[0].1;
    let mut forever = invite.clone();
    forever.timeout_s = 0;
    for (envelope, age, rings) in [
        (invite, 29, Some(1)),
        (invite, 30, None),
        (invite, 24 * 3_600, None),
        (&forever, 59, Some(120)),
        (&forever, 61, None),
    ] {
        let mut world = World::pair(&BridgeConfig::default());
        world.receive(B, "alice", &envelope.encode(), seconds(age));
        assert_eq!(world.in_call()[B], rings.is_some(), "{age} s");
        assert_eq!(world.ends[B].discarded(BridgeDiscard::TooOld), u64::from(rings.is_none()));
        if let Some(rings) = rings {
            world.run(seconds(rings) - Duration::from_millis(1));
            assert!(world.in_call()[B]);
            world.run(seconds(1));
            assert_eq!(world.ends[B].heard(), ["invited", "timed_out"], "{age} s");
        }
    }
}

/// The service's clock is ahead: an invite from the future is a new one.
#[test]
fn an_invite_from_the_future_is_new() {
    let mut source = World::pair(&BridgeConfig::default());
    source.call(A, "bob", AUDIO);
    let mut world = World::pair(&BridgeConfig::default());
    let message = Incoming {
        from: user("alice"),
        group: None,
        bytes: source.ends[A].sent[0].1.encode().into_bytes(),
        sent_at: UnixMillis(world.wall.0 + 86_400_000),
    };
    world.input(B, BridgeInput::Received { message, at: world.wall });
    assert!(world.in_call()[B]);
    world.run(seconds(31));
    assert!(!world.in_call()[B]);
}

#[test]
fn withdrawn_before_it_came() {
    let mut source = World::pair(&BridgeConfig::default());
    source.call(A, "bob", AUDIO);
    source.hangup(A);
    let texts: Vec<_> = source.ends[A].sent.iter().map(|(_, e)| e.encode()).collect();
    let mut world = World::pair(&BridgeConfig::default());
    world.receive(B, "alice", &texts[1], Duration::ZERO);
    world.receive(B, "alice", &texts[0], Duration::ZERO);
    assert!(!world.in_call()[B]);
    assert_eq!(world.ends[B].discarded(BridgeDiscard::Unknown), 1);
    assert_eq!(world.ends[B].discarded(BridgeDiscard::Over), 1);
    // Somebody else's word about it counts for nothing.
    let mut world = World::pair(&BridgeConfig::default());
    world.receive(B, "mallory", &texts[1], Duration::ZERO);
    world.receive(B, "alice", &texts[0], Duration::ZERO);
    assert!(world.in_call()[B]);
}

#[test]
fn everything_twice_is_once() {
    let mut world = World::pair(&who_hangs_up());
    world.network.impair(Impairment {
        delay: Duration::from_millis(20),
        duplicate: 1.0,
        ..Impairment::default()
    });
    world.call(A, "bob", AUDIO);
    world.run(seconds(1));
    world.accept(B);
    world.run(seconds(2));
    world.hangup(A);
    world.run(seconds(1));
    assert_eq!(world.ends[A].heard(), ["accepted", "ended"]);
    assert_eq!(world.ends[B].heard(), ["invited", "ended"]);
    assert_eq!(outcomes(&world), [[Outcome::Completed], [Outcome::Completed]]);
    assert_eq!(world.ends[B].discarded(BridgeDiscard::Duplicate), 1);
    assert_eq!(world.ends[A].discarded(BridgeDiscard::AlreadyAnswered), 1);
    assert_eq!(world.ends[B].discarded(BridgeDiscard::Over), 1);
}

#[test]
fn nobody_speaks_for_another() {
    let mut world = World::pair(&who_hangs_up());
    world.call(A, "bob", AUDIO);
    world.run(seconds(1));
    let ringing = [world.ends[A].sent[0].1.clone()];
    // Mallory repeats Alice's invite, and withdraws, ends, answers in others' names.
    let mut source = World::pair(&who_hangs_up());
    source.receive(B, "alice", &ringing[0].encode(), Duration::ZERO);
    source.accept(B);
    source.hangup(B);
    let of_bob: Vec<_> = source.ends[B].sent.iter().map(|(_, e)| e.encode()).collect();
    let mut cancel = ringing[0].clone();
    cancel.action = calling_signaling::invite::ActionType::Cancel;
    let before = world.ends[B].events.len();
    world.receive(B, "mallory", &ringing[0].encode(), Duration::ZERO);
    world.receive(B, "mallory", &cancel.encode(), Duration::ZERO);
    for text in &of_bob {
        world.receive(A, "mallory", text, Duration::ZERO);
    }
    assert_eq!(world.ends[B].discarded(BridgeDiscard::Spoofed), 2);
    assert_eq!(world.ends[A].discarded(BridgeDiscard::Spoofed), 2);
    // In her own name, about Alice's call.
    let mut own_name = cancel.clone();
    own_name.inviter = Some(user("mallory"));
    world.receive(B, "mallory", &own_name.encode(), Duration::ZERO);
    assert_eq!(world.ends[B].discarded(BridgeDiscard::Spoofed), 3);
    // Bob cannot withdraw what Alice placed, nor answer it to himself.
    own_name.inviter = Some(user("bob"));
    world.receive(A, "bob", &own_name.encode(), Duration::ZERO);
    assert_eq!(world.ends[A].discarded(BridgeDiscard::Spoofed), 3);
    assert_eq!((world.ends[B].events.len(), world.in_call()), (before, vec![true, true]));
}

#[test]
fn an_invite_to_somebody_else_or_of_a_group_it_was_not_sent_to_does_not_ring() {
    let mut source = World::pair(&BridgeConfig::default());
    source.call(A, "bob", AUDIO);
    let invite = source.ends[A].sent[0].1.clone();
    let mut world = World::pair(&BridgeConfig::default());
    let mut other = invite.clone();
    other.invitees = vec![user("carol")];
    world.receive(B, "alice", &other.encode(), Duration::ZERO);
    // What says that it is of a group was not sent there.
    let mut group = invite.clone();
    group.group_id = Some("G".parse().unwrap());
    world.receive(B, "alice", &group.encode(), Duration::ZERO);
    let mut nameless = invite;
    nameless.invite_id = None;
    world.receive(B, "alice", &nameless.encode(), Duration::ZERO);
    for (discard, text) in [
        (BridgeDiscard::WakeUp, r#"{"version":4,"businessID":"av_call"}"#),
        (
            BridgeDiscard::Relayed,
            r#"{"version":4,"businessID":"av_call","call_action":7,"user":"B","data":{"cmd":"sync_info"}}"#,
        ),
    ] {
        world.receive(B, "alice", text, Duration::ZERO);
        assert_eq!(world.ends[B].discarded(discard), 1);
    }
    let binary =
        Incoming { from: user("alice"), group: None, bytes: vec![0xff], sent_at: world.wall };
    world.input(B, BridgeInput::Received { message: binary, at: world.wall });
    for discard in [
        BridgeDiscard::NotForMe,
        BridgeDiscard::Spoofed,
        BridgeDiscard::NoInviteId,
        BridgeDiscard::NotText,
    ] {
        assert_eq!(world.ends[B].discarded(discard), 1, "{discard}");
    }
    assert_eq!((world.ends[B].all_discarded(), world.in_call()[B]), (6, false));
}

/// The end of the first call is lost; the second call ends it.
#[test]
fn calling_anew_ends_what_was() {
    for connected in [false, true] {
        let mut world = World::pair(&who_hangs_up());
        world.call(A, "bob", AUDIO);
        world.run(seconds(1));
        if connected {
            world.accept(B);
            world.run(seconds(1));
        }
        world.network.impair(Impairment { loss: 1.0, ..Impairment::default() });
        world.hangup(A);
        world.run(seconds(1));
        world.network.impair(Impairment::default());
        let again = world.call(A, "bob", VIDEO);
        world.run(seconds(1));
        let ringing = world.ends[B].bridge.call().unwrap();
        assert_eq!(ringing.facts.invite_id, again.facts.invite_id);
        assert!(!ringing.connected);
        assert_eq!(world.ends[B].records.len(), 1);
        assert_eq!(world.ends[B].heard().last().unwrap(), "invited");
    }
}

/// The end of an earlier call comes after the next call began. It is told by when it was sent, as
/// browsers name no room, and by its room, as some services tell the time in whole seconds.
#[test]
fn a_late_end_leaves_the_next_call_alone() {
    let mut world = talking(&who_hangs_up());
    world.network.impair(Impairment { loss: 1.0, ..Impairment::default() });
    world.hangup(A);
    let (late, late_at) = (world.ends[A].sent.last().unwrap().1.clone(), world.wall);
    world.network.impair(Impairment::default());
    world.run(seconds(1));
    world.call(A, "bob", AUDIO);
    world.run(seconds(1));
    world.accept(B);
    world.run(seconds(1));
    let mut roomless = late.clone();
    roomless.payload.data.as_mut().unwrap().room_id = None;
    for (envelope, sent_at) in [(late, world.wall), (roomless, late_at)] {
        let bytes = envelope.encode().into_bytes();
        let message = Incoming { from: user("alice"), group: None, bytes, sent_at };
        world.input(B, BridgeInput::Received { message, at: world.wall });
    }
    assert_eq!(world.in_call(), [true, true]);
    assert_eq!(world.ends[B].discarded(BridgeDiscard::Stale), 2);
}

/// Withdrawn here, accepted there, and the withdrawal lost: it is said again, once.
#[test]
fn an_accept_of_what_was_withdrawn_is_told_so() {
    let mut world = World::pair(&who_hangs_up());
    world.call(A, "bob", AUDIO);
    world.run(seconds(1));
    world.network.impair(Impairment { loss: 1.0, ..Impairment::default() });
    world.hangup(A);
    world.network.impair(Impairment { duplicate: 1.0, ..Impairment::default() });
    world.accept(B);
    assert!(world.in_call()[B]);
    world.run(seconds(1));
    assert_eq!(world.in_call(), [false, false]);
    let cancels = world.ends[A].signals().iter().filter(|s| **s == Signal::Cancel).count();
    assert_eq!(cancels, 2, "the lost one, and one for the accept that came twice");
}

#[test]
fn accept_and_withdrawal_cross() {
    let mut world = World::pair(&who_hangs_up());
    world.call(A, "bob", AUDIO);
    world.run(seconds(1));
    world.accept(B);
    world.hangup(A);
    world.run(seconds(1));
    assert_eq!(world.in_call(), [false, false]);
    assert_eq!(world.ends[A].records.len() + world.ends[B].records.len(), 2);
}

#[test]
fn media_lost_for_good_ends_the_call() {
    for config in [BridgeConfig::default(), who_hangs_up()] {
        let mut world = talking(&config);
        let call_id = world.call_id(B);
        world.input(B, BridgeInput::PeerLost { call_id: call_id.clone() });
        world.run(seconds(4));
        world.input(B, BridgeInput::PeerBack { call_id: call_id.clone() });
        world.run(seconds(10));
        assert_eq!(world.in_call(), [true, true]);
        world.input(B, BridgeInput::PeerLost { call_id });
        world.run(seconds(6));
        assert_eq!(world.in_call(), [false, false]);
        assert_eq!(world.ends[B].records[0].outcome, Outcome::PeerLost);
        assert!(matches!(world.ends[B].signals()[..], [Signal::Accept, Signal::Hangup { .. }]));
    }
}

#[test]
fn nobody_talks_for_ever() {
    let mut world = talking(&BridgeConfig::default());
    world.network.impair(Impairment { loss: 1.0, ..Impairment::default() });
    world.run(seconds(24 * 3_600));
    assert_eq!(world.in_call(), [false, false]);
    assert_eq!(outcomes(&world), [[Outcome::Interrupted], [Outcome::Interrupted]]);
}

#[test]
fn what_cannot_be_sent_ends_the_call() {
    let mut world = World::pair(&who_hangs_up());
    let call = world.call(A, "bob", AUDIO);
    world.input(A, BridgeInput::SendFailed { call_id: call.facts.call_id });
    assert_eq!(world.ends[A].heard(), ["no_response", "ended"]);
    assert_eq!(outcomes(&world)[A], [Outcome::Offline]);

    let mut world = World::pair(&who_hangs_up());
    world.call(A, "bob", AUDIO);
    world.run(seconds(1));
    let call = world.accept(B);
    world.input(B, BridgeInput::SendFailed { call_id: call.facts.call_id });
    assert_eq!(
        (outcomes(&world)[B].as_slice(), world.in_call()[B]),
        (&[Outcome::PeerLost][..], false)
    );
}

#[test]
fn a_program_that_stops_tells_the_other() {
    for ringing in [true, false] {
        let mut world = World::pair(&who_hangs_up());
        world.call(A, "bob", AUDIO);
        world.run(seconds(1));
        if !ringing {
            world.accept(B);
            world.run(seconds(1));
        }
        world.input(A, BridgeInput::Shutdown);
        world.run(seconds(1));
        assert_eq!(world.in_call(), [false, false]);
    }
    // Who merely rings says nothing: another device may answer.
    let mut world = World::pair(&who_hangs_up());
    world.call(A, "bob", AUDIO);
    world.run(seconds(1));
    world.input(B, BridgeInput::Shutdown);
    assert!(world.ends[B].sent.is_empty());
}

#[test]
fn pictures_come_and_go_by_agreement() {
    let mut world = talking(&who_hangs_up());
    for (media_type, asker) in [(AUDIO, A), (VIDEO, B)] {
        let call_id = world.call_id(asker);
        let request = world.request(asker, BridgeAction::SwitchMediaType { call_id, media_type });
        assert!(!world.ends[asker].replies.contains_key(&request), "the other side has a say");
        world.run(seconds(1));
        assert_eq!(world.ends[asker].replies[&request], Ok(Reply::Done {}));
        for end in &world.ends {
            let by = user(world.ends[asker].name);
            let Some(Event::MediaTypeChanged { by: told, media_type: to, .. }) = end.events.last()
            else {
                panic!("{:?}", end.events);
            };
            assert_eq!((told, *to), (&by, media_type));
            assert_eq!(end.bridge.call().unwrap().facts.media_type, media_type);
        }
    }
    let call_id = world.call_id(A);
    let again = BridgeAction::SwitchMediaType { call_id: call_id.clone(), media_type: VIDEO };
    assert_eq!(world.ask(A, again).unwrap_err().code, Code::Repeated);
    world.request(A, BridgeAction::SwitchMediaType { call_id, media_type: AUDIO });
    world.run(seconds(1));
    world.hangup(A);
    world.run(seconds(1));
    for end in &world.ends {
        assert_eq!(end.records[0].switched_to, Some(AUDIO));
        assert_eq!((end.records[0].facts.media_type, end.all_discarded()), (VIDEO, 0));
    }
}

#[test]
fn a_wish_that_nobody_answers_changes_nothing() {
    let mut world = talking(&who_hangs_up());
    world.network.impair(Impairment { loss: 1.0, ..Impairment::default() });
    let call_id = world.call_id(A);
    let wish = BridgeAction::SwitchMediaType { call_id, media_type: AUDIO };
    let first = world.request(A, wish.clone());
    world.run(seconds(31));
    assert_eq!(world.ends[A].replies[&first].clone().unwrap_err().code, Code::WrongState);
    // One that the end of the call overtakes is answered too.
    let second = world.request(A, wish);
    world.hangup(A);
    assert_eq!(world.ends[A].replies[&second].clone().unwrap_err().code, Code::WrongState);
    assert_eq!(world.ends[A].records[0].switched_to, None);
}

#[test]
fn misuse_is_told_what_to_do() {
    let mut world = talking(&who_hangs_up());
    let call = |callee: &str, user_data: String| BridgeAction::Call {
        callee: user(callee),
        media_type: AUDIO,
        timeout_s: None,
        user_data,
    };
    let nothing = String::new;
    for (action, code) in [
        (call("alice", nothing()), Code::BadParameter),
        (call("carol", "x".repeat(4_097)), Code::BadParameter),
        (call("carol", nothing()), Code::WrongState),
        (call("bob", nothing()), Code::Repeated),
        (BridgeAction::Accept { call_id: "none".parse().unwrap() }, Code::InviteNotFound),
        (BridgeAction::Accept { call_id: world.call_id(A) }, Code::WrongState),
    ] {
        assert_eq!(world.ask(A, action).unwrap_err().code, code);
    }
    assert_eq!((world.in_call(), world.ends[A].sent.len()), (vec![true, true], 1));
}

#[test]
fn a_peer_that_calls_without_end_is_slowed_down() {
    let mut world = World::pair(&BridgeConfig::default());
    let mut source = World::pair(&BridgeConfig::default());
    for _ in 0..30 {
        source.run(seconds(1));
        source.call(A, "bob", AUDIO);
        let (_, invite) = source.ends[A].sent.last().unwrap();
        world.wall.0 += 1;
        world.receive(B, "alice", &invite.encode(), Duration::ZERO);
        source.hangup(A);
    }
    assert_eq!(world.ends[B].discarded(BridgeDiscard::Refused), 20);
}

#[test]
fn invites_carry_their_push() {
    let mut world = World::pair(&BridgeConfig::default());
    let call = world.call(A, "bob", VIDEO);
    // Taken again from a fresh endpoint, since the world keeps envelopes only.
    let mut bridge = calling_bridge::BridgeEndpoint::new(
        BridgeConfig::default(),
        user("alice"),
        calling_testkit::seed(16),
    );
    let action = BridgeAction::Call {
        callee: user("bob"),
        media_type: VIDEO,
        timeout_s: Some(20),
        user_data: "order 7".to_owned(),
    };
    let request = calling_signaling::calls::RequestToken(1);
    let input = BridgeInput::Request { request, action, at: world.wall };
    calling_model::Machine::handle_input(&mut bridge, world.now, input).unwrap();
    let outputs = calling_testkit::drain(&mut bridge).outputs;
    let options = outputs.into_iter().find_map(|output| match output {
        calling_bridge::BridgeOutput::Send { options, on_failure, .. } => {
            assert!(on_failure.is_some());
            Some(options)
        }
        calling_bridge::BridgeOutput::Reply { .. }
        | calling_bridge::BridgeOutput::Event(_)
        | calling_bridge::BridgeOutput::Connected { .. }
        | calling_bridge::BridgeOutput::LeaveMedia { .. }
        | calling_bridge::BridgeOutput::GroupCall { .. }
        | calling_bridge::BridgeOutput::Ended(_) => None,
    });
    let push = options.unwrap().push.unwrap();
    let ext = calling_signaling::invite::PushExt::decode(&push.ext).unwrap();
    assert_eq!((ext.sender, ext.timeout_s, ext.media_type), (user("alice"), 20, VIDEO));
    assert_eq!(
        (ext.invite_id, ext.room_id),
        (Some(call.facts.invite_id), Some(call.facts.room_id))
    );
    assert_eq!(
        (ext.user_data.as_str(), push.description.as_str()),
        ("order 7", "You have a new call")
    );
    assert_eq!(EndMessage::default(), EndMessage::WhoRemains);
}

/// Alice calls, withdraws and calls again; Bob's own call crosses both of hers, and what she sent
/// reaches him late. Neither may be left alone in the call the other has left.
#[test]
fn a_call_that_crosses_one_withdrawn_and_one_new_leaves_nobody_alone() {
    let mut world = World::pair(&who_hangs_up());
    // Everything is delivered by hand.
    world.network.impair(Impairment { loss: 1.0, ..Impairment::default() });
    let step = Duration::from_millis(10);
    world.call(A, "bob", AUDIO);
    world.run(step);
    world.call(B, "alice", AUDIO);
    world.run(step);
    world.hangup(A);
    world.run(step);
    world.call(A, "bob", AUDIO);
    world.run(step);
    let text = |world: &World, end: usize, index: usize| world.ends[end].sent[index].1.encode();
    // Bob's call meets her second one: she is connected.
    let of_bob = text(&world, B, 0);
    world.receive(A, "bob", &of_bob, step * 3);
    assert!(world.ends[A].bridge.call().unwrap().connected);
    // Her first one meets his: he is connected, and then it is withdrawn.
    for index in [0, 1] {
        let of_alice = text(&world, A, index);
        world.receive(B, "alice", &of_alice, step * (4 - 2 * u32::try_from(index).unwrap()));
    }
    assert!(!world.in_call()[B]);
    // Her second one comes, and rings.
    let second = text(&world, A, 2);
    world.receive(B, "alice", &second, step);
    assert_eq!(world.in_call(), [true, true]);
    // What he said when his was over ends hers, and what she says then ends the ringing.
    assert_eq!(world.ends[B].signals().last(), Some(&Signal::Cancel));
    let withdrawn = text(&world, B, world.ends[B].sent.len() - 1);
    world.receive(A, "bob", &withdrawn, Duration::ZERO);
    assert!(!world.in_call()[A]);
    assert_eq!(world.ends[A].signals().last(), Some(&Signal::Cancel));
    let withdrawn = text(&world, A, world.ends[A].sent.len() - 1);
    world.receive(B, "alice", &withdrawn, Duration::ZERO);
    assert_eq!(world.in_call(), [false, false]);
}

/// Calls cross, and one side's invite reaches the other only when all is over.
#[test]
fn an_invite_that_crossed_does_not_ring_after_the_call() {
    let mut world = World::pair(&who_hangs_up());
    world.network.impair(Impairment { loss: 1.0, ..Impairment::default() });
    world.call(A, "bob", AUDIO);
    let (late, late_at) = (world.ends[A].sent[0].1.encode(), world.wall);
    world.run(Duration::from_millis(10));
    world.network.impair(Impairment::default());
    world.call(B, "alice", AUDIO);
    world.run(seconds(2));
    assert_eq!(world.in_call(), [true, true]);
    world.hangup(B);
    world.run(seconds(1));
    let bytes = late.into_bytes();
    let message = Incoming { from: user("alice"), group: None, bytes, sent_at: late_at };
    world.input(B, BridgeInput::Received { message, at: world.wall });
    assert_eq!(world.in_call(), [false, false]);
    assert_eq!(world.ends[B].heard(), ["accepted", "ended"]);
}

/// The same, while the next call still rings there: who has not answered has nothing to hang up.
#[test]
fn a_late_end_leaves_a_ringing_call_alone() {
    let mut world = talking(&who_hangs_up());
    world.hangup(B);
    let mut late = world.ends[B].sent.last().unwrap().1.clone();
    late.payload.data.as_mut().unwrap().room_id = None;
    world.run(seconds(1));
    world.call(A, "bob", AUDIO);
    world.receive(A, "bob", &late.encode(), seconds(1));
    assert!(world.in_call()[A]);
    assert_eq!(world.ends[A].discarded(BridgeDiscard::Stale), 1);
}
