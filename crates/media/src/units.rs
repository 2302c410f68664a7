/// Samples per second and channel of all PCM in this crate.
pub const SAMPLE_RATE_HZ: u32 = 48_000;

/// Length of one tick of playout and capture.
pub const TICK_MS: u32 = 10;

/// Samples per channel of one tick.
pub const SAMPLES_PER_TICK: usize = 480;

/// Samples per channel of one millisecond.
pub(crate) const SAMPLES_PER_MS: usize = 48;

/// Samples per channel of the longest Opus packet, 120 ms (RFC 6716 section 2.1.4).
pub(crate) const MAX_PACKET_SAMPLES: usize = 5_760;

/// Milliseconds as samples per channel.
pub(crate) const fn samples(ms: u32) -> i64 {
    ms as i64 * SAMPLES_PER_MS as i64
}

/// Samples per channel as milliseconds.
pub(crate) fn milliseconds(samples: u64) -> f64 {
    samples as f64 / SAMPLES_PER_MS as f64
}

/// How many channels PCM has; several are interleaved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channels {
    /// One channel.
    #[default]
    Mono,
    /// Left and right, interleaved.
    Stereo,
}

impl Channels {
    /// 1 or 2.
    pub const fn count(self) -> usize {
        match self {
            Self::Mono => 1,
            Self::Stereo => 2,
        }
    }
}
