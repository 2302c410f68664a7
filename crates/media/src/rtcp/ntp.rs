use std::time::{Duration, Instant};

use calling_model::UnixMillis;

/// The clock of sender reports: NTP time that follows the monotonic clock, set once (RFC 3550
/// section 4 asks for no more than that differences are right).
#[derive(Clone, Copy, Debug)]
pub(super) struct NtpClock {
    start: Instant,
    at_start: Duration,
}

/// Seconds from 1900 to 1970.
const UNIX_EPOCH: Duration = Duration::from_secs(2_208_988_800);

impl NtpClock {
    pub(super) fn new(now: Instant, unix: UnixMillis) -> Self {
        let at_start = UNIX_EPOCH.saturating_add(Duration::from_millis(unix.0));
        Self { start: now, at_start }
    }

    /// Seconds since 1900 in the high half, 2^-32 s in the low half, modulo 2^64.
    pub(super) fn at(&self, now: Instant) -> u64 {
        let since = self.at_start.saturating_add(now.saturating_duration_since(self.start));
        // Seconds wrap in 2036 as the format has it; the fraction is below 2^32.
        (since.as_secs() << 32) | ((u64::from(since.subsec_nanos()) << 32) / 1_000_000_000)
    }
}

/// The middle half of an NTP time: 1/65536 s, wrapping after 18 hours.
pub(super) const fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// A time span in 1/65536 s.
pub(super) fn in_units(span: Duration) -> u32 {
    u32::try_from((span.as_micros() << 16) / 1_000_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use calling_testkit::epoch;

    use super::*;

    #[test]
    fn the_unix_epoch_and_half_a_second_after() {
        let clock = NtpClock::new(epoch(), UnixMillis(0));
        let ntp = clock.at(epoch() + Duration::from_millis(500));
        assert_eq!(ntp, (2_208_988_800 << 32) | (1 << 31));
        assert_eq!(middle(ntp), (2_208_988_800_u64 << 16) as u32 | 1 << 15);
        assert_eq!(in_units(Duration::from_millis(500)), 1 << 15);
    }

    #[test]
    fn no_wall_clock_overflows_it() {
        let clock = NtpClock::new(epoch(), UnixMillis(u64::MAX));
        let _ = clock.at(epoch() + Duration::from_secs(1 << 40));
    }
}
