//! Order and counts of a stream (RFC 3550 appendices A.1, A.3 and A.8).

use std::time::Instant;

use calling_wire::{ReportBlock, SequenceExtender, TimestampExtender};

use crate::video::VIDEO_CLOCK_HZ;

/// Sequence numbers may jump by so many either way and still be the same stream: five seconds at
/// 5 Mbit/s.
const LARGEST_JUMP: i16 = 3_000;
/// A jump is confirmed by any of so many packets after it.
const CONFIRMING: u16 = 8;

/// A packet's place, wraps included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) number: u64,
    pub(super) timestamp: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Continues(Place),
    Begins(Place),
    Unconfirmed,
}

#[derive(Debug, Default)]
pub(super) struct Reception {
    sequence: SequenceExtender,
    timestamp: TimestampExtender,
    first: Option<u64>,
    candidate: Option<u16>,
    received: u64,
    reported: (u64, u64),
    arrival: Option<(Instant, u32)>,
    jitter_ticks: f64,
}

impl Reception {
    /// Judges and counts a packet of the stream itself.
    pub(super) fn admit(&mut self, now: Instant, number: u16, timestamp: u32) -> Admission {
        let Some(highest) = self.sequence.highest() else {
            return Admission::Begins(self.begin(now, number, timestamp));
        };
        // The lower half is what was on the wire.
        let ahead = number.wrapping_sub(highest as u16) as i16;
        if ahead.unsigned_abs() <= LARGEST_JUMP.unsigned_abs() {
            self.candidate = None;
            return Admission::Continues(self.count(now, number, timestamp));
        }
        let confirmed = self
            .candidate
            .is_some_and(|before| (1..=CONFIRMING).contains(&number.wrapping_sub(before)));
        if confirmed {
            return Admission::Begins(self.begin(now, number, timestamp));
        }
        self.candidate = Some(number);
        Admission::Unconfirmed
    }

    /// The place of a packet that was sent again; `None` if it is none of this stream.
    pub(super) fn place_again(&self, number: u16, timestamp: u32) -> Option<Place> {
        let highest = self.sequence.highest()?;
        let place =
            Place { number: self.sequence.peek(number), timestamp: self.timestamp.peek(timestamp) };
        (highest.abs_diff(place.number) <= u64::from(LARGEST_JUMP.unsigned_abs())).then_some(place)
    }

    fn begin(&mut self, now: Instant, number: u16, timestamp: u32) -> Place {
        *self = Self { jitter_ticks: self.jitter_ticks, ..Self::default() };
        self.count(now, number, timestamp)
    }

    fn count(&mut self, now: Instant, number: u16, timestamp: u32) -> Place {
        let place = Place {
            number: self.sequence.extend(number),
            timestamp: self.timestamp.extend(timestamp),
        };
        self.first.get_or_insert(place.number);
        self.received += 1;
        if let Some((at, before)) = self.arrival {
            let arrived = now.saturating_duration_since(at).as_secs_f64();
            let sent = f64::from(timestamp.wrapping_sub(before) as i32);
            let difference = (arrived * f64::from(VIDEO_CLOCK_HZ) - sent).abs();
            self.jitter_ticks += (difference - self.jitter_ticks) / 16.0;
        }
        self.arrival = Some((now, timestamp));
        place
    }

    pub(super) fn jitter_ms(&self) -> f64 {
        self.jitter_ticks * 1_000.0 / f64::from(VIDEO_CLOCK_HZ)
    }

    /// What a report says of the stream; begins the next interval of `fraction_lost`.
    pub(super) fn report(&mut self, ssrc: u32) -> Option<ReportBlock> {
        let (highest, first) = (self.sequence.highest()?, self.first?);
        let expected = highest.saturating_sub(first) + 1;
        let (expected_before, received_before) =
            std::mem::replace(&mut self.reported, (expected, self.received));
        let interval = expected.saturating_sub(expected_before);
        let lost = interval.saturating_sub(self.received - received_before);
        let fraction = (lost * 256).checked_div(interval).unwrap_or(0);
        Some(ReportBlock {
            ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            cumulative_lost: cumulative(expected, self.received),
            // The lower half, with 16 bits of wraps.
            highest_sequence_number: highest as u32,
            jitter: self.jitter_ticks as u32,
            last_sender_report: 0,
            delay_since_last_sender_report: 0,
        })
    }
}

/// Signed 24 bits (RFC 3550 section 6.4.1); negative by duplicates.
fn cumulative(expected: u64, received: u64) -> i32 {
    let most = (1 << 23) - 1;
    let lost = i128::from(expected) - i128::from(received);
    i32::try_from(lost.clamp(-most - 1, most)).unwrap_or(0)
}
