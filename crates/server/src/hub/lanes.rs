use std::collections::{BTreeMap, VecDeque};

use calling_model::CallId;

/// What may be kept for one call before requests about it are refused. A call of fifty needs some
/// hundreds at most.
const LONGEST_LANE: usize = 1_024;

/// What is to be done for each call, in order, held back while that call waits for something.
///
/// A call that waits (for the database, for its room's gate) holds up itself alone: effects of
/// other calls pass. A call stands here only while it waits.
#[derive(Debug)]
pub(super) struct Lanes<E> {
    held: BTreeMap<CallId, VecDeque<E>>,
}

impl<E> Lanes<E> {
    pub(super) fn new() -> Self {
        Self { held: BTreeMap::new() }
    }

    /// Gives `effect` back if `call` waits for nothing; keeps it otherwise.
    pub(super) fn pass(&mut self, call: &CallId, effect: E) -> Option<E> {
        match self.held.get_mut(call) {
            Some(lane) => {
                lane.push_back(effect);
                None
            }
            None => Some(effect),
        }
    }

    /// From now on `call` waits, until [`Lanes::next`] finds nothing kept.
    pub(super) fn hold(&mut self, call: CallId) {
        self.held.entry(call).or_default();
    }

    /// What to do next for `call`, whose wait is over; `None` once all is done and the lane free.
    pub(super) fn next(&mut self, call: &CallId) -> Option<E> {
        let next = self.held.get_mut(call)?.pop_front();
        if next.is_none() {
            self.held.remove(call);
        }
        next
    }

    pub(super) fn is_held(&self, call: &CallId) -> bool {
        self.held.contains_key(call)
    }

    /// So much is kept for `call` that nothing more may be asked of it for now.
    pub(super) fn is_full(&self, call: &CallId) -> bool {
        self.held.get(call).is_some_and(|lane| lane.len() >= LONGEST_LANE)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// How many calls wait.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str) -> CallId {
        CallId::new(name).unwrap()
    }

    #[test]
    fn a_waiting_call_holds_up_itself_alone() {
        let (a, b) = (call("a"), call("b"));
        let mut lanes = Lanes::new();
        lanes.hold(a.clone());
        assert_eq!(lanes.pass(&a, 1), None);
        assert_eq!(lanes.pass(&b, 2), Some(2));
        assert_eq!(lanes.pass(&a, 3), None);
        assert_eq!((lanes.next(&a), lanes.next(&a), lanes.next(&a)), (Some(1), Some(3), None));
        assert_eq!(lanes.pass(&a, 4), Some(4), "the lane is free again");
        assert_eq!(lanes.len(), 0);
    }

    #[test]
    fn a_lane_is_full_before_it_is_endless() {
        let (a, b) = (call("a"), call("b"));
        let mut lanes = Lanes::new();
        lanes.hold(a.clone());
        for effect in 0..LONGEST_LANE {
            assert!(!lanes.is_full(&a));
            lanes.pass(&a, effect);
        }
        assert!(lanes.is_full(&a) && !lanes.is_full(&b));
        lanes.next(&a);
        assert!(!lanes.is_full(&a));
    }

    #[test]
    fn holding_again_while_draining_keeps_the_order() {
        let a = call("a");
        let mut lanes = Lanes::new();
        lanes.hold(a.clone());
        assert_eq!((lanes.pass(&a, 1), lanes.pass(&a, 2)), (None, None));
        assert_eq!(lanes.next(&a), Some(1));
        lanes.hold(a.clone());
        assert_eq!(lanes.pass(&a, 3), None);
        assert_eq!((lanes.next(&a), lanes.next(&a)), (Some(2), Some(3)));
    }
}
