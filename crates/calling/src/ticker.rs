use std::time::{Duration, Instant};

/// A periodic deadline that does not drift: the n-th tick is due at `first + n * period`, however
/// late the ticks before it were handled.
///
/// Ticks missed by little are caught up one by one, so that the count of ticks stays the clock.
/// Ticks missed by much (the machine slept) are skipped and counted, so that there is no storm.
#[derive(Clone, Debug)]
pub(crate) struct Ticker {
    period: Duration,
    most_behind: Duration,
    next: Instant,
    skipped: u64,
}

impl Ticker {
    /// Ticks every `period`, first at `first`; what is more than `most_behind` late is skipped.
    pub(crate) fn new(first: Instant, period: Duration, most_behind: Duration) -> Self {
        debug_assert!(!period.is_zero(), "a period of zero never ends");
        Self { period, most_behind, next: first, skipped: 0 }
    }

    /// When the next tick is due.
    pub(crate) fn next(&self) -> Instant {
        self.next
    }

    /// Takes one tick if it is due.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        if now < self.next {
            return false;
        }
        self.skip_what_is_too_old(now);
        self.next += self.period;
        true
    }

    /// The next tick is at `now`, the ones after it follow in step with it.
    pub(crate) fn realign(&mut self, now: Instant) {
        self.next = now;
    }

    /// Ticks skipped so far.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped
    }

    fn skip_what_is_too_old(&mut self, now: Instant) {
        let behind = now.saturating_duration_since(self.next);
        if behind <= self.most_behind {
            return;
        }
        let periods = u32::try_from(behind.as_nanos() / self.period.as_nanos()).unwrap_or(u32::MAX);
        self.next += self.period * periods;
        self.skipped += u64::from(periods);
    }
}

#[cfg(test)]
mod tests {
    use calling_testkit::epoch;
    use proptest::prelude::*;

    use super::*;

    const PERIOD: Duration = Duration::from_millis(10);

    fn ticker() -> Ticker {
        Ticker::new(epoch(), PERIOD, Duration::from_millis(200))
    }

    fn taken(ticker: &mut Ticker, now: Instant) -> u32 {
        std::iter::repeat_with(|| ticker.take(now)).take_while(|due| *due).count() as u32
    }

    #[test]
    fn lateness_does_not_add_up() {
        let mut ticker = ticker();
        for number in 0..1_000 {
            let late = epoch() + PERIOD * number + Duration::from_millis(3);
            assert_eq!(taken(&mut ticker, late), 1);
        }
        assert_eq!(ticker.next(), epoch() + PERIOD * 1_000);
    }

    #[test]
    fn a_short_pause_is_caught_up_and_a_long_one_is_skipped() {
        let mut ticker = ticker();
        assert_eq!(taken(&mut ticker, epoch() + PERIOD * 9), 10);
        assert_eq!(ticker.skipped(), 0);
        assert_eq!(taken(&mut ticker, epoch() + Duration::from_secs(3_600)), 1);
        assert_eq!(ticker.skipped(), 359_990);
    }

    #[test]
    fn realigned_ticks_follow_the_new_phase() {
        let mut ticker = ticker();
        assert_eq!(taken(&mut ticker, epoch()), 1);
        ticker.realign(epoch() + Duration::from_millis(4));
        assert_eq!(taken(&mut ticker, epoch() + Duration::from_millis(4)), 1);
        assert_eq!(ticker.next(), epoch() + Duration::from_millis(14));
    }

    proptest! {
        #[test]
        fn after_a_drain_the_deadline_is_later(pauses in proptest::collection::vec(0u64..100_000, 1..40)) {
            let mut ticker = ticker();
            let mut now = epoch();
            for pause in pauses {
                now += Duration::from_micros(pause * 37);
                prop_assert!(taken(&mut ticker, now) <= 21);
                prop_assert!(ticker.next() > now);
            }
        }
    }
}
