use calling_model::Bitrate;

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
        encoder.set_vbr(!config.constant_bitrate)?;
        encoder.set_dtx(config.dtx)?;
        encoder.set_complexity(i32::from(config.complexity.min(10)))?;
        let mut encoder = Self { encoder };
        encoder.set_bitrate(config.bitrate)?;
        encoder.set_in_band_fec(config.in_band_fec)?;
        encoder.set_expected_loss(config.expected_loss_percent)?;
        Ok(encoder)
    }

    /// Of at most 510 kbit/s.
    pub(crate) fn set_bitrate(&mut self, bitrate: Bitrate) -> Result<(), CodecError> {
        let bps = i32::try_from(bitrate.bps()).unwrap_or(i32::MAX);
        Ok(self.encoder.set_bitrate(opus::Bitrate::Bits(bps))?)
    }

    pub(crate) fn set_in_band_fec(&mut self, on: bool) -> Result<(), CodecError> {
        Ok(self.encoder.set_inband_fec(on)?)
    }

    pub(crate) fn set_expected_loss(&mut self, percent: u8) -> Result<(), CodecError> {
        Ok(self.encoder.set_packet_loss_perc(i32::from(percent.min(100)))?)
    }

    /// Encodes one frame into `out` and returns its length in bytes.
    pub(crate) fn encode(&mut self, pcm: &[f32], out: &mut [u8]) -> Result<usize, CodecError> {
        Ok(self.encoder.encode_float(pcm, out)?)
    }
}
