use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use calling_model::{CallId, RoomId, UserId};

use super::CallsReason;
use super::call::Call;

/// The calls that are alive, found by id, by person and by deadline. An account is in one call at
/// most, a room belongs to one call.
#[derive(Clone, Debug, Default)]
pub(super) struct Registry {
    calls: BTreeMap<CallId, Entry>,
    by_user: BTreeMap<UserId, CallId>,
    rooms: BTreeSet<RoomId>,
    deadlines: BTreeSet<(Instant, CallsReason, CallId)>,
}

#[derive(Clone, Debug)]
struct Entry {
    call: Call,
    /// As it stands in `deadlines`.
    deadline: (Instant, CallsReason),
}

impl Registry {
    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    pub(super) const fn rooms(&self) -> &BTreeSet<RoomId> {
        &self.rooms
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Call> {
        self.calls.values().map(|entry| &entry.call)
    }

    pub(super) fn get(&self, call_id: &CallId) -> Option<&Call> {
        self.calls.get(call_id).map(|entry| &entry.call)
    }

    pub(super) fn of_user(&self, user: &UserId) -> Option<&Call> {
        self.get(self.by_user.get(user)?)
    }

    pub(super) fn next_deadline(&self) -> Option<(Instant, CallsReason)> {
        self.deadlines.first().map(|(at, reason, _)| (*at, *reason))
    }

    /// A call whose deadline has come by `now`.
    pub(super) fn due(&self, now: Instant) -> Option<&CallId> {
        self.deadlines.first().filter(|(at, ..)| *at <= now).map(|(.., call_id)| call_id)
    }

    /// Any call, for the end of them all.
    pub(super) fn any(&self) -> Option<&CallId> {
        self.calls.first_key_value().map(|(call_id, _)| call_id)
    }

    pub(super) fn insert(&mut self, call: Call) {
        let (call_id, deadline) = (call.facts.call_id.clone(), call.deadline());
        self.by_user.insert(call.facts.caller.clone(), call_id.clone());
        self.by_user.insert(call.callee.clone(), call_id.clone());
        self.rooms.insert(call.facts.room_id);
        self.deadlines.insert((deadline.0, deadline.1, call_id.clone()));
        self.calls.insert(call_id, Entry { call, deadline });
    }

    pub(super) fn remove(&mut self, call_id: &CallId) -> Option<Call> {
        let Entry { call, deadline } = self.calls.remove(call_id)?;
        self.by_user.remove(&call.facts.caller);
        self.by_user.remove(&call.callee);
        self.rooms.remove(&call.facts.room_id);
        self.deadlines.remove(&(deadline.0, deadline.1, call_id.clone()));
        Some(call)
    }

    /// Changes a call's state, and with it its deadline; `None` if there is no such call. Who is
    /// in the call does not change.
    pub(super) fn update<T>(
        &mut self,
        call_id: &CallId,
        change: impl FnOnce(&mut Call) -> T,
    ) -> Option<T> {
        let entry = self.calls.get_mut(call_id)?;
        let changed = change(&mut entry.call);
        let deadline = entry.call.deadline();
        if deadline != entry.deadline {
            let old = std::mem::replace(&mut entry.deadline, deadline);
            self.deadlines.remove(&(old.0, old.1, call_id.clone()));
            self.deadlines.insert((deadline.0, deadline.1, call_id.clone()));
        }
        Some(changed)
    }

    /// Whether every index says the same.
    pub(super) fn is_consistent(&self) -> bool {
        self.deadlines.len() == self.calls.len()
            && self.rooms.len() == self.calls.len()
            && self.by_user.len() == 2 * self.calls.len()
    }
}
