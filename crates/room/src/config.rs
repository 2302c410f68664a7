use std::time::Duration;

/// What a room is told when it is made.
#[derive(Clone, Debug)]
pub struct RoomConfig {
    /// How often volumes are told; default 300 ms.
    pub volume_interval: VolumeInterval,
    /// How often RTCP reports are sent; default 1 s, never more often than each 100 ms.
    pub report_interval: Duration,
    /// Audio counts as unavailable once nothing came for this long; default 2 s, five times the
    /// 400 ms at which Opus sends during silence (RFC 6716 section 2.1.9), so that a pause in
    /// speech with two such packets lost is no change.
    pub flow_timeout: Duration,
    /// The payload type that is forwarded; default 111 (Opus).
    pub payload_type: u8,
    /// The payload type of packets with copies of earlier frames (RFC 2198), for clients that let
    /// the server choose; default 63, as browsers have it.
    pub red_payload_type: u8,
    /// The id of the audio-level header extension (RFC 6464); default 1.
    pub audio_level_id: u8,
    /// Participants that may be in the room at once; default 500.
    pub max_participants: usize,
}

/// Reports more often than this would cost more than they tell.
pub(crate) const MIN_REPORT_INTERVAL: Duration = Duration::from_millis(100);

impl Default for RoomConfig {
    fn default() -> Self {
        Self {
            volume_interval: VolumeInterval::default(),
            report_interval: Duration::from_secs(1),
            flow_timeout: Duration::from_secs(2),
            payload_type: 111,
            red_payload_type: 63,
            audio_level_id: 1,
            max_participants: 500,
        }
    }
}

/// How often volumes are told: 100 ms or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VolumeInterval(Duration);

/// A volume interval below 100 ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a volume interval is 100 ms or more, not {} ms; 300 ms is recommended", .0.as_millis())]
pub struct VolumeIntervalTooShort(pub Duration);

impl VolumeInterval {
    /// The shortest there is, 100 ms.
    pub const MIN: Self = Self(Duration::from_millis(100));

    /// Checks and wraps an interval.
    ///
    /// # Errors
    /// It is below 100 ms. [`VolumeInterval::clamped`] takes the nearest that is allowed instead.
    pub const fn new(interval: Duration) -> Result<Self, VolumeIntervalTooShort> {
        if interval.as_millis() < Self::MIN.0.as_millis() {
            return Err(VolumeIntervalTooShort(interval));
        }
        Ok(Self(interval))
    }

    /// The nearest interval that is allowed.
    pub fn clamped(interval: Duration) -> Self {
        Self(interval).max(Self::MIN)
    }

    /// The interval.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl Default for VolumeInterval {
    fn default() -> Self {
        Self(Duration::from_millis(300))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_interval_is_100_ms_or_more() {
        for short in [Duration::ZERO, Duration::from_millis(99)] {
            assert_eq!(VolumeInterval::new(short), Err(VolumeIntervalTooShort(short)));
            assert_eq!(VolumeInterval::clamped(short), VolumeInterval::MIN);
        }
        let long = Duration::from_millis(500);
        assert_eq!(VolumeInterval::new(long), Ok(VolumeInterval::clamped(long)));
        assert_eq!(VolumeInterval::clamped(long).get(), long);
        assert!(VolumeInterval::new(Duration::from_millis(100)).is_ok());
    }

    #[test]
    fn the_error_says_what_to_do() {
        let error = VolumeInterval::new(Duration::from_millis(20)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a volume interval is 100 ms or more, not 20 ms; 300 ms is recommended"
        );
    }
}
