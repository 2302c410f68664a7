//! WAV files in and out.

mod resample;
mod sink;
mod source;

pub use sink::{WavSink, WavSinkError};
pub use source::{WavSource, WavSourceError};
