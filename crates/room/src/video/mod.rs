//! Pictures: who sends which, in which sizes, and who sees them.
//!
//! A *track* (camera or screen) has one *layer* or, sent in several sizes at once (simulcast,
//! RFC 8853), up to three. Each layer is a stream of its own. To each receiver a track is one
//! stream: a *leg* forwards one of its layers at a time and changes to another where a key frame of
//! that begins. A layer that stops while others go on is left for the best of those.

mod feedback;
mod flow;
mod keyframes;
mod layer;
mod leg;
mod missing;
mod published;
mod room;
mod side;
mod store;
mod terms;

pub use terms::{
    VideoExtensions, VideoFormat, VideoPlaces, VideoSource, VideoSourceSsrcs, VideoTerms,
    VideoViews,
};

pub(crate) use layer::{Came, Layer};
pub(crate) use leg::VideoLeg;
pub(crate) use published::Published;
pub(crate) use side::{Found, VideoSide};
