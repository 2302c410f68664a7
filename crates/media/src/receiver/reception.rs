use std::time::Instant;

use calling_wire::{ReportBlock, RtpView, SequenceExtender, TimestampExtender};

use crate::SAMPLE_RATE_HZ;
use crate::SAMPLES_PER_TICK;
use crate::units::{MAX_PACKET_SAMPLES, samples};

/// A packet's place in its stream, wraps included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) sequence: u64,
    pub(super) timestamp: u64,
}

/// Whether a packet belongs to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It goes on from what came before.
    Continues(Place),
    /// The stream begins with it, or begins anew.
    Begins(Place),
    /// It fits nothing so far; a second one that follows it would begin the stream anew.
    Unconfirmed,
}

/// Follows one stream: which packets belong to it, how many are missing, how evenly they come
/// (RFC 3550 appendices A.1, A.3 and A.8).
#[derive(Debug, Default)]
pub(super) struct Reception {
    stream: Option<Stream>,
    /// What would have to follow for a jump to be real.
    candidate: Option<Candidate>,
    jitter: Jitter,
    received: u64,
    /// Lost before the stream began anew.
    lost_before: i64,
    expected_at_report: u64,
    received_at_report: u64,
}

#[derive(Debug)]
struct Stream {
    ssrc: u32,
    sequence: SequenceExtender,
    timestamp: TimestampExtender,
    first_sequence: u64,
    newest: Place,
    newest_tick: u64,
    received: u64,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    ssrc: u32,
    sequence_number: u16,
    timestamp: u32,
}

/// Sequence numbers may jump forward by so many (RFC 3550 appendix A.1: MAX_DROPOUT, a minute at
/// 20 ms) and be as much behind, since that is only late.
const MAX_JUMP: i16 = 3_000;
const MOST_BEHIND: i16 = -MAX_JUMP;
/// A candidate is confirmed by any of so many packets after it.
const CONFIRMING: u16 = 8;
/// Media time may run ahead of sequence numbers and arrival by as much: clocks, pauses and jitter.
const TIME_SLACK_SAMPLES: i64 = samples(10_000);

impl Reception {
    /// Judges and counts a packet that arrived at `now`, before `tick`.
    pub(super) fn admit(&mut self, now: Instant, tick: u64, packet: &RtpView<'_>) -> Admission {
        let Some(stream) = self.stream.as_mut() else {
            return Admission::Begins(self.begin(now, tick, packet));
        };
        if stream.continues(tick, packet) {
            let place = stream.follow(tick, packet);
            self.candidate = None;
            self.received += 1;
            self.jitter.update(now, packet.timestamp());
            return Admission::Continues(place);
        }
        if self.candidate.is_some_and(|candidate| candidate.is_confirmed_by(packet)) {
            return Admission::Begins(self.begin(now, tick, packet));
        }
        self.candidate = Some(Candidate {
            ssrc: packet.ssrc(),
            sequence_number: packet.sequence_number(),
            timestamp: packet.timestamp(),
        });
        Admission::Unconfirmed
    }

    fn begin(&mut self, now: Instant, tick: u64, packet: &RtpView<'_>) -> Place {
        self.lost_before = self.lost();
        self.candidate = None;
        self.received += 1;
        let (mut sequence, mut timestamp) = (SequenceExtender::new(), TimestampExtender::new());
        let place = Place {
            sequence: sequence.extend(packet.sequence_number()),
            timestamp: timestamp.extend(packet.timestamp()),
        };
        self.stream = Some(Stream {
            ssrc: packet.ssrc(),
            sequence,
            timestamp,
            first_sequence: place.sequence,
            newest: place,
            newest_tick: tick,
            received: 1,
        });
        (self.expected_at_report, self.received_at_report) = (0, 0);
        self.jitter.restart(now, packet.timestamp());
        place
    }

    /// Packets of the stream so far, duplicates and late ones included.
    pub(super) const fn received(&self) -> u64 {
        self.received
    }

    /// The earliest sequence number of the stream that came.
    pub(super) fn first_sequence(&self) -> Option<u64> {
        self.stream.as_ref().map(|stream| stream.first_sequence)
    }

    /// Expected less received; negative when duplicates outnumber losses.
    pub(super) fn lost(&self) -> i64 {
        self.lost_before + self.stream.as_ref().map_or(0, Stream::lost)
    }

    /// RFC 3550 appendix A.8, in milliseconds.
    pub(super) fn jitter_ms(&self) -> f64 {
        self.jitter.estimate * 1_000.0 / f64::from(SAMPLE_RATE_HZ)
    }

    /// What a report says; begins the next interval.
    pub(super) fn report(&mut self) -> Option<ReportBlock> {
        let lost = self.lost();
        let stream = self.stream.as_ref()?;
        let (expected, received) = (stream.expected(), stream.received);
        let expected_now = expected - self.expected_at_report;
        let received_now = received - self.received_at_report;
        (self.expected_at_report, self.received_at_report) = (expected, received);
        let lost_now = expected_now.saturating_sub(received_now);
        let fraction = (lost_now << 8).checked_div(expected_now).unwrap_or(0);
        Some(ReportBlock {
            ssrc: stream.ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            // 24 bits, by the clamp.
            cumulative_lost: lost.clamp(-0x80_0000, 0x7f_ffff) as i32,
            // The first cycle is the extender's 2^32, which falls away here.
            highest_sequence_number: stream.newest.sequence as u32,
            jitter: self.jitter.estimate as u32,
            last_sender_report: 0,
            delay_since_last_sender_report: 0,
        })
    }

    /// Takes the stream for over if `place` is behind and everything after it was, too: whatever
    /// comes next begins anew.
    pub(super) fn end_stream(&mut self) {
        self.lost_before = self.lost();
        self.stream = None;
    }
}

impl Stream {
    /// Whether sequence number, timestamp and time of arrival agree with what came before.
    fn continues(&self, tick: u64, packet: &RtpView<'_>) -> bool {
        if packet.ssrc() != self.ssrc {
            return false;
        }
        let ahead = sequence_distance(self.newest.sequence as u16, packet.sequence_number());
        let later = i64::from(packet.timestamp().wrapping_sub(self.newest.timestamp as u32) as i32);
        // At most 3,000 × 5,760 and a call's length: far from overflow.
        let by_sequence = i64::from(ahead.unsigned_abs()) * MAX_PACKET_SAMPLES as i64;
        let by_arrival = tick.saturating_sub(self.newest_tick) as i64 * SAMPLES_PER_TICK as i64;
        let most = by_sequence.max(by_arrival) + TIME_SLACK_SAMPLES;
        match ahead {
            1..=MAX_JUMP => (0..=most).contains(&later),
            0 => later == 0,
            MOST_BEHIND..0 => (-most..=0).contains(&later),
            _ => false,
        }
    }

    fn follow(&mut self, tick: u64, packet: &RtpView<'_>) -> Place {
        let place = Place {
            sequence: self.sequence.extend(packet.sequence_number()),
            timestamp: self.timestamp.extend(packet.timestamp()),
        };
        self.received += 1;
        self.first_sequence = self.first_sequence.min(place.sequence);
        if place.sequence > self.newest.sequence {
            (self.newest, self.newest_tick) = (place, tick);
        }
        place
    }

    const fn expected(&self) -> u64 {
        self.newest.sequence - self.first_sequence + 1
    }

    const fn lost(&self) -> i64 {
        self.expected() as i64 - self.received as i64
    }
}

impl Candidate {
    fn is_confirmed_by(&self, packet: &RtpView<'_>) -> bool {
        let ahead = packet.sequence_number().wrapping_sub(self.sequence_number);
        let later = packet.timestamp().wrapping_sub(self.timestamp);
        packet.ssrc() == self.ssrc
            && (1..=CONFIRMING).contains(&ahead)
            && i64::from(later) <= TIME_SLACK_SAMPLES
    }
}

/// How far `to` is ahead of `from`, modulo 2^16.
const fn sequence_distance(from: u16, to: u16) -> i16 {
    to.wrapping_sub(from) as i16
}

/// RFC 3550 appendix A.8, in samples.
#[derive(Debug, Default)]
struct Jitter {
    /// When the stream began, and its timestamp then.
    start: Option<(Instant, u32)>,
    /// Arrival less media time of the last packet, in samples.
    transit: f64,
    estimate: f64,
}

impl Jitter {
    fn restart(&mut self, now: Instant, timestamp: u32) {
        self.start = Some((now, timestamp));
        self.transit = 0.0;
    }

    fn update(&mut self, now: Instant, timestamp: u32) {
        let Some((start, first)) = self.start else { return };
        let arrival =
            now.saturating_duration_since(start).as_secs_f64() * f64::from(SAMPLE_RATE_HZ);
        let media = f64::from(timestamp.wrapping_sub(first) as i32);
        let change = (arrival - media - self.transit).abs();
        self.transit = arrival - media;
        self.estimate += (change - self.estimate) / 16.0;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use calling_testkit::epoch;
    use calling_wire::{RtpHeader, write_header};

    use super::*;

    /// Feeds packets of 20 ms, one per two ticks, as `(ssrc, sequence number, timestamp)`.
    fn admit(
        reception: &mut Reception,
        packets: impl IntoIterator<Item = (u32, u16, u32)>,
    ) -> Vec<Admission> {
        let mut at = 0;
        let mut admit = |(ssrc, sequence_number, timestamp)| {
            let header =
                RtpHeader { payload_type: 111, marker: false, sequence_number, timestamp, ssrc };
            let mut bytes = [0; 16];
            write_header(&header, &[], &mut bytes).unwrap();
            at += 2;
            let now = epoch() + Duration::from_millis(10) * at;
            reception.admit(now, u64::from(at), &RtpView::parse(&bytes).unwrap())
        };
        packets.into_iter().map(&mut admit).collect()
    }

    fn stream(numbers: impl IntoIterator<Item = u32>) -> impl Iterator<Item = (u32, u16, u32)> {
        let start = u32::MAX - 2_000;
        numbers.into_iter().map(move |n| (9, (65_530 + n) as u16, start.wrapping_add(n * 960)))
    }

    fn unconfirmed(admissions: &[Admission]) -> usize {
        admissions.iter().filter(|admission| **admission == Admission::Unconfirmed).count()
    }

    #[test]
    fn wraps_and_reordering_continue() {
        let mut reception = Reception::default();
        let admissions = admit(&mut reception, stream([3, 0, 4, 9, 7, 8, 20]));
        assert_eq!(unconfirmed(&admissions), 0);
        let sequences: Vec<i64> = admissions
            .iter()
            .map(|admission| match admission {
                Admission::Begins(place) | Admission::Continues(place) => {
                    place.sequence as i64 - (1 << 32) - 65_530
                }
                Admission::Unconfirmed => unreachable!(),
            })
            .collect();
        assert_eq!(sequences, [3, 0, 4, 9, 7, 8, 20]);
        assert_eq!((reception.received(), reception.lost()), (7, 14));
    }

    #[test]
    fn one_odd_packet_changes_nothing() {
        let mut reception = Reception::default();
        let odd = [(9, 20_000, 5), (8, 6, 7), (9, 3, 99_999_999)];
        let packets = stream(0..9).chain(odd).chain(stream(9..12));
        assert_eq!(unconfirmed(&admit(&mut reception, packets)), 3);
        assert_eq!(reception.lost(), 0);
    }

    #[test]
    fn two_in_a_row_begin_anew() {
        for anew in [
            [(8, 100, 50), (8, 101, 1_010)],
            [(9, 30_000, 50), (9, 30_002, 1_970)],
            [(9, 65_534, 77_000_000), (9, 65_535, 77_000_960)],
        ] {
            let mut reception = Reception::default();
            let admissions = admit(&mut reception, stream(0..4).chain(anew));
            assert!(matches!(admissions[4..], [Admission::Unconfirmed, Admission::Begins(_)]));
        }
    }

    #[test]
    fn a_pause_without_packets_continues() {
        let mut reception = Reception::default();
        admit(&mut reception, stream(0..2));
        let header = RtpHeader {
            payload_type: 111,
            marker: true,
            sequence_number: 65_532,
            timestamp: (u32::MAX - 2_000).wrapping_add(48_000 * 3_600),
            ssrc: 9,
        };
        let mut bytes = [0; 16];
        write_header(&header, &[], &mut bytes).unwrap();
        let view = RtpView::parse(&bytes).unwrap();
        let hour = Duration::from_secs(3_600);
        let admission = reception.admit(epoch() + hour, 360_000, &view);
        assert!(matches!(admission, Admission::Continues(_)));
    }

    #[test]
    fn reports_count_per_interval() {
        let mut reception = Reception::default();
        assert_eq!(reception.report(), None);
        admit(&mut reception, stream((0..100).filter(|n| n % 4 != 1)));
        let report = reception.report().unwrap();
        assert_eq!((report.ssrc, report.fraction_lost, report.cumulative_lost), (9, 64, 25));
        assert_eq!(report.highest_sequence_number, 65_530 + 99);
        admit(&mut reception, stream(100..150));
        assert_eq!(reception.report().unwrap().fraction_lost, 0);
        assert_eq!(reception.report().unwrap().fraction_lost, 0);
    }

    #[test]
    fn jitter_is_zero_for_even_arrival_and_survives_time_going_backwards() {
        let mut reception = Reception::default();
        admit(&mut reception, stream(0..100));
        assert!(reception.jitter_ms() < 0.01, "{}", reception.jitter_ms());
        // The clock of `admit` begins again.
        admit(&mut reception, stream(100..110));
        assert!(reception.jitter_ms().is_finite());
    }
}
