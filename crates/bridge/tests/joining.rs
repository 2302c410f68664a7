//! Entering the running call of a chat group unasked.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use calling_bridge::{BridgeAction, BridgeDiscard};
use calling_impair::Impairment;
use calling_model::MediaType;
use calling_signaling::call::{Outcome, ParticipantOutcome};
use calling_signaling::invite::{GroupCallAttribute, Signal, decode_envelope};
use calling_signaling::protocol::{Code, ProtocolError, Reply};
use common::party::{A, B, C, D, four, group, heard, invite, place, ring, seconds, talking};
use common::{World, user, who_hangs_up};

/// Alice, Bob and the group; Bob has answered.
fn running(callees: &[&str]) -> World {
    let mut world = four(&who_hangs_up());
    ring(&mut world, A, callees, Some(group()));
    world.accept(B);
    world.run(seconds(1));
    world
}

/// What the group shows of its call, as text and back.
fn shown(world: &World) -> Option<GroupCallAttribute> {
    let call = world.attributes.get(&group())?.as_ref()?;
    Some(GroupCallAttribute::decode(&call.encode()).unwrap())
}

fn join(world: &mut World, end: usize) -> Result<Reply, ProtocolError> {
    let call = shown(world).unwrap();
    let reply = world.ask(end, BridgeAction::Join { call });
    world.run(seconds(1));
    reply
}

#[test]
fn a_member_of_the_group_joins_the_call_it_sees() {
    let mut world = running(&["bob"]);
    let call = shown(&world).unwrap();
    assert!(call.is_joinable());
    assert_eq!(
        (call.users.clone(), call.media_type),
        (vec![user("alice"), user("bob")], MediaType::Video)
    );
    let Ok(Reply::Call(joined)) = join(&mut world, D) else { panic!("not in it") };
    assert!(joined.connected);
    assert_eq!(joined.facts.room_id, world.ends[A].bridge.call().unwrap().facts.room_id);
    for end in [A, B, D] {
        assert_eq!(talking(&world, end), ["alice", "bob", "dave"], "{end}");
    }
    assert_eq!(heard(&world, A).last().unwrap(), "joined");
    assert_eq!(heard(&world, B).last().unwrap(), "joined");
    assert!(heard(&world, D).is_empty(), "nothing rang: {:?}", heard(&world, D));
    assert_eq!(world.ends[D].connected.len(), 1);
    // They stay when those leave who were there before.
    world.hangup(A);
    world.run(seconds(1));
    assert_eq!(talking(&world, D), ["bob", "dave"]);
    assert_eq!(shown(&world).unwrap().users.len(), 2);
    world.hangup(B);
    world.run(seconds(1));
    assert_eq!(world.in_call(), [false; 4]);
    assert_eq!(shown(&world), None);
    let record = &world.ends[D].records[0];
    assert_eq!(record.outcome, Outcome::Completed);
    let part =
        |name: &str| record.participants.iter().find(|part| part.user == user(name)).unwrap();
    assert_eq!(part("dave").outcome, ParticipantOutcome::Joined);
    assert_eq!(record.participants[0].user, user("alice"));
    for end in [A, B, D] {
        assert_eq!(world.ends[end].records.len(), 1);
    }
}

/// What tells of it is an answer to an invite that older programs know nothing of.
#[test]
fn older_programs_see_an_answer_to_an_unknown_invite() {
    let mut world = running(&["bob"]);
    let before = world.ends[D].posted.len();
    join(&mut world, D).unwrap();
    assert_eq!(world.ends[D].posted.len(), before + 1);
    let envelope = decode_envelope(&world.ends[D].posted[before].1).unwrap();
    assert_eq!(envelope.signal(), Ok(Signal::Accept));
    let placed = decode_envelope(&world.ends[A].posted[0].1).unwrap();
    assert_ne!(envelope.invite_id, placed.invite_id);
    assert_eq!((envelope.inviter, envelope.invitees), (Some(user("alice")), vec![user("dave")]));
    let running = envelope.payload.mid_call().unwrap();
    assert_eq!(running.in_call, [user("alice"), user("bob")]);
}

#[test]
fn who_is_rung_by_the_call_answers_it_by_joining() {
    let mut world = running(&["bob", "carol"]);
    join(&mut world, C).unwrap();
    assert_eq!(talking(&world, B), ["alice", "bob", "carol"]);
    assert_eq!(heard(&world, B).last().unwrap(), "accepted");
    assert_eq!(world.ends[C].records.len(), 0);
}

#[test]
fn who_left_or_declined_comes_back() {
    let mut world = running(&["bob", "carol"]);
    world.reject(C, false);
    world.run(seconds(1));
    join(&mut world, C).unwrap();
    assert_eq!(talking(&world, A), ["alice", "bob", "carol"]);
    world.hangup(B);
    world.run(seconds(1));
    join(&mut world, B).unwrap();
    for end in [A, B, C] {
        assert_eq!(talking(&world, end), ["alice", "bob", "carol"], "{end}");
    }
    assert_eq!(world.ends[B].records.len(), 1, "that of the first time");
}

/// Another call rings: it is declined as busy for the one that is entered.
#[test]
fn what_rings_makes_way() {
    let mut world = running(&["bob"]);
    world.call(C, "dave", MediaType::Audio);
    world.run(seconds(1));
    join(&mut world, D).unwrap();
    assert_eq!(heard(&world, C), ["line_busy", "ended"]);
    assert_eq!(talking(&world, A), ["alice", "bob", "dave"]);
}

#[test]
fn not_from_another_call_nor_an_empty_one_nor_one_of_no_group() {
    let mut world = running(&["bob"]);
    let call = shown(&world).unwrap();
    let code = |world: &mut World, end, call: &GroupCallAttribute| {
        world.ask(end, BridgeAction::Join { call: call.clone() }).unwrap_err().code
    };
    assert_eq!(code(&mut world, A, &call), Code::WrongState);
    world.call(C, "dave", MediaType::Audio);
    assert_eq!(code(&mut world, C, &call), Code::WrongState);
    let none = GroupCallAttribute { users: vec![user("dave")], ..call.clone() };
    assert_eq!(code(&mut world, D, &none), Code::WrongState);
    let free = GroupCallAttribute { group_id: None, ..call.clone() };
    assert_eq!(code(&mut world, D, &free), Code::BadParameter);
    let many = (0..60).map(|number| user(&format!("user{number}"))).collect();
    let full = GroupCallAttribute { users: many, ..call };
    assert_eq!(code(&mut world, D, &full), Code::WrongState);
    assert_eq!(talking(&world, A), ["alice", "bob"]);
}

/// Nobody enters in the name of somebody else, nor a call of another group or room.
#[test]
fn nobody_is_joined_by_others() {
    let mut world = running(&["bob"]);
    join(&mut world, D).unwrap();
    let answer = world.ends[D].posted.last().unwrap().1.clone();
    let mut world = running(&["bob"]);
    let message = calling_bridge::Incoming {
        from: user("mallory"),
        group: Some(group()),
        bytes: answer.clone().into_bytes(),
        sent_at: world.wall,
    };
    let at = world.wall;
    world.input(A, calling_bridge::BridgeInput::Received { message, at });
    assert_eq!(world.ends[A].discarded(BridgeDiscard::Spoofed), 1);
    // Dave himself, but nobody in his group is in a call.
    let mut world = four(&who_hangs_up());
    world.receive(A, "dave", &answer, seconds(0));
    assert!(!world.in_call()[A]);
}

/// The word of it is lost: the media room tells of it.
#[test]
fn the_media_room_tells_of_who_joined() {
    let mut world = running(&["bob"]);
    world.network.impair(Impairment { loss: 1.0, ..Impairment::default() });
    join(&mut world, D).unwrap();
    assert_eq!(talking(&world, A), ["alice", "bob"]);
    world.sees(A, "dave", calling_bridge::MediaChange::Entered);
    assert_eq!(talking(&world, A), ["alice", "bob", "dave"]);
}

/// Somebody joined may invite, and may not call besides.
#[test]
fn who_joined_is_in_it_like_any_other() {
    let mut world = running(&["bob"]);
    join(&mut world, D).unwrap();
    assert_eq!(place(&mut world, D, &["carol", "bob"], None).unwrap_err().code, Code::WrongState);
    invite(&mut world, D, &["carol"]).unwrap();
    world.run(seconds(1));
    world.accept(C);
    world.run(seconds(1));
    for end in [A, B, C, D] {
        assert_eq!(talking(&world, end), ["alice", "bob", "carol", "dave"], "{end}");
    }
}
