use calling_model::Bitrate;

use super::CodecError;
use crate::sender::SenderConfig;

/// libopus set up for voice.
#[derive(Debug)]
pub(crate) struct OpusEncoder {
    #[cfg(not(feature = "dred"))]
    encoder: opus::Encoder,
    #[cfg(feature = "dred")]
    encoder: calling_opus_dred::Encoder,
}

impl OpusEncoder {
    pub(crate) fn new(config: &SenderConfig) -> Result<Self, CodecError> {
        let mut encoder = Self { encoder: open()? };
        encoder.encoder.set_vbr(!config.constant_bitrate)?;
        encoder.encoder.set_dtx(config.dtx)?;
        encoder.set_complexity(config.complexity.min(10))?;
        encoder.set_bitrate(config.bitrate)?;
        encoder.set_in_band_fec(config.in_band_fec)?;
        encoder.set_expected_loss(config.expected_loss_percent)?;
        encoder.set_dred(if cfg!(feature = "dred") { config.dred_ms } else { 0 })?;
        Ok(encoder)
    }

    /// Of at most 510 kbit/s.
    pub(crate) fn set_bitrate(&mut self, bitrate: Bitrate) -> Result<(), CodecError> {
        let bps = i32::try_from(bitrate.bps()).unwrap_or(i32::MAX);
        #[cfg(not(feature = "dred"))]
        let bps = opus::Bitrate::Bits(bps);
        Ok(self.encoder.set_bitrate(bps)?)
    }

    #[cfg(not(feature = "dred"))]
    fn set_complexity(&mut self, complexity: u8) -> Result<(), CodecError> {
        Ok(self.encoder.set_complexity(i32::from(complexity))?)
    }

    #[cfg(feature = "dred")]
    fn set_complexity(&mut self, complexity: u8) -> Result<(), CodecError> {
        Ok(self.encoder.set_complexity(complexity)?)
    }

    #[cfg(not(feature = "dred"))]
    pub(crate) fn set_in_band_fec(&mut self, on: bool) -> Result<(), CodecError> {
        Ok(self.encoder.set_inband_fec(on)?)
    }

    #[cfg(feature = "dred")]
    pub(crate) fn set_in_band_fec(&mut self, on: bool) -> Result<(), CodecError> {
        Ok(self.encoder.set_in_band_fec(on)?)
    }

    #[cfg(not(feature = "dred"))]
    pub(crate) fn set_expected_loss(&mut self, percent: u8) -> Result<(), CodecError> {
        Ok(self.encoder.set_packet_loss_perc(i32::from(percent.min(100)))?)
    }

    #[cfg(feature = "dred")]
    pub(crate) fn set_expected_loss(&mut self, percent: u8) -> Result<(), CodecError> {
        Ok(self.encoder.set_expected_loss(percent.min(100))?)
    }

    /// So much speech before it each packet describes, in milliseconds. Refused without feature
    /// `dred`.
    #[cfg(not(feature = "dred"))]
    pub(crate) fn set_dred(&mut self, ms: u32) -> Result<(), CodecError> {
        let _ = self;
        if ms == 0 { Ok(()) } else { Err(CodecError::new("it was built without DRED")) }
    }

    /// So much speech before it each packet describes, in milliseconds.
    #[cfg(feature = "dred")]
    pub(crate) fn set_dred(&mut self, ms: u32) -> Result<(), CodecError> {
        Ok(self.encoder.set_dred_duration(ms)?)
    }

    /// Encodes one frame into `out` and returns its length in bytes.
    pub(crate) fn encode(&mut self, pcm: &[f32], out: &mut [u8]) -> Result<usize, CodecError> {
        #[cfg(not(feature = "dred"))]
        let length = self.encoder.encode_float(pcm, out)?;
        #[cfg(feature = "dred")]
        let length = self.encoder.encode(pcm, out)?;
        Ok(length)
    }
}

#[cfg(not(feature = "dred"))]
fn open() -> Result<opus::Encoder, CodecError> {
    let (rate, voice) = (crate::units::SAMPLE_RATE_HZ, opus::Application::Voip);
    Ok(opus::Encoder::new(rate, opus::Channels::Mono, voice)?)
}

#[cfg(feature = "dred")]
fn open() -> Result<calling_opus_dred::Encoder, CodecError> {
    Ok(calling_opus_dred::Encoder::new(calling_opus_dred::Channels::Mono)?)
}
