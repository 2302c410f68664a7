//! The capture side: what happens to the sound of a microphone before it is encoded.

#[cfg(feature = "processing")]
mod processor;
#[cfg(feature = "processing")]
mod resampler;

#[cfg(feature = "processing")]
pub use processor::{CaptureProcessor, CaptureStats, ProcessingError};
#[cfg(feature = "processing")]
pub use resampler::{CaptureResampler, ResamplerError};

/// What is done to the sound of a microphone; by default nothing, since headsets and operating
/// systems do it too and twice is worse than once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AudioProcessing {
    /// Removes what the loudspeaker plays.
    pub echo_cancellation: bool,
    /// Weakens steady noise: fans, streets.
    pub noise_suppression: bool,
    /// Brings quiet and loud voices to the same level.
    pub auto_gain_control: bool,
}

impl AudioProcessing {
    /// All of it: what a loudspeaker and a microphone in one room need.
    pub const HANDS_FREE: Self =
        Self { echo_cancellation: true, noise_suppression: true, auto_gain_control: true };

    /// Nothing is done.
    pub const fn is_off(self) -> bool {
        !(self.echo_cancellation || self.noise_suppression || self.auto_gain_control)
    }
}
