//! How often somebody may do something.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many are remembered. Beyond, those who have been quiet longest are forgotten.
const MAX_KEYS: usize = 65_536;

/// Allows each key so much on average, and more in a burst: token buckets, each kept as the
/// instant at which it will be full again (the generic cell rate algorithm).
#[derive(Debug)]
pub(crate) struct RateMeter<K> {
    cost: Duration,
    burst: Duration,
    full_at: Mutex<BTreeMap<K, Instant>>,
}

impl<K: Ord + Clone> RateMeter<K> {
    /// Allows `number` per `span` on average, and `burst` worth of it at once.
    pub(crate) fn new(number: u32, span: Duration, burst: Duration) -> Self {
        let cost = span / number.max(1);
        Self { cost, burst: burst.max(cost), full_at: Mutex::default() }
    }

    /// Counts one; `Err` with how long to wait if it is one too many.
    pub(crate) fn admit(&self, key: &K, now: Instant) -> Result<(), Duration> {
        // Instants stay usable whatever happened to the thread that held them.
        let mut all = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = all.get(key).copied().unwrap_or(now).max(now) + self.cost;
        let over = full_at.saturating_duration_since(now).saturating_sub(self.burst);
        if !over.is_zero() {
            return Err(over);
        }
        if all.len() >= MAX_KEYS && !all.contains_key(key) {
            forget(&mut all, now);
        }
        all.insert(key.clone(), full_at);
        Ok(())
    }
}

/// Forgets the full buckets, and if that is not enough, the fuller half.
fn forget<K: Ord>(all: &mut BTreeMap<K, Instant>, now: Instant) {
    all.retain(|_, at| *at > now);
    if all.len() < MAX_KEYS {
        return;
    }
    let mut instants: Vec<Instant> = all.values().copied().collect();
    let (_, median, _) = instants.select_nth_unstable(MAX_KEYS / 2);
    let median = *median;
    all.retain(|_, at| *at > median);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_burst_then_the_average_for_each_alone() {
        let start = calling_testkit::epoch();
        let meter = RateMeter::new(10, SECOND, 2 * SECOND);
        let admitted =
            |key: &str, now| (0..100).filter(|_| meter.admit(&key.to_owned(), now).is_ok()).count();
        assert_eq!(admitted("a", start), 20);
        assert_eq!(admitted("b", start), 20);
        assert_eq!(admitted("a", start + SECOND), 10);
        let wait = meter.admit(&"a".to_owned(), start + SECOND).unwrap_err();
        assert_eq!(wait, SECOND / 10);
    }

    #[test]
    fn memory_is_bounded() {
        let start = calling_testkit::epoch();
        let meter = RateMeter::new(1, SECOND, SECOND);
        for number in 0..200_000_u32 {
            meter.admit(&number, start).unwrap();
        }
        assert!(meter.full_at.lock().unwrap().len() <= MAX_KEYS);
    }
}
