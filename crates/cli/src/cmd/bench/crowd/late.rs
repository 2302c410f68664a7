use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How fine times are told apart.
const STEP: Duration = Duration::from_micros(10);
/// Up to 200 ms; later ones count as that.
const STEPS: usize = 20_000;

/// How often what time passed, counted by many at once.
#[derive(Debug)]
pub(super) struct Lateness(Box<[AtomicU64]>);

impl Lateness {
    pub(super) fn new() -> Self {
        Self((0..=STEPS).map(|_| AtomicU64::new(0)).collect())
    }

    pub(super) fn count(&self, time: Duration) {
        let step = (time.as_nanos() / STEP.as_nanos()).min(STEPS as u128) as usize;
        self.0[step].fetch_add(1, Ordering::Relaxed);
    }

    /// The time that `share` of all counted were not above; zero if none was counted.
    pub(super) fn at(&self, share: f64) -> Duration {
        let counts: Vec<u64> = self.0.iter().map(|step| step.load(Ordering::Relaxed)).collect();
        let all: u64 = counts.iter().sum();
        let wanted = (all as f64 * share).ceil() as u64;
        let mut sum = 0;
        let step = counts.iter().position(|count| {
            sum += count;
            sum >= wanted
        });
        if all == 0 { Duration::ZERO } else { STEP * (step.unwrap_or(STEPS) + 1) as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_told_to_the_step() {
        let late = Lateness::new();
        assert_eq!(late.at(0.5), Duration::ZERO);
        for micros in 1..=100 {
            late.count(Duration::from_micros(100 * micros));
        }
        assert_eq!(late.at(0.5), Duration::from_micros(5_010));
        assert_eq!(late.at(0.99), Duration::from_micros(9_910));
        assert_eq!(late.at(1.0), Duration::from_micros(10_010));
        late.count(Duration::from_secs(9));
        assert_eq!(late.at(1.0), STEP * (STEPS + 1) as u32);
    }
}
