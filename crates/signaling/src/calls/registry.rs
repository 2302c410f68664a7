use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use calling_model::{CallId, GroupId, RoomId, UserId};

use super::CallsReason;
use super::call::Call;

/// The calls that are alive, found by id, by person, by group and by deadline. An account is in or
/// rung by one call at most, a room belongs to one call.
#[derive(Clone, Debug, Default)]
pub(super) struct Registry {
    calls: BTreeMap<CallId, Entry>,
    by_user: BTreeMap<UserId, CallId>,
    by_group: BTreeMap<GroupId, BTreeSet<CallId>>,
    rooms: BTreeSet<RoomId>,
    deadlines: BTreeSet<(Instant, CallsReason, CallId)>,
}

#[derive(Clone, Debug)]
struct Entry {
    call: Call,
    /// As it stands in `deadlines`.
    deadline: (Instant, CallsReason),
    /// As they stand in `by_user`.
    engaged: Vec<UserId>,
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

    /// The call `user` is in or rung by.
    pub(super) fn of_user(&self, user: &UserId) -> Option<&Call> {
        self.get(self.by_user.get(user)?)
    }

    /// The group's running call: of those in which somebody talks the one placed first.
    pub(super) fn of_group(&self, group: &GroupId) -> Option<&Call> {
        let calls = self.by_group.get(group)?.iter().filter_map(|call_id| self.get(call_id));
        calls.filter(|call| call.is_connected()).min_by_key(|call| call.started)
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
        let engaged: Vec<UserId> = call.engaged().cloned().collect();
        for user in &engaged {
            self.by_user.insert(user.clone(), call_id.clone());
        }
        if let Some(group) = &call.facts.group_id {
            self.by_group.entry(group.clone()).or_default().insert(call_id.clone());
        }
        self.rooms.insert(call.facts.room_id);
        self.deadlines.insert((deadline.0, deadline.1, call_id.clone()));
        self.calls.insert(call_id, Entry { call, deadline, engaged });
    }

    pub(super) fn remove(&mut self, call_id: &CallId) -> Option<Call> {
        let Entry { call, deadline, engaged } = self.calls.remove(call_id)?;
        for user in &engaged {
            self.by_user.remove(user);
        }
        if let Some(group) = &call.facts.group_id
            && let Some(calls) = self.by_group.get_mut(group)
        {
            calls.remove(call_id);
            if calls.is_empty() {
                self.by_group.remove(group);
            }
        }
        self.rooms.remove(&call.facts.room_id);
        self.deadlines.remove(&(deadline.0, deadline.1, call_id.clone()));
        Some(call)
    }

    /// Changes a call's state, and with it its deadline and who is engaged; `None` if there is no
    /// such call. Nobody may become engaged who is in another call.
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
        if !entry.call.engaged().eq(&entry.engaged) {
            for user in &entry.engaged {
                self.by_user.remove(user);
            }
            entry.engaged = entry.call.engaged().cloned().collect();
            for user in &entry.engaged {
                self.by_user.insert(user.clone(), call_id.clone());
            }
        }
        Some(changed)
    }

    /// Whether every index says the same.
    pub(super) fn is_consistent(&self) -> bool {
        let engaged = |call: &Call| call.engaged().count();
        let of_call = |(call_id, entry): (&CallId, &Entry)| {
            !entry.call.is_over()
                && entry.call.engaged().all(|user| self.by_user.get(user) == Some(call_id))
        };
        self.deadlines.len() == self.calls.len()
            && self.rooms.len() == self.calls.len()
            && self.by_user.len() == self.iter().map(engaged).sum::<usize>()
            && self.by_group.values().map(BTreeSet::len).sum::<usize>()
                == self.iter().filter(|call| call.facts.group_id.is_some()).count()
            && self.calls.iter().all(of_call)
    }
}
