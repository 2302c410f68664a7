use std::time::{Duration, Instant};

/// The settings of [`Calls`](super::Calls).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallsConfig {
    /// How long a call rings if the caller does not say (default 30 s).
    pub ring_timeout: Duration,
    /// The shortest ring a caller may ask for (default 1 s).
    pub min_ring_timeout: Duration,
    /// The longest ring a caller may ask for (default 120 s); who asks for 0 gets it.
    pub max_ring_timeout: Duration,
    /// How long a device whose signalling connection dropped keeps its call (default 5 s).
    pub signalling_grace: Duration,
    /// How long a device whose media connection died keeps its connected call. Short (default
    /// 1 s), since the media plane has waited already: 4 s without a packet plus this is the 5 s
    /// after which a dead participant is gone.
    pub media_grace: Duration,
    /// The longest a call may stay connected (default 24 h); then the server ends it.
    pub max_call_length: Duration,
    /// The longest `user_data`, in bytes (default 4096).
    pub max_user_data_bytes: usize,
    /// How many calls may be alive at once (default 100,000).
    pub max_calls: usize,
    /// How many devices may be signed in at once (default 1,000,000).
    pub max_endpoints: usize,
    /// How many devices of one account may be signed in at once (default 8). One more kicks the
    /// one that signed in longest ago and is in no call. With 1 the newest device takes over
    /// whatever the other is doing, and the other leaves its call.
    pub max_devices_per_user: usize,
    /// How many people may be in one call or rung by it at once, the caller among them (default
    /// 50; the component this project matches allows 9).
    pub max_members: usize,
    /// How old a request to call may be when it arrives, if it says when it was made (default
    /// 60 s): what waited longer is refused rather than rung.
    pub max_request_age: Duration,
    /// How many calls one account may place in a row (default 30)…
    pub call_burst: u32,
    /// …and how long it takes until it may place one more (default 500 ms).
    pub call_interval: Duration,
    /// How many people one account may ring in a row, all its calls and invites together (default
    /// 200)…
    pub ring_burst: u32,
    /// …and how long it takes until it may ring one more (default 250 ms).
    pub ring_interval: Duration,
    /// How many rings of one account to another may end without an answer in a row (default 5)
    /// before the next has to wait…
    pub redial_free: u32,
    /// …this long at first (default 60 s), twice as long after each further one…
    pub redial_pause: Duration,
    /// …and never longer than this (default 15 min).
    pub max_redial_pause: Duration,
    /// How long an ended call is remembered, for those who ask late (default 60 s).
    pub memory: Duration,
    /// How many ended calls are remembered (default 10,000).
    pub max_remembered: usize,
}

impl Default for CallsConfig {
    fn default() -> Self {
        Self {
            ring_timeout: Duration::from_secs(30),
            min_ring_timeout: Duration::from_secs(1),
            max_ring_timeout: Duration::from_secs(120),
            signalling_grace: Duration::from_secs(5),
            media_grace: Duration::from_secs(1),
            max_call_length: Duration::from_secs(24 * 60 * 60),
            max_user_data_bytes: 4096,
            max_calls: 100_000,
            max_endpoints: 1_000_000,
            max_devices_per_user: 8,
            max_members: 50,
            max_request_age: Duration::from_secs(60),
            call_burst: 30,
            call_interval: Duration::from_millis(500),
            ring_burst: 200,
            ring_interval: Duration::from_millis(250),
            redial_free: 5,
            redial_pause: Duration::from_secs(60),
            max_redial_pause: Duration::from_secs(15 * 60),
            memory: Duration::from_secs(60),
            max_remembered: 10_000,
        }
    }
}

impl CallsConfig {
    /// How long a call rings whose caller asked for `timeout_s` seconds.
    pub(super) fn ring(&self, timeout_s: Option<u32>) -> Duration {
        let asked = match timeout_s {
            None => self.ring_timeout,
            Some(0) => self.max_ring_timeout,
            Some(seconds) => Duration::from_secs(u64::from(seconds)),
        };
        asked.max(self.min_ring_timeout).min(self.max_ring_timeout)
    }
}

impl CallsConfig {
    /// How many people a call may have seen in all, so that it stays bounded however often they
    /// come and go.
    pub(super) const fn max_seen(&self) -> usize {
        self.max_members.saturating_mul(4)
    }
}

/// `from` plus `wait`; a year on if the clock cannot express the sum.
pub(super) fn later(from: Instant, wait: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    from.checked_add(wait).unwrap_or_else(|| from + YEAR)
}

#[cfg(test)]
mod tests {
    use calling_testkit::epoch;

    use super::*;

    #[test]
    fn rings_are_clamped() {
        let config = CallsConfig::default();
        let seconds: Vec<u64> = [None, Some(0), Some(1), Some(60), Some(9_999)]
            .iter()
            .map(|asked| config.ring(*asked).as_secs())
            .collect();
        assert_eq!(seconds, [30, 120, 1, 60, 120]);
    }

    #[test]
    fn no_wait_overflows_the_clock() {
        assert!(later(epoch(), Duration::MAX) > epoch());
    }
}
