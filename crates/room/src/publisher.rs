use std::time::Instant;

use calling_wire::{RtpView, SenderInfo};

use crate::sequence::SequenceTracker;
use crate::timeline::Timeline;
use crate::{ReceptionStats, RtpDiscard, ticks};

/// The stream one participant publishes: what came of it and how.
#[derive(Debug)]
pub(crate) struct Publisher {
    clock_hz: u64,
    sequence: SequenceTracker,
    timeline: Timeline,
    pub(crate) reception: ReceptionStats,
    clock: Option<ClockPair>,
    last_sender_report: Option<(u32, Instant)>,
}

/// The publisher's wall clock and media time at one moment.
#[derive(Clone, Copy, Debug)]
struct ClockPair {
    ntp_time: u64,
    media_time: u64,
    at: Instant,
}

/// Where a packet lies in the stream, without wraps and jumps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    pub(crate) index: u64,
    pub(crate) media_time: u64,
    /// How many packets between it and the newest before are missing; 0 if it came late.
    pub(crate) skipped: u64,
    /// It restarts the numbering of the stream.
    pub(crate) restarted: bool,
}

impl Publisher {
    /// A stream of which nothing came yet.
    pub(crate) fn new(clock_hz: u64) -> Self {
        Self {
            clock_hz,
            sequence: SequenceTracker::new(),
            timeline: Timeline::new(clock_hz),
            reception: ReceptionStats::with_clock(clock_hz),
            clock: None,
            last_sender_report: None,
        }
    }

    /// Takes a packet that is known to be of this stream.
    pub(crate) fn accept(
        &mut self,
        now: Instant,
        packet: &RtpView<'_>,
    ) -> Result<Position, RtpDiscard> {
        let tracked = self.sequence.track(packet.sequence_number())?;
        let media_time = if tracked.is_newest {
            self.advance(now, packet.timestamp())
        } else {
            self.timeline.place_late(packet.timestamp()).ok_or(RtpDiscard::TimestampJump)?
        };
        self.reception.record(now, tracked.index, media_time);
        self.reception.skipped(tracked.skipped);
        Ok(Position {
            index: tracked.index,
            media_time,
            skipped: tracked.skipped,
            restarted: tracked.restarted,
        })
    }

    /// The sequence number that the packet with an index has in the stream as it runs now.
    pub(crate) const fn sequence_number(&self, index: u64) -> u16 {
        self.sequence.sequence_number(index)
    }

    /// The stream begins anew with the next packet.
    pub(crate) fn restart(&mut self) {
        self.sequence.restart();
        self.timeline.restart();
        self.last_sender_report = None;
    }

    /// Takes the publisher's own report; `false` if its RTP time is nowhere near the stream's.
    pub(crate) fn accept_report(&mut self, now: Instant, report: &SenderInfo) -> bool {
        // The middle of the 64 bits, which a receiver report echoes.
        self.last_sender_report = Some(((report.ntp_time >> 16) as u32, now));
        let Some(media_time) = self.timeline.place_now(now, report.rtp_timestamp) else {
            return false;
        };
        self.clock = Some(ClockPair { ntp_time: report.ntp_time, media_time, at: now });
        true
    }

    /// The publisher's wall clock (as NTP) and media time at `now`; `None` before its first report.
    pub(crate) fn clock_at(&self, now: Instant) -> Option<(u64, u64)> {
        let ClockPair { ntp_time, media_time, at } = self.clock?;
        let passed = now.saturating_duration_since(at);
        let fraction = (u64::from(passed.subsec_nanos()) << 32) / 1_000_000_000;
        let ntp_passed = passed.as_secs() << 32 | fraction;
        Some((
            ntp_time.wrapping_add(ntp_passed),
            media_time + ticks::from_duration(passed, self.clock_hz),
        ))
    }

    /// The newest sequence number with its wraps.
    pub(crate) fn extended_highest(&self) -> Option<u32> {
        self.sequence.extended_highest()
    }

    /// The last sender report as a report block echoes it: its identity and the delay since, in
    /// 1/65536 s; zeros if there was none (RFC 3550 section 6.4.1).
    pub(crate) fn last_sender_report(&self, now: Instant) -> (u32, u32) {
        self.last_sender_report.map_or((0, 0), |(identity, at)| {
            let delay = now.saturating_duration_since(at).as_micros() * 65_536 / 1_000_000;
            (identity, u32::try_from(delay).unwrap_or(u32::MAX))
        })
    }

    fn advance(&mut self, now: Instant, timestamp: u32) -> u64 {
        let placed = self.timeline.advance(now, timestamp);
        if placed.restarted {
            self.reception.forget_transit();
            // It paired the wall clock with timestamps that are no more.
            self.clock = None;
        }
        placed.time
    }
}
