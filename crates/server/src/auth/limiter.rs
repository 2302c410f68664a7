use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use calling_signaling::protocol::{Code, ProtocolError};

/// How many sources are remembered. Beyond, those that may try again soonest are forgotten.
const MAX_SOURCES: usize = 65_536;

const WINDOW: Duration = Duration::from_secs(60);

/// Makes a source wait after too many failures: so many in a burst, so many a minute on average.
///
/// Each source is one instant: when all of its failures will be forgotten (the generic cell rate
/// algorithm). A success forgives nothing, since an attacker may have an account as well.
#[derive(Debug)]
pub struct FailureLimiter {
    cost: Duration,
    forgotten_at: BTreeMap<IpAddr, Instant>,
}

impl FailureLimiter {
    /// Allows `per_minute` failures.
    pub fn new(per_minute: u32) -> Self {
        Self { cost: WINDOW / per_minute.max(1), forgotten_at: BTreeMap::new() }
    }

    /// Whether `source` may try.
    ///
    /// # Errors
    /// It has to wait; the sentence says how long.
    pub fn check(&self, source: IpAddr, now: Instant) -> Result<(), ProtocolError> {
        let Some(forgotten_at) = self.forgotten_at.get(&network(source)) else { return Ok(()) };
        let debt = forgotten_at.saturating_duration_since(now);
        // One more failure has to fit into the window.
        let over = (debt + self.cost).saturating_sub(WINDOW);
        if over.is_zero() {
            return Ok(());
        }
        let seconds = over.as_millis().div_ceil(1_000);
        let sentence = format!("too many failed attempts from this address; wait {seconds} s");
        Err(ProtocolError::new(Code::TooManyFailures, sentence))
    }

    /// Counts a failure of `source`.
    pub fn failed(&mut self, source: IpAddr, now: Instant) {
        if self.forgotten_at.len() >= MAX_SOURCES {
            self.make_room(now);
        }
        let forgotten_at = self.forgotten_at.entry(network(source)).or_insert(now);
        *forgotten_at = ((*forgotten_at).max(now) + self.cost).min(now + WINDOW);
    }

    /// Forgets what time has forgiven, and if that is not enough, the half with the least debt.
    fn make_room(&mut self, now: Instant) {
        self.forgotten_at.retain(|_, at| *at > now);
        if self.forgotten_at.len() < MAX_SOURCES {
            return;
        }
        let mut instants: Vec<Instant> = self.forgotten_at.values().copied().collect();
        let (_, median, _) = instants.select_nth_unstable(MAX_SOURCES / 2);
        let median = *median;
        self.forgotten_at.retain(|_, at| *at > median);
    }
}

/// What counts as one source: an IPv4 address, or an IPv6 /64, which is what one customer gets.
pub(crate) fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn refused(limiter: &FailureLimiter, source: &str, now: Instant) -> bool {
        limiter.check(ip(source), now).is_err()
    }

    #[test]
    fn the_eleventh_attempt_in_a_minute_waits() {
        let start = calling_testkit::epoch();
        let mut limiter = FailureLimiter::new(10);
        for _ in 0..10 {
            assert!(!refused(&limiter, "192.0.2.1", start));
            limiter.failed(ip("192.0.2.1"), start);
        }
        let error = limiter.check(ip("192.0.2.1"), start).unwrap_err();
        assert_eq!(error.code, Code::TooManyFailures);
        assert_eq!(error.message, "too many failed attempts from this address; wait 6 s");
        assert!(!refused(&limiter, "192.0.2.2", start), "others are not affected");
        assert!(!refused(&limiter, "192.0.2.1", start + Duration::from_secs(6)));
    }

    #[test]
    fn a_minute_forgives_everything() {
        let start = calling_testkit::epoch();
        let mut limiter = FailureLimiter::new(1);
        for _ in 0..100 {
            limiter.failed(ip("192.0.2.1"), start);
        }
        assert!(refused(&limiter, "192.0.2.1", start + Duration::from_secs(59)));
        assert!(!refused(&limiter, "192.0.2.1", start + Duration::from_secs(60)));
    }

    #[test]
    fn a_64_and_a_mapped_address_are_one_source() {
        let start = calling_testkit::epoch();
        let mut limiter = FailureLimiter::new(1);
        limiter.failed(ip("2001:db8::1"), start);
        limiter.failed(ip("::ffff:192.0.2.1"), start);
        assert!(refused(&limiter, "2001:db8::ffff", start));
        assert!(!refused(&limiter, "2001:db8:0:1::1", start));
        assert!(refused(&limiter, "192.0.2.1", start));
    }

    #[test]
    fn memory_is_bounded_under_a_flood_of_sources() {
        let start = calling_testkit::epoch();
        let mut limiter = FailureLimiter::new(10);
        for number in 0..200_000_u32 {
            limiter.failed(IpAddr::V4(number.into()), start);
        }
        assert!(limiter.forgotten_at.len() <= MAX_SOURCES);
    }
}
