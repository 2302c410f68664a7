//! A seeded bad network as a pure value: delay, jitter, loss, bursts, duplicates.
//!
//! [`Link`] owns no socket and reads no clock, so the same link serves a test in virtual time and
//! a relay in front of real sockets, and every run replays from its seed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a link does to datagrams.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Impairment {
    /// One-way delay.
    pub delay: Duration,
    /// Added on top, uniform in `0..=jitter`; may reorder.
    pub jitter: Duration,
    /// Share lost, 0.0..=1.0.
    pub loss: f64,
    /// Mean length of a loss burst; zero loses single datagrams independently.
    pub burst: Duration,
    /// Share delivered twice, 0.0..=1.0.
    pub duplicate: f64,
}

/// A one-way link in virtual time: what goes in comes out later, twice or never, as its seed says.
#[derive(Debug)]
pub struct Link<T> {
    impairment: Impairment,
    rng: ChaCha8Rng,
    in_flight: BTreeMap<(Instant, u64), T>,
    sent: u64,
    burst_until: Option<Instant>,
}

impl<T: Clone> Link<T> {
    /// A link with nothing in flight.
    pub fn new(impairment: Impairment, seed: u64) -> Self {
        Self {
            impairment,
            rng: ChaCha8Rng::seed_from_u64(seed),
            in_flight: BTreeMap::new(),
            sent: 0,
            burst_until: None,
        }
    }

    /// Changes what the link does to datagrams from now on.
    pub fn impair(&mut self, impairment: Impairment) {
        self.impairment = impairment;
    }

    /// Puts one datagram on the link.
    pub fn send(&mut self, now: Instant, datagram: T) {
        if self.loses(now) {
            return;
        }
        if self.rng.random_bool(self.impairment.duplicate) {
            self.schedule(now, datagram.clone());
        }
        self.schedule(now, datagram);
    }

    /// The next datagram that has arrived by `now`, with its time of arrival.
    pub fn receive(&mut self, now: Instant) -> Option<(Instant, T)> {
        let entry = self.in_flight.first_entry()?;
        if entry.key().0 > now {
            return None;
        }
        let ((at, _), datagram) = entry.remove_entry();
        Some((at, datagram))
    }

    /// When the next datagram arrives.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.in_flight.first_key_value().map(|((at, _), _)| *at)
    }

    /// Loses everything in flight.
    pub fn clear(&mut self) {
        self.in_flight.clear();
    }

    fn schedule(&mut self, now: Instant, datagram: T) {
        let jitter = self.impairment.jitter.mul_f64(self.rng.random_range(0.0..=1.0));
        self.sent += 1;
        self.in_flight.insert((now + self.impairment.delay + jitter, self.sent), datagram);
    }

    fn loses(&mut self, now: Instant) -> bool {
        if self.burst_until.is_some_and(|until| now < until) {
            return true;
        }
        let Impairment { loss, burst, .. } = self.impairment;
        if burst.is_zero() {
            return self.rng.random_bool(loss);
        }
        // One datagram per 20 ms starts a burst often enough that the mean share comes out.
        let per_burst = (burst.as_secs_f64() / 0.020).max(1.0);
        let start = (loss / (per_burst * (1.0 - loss).max(1e-6))).clamp(0.0, 1.0);
        let starts = self.rng.random_bool(start);
        if starts {
            self.burst_until = Some(now + burst);
        }
        starts
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "virtual time is counted from one real instant")]
    fn epoch() -> Instant {
        static EPOCH: OnceLock<Instant> = OnceLock::new();
        *EPOCH.get_or_init(Instant::now)
    }

    fn survivors(impairment: Impairment, seed: u64) -> Vec<u32> {
        let mut link = Link::new(impairment, seed);
        for number in 0..5_000 {
            link.send(epoch() + Duration::from_millis(20) * number, number);
        }
        let end = epoch() + Duration::from_secs(1_000);
        std::iter::from_fn(|| link.receive(end)).map(|(_, number)| number).collect()
    }

    #[test]
    fn a_clean_link_keeps_order_and_delay() {
        let mut link =
            Link::new(Impairment { delay: Duration::from_millis(25), ..Default::default() }, 1);
        link.send(epoch(), 'a');
        assert_eq!(link.receive(epoch() + Duration::from_millis(24)), None);
        let due = epoch() + Duration::from_millis(25);
        assert_eq!(link.next_arrival(), Some(due));
        assert_eq!(link.receive(due), Some((due, 'a')));
    }

    #[test]
    fn loss_is_the_share_asked_for_single_and_in_bursts() {
        for burst in [Duration::ZERO, Duration::from_millis(120)] {
            let kept = survivors(Impairment { loss: 0.1, burst, ..Default::default() }, 7).len();
            assert!((4_300..4_700).contains(&kept), "{burst:?}: {kept}");
        }
    }

    #[test]
    fn the_same_seed_replays() {
        let storm = Impairment {
            loss: 0.2,
            jitter: Duration::from_millis(60),
            duplicate: 0.05,
            ..Default::default()
        };
        assert_eq!(survivors(storm.clone(), 3), survivors(storm.clone(), 3));
        assert_ne!(survivors(storm.clone(), 3), survivors(storm, 4));
    }
}
