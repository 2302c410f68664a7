//! Calls of several that cross: both call the same people, or their group, at once.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use calling_bridge::{
    BridgeAction, BridgeDiscard, BridgeEndpoint, BridgeInput, BridgeOutput, Incoming,
};
use calling_impair::Impairment;
use calling_model::{GroupId, Machine, MediaType, UnixMillis, UserId};
use calling_signaling::call::Outcome;
use calling_signaling::calls::RequestToken;
use calling_signaling::invite::{PLATFORM, Signal};
use calling_signaling::protocol::MemberState;
use calling_testkit::{drain, epoch, seed};
use common::party::{A, B, C, D, NAMES, group, heard, place, seconds, talking, users};
use common::{World, user, who_hangs_up};

fn world(number: u64) -> World {
    let delay = Duration::from_millis(20);
    World::new(&NAMES, &who_hangs_up(), Impairment { delay, ..Impairment::default() }, number)
}

/// In a chat group and without one, and for whichever of two calls the rooms decide.
fn in_all_ways(test: impl Fn(World, Option<GroupId>)) {
    for number in 0..6 {
        test(world(number), Some(group()));
        test(world(number), None);
    }
}

fn rooms(world: &World) -> BTreeSet<u32> {
    let call = |end: &common::End| Some(end.bridge.call()?.facts.room_id.get());
    world.ends.iter().filter_map(call).collect()
}

fn hang_up_all(world: &mut World) {
    for end in 0..NAMES.len() {
        if world.in_call()[end] {
            world.hangup(end);
            world.run(seconds(1));
        }
    }
    assert_eq!(world.in_call(), [false; 4]);
}

#[test]
fn two_who_call_the_same_people_meet_in_one_call() {
    in_all_ways(|mut world, group_id| {
        place(&mut world, A, &["bob", "carol"], group_id.clone()).unwrap();
        let own = world.call_id(A);
        place(&mut world, B, &["carol", "alice"], group_id).unwrap();
        world.run(seconds(1));
        assert_eq!(rooms(&world).len(), 1);
        assert_eq!(talking(&world, A), ["alice", "bob"]);
        assert_eq!(talking(&world, B), ["alice", "bob"]);
        assert_eq!(world.call_id(A), own, "to each it is the call they placed");
        assert_eq!(world.ends[C].told(), (1, 0), "it rings once: {:?}", heard(&world, C));
        world.accept(C);
        world.run(seconds(1));
        for end in [A, B, C] {
            assert_eq!(talking(&world, end), ["alice", "bob", "carol"], "{end}");
            assert_eq!(world.ends[end].connected.len(), 1);
        }
        let first: Vec<UserId> =
            [A, B, C].map(|end| world.ends[end].bridge.call().unwrap().facts.caller).to_vec();
        assert_eq!(first, vec![first[0].clone(); 3], "all know who placed it");
        hang_up_all(&mut world);
        for end in [A, B, C] {
            let records = &world.ends[end].records;
            assert_eq!(records.len(), 1, "one record");
            assert_eq!(records[0].outcome, Outcome::Completed);
            assert_eq!(records[0].facts.caller, first[0]);
        }
        assert!(world.ends[D].records.is_empty());
        // What is left of the call that does not count rings nowhere later.
        world.run(seconds(60));
        assert_eq!(world.ends[C].told(), (1, 1), "{:?}", heard(&world, C));
    });
}

#[test]
fn three_who_call_each_other_meet_in_one_call() {
    in_all_ways(|mut world, group_id| {
        for (end, callees) in
            [(A, ["bob", "carol"]), (B, ["carol", "alice"]), (C, ["alice", "bob"])]
        {
            place(&mut world, end, &callees, group_id.clone()).unwrap();
        }
        world.run(seconds(1));
        assert_eq!(rooms(&world).len(), 1);
        for end in [A, B, C] {
            assert_eq!(talking(&world, end), ["alice", "bob", "carol"], "{end}");
        }
        hang_up_all(&mut world);
        for end in [A, B, C] {
            assert_eq!(world.ends[end].records.len(), 1);
            assert_eq!(world.ends[end].told().0, 0, "it rang nowhere");
        }
    });
}

/// The two of a group call different others besides: all are called into the one call.
#[test]
fn whom_only_one_had_called_comes_along() {
    for number in 0..6 {
        let mut world = world(number);
        place(&mut world, A, &["bob", "carol"], Some(group())).unwrap();
        place(&mut world, B, &["alice", "dave"], Some(group())).unwrap();
        world.run(seconds(1));
        world.accept(C);
        world.accept(D);
        world.run(seconds(1));
        assert_eq!(rooms(&world).len(), 1);
        for end in [A, B] {
            assert_eq!(talking(&world, end), NAMES, "{end}");
        }
        hang_up_all(&mut world);
        for end in [A, B] {
            assert_eq!(world.ends[end].records.len(), 1);
        }
    }
}

/// Carol has answered the one by the time the other comes: all go over to the one that counts.
#[test]
fn who_has_answered_goes_over() {
    in_all_ways(|mut world, group_id| {
        place(&mut world, A, &["bob", "carol"], group_id.clone()).unwrap();
        // Bob's phone is slow to hear of it.
        world.ends[B].deaf = true;
        world.run(seconds(1));
        world.accept(C);
        world.run(seconds(1));
        assert_eq!(talking(&world, A), ["alice", "carol"]);
        place(&mut world, B, &["alice", "carol"], group_id).unwrap();
        world.run(seconds(1));
        world.hear_missed(B);
        world.run(seconds(1));
        assert_eq!(rooms(&world).len(), 1);
        for end in [A, B, C] {
            assert_eq!(talking(&world, end), ["alice", "bob", "carol"], "{end}");
            let (facts, _) = world.ends[end].connected.last().unwrap();
            assert_eq!(Some(facts.room_id.get()), rooms(&world).first().copied());
            assert_eq!(world.ends[end].left_media + 1, world.ends[end].connected.len());
        }
        hang_up_all(&mut world);
        for end in [A, B, C] {
            assert_eq!(world.ends[end].records.len(), 1);
        }
    });
}

/// Calls of different people or of another group stay two, and busy is busy.
#[test]
fn only_calls_of_the_same_cross() {
    let mut world = world(1);
    place(&mut world, A, &["bob", "carol"], Some(group())).unwrap();
    place(&mut world, B, &["alice", "carol"], Some("H".parse().unwrap())).unwrap();
    world.run(seconds(1));
    assert_eq!(world.in_call(), [true, false, true, false]);
    assert_eq!(heard(&world, A), ["line_busy"]);
    assert_eq!(heard(&world, B).first().unwrap(), "line_busy");
    assert_eq!(world.ends[B].records[0].outcome, Outcome::Busy);
    let mut world = self::world(1);
    place(&mut world, A, &["bob", "carol"], None).unwrap();
    place(&mut world, B, &["alice", "dave"], None).unwrap();
    world.run(seconds(1));
    assert_eq!(rooms(&world).len(), 2);
}

/// An older program declines our call as busy, so its own is the one that counts.
#[test]
fn the_call_of_an_older_program_counts() {
    for number in 0..6 {
        for declines_first in [true, false] {
            let mut source = world(number);
            place(&mut source, B, &["alice", "carol"], Some(group())).unwrap();
            let invite = source.ends[B].posted[0].1.replace(PLATFORM, "Android");
            let mut world = world(number + 10);
            place(&mut world, A, &["bob", "carol"], Some(group())).unwrap();
            let mut busy =
                calling_signaling::invite::decode_envelope(&world.ends[A].posted[0].1).unwrap();
            busy.action = calling_signaling::invite::ActionType::Reject;
            busy.invitees = users(&["bob"]);
            busy.payload.line_busy = true;
            busy.payload.platform = "Android".to_owned();
            let mut messages = [busy.encode(), invite];
            if !declines_first {
                messages.reverse();
            }
            for text in messages {
                let (from, bytes) = (user("bob"), text.into_bytes());
                let message = Incoming { from, group: Some(group()), bytes, sent_at: world.wall };
                world.input(A, BridgeInput::Received { message, at: world.wall });
            }
            let call = world.ends[A].bridge.call().unwrap();
            assert_eq!(call.facts.caller, user("bob"));
            assert_eq!(talking(&world, A), ["alice", "bob"]);
            let (_, answer) = world.ends[A].posted.last().unwrap();
            let answer = calling_signaling::invite::decode_envelope(answer).unwrap();
            assert_eq!(answer.signal(), Ok(Signal::Accept));
            assert_eq!(answer.inviter, Some(user("bob")));
        }
    }
}

/// A few ends and the messages between them, which arrive in any order.
#[derive(Clone)]
struct Orders {
    ends: Vec<BridgeEndpoint>,
    in_flight: Vec<(usize, Incoming)>,
    records: Vec<usize>,
    wall: u64,
    answers: usize,
    /// What happened so far.
    story: Vec<String>,
}

impl Orders {
    fn new(number: u64) -> Self {
        let end = |(index, name): (u64, &&str)| {
            BridgeEndpoint::new(who_hangs_up(), user(name), seed(number * 16 + index))
        };
        let ends = (0..).zip(&NAMES[..3]).map(end).collect();
        let (in_flight, records) = (Vec::new(), vec![0; 3]);
        Self { ends, in_flight, records, wall: 1_700_000_000_000, answers: 0, story: Vec::new() }
    }

    fn input(&mut self, end: usize, input: BridgeInput) {
        let Ok(()) = self.ends[end].handle_input(epoch(), input);
        assert!(self.ends[end].is_consistent());
        for output in drain(&mut self.ends[end]).outputs {
            match output {
                BridgeOutput::Send { to, text, .. } => {
                    let group = match &to {
                        calling_bridge::Address::User(_) => None,
                        calling_bridge::Address::Group(group) => Some(group.clone()),
                    };
                    let (from, bytes) = (user(NAMES[end]), text.into_bytes());
                    self.wall += 1;
                    let sent_at = UnixMillis(self.wall);
                    let message = Incoming { from, group, bytes, sent_at };
                    for there in (0..3).filter(|there| *there != end) {
                        let meant = match &to {
                            calling_bridge::Address::User(to) => *to == user(NAMES[there]),
                            calling_bridge::Address::Group(_) => true,
                        };
                        // Those that only wake up are of no account here.
                        if meant && (message.bytes.len() > 100) {
                            self.in_flight.push((there, message.clone()));
                        }
                    }
                }
                BridgeOutput::Ended(_) => self.records[end] += 1,
                BridgeOutput::Reply { .. }
                | BridgeOutput::Event(_)
                | BridgeOutput::Connected { .. }
                | BridgeOutput::LeaveMedia { .. }
                | BridgeOutput::GroupCall { .. } => {}
            }
        }
    }

    fn request(&mut self, end: usize, action: BridgeAction) {
        let at = UnixMillis(self.wall);
        self.input(end, BridgeInput::Request { request: RequestToken(1), action, at });
    }

    fn deliver(&mut self, which: usize) {
        let (to, message) = self.in_flight.remove(which);
        let text = String::from_utf8_lossy(&message.bytes);
        self.story.push(format!("{} hears of {:?}: {text}", NAMES[to], message.from));
        let at = UnixMillis(self.wall);
        self.input(to, BridgeInput::Received { message, at });
    }

    fn talking(&self, end: usize) -> Vec<UserId> {
        let members = self.ends[end].call().into_iter().flat_map(|call| call.members);
        let talks = members.filter(|member| member.state == MemberState::Connected);
        let mut talks: Vec<UserId> = talks.map(|member| member.user).collect();
        talks.sort();
        talks
    }

    /// What tells it from others, but for the order of what is under way.
    fn digest(&self) -> String {
        let mut texts: Vec<String> = self
            .in_flight
            .iter()
            .map(|(to, one)| format!("{to}{}", String::from_utf8_lossy(&one.bytes)))
            .collect();
        texts.sort();
        let calls: Vec<_> = self.ends.iter().map(|end| (end.call(), end.stats().clone())).collect();
        format!("{calls:?}{texts:?}{}", self.answers)
    }
}

/// Alice and Bob call each other and Carol; everything arrives, in every order, and Carol answers
/// as soon as it rings, or as late as can be.
fn every_order(number: u64, group_id: Option<GroupId>, at_once: bool) -> (usize, usize) {
    let mut first = Orders::new(number);
    for (end, callees) in [(A, ["bob", "carol"]), (B, ["carol", "alice"])] {
        let (callees, media_type) = (users(&callees), MediaType::Audio);
        let (group_id, user_data) = (group_id.clone(), String::new());
        let timeout_s = None;
        let action =
            BridgeAction::GroupCall { callees, group_id, media_type, timeout_s, user_data };
        first.request(end, action);
    }
    let (mut open, mut known, mut ends) = (vec![first], BTreeSet::new(), 0);
    while let Some(mut state) = open.pop() {
        let rings = state.ends[C].call().filter(|call| !call.connected);
        if let Some(call) = rings.filter(|_| at_once || state.in_flight.is_empty()) {
            state.answers += 1;
            state.story.push("carol answers".to_owned());
            state.request(C, BridgeAction::Accept { call_id: call.facts.call_id });
        }
        if state.in_flight.is_empty() {
            ends += 1;
            for end in [A, B, C] {
                let all = users(&["alice", "bob", "carol"]);
                assert_eq!(state.talking(end), all, "{end} {:#?}", state.story);
                let room = |end: usize| state.ends[end].call().unwrap().facts.room_id;
                assert_eq!(room(end), room(A));
            }
            // Who answers at once may do so in the call that does not count, hear that it is
            // withdrawn, and be rung by the other.
            assert_eq!(state.records[..2], [0, 0]);
            assert!(state.records[C] < state.answers, "{:#?}", state.story);
            if !at_once {
                assert_eq!((state.records[C], state.answers), (0, 1));
            }
            continue;
        }
        for which in 0..state.in_flight.len() {
            let mut next = state.clone();
            next.deliver(which);
            if known.insert(next.digest()) {
                open.push(next);
            }
        }
    }
    (known.len(), ends)
}

#[test]
fn in_every_order_all_three_meet() {
    // Among them some in which Alice's call counts, and some in which Bob's does.
    for (number, at_once) in [(0, true), (0, false), (1, false), (2, false), (3, false)] {
        for group_id in [Some(group()), None] {
            let (states, ends) = every_order(number, group_id.clone(), at_once);
            assert!(states > 50 && ends > 0, "{states} states, {ends} ends");
        }
    }
}

/// What does not count is counted.
#[test]
fn the_other_invite_is_a_counted_discard() {
    let mut world = world(1);
    place(&mut world, A, &["bob", "carol"], Some(group())).unwrap();
    place(&mut world, B, &["carol", "alice"], Some(group())).unwrap();
    world.run(seconds(1));
    let crossed: u64 =
        [A, B].iter().map(|end| world.ends[*end].discarded(BridgeDiscard::Crossed)).sum();
    assert_eq!(crossed, 1, "one of the two stays where it is");
}
