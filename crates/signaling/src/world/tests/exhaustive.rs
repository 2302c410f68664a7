//! Every order in which two people's wishes, their frames and (in one variant) their cut lines
//! can fall, on the production machines. States reached on several ways are followed once.

use std::collections::BTreeSet;
use std::fmt::{Debug, Write};
use std::hash::{DefaultHasher, Hash, Hasher};

use calling_model::MediaType;
use calling_testkit::epoch;

use super::super::World;
use crate::calls::CallsConfig;
use crate::client::{ClientPhase, Command};
use crate::protocol::CallParams;

const ALICE: usize = 0;

/// How much may still happen.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct Budget {
    /// Calls, by phone.
    calls: [u8; 3],
    /// Answers of any kind.
    answers: u8,
    hangups: u8,
    invites: u8,
    joins: u8,
    cuts: u8,
    waits: u8,
}

#[derive(Clone, Debug)]
enum Choice {
    Up(usize),
    Down(usize),
    Call(usize),
    Answer(usize, Command),
    Hangup(usize),
    Invite(usize),
    Join(usize),
    Cut(usize),
    ServerNotices(usize),
    Return(usize),
    Wait,
}

/// What was explored.
#[derive(Debug, Default)]
struct Explored {
    states: usize,
    ends: usize,
    connected: usize,
    all_talk: usize,
}

fn call(name: &str) -> Command {
    Command::Call(CallParams {
        callees: vec![name.parse().unwrap()],
        media_type: MediaType::Audio,
        group_id: None,
        timeout_s: None,
        user_data: String::new(),
        sent_at: None,
    })
}

fn call_all(world: &World, who: usize) -> Command {
    let Command::Call(params) = call("bob") else { unreachable!() };
    let own = &world.phones[who].endpoint.user;
    let others = world.phones.iter().map(|phone| phone.endpoint.user.clone());
    let callees = others.filter(|user| user != own).collect();
    let group_id = Some("@TGS#1".parse().unwrap());
    Command::Call(CallParams { callees, group_id, ..params })
}

fn choices(world: &World, budget: Budget) -> Vec<Choice> {
    let mut all = Vec::new();
    for (who, phone) in world.phones.iter().enumerate() {
        if !phone.up.is_empty() {
            all.push(Choice::Up(who));
        }
        if !phone.down.is_empty() {
            all.push(Choice::Down(who));
        }
        match phone.mirror.phase() {
            ClientPhase::Idle if budget.calls[who] > 0 => all.push(Choice::Call(who)),
            ClientPhase::Idle if budget.joins > 0 && world.audit.newest().is_some() => {
                all.push(Choice::Join(who));
            }
            ClientPhase::Incoming if budget.answers > 0 => {
                all.push(Choice::Answer(who, Command::Accept));
                all.push(Choice::Answer(who, Command::Reject));
            }
            ClientPhase::Requested | ClientPhase::Outgoing | ClientPhase::Connected
                if budget.hangups > 0 =>
            {
                all.push(Choice::Hangup(who));
            }
            ClientPhase::Idle
            | ClientPhase::Requested
            | ClientPhase::Outgoing
            | ClientPhase::Incoming
            | ClientPhase::Connected
            | ClientPhase::Closing => {}
        }
        if budget.invites > 0 && phone.mirror.phase() == ClientPhase::Connected {
            all.push(Choice::Invite(who));
        }
        if phone.alive && budget.cuts > 0 {
            all.push(Choice::Cut(who));
        }
        if !phone.alive {
            all.push(Choice::Return(who));
            if phone.server_up {
                all.push(Choice::ServerNotices(who));
            }
        }
    }
    if budget.waits > 0 && world.is_quiet() {
        all.push(Choice::Wait);
    }
    all
}

/// Performs `choice`; `None` if the mirror refuses it.
fn step(world: &World, budget: Budget, choice: Choice, group: bool) -> Option<(World, Budget)> {
    let (mut world, mut budget) = (world.clone(), budget);
    match choice {
        Choice::Up(who) => drop(world.deliver_up(who)),
        Choice::Down(who) => drop(world.deliver_down(who)),
        Choice::Call(who) => {
            budget.calls[who] -= 1;
            let command = if group {
                call_all(&world, who)
            } else {
                call(if who == ALICE { "bob" } else { "alice" })
            };
            world.command(who, command).then_some(())?;
        }
        Choice::Answer(who, command) => {
            budget.answers -= 1;
            world.command(who, command).then_some(())?;
        }
        Choice::Hangup(who) => {
            budget.hangups -= 1;
            world.command(who, Command::Hangup).then_some(())?;
        }
        Choice::Invite(who) => {
            budget.invites -= 1;
            let users = vec!["carol".parse().unwrap()];
            let timeout_s = None;
            world.command(who, Command::InviteUsers { users, timeout_s }).then_some(())?;
        }
        Choice::Join(who) => {
            budget.joins -= 1;
            let call_id = world.audit.newest()?.clone();
            world.command(who, Command::Join(call_id)).then_some(())?;
        }
        Choice::Cut(who) => {
            budget.cuts -= 1;
            world.cut(who);
            world.client_notices(who);
        }
        Choice::ServerNotices(who) => world.server_notices(who),
        Choice::Return(who) => world.connect(who),
        Choice::Wait => {
            budget.waits -= 1;
            world.wait();
        }
    }
    Some((world, budget))
}

pub(super) fn digest(world: &World, rest: impl Debug) -> u64 {
    let mut text = String::new();
    world.server.digest(&mut text);
    for phone in &world.phones {
        phone.digest(&mut text);
    }
    let _ = write!(text, "{:?}{:?}{rest:?}", world.now, world.audit);
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn explore(names: &[(&str, &str)], budget: Budget) -> Explored {
    explore_calls(names, budget, false)
}

/// With `group`, everybody calls all others at once.
fn explore_calls(names: &[(&str, &str)], budget: Budget, group: bool) -> Explored {
    let config = CallsConfig { call_burst: 1_000, ..CallsConfig::default() };
    let mut explored = Explored::default();
    let mut seen = BTreeSet::new();
    let mut open = vec![(World::new(epoch(), config, names), budget)];
    while let Some((world, budget)) = open.pop() {
        let before = open.len();
        for choice in choices(&world, budget) {
            if let Some((world, budget)) = step(&world, budget, choice, group)
                && seen.insert(digest(&world, budget))
            {
                explored.states += 1;
                let talks = world.phones.iter().filter(|phone| phone.gate_is_open()).count();
                explored.connected += usize::from(talks >= 2);
                explored.all_talk += usize::from(talks == 3);
                open.push((world, budget));
            }
        }
        if open.len() == before {
            explored.ends += 1;
            let mut world = world;
            world.end_of_time();
        }
    }
    explored
}

const TWO: &[(&str, &str)] = &[("alice", "a1"), ("bob", "b1")];
const THREE: &[(&str, &str)] = &[("alice", "a1"), ("bob", "b1"), ("bob", "b2")];

#[test]
fn two_people_call_each_other() {
    let budget = Budget { calls: [1, 1, 0], answers: 2, hangups: 1, waits: 1, ..Budget::default() };
    let Explored { states, connected, .. } = explore(TWO, budget);
    assert!(states > 10_000 && connected > 100, "{states} {connected}");
}

#[test]
fn a_second_device_rings_too() {
    let budget = Budget { calls: [1, 0, 0], answers: 2, hangups: 1, waits: 1, ..Budget::default() };
    let Explored { states, connected, .. } = explore(THREE, budget);
    assert!(states > 10_000 && connected > 50, "{states} {connected}");
}

#[test]
fn a_line_is_cut_at_any_moment() {
    let budget =
        Budget { calls: [1, 0, 0], answers: 1, hangups: 1, cuts: 1, waits: 1, ..Budget::default() };
    let Explored { states, connected, .. } = explore(TWO, budget);
    assert!(states > 10_000 && connected > 40, "{states} {connected}");
}

/// Minutes long; run by name with `--ignored`.
#[test]
#[ignore = "explores more than 10⁵ states"]
fn two_people_and_a_second_device_call_each_other() {
    let budget = Budget { calls: [1, 1, 0], answers: 2, hangups: 1, waits: 1, ..Budget::default() };
    println!("{:?}", explore(THREE, budget));
}

/// Minutes long; run by name with `--ignored`.
#[test]
#[ignore = "explores more than 10⁵ states"]
fn a_line_is_cut_while_two_people_call_each_other() {
    let budget =
        Budget { calls: [1, 1, 0], answers: 2, hangups: 1, cuts: 1, waits: 1, ..Budget::default() };
    println!("{:?}", explore(TWO, budget));
}

const ALL: &[(&str, &str)] = &[("alice", "a1"), ("bob", "b1"), ("carol", "c1")];

/// As far as three people may go, beside one call of Alice's.
const fn three(answers: u8, hangups: u8, invites: u8, joins: u8) -> Budget {
    Budget { calls: [1, 0, 0], answers, hangups, invites, joins, cuts: 0, waits: 0 }
}

#[test]
fn three_people_talk() {
    let Explored { states, connected, all_talk, .. } = explore_calls(ALL, three(2, 0, 0, 0), true);
    assert!(states > 500 && connected > 50 && all_talk > 5, "{states} {connected} {all_talk}");
    let Explored { states, connected, .. } = explore_calls(ALL, three(1, 1, 0, 0), true);
    assert!(states > 500 && connected > 20, "{states} {connected}");
}

#[test]
fn a_third_is_invited_at_any_moment() {
    let Explored { states, all_talk, .. } = explore(ALL, three(2, 1, 1, 0));
    assert!(states > 1_000 && all_talk > 15, "{states} {all_talk}");
}

#[test]
fn a_third_joins_at_any_moment() {
    let Explored { states, all_talk, .. } = explore_calls(ALL, three(1, 0, 0, 1), true);
    assert!(states > 500 && all_talk > 5, "{states} {all_talk}");
}

/// Minutes long; run by name with `--ignored`.
#[test]
#[ignore = "explores more than 10⁵ states"]
fn three_people_come_and_go() {
    println!("{:?}", explore_calls(ALL, three(2, 1, 0, 0), true));
    println!("{:?}", explore_calls(ALL, three(2, 1, 0, 1), true));
    let cut = Budget { calls: [1, 1, 0], cuts: 1, waits: 1, ..three(2, 1, 0, 0) };
    println!("{:?}", explore_calls(ALL, cut, true));
}
