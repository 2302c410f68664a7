use std::time::{Duration, Instant};

use crate::ticks;

/// How one stream is received (RFC 3550 appendices A.3 and A.8).
///
/// Duplicates are not counted as received, so that what is lost is never negative.
#[derive(Clone, Debug)]
pub struct ReceptionStats {
    clock_hz: u64,
    first_index: Option<u64>,
    newest_index: u64,
    received: u64,
    expected_before: u64,
    received_before: u64,
    /// The reference for arrival times, and the newest of them with its media time.
    origin: Option<Instant>,
    transit: Option<i64>,
    /// In 1/16 ticks.
    jitter: u64,
    losses: Losses,
}

/// Losses of late, each the packets that were missing in a row.
#[derive(Clone, Copy, Debug, Default)]
struct Losses {
    /// In 1/16.
    packets: u32,
    /// In 1/16.
    runs: u32,
}

impl Losses {
    const fn add(&mut self, skipped: u64) {
        // What skips more is an outage.
        let packets = if skipped < 64 { skipped as u32 } else { 64 };
        self.packets = self.packets.saturating_add(packets * 16);
        self.runs = self.runs.saturating_add(16);
    }

    /// The mean length of a run in quarters of a packet, 0 if there was none; halves what is known.
    fn take_mean_quarters(&mut self) -> u8 {
        let mean = self.packets.saturating_mul(4).checked_div(self.runs).unwrap_or(0);
        (self.packets, self.runs) = (self.packets / 2, self.runs / 2);
        u8::try_from(mean).unwrap_or(u8::MAX)
    }
}

impl ReceptionStats {
    /// Statistics of a stream of audio of which nothing came yet.
    pub const fn new() -> Self {
        Self::with_clock(ticks::AUDIO_HZ)
    }

    /// Likewise, of a stream whose RTP clock has this rate.
    pub(crate) const fn with_clock(clock_hz: u64) -> Self {
        Self {
            clock_hz,
            first_index: None,
            newest_index: 0,
            received: 0,
            expected_before: 0,
            received_before: 0,
            origin: None,
            transit: None,
            jitter: 0,
            losses: Losses { packets: 0, runs: 0 },
        }
    }

    /// Takes note of a packet that is no duplicate.
    ///
    /// `index` is its number without wraps, `media_time` its time in ticks without wraps.
    pub fn record(&mut self, now: Instant, index: u64, media_time: u64) {
        let first = self.first_index.unwrap_or(index);
        self.first_index = Some(first.min(index));
        self.newest_index = self.newest_index.max(index);
        self.received += 1;
        self.record_transit(now, media_time);
    }

    /// The clock of the stream restarted: the next packet is not compared with the one before.
    pub const fn forget_transit(&mut self) {
        self.transit = None;
    }

    /// Packets received, without duplicates.
    pub const fn received(&self) -> u64 {
        self.received
    }

    /// Packets that did not come so far.
    pub fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// Interarrival jitter in ticks.
    pub fn jitter_ticks(&self) -> u32 {
        u32::try_from(self.jitter >> 4).unwrap_or(u32::MAX)
    }

    /// Interarrival jitter.
    pub fn jitter(&self) -> Duration {
        ticks::to_duration(self.jitter_ticks(), self.clock_hz)
    }

    /// Whether anything came since the last call of [`Self::take_fraction_lost`].
    pub(crate) const fn has_news(&self) -> bool {
        self.received > self.received_before
    }

    /// The share lost since the last call, in 1/256; `None` if nothing came since.
    pub(crate) fn take_fraction_lost(&mut self) -> Option<u8> {
        let received = self.received - self.received_before;
        if received == 0 {
            return None;
        }
        let expected = self.expected() - self.expected_before;
        self.expected_before = self.expected();
        self.received_before = self.received;
        let lost = expected.saturating_sub(received);
        // Below 256, since something was received.
        Some((lost * 256).checked_div(expected).unwrap_or(0).min(255) as u8)
    }

    /// So many packets are missing before the newest.
    pub(crate) const fn skipped(&mut self, packets: u64) {
        if packets > 0 {
            self.losses.add(packets);
        }
    }

    /// How many packets were missing in a row of late, on average, in quarters; 0 if none were.
    pub(crate) fn take_burst_quarters(&mut self) -> u8 {
        self.losses.take_mean_quarters()
    }

    fn expected(&self) -> u64 {
        self.first_index.map_or(0, |first| self.newest_index - first + 1)
    }

    fn record_transit(&mut self, now: Instant, media_time: u64) {
        let origin = *self.origin.get_or_insert(now);
        let arrival = ticks::from_duration(now.saturating_duration_since(origin), self.clock_hz);
        // The difference of two transits is what counts, so wrapping is harmless.
        let transit = arrival.wrapping_sub(media_time) as i64;
        if let Some(before) = self.transit.replace(transit) {
            let difference = transit.abs_diff(before);
            self.jitter = self.jitter.saturating_add(difference) - ((self.jitter + 8) >> 4);
        }
    }
}

impl Default for ReceptionStats {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use calling_testkit::epoch;
    use proptest::prelude::*;

    use super::*;

    const FIRST: u64 = 1 << 32;

    fn at(millis: u64) -> Instant {
        epoch() + Duration::from_millis(millis)
    }

    #[test]
    fn nothing_received_reports_nothing() {
        let mut stats = ReceptionStats::new();
        assert_eq!(stats.take_fraction_lost(), None);
        assert_eq!((stats.received(), stats.lost(), stats.jitter_ticks()), (0, 0, 0));
    }

    #[test]
    fn loss_is_what_did_not_come_between_the_ends() {
        let mut stats = ReceptionStats::new();
        for number in [0, 1, 2, 5, 9] {
            stats.record(at(number * 20), FIRST + number, number * 960);
        }
        assert_eq!((stats.received(), stats.lost()), (5, 5));
        assert_eq!(stats.take_fraction_lost(), Some(128));
        // What comes late is not lost, and an interval may gain more than it expected.
        for number in [3, 4] {
            stats.record(at(200), FIRST + number, number * 960);
        }
        assert_eq!((stats.lost(), stats.take_fraction_lost()), (3, Some(0)));
        assert_eq!(stats.take_fraction_lost(), None);
    }

    #[test]
    fn what_was_sent_before_the_first_counts_as_expected() {
        let mut stats = ReceptionStats::new();
        stats.record(at(0), FIRST + 2, 1_920);
        stats.record(at(1), FIRST, 0);
        assert_eq!((stats.received(), stats.lost()), (2, 1));
    }

    #[test]
    fn nearly_everything_lost_stays_a_byte() {
        let mut stats = ReceptionStats::new();
        stats.record(at(0), FIRST, 0);
        stats.take_fraction_lost();
        stats.record(at(1), FIRST + 3_000, 960);
        assert_eq!(stats.take_fraction_lost(), Some(255));
    }

    #[test]
    fn a_clock_restart_is_no_jitter() {
        let mut stats = ReceptionStats::new();
        stats.record(at(0), FIRST, 0);
        stats.forget_transit();
        stats.record(at(20), FIRST + 1, 1 << 40);
        assert_eq!(stats.jitter_ticks(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        /// The formula of RFC 3550 section 6.4.1 in floating point.
        #[test]
        fn jitter_follows_the_formula(delays in prop::collection::vec(0_u64..200, 2..300)) {
            let mut stats = ReceptionStats::new();
            let (mut jitter, mut before, mut arrival) = (0.0_f64, None, 0);
            for (number, delay) in delays.into_iter().enumerate() {
                let sent = number as u64 * 20;
                // One cannot arrive before the one that is handled first.
                arrival = (sent + delay).max(arrival);
                stats.record(at(arrival), FIRST + number as u64, sent * 48);
                let transit = arrival - sent;
                if let Some(before) = before.replace(transit) {
                    jitter += ((transit.abs_diff(before) * 48) as f64 - jitter) / 16.0;
                }
                let error = (f64::from(stats.jitter_ticks()) - jitter).abs();
                prop_assert!(error <= 2.0, "{} against {jitter}", stats.jitter_ticks());
            }
        }
    }
}
