use std::time::{Duration, Instant};

use calling_model::{GroupId, MediaType, UnixMillis, UserId};

use super::World;
use crate::calls::{CallAction, CallsConfig, CallsInput};
use crate::client::{Command, MediaState};
use crate::protocol::{CallParams, Code, InviteParams, ProtocolError};

/// Users and devices of the fuzzed world.
const NAMES: [(&str, &str); 4] = [("alice", "a1"), ("bob", "b1"), ("bob", "b2"), ("carol", "c1")];

/// The longest script; more bytes are not read.
const MOST_OPERATIONS: usize = 400;

/// Fuzz body: two bytes per operation, any operation in any state. Panics only if an invariant is
/// broken.
#[expect(clippy::disallowed_methods, reason = "virtual time has to be counted from some instant")]
pub fn call_operations(data: &[u8]) {
    let config = CallsConfig { call_burst: 1_000, ..CallsConfig::default() };
    let mut world = World::new(Instant::now(), config, &NAMES);
    for (user, device) in [("mallory", "m1"), ("bob", "b9")] {
        world.add_stranger(user, device);
    }
    world.slow_store = data.first().is_some_and(|first| first % 2 == 1);
    for operation in data.chunks_exact(2).take(MOST_OPERATIONS) {
        operate(&mut world, operation[0], operation[1]);
    }
    world.end_of_time();
}

fn operate(world: &mut World, what: u8, detail: u8) {
    let who = usize::from(detail) % NAMES.len();
    let rest = usize::from(detail) / NAMES.len();
    match what % 28 {
        // Frames move most often.
        0..=3 => drop(world.deliver_up(who)),
        4..=7 => drop(world.deliver_down(who)),
        8 => world.deliver_all(),
        9 => drop(world.command(who, Command::Call(params(rest)))),
        10 => drop(world.command(who, Command::Accept)),
        11 => drop(world.command(who, Command::Reject)),
        12 => drop(world.command(who, Command::Ignore)),
        13 => drop(world.command(who, Command::Hangup)),
        14 => world.cut(who),
        15 => world.client_notices(who),
        16 => world.server_notices(who),
        17 => world.connect(who),
        18 => drop(world.wait()),
        19 => world.advance(Duration::from_millis(u64::from(detail) * 50)),
        20 => media(world, who, rest),
        21 => drop(world.store()),
        22 => hostile(world, who, rest),
        23 => rare(world, who, rest),
        24 => drop(world.command(who, Command::Call(group_params(who, rest)))),
        25 => invite(world, who, rest),
        26 => join(world, who, rest),
        27 => switch(world, who, rest),
        _ => {}
    }
}

fn params(callee: usize) -> CallParams {
    let callees = UserId::new(NAMES[callee % NAMES.len()].0).into_iter().collect();
    CallParams {
        callees,
        media_type: MediaType::Audio,
        group_id: None,
        timeout_s: None,
        user_data: String::new(),
        sent_at: None,
    }
}

/// A call to two of the others, in a group or in none.
fn group_params(who: usize, rest: usize) -> CallParams {
    let users = ["alice", "bob", "carol"];
    let own = NAMES[who].0;
    let mut callees: Vec<UserId> = Vec::new();
    for user in users.iter().filter(|user| **user != own || rest % 16 == 15) {
        callees.extend(UserId::new(*user));
    }
    if rest.is_multiple_of(3) {
        callees.pop();
    }
    let group_id = if rest.is_multiple_of(2) { GroupId::new("@TGS#1").ok() } else { None };
    CallParams { callees, group_id, ..params(0) }
}

fn invite(world: &mut World, who: usize, rest: usize) {
    let users = [NAMES[rest % NAMES.len()].0, "mallory"];
    let users = users[..1 + usize::from(rest > 32)].iter().flat_map(|user| UserId::new(*user));
    let timeout_s = (rest > 48).then_some(5);
    world.command(who, Command::InviteUsers { users: users.collect(), timeout_s });
}

fn join(world: &mut World, who: usize, rest: usize) {
    let seen = world.calls_seen();
    let newest = world.audit.newest().cloned();
    let other = seen.get(rest % seen.len().max(1)).cloned();
    if let Some(call_id) = if rest > 20 { newest } else { other } {
        world.command(who, Command::Join(call_id));
    }
}

fn switch(world: &mut World, who: usize, rest: usize) {
    let media_type = if rest.is_multiple_of(2) { MediaType::Video } else { MediaType::Audio };
    world.command(who, Command::SwitchMediaType(media_type));
}

fn media(world: &mut World, who: usize, rest: usize) {
    match rest % 5 {
        0 => world.media(who, MediaState::Up),
        1 => world.media(who, MediaState::Lost),
        2 => {
            let error = ProtocolError::new(Code::Internal, "no path");
            world.media(who, MediaState::Failed(error));
        }
        3 => world.peer(who, true),
        _ => world.peer(who, false),
    }
}

/// Any request about any call by a device that runs no mirror.
fn hostile(world: &mut World, who: usize, rest: usize) {
    let Some(from) = world.strangers.get(who % 2).cloned() else { return };
    let seen = world.calls_seen();
    let Some(call_id) = seen.get((rest / 9) % seen.len().max(1)).cloned() else { return };
    let action = match rest % 9 {
        0 => CallAction::Accept { call_id },
        1 => CallAction::Reject { call_id, busy: rest.is_multiple_of(2) },
        2 => CallAction::Hangup { call_id },
        3 => CallAction::GetCall { call_id },
        4 => CallAction::Join { call_id, insider: rest.is_multiple_of(2) },
        5 => CallAction::SwitchMediaType { call_id, media_type: MediaType::Video },
        6 => {
            let users = params(rest).callees;
            let params = InviteParams { call_id, users, timeout_s: None };
            CallAction::InviteUsers { params, unknown: Vec::new(), outsiders: Vec::new() }
        }
        7 => {
            let (unknown, outsiders) = (Vec::new(), Vec::new());
            let params = group_params(3, rest);
            CallAction::Call { params, unknown, outsiders, at: UnixMillis(0) }
        }
        _ => CallAction::Call {
            params: params(rest),
            unknown: Vec::new(),
            outsiders: Vec::new(),
            at: UnixMillis(0),
        },
    };
    world.ask_raw(&from, action);
}

fn rare(world: &mut World, who: usize, rest: usize) {
    match rest % 8 {
        0 => world.restart_server(),
        1 => world.wall = UnixMillis(u64::from(who == 0) * 1_000),
        2 => drop(world.command(who, Command::SetMicMute(rest > 8))),
        3 => operate_server(world, who, rest),
        _ => world.come_to_rest(),
    }
}

/// What the operator of the server may do to people and calls.
fn operate_server(world: &mut World, who: usize, rest: usize) {
    let Some(call_id) = world.audit.newest().cloned() else { return };
    let endpoint = world.phones[who].endpoint.clone();
    match (rest / 8) % 3 {
        0 => world.input(CallsInput::End { call_id }),
        1 => world.input(CallsInput::RemoveMember { call_id, user: endpoint.user }),
        _ => world.kick(who),
    }
}
