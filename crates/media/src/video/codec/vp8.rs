use bytes::Bytes;
use calling_vpx::{Decoder, Encoder, EncoderSettings, Planes, VpxError};

use super::{
    EncodedPicture, EncoderTarget, VideoCodecError, VideoDecoder, VideoEncoder, same_size,
};
use crate::video::VIDEO_CLOCK_HZ;
use crate::video::frame::{I420Frame, check};
use crate::video::payload::vp8::key_size;

/// One thread: a call's picture fits, and its server and sound want the others.
const THREADS: u32 = 1;
/// 0..=16; what WebRTC uses on computers is 6 to 12, by size and cores.
const SPEED: i32 = 8;

#[derive(Debug)]
pub(super) struct Vp8Encoder {
    encoder: Encoder,
    target: EncoderTarget,
    data: Vec<u8>,
}

impl Vp8Encoder {
    pub(super) fn new(target: EncoderTarget) -> Result<Self, VideoCodecError> {
        let encoder = Encoder::new(EncoderSettings {
            // Checked: at most `MAX_PIXELS`.
            width: target.width as u32,
            height: target.height as u32,
            bitrate_bps: target.bitrate_bps,
            threads: THREADS,
            speed: SPEED,
        })?;
        Ok(Self { encoder, target, data: Vec::new() })
    }
}

impl VideoEncoder for Vp8Encoder {
    fn encode(
        &mut self,
        frame: &I420Frame,
        force_key: bool,
    ) -> Result<Option<EncodedPicture>, VideoCodecError> {
        same_size(self.target, frame)?;
        let planes = Planes::new(frame.width() as u32, frame.height() as u32, frame.planes())?;
        let duration = u64::from(VIDEO_CLOCK_HZ / self.target.frame_rate.max(1));
        let key = self.encoder.encode(&planes, duration, force_key, &mut self.data)?;
        Ok(key.map(|is_key| EncodedPicture { data: Bytes::copy_from_slice(&self.data), is_key }))
    }

    fn set_bitrate(&mut self, bps: u32) -> Result<(), VideoCodecError> {
        self.target.bitrate_bps = bps;
        Ok(self.encoder.set_bitrate(bps)?)
    }
}

#[derive(Debug)]
pub(super) struct Vp8Decoder {
    decoder: Decoder,
}

impl Vp8Decoder {
    pub(super) fn new() -> Result<Self, VideoCodecError> {
        Ok(Self { decoder: Decoder::new()? })
    }
}

impl VideoDecoder for Vp8Decoder {
    fn decode(&mut self, data: &[u8]) -> Result<Option<I420Frame>, VideoCodecError> {
        // The size is read before libvpx does, which would allocate a quarter of a gigapixel.
        if let Some((width, height)) = key_size(data) {
            check(width, height).map_err(|_| VideoCodecError::Size { width, height })?;
        }
        let Some(picture) = self.decoder.decode(data)? else { return Ok(None) };
        let lines = [picture.lines(0), picture.lines(1), picture.lines(2)];
        let frame = I420Frame::from_lines(picture.width, picture.height, lines);
        frame.map(Some).map_err(|error| VideoCodecError::Library(error.to_string()))
    }
}

impl From<VpxError> for VideoCodecError {
    fn from(error: VpxError) -> Self {
        Self::Library(error.to_string())
    }
}
