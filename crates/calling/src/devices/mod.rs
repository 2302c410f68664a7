//! Cameras and screens of this machine.
//!
//! Each is a feature: `camera` reads cameras by Video4Linux, `screen` the screen of an X server.
//! `Video::with_system_cameras` and `Video::with_system_screen` offer them to calls; the sources are
//! here for whoever wants pictures without one. Neither needs a library of the system.

#[cfg(feature = "camera")]
mod camera;
mod convert;
#[cfg(feature = "screen")]
mod screen;

#[cfg(feature = "camera")]
pub use camera::{CameraSource, cameras};
#[cfg(feature = "screen")]
pub use screen::ScreenSource;

use calling_media::video::FrameError;

/// What a device gave is no picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConvertError {
    /// No picture has that size.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// There are fewer bytes than a picture of that size has.
    #[error("a picture of that size has {expected} bytes, and {given} came")]
    Short {
        /// How many there must be.
        expected: usize,
        /// How many there were.
        given: usize,
    },
    /// A JPEG that cannot be decoded.
    #[cfg(feature = "camera")]
    #[error("a picture cannot be decoded: {0}")]
    Jpeg(String),
}
