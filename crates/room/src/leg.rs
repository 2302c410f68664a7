use std::collections::VecDeque;
use std::time::{Duration, Instant};

use calling_model::ParticipantId;
use calling_wire::ReportBlock;

use crate::{Forwarder, HeaderRewrite, LegStats, RemoteReception, ticks};

/// Sender reports whose echo is still awaited; more than one may be on the way.
const AWAITED_REPORTS: usize = 4;

/// One publisher's stream on its way to one receiver.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) to: ParticipantId,
    pub(crate) is_subscribed: bool,
    pub(crate) forwarder: Forwarder,
    /// How headers change beside their numbers.
    pub(crate) rewrite: Option<HeaderRewrite>,
    remote: Option<RemoteReception>,
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
            remote: None,
            awaited: VecDeque::with_capacity(AWAITED_REPORTS),
            packets_reported: 0,
        }
    }

    /// Something was forwarded since the last sender report.
    pub(crate) const fn has_news(&self) -> bool {
        self.forwarder.packets() != self.packets_reported
    }

    /// A sender report with this NTP time goes out.
    pub(crate) fn report_sent(&mut self, now: Instant, ntp_time: u64) {
        self.packets_reported = self.forwarder.packets();
        if self.awaited.len() == AWAITED_REPORTS {
            self.awaited.pop_front();
        }
        self.awaited.push_back(((ntp_time >> 16) as u32, now));
    }

    /// The receiver says how it receives the stream.
    pub(crate) fn report_received(&mut self, now: Instant, block: &ReportBlock) {
        let before = self.remote.and_then(|remote| remote.round_trip);
        let jitter = u64::from(block.jitter) * 1_000_000_000 / ticks::CLOCK_RATE_HZ;
        self.remote = Some(RemoteReception {
            fraction_lost: block.fraction_lost,
            packets_lost: block.cumulative_lost,
            jitter: Duration::from_nanos(jitter),
            round_trip: self.round_trip(now, block).or(before),
        });
    }

    pub(crate) const fn stats(&self, publisher: ParticipantId) -> LegStats {
        LegStats {
            publisher,
            receiver: self.to,
            packets_forwarded: self.forwarder.packets(),
            octets_forwarded: self.forwarder.octets(),
            remote: self.remote,
        }
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
