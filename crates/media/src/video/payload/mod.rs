//! RTP payload formats: pictures to payloads and back, by the crate `rtp`.

pub(super) mod h264;
#[cfg(test)]
mod tests;
pub(super) mod vp8;

use bytes::{Bytes, BytesMut};
use rtp::codecs::h264::H264Payloader;
use rtp::codecs::vp8::Vp8Payloader;
use rtp::packetizer::Payloader;

use super::VideoCodec;

/// The most bytes of payload in a packet: with RTP header, extensions, RTX and SRTP it stays below
/// 1,200 bytes of UDP payload, which pass everywhere.
pub(super) const MAX_PAYLOAD_BYTES: usize = 1_120;
/// Pictures of more bytes than this are not put together.
pub(super) const MAX_PICTURE_BYTES: usize = 4 << 20;

/// What a payload tells by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fragment {
    /// A picture surely begins with it. H.264 does not always tell.
    pub(super) begins: bool,
    /// A key frame begins with it.
    pub(super) begins_key: bool,
}

/// The payloads do not make a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payloads do not make a picture")]
pub(super) struct MalformedPicture;

/// Judges one payload; `None` if the format does not allow it.
pub(super) fn inspect(codec: VideoCodec, payload: &Bytes) -> Option<Fragment> {
    match codec {
        VideoCodec::Vp8 => vp8::inspect(payload),
        VideoCodec::H264 => h264::inspect(payload),
    }
}

/// Puts the payloads of one picture together, in order and without gaps.
pub(super) fn assemble<'a>(
    codec: VideoCodec,
    payloads: impl Iterator<Item = &'a Bytes>,
) -> Result<Bytes, MalformedPicture> {
    let mut picture = BytesMut::new();
    let mut h264 = h264::Assembly::default();
    for payload in payloads {
        let part = match codec {
            VideoCodec::Vp8 => vp8::depacketize(payload),
            VideoCodec::H264 => h264.depacketize(payload),
        };
        picture.extend_from_slice(&part.ok_or(MalformedPicture)?);
        if picture.len() > MAX_PICTURE_BYTES {
            return Err(MalformedPicture);
        }
    }
    if picture.is_empty() || h264.is_open() { Err(MalformedPicture) } else { Ok(picture.freeze()) }
}

/// Cuts pictures into payloads.
#[derive(Debug)]
pub(super) enum Cutter {
    Vp8(Vp8Payloader),
    H264(H264Payloader),
}

/// Picture ids below this have 7 bits, from it on 15 (RFC 7741 section 4.2).
const FIRST_LONG_PICTURE_ID: usize = 128;

impl Cutter {
    pub(super) fn new(codec: VideoCodec) -> Self {
        match codec {
            VideoCodec::Vp8 => Self::Vp8(long_picture_ids()),
            VideoCodec::H264 => Self::H264(H264Payloader::default()),
        }
    }

    pub(super) fn cut(&mut self, picture: &Bytes) -> Vec<Bytes> {
        let payloads = match self {
            Self::Vp8(payloader) => payloader.payload(MAX_PAYLOAD_BYTES, picture),
            Self::H264(payloader) => payloader.payload(MAX_PAYLOAD_BYTES, picture),
        };
        // Neither fails.
        payloads.unwrap_or_default()
    }
}

/// A payloader whose ids begin where they have 15 bits, so that a middlebox that numbers them anew
/// finds room.
fn long_picture_ids() -> Vp8Payloader {
    let mut payloader = Vp8Payloader::default();
    payloader.enable_picture_id = true;
    let any = Bytes::from_static(&[0]);
    for _ in 0..FIRST_LONG_PICTURE_ID {
        let _ = payloader.payload(MAX_PAYLOAD_BYTES, &any);
    }
    payloader
}
