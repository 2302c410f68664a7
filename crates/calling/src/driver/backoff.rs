use std::time::Duration;

use rand::TryRngCore;
use rand::rngs::OsRng;

const FIRST: Duration = Duration::from_millis(50);
const MOST: Duration = Duration::from_secs(5);
/// During a call there is little time: a server keeps it for seconds.
const MOST_IN_CALL: Duration = Duration::from_millis(500);

/// Growing waits between attempts, spread so that the clients of a server that restarts do not all
/// come back at once.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// How long to wait before the next attempt.
    pub(crate) fn take(&mut self, in_call: bool) -> Duration {
        // Without randomness the middle is as good.
        let die = OsRng.try_next_u32().unwrap_or(u32::MAX / 2);
        self.take_with(in_call, f64::from(die) / f64::from(u32::MAX))
    }

    /// As `take`, with a die of 0.0..=1.0.
    fn take_with(&mut self, in_call: bool, die: f64) -> Duration {
        let most = if in_call { MOST_IN_CALL } else { MOST };
        let wait = self.next.min(most).mul_f64(0.5 + die);
        self.next = (self.next * 2).min(most);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_are_spread() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.take_with(false, 0.5), FIRST);
        assert_eq!(backoff.take_with(false, 0.0), FIRST);
        assert_eq!(backoff.take_with(false, 1.0), FIRST * 6);
        for _ in 0..20 {
            backoff.take_with(false, 0.5);
        }
        assert_eq!(backoff.take_with(false, 0.5), MOST);
        assert_eq!(backoff.take_with(true, 0.5), MOST_IN_CALL);
        assert!(backoff.take(false) <= MOST_IN_CALL * 3);
    }
}
