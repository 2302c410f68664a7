use std::collections::VecDeque;

use crate::SAMPLES_PER_TICK;

/// How late packets come, measured against the fastest of the last two seconds.
///
/// Arrival is counted in ticks of playout and media time in samples, so that the clocks of sender
/// and receiver need not agree: what they drift apart in two seconds is all that is ever seen of
/// it, and less if it is much.
#[derive(Debug)]
pub(super) struct ArrivalHistory {
    /// `(tick, offset)`, both rising from front to back: each is the fastest since the one
    /// before it.
    fastest: VecDeque<(u64, i64)>,
    drift: Drift,
}

/// NetEq's `kMaxHistoryMs`, 2 s: shorter would forget the fastest path within a delay spike.
const WINDOW_TICKS: u64 = 200;

impl ArrivalHistory {
    pub(super) fn new() -> Self {
        // At most one entry per tick and the newest one survive.
        Self {
            fastest: VecDeque::with_capacity(WINDOW_TICKS as usize + 2),
            drift: Drift::default(),
        }
    }

    /// Records a packet with media time `timestamp` that arrived before `tick`. Returns by how
    /// many samples it was slower than the fastest.
    pub(super) fn record(&mut self, tick: u64, timestamp: u64) -> i64 {
        let offset = offset(tick, timestamp);
        self.drift.record(tick, offset);
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
        let slope = self.drift.slope;
        let fastest = if slope == 0 {
            self.fastest.front().map(|(_, fastest)| *fastest)
        } else {
            // As late as it would be today.
            let today =
                |(at, offset): &(u64, i64)| offset + slope * tick.saturating_sub(*at) as i64;
            self.fastest.iter().map(today).min()
        };
        fastest.map_or(0, |fastest| offset(tick, timestamp) - fastest)
    }

    pub(super) fn clear(&mut self) {
        self.fastest.clear();
        self.drift = Drift::default();
    }
}

/// How much later even the fastest packets become, because the sender's clock is slow.
///
/// Crystals differ by less than what two seconds show. What is followed here are clocks that are
/// wrong by percents, as those of busy virtual machines and of devices at another sample rate:
/// without it, what they lose in two seconds would be taken for jitter.
#[derive(Debug, Default)]
struct Drift {
    /// Two seconds, counted from the first tick, and the fastest offset in them.
    block: Option<(u64, i64)>,
    /// The same of the block before it.
    before: Option<(u64, i64)>,
    /// Growth from block to block, in samples per tick, newest last; zero until known.
    growth: [i64; BLOCKS],
    /// In samples per tick; zero unless it is sure.
    slope: i64,
}

/// A step in the network's delay is in one of the blocks; the median of five does not see it.
const BLOCKS: usize = 5;
/// A little over one percent: jitter of a second makes blocks differ by half as much.
const LEAST_SLOPE: i64 = SAMPLES_PER_TICK as i64 / 100 + 1;
/// Twenty percent; nothing that is to be understood is played slower.
const LARGEST_SLOPE: i64 = SAMPLES_PER_TICK as i64 / 5;

impl Drift {
    fn record(&mut self, tick: u64, offset: i64) {
        let number = tick / WINDOW_TICKS;
        match &mut self.block {
            Some((at, fastest)) if *at == number => *fastest = offset.min(*fastest),
            _ => self.next_block(number, offset),
        }
    }

    /// A block is over, `number` begins.
    fn next_block(&mut self, number: u64, offset: i64) {
        let ended = self.block.replace((number, offset));
        let before = std::mem::replace(&mut self.before, ended);
        let (Some((at, fastest)), Some((at_before, fastest_before))) = (ended, before) else {
            return;
        };
        // Blocks in which nothing came are between them, at most those of a call's length.
        let ticks = at.saturating_sub(at_before).max(1) as i64 * WINDOW_TICKS as i64;
        self.growth.rotate_left(1);
        self.growth[BLOCKS - 1] = (fastest - fastest_before) / ticks;
        let mut sorted = self.growth;
        sorted.sort_unstable();
        let median = sorted[BLOCKS / 2];
        self.slope = if median < LEAST_SLOPE { 0 } else { median.min(LARGEST_SLOPE) };
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

    /// The largest lateness after half a minute of packets that come `lateness(n)` ticks late.
    fn largest(lateness: impl Fn(u64) -> u64) -> i64 {
        let mut history = ArrivalHistory::new();
        let record = |n| (n, history.record(n * 2 + lateness(n), n * 960));
        (0..6_000).map(record).filter(|(n, _)| *n > 1_500).map(|(_, late)| late).max().unwrap()
    }

    #[test]
    fn a_clock_that_is_wrong_by_percents_is_no_lateness() {
        assert!(largest(|n| n / 50) <= 2 * 480, "1 %: {}", largest(|n| n / 50));
        assert!(largest(|n| n / 5) <= 2 * 480, "10 %: {}", largest(|n| n / 5));
        assert!(largest(|n| n / 5 + n * 7 % 5) <= 6 * 480, "with 40 ms of jitter");
    }

    #[test]
    fn a_step_of_delay_is_no_drift() {
        let mut history = ArrivalHistory::new();
        for n in 0..6_000_u64 {
            history.record(n * 2 + u64::from(n > 3_000) * 40 + n * 7 % 5, n * 960);
            assert_eq!(history.drift.slope, 0, "{n}");
        }
    }

    #[test]
    fn a_second_of_jitter_is_no_drift() {
        let mut history = ArrivalHistory::new();
        let dice = |n: u64| ((n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % 101;
        let mut arrivals: Vec<(u64, u64)> = (0..20_000).map(|n| (n * 2 + dice(n), n)).collect();
        arrivals.sort_unstable();
        for (tick, n) in arrivals {
            history.record(tick, n * 960);
            assert_eq!(history.drift.slope, 0, "{n}");
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
