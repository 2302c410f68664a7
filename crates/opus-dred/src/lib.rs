//! libopus with its deep redundancy (DRED) and deep concealment: safe, over `opusic-sys`.
//!
//! DRED describes up to 1.04 s of speech before a packet in that packet, at about 1 kbit/s for each
//! tenth of a second (Valin et al., "Low-bitrate redundancy coding of speech using a
//! rate-distortion-optimized variational autoencoder", ICASSP 2023;
//! `draft-ietf-mlcodec-opus-dred`). It travels in the padding of an Opus packet, which every
//! decoder skips that does not know it.
//!
//! ```text
//! Encoder (set_dred_duration) ─► packet ─► DredParser::parse ─► Dred ─► Decoder::decode_dred
//! ```
//!
//! Everything is at 48 kHz; lengths are samples per channel.

mod decoder;
mod dred;
mod encoder;
#[doc(hidden)]
pub mod fuzz;
#[cfg(test)]
mod tests;

pub use decoder::Decoder;
pub use dred::{Dred, DredParser, Span};
pub use encoder::{Encoder, MAX_DRED_MS};

/// Samples per second of everything.
pub const SAMPLE_RATE_HZ: i32 = 48_000;

/// libopus conceals and restores in multiples of 2.5 ms.
pub const GRAIN: usize = 120;

/// How many channels a coder has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// One.
    Mono,
    /// Two, interleaved.
    Stereo,
}

impl Channels {
    /// 1 or 2.
    pub const fn count(self) -> usize {
        match self {
            Self::Mono => 1,
            Self::Stereo => 2,
        }
    }
}

/// Why libopus did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("libopus: {0}")]
pub struct OpusError(&'static str);

impl OpusError {
    /// What was wrong, in words.
    pub const fn description(&self) -> &'static str {
        self.0
    }

    fn of(code: i32) -> Self {
        Self(match code {
            opusic_sys::OPUS_BAD_ARG => "an argument is out of range",
            opusic_sys::OPUS_BUFFER_TOO_SMALL => "the output is too short",
            opusic_sys::OPUS_INVALID_PACKET => "the packet is damaged",
            opusic_sys::OPUS_UNIMPLEMENTED => "this libopus cannot do it",
            opusic_sys::OPUS_INVALID_STATE => "the state is damaged",
            opusic_sys::OPUS_ALLOC_FAIL => "there is no memory",
            _ => "internal error",
        })
    }

    /// A count that libopus gave, or its error.
    fn check(code: i32) -> Result<usize, Self> {
        usize::try_from(code).map_err(|_| Self::of(code))
    }
}

/// Lengths of slices are handed to C as `int`.
fn c_length(length: usize) -> Result<i32, OpusError> {
    i32::try_from(length).map_err(|_| OpusError("more than two gigabytes"))
}
