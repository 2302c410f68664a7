use crate::units::Channels;

/// How a [`Receiver`](crate::Receiver) is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverConfig {
    /// Channels of the audio pulled.
    pub channels: Channels,
    /// The payload type that is audio; others are discarded.
    pub payload_type: u8,
    /// The payload type of packets that carry copies of the frames before them (RFC 2198), if there
    /// is one.
    pub red_payload_type: Option<u8>,
    /// Header extension id of the audio level (RFC 6464); 0 if there is none.
    pub audio_level_id: u8,
    /// The delay kept on a perfect network, in milliseconds. Hiccups of the sender's and the
    /// receiver's machine up to it are not heard even the first time.
    pub min_delay_ms: u32,
    /// The delay that a stream grows to in its first second, while the network is not known yet,
    /// in milliseconds; at least [`min_delay_ms`](Self::min_delay_ms).
    pub start_delay_ms: u32,
    /// No delay above it, in milliseconds: what would need more is skipped.
    pub max_delay_ms: u32,
    /// Packets held at most.
    pub capacity_packets: usize,
}

impl Default for ReceiverConfig {
    fn default() -> Self {
        Self {
            channels: Channels::Mono,
            payload_type: crate::OPUS_PAYLOAD_TYPE,
            red_payload_type: None,
            audio_level_id: crate::AUDIO_LEVEL_ID,
            min_delay_ms: 10,
            start_delay_ms: 40,
            max_delay_ms: 2_000,
            capacity_packets: 512,
        }
    }
}
