//! Where pictures come from.

pub(super) mod ivf;
mod pattern;
mod y4m;

use super::frame::I420Frame;
pub use ivf::{IvfError, IvfReader, IvfSource};
pub use pattern::TestPattern;
pub use y4m::{Y4mError, Y4mSource};

/// A camera, a file or anything else that gives pictures.
pub trait VideoSource: Send {
    /// The next picture; `None` if the source has ended.
    fn read(&mut self) -> Option<I420Frame>;

    /// Pictures per second, 1..=120.
    fn frame_rate(&self) -> u32;
}

impl<S: VideoSource + ?Sized> VideoSource for Box<S> {
    fn read(&mut self) -> Option<I420Frame> {
        (**self).read()
    }

    fn frame_rate(&self) -> u32 {
        (**self).frame_rate()
    }
}

/// Bounds what a file or a device claims.
pub(super) const fn sane_rate(numerator: u64, denominator: u64) -> Option<u32> {
    if numerator == 0 || denominator == 0 {
        return None;
    }
    let rate = numerator.saturating_add(denominator / 2) / denominator;
    // It is at most 120.
    Some(if rate < 1 {
        1
    } else if rate > 120 {
        120
    } else {
        rate as u32
    })
}
