//! The send side: 10 ms of PCM in per push, an RTP packet out per frame.

mod config;
mod packet_store;

pub use config::{FrameDuration, SenderConfig};
pub use packet_store::PacketStore;

use crate::codec::CodecError;

/// Why a push failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// Not one tick.
    #[error("push {expected} samples at a time (10 ms at 48 kHz mono), not {0}", expected = crate::SAMPLES_PER_TICK)]
    Length(usize),
    /// The encoder refused; the frame is lost, the next may succeed.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SenderConfigError {
    /// See [`SenderConfig::bitrate`].
    #[error("bitrate {0} bit/s is outside 6000 to 510000")]
    Bitrate(u64),
    /// See [`SenderConfig::payload_type`].
    #[error("payload type {0} is above 127")]
    PayloadType(u8),
    /// See [`SenderConfig::audio_level_id`].
    #[error("header extension id {0} is above 14")]
    AudioLevelId(u8),
    /// libopus found no memory or refused a setting.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// What a sender has sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderStats {
    /// RTP packets.
    pub packets_sent: u64,
    /// Bytes of payload, without headers.
    pub payload_bytes_sent: u64,
    /// Frames not sent because nobody spoke (DTX).
    pub frames_suppressed: u64,
    /// The loss that packets are prepared for, in percent.
    pub expected_loss_percent: u8,
}

/// Encodes and packetises one microphone.
#[derive(Debug)]
pub struct Sender {
    config: SenderConfig,
    store: PacketStore,
}

impl Sender {
    /// A sender whose initial sequence number and timestamp come from `seed` (RFC 3550 section
    /// 5.1 wants them unpredictable).
    ///
    /// # Errors
    /// A setting cannot be.
    pub fn new(config: SenderConfig, seed: [u8; 32]) -> Result<Self, SenderConfigError> {
        let _ = seed;
        let store = PacketStore::new(config.stored_packets);
        Ok(Self { config, store })
    }

    /// Takes one tick of mono PCM (480 samples in −1.0..=1.0) and returns the packet that it
    /// completes, if any.
    ///
    /// # Errors
    /// Not one tick, or the encoder refused.
    pub fn push(&mut self, pcm: &[f32]) -> Result<Option<&[u8]>, PushError> {
        let _ = (pcm, &self.config);
        Ok(None)
    }

    /// Replaces the microphone by silence until unmuted. Packets keep flowing, of the same size
    /// and rate, so that neither timing nor address bindings suffer and the receiver's statistics
    /// stay meaningful; their audio level says 127 (silence).
    pub const fn set_muted(&mut self, muted: bool) {
        let _ = muted;
    }

    /// Whether the microphone is replaced by silence.
    pub const fn is_muted(&self) -> bool {
        false
    }

    /// Tells the loss that receivers report, in percent. FEC is prepared for it, and always for
    /// at least the configuration's.
    pub fn set_expected_loss(&mut self, percent: u8) {
        let _ = percent;
    }

    /// Packets sent lately, for retransmission.
    pub const fn store(&self) -> &PacketStore {
        &self.store
    }

    /// What was sent so far.
    pub fn stats(&self) -> SenderStats {
        SenderStats::default()
    }

    /// The stream's SSRC.
    pub const fn ssrc(&self) -> u32 {
        self.config.ssrc
    }

    /// The RTP timestamp of the next sample pushed.
    pub const fn next_timestamp(&self) -> u32 {
        0
    }
}
