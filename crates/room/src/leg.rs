use std::collections::VecDeque;
use std::time::{Duration, Instant};

use calling_model::ParticipantId;
use calling_wire::ReportBlock;

use crate::{Forwarder, HeaderRewrite, LegStats, RemoteReception, ticks};

/// Sender reports whose echo is still awaited; more than one may be on the way.
const AWAITED_REPORTS: usize = 4;
/// What a receiver said longer ago says nothing of now: reports come each second (RFC 3550 section
/// 6.2 allows five), and some are lost.
const STALE: Duration = Duration::from_secs(6);

/// One publisher's stream on its way to one receiver.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) to: ParticipantId,
    pub(crate) is_subscribed: bool,
    pub(crate) forwarder: Forwarder,
    /// How headers change beside their numbers.
    pub(crate) rewrite: Option<HeaderRewrite>,
    pub(crate) reports: LegReports,
}

/// What is told a receiver of a stream and what it tells of it.
#[derive(Debug)]
pub(crate) struct LegReports {
    clock_hz: u64,
    remote: Option<RemoteReception>,
    received_at: Option<Instant>,
    awaited: VecDeque<(u32, Instant)>,
    packets_reported: u64,
}

impl Leg {
    pub(crate) fn new(to: ParticipantId, forwarder: Forwarder) -> Self {
        Self {
            to,
            is_subscribed: true,
            forwarder,
            rewrite: None,
            reports: LegReports::new(ticks::AUDIO_HZ),
        }
    }

    pub(crate) const fn stats(&self, publisher: ParticipantId) -> LegStats {
        LegStats {
            publisher,
            receiver: self.to,
            packets_forwarded: self.forwarder.packets(),
            octets_forwarded: self.forwarder.octets(),
            remote: self.reports.remote,
        }
    }
}

impl LegReports {
    pub(crate) fn new(clock_hz: u64) -> Self {
        let awaited = VecDeque::with_capacity(AWAITED_REPORTS);
        Self { clock_hz, remote: None, received_at: None, awaited, packets_reported: 0 }
    }

    /// How the receiver said to receive the stream.
    pub(crate) const fn remote(&self) -> Option<RemoteReception> {
        self.remote
    }

    /// The share that the receiver lost lately, in 1/256; 0 if it says nothing any more.
    pub(crate) fn fraction_lost(&self, now: Instant) -> u8 {
        let is_fresh = self.received_at.is_some_and(|at| now - at < STALE);
        self.remote.filter(|_| is_fresh).map_or(0, |remote| remote.fraction_lost)
    }

    /// Whether more than what the last sender report told of was forwarded, `packets` in all.
    pub(crate) const fn has_news(&self, packets: u64) -> bool {
        packets != self.packets_reported
    }

    /// A sender report of so many packets with this NTP time goes out.
    pub(crate) fn sent(&mut self, now: Instant, ntp_time: u64, packets: u64) {
        self.packets_reported = packets;
        if self.awaited.len() == AWAITED_REPORTS {
            self.awaited.pop_front();
        }
        self.awaited.push_back(((ntp_time >> 16) as u32, now));
    }

    /// The receiver says how it receives the stream.
    pub(crate) fn received(&mut self, now: Instant, block: &ReportBlock) {
        self.received_at = Some(now);
        let before = self.remote.and_then(|remote| remote.round_trip);
        self.remote = Some(RemoteReception {
            fraction_lost: block.fraction_lost,
            packets_lost: block.cumulative_lost,
            jitter: ticks::to_duration(block.jitter, self.clock_hz),
            round_trip: self.round_trip(now, block).or(before),
        });
    }

    /// The time since the echoed report was sent less the time the receiver held it
    /// (RFC 3550 section 6.4.1). Only an echo of what was really sent counts.
    fn round_trip(&self, now: Instant, block: &ReportBlock) -> Option<Duration> {
        let identity = block.last_sender_report;
        if identity == 0 {
            // It echoes none.
            return None;
        }
        let (_, sent) = self.awaited.iter().rev().find(|(awaited, _)| *awaited == identity)?;
        let held = u64::from(block.delay_since_last_sender_report) * 1_000_000 / 65_536;
        now.saturating_duration_since(*sent).checked_sub(Duration::from_micros(held))
    }
}
