use std::collections::VecDeque;

use crate::SAMPLES_PER_TICK;

/// How late packets come, measured against the fastest of the last two seconds.
///
/// Arrival is counted in ticks of playout and media time in samples, so that the clocks of sender
/// and receiver need not agree: what they drift apart in two seconds is all that is ever seen of
/// it.
#[derive(Debug)]
pub(super) struct ArrivalHistory {
    /// `(tick, offset)`, both rising from front to back: each is the fastest since the one
    /// before it.
    fastest: VecDeque<(u64, i64)>,
}

/// NetEq's `kMaxHistoryMs`, 2 s: shorter would forget the fastest path within a delay spike.
const WINDOW_TICKS: u64 = 200;

impl ArrivalHistory {
    pub(super) fn new() -> Self {
        // At most one entry per tick and the newest one survive.
        Self { fastest: VecDeque::with_capacity(WINDOW_TICKS as usize + 2) }
    }

    /// Records a packet with media time `timestamp` that arrived before `tick`. Returns by how
    /// many samples it was slower than the fastest.
    pub(super) fn record(&mut self, tick: u64, timestamp: u64) -> i64 {
        let offset = offset(tick, timestamp);
        while self.fastest.front().is_some_and(|(at, _)| at + WINDOW_TICKS < tick) {
            self.fastest.pop_front();
        }
        while self.fastest.back().is_some_and(|(_, slower)| *slower >= offset) {
            self.fastest.pop_back();
        }
        // Within a tick only the fastest counts.
        if self.fastest.back().is_none_or(|(at, _)| *at < tick) {
            self.fastest.push_back((tick, offset));
        }
        self.lateness(tick, timestamp)
    }

    /// By how many samples media time `timestamp` at `tick` is behind the fastest packet: the
    /// delay of playing it then. Zero before the first packet.
    pub(super) fn lateness(&self, tick: u64, timestamp: u64) -> i64 {
        let Some((_, fastest)) = self.fastest.front() else { return 0 };
        offset(tick, timestamp) - fastest
    }

    pub(super) fn clear(&mut self) {
        self.fastest.clear();
    }
}

/// Playout clock less media clock, in samples.
const fn offset(tick: u64, timestamp: u64) -> i64 {
    // Both stay far below 2^63: extended timestamps begin at 2^32 and ticks at 0.
    (tick as i64 * SAMPLES_PER_TICK as i64).wrapping_sub(timestamp as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_against_the_fastest() {
        let mut history = ArrivalHistory::new();
        assert_eq!(history.record(10, 0), 0);
        assert_eq!(history.record(12, 960), 0);
        assert_eq!(history.record(17, 1_920), 3 * 480);
        assert_eq!(history.record(16, 2_880), 0);
        assert_eq!(history.record(16, 3_840), 0, "a faster one is the new measure");
        assert_eq!(history.lateness(20, 3_840), 4 * 480);
    }

    #[test]
    fn the_fastest_is_forgotten_after_two_seconds() {
        let mut history = ArrivalHistory::new();
        history.record(0, 0);
        let slow = (1..150).map(|n| history.record(5 + 2 * n, 960 * n));
        let lateness: Vec<i64> = slow.collect();
        assert!(lateness[..97].iter().all(|late| *late == 5 * 480));
        assert!(lateness[98..].iter().all(|late| *late == 0));
    }

    #[test]
    fn drift_is_absorbed() {
        let mut history = ArrivalHistory::new();
        // The sender's clock is 0.1 % slow, so that each packet comes a little later.
        for n in 0..100_000_u64 {
            let tick = n * 2 + n / 500;
            assert!(history.record(tick, n * 960) <= 480, "{n}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut history = ArrivalHistory::new();
        for n in 0..10_000 {
            history.record(n, 0);
            history.record(n, 0);
        }
        assert!(history.fastest.len() <= WINDOW_TICKS as usize + 2);
    }
}
