//! WAV files in and out.

mod sink;
mod source;

pub use sink::{WavSink, WavSinkError};
pub use source::{WavSource, WavSourceError};
