//! Where pictures go.

mod ivf;
mod y4m;

use std::sync::Arc;
use std::time::Instant;

use super::frame::I420Frame;
pub use ivf::IvfSink;
pub use y4m::Y4mSink;

/// A picture to show.
#[derive(Clone, Debug)]
pub struct VideoFrame {
    /// The picture; shared, so that keeping it copies nothing.
    pub picture: Arc<I420Frame>,
    /// Its RTP timestamp, which grows with the sender's 90 kHz clock.
    pub rtp_timestamp: u32,
    /// When it is to be shown: now, unless the program is behind.
    pub due: Instant,
}

/// A window, a file or anything else that takes pictures. Any function of a frame is one.
pub trait VideoSink: Send {
    /// Takes a picture. What it cannot keep up with is lost: it must never block.
    fn show(&mut self, frame: &VideoFrame);
}

impl<F: FnMut(&VideoFrame) + Send> VideoSink for F {
    fn show(&mut self, frame: &VideoFrame) {
        self(frame);
    }
}

impl VideoSink for Box<dyn VideoSink> {
    fn show(&mut self, frame: &VideoFrame) {
        (**self).show(frame);
    }
}
