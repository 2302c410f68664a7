//! Sender and receiver reports (RFC 3550 section 6.4).

mod ntp;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use calling_model::UnixMillis;
use calling_wire::{
    DeliveryReport, ReceiverReportView, ReportBlock, RtcpError, RtcpPackets, RtcpView,
    SenderReportView,
};
use rtcp::packet::Packet;
use rtcp::receiver_report::ReceiverReport;
use rtcp::reception_report::ReceptionReport;
use rtcp::sender_report::SenderReport;
use rtcp::source_description::{
    SdesType, SourceDescription, SourceDescriptionChunk, SourceDescriptionItem,
};

use crate::SAMPLE_RATE_HZ;
use crate::planner::LossPattern;
use ntp::{NtpClock, in_units, middle};

/// What a sender report says of our own stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnStream {
    /// RTP timestamp of the moment of the report.
    pub rtp_timestamp: u32,
    /// Packets sent since the start.
    pub packets_sent: u64,
    /// Payload bytes sent since the start.
    pub payload_bytes_sent: u64,
}

/// What reports of the other side told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RemoteView {
    /// Round-trip time by the newest report, in milliseconds.
    pub round_trip_ms: Option<f64>,
    /// Share of our packets lost in the reporter's last interval, 0.0..=1.0.
    pub fraction_lost: f64,
    /// Packets of ours lost since the start, by the reporter's count; negative by duplicates.
    pub packets_lost: i64,
    /// Jitter that our packets arrive with, in milliseconds.
    pub jitter_ms: f64,
    /// Packets of ours lost in a row on the way to the server, on average; `None` if it does not
    /// tell.
    pub mean_burst: Option<f64>,
    /// Share of our packets lost lately behind the server, on the way to whoever loses most,
    /// 0.0..=1.0; 0 if it does not tell.
    pub fraction_lost_behind: f64,
    /// Somebody gets our packets without the copies of earlier frames in them.
    pub copies_taken_out: bool,
    /// Reports about our stream so far.
    pub reports: u64,
}

impl RemoteView {
    /// The losses all the way to whoever hears us worst, for a [`Planner`](crate::Planner).
    pub fn loss(&self) -> LossPattern {
        let to_reporter =
            LossPattern { fraction_lost: self.fraction_lost, mean_burst: self.mean_burst };
        let behind = LossPattern { fraction_lost: self.fraction_lost_behind, mean_burst: None };
        to_reporter.then(behind)
    }
}

/// The RTCP side of one audio stream sent and any number received.
#[derive(Debug)]
pub struct RtcpSession {
    ssrc: u32,
    cname: Bytes,
    clock: NtpClock,
    /// The newest sender report of each stream received.
    sender_reports: BTreeMap<u32, Newest>,
    remote: RemoteView,
}

/// What a sender report said.
#[derive(Clone, Copy, Debug)]
struct Newest {
    /// The middle of its NTP time.
    ntp: u32,
    /// When it came.
    at: Instant,
    /// Packets sent so far.
    packets: u32,
}

/// Streams whose sender reports are remembered.
const MAX_STREAMS: usize = 64;
/// Report blocks fit five bits (RFC 3550 section 6.4.1).
const MAX_BLOCKS: usize = 31;
/// A CNAME has one byte of length (RFC 3550 section 6.5).
const MAX_CNAME_BYTES: usize = 255;

impl RtcpSession {
    /// How often to report. RFC 3550 section 6.2 allows it for the bandwidth of a call, and loss
    /// is answered within a second.
    pub const REPORT_INTERVAL: Duration = Duration::from_secs(1);

    /// A session for our stream `ssrc`, named `cname` in reports (RFC 3550 section 6.5.1; RFC
    /// 7022 wants it random; cut after 255 bytes). `unix` is the wall clock at `now`; it is never
    /// read again, so that steps of the wall clock do no harm.
    pub fn new(ssrc: u32, cname: impl Into<String>, now: Instant, unix: UnixMillis) -> Self {
        let mut cname: String = cname.into();
        while cname.len() > MAX_CNAME_BYTES {
            cname.pop();
        }
        Self {
            ssrc,
            cname: cname.into(),
            clock: NtpClock::new(now, unix),
            sender_reports: BTreeMap::new(),
            remote: RemoteView::default(),
        }
    }

    /// Builds a sender report, or a receiver report if we have sent nothing, with SDES CNAME,
    /// reporting on `received` (31 streams at most, more are left out).
    pub fn report(&self, now: Instant, own: OwnStream, received: &[ReportBlock]) -> Bytes {
        let blocks = received.iter().take(MAX_BLOCKS).map(|block| self.complete(now, block));
        let reports: Vec<ReceptionReport> = blocks.collect();
        let first: Box<dyn Packet + Send + Sync> = if own.packets_sent > 0 {
            Box::new(SenderReport {
                ssrc: self.ssrc,
                ntp_time: self.clock.at(now),
                rtp_time: own.rtp_timestamp,
                // Both counters wrap (RFC 3550 section 6.4.1).
                packet_count: own.packets_sent as u32,
                octet_count: own.payload_bytes_sent as u32,
                reports,
                ..Default::default()
            })
        } else {
            Box::new(ReceiverReport { ssrc: self.ssrc, reports, ..Default::default() })
        };
        // Fails only for more blocks or longer texts than the limits above let through.
        rtcp::packet::marshal(&[first, Box::new(self.description())]).unwrap_or_default()
    }

    fn description(&self) -> SourceDescription {
        let item =
            SourceDescriptionItem { sdes_type: SdesType::SdesCname, text: self.cname.clone() };
        SourceDescription {
            chunks: vec![SourceDescriptionChunk { source: self.ssrc, items: vec![item] }],
        }
    }

    /// Fills in when the last sender report came (LSR and DLSR).
    fn complete(&self, now: Instant, block: &ReportBlock) -> ReceptionReport {
        let newest = self.sender_reports.get(&block.ssrc);
        let (last_sender_report, delay) =
            newest.map_or((0, 0), |it| (it.ntp, in_units(now.saturating_duration_since(it.at))));
        ReceptionReport {
            ssrc: block.ssrc,
            fraction_lost: block.fraction_lost,
            // The low 24 bits of the two's complement (RFC 3550 section 6.4.1).
            total_lost: block.cumulative_lost as u32 & 0xff_ffff,
            last_sequence_number: block.highest_sequence_number,
            jitter: block.jitter,
            last_sender_report,
            delay,
        }
    }

    /// Reads a compound packet.
    ///
    /// # Errors
    /// Where it is malformed; what came before that is used.
    pub fn handle(&mut self, now: Instant, packet: &[u8]) -> Result<(), RtcpError> {
        for packet in RtcpPackets::new(packet) {
            self.handle_one(now, &packet?);
        }
        Ok(())
    }

    fn handle_one(&mut self, now: Instant, packet: &RtcpView<'_>) {
        if let Some(report) = SenderReportView::parse(packet) {
            self.remember(now, &report);
            report.blocks().for_each(|block| self.learn(now, &block));
        } else if let Some(report) = ReceiverReportView::parse(packet) {
            report.blocks().for_each(|block| self.learn(now, &block));
        } else if let Some(report) = DeliveryReport::parse(packet)
            && report.ssrc == self.ssrc
        {
            self.remote.fraction_lost_behind = f64::from(report.fraction_lost) / 256.0;
            let burst = f64::from(report.burst_quarters) / 4.0;
            self.remote.mean_burst = (burst > 0.0).then_some(burst);
            self.remote.copies_taken_out = report.copies_taken_out;
        }
    }

    fn remember(&mut self, now: Instant, report: &SenderReportView<'_>) {
        let ssrc = report.ssrc;
        if self.sender_reports.len() < MAX_STREAMS || self.sender_reports.contains_key(&ssrc) {
            let (ntp, packets) = (middle(report.info.ntp_time), report.info.packet_count);
            self.sender_reports.insert(ssrc, Newest { ntp, at: now, packets });
        }
    }

    /// Packets of a stream received that its sender says to have sent, modulo 2^32, by its newest
    /// report. A server that forwards counts what it forwarded.
    pub fn packets_sent_of(&self, ssrc: u32) -> Option<u32> {
        self.sender_reports.get(&ssrc).map(|newest| newest.packets)
    }

    /// Takes what a block says of our stream.
    fn learn(&mut self, now: Instant, block: &ReportBlock) {
        if block.ssrc != self.ssrc {
            return;
        }
        self.remote.reports += 1;
        self.remote.fraction_lost = f64::from(block.fraction_lost) / 256.0;
        self.remote.packets_lost = i64::from(block.cumulative_lost);
        self.remote.jitter_ms = f64::from(block.jitter) * 1_000.0 / f64::from(SAMPLE_RATE_HZ);
        if let Some(round_trip_ms) = self.round_trip_ms(now, block) {
            self.remote.round_trip_ms = Some(round_trip_ms);
        }
    }

    /// Now less the time of our report less the time it lay there (RFC 3550 section 6.4.1).
    /// `None` if the reporter had none of ours, or claims what cannot be.
    fn round_trip_ms(&self, now: Instant, block: &ReportBlock) -> Option<f64> {
        if block.last_sender_report == 0 {
            return None;
        }
        let since_report = middle(self.clock.at(now)).wrapping_sub(block.last_sender_report);
        // Above half the range it is from the future.
        let since_report = u32::try_from(since_report as i32).ok()?;
        // Rounding may make it a little less than nothing.
        let rounding = 2;
        let lay = block.delay_since_last_sender_report;
        (lay <= since_report + rounding)
            .then(|| f64::from(since_report.saturating_sub(lay)) * 1_000.0 / 65_536.0)
    }

    /// What the other side told of our stream.
    pub const fn remote(&self) -> RemoteView {
        self.remote
    }
}
