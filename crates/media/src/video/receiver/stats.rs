/// Why a packet was not taken. Each is counted; none is the caller's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum VideoDiscard {
    /// Of another stream.
    #[error("another stream")]
    Ssrc,
    /// No format of the configuration.
    #[error("another payload type")]
    PayloadType,
    /// Impossible in its format.
    #[error("the payload is malformed")]
    Malformed,
    /// It is there already.
    #[error("a duplicate")]
    Duplicate,
    /// Its picture was shown or given up.
    #[error("too late")]
    Late,
    /// The sequence number jumped and no second packet confirms it yet.
    #[error("an unconfirmed jump")]
    Unconfirmed,
}

impl VideoDiscard {
    /// A stable name for counters.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Ssrc => "video_ssrc",
            Self::PayloadType => "video_payload_type",
            Self::Malformed => "video_malformed",
            Self::Duplicate => "video_duplicate",
            Self::Late => "video_late",
            Self::Unconfirmed => "video_unconfirmed",
        }
    }
}

/// What a [`VideoReceiver`](super::VideoReceiver) saw and did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VideoReceiverStats {
    /// Packets of the stream, without those sent again.
    pub packets_received: u64,
    /// Packets that came because they were sent again.
    pub packets_recovered: u64,
    /// Packets that never came in time.
    pub packets_given_up: u64,
    /// Packets dropped because too many waited.
    pub packets_flushed: u64,
    /// Packets that came and were not taken.
    pub packets_discarded: u64,
    /// Complete pictures.
    pub pictures: u64,
    /// Of them key frames.
    pub key_frames: u64,
    /// Pictures whose packets did not fit together.
    pub malformed_pictures: u64,
    /// Times that showing stopped to wait for a key frame, the beginning left out.
    pub interruptions: u64,
    /// Sequence numbers asked for, repetitions included.
    pub nacks_sent: u64,
    /// Key frames asked for.
    pub key_frame_requests: u64,
    /// Begun anew because the stream jumped.
    pub restarts: u64,
    /// What pictures wait for the jitter of the network now, in milliseconds.
    pub target_delay_ms: f64,
    /// Interarrival jitter (RFC 3550 section 6.4.1), in milliseconds.
    pub jitter_ms: f64,
}
