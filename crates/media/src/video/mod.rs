//! Video: pictures to packets and back.
//!
//! ```text
//! VideoSource ─▶ VideoCapture (scale, encode) ─▶ VideoSender (packetise, pace, send again) ─▶ RTP
//! RTP ─▶ VideoReceiver (order, ask again, put together, wait for its time) ─▶ VideoPlayer ─▶ VideoSink
//! ```
//!
//! Pictures are 8-bit I420, the RTP clock is 90 kHz. As with sound, nothing reads a clock or owns a
//! thread. Encoding and decoding take milliseconds: a program whose sound must not wait gives
//! [`VideoCapture`] and [`VideoPlayer`] a thread of their own.

mod bitrate;
mod capture;
mod codec;
mod feedback;
mod frame;
#[doc(hidden)]
pub mod fuzz;
mod payload;
mod player;
mod receiver;
mod rtx;
mod scale;
mod sender;
mod sink;
mod source;
mod sync;

pub use bitrate::LossController;
pub use capture::{
    BITRATE_RANGE_BPS, CaptureInput, CaptureOutput, CaptureReason, CaptureSettings, CaptureStats,
    Rung, VideoCapture, rung,
};
pub use codec::{
    EncodedPicture, EncoderTarget, VideoCodec, VideoCodecError, VideoDecoder, VideoEncoder,
};
pub use feedback::{MAX_NACKED, VideoFeedback};
pub use frame::{FrameError, I420Frame, MAX_PIXELS};
pub use player::{PlayError, VideoPlayer};
pub use receiver::{
    ReceivedPicture, VideoDiscard, VideoReceiver, VideoReceiverConfig, VideoReceiverInput,
    VideoReceiverOutput, VideoReceiverReason, VideoReceiverStats,
};
pub use sender::{
    VideoSender, VideoSenderConfig, VideoSenderInput, VideoSenderOutput, VideoSenderReason,
    VideoSenderStats,
};
pub use sink::{IvfSink, VideoFrame, VideoSink, Y4mSink};
pub use source::{IvfError, IvfReader, IvfSource, TestPattern, VideoSource, Y4mError, Y4mSource};
pub use sync::{LipSync, SyncPoint};

/// Ticks of the RTP clock of video per second.
pub const VIDEO_CLOCK_HZ: u32 = 90_000;

/// The RTP payload types of video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoPayloadTypes {
    /// VP8 (RFC 7741).
    pub vp8: u8,
    /// Retransmission of VP8 (RFC 4588).
    pub vp8_rtx: u8,
    /// H.264 in packetization mode 1 (RFC 6184).
    pub h264: u8,
    /// Retransmission of H.264.
    pub h264_rtx: u8,
}

impl Default for VideoPayloadTypes {
    fn default() -> Self {
        Self { vp8: 96, vp8_rtx: 97, h264: 98, h264_rtx: 99 }
    }
}

impl VideoPayloadTypes {
    /// The payload type of a codec.
    pub const fn of(&self, codec: VideoCodec) -> u8 {
        match codec {
            VideoCodec::Vp8 => self.vp8,
            VideoCodec::H264 => self.h264,
        }
    }

    /// The codec of a payload type.
    pub fn codec(&self, payload_type: u8) -> Option<VideoCodec> {
        VideoCodec::ALL.into_iter().find(|codec| self.of(*codec) == payload_type)
    }

    /// The codec that a payload type sends again.
    pub const fn codec_again(&self, payload_type: u8) -> Option<VideoCodec> {
        if payload_type == self.vp8_rtx {
            Some(VideoCodec::Vp8)
        } else if payload_type == self.h264_rtx {
            Some(VideoCodec::H264)
        } else {
            None
        }
    }

    /// The payload type that sends another again.
    pub fn rtx_of(&self, payload_type: u8) -> Option<u8> {
        self.codec(payload_type).map(|codec| match codec {
            VideoCodec::Vp8 => self.vp8_rtx,
            VideoCodec::H264 => self.h264_rtx,
        })
    }
}
