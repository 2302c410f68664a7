use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use calling_model::UserId;

use super::config::later;

/// A token bucket per account, kept as the one instant at which the bucket will be full again (the
/// generic cell rate algorithm). Full buckets take no memory.
#[derive(Clone, Debug)]
pub(super) struct RateLimiter {
    interval: Duration,
    /// How far ahead "full again" may lie: the bucket's depth less the token just taken.
    tolerance: Duration,
    full_at: BTreeMap<UserId, Instant>,
    by_time: BTreeSet<(Instant, UserId)>,
    capacity: usize,
}

impl RateLimiter {
    /// `burst` tokens (at least 1), one more every `interval`; at most `capacity` accounts with
    /// less than a full bucket.
    pub(super) fn new(burst: u32, interval: Duration, capacity: usize) -> Self {
        Self {
            interval,
            tolerance: interval.saturating_mul(burst.saturating_sub(1)),
            full_at: BTreeMap::new(),
            by_time: BTreeSet::new(),
            capacity,
        }
    }

    /// Takes a token of `user`; `false` if there is none.
    pub(super) fn allow(&mut self, now: Instant, user: &UserId) -> bool {
        self.allow_many(now, user, 1)
    }

    /// Takes so many tokens of `user` at once; none, and `false`, if there are fewer.
    pub(super) fn allow_many(&mut self, now: Instant, user: &UserId, tokens: u32) -> bool {
        let Some(beyond_one) = tokens.checked_sub(1) else { return true };
        self.forget_full(now);
        let old = self.full_at.get(user).copied();
        let full_at = old.unwrap_or(now);
        let ahead = full_at.saturating_duration_since(now);
        let too_soon = ahead + self.interval.saturating_mul(beyond_one) > self.tolerance;
        if too_soon || (old.is_none() && self.full_at.len() >= self.capacity) {
            return false;
        }
        let next = later(full_at, self.interval.saturating_mul(tokens));
        if let Some(old) = old {
            self.by_time.remove(&(old, user.clone()));
        }
        self.by_time.insert((next, user.clone()));
        self.full_at.insert(user.clone(), next);
        true
    }

    fn forget_full(&mut self, now: Instant) {
        while let Some((at, _)) = self.by_time.first()
            && *at <= now
            && let Some((_, user)) = self.by_time.pop_first()
        {
            self.full_at.remove(&user);
        }
    }
}

#[cfg(test)]
mod tests {
    use calling_testkit::epoch;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn user(name: &str) -> UserId {
        name.parse().unwrap()
    }

    #[test]
    fn a_burst_then_one_per_interval() {
        let mut limiter = RateLimiter::new(3, SECOND, 10);
        let allowed = |limiter: &mut RateLimiter, at| limiter.allow(at, &user("alice"));
        for _ in 0..3 {
            assert!(allowed(&mut limiter, epoch()));
        }
        assert!(!allowed(&mut limiter, epoch()));
        assert!(limiter.allow(epoch(), &user("bob")), "buckets are per account");
        assert!(allowed(&mut limiter, epoch() + SECOND));
        assert!(!allowed(&mut limiter, epoch() + SECOND));
    }

    #[test]
    fn several_tokens_at_once_or_none() {
        let mut limiter = RateLimiter::new(10, SECOND, 10);
        let alice = user("alice");
        assert!(limiter.allow_many(epoch(), &alice, 0) && limiter.full_at.is_empty());
        assert!(!limiter.allow_many(epoch(), &alice, 11));
        assert!(limiter.allow_many(epoch(), &alice, 7));
        assert!(!limiter.allow_many(epoch(), &alice, 4));
        assert!(limiter.allow_many(epoch(), &alice, 3));
        assert!(!limiter.allow(epoch(), &alice));
        assert!(limiter.allow_many(epoch() + SECOND * 2, &alice, 2));
    }

    #[test]
    fn full_buckets_are_forgotten_and_the_rest_is_capped() {
        let mut limiter = RateLimiter::new(1, SECOND, 2);
        assert!(limiter.allow(epoch(), &user("a")));
        assert!(limiter.allow(epoch(), &user("b")));
        assert!(!limiter.allow(epoch(), &user("c")));
        assert!(limiter.allow(epoch() + SECOND, &user("c")));
        assert_eq!((limiter.full_at.len(), limiter.by_time.len()), (1, 1));
    }
}
