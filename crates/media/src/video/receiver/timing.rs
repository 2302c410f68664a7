//! When a picture is shown: its media time, as fast as the fastest, and as late as the network needs.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::video::VIDEO_CLOCK_HZ;

/// How long the fastest arrival counts, so that drifting clocks are followed.
const WINDOW: Duration = Duration::from_secs(5);
/// Pictures whose lateness the target covers.
const REMEMBERED: usize = 90;
/// The share of them that it covers.
const COVERED: f64 = 0.95;
/// How fast it shrinks, per picture.
const DECAY: f64 = 0.02;
/// Media time that is off by this is another clock, in milliseconds.
const LARGEST_STEP_MS: f64 = 3_000.0;

#[derive(Debug)]
pub(super) struct Timing {
    anchor: Option<Anchor>,
    lateness_ms: VecDeque<f64>,
    target_ms: f64,
    most_ms: f64,
}

/// Where arrival and media time are counted from.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    at: Instant,
    timestamp: u64,
    /// The fastest arrivals less their media time, of this window and of the one before.
    fastest_ms: [f64; 2],
    window: Instant,
}

impl Timing {
    pub(super) const fn new(max_delay: Duration) -> Self {
        let most_ms = max_delay.as_secs_f64() * 1_000.0;
        Self { anchor: None, lateness_ms: VecDeque::new(), target_ms: 0.0, most_ms }
    }

    pub(super) fn clear(&mut self) {
        self.anchor = None;
        self.lateness_ms.clear();
        self.target_ms = 0.0;
    }

    pub(super) const fn target_ms(&self) -> f64 {
        self.target_ms
    }

    /// A picture was completed at `now`; when it is to be shown. May lie in the past.
    pub(super) fn due(&mut self, now: Instant, timestamp: u64) -> Instant {
        let anchor = self.anchor.get_or_insert_with(|| Anchor::new(now, timestamp));
        let mut transit = anchor.transit_ms(now, timestamp);
        if (transit - anchor.fastest()).abs() > LARGEST_STEP_MS {
            *anchor = Anchor::new(now, timestamp);
            self.lateness_ms.clear();
            transit = 0.0;
        }
        anchor.learn(now, transit);
        let (at, fastest) = (anchor.at, anchor.fastest());
        let media_ms = anchor.media_ms(timestamp);
        self.aim(transit - fastest);
        later(at, media_ms + fastest + self.target_ms)
    }

    /// Moves the target by the newest lateness: up at once, down slowly.
    fn aim(&mut self, lateness_ms: f64) {
        if self.lateness_ms.len() >= REMEMBERED {
            self.lateness_ms.pop_front();
        }
        self.lateness_ms.push_back(lateness_ms);
        let mut sorted: Vec<f64> = self.lateness_ms.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        // Below the length, since the share is below 1.
        let wanted = sorted[(sorted.len() as f64 * COVERED) as usize].min(self.most_ms);
        let step = wanted - self.target_ms;
        self.target_ms += if step > 0.0 { step } else { step * DECAY };
    }
}

impl Anchor {
    const fn new(at: Instant, timestamp: u64) -> Self {
        Self { at, timestamp, fastest_ms: [0.0, 0.0], window: at }
    }

    fn media_ms(&self, timestamp: u64) -> f64 {
        // Within hours, and signed.
        timestamp.wrapping_sub(self.timestamp) as i64 as f64 * 1_000.0 / f64::from(VIDEO_CLOCK_HZ)
    }

    fn transit_ms(&self, now: Instant, timestamp: u64) -> f64 {
        let since = now.saturating_duration_since(self.at).as_secs_f64() * 1_000.0;
        since - self.media_ms(timestamp)
    }

    fn fastest(&self) -> f64 {
        self.fastest_ms[0].min(self.fastest_ms[1])
    }

    fn learn(&mut self, now: Instant, transit_ms: f64) {
        if now.saturating_duration_since(self.window) >= WINDOW {
            self.window = now;
            self.fastest_ms = [transit_ms, self.fastest_ms[0]];
        }
        self.fastest_ms[0] = self.fastest_ms[0].min(transit_ms);
    }
}

fn later(at: Instant, ms: f64) -> Instant {
    let distance = Duration::from_secs_f64(ms.abs() / 1_000.0);
    if ms >= 0.0 { at + distance } else { at.checked_sub(distance).unwrap_or(at) }
}

#[cfg(test)]
mod tests {
    use calling_testkit::epoch;

    use super::*;

    fn ms(ms: f64) -> Instant {
        epoch() + Duration::from_secs_f64(ms / 1_000.0)
    }

    fn wait(timing: &mut Timing, number: u64, late_ms: f64) -> f64 {
        let now = ms(number as f64 * 20.0 + late_ms);
        let due = timing.due(now, 1_000_000 + number * 1_800);
        due.saturating_duration_since(ms(number as f64 * 20.0)).as_secs_f64() * 1_000.0
    }

    #[test]
    fn an_even_stream_waits_for_nothing() {
        let mut timing = Timing::new(Duration::from_secs(1));
        for number in 0..200 {
            assert!(wait(&mut timing, number, 0.0) < 0.1);
        }
    }

    #[test]
    fn jitter_is_covered_and_forgotten() {
        let mut timing = Timing::new(Duration::from_secs(1));
        for number in 0..200 {
            wait(&mut timing, number, if number % 3 == 0 { 40.0 } else { 0.0 });
        }
        assert!((timing.target_ms() - 40.0).abs() < 1.0, "{}", timing.target_ms());
        let mut last = 0.0;
        for number in 200..600 {
            last = wait(&mut timing, number, 0.0);
        }
        assert!(last < 1.0, "{last}");
    }

    #[test]
    fn drift_is_followed_and_another_clock_begins_anew() {
        let mut timing = Timing::new(Duration::from_secs(1));
        // The sender is slow by 1 %: every picture is 0.2 ms later.
        for number in 0..3_000 {
            wait(&mut timing, number, number as f64 * 0.2);
        }
        assert!(timing.target_ms() < 120.0, "{}", timing.target_ms());
        let now = ms(100_000.0);
        assert_eq!(timing.due(now, 5), later(now, timing.target_ms()));
    }

    #[test]
    fn the_target_is_bounded() {
        let mut timing = Timing::new(Duration::from_millis(100));
        for number in 0..100 {
            wait(&mut timing, number, if number % 2 == 0 { 2_000.0 } else { 0.0 });
        }
        assert!(timing.target_ms() <= 100.0);
    }
}
