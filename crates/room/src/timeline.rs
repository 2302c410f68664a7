use std::time::Instant;

use crate::ticks;

/// How far media time may run ahead of arrival, or a late packet lie behind: 10 s, more than any
/// network holds back.
const SLACK_TICKS: u64 = 10 * ticks::CLOCK_RATE_HZ;
/// Where media time begins, so that what was reordered from before is still above zero.
const FIRST_TIME: u64 = 1 << 32;

/// The media time of one publisher, in ticks of its clock, without wraps and without jumps.
///
/// It never runs backwards from one newest packet to the next. Where the timestamps of the
/// publisher do, or run far ahead of the time that passed, they restarted: media time then goes on
/// by the time that passed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline {
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
    /// Places a packet that is newer than all before.
    pub(crate) fn advance(&mut self, now: Instant, timestamp: u32) -> Placed {
        let placed = match self.newest {
            None => Placed { time: FIRST_TIME, restarted: false },
            Some(newest) if self.restarts => newest.restart(now),
            Some(newest) => newest.step(now, timestamp),
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
        (behind <= SLACK_TICKS).then_some(newest.time - behind)
    }

    /// Places a timestamp that belongs to `now`; `None` if it is nowhere near.
    pub(crate) fn place_now(&self, now: Instant, timestamp: u32) -> Option<u64> {
        let newest = self.newest?;
        // As signed: the timestamp may lie on either side of the newest packet's.
        let ahead = i64::from(timestamp.wrapping_sub(newest.timestamp) as i32);
        let time = newest.time.saturating_add_signed(ahead);
        let expected = newest.time + newest.elapsed(now);
        (time.abs_diff(expected) <= SLACK_TICKS).then_some(time)
    }
}

impl Newest {
    fn step(&self, now: Instant, timestamp: u32) -> Placed {
        let ahead = u64::from(timestamp.wrapping_sub(self.timestamp));
        if ahead > self.elapsed(now) + SLACK_TICKS {
            return self.restart(now);
        }
        Placed { time: self.time + ahead, restarted: false }
    }

    fn restart(&self, now: Instant) -> Placed {
        Placed { time: self.time + self.elapsed(now).max(1), restarted: true }
    }

    fn elapsed(&self, now: Instant) -> u64 {
        ticks::from_duration(now.saturating_duration_since(self.at))
    }
}
