use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use calling_model::UserId;

use super::config::later;

/// Who rang whom in vain, and when they may ring again: so that nobody keeps another's line busy by
/// ringing over and over. The first few vain rings cost nothing; each one more doubles the pause.
///
/// Only what rang on a device counts, whether it timed out, was declined or was withdrawn.
#[derive(Clone, Debug)]
pub(super) struct Redial {
    free: u32,
    pause: Duration,
    longest: Duration,
    capacity: usize,
    pairs: BTreeMap<Pair, Tries>,
    by_time: BTreeSet<(Instant, Pair)>,
}

pub(super) type Pair = (UserId, UserId);

#[derive(Clone, Copy, Debug)]
struct Tries {
    count: u32,
    /// When the pause is over.
    again: Instant,
    /// When all is forgotten.
    forget: Instant,
}

impl Redial {
    /// `free` vain rings in a row, then a pause of `pause`, doubling up to `longest`; at most
    /// `capacity` pairs are remembered, and the oldest is forgotten first.
    pub(super) const fn new(
        free: u32,
        pause: Duration,
        longest: Duration,
        capacity: usize,
    ) -> Self {
        let pairs = BTreeMap::new();
        Self { free, pause, longest, capacity, pairs, by_time: BTreeSet::new() }
    }

    /// Whether `from` may ring `to` now.
    pub(super) fn allows(&mut self, now: Instant, from: &UserId, to: &UserId) -> bool {
        self.forget(now);
        let tries = self.pairs.get(&(from.clone(), to.clone()));
        tries.is_none_or(|tries| tries.again <= now)
    }

    /// `from` rang `to`, and nothing came of it.
    pub(super) fn in_vain(&mut self, now: Instant, from: &UserId, to: &UserId) {
        self.forget(now);
        let pair = (from.clone(), to.clone());
        let count = self.pairs.get(&pair).map_or(0, |tries| tries.count).saturating_add(1);
        self.drop_pair(&pair);
        while self.pairs.len() >= self.capacity.max(1)
            && let Some((_, oldest)) = self.by_time.pop_first()
        {
            self.pairs.remove(&oldest);
        }
        let again = later(now, self.pause_after(count));
        let forget = later(again, self.longest);
        self.by_time.insert((forget, pair.clone()));
        self.pairs.insert(pair, Tries { count, again, forget });
    }

    /// The two talk: what was in vain before is forgiven, both ways.
    pub(super) fn forgive(&mut self, one: &UserId, other: &UserId) {
        self.drop_pair(&(one.clone(), other.clone()));
        self.drop_pair(&(other.clone(), one.clone()));
    }

    /// What is still held against whom: how many tries, and the time left to the pause and to all
    /// of it.
    pub(super) fn kept(
        &self,
        now: Instant,
    ) -> impl Iterator<Item = (&Pair, (u32, Duration, Duration))> {
        let kept = self.pairs.iter().filter(move |(_, tries)| tries.forget > now);
        kept.map(move |(pair, Tries { count, again, forget })| {
            let left = |at: &Instant| at.saturating_duration_since(now);
            (pair, (*count, left(again), left(forget)))
        })
    }

    fn pause_after(&self, count: u32) -> Duration {
        let Some(beyond) = count.checked_sub(self.free.max(1)) else { return Duration::ZERO };
        self.pause.saturating_mul(1_u32.checked_shl(beyond).unwrap_or(u32::MAX)).min(self.longest)
    }

    fn drop_pair(&mut self, pair: &Pair) {
        if let Some(tries) = self.pairs.remove(pair) {
            self.by_time.remove(&(tries.forget, pair.clone()));
        }
    }

    fn forget(&mut self, now: Instant) {
        while let Some((at, _)) = self.by_time.first()
            && *at <= now
            && let Some((_, pair)) = self.by_time.pop_first()
        {
            self.pairs.remove(&pair);
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

    fn redial() -> Redial {
        Redial::new(3, SECOND * 60, SECOND * 900, 10)
    }

    #[test]
    fn the_pause_doubles_and_all_is_forgotten_in_the_end() {
        let (mut redial, mallory, bob) = (redial(), user("mallory"), user("bob"));
        let mut now = epoch();
        let mut pauses = Vec::new();
        for _ in 0..10 {
            let since = now;
            while !redial.allows(now, &mallory, &bob) {
                now += SECOND;
            }
            pauses.push((now - since).as_secs());
            redial.in_vain(now, &mallory, &bob);
        }
        assert_eq!(pauses, [0, 0, 0, 60, 120, 240, 480, 900, 900, 900]);
        assert!(redial.allows(now, &mallory, &user("carol")), "others may be called");
        assert!(redial.allows(now, &user("carol"), &bob), "and others may call");
        assert!(redial.allows(now + SECOND * 1_800, &mallory, &bob));
        assert_eq!((redial.pairs.len(), redial.by_time.len()), (0, 0));
    }

    #[test]
    fn talking_forgives_both_ways() {
        let (mut redial, alice, bob) = (redial(), user("alice"), user("bob"));
        for _ in 0..5 {
            redial.in_vain(epoch(), &alice, &bob);
        }
        assert!(!redial.allows(epoch(), &alice, &bob));
        redial.forgive(&bob, &alice);
        assert!(redial.allows(epoch(), &alice, &bob));
    }

    #[test]
    fn memory_is_bounded() {
        let mut redial = redial();
        for number in 0..100 {
            redial.in_vain(epoch(), &user("mallory"), &user(&format!("victim{number}")));
        }
        assert_eq!((redial.pairs.len(), redial.by_time.len()), (10, 10));
    }
}
