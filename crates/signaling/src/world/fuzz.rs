use std::time::{Duration, Instant};

use calling_model::{MediaType, UnixMillis, UserId};

use super::World;
use crate::calls::{CallAction, CallsConfig};
use crate::client::{Command, MediaState};
use crate::protocol::{CallParams, Code, ProtocolError};

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
    match what % 24 {
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
    }
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
    let Some(call_id) = seen.get((rest / 5) % seen.len().max(1)).cloned() else { return };
    let action = match rest % 5 {
        0 => CallAction::Accept { call_id },
        1 => CallAction::Reject { call_id, busy: rest.is_multiple_of(2) },
        2 => CallAction::Hangup { call_id },
        3 => CallAction::GetCall { call_id },
        _ => CallAction::Call { params: params(rest), unknown: Vec::new(), at: UnixMillis(0) },
    };
    world.ask_raw(&from, action);
}

fn rare(world: &mut World, who: usize, rest: usize) {
    match rest % 8 {
        0 => world.restart_server(),
        1 => world.wall = UnixMillis(u64::from(who == 0) * 1_000),
        2 => drop(world.command(who, Command::SetMicMute(rest > 8))),
        _ => world.come_to_rest(),
    }
}
