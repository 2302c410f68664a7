use std::collections::BTreeMap;

use calling_callrecord::quality::IntervalSummary;
use calling_media::SenderStats;
use calling_media::video::VideoSenderStats;
use calling_model::CallId;
use calling_signaling::client::NetworkQuality;
use calling_signaling::protocol::UserVolume;
use calling_transport::CandidateKind;

use crate::pipeline::{PipelineStats, RemoteFigures, VideoFigures, VoiceQuality};
use crate::timings::Timings;

/// The figures of the running call, or of the last one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallStats {
    /// The call; `None` before the first.
    pub call_id: Option<CallId>,
    /// The moments of the call.
    pub timings: Timings,
    /// How media is protected: `AEAD_AES_128_GCM` and the like.
    pub srtp_profile: Option<&'static str>,
    /// How this side's end of the media path was obtained.
    pub candidate: Option<CandidateKind>,
    /// What was sent.
    pub sent: SenderStats,
    /// Packets sent a second time because the way to the server is lossy.
    pub packets_repeated: u64,
    /// What was received, per remote; those who left stand first.
    pub received: Vec<RemoteFigures>,
    /// How our voice sounds as far as the server receives it, in intervals of five seconds.
    pub voice_sent: VoiceQuality,
    /// What was sent of our camera.
    pub video_sent: VideoSenderStats,
    /// What was sent of our screen.
    pub screen_sent: VideoSenderStats,
    /// What was received of others' pictures, those still in the call.
    pub video_received: Vec<VideoFigures>,
    /// Round trip to the server by the newest report, in milliseconds.
    pub round_trip_ms: Option<f64>,
    /// Share of our packets lost on the way to the server in the last interval, 0.0..=1.0.
    pub sent_fraction_lost: f64,
    /// Jitter with which our packets arrive at the server, in milliseconds.
    pub sent_jitter_ms: f64,
    /// How well the network carries the call.
    pub quality: NetworkQuality,
    /// The last volumes told.
    pub volumes: Vec<UserVolume>,
    /// Packets not used, by reason.
    pub discarded: BTreeMap<&'static str, u64>,
    /// Ticks of 10 ms skipped because the machine stood still.
    pub ticks_skipped: u64,
    /// Media connections begun; more than 1 if the path had to be found anew.
    pub media_attempts: u32,
    /// Events dropped because listeners were behind.
    pub events_dropped: u64,
}

impl CallStats {
    /// From the start of connectivity checks until a path was chosen, in milliseconds.
    pub fn ice_ms(&self) -> Option<f64> {
        self.timings.ice_ms()
    }

    /// The DTLS handshake, in milliseconds.
    pub fn dtls_ms(&self) -> Option<f64> {
        self.timings.dtls_ms()
    }

    /// Voice packets received of all remotes.
    pub fn packets_received(&self) -> u64 {
        self.received.iter().map(|remote| remote.stats.packets_received).sum()
    }

    /// Voice packets of all remotes that never came.
    pub fn packets_lost(&self) -> i64 {
        self.received.iter().map(|remote| remote.stats.packets_lost).sum()
    }

    /// Audible sound that was made up in place of what did not come, in milliseconds.
    pub fn concealed_ms(&self) -> f64 {
        self.received.iter().map(|remote| remote.stats.concealed_ms()).sum()
    }

    /// All intervals of the call, in either direction, in brief.
    pub fn voice_summary(&self) -> IntervalSummary {
        let heard = self.received.iter().map(|remote| remote.voice.summary);
        heard.fold(self.voice_sent.summary, |all, one| all.merged(&one))
    }

    /// Takes in the figures of the media pipeline; its moments join those of signalling.
    pub fn absorb(&mut self, media: PipelineStats) {
        self.srtp_profile = media.srtp_profile.or(self.srtp_profile);
        self.sent = media.sent;
        self.packets_repeated = media.packets_repeated;
        self.received = media.received;
        self.voice_sent = media.voice_sent;
        self.video_sent = media.video_sent;
        self.screen_sent = media.screen_sent;
        self.video_received = media.video_received;
        self.round_trip_ms = media.round_trip_ms;
        self.sent_fraction_lost = media.remote_fraction_lost;
        self.sent_jitter_ms = media.remote_jitter_ms;
        self.quality = media.quality;
        self.volumes = media.volumes;
        self.discarded = media.discarded;
        self.ticks_skipped = media.ticks_skipped;
        self.timings = self.timings.merged(&media.timings);
    }
}
