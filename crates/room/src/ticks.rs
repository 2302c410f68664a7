use std::time::Duration;

/// RTP clock of Opus, in Hz, whatever its audio bandwidth (RFC 7587 section 4.1).
pub(crate) const CLOCK_RATE_HZ: u64 = 48_000;

/// `duration` in ticks of the RTP clock, rounded down.
pub(crate) fn from_duration(duration: Duration) -> u64 {
    let fraction = u64::from(duration.subsec_nanos()) * CLOCK_RATE_HZ / 1_000_000_000;
    duration.as_secs().saturating_mul(CLOCK_RATE_HZ).saturating_add(fraction)
}
