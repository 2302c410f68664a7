use std::time::Duration;

/// RTP clock of Opus, in Hz, whatever its audio bandwidth (RFC 7587 section 4.1).
pub(crate) const AUDIO_HZ: u64 = 48_000;
/// RTP clock of every video format that is forwarded, in Hz.
pub(crate) const VIDEO_HZ: u64 = 90_000;

/// `duration` in ticks of a clock, rounded down.
pub(crate) fn from_duration(duration: Duration, clock_hz: u64) -> u64 {
    let fraction = u64::from(duration.subsec_nanos()) * clock_hz / 1_000_000_000;
    duration.as_secs().saturating_mul(clock_hz).saturating_add(fraction)
}

/// How long so many ticks of a clock take.
pub(crate) fn to_duration(ticks: u32, clock_hz: u64) -> Duration {
    Duration::from_nanos(u64::from(ticks) * 1_000_000_000 / clock_hz)
}
