use std::time::{Duration, Instant};

use calling_callrecord::quality::IntervalQuality;
use calling_media::{
    OwnStream, Planner, PlannerConfig, ReceiverStats, RemoteView, RtcpSession, Sender,
};
use calling_signaling::client::{NetworkQuality, UserQuality};
use calling_wire::ReportBlock;

use super::remotes::{Judged, Remotes};
use super::{MOST_BEHIND, PipelineSettings};
use crate::quality::{PathReport, grade, worse};
use crate::ticker::Ticker;

/// How often the network is judged.
const QUALITY_INTERVAL: Duration = Duration::from_secs(2);
/// When the first report goes out: early, so that the round trip is known soon.
const FIRST_REPORT: Duration = Duration::from_millis(250);

/// Sender and receiver reports (RFC 3550 section 6.4), and what they say of the network.
pub(super) struct Reports {
    rtcp: RtcpSession,
    planner: Planner,
    /// Packets may carry copies of earlier frames.
    copies_agreed: bool,
    timers: Option<Timers>,
    heard: Option<Instant>,
    reports_seen: u64,
    malformed: u64,
    quality: NetworkQuality,
}

struct Timers {
    report: Ticker,
    quality: Ticker,
}

impl Reports {
    pub(super) fn new(settings: &PipelineSettings, now: Instant) -> Self {
        let ssrc = settings.sender.ssrc;
        Self {
            rtcp: RtcpSession::new(ssrc, settings.cname.clone(), now, settings.unix),
            planner: Planner::new(PlannerConfig::of(&settings.sender)),
            copies_agreed: settings.sender.red_payload_type.is_some(),
            timers: None,
            heard: None,
            reports_seen: 0,
            malformed: 0,
            quality: NetworkQuality::Unknown,
        }
    }

    /// The gate is open: reports may flow.
    pub(super) fn begin(&mut self, now: Instant) {
        let interval = RtcpSession::REPORT_INTERVAL;
        self.timers = Some(Timers {
            report: Ticker::new(now + FIRST_REPORT, interval, MOST_BEHIND),
            quality: Ticker::new(now + QUALITY_INTERVAL, QUALITY_INTERVAL, MOST_BEHIND),
        });
    }

    /// Something authentic came.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = Some(now);
    }

    /// Reads a compound packet and has `sender` prepare for the losses it reports. If it is news,
    /// the share lost on the way to the server, 0.0..=1.0, that repetition is to make up for: none
    /// if copies reach everybody.
    pub(super) fn handle(
        &mut self,
        now: Instant,
        packet: &[u8],
        sender: &mut Sender,
    ) -> Option<f64> {
        self.heard(now);
        if self.rtcp.handle(now, packet).is_err() {
            self.malformed += 1;
        }
        let remote = self.rtcp.remote();
        if remote.reports <= self.reports_seen {
            return None;
        }
        self.reports_seen = remote.reports;
        sender.apply(&self.planner.report(now, remote.loss()));
        let by_copies = self.copies_agreed && !remote.copies_taken_out;
        Some(if by_copies { 0.0 } else { remote.fraction_lost })
    }

    /// The compound packet to send, if one is due.
    pub(super) fn take_due(
        &mut self,
        now: Instant,
        sender: &Sender,
        remotes: &mut Remotes,
        pictures: impl FnOnce() -> Vec<ReportBlock>,
    ) -> Option<Vec<u8>> {
        if !self.timers.as_mut()?.report.take(now) {
            return None;
        }
        let stats = sender.stats();
        let own = OwnStream {
            rtp_timestamp: sender.next_timestamp(),
            packets_sent: stats.packets_sent,
            payload_bytes_sent: stats.payload_bytes_sent,
        };
        // Sound first: a report has room for thirty-one.
        let mut blocks = remotes.report_blocks();
        blocks.extend(pictures());
        Some(self.rtcp.report(now, own, &blocks).to_vec())
    }

    /// The judgement of the network, if one is due.
    pub(super) fn take_quality(
        &mut self,
        now: Instant,
        remotes: &mut Remotes,
        speaking: Option<IntervalQuality>,
    ) -> Option<(NetworkQuality, Vec<UserQuality>)> {
        if !self.timers.as_mut()?.quality.take(now) {
            return None;
        }
        let alive = self.is_alive(now);
        self.quality = worse(grade(&self.uplink(alive)), speaking);
        let judge = |judged: Judged| {
            let path = grade(&downlink(alive, &judged.before, &judged.after));
            UserQuality { user: judged.user, quality: worse(path, judged.voice) }
        };
        Some((self.quality, remotes.judge().into_iter().map(judge).collect()))
    }

    pub(super) fn remote(&self) -> RemoteView {
        self.rtcp.remote()
    }

    /// What the sender of a stream says to have sent, modulo 2^32.
    pub(super) fn packets_sent_of(&self, ssrc: u32) -> Option<u32> {
        self.rtcp.packets_sent_of(ssrc)
    }

    pub(super) fn quality(&self) -> NetworkQuality {
        self.quality
    }

    pub(super) fn malformed(&self) -> u64 {
        self.malformed
    }

    pub(super) fn next(&self) -> Option<Instant> {
        let timers = self.timers.as_ref()?;
        Some(timers.report.next().min(timers.quality.next()))
    }

    fn is_alive(&self, now: Instant) -> bool {
        self.heard.is_some_and(|heard| now.saturating_duration_since(heard) < QUALITY_INTERVAL)
    }

    fn uplink(&self, alive: bool) -> PathReport {
        let remote = self.rtcp.remote();
        let reported = remote.reports > 0;
        PathReport {
            alive,
            loss: reported.then_some(remote.fraction_lost),
            rtt_ms: remote.round_trip_ms,
            jitter_ms: reported.then_some(remote.jitter_ms),
        }
    }
}

fn downlink(alive: bool, before: &ReceiverStats, after: &ReceiverStats) -> PathReport {
    let received = after.packets_received.saturating_sub(before.packets_received);
    // Duplicates may make it negative; then nothing was lost.
    let lost = u64::try_from(after.packets_lost - before.packets_lost).unwrap_or(0);
    let expected = received + lost;
    let share = (expected > 0).then(|| lost as f64 / expected as f64);
    let jitter_ms = (received > 0).then_some(after.jitter_ms);
    PathReport { alive, loss: share, rtt_ms: None, jitter_ms }
}

#[cfg(test)]
mod tests {
    use calling_model::{UnixMillis, UserId};
    use calling_testkit::{epoch, seed};
    use calling_wire::DeliveryReport;

    use super::*;
    use crate::config::VoiceConfig;
    use crate::pipeline::VideoSettings;

    /// What is left to repetition of a quarter lost on the way to the server, and how many copies
    /// are sent.
    fn told(red_payload_type: Option<u8>, copies_taken_out: bool) -> (Option<f64>, u8) {
        let voice = VoiceConfig::default();
        let settings = PipelineSettings {
            user: UserId::new("us").unwrap(),
            sender: calling_media::SenderConfig { red_payload_type, ..voice.sender(7, 111, 1) },
            receiver: voice.receiver(111, 1),
            cname: "us".to_owned(),
            unix: UnixMillis(0),
            seed: seed(1),
            #[cfg(feature = "processing")]
            processing: calling_media::AudioProcessing::default(),
            record_traces: false,
            camera: VideoSettings { ssrc: 8, rtx_ssrc: 9, bitrate_bps: 1_000_000 },
            screen: VideoSettings { ssrc: 10, rtx_ssrc: 11, bitrate_bps: 1_000_000 },
        };
        let mut sender = Sender::new(settings.sender.clone(), settings.seed).unwrap();
        let mut reports = Reports::new(&settings, epoch());
        let theirs = RtcpSession::new(1, "server", epoch(), UnixMillis(0));
        let nothing = OwnStream { rtp_timestamp: 0, packets_sent: 0, payload_bytes_sent: 0 };
        let block = ReportBlock { ssrc: 7, fraction_lost: 64, ..Default::default() };
        let mut compound = theirs.report(epoch(), nothing, &[block]).to_vec();
        let report =
            DeliveryReport { reporter: 1, ssrc: 7, copies_taken_out, ..Default::default() };
        compound.extend(report.to_bytes());
        let left = reports.handle(epoch(), &compound, &mut sender);
        (left, sender.stats().red_copies)
    }

    #[test]
    fn packets_are_repeated_only_for_those_whom_copies_do_not_reach() {
        assert_eq!(told(Some(63), false), (Some(0.0), 3));
        assert_eq!(told(Some(63), true), (Some(0.25), 3));
        assert_eq!(told(None, false), (Some(0.25), 0));
    }
}
