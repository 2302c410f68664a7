use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use calling_model::{CallId, Endpoint, UserId};

use super::config::later;
use crate::call::Outcome;
use crate::protocol::Event;

/// What is kept of an ended call for those who ask late.
#[derive(Clone, Debug)]
pub(super) struct Remembered {
    /// Everybody who was in it or rung by it.
    pub(super) members: Vec<UserId>,
    pub(super) outcome: Outcome,
    /// The last word each device was, or should have been, told.
    pub(super) last_words: Vec<(Endpoint, Event)>,
}

impl Remembered {
    pub(super) fn involves(&self, user: &UserId) -> bool {
        self.members.contains(user)
    }
}

/// The calls that ended lately: bounded in time and number.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    calls: BTreeMap<CallId, Remembered>,
    order: VecDeque<(Instant, CallId)>,
    keep: Duration,
    capacity: usize,
}

impl Memory {
    pub(super) const fn new(keep: Duration, capacity: usize) -> Self {
        Self { calls: BTreeMap::new(), order: VecDeque::new(), keep, capacity }
    }

    pub(super) fn insert(&mut self, now: Instant, call_id: CallId, remembered: Remembered) {
        self.order.push_back((later(now, self.keep), call_id.clone()));
        self.calls.insert(call_id, remembered);
        self.forget(now);
    }

    pub(super) fn get(&mut self, now: Instant, call_id: &CallId) -> Option<&Remembered> {
        self.forget(now);
        self.calls.get(call_id)
    }

    /// What is still remembered, with the time left to it, the oldest first.
    pub(super) fn kept(
        &self,
        now: Instant,
    ) -> impl Iterator<Item = (&CallId, Duration, &Remembered)> {
        let kept = self.order.iter().filter(move |(until, _)| *until > now);
        kept.filter_map(move |(until, call_id)| {
            let remembered = self.calls.get(call_id)?;
            Some((call_id, until.saturating_duration_since(now), remembered))
        })
    }

    fn forget(&mut self, now: Instant) {
        while let Some((until, _)) = self.order.front()
            && (*until <= now || self.order.len() > self.capacity)
            && let Some((_, call_id)) = self.order.pop_front()
        {
            self.calls.remove(&call_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use calling_testkit::epoch;

    use super::*;

    fn remembered() -> Remembered {
        Remembered {
            members: vec!["alice".parse().unwrap(), "bob".parse().unwrap()],
            outcome: Outcome::Busy,
            last_words: Vec::new(),
        }
    }

    #[test]
    fn forgets_by_age_and_by_number() {
        let second = Duration::from_secs(1);
        let mut memory = Memory::new(second * 10, 2);
        let ids: Vec<CallId> = ["a", "b", "c"].iter().map(|id| id.parse().unwrap()).collect();
        for (at, id) in (0..).zip(&ids) {
            memory.insert(epoch() + second * at, id.clone(), remembered());
        }
        let known = |memory: &mut Memory, at| -> Vec<bool> {
            ids.iter().map(|id| memory.get(epoch() + second * at, id).is_some()).collect()
        };
        assert_eq!(known(&mut memory, 3), [false, true, true]);
        assert_eq!(known(&mut memory, 11), [false, false, true]);
        assert_eq!(known(&mut memory, 12), [false, false, false]);
        assert_eq!((memory.calls.len(), memory.order.len()), (0, 0));
    }

    #[test]
    fn knows_who_was_in_it() {
        let call = remembered();
        assert!(call.involves(&"alice".parse().unwrap()) && call.involves(&"bob".parse().unwrap()));
        assert!(!call.involves(&"mallory".parse().unwrap()));
    }
}
