//! Encoders and decoders.

#[cfg(feature = "h264")]
mod h264;
#[cfg(test)]
mod tests;
#[cfg(feature = "vp8")]
mod vp8;

use bytes::Bytes;

use super::frame::I420Frame;
use super::payload;

/// A codec of video that Calling's own clients can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VideoCodec {
    /// VP8 (RFC 6386): every browser has it.
    Vp8,
    /// H.264, constrained baseline.
    H264,
}

/// An encoder or decoder did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VideoCodecError {
    /// This program was built without it.
    #[error("built without {0}; build with feature `{1}` of calling-media")]
    NotBuilt(&'static str, &'static str),
    /// The library refused.
    #[error("{0}")]
    Library(String),
    /// The picture is of a size that is not encoded or decoded.
    #[error("{width}x{height} is too large or empty")]
    Size {
        /// Pixels a line.
        width: usize,
        /// Lines.
        height: usize,
    },
}

/// What an encoder is to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncoderTarget {
    /// Pixels a line; even.
    pub width: usize,
    /// Lines; even.
    pub height: usize,
    /// Pictures per second.
    pub frame_rate: u32,
    /// Bits per second.
    pub bitrate_bps: u32,
}

/// One encoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedPicture {
    /// The bytes of the codec: a VP8 frame, or NAL units with start codes.
    pub data: Bytes,
    /// It needs no other to be decoded.
    pub is_key: bool,
}

/// Encodes pictures, one at a time and without lag.
pub trait VideoEncoder: Send + std::fmt::Debug {
    /// Encodes `frame`, which has the size of the target; `None` if the rate control leaves it out.
    ///
    /// # Errors
    /// The library refused, or the size is another.
    fn encode(
        &mut self,
        frame: &I420Frame,
        force_key: bool,
    ) -> Result<Option<EncodedPicture>, VideoCodecError>;

    /// Aims at another bitrate, in bits per second. Whether the next picture must therefore be a
    /// key frame is the encoder's affair.
    ///
    /// # Errors
    /// The library refused; the old one stays.
    fn set_bitrate(&mut self, bps: u32) -> Result<(), VideoCodecError>;
}

/// Decodes pictures.
pub trait VideoDecoder: Send + std::fmt::Debug {
    /// Decodes one picture's bytes; `None` if they show nothing by themselves.
    ///
    /// # Errors
    /// They are damaged, or do not follow what was decoded last. Ask for a key frame.
    fn decode(&mut self, data: &[u8]) -> Result<Option<I420Frame>, VideoCodecError>;
}

impl VideoCodec {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Vp8, Self::H264];

    /// Those this program was built with, the one to prefer first.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|codec| codec.is_available())
    }

    /// Whether this program was built with it.
    pub const fn is_available(self) -> bool {
        match self {
            Self::Vp8 => cfg!(feature = "vp8"),
            Self::H264 => cfg!(feature = "h264"),
        }
    }

    /// The name of its RTP payload format (RFC 7741, RFC 6184).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vp8 => "VP8",
            Self::H264 => "H264",
        }
    }

    /// Opens an encoder.
    ///
    /// # Errors
    /// Not built in, an impossible target, or no memory.
    pub fn encoder(self, target: EncoderTarget) -> Result<Box<dyn VideoEncoder>, VideoCodecError> {
        let EncoderTarget { width, height, .. } = target;
        if super::frame::check(width, height).is_err() || width % 2 != 0 || height % 2 != 0 {
            return Err(VideoCodecError::Size { width, height });
        }
        match self {
            #[cfg(feature = "vp8")]
            Self::Vp8 => Ok(Box::new(vp8::Vp8Encoder::new(target)?)),
            #[cfg(not(feature = "vp8"))]
            Self::Vp8 => Err(VideoCodecError::NotBuilt("VP8", "vp8")),
            #[cfg(feature = "h264")]
            Self::H264 => Ok(Box::new(h264::H264Encoder::new(target)?)),
            #[cfg(not(feature = "h264"))]
            Self::H264 => Err(VideoCodecError::NotBuilt("H.264", "h264")),
        }
    }

    /// Opens a decoder. It takes no picture of more than [`MAX_PIXELS`](super::MAX_PIXELS).
    ///
    /// # Errors
    /// Not built in, or no memory.
    pub fn decoder(self) -> Result<Box<dyn VideoDecoder>, VideoCodecError> {
        match self {
            #[cfg(feature = "vp8")]
            Self::Vp8 => Ok(Box::new(vp8::Vp8Decoder::new()?)),
            #[cfg(not(feature = "vp8"))]
            Self::Vp8 => Err(VideoCodecError::NotBuilt("VP8", "vp8")),
            #[cfg(feature = "h264")]
            Self::H264 => Ok(Box::new(h264::H264Decoder::new()?)),
            #[cfg(not(feature = "h264"))]
            Self::H264 => Err(VideoCodecError::NotBuilt("H.264", "h264")),
        }
    }

    /// Whether the bytes of a picture are a key frame.
    pub fn is_key(self, data: &[u8]) -> bool {
        match self {
            Self::Vp8 => payload::vp8::is_key(data),
            Self::H264 => payload::h264::is_key(data),
        }
    }
}

/// A frame of a foreign size is never given to a library.
#[cfg(any(feature = "vp8", feature = "h264"))]
fn same_size(target: EncoderTarget, frame: &I420Frame) -> Result<(), VideoCodecError> {
    let (width, height) = (frame.width(), frame.height());
    if (width, height) == (target.width, target.height) {
        Ok(())
    } else {
        Err(VideoCodecError::Size { width, height })
    }
}
