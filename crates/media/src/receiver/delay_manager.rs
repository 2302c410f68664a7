use super::histogram::Histogram;
use crate::TICK_MS;

/// Chooses the delay to aim at.
///
/// Each frame tells the delay that would have been just enough for it: its packet's lateness or,
/// if the packet was lost, the lateness of the packet that carries its redundancy plus the frames
/// between. Of their distribution the target covers [`QUANTILE`], and more where that is cheap:
/// the least sum of delay and of the share not covered, priced at [`MS_PER_PERCENT`]. Losses
/// thereby lengthen the delay only as far as redundancy makes up for them.
///
/// Two memories are asked. The long one holds the target still: each change of it is heard as
/// stretched time, and the last second of even a steady network says something else every time.
/// The short one tells when the network is another: once it knows a delay that is cheaper by
/// [`SURPRISE_MS`], or for [`CALM_TICKS`] nothing has come near the target, what was before is
/// forgotten.
///
/// What comes in one tick counts once, unless that happens often: the burst that ends a stall is
/// one event, and a memory cannot tell its price.
#[derive(Debug)]
pub(super) struct DelayManager {
    short: Histogram,
    long: Histogram,
    calm: Calm,
    /// The tick of the entry last made, and what it was.
    in_tick: Option<(u64, u32)>,
    /// The tick in which several frames came last, and whether that happens often.
    burst: Option<(u64, bool)>,
    entries: u32,
    min_ms: u32,
    max_ms: u32,
    start_ms: u32,
    target_ms: u32,
    /// The same without the least delay of the configuration.
    network_ms: u32,
    /// Packets of an outage that no delay could have bridged are coming in.
    outage: bool,
}

/// Entries since the last that came near the target, the tick of the first of them and the largest
/// bucket among them.
#[derive(Clone, Copy, Debug, Default)]
struct Calm {
    entries: u32,
    since: u64,
    bucket: usize,
}

/// Share of packets that the delay must cover (NetEq's underrun optimiser: 0.95).
const QUANTILE: f32 = 0.95;
/// What a percent of late audio costs in milliseconds of delay (NetEq's reorder optimiser: 20, for
/// latecomers by reordering alone).
const MS_PER_PERCENT: f32 = 20.0;
/// Another delay must be cheaper by so much to be changed for: less is chance, and changing is heard.
const SWITCH_MS: f32 = 8.0;
/// By so much cheaper, in the short memory, it is another network: three percent of audio.
const SURPRISE_MS: f32 = 60.0;
/// An entry's weight falls so with each later one in the short memory (NetEq: 0.983, a memory of
/// about 1.2 s at 20 ms per packet).
const FORGET: f32 = 0.983;
/// The same in the long one, a memory of 13 s: of exponential jitter it knows the 99th percentile to
/// one step of the histogram.
const FORGET_LONG: f32 = 0.9985;
/// After so many ticks, 4 s, in which all entries are far below the target, the storm is over ...
const CALM_TICKS: u64 = 400;
/// ... if there are as many of them: two seconds' at 20 ms per packet.
const CALM_ENTRIES: u32 = 100;
/// Far below is less than this share of the target. Of exponential jitter one packet in thirty is
/// above it: false alarms are one in 500.
const CALM_SHARE: f32 = 0.7;
/// Bursts are usual if they come within so many ticks, the short memory's 1.5 s.
const USUAL_TICKS: u64 = 150;
/// Until so many entries are known, a second's worth, the delay of the start is kept.
const STARTING: u32 = 50;

/// What a delay may be, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) min_ms: u32,
    pub(super) max_ms: u32,
    /// The least while the network is not known yet.
    pub(super) start_ms: u32,
}

impl DelayManager {
    pub(super) fn new(bounds: Bounds) -> Self {
        let max_ms = bounds.max_ms.clamp(TICK_MS, 10_000);
        let min_ms = bounds.min_ms.min(max_ms);
        let start_ms = bounds.start_ms.clamp(min_ms, max_ms);
        let buckets = (max_ms / TICK_MS) as usize + 1;
        Self {
            short: Histogram::new(buckets, FORGET),
            long: Histogram::new(buckets, FORGET_LONG),
            calm: Calm::default(),
            in_tick: None,
            burst: None,
            entries: 0,
            min_ms,
            max_ms,
            start_ms,
            target_ms: start_ms,
            network_ms: 0,
            outage: false,
        }
    }

    /// A frame would have needed `delay_ms`, as was learned from what came before `tick`.
    pub(super) fn update(&mut self, tick: u64, delay_ms: u32) {
        if delay_ms > self.max_ms {
            self.outage = true;
        } else if delay_ms <= self.target_ms {
            self.outage = false;
        }
        if self.outage {
            return;
        }
        let bucket = delay_ms.div_ceil(TICK_MS) as usize;
        let known = self.in_tick.is_some_and(|(at, most)| at == tick && delay_ms <= most);
        if !known || self.is_usual_burst(tick) {
            self.short.add(bucket);
            self.long.add(bucket);
        }
        if !known {
            self.in_tick = Some((tick, delay_ms));
        }
        self.entries = self.entries.saturating_add(1);
        self.notice_calm(tick, bucket);
        self.network_ms = self.best_ms().min(self.max_ms);
        let least = if self.entries < STARTING { self.start_ms } else { self.min_ms };
        self.target_ms = self.network_ms.max(least);
    }

    /// The delay of least cost; the one there is unless the gain is worth a change.
    fn best_ms(&mut self) -> u32 {
        let recent = Choice::of(&self.short, self.network_ms);
        if recent.gain_ms > SURPRISE_MS {
            self.long.copy_weights(&self.short);
            self.calm = Calm::default();
        }
        let choice = Choice::of(&self.long, self.network_ms);
        if choice.gain_ms > SWITCH_MS { choice.best_ms } else { self.network_ms }
    }

    /// Forgets the storm, once nothing has come near the target for long. What was seen since then
    /// is all that the long memory keeps: nothing of the storm holds the target above it.
    fn notice_calm(&mut self, tick: u64, bucket: usize) {
        if (bucket as u32 * TICK_MS) as f32 > self.network_ms as f32 * CALM_SHARE {
            self.calm = Calm::default();
            return;
        }
        let Calm { entries, since, bucket: largest } = self.calm;
        let since = if entries == 0 { tick } else { since };
        self.calm = Calm { entries: entries + 1, since, bucket: largest.max(bucket) };
        if self.calm.entries >= CALM_ENTRIES && tick.saturating_sub(since) >= CALM_TICKS {
            self.short.forget_above(self.calm.bucket);
            self.long.copy_weights(&self.short);
            self.network_ms = Choice::of(&self.long, self.network_ms).best_ms;
            self.calm = Calm::default();
        }
    }

    /// Several frames came in `tick`; whether the same happened shortly before.
    fn is_usual_burst(&mut self, tick: u64) -> bool {
        let (last, usual) = self.burst.unwrap_or((tick, false));
        let usual = if last == tick { usual } else { tick.saturating_sub(last) <= USUAL_TICKS };
        self.burst = Some((tick, usual));
        usual
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
        self.short.clear();
        self.long.clear();
        (self.in_tick, self.burst) = (None, None);
        self.calm = Calm::default();
        self.entries = 0;
        self.outage = false;
    }
}

/// What a memory would choose.
#[derive(Clone, Copy, Debug)]
struct Choice {
    /// The delay of least cost.
    best_ms: u32,
    /// By so much it is cheaper than the one there is; without bounds if that covers too little.
    gain_ms: f32,
}

impl Choice {
    fn of(needed: &Histogram, held_ms: u32) -> Self {
        let mut best = (f32::INFINITY, 0);
        let mut held_cost = None;
        let mut covers_quantile = false;
        for (bucket, uncovered) in needed.shares_above().enumerate() {
            let delay_ms = bucket as u32 * TICK_MS;
            let cost = delay_ms as f32 + MS_PER_PERCENT * 100.0 * uncovered;
            if cost < best.0 || !covers_quantile {
                best = (cost, delay_ms);
            }
            covers_quantile |= uncovered <= 1.0 - QUANTILE;
            if delay_ms == held_ms {
                held_cost = Some(if covers_quantile { cost } else { f32::INFINITY });
            }
        }
        // Beyond all that was seen delay is the only cost.
        let held_cost = held_cost.unwrap_or(held_ms as f32);
        Self { best_ms: best.1, gain_ms: held_cost - best.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { min_ms: 20, max_ms: 2_000, start_ms: 20 };

    /// One frame each other tick.
    fn target_after(delays: impl IntoIterator<Item = u32>) -> u32 {
        let mut manager = DelayManager::new(BOUNDS);
        (0..).zip(delays).for_each(|(frame, delay)| manager.update(frame * 2, delay));
        manager.target_ms()
    }

    #[test]
    fn a_perfect_network_gets_the_least_delay() {
        assert_eq!(target_after([0; 500]), 20);
    }

    #[test]
    fn a_start_is_careful_for_a_second() {
        let mut manager = DelayManager::new(Bounds { start_ms: 40, ..BOUNDS });
        assert_eq!(manager.target_ms(), 40);
        for frame in 1..100 {
            manager.update(frame * 2, 0);
            assert_eq!(manager.target_ms(), if frame < 50 { 40 } else { 20 }, "{frame}");
        }
        manager.clear();
        manager.update(0, 0);
        assert_eq!(manager.target_ms(), 40, "a stream that begins anew is a start as well");
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
    fn the_burst_after_a_stall_is_one_event() {
        let mut manager = DelayManager::new(BOUNDS);
        (0..100).for_each(|frame| manager.update(frame * 2, 0));
        // 200 ms of packets in one tick.
        (0..10).for_each(|n| manager.update(220, 200 - n * 20));
        assert!(manager.target_ms() <= 40, "{}", manager.target_ms());
        // The same delay, packet by packet, is another route.
        (0..30).for_each(|frame| manager.update(222 + frame * 2, 200));
        assert_eq!(manager.target_ms(), 200);
    }

    #[test]
    fn bursts_that_come_again_and_again_are_waited_for() {
        let mut manager = DelayManager::new(BOUNDS);
        for round in 0..20 {
            let begin = round * 54;
            (0..19).for_each(|frame| manager.update(begin + frame * 2, 0));
            // Eight frames in one tick, every half a second.
            (1..=8).for_each(|n| manager.update(begin + 53, (9 - n) * 20));
        }
        assert!(manager.target_ms() >= 100, "{}", manager.target_ms());
    }

    #[test]
    fn rare_lateness_is_covered_while_it_is_cheap() {
        // 3 % at 40 ms: beyond the quantile, yet 20 ms of delay for 90 ms worth of loss.
        assert_eq!(target_after((0..600).map(|n| if n % 33 == 0 { 40 } else { 0 })), 40);
        // The same share at 400 ms is not.
        assert!(target_after((0..600).map(|n| if n % 33 == 0 { 400 } else { 0 })) <= 20);
    }

    #[test]
    fn a_hiccup_every_two_seconds_is_remembered() {
        // Between them all is even at 20 ms.
        let hiccup = |worst| move |n| if n % 100 < 2 { worst } else { 20 };
        assert_eq!(target_after((0..690).map(hiccup(40))), 40);
        let dear = target_after((0..690).map(hiccup(200)));
        assert_eq!(dear, 20, "the same share at 200 ms is not worth it");
    }

    #[test]
    fn it_returns_after_a_storm_within_five_seconds() {
        for worst in [81, 1_001] {
            let storm = (0..500).map(|n| n * 13 % worst);
            assert!(target_after(storm.clone()) >= 70);
            assert_eq!(target_after(storm.chain([0; 250])), 20);
        }
    }

    /// Exponential jitter of mean 20 ms, in whole ticks, by a generator of its own.
    fn exponential(frames: u64) -> impl Iterator<Item = u32> {
        let mut state = 1_u64;
        (0..frames).map(move |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let uniform = ((state >> 33) + 1) as f64 / (1_u64 << 31) as f64;
            (-uniform.ln() * 2.0).ceil() as u32 * 10
        })
    }

    #[test]
    fn steady_jitter_holds_the_target_still() {
        let mut manager = DelayManager::new(BOUNDS);
        let mut changes = 0;
        for (frame, delay) in (0..).zip(exponential(6_000)) {
            let before = manager.target_ms();
            manager.update(frame * 2, delay);
            changes += u32::from(frame > 500 && manager.target_ms() != before);
            assert!(frame < 500 || (60..=140).contains(&manager.target_ms()), "{frame}");
        }
        // A memory of a second alone changes it all the time.
        assert!(changes <= 40, "{changes}");
    }

    #[test]
    fn another_network_is_noticed() {
        let jitter = (0..2_000).map(|n| n * 7 % 31).chain((0..25).map(|n| n * 70 % 310));
        assert!(target_after(jitter.clone()) >= 240, "{}", target_after(jitter));
        let calm = (0..2_000).map(|n| n * 70 % 310).chain((0..200).map(|n| n * 7 % 31));
        assert!(target_after(calm) <= 40, "back within four seconds");
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
