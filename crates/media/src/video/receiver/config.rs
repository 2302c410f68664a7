use std::time::{Duration, Instant};

use crate::video::{EncodedPicture, SyncPoint, VideoCodec, VideoFeedback, VideoPayloadTypes};

/// Which stream a [`VideoReceiver`](super::VideoReceiver) takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoReceiverConfig {
    /// The SSRC of the stream.
    pub ssrc: u32,
    /// The SSRC of what is sent again.
    pub rtx_ssrc: Option<u32>,
    /// The numbers of the formats.
    pub payload_types: VideoPayloadTypes,
    /// The longest that pictures wait for the jitter of the network. Sound may make them wait
    /// longer.
    pub max_delay: Duration,
}

impl VideoReceiverConfig {
    /// A stream with the usual formats and at most a second of delay.
    pub fn new(ssrc: u32, rtx_ssrc: Option<u32>) -> Self {
        let max_delay = Duration::from_secs(1);
        Self { ssrc, rtx_ssrc, payload_types: VideoPayloadTypes::default(), max_delay }
    }
}

/// What happens to a [`VideoReceiver`](super::VideoReceiver).
#[derive(Clone, Copy, Debug)]
pub enum VideoReceiverInput<'a> {
    /// A packet of the stream, or of what is sent again, arrived.
    Packet(&'a calling_wire::RtpView<'a>),
    /// The round-trip time to whoever sends again.
    RoundTrip(Duration),
    /// When pictures are to be shown to be in step with the sound; `None` for as soon as possible.
    Sync(Option<SyncPoint>),
    /// The decoder stumbled: only a key frame helps.
    KeyFrameNeeded,
    /// Somebody further on wants a key frame; what is received goes on being given out.
    KeyFrameWanted,
}

/// What a [`VideoReceiver`](super::VideoReceiver) wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VideoReceiverOutput {
    /// Decode and show this now.
    Picture(ReceivedPicture),
    /// Tell the sender.
    Feedback(VideoFeedback),
}

/// Why a [`VideoReceiver`](super::VideoReceiver) has a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VideoReceiverReason {
    /// A picture is to be shown.
    Playout,
    /// A missing packet is asked for.
    Nack,
    /// What is missing is given up.
    Patience,
    /// A key frame is asked for.
    KeyFrame,
}

/// A complete picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedPicture {
    /// How it is encoded.
    pub codec: VideoCodec,
    /// Its bytes.
    pub picture: EncodedPicture,
    /// Its RTP timestamp.
    pub rtp_timestamp: u32,
    /// When it is to be shown.
    pub due: Instant,
}
