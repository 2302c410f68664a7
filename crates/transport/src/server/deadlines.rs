use std::collections::BTreeSet;
use std::time::Instant;

use crate::session::TimeoutReason;

/// Which connection is due next. At most one entry for each.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    ordered: BTreeSet<(Instant, TimeoutReason, usize)>,
}

/// A deadline and why it exists.
pub(super) type Deadline = (Instant, TimeoutReason);

impl Deadlines {
    /// Replaces a connection's deadline.
    pub(super) fn replace(&mut self, slot: usize, old: Option<Deadline>, new: Option<Deadline>) {
        if old == new {
            return;
        }
        if let Some((at, reason)) = old {
            self.ordered.remove(&(at, reason, slot));
        }
        if let Some((at, reason)) = new {
            self.ordered.insert((at, reason, slot));
        }
    }

    pub(super) fn first(&self) -> Option<Deadline> {
        self.ordered.first().map(|(at, reason, _)| (*at, *reason))
    }

    /// The slot that is due first, if it is due by `now`.
    pub(super) fn due(&self, now: Instant) -> Option<usize> {
        self.ordered.first().filter(|(at, _, _)| *at <= now).map(|(_, _, slot)| *slot)
    }
}
