//! The decoder. Every call of C of it is in this file.
#![expect(unsafe_code, reason = "libopus is C")]

use std::ptr::{self, NonNull};

use opusic_sys::{
    OPUS_RESET_STATE, OPUS_SET_COMPLEXITY_REQUEST, OpusDecoder, opus_decode_float,
    opus_decoder_create, opus_decoder_ctl, opus_decoder_destroy, opus_decoder_dred_decode_float,
};

use crate::{Channels, Dred, GRAIN, OpusError, SAMPLE_RATE_HZ, c_length};

/// An Opus decoder, at 48 kHz. Samples may exceed ±1; of damaged packets they may be anything.
pub struct Decoder {
    raw: NonNull<OpusDecoder>,
    channels: usize,
}

// SAFETY: libopus ties a decoder to no thread; it only must not be used by two at once, which
// `&mut self` everywhere excludes.
unsafe impl Send for Decoder {}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("channels", &self.channels).finish_non_exhaustive()
    }
}

impl Decoder {
    /// Opens a decoder.
    ///
    /// # Errors
    /// No memory.
    pub fn new(channels: Channels) -> Result<Self, OpusError> {
        let channels = channels.count();
        let mut error = 0;
        // SAFETY: the arguments are legal, and `error` outlives the call.
        let raw = unsafe { opus_decoder_create(SAMPLE_RATE_HZ, channels as i32, &raw mut error) };
        let raw = NonNull::new(raw).ok_or_else(|| OpusError::of(error))?;
        Ok(Self { raw, channels })
    }

    /// 0 (cheap) ..=10 (best). From 5 on concealment is a neural network's (deep PLC), which costs
    /// nothing while nothing is lost.
    ///
    /// # Errors
    /// Above 10.
    pub fn set_complexity(&mut self, complexity: u8) -> Result<(), OpusError> {
        let value = i32::from(complexity);
        // SAFETY: the decoder is open, and the request takes one int by value.
        let code =
            unsafe { opus_decoder_ctl(self.raw.as_ptr(), OPUS_SET_COMPLEXITY_REQUEST, value) };
        OpusError::check(code).map(|_| ())
    }

    /// Decodes `packet` into the start of `out` and returns its samples.
    ///
    /// # Errors
    /// The packet is damaged or `out` is shorter than it.
    pub fn decode(&mut self, packet: &[u8], out: &mut [f32]) -> Result<usize, OpusError> {
        self.run(packet, out, false)
    }

    /// Fills `out`, a multiple of [`GRAIN`], with what was before `packet`, of which the last frame
    /// is restored if `packet` has a coarse copy of it, and the rest made up.
    ///
    /// # Errors
    /// The packet is damaged or `out` is no multiple.
    pub fn decode_fec(&mut self, packet: &[u8], out: &mut [f32]) -> Result<usize, OpusError> {
        self.run(packet, out, true)
    }

    fn run(&mut self, packet: &[u8], out: &mut [f32], fec: bool) -> Result<usize, OpusError> {
        // To libopus no bytes at all mean "conceal".
        if packet.is_empty() {
            return Err(OpusError("the packet has no bytes"));
        }
        let length = c_length(packet.len())?;
        let samples = self.samples_of(out)?;
        // SAFETY: the decoder is open; `packet` is `length` bytes that are only read; `out` has
        // room for `samples` in each channel, more than which libopus refuses to write.
        let made = unsafe {
            opus_decode_float(
                self.raw.as_ptr(),
                packet.as_ptr(),
                length,
                out.as_mut_ptr(),
                samples,
                i32::from(fec),
            )
        };
        OpusError::check(made)
    }

    /// Fills `out`, a multiple of [`GRAIN`], with what may have followed.
    ///
    /// # Errors
    /// `out` is empty or no multiple.
    pub fn conceal(&mut self, out: &mut [f32]) -> Result<usize, OpusError> {
        let samples = self.grains_of(out)?;
        // SAFETY: the decoder is open; null means "conceal"; `out` has room for `samples` in each
        // channel.
        let made = unsafe {
            opus_decode_float(self.raw.as_ptr(), ptr::null(), 0, out.as_mut_ptr(), samples, 0)
        };
        OpusError::check(made)
    }

    /// Fills `out`, a multiple of [`GRAIN`], with the speech that begins `back` samples before the
    /// packet that `dred` was parsed of. What `dred` does not describe is made up.
    ///
    /// # Errors
    /// `dred` was not prepared, `back` is beyond anything, or `out` is empty or no multiple.
    pub fn decode_dred(
        &mut self,
        dred: &Dred,
        back: usize,
        out: &mut [f32],
    ) -> Result<usize, OpusError> {
        if !dred.is_prepared() {
            return Err(OpusError("prepare what was parsed before it is decoded"));
        }
        let samples = self.grains_of(out)?;
        let back = i32::try_from(back).ok().filter(|back| *back <= MAX_BACK);
        let back = back.ok_or(OpusError("no packet describes what is so far back"))?;
        // SAFETY: both are open, and `dred` is prepared; `out` has room for `samples` in each
        // channel.
        let made = unsafe {
            opus_decoder_dred_decode_float(
                self.raw.as_ptr(),
                dred.as_ptr(),
                back,
                out.as_mut_ptr(),
                samples,
            )
        };
        OpusError::check(made)
    }

    /// Forgets what was decoded.
    pub fn reset(&mut self) {
        // SAFETY: the decoder is open, and the request takes nothing. It cannot fail.
        unsafe { opus_decoder_ctl(self.raw.as_ptr(), OPUS_RESET_STATE) };
    }

    fn samples_of(&self, out: &[f32]) -> Result<i32, OpusError> {
        c_length(out.len() / self.channels)
    }

    fn grains_of(&self, out: &[f32]) -> Result<i32, OpusError> {
        if out.is_empty() || !out.len().is_multiple_of(GRAIN * self.channels) {
            return Err(OpusError("audio is made up in multiples of 2.5 ms"));
        }
        self.samples_of(out)
    }
}

/// A minute: sums with it stay far from overflow.
const MAX_BACK: i32 = 60 * SAMPLE_RATE_HZ;

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: it was opened by `new` and is closed nowhere else.
        unsafe { opus_decoder_destroy(self.raw.as_ptr()) };
    }
}
