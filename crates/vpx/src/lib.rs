//! VP8 for Calling: an encoder set up for live pictures and a decoder, safe, over libvpx.
//!
//! Pictures are I420: a plane of luma and two of chroma at half the width and height, rounded up.

mod decoder;
mod encoder;
#[cfg(test)]
mod tests;

pub use decoder::{Decoder, Picture};
pub use encoder::{Encoder, EncoderSettings};

/// Why libvpx did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("libvpx: {0}")]
pub struct VpxError(&'static str);

/// The widest and highest that VP8 can say (RFC 6386 section 9.1: 14 bits each).
pub const MAX_DIMENSION: u32 = (1 << 14) - 1;

/// An I420 picture to encode: planes without padding.
#[derive(Clone, Copy, Debug)]
pub struct Planes<'a> {
    width: u32,
    height: u32,
    planes: [&'a [u8]; 3],
}

impl<'a> Planes<'a> {
    /// A picture of `width` by `height` pixels.
    ///
    /// # Errors
    /// A side is 0 or above [`MAX_DIMENSION`], or a plane has not its size.
    pub fn new(width: u32, height: u32, planes: [&'a [u8]; 3]) -> Result<Self, VpxError> {
        let possible = 1..=MAX_DIMENSION;
        if !possible.contains(&width) || !possible.contains(&height) {
            return Err(VpxError("no picture has that size"));
        }
        let (w, h) = (width as usize, height as usize);
        let chroma = w.div_ceil(2) * h.div_ceil(2);
        if planes.map(<[u8]>::len) != [w * h, chroma, chroma] {
            return Err(VpxError("the planes do not have the picture's size"));
        }
        Ok(Self { width, height, planes })
    }
}
