//! Sender and receiver reports (RFC 3550 section 6.4).

use std::time::{Duration, Instant};

use bytes::Bytes;
use calling_model::UnixMillis;
use calling_wire::{ReportBlock, RtcpError};

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
    /// Packets of ours lost since the start, by the reporter's count.
    pub packets_lost: i64,
    /// Jitter that our packets arrive with, in milliseconds.
    pub jitter_ms: f64,
    /// Reports about our stream so far.
    pub reports: u64,
}

/// The RTCP side of one audio stream sent and any number received.
#[derive(Debug)]
pub struct RtcpSession {
    ssrc: u32,
}

impl RtcpSession {
    /// A session for our stream `ssrc`, named `cname` in reports (RFC 3550 section 6.5.1; RFC
    /// 7022 wants it random). `unix` is the wall clock at `now`; it is never read again, so that
    /// steps of the wall clock do no harm.
    pub fn new(ssrc: u32, cname: impl Into<String>, now: Instant, unix: UnixMillis) -> Self {
        let _ = (cname.into(), now, unix);
        Self { ssrc }
    }

    /// Builds SR (or RR if we sent nothing) with SDES CNAME, reporting on `received`.
    pub fn report(&mut self, now: Instant, own: OwnStream, received: &[ReportBlock]) -> Bytes {
        let _ = (now, own, received, self.ssrc);
        Bytes::new()
    }

    /// Reads a compound packet.
    ///
    /// # Errors
    /// Where it is malformed; what came before that is used.
    pub fn handle(&mut self, now: Instant, packet: &[u8]) -> Result<(), RtcpError> {
        let _ = (now, packet);
        Ok(())
    }

    /// What the other side told of our stream.
    pub fn remote(&self) -> RemoteView {
        RemoteView::default()
    }

    /// How often to report (RFC 3550 section 6.2 reduced, section 6.3.1 leaves the jitter to us).
    pub const REPORT_INTERVAL: Duration = Duration::from_secs(1);
}
