//! Codecs behind traits, so that tests and other payloads can take their place.

#[cfg(feature = "dred")]
mod deep;
mod opus_decoder;
mod opus_encoder;
#[cfg(test)]
mod tests;
mod toc;

pub use opus_decoder::OpusDecoder;
pub(crate) use opus_encoder::OpusEncoder;
pub(crate) use toc::Toc;

/// A codec that could not be made or refused its input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the codec refused: {reason}")]
pub struct CodecError {
    reason: &'static str,
}

impl CodecError {
    pub(crate) const fn new(reason: &'static str) -> Self {
        Self { reason }
    }
}

#[cfg(feature = "dred")]
impl From<calling_opus_dred::OpusError> for CodecError {
    fn from(error: calling_opus_dred::OpusError) -> Self {
        Self::new(error.description())
    }
}

impl From<opus::Error> for CodecError {
    fn from(error: opus::Error) -> Self {
        Self::new(error.description())
    }
}

/// What a payload says of itself before it is decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PayloadInfo {
    /// Audio it holds, in samples per channel at 48 kHz; never zero.
    pub samples: usize,
    /// Audio of the packet before it that it can restore, in samples per channel; zero if none.
    pub fec_samples: usize,
    /// The sender falls silent after it (discontinuous transmission).
    pub silence_follows: bool,
}

/// What a payload describes of the sound before it beyond the last frame (DRED), in samples per
/// channel before its first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeepSpan {
    /// It begins so far back.
    pub reach: usize,
    /// And ends so far back.
    pub end: usize,
}

/// Turns payloads into PCM: 48 kHz, `f32` in −1.0..=1.0, finite, interleaved.
///
/// `out` is always long enough for what is asked; lengths are samples per channel.
pub trait AudioDecoder: Send {
    /// Reads the framing of a payload; `None` if it cannot be one.
    fn inspect(&self, payload: &[u8]) -> Option<PayloadInfo>;

    /// Decodes one payload into the start of `out` and returns its samples per channel.
    ///
    /// # Errors
    /// The payload is damaged; the decoder stays usable.
    fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError>;

    /// Restores the last `samples` before `payload` from what `payload` carries of them.
    ///
    /// # Errors
    /// The payload is damaged; the decoder stays usable.
    fn decode_fec(
        &mut self,
        payload: &[u8],
        samples: usize,
        out: &mut [f32],
    ) -> Result<usize, CodecError>;

    /// Makes up `samples` (a multiple of 120, 2.5 ms) that continue what was decoded last.
    ///
    /// # Errors
    /// The decoder cannot; silence takes its place.
    fn conceal(&mut self, samples: usize, out: &mut [f32]) -> Result<usize, CodecError>;

    /// Reads what `payload` describes of the sound before it; `None` if nothing, as by default.
    fn deep_span(&mut self, payload: &[u8]) -> Option<DeepSpan> {
        let _ = payload;
        None
    }

    /// Restores `samples` (a multiple of 120, 2.5 ms), the first of which was `back` before that of
    /// `payload`, from what `payload` describes of them.
    ///
    /// # Errors
    /// It describes nothing, as by default, or is damaged; the decoder stays usable.
    fn decode_deep(
        &mut self,
        payload: &[u8],
        back: usize,
        samples: usize,
        out: &mut [f32],
    ) -> Result<usize, CodecError> {
        let _ = (payload, back, samples, out);
        Err(CodecError::new("it knows no deep redundancy"))
    }

    /// Whether [`conceal`](Self::conceal) is by a neural network. Not so by default.
    fn conceals_deeply(&self) -> bool {
        false
    }

    /// Forgets the stream.
    fn reset(&mut self);
}
