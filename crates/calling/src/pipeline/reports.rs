use std::time::{Duration, Instant};

use calling_callrecord::quality::IntervalQuality;
use calling_media::{OwnStream, ReceiverStats, RemoteView, RtcpSession, Sender};
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

    /// Reads a compound packet and tells `sender` of the loss it reports; that loss, 0.0..=1.0, if
    /// it is news.
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
        sender.set_expected_loss(remote.loss_percent());
        Some(remote.fraction_lost)
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
