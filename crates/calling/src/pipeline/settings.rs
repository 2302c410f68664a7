use calling_media::{ReceiverConfig, SenderConfig};
use calling_model::{UnixMillis, UserId, VideoTrack};

/// What a [`Pipeline`](super::Pipeline) needs to know.
#[derive(Clone, Debug)]
pub struct PipelineSettings {
    /// This account, for volumes.
    pub user: UserId,
    /// How the own voice is sent.
    pub sender: SenderConfig,
    /// How each remote is played.
    pub receiver: ReceiverConfig,
    /// The name in RTCP (RFC 7022: random).
    pub cname: String,
    /// The wall clock when the pipeline is made.
    pub unix: UnixMillis,
    /// Secret randomness.
    pub seed: [u8; 32],
    /// How our camera is sent.
    pub camera: VideoSettings,
    /// How our screen is sent.
    pub screen: VideoSettings,
    /// What is done to the sound of the microphone.
    #[cfg(feature = "processing")]
    pub processing: calling_media::AudioProcessing,
    /// Write down when packets come.
    pub record_traces: bool,
}

/// How one of our pictures is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoSettings {
    /// The SSRC announced for it.
    pub ssrc: u32,
    /// The SSRC announced for what is sent again.
    pub rtx_ssrc: u32,
    /// Bits per second at most.
    pub bitrate_bps: u32,
}

impl PipelineSettings {
    pub(super) const fn video_of(&self, track: VideoTrack) -> VideoSettings {
        match track {
            VideoTrack::Camera => self.camera,
            VideoTrack::Screen => self.screen,
        }
    }

    /// Ticks of 10 ms in one packet.
    pub(super) fn frame_ticks(&self) -> u32 {
        self.sender.frame_duration.ms() / calling_media::TICK_MS
    }
}
