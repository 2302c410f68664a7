//! Which packets are missing, and when each is asked for (RFC 4585).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::video::MAX_NACKED;

/// Missing packets followed at most; more at once are no loss but an interruption.
const MOST_MISSING: usize = 512;
/// What is only out of order arrives within this.
const REORDERING: Duration = Duration::from_millis(5);
/// Nobody is asked faster than this.
const LEAST_INTERVAL: Duration = Duration::from_millis(20);
/// Times that a packet is asked for.
const MOST_TRIES: u32 = 10;

#[derive(Debug, Default)]
pub(super) struct Missing {
    by_number: BTreeMap<u64, Entry>,
    /// The earliest time that one is asked for.
    due: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    since: Instant,
    due: Instant,
    tries: u32,
}

impl Missing {
    /// These never came while later ones did; false if they are too many to follow.
    pub(super) fn begin(&mut self, now: Instant, numbers: std::ops::Range<u64>) -> bool {
        let count = usize::try_from(numbers.end.saturating_sub(numbers.start));
        if count.map_or(true, |count| self.by_number.len() + count > MOST_MISSING) {
            return false;
        }
        let due = now + REORDERING;
        self.by_number.extend(numbers.map(|number| (number, Entry { since: now, due, tries: 0 })));
        self.update();
        true
    }

    /// It came; whether it had been asked for.
    pub(super) fn came(&mut self, number: u64) -> bool {
        let entry = self.by_number.remove(&number);
        self.update();
        entry.is_some_and(|entry| entry.tries > 0)
    }

    /// Forgets everything before `number`; how many.
    pub(super) fn drop_before(&mut self, number: u64) -> usize {
        let kept = self.by_number.split_off(&number);
        let dropped = std::mem::replace(&mut self.by_number, kept).len();
        self.update();
        dropped
    }

    pub(super) fn clear(&mut self) -> usize {
        self.drop_before(u64::MAX)
    }

    /// Since when the first is missing.
    pub(super) fn first_since(&self) -> Option<Instant> {
        self.by_number.values().next().map(|entry| entry.since)
    }

    /// The sequence numbers to ask for now, and again after a `round_trip`.
    pub(super) fn take_due(&mut self, now: Instant, round_trip: Duration) -> Vec<u16> {
        if self.due.is_none_or(|due| now < due) {
            return Vec::new();
        }
        let interval = round_trip.mul_f64(1.25).max(LEAST_INTERVAL);
        let mut numbers = Vec::new();
        for (number, entry) in &mut self.by_number {
            if entry.due <= now && entry.tries < MOST_TRIES && numbers.len() < MAX_NACKED {
                // The wire has the lower half.
                numbers.push(*number as u16);
                entry.tries += 1;
                entry.due = now + interval;
            }
        }
        self.update();
        numbers
    }

    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    fn update(&mut self) {
        let waiting = self.by_number.values().filter(|entry| entry.tries < MOST_TRIES);
        self.due = waiting.map(|entry| entry.due).min();
    }
}
