use std::time::{Duration, Instant};

use calling_media::video::{EncodedPicture, ReceivedPicture, VideoCodec};
use calling_media::{AudioSink, AudioSource};
use calling_model::{UserId, VideoTrack, Volume};
use calling_signaling::client::{NetworkQuality, UserQuality};
use calling_signaling::protocol::{UserVolume, VideoStream};
use calling_transport::{CloseReason, SecureSession, SrtpProfile};

/// What happens to a [`Pipeline`](super::Pipeline).
pub enum PipelineInput<'a> {
    /// A datagram came over the path; opened in place.
    Datagram(&'a mut [u8]),
    /// There is a path: secure it with this session. Replaces the session before.
    Secure(Box<SecureSession>),
    /// The call was answered.
    OpenGate {
        /// The microphone.
        source: Box<dyn AudioSource>,
        /// The loudspeaker.
        sink: Box<dyn AudioSink>,
    },
    /// The voice of `user` arrives under `ssrc`.
    RemoteAudio {
        /// Who.
        user: UserId,
        /// The SSRC.
        ssrc: u32,
    },
    /// The pictures of `user` arrive under these SSRCs, if they were asked for.
    RemoteVideo {
        /// Who.
        user: UserId,
        /// The SSRCs.
        streams: Vec<VideoStream>,
    },
    /// Send this picture.
    Picture {
        /// Of what it is.
        track: VideoTrack,
        /// How it is encoded.
        codec: VideoCodec,
        /// The picture.
        picture: &'a EncodedPicture,
        /// When it was taken.
        captured: Instant,
    },
    /// A key frame of `user` is needed.
    WantKeyFrame {
        /// Whose.
        user: UserId,
        /// Of which picture.
        track: VideoTrack,
        /// Nothing can be decoded without it; else somebody further on wants it.
        stumbled: bool,
    },
    /// What one of our pictures may take at most.
    VideoBitrate {
        /// Which.
        track: VideoTrack,
        /// Bits per second.
        bps: u32,
    },
    /// `user` left the room.
    RemoteLeft {
        /// Who.
        user: UserId,
    },
    /// Silence in place of the microphone, or the microphone again.
    Mute(bool),
    /// Tell volumes this often, or no longer.
    VolumeInterval(Option<Duration>),
}

/// What a [`Pipeline`](super::Pipeline) wants done, or tells.
#[derive(Clone, Debug, PartialEq)]
pub enum PipelineOutput {
    /// Send this datagram over the path.
    Transmit(Vec<u8>),
    /// DTLS is done.
    Connected {
        /// How media is protected.
        profile: SrtpProfile,
    },
    /// The session is over.
    Closed {
        /// Why.
        reason: CloseReason,
    },
    /// How loud everybody is.
    Volumes(VolumeReport),
    /// Decode and show this now.
    Show {
        /// Whose.
        user: UserId,
        /// Which picture of theirs.
        track: VideoTrack,
        /// The picture.
        picture: ReceivedPicture,
    },
    /// Somebody who sees this picture of ours needs a key frame.
    KeyFrameWanted(VideoTrack),
    /// Encode a picture of ours so.
    VideoBitrate {
        /// Which.
        track: VideoTrack,
        /// At this many bits per second.
        bps: u32,
    },
    /// How well the network carries the call.
    Quality {
        /// Towards the server.
        local: NetworkQuality,
        /// From each remote.
        remotes: Vec<UserQuality>,
    },
}

/// How loud everybody is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VolumeReport {
    /// Who speaks, and once more with volume 0 who fell silent.
    pub volumes: Vec<UserVolume>,
    /// All remotes together.
    pub total: Volume,
}

/// Why a [`Pipeline`](super::Pipeline) has a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PipelineReason {
    /// The microphone is to be read.
    Capture,
    /// The loudspeaker is to be fed.
    Playout,
    /// A report or a judgement of the network is due.
    Report,
    /// DTLS.
    Session,
    /// Volumes are to be told.
    Volumes,
    /// A picture is to be sent, asked for or shown.
    Pictures,
}
