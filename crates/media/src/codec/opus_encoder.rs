use super::CodecError;
use crate::sender::SenderConfig;
use crate::units::SAMPLE_RATE_HZ;

/// libopus set up for voice.
#[derive(Debug)]
pub(crate) struct OpusEncoder {
    encoder: opus::Encoder,
}

impl OpusEncoder {
    pub(crate) fn new(config: &SenderConfig) -> Result<Self, CodecError> {
        let mut encoder =
            opus::Encoder::new(SAMPLE_RATE_HZ, opus::Channels::Mono, opus::Application::Voip)?;
        // At most 510,000 by the configuration's check.
        encoder.set_bitrate(opus::Bitrate::Bits(config.bitrate.bps() as i32))?;
        encoder.set_vbr(!config.constant_bitrate)?;
        encoder.set_inband_fec(config.in_band_fec)?;
        encoder.set_dtx(config.dtx)?;
        encoder.set_complexity(i32::from(config.complexity.min(10)))?;
        let mut encoder = Self { encoder };
        encoder.set_expected_loss(config.expected_loss_percent)?;
        Ok(encoder)
    }

    pub(crate) fn set_expected_loss(&mut self, percent: u8) -> Result<(), CodecError> {
        Ok(self.encoder.set_packet_loss_perc(i32::from(percent.min(100)))?)
    }

    /// Encodes one frame into `out` and returns its length in bytes.
    pub(crate) fn encode(&mut self, pcm: &[f32], out: &mut [u8]) -> Result<usize, CodecError> {
        Ok(self.encoder.encode_float(pcm, out)?)
    }
}
