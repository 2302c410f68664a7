use std::collections::BTreeMap;

use calling_media::SenderStats;
use calling_signaling::client::NetworkQuality;
use calling_signaling::protocol::UserVolume;

use super::remotes::RemoteFigures;
use super::{Gate, Microphone, Pipeline};
use crate::timings::Timings;

/// The figures of a pipeline.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PipelineStats {
    pub(crate) srtp_profile: Option<&'static str>,
    pub(crate) sent: SenderStats,
    pub(crate) received: Vec<RemoteFigures>,
    pub(crate) round_trip_ms: Option<f64>,
    pub(crate) remote_fraction_lost: f64,
    pub(crate) remote_jitter_ms: f64,
    pub(crate) quality: NetworkQuality,
    pub(crate) volumes: Vec<UserVolume>,
    pub(crate) discarded: BTreeMap<&'static str, u64>,
    pub(crate) ticks_skipped: u64,
    pub(crate) timings: Timings,
}

impl Pipeline {
    /// The figures so far.
    pub(crate) fn stats(&self) -> PipelineStats {
        let remote = self.reports.remote();
        PipelineStats {
            srtp_profile: self.profile.map(|profile| profile.name()),
            sent: self.sender.stats(),
            received: self.remotes.figures(),
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
