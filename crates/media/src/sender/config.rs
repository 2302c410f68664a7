use calling_model::Bitrate;

use crate::codec::CodecError;

/// How much audio one packet holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum FrameDuration {
    /// 10 ms.
    Ms10,
    /// 20 ms.
    #[default]
    Ms20,
    /// 40 ms.
    Ms40,
    /// 60 ms.
    Ms60,
}

impl FrameDuration {
    /// All of them, the shortest first.
    pub const ALL: [Self; 4] = [Self::Ms10, Self::Ms20, Self::Ms40, Self::Ms60];

    /// In milliseconds.
    pub const fn ms(self) -> u32 {
        match self {
            Self::Ms10 => 10,
            Self::Ms20 => 20,
            Self::Ms40 => 40,
            Self::Ms60 => 60,
        }
    }

    /// In samples per channel.
    pub const fn samples(self) -> usize {
        self.ms() as usize * crate::units::SAMPLES_PER_MS
    }
}

/// How a [`Sender`](crate::Sender) is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderConfig {
    /// The stream's SSRC.
    pub ssrc: u32,
    /// The payload type.
    pub payload_type: u8,
    /// Header extension id of the audio level (RFC 6464); 0 sends none.
    pub audio_level_id: u8,
    /// Bits per second of Opus, 6,000 to 510,000.
    pub bitrate: Bitrate,
    /// Audio per packet.
    pub frame_duration: FrameDuration,
    /// Every packet of the same size. Sizes that vary betray what is said.
    pub constant_bitrate: bool,
    /// Each packet carries a coarse copy of the one before it.
    pub in_band_fec: bool,
    /// Loss to prepare for before the first report comes, 0..=100. In-band FEC needs at least 10
    /// to be coded whatever is heard: below it libopus may choose its music mode, which has none.
    pub expected_loss_percent: u8,
    /// The payload type of packets that carry copies of the frames before them (RFC 2198); `None`
    /// copies nothing. The receiver must have agreed to it.
    pub red_payload_type: Option<u8>,
    /// Copies in each packet, whatever loss is reported.
    pub red_copies: u8,
    /// Copies in each packet at most, at high loss; at most 32 are used.
    pub red_most_copies: u8,
    /// So much speech before it each packet describes (DRED), whatever loss is reported, in
    /// milliseconds. Without feature `dred` none is described.
    pub dred_ms: u32,
    /// The same at most, at high loss; at most 1,040.
    pub most_dred_ms: u32,
    /// Bits per second at most that a [`Planner`](crate::Planner) may spend under loss, copies and
    /// all headers included; what `bitrate` needs by itself may always be sent.
    pub most_bitrate: Bitrate,
    /// Send nothing while nobody speaks. Betrays when that is.
    pub dtx: bool,
    /// 0 (cheap) ..=10 (best).
    pub complexity: u8,
    /// Packets kept for retransmission.
    pub stored_packets: usize,
}

impl SenderConfig {
    /// The defaults for a voice call: 32 kbit/s constant, 20 ms, FEC.
    pub const fn voice(ssrc: u32) -> Self {
        Self {
            ssrc,
            payload_type: crate::OPUS_PAYLOAD_TYPE,
            audio_level_id: crate::AUDIO_LEVEL_ID,
            bitrate: Bitrate::from_kbps(32),
            frame_duration: FrameDuration::Ms20,
            constant_bitrate: true,
            in_band_fec: true,
            expected_loss_percent: 15,
            red_payload_type: None,
            red_copies: 0,
            red_most_copies: 9,
            dred_ms: 0,
            most_dred_ms: 0,
            most_bitrate: Bitrate::from_kbps(160),
            dtx: false,
            complexity: 9,
            stored_packets: 128,
        }
    }
}

/// libopus describes no more than so much, in milliseconds.
pub(crate) const MOST_DRED_MS: u32 = 1_040;

/// Bytes that one payload may take: 60 ms are three frames of up to 1,275 bytes and a byte each
/// (RFC 6716 section 3.2.1).
pub(super) const MAX_PAYLOAD_BYTES: usize = 3 * 1_276;

impl SenderConfig {
    pub(super) fn check(&self) -> Result<(), SenderConfigError> {
        if !(6_000..=510_000).contains(&self.bitrate.bps()) {
            return Err(SenderConfigError::Bitrate(self.bitrate.bps()));
        }
        let types = [Some(self.payload_type), self.red_payload_type];
        if let Some(odd) = types.into_iter().flatten().find(|payload_type| *payload_type > 127) {
            return Err(SenderConfigError::PayloadType(odd));
        }
        if self.dred_ms > MOST_DRED_MS {
            return Err(SenderConfigError::Dred(self.dred_ms));
        }
        if self.audio_level_id > 14 {
            return Err(SenderConfigError::AudioLevelId(self.audio_level_id));
        }
        Ok(())
    }
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
    /// See [`SenderConfig::dred_ms`].
    #[error("a packet describes at most 1,040 ms before it, not {0}")]
    Dred(u32),
    /// libopus found no memory or refused a setting.
    #[error(transparent)]
    Codec(#[from] CodecError),
}
