//! What a network did to the packets of one call: who came when, who never.

mod draft;
mod models;
mod named;

pub use calling_media::trace::{Arrival, FRAME_MS, GRAIN_US, Trace, TraceFileError, read, write};
pub(crate) use draft::Draft;
pub(crate) use named::describe;
pub use named::{NAMES, generate};

#[cfg(test)]
mod tests;
