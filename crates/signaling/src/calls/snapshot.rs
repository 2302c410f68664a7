use std::collections::BTreeMap;

use calling_model::{CallId, DeviceId, Endpoint, GroupId, UnixMillis, UserId};

use super::Calls;
use super::call::Call;
use crate::call::{CallFacts, Outcome};
use crate::protocol::{CallReply, Member, RunningCall};

/// A call that is alive, as an operator may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallSnapshot {
    /// The facts of the call.
    pub facts: CallFacts,
    /// The device that placed it.
    pub caller: Endpoint,
    /// The device that answered first and when; `None` while it rings.
    pub answered: Option<(Endpoint, UnixMillis)>,
    /// Everybody who is or was in the call or rung by it, the caller first.
    pub members: Vec<Member>,
    /// The devices in the call: the caller's, then those that answered or joined.
    pub devices: Vec<Endpoint>,
}

/// Counters since the start of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallsStats {
    /// Calls placed, those that met a busy line included.
    pub started: u64,
    /// Calls answered.
    pub connected: u64,
    /// Calls that ended, by why.
    pub ended: BTreeMap<Outcome, u64>,
    /// Requests refused, by the number of their code.
    pub refused: BTreeMap<i32, u64>,
    /// Inputs about devices or calls that were gone already, and therefore had no effect.
    pub stale: u64,
}

impl Calls {
    /// Whether `endpoint` may open a media connection for the call: the devices in it, and those
    /// that ring, so that they are ready once they answer. That media passes between the former
    /// alone is the shell's to see to.
    pub fn may_connect_media(&self, call_id: &CallId, endpoint: &Endpoint) -> bool {
        self.live.get(call_id).is_some_and(|call| call.role_of(endpoint).is_some())
    }

    /// The call `endpoint` is in: the one it placed or answered, or that rings on it.
    pub fn call_of(&self, endpoint: &Endpoint) -> Option<CallReply> {
        let call = self.live.of_user(&endpoint.user)?;
        Some(call.reply(endpoint, call.role_of(endpoint)?))
    }

    /// Whether `endpoint` is in the conversation of the call: it may send and hear.
    pub fn is_talking(&self, call_id: &CallId, endpoint: &Endpoint) -> bool {
        self.live.get(call_id).is_some_and(|call| call.is_connected() && call.holds(endpoint))
    }

    /// The group a live call belongs to, if any.
    pub fn group_of(&self, call_id: &CallId) -> Option<&GroupId> {
        self.live.get(call_id)?.facts.group_id.as_ref()
    }

    /// The running call of a group, as its members may see it: of those in which somebody talks
    /// the one placed first.
    pub fn running_of(&self, group_id: &GroupId) -> Option<RunningCall> {
        self.live.of_group(group_id).and_then(Call::running)
    }

    /// A live call.
    pub fn call(&self, call_id: &CallId) -> Option<CallSnapshot> {
        self.live.get(call_id).map(snapshot)
    }

    /// All live calls, in the order of their ids.
    pub fn calls(&self) -> impl Iterator<Item = CallSnapshot> {
        self.live.iter().map(snapshot)
    }

    /// How many calls are alive.
    pub fn live_calls(&self) -> usize {
        self.live.len()
    }

    /// How many devices are signed in.
    pub const fn signed_in_devices(&self) -> usize {
        self.presence.len()
    }

    /// The devices of `user` that are signed in, the one that signed in longest ago first.
    pub fn devices_of(&self, user: &UserId) -> &[DeviceId] {
        self.presence.devices_of(user)
    }

    /// Counters since the start.
    pub const fn stats(&self) -> &CallsStats {
        &self.stats
    }

    /// All that decides what happens next, but for the ids to come; for telling states apart.
    /// The rate limiters and the counters are left out: configure the former so that they never
    /// refuse.
    #[doc(hidden)]
    pub fn digest(&self, out: &mut impl std::fmt::Write) {
        let Self { presence, live, memory, redial, stopping, .. } = self;
        let _ = write!(out, "{presence:?}{live:?}{memory:?}{redial:?}{stopping}");
    }

    /// Whether the machine's indices agree; for tests and fuzzing.
    #[doc(hidden)]
    pub fn is_consistent(&self) -> bool {
        self.live.is_consistent()
    }
}

fn snapshot(call: &Call) -> CallSnapshot {
    CallSnapshot {
        facts: call.facts.clone(),
        caller: call.caller.clone(),
        answered: call.accepted.as_ref().map(|accepted| (accepted.by.clone(), accepted.at)),
        members: call.list(),
        devices: call.seats().cloned().collect(),
    }
}
