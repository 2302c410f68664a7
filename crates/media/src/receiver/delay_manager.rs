use super::histogram::Histogram;
use crate::TICK_MS;

/// Chooses the delay to aim at.
///
/// Each frame tells the delay that would have been just enough for it: its packet's lateness or,
/// if the packet was lost, the lateness of the packet that carries its redundancy plus a frame.
/// Of their recent distribution the target covers [`QUANTILE`], and more where that is cheap: the
/// least sum of delay and of the share not covered, priced at [`MS_PER_PERCENT`]. Losses thereby
/// lengthen the delay only as far as redundancy makes up for them.
#[derive(Debug)]
pub(super) struct DelayManager {
    needed: Histogram,
    min_ms: u32,
    max_ms: u32,
    target_ms: u32,
    /// The same without the least delay of the configuration.
    network_ms: u32,
    /// Packets of an outage that no delay could have bridged are coming in.
    outage: bool,
}

/// Share of packets that the delay must cover (NetEq's underrun optimiser: 0.95).
const QUANTILE: f32 = 0.95;
/// What a percent of late audio costs in milliseconds of delay. NetEq's reorder optimiser takes
/// 20, for latecomers by reordering alone; here it is the price of all that comes too late, and
/// words with holes are worse than a little delay.
const MS_PER_PERCENT: f32 = 40.0;
/// An entry's weight falls so with each later one (NetEq: 0.983, a memory of about 1.2 s at 20 ms
/// per packet).
const FORGET: f32 = 0.983;

impl DelayManager {
    pub(super) fn new(min_ms: u32, max_ms: u32) -> Self {
        let max_ms = max_ms.clamp(TICK_MS, 10_000);
        let min_ms = min_ms.min(max_ms);
        let buckets = (max_ms / TICK_MS) as usize + 1;
        Self {
            needed: Histogram::new(buckets, FORGET),
            min_ms,
            max_ms,
            target_ms: min_ms,
            network_ms: 0,
            outage: false,
        }
    }

    /// A frame would have needed `delay_ms`.
    pub(super) fn update(&mut self, delay_ms: u32) {
        if delay_ms > self.max_ms {
            self.outage = true;
        } else if delay_ms <= self.target_ms {
            self.outage = false;
        }
        if self.outage {
            return;
        }
        self.needed.add(delay_ms.div_ceil(TICK_MS) as usize);
        self.network_ms = self.best_ms().min(self.max_ms);
        self.target_ms = self.network_ms.max(self.min_ms);
    }

    fn best_ms(&self) -> u32 {
        let mut best_cost = f32::INFINITY;
        let mut best_ms = 0;
        let mut covers_quantile = false;
        for (bucket, uncovered) in self.needed.shares_above().enumerate() {
            let delay_ms = bucket as u32 * TICK_MS;
            let cost = delay_ms as f32 + MS_PER_PERCENT * 100.0 * uncovered;
            if cost < best_cost || !covers_quantile {
                (best_cost, best_ms) = (cost, delay_ms);
            }
            covers_quantile |= uncovered <= 1.0 - QUANTILE;
        }
        best_ms
    }

    /// The delay to aim at, in milliseconds beyond the fastest packet.
    pub(super) const fn target_ms(&self) -> u32 {
        self.target_ms
    }

    /// The delay that the network alone asks for, in milliseconds beyond the fastest packet.
    pub(super) const fn network_ms(&self) -> u32 {
        self.network_ms
    }

    /// Forgets the past; the target stays until more is known.
    pub(super) fn clear(&mut self) {
        self.needed.clear();
        self.outage = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target_after(delays: impl IntoIterator<Item = u32>) -> u32 {
        let mut manager = DelayManager::new(20, 2_000);
        delays.into_iter().for_each(|delay| manager.update(delay));
        manager.target_ms()
    }

    #[test]
    fn a_perfect_network_gets_the_least_delay() {
        assert_eq!(target_after([0; 500]), 20);
    }

    #[test]
    fn even_jitter_is_covered() {
        assert_eq!(target_after((0..500).map(|n| n * 7 % 61)), 60);
    }

    #[test]
    fn a_single_straggler_is_not_waited_for() {
        assert_eq!(target_after([0; 100].into_iter().chain([200]).chain([0; 5])), 20);
    }

    #[test]
    fn rare_lateness_is_covered_while_it_is_cheap() {
        // 3 % at 40 ms: beyond the quantile, yet 20 ms of delay for 120 ms worth of loss.
        assert_eq!(target_after((0..600).map(|n| if n % 33 == 0 { 40 } else { 0 })), 40);
        // The same share at 400 ms is not.
        assert!(target_after((0..600).map(|n| if n % 33 == 0 { 400 } else { 0 })) <= 20);
    }

    #[test]
    fn it_returns_after_a_storm_within_five_seconds() {
        let storm = (0..500).map(|n| n * 13 % 81);
        assert!(target_after(storm.clone()) >= 70);
        assert_eq!(target_after(storm.chain([0; 250])), 20);
    }

    #[test]
    fn the_burst_after_an_outage_teaches_nothing() {
        let burst = (0..500).map(|n| 10_000 - n * 20);
        assert_eq!(target_after([0; 100].into_iter().chain(burst)), 20);
    }

    #[test]
    fn it_never_exceeds_the_maximum() {
        assert_eq!(target_after([2_000; 100]), 2_000);
    }
}
