//! The encoder. Every call of C of it is in this file.
#![expect(unsafe_code, reason = "libopus is C")]

use std::ptr::NonNull;

use opusic_sys::{
    OPUS_APPLICATION_VOIP, OPUS_SET_BITRATE_REQUEST, OPUS_SET_COMPLEXITY_REQUEST,
    OPUS_SET_DRED_DURATION_REQUEST, OPUS_SET_DTX_REQUEST, OPUS_SET_INBAND_FEC_REQUEST,
    OPUS_SET_PACKET_LOSS_PERC_REQUEST, OPUS_SET_VBR_REQUEST, OpusEncoder, opus_encode_float,
    opus_encoder_create, opus_encoder_ctl, opus_encoder_destroy,
};

use crate::{Channels, OpusError, SAMPLE_RATE_HZ, c_length};

/// The most speech that DRED describes, in milliseconds (libopus: `DRED_MAX_FRAMES` of 10 ms).
pub const MAX_DRED_MS: u32 = 1_040;
/// Durations are told in frames of 10 ms.
const DRED_FRAME_MS: u32 = 10;

/// An Opus encoder for voice, at 48 kHz.
pub struct Encoder {
    raw: NonNull<OpusEncoder>,
    channels: usize,
}

// SAFETY: libopus ties an encoder to no thread; it only must not be used by two at once, which
// `&mut self` everywhere excludes.
unsafe impl Send for Encoder {}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("channels", &self.channels).finish_non_exhaustive()
    }
}

impl Encoder {
    /// Opens an encoder.
    ///
    /// # Errors
    /// No memory.
    pub fn new(channels: Channels) -> Result<Self, OpusError> {
        let channels = channels.count();
        let mut error = 0;
        // SAFETY: the arguments are legal, and `error` outlives the call.
        let raw = unsafe {
            opus_encoder_create(
                SAMPLE_RATE_HZ,
                channels as i32,
                OPUS_APPLICATION_VOIP,
                &raw mut error,
            )
        };
        let raw = NonNull::new(raw).ok_or_else(|| OpusError::of(error))?;
        Ok(Self { raw, channels })
    }

    fn set(&mut self, request: i32, value: i32) -> Result<(), OpusError> {
        // SAFETY: the encoder is open, and each request used here takes one int by value.
        let code = unsafe { opus_encoder_ctl(self.raw.as_ptr(), request, value) };
        OpusError::check(code).map(|_| ())
    }

    /// Bits per second of everything in a packet, DRED included: at least 500; above 750,000 for
    /// each channel is taken for that.
    ///
    /// # Errors
    /// Not positive.
    pub fn set_bitrate(&mut self, bps: i32) -> Result<(), OpusError> {
        // Negative values mean "automatic" and "as much as there is room for".
        if bps <= 0 {
            return Err(OpusError("a bitrate is positive"));
        }
        self.set(OPUS_SET_BITRATE_REQUEST, bps)
    }

    /// Packets of the size that each needs, or all of the same.
    ///
    /// # Errors
    /// libopus refused.
    pub fn set_vbr(&mut self, on: bool) -> Result<(), OpusError> {
        self.set(OPUS_SET_VBR_REQUEST, i32::from(on))
    }

    /// Packets of two bytes at most while nobody speaks.
    ///
    /// # Errors
    /// libopus refused.
    pub fn set_dtx(&mut self, on: bool) -> Result<(), OpusError> {
        self.set(OPUS_SET_DTX_REQUEST, i32::from(on))
    }

    /// 0 (cheap) ..=10 (best).
    ///
    /// # Errors
    /// Above 10.
    pub fn set_complexity(&mut self, complexity: u8) -> Result<(), OpusError> {
        self.set(OPUS_SET_COMPLEXITY_REQUEST, i32::from(complexity))
    }

    /// Each packet carries a coarse copy of the one before it.
    ///
    /// # Errors
    /// libopus refused.
    pub fn set_in_band_fec(&mut self, on: bool) -> Result<(), OpusError> {
        self.set(OPUS_SET_INBAND_FEC_REQUEST, i32::from(on))
    }

    /// The loss to prepare for, 0..=100 percent. At 0 neither in-band FEC nor DRED gets bits.
    ///
    /// # Errors
    /// Above 100.
    pub fn set_expected_loss(&mut self, percent: u8) -> Result<(), OpusError> {
        self.set(OPUS_SET_PACKET_LOSS_PERC_REQUEST, i32::from(percent))
    }

    /// So much speech before it each packet describes, in milliseconds, in steps of 10; 0 switches
    /// it off. Bits are given to it by the bitrate and the expected loss, so that it may be less.
    ///
    /// # Errors
    /// Above [`MAX_DRED_MS`].
    pub fn set_dred_duration(&mut self, ms: u32) -> Result<(), OpusError> {
        if ms > MAX_DRED_MS {
            return Err(OpusError("DRED describes at most 1,040 ms"));
        }
        self.set(OPUS_SET_DRED_DURATION_REQUEST, (ms / DRED_FRAME_MS) as i32)
    }

    /// Encodes one frame of 2.5 to 120 ms into the start of `packet` and returns its length.
    ///
    /// # Errors
    /// No length of a frame, a sample that is not finite, or too little room.
    pub fn encode(&mut self, pcm: &[f32], packet: &mut [u8]) -> Result<usize, OpusError> {
        if !pcm.len().is_multiple_of(self.channels) {
            return Err(OpusError("a sample lacks a channel"));
        }
        if !pcm.iter().all(|sample| sample.is_finite()) {
            return Err(OpusError("a sample is not finite"));
        }
        let samples = c_length(pcm.len() / self.channels)?;
        let room = c_length(packet.len())?;
        // SAFETY: the encoder is open; `pcm` holds `samples` for each channel and is only read;
        // `packet` has `room` bytes; libopus refuses lengths that are none of a frame.
        let length = unsafe {
            opus_encode_float(self.raw.as_ptr(), pcm.as_ptr(), samples, packet.as_mut_ptr(), room)
        };
        OpusError::check(length)
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: it was opened by `new` and is closed nowhere else.
        unsafe { opus_encoder_destroy(self.raw.as_ptr()) };
    }
}
