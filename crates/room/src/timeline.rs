use std::time::Instant;

use crate::ticks;

/// How far media time may run ahead of arrival, or a late packet lie behind: 10 s, more than any
/// network holds back.
const SLACK_SECONDS: u64 = 10;
/// Where media time begins, so that what was reordered from before is still above zero.
const FIRST_TIME: u64 = 1 << 32;

/// The media time of one publisher, in ticks of its clock, without wraps and without jumps.
///
/// It never runs backwards from one newest packet to the next. Where the timestamps of the
/// publisher do, or run far ahead of the time that passed, they restarted: media time then goes on
/// by the time that passed.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    clock_hz: u64,
    newest: Option<Newest>,
    /// The owner said that the next timestamp is unrelated.
    restarts: bool,
}

#[derive(Clone, Copy, Debug)]
struct Newest {
    timestamp: u32,
    time: u64,
    at: Instant,
}

/// Where a packet lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// In ticks.
    pub(crate) time: u64,
    /// The timestamps restarted with this packet.
    pub(crate) restarted: bool,
}

impl Timeline {
    /// Of a stream of which nothing came yet.
    pub(crate) const fn new(clock_hz: u64) -> Self {
        Self { clock_hz, newest: None, restarts: false }
    }

    /// Places a packet that is newer than all before.
    pub(crate) fn advance(&mut self, now: Instant, timestamp: u32) -> Placed {
        let placed = match self.newest {
            None => Placed { time: FIRST_TIME, restarted: false },
            Some(newest) if self.restarts => newest.restart(now, self.clock_hz),
            Some(newest) => newest.step(now, timestamp, self.clock_hz),
        };
        self.restarts = false;
        self.newest = Some(Newest { timestamp, time: placed.time, at: now });
        placed
    }

    /// The next timestamp is unrelated to those before.
    pub(crate) const fn restart(&mut self) {
        self.restarts = true;
    }

    /// Places a packet that came late; `None` if it is nowhere near the newest.
    pub(crate) fn place_late(&self, timestamp: u32) -> Option<u64> {
        let newest = self.newest?;
        let behind = u64::from(newest.timestamp.wrapping_sub(timestamp));
        (behind <= self.slack()).then_some(newest.time - behind)
    }

    /// Places a timestamp that belongs to `now`; `None` if it is nowhere near.
    pub(crate) fn place_now(&self, now: Instant, timestamp: u32) -> Option<u64> {
        let newest = self.newest?;
        // As signed: the timestamp may lie on either side of the newest packet's.
        let ahead = i64::from(timestamp.wrapping_sub(newest.timestamp) as i32);
        let time = newest.time.saturating_add_signed(ahead);
        let expected = newest.time + newest.elapsed(now, self.clock_hz);
        (time.abs_diff(expected) <= self.slack()).then_some(time)
    }

    const fn slack(&self) -> u64 {
        slack(self.clock_hz)
    }
}

const fn slack(clock_hz: u64) -> u64 {
    SLACK_SECONDS * clock_hz
}

impl Newest {
    fn step(&self, now: Instant, timestamp: u32, clock_hz: u64) -> Placed {
        let ahead = u64::from(timestamp.wrapping_sub(self.timestamp));
        if ahead > self.elapsed(now, clock_hz) + slack(clock_hz) {
            return self.restart(now, clock_hz);
        }
        Placed { time: self.time + ahead, restarted: false }
    }

    fn restart(&self, now: Instant, clock_hz: u64) -> Placed {
        Placed { time: self.time + self.elapsed(now, clock_hz).max(1), restarted: true }
    }

    fn elapsed(&self, now: Instant, clock_hz: u64) -> u64 {
        ticks::from_duration(now.saturating_duration_since(self.at), clock_hz)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use calling_testkit::epoch;
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Instant {
        epoch() + Duration::from_millis(millis)
    }

    fn placed(time: u64, restarted: bool) -> Placed {
        Placed { time, restarted }
    }

    #[test]
    fn timestamps_are_followed_over_the_wrap() {
        let mut timeline = Timeline::new(ticks::AUDIO_HZ);
        assert_eq!(timeline.advance(at(0), u32::MAX - 959), placed(FIRST_TIME, false));
        assert_eq!(timeline.advance(at(20), 0), placed(FIRST_TIME + 960, false));
        assert_eq!(timeline.place_late(u32::MAX), Some(FIRST_TIME + 959));
    }

    #[test]
    fn a_stalled_network_is_no_restart() {
        let mut timeline = Timeline::new(ticks::AUDIO_HZ);
        timeline.advance(at(0), 0);
        // 9 s of voice at once.
        assert_eq!(timeline.advance(at(1), 9 * 48_000), placed(FIRST_TIME + 9 * 48_000, false));
        // A pause of a minute.
        let time = FIRST_TIME + 69 * 48_000;
        assert_eq!(timeline.advance(at(60_000), 69 * 48_000), placed(time, false));
    }

    #[test]
    fn a_jump_either_way_goes_on_by_the_time_that_passed() {
        for jump in [0_u32.wrapping_sub(960), 11 * 48_000, 1 << 31] {
            let mut timeline = Timeline::new(ticks::AUDIO_HZ);
            timeline.advance(at(0), 0);
            assert_eq!(timeline.advance(at(20), jump), placed(FIRST_TIME + 960, true));
            let next = timeline.advance(at(40), jump.wrapping_add(960));
            assert_eq!(next, placed(FIRST_TIME + 1_920, false));
        }
    }

    #[test]
    fn a_restart_in_the_same_instant_still_moves() {
        let mut timeline = Timeline::new(ticks::AUDIO_HZ);
        timeline.advance(at(0), 7);
        timeline.restart();
        assert_eq!(timeline.advance(at(0), 7), placed(FIRST_TIME + 1, true));
        assert_eq!(timeline.advance(at(0), 7), placed(FIRST_TIME + 1, false));
    }

    #[test]
    fn late_and_present_timestamps_must_be_near() {
        let mut timeline = Timeline::new(ticks::AUDIO_HZ);
        assert_eq!(timeline.place_late(0), None);
        assert_eq!(timeline.place_now(at(0), 0), None);
        timeline.advance(at(0), 1_000_000);
        assert_eq!(timeline.place_late(1_000_960), None, "late, yet ahead of the newest");
        assert_eq!(timeline.place_late(1_000_000 - 480_001), None);
        assert_eq!(timeline.place_late(1_000_000 - 480_000), Some(FIRST_TIME - 480_000));
        assert_eq!(timeline.place_now(at(500), 1_024_000), Some(FIRST_TIME + 24_000));
        assert_eq!(timeline.place_now(at(500), 999_999), Some(FIRST_TIME - 1));
        assert_eq!(timeline.place_now(at(500), 1_504_001), None);
        assert_eq!(timeline.place_now(at(500), 1_504_000), Some(FIRST_TIME + 504_000));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn never_backwards_and_never_far_ahead(
            packets in prop::collection::vec((0_u64..5_000, any::<u32>()), 1..200),
        ) {
            let mut timeline = Timeline::new(ticks::AUDIO_HZ);
            let mut before = timeline.advance(at(0), 0).time;
            let mut now = 0;
            for (passed, timestamp) in packets {
                now += passed;
                let time = timeline.advance(at(now), timestamp).time;
                prop_assert!(time >= before);
                prop_assert!(time - before <= passed * 48 + slack(ticks::AUDIO_HZ));
                before = time;
            }
        }
    }
}
