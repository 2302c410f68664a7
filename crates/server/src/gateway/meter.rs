use std::time::{Duration, Instant};

/// How many frames a connection may send: `per_second` on average, twice that in a burst.
///
/// A token bucket that is kept as the instant at which it will be full again (the generic cell
/// rate algorithm), so that an idle connection costs nothing.
#[derive(Debug)]
pub(super) struct FrameMeter {
    cost: Duration,
    burst: Duration,
    full_at: Instant,
}

impl FrameMeter {
    pub(super) fn new(now: Instant, per_second: u32) -> Self {
        let cost = Duration::from_secs(1) / per_second.max(1);
        Self { cost, burst: Duration::from_secs(2), full_at: now }
    }

    /// Counts one frame; `false` if it is one too many.
    pub(super) fn admit(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.max(now) + self.cost;
        let admitted = full_at.saturating_duration_since(now) <= self.burst;
        if admitted {
            self.full_at = full_at;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(meter: &mut FrameMeter, now: Instant, frames: u32) -> usize {
        (0..frames).filter(|_| meter.admit(now)).count()
    }

    #[test]
    fn a_burst_then_the_average() {
        let start = calling_testkit::epoch();
        let mut meter = FrameMeter::new(start, 50);
        assert_eq!(admitted(&mut meter, start, 1_000), 100);
        assert_eq!(admitted(&mut meter, start + Duration::from_secs(1), 1_000), 50);
        assert_eq!(admitted(&mut meter, start + Duration::from_secs(9), 1_000), 100);
    }

    #[test]
    fn a_clock_that_stands_still_or_goes_back_is_no_error() {
        let start = calling_testkit::epoch() + Duration::from_secs(5);
        let mut meter = FrameMeter::new(start, 50);
        assert!(meter.admit(start));
        assert!(meter.admit(start - Duration::from_secs(1)));
    }
}
