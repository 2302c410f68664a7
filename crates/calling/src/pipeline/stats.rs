use std::collections::BTreeMap;

use calling_media::SenderStats;
use calling_media::video::VideoSenderStats;
use calling_model::VideoTrack;
use calling_signaling::client::NetworkQuality;
use calling_signaling::protocol::UserVolume;

use super::pictures::VideoFigures;
use super::remotes::RemoteFigures;
use super::{Gate, Microphone, Pipeline, VoiceQuality};
use crate::timings::Timings;

/// The figures of a [`Pipeline`]; see [`CallStats`](crate::CallStats) for what each says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PipelineStats {
    /// How media is protected, or was until the session closed; `None` before.
    pub srtp_profile: Option<&'static str>,
    /// What was sent.
    pub sent: SenderStats,
    /// Packets sent a second time because the way to the server is lossy.
    pub packets_repeated: u64,
    /// What was received, per remote; those who left stand first.
    pub received: Vec<RemoteFigures>,
    /// How our voice sounds as far as the server receives it.
    pub voice_sent: VoiceQuality,
    /// What was sent of our camera.
    pub video_sent: VideoSenderStats,
    /// What was sent of our screen.
    pub screen_sent: VideoSenderStats,
    /// What was received of others' pictures.
    pub video_received: Vec<VideoFigures>,
    /// Round trip by the newest report, in milliseconds.
    pub round_trip_ms: Option<f64>,
    /// Share of our packets lost in the last interval, 0.0..=1.0.
    pub remote_fraction_lost: f64,
    /// Jitter with which our packets arrive, in milliseconds.
    pub remote_jitter_ms: f64,
    /// How well the network carries the call.
    pub quality: NetworkQuality,
    /// The last volumes told.
    pub volumes: Vec<UserVolume>,
    /// Packets not used, by reason.
    pub discarded: BTreeMap<&'static str, u64>,
    /// Ticks of 10 ms skipped because the machine stood still.
    pub ticks_skipped: u64,
    /// The moments from DTLS to the first sound.
    pub timings: Timings,
}

impl Pipeline {
    /// The figures so far.
    pub fn stats(&self) -> PipelineStats {
        let remote = self.reports.remote();
        PipelineStats {
            srtp_profile: self.last_profile.map(|profile| profile.name()),
            sent: self.sender.stats(),
            packets_repeated: self.repeat.repeated(),
            received: self.remotes.figures(),
            video_sent: self.pictures.sent(VideoTrack::Camera),
            screen_sent: self.pictures.sent(VideoTrack::Screen),
            voice_sent: self.speaking.quality,
            video_received: self.pictures.figures(),
            round_trip_ms: remote.round_trip_ms,
            remote_fraction_lost: remote.fraction_lost,
            remote_jitter_ms: remote.jitter_ms,
            quality: self.reports.quality(),
            volumes: self.volumes.last().volumes.clone(),
            discarded: self.discarded(),
            ticks_skipped: self.ticks_skipped(),
            timings: self.timings.clone(),
        }
    }

    /// Everything not used, by reason.
    fn discarded(&self) -> BTreeMap<&'static str, u64> {
        let mut all = self.discards.clone();
        let mut add = |reason, count| {
            if count > 0 {
                *all.entry(reason).or_default() += count;
            }
        };
        if let Some(session) = &self.session {
            session.stats().discards.into_iter().for_each(|(reason, count)| add(reason, count));
        }
        self.remotes.discards().iter().for_each(|(reason, count)| add(reason, *count));
        for remote in self.remotes.figures() {
            let by_reason = remote.stats.packets_discarded.by_reason();
            by_reason.into_iter().for_each(|(reason, count)| add(reason, count));
        }
        add("malformed_rtcp", self.reports.malformed());
        all
    }

    fn ticks_skipped(&self) -> u64 {
        match &self.gate {
            Gate::Closed => 0,
            Gate::Open { microphone: Microphone::Waits(_), playout } => playout.skipped(),
            Gate::Open { microphone: Microphone::Works(capture), playout } => {
                playout.skipped() + capture.skipped()
            }
        }
    }
}
