use std::time::{Duration, Instant};

/// The longest step between two rounds of a thread that runs: it sleeps for a second at most.
const LONGEST_STEP: Duration = Duration::from_secs(2);

/// The time that a shard tells its machines: the system's, less the time for which the thread did
/// not run.
///
/// A process that was stopped for a while (SIGSTOP, a paused virtual machine, a machine that
/// swaps) has heard nobody meanwhile. Without this it would wake up and declare everybody gone,
/// although what they sent waits in its socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShardClock {
    last: Instant,
    missed: Duration,
}

impl ShardClock {
    pub(super) const fn new(system: Instant) -> Self {
        Self { last: system, missed: Duration::ZERO }
    }

    /// Begins a round.
    pub(super) fn tick(&mut self, system: Instant) -> Instant {
        let step = system.saturating_duration_since(self.last);
        self.missed += step.saturating_sub(LONGEST_STEP);
        self.last = self.last.max(system);
        self.now()
    }

    /// The time of this round.
    pub(super) fn now(&self) -> Instant {
        self.last - self.missed
    }

    /// The time at a moment of this round.
    pub(super) fn at(&self, system: Instant) -> Instant {
        system - self.missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_runs_has_the_time_of_the_system() {
        let start = calling_testkit::epoch();
        let mut clock = ShardClock::new(start);
        for millis in [0, 1, 20, 1_020, 2_500] {
            let system = start + Duration::from_millis(millis);
            assert_eq!(clock.tick(system), system);
        }
    }

    #[test]
    fn a_thread_that_stood_still_has_missed_nothing_but_a_moment() {
        let start = calling_testkit::epoch();
        let mut clock = ShardClock::new(start);
        let stopped = clock.tick(start + Duration::from_secs(1));
        let woken = start + Duration::from_secs(3_600);
        let now = clock.tick(woken);
        assert_eq!(now, stopped + LONGEST_STEP);
        let later = Duration::from_millis(20);
        assert_eq!(
            (clock.at(woken + later), clock.tick(woken + later)),
            (now + later, now + later)
        );
    }

    #[test]
    fn it_never_goes_back() {
        let start = calling_testkit::epoch() + Duration::from_secs(9);
        let mut clock = ShardClock::new(start);
        assert_eq!(clock.tick(start - Duration::from_secs(1)), start);
    }
}
