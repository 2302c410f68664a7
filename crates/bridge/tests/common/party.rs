//! Four endpoints and calls of several among them.

use std::time::Duration;

use calling_bridge::{BridgeAction, BridgeConfig};
use calling_impair::Impairment;
use calling_model::{GroupId, MediaType, UserId};
use calling_signaling::protocol::{CallReply, MemberState, ProtocolError, Reply};

use super::{World, call_reply, user};

pub(crate) const NAMES: [&str; 4] = ["alice", "bob", "carol", "dave"];
pub(crate) const A: usize = 0;
pub(crate) const B: usize = 1;
pub(crate) const C: usize = 2;
pub(crate) const D: usize = 3;

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn users(names: &[&str]) -> Vec<UserId> {
    names.iter().map(|name| user(name)).collect()
}

pub(crate) fn group() -> GroupId {
    "G".parse().unwrap()
}

pub(crate) fn four(config: &BridgeConfig) -> World {
    let delay = Duration::from_millis(20);
    World::new(&NAMES, config, Impairment { delay, ..Impairment::default() }, 5)
}

pub(crate) fn place(
    world: &mut World,
    end: usize,
    callees: &[&str],
    group_id: Option<GroupId>,
) -> Result<Reply, ProtocolError> {
    let (callees, media_type) = (users(callees), MediaType::Video);
    let user_data = "order 7".to_owned();
    world.ask(
        end,
        BridgeAction::GroupCall { callees, group_id, media_type, timeout_s: None, user_data },
    )
}

pub(crate) fn ring(
    world: &mut World,
    end: usize,
    callees: &[&str],
    group_id: Option<GroupId>,
) -> CallReply {
    let placed = call_reply(place(world, end, callees, group_id));
    world.run(seconds(1));
    placed
}

pub(crate) fn invite(
    world: &mut World,
    end: usize,
    names: &[&str],
) -> Result<Reply, ProtocolError> {
    let (call_id, users) = (world.call_id(end), users(names));
    world.ask(end, BridgeAction::InviteUsers { call_id, users, timeout_s: None })
}

/// Who is in the call, as `end` knows it; empty if it is in none.
pub(crate) fn talking(world: &World, end: usize) -> Vec<String> {
    let call = world.ends[end].bridge.call();
    let mut names: Vec<String> = call
        .into_iter()
        .flat_map(|call| call.members)
        .filter(|member| member.state == MemberState::Connected)
        .map(|member| member.user.as_str().to_owned())
        .collect();
    names.sort();
    names
}

pub(crate) fn heard(world: &World, end: usize) -> Vec<String> {
    world.ends[end].heard()
}

/// Both ways a call of several is carried.
pub(crate) fn both(test: impl Fn(Option<GroupId>)) {
    test(Some(group()));
    test(None);
}
