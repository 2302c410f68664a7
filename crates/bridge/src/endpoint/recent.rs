use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use calling_model::{InviteId, UserId};
use calling_signaling::call::CallFacts;

/// Invites that are over, by peer: bounded in time and number.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    invites: BTreeMap<(UserId, InviteId), Past>,
    order: VecDeque<(Instant, (UserId, InviteId))>,
    keep: Duration,
    capacity: usize,
}

/// What is kept of an invite.
#[derive(Clone, Debug, Default)]
pub(super) struct Past {
    /// An own call that ended unanswered. If an answer comes after all, the peer never heard that
    /// it is over and is told again, once.
    pub(super) withdrawn: Option<Box<CallFacts>>,
}

impl Recent {
    pub(super) const fn new(keep: Duration, capacity: usize) -> Self {
        Self { invites: BTreeMap::new(), order: VecDeque::new(), keep, capacity }
    }

    pub(super) fn note(&mut self, now: Instant, peer: &UserId, invite_id: InviteId, past: Past) {
        let key = (peer.clone(), invite_id);
        if self.invites.insert(key.clone(), past).is_none() {
            let until = now.checked_add(self.keep).unwrap_or(now);
            self.order.push_back((until, key));
        }
        self.forget(now);
    }

    pub(super) fn get(
        &mut self,
        now: Instant,
        peer: &UserId,
        invite_id: &InviteId,
    ) -> Option<&mut Past> {
        self.forget(now);
        self.invites.get_mut(&(peer.clone(), invite_id.clone()))
    }

    fn forget(&mut self, now: Instant) {
        while let Some((until, _)) = self.order.front()
            && (*until <= now || self.order.len() > self.capacity)
            && let Some((_, key)) = self.order.pop_front()
        {
            self.invites.remove(&key);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.invites.len()
    }
}

#[cfg(test)]
mod tests {
    use calling_testkit::epoch;

    use super::*;

    #[test]
    fn forgets_by_age_and_by_number_and_tells_peers_apart() {
        let second = Duration::from_secs(1);
        let mut recent = Recent::new(second * 10, 2);
        let bob: UserId = "bob".parse().unwrap();
        let ids: Vec<InviteId> = ["a", "b", "c"].iter().map(|id| id.parse().unwrap()).collect();
        for (at, id) in (0..).zip(&ids) {
            recent.note(epoch() + second * at, &bob, id.clone(), Past::default());
            recent.note(epoch() + second * at, &bob, id.clone(), Past::default());
        }
        let mut known = |at: u32, who: &UserId| -> Vec<bool> {
            ids.iter().map(|id| recent.get(epoch() + second * at, who, id).is_some()).collect()
        };
        assert_eq!(known(3, &bob), [false, true, true]);
        assert_eq!(known(3, &"carol".parse().unwrap()), [false, false, false]);
        assert_eq!(known(11, &bob), [false, false, true]);
        assert_eq!(known(12, &bob), [false, false, false]);
        assert_eq!((recent.len(), recent.order.len()), (0, 0));
    }
}
