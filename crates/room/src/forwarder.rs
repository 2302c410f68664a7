use std::time::Instant;

use calling_model::ParticipantId;
use calling_wire::{RedPayload, RtpView};

use crate::ticks;

/// A packet that is to be forwarded, numbered and timed without wraps and jumps by its publisher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived<S = ParticipantId> {
    /// Who published it, or which of several sources it is from.
    pub source: S,
    /// Its number among the packets of its publisher.
    pub index: u64,
    /// Its time in ticks of the publisher's clock.
    pub media_time: u64,
    /// Bytes of payload.
    pub payload_len: usize,
    /// The frame that it was sent for; `None` if that is the whole payload.
    pub own: Option<OwnFrame>,
}

/// Where in a packet with copies of earlier frames the frame is that it was sent for. It is found
/// once, when the packet comes; offsets are in bytes from the start of the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnFrame {
    /// Where the payload begins: headers of copies, and copies.
    pub payload_at: usize,
    /// Where the frame begins.
    pub begin: usize,
    /// Where it ends; padding may follow.
    pub end: usize,
}

impl OwnFrame {
    /// Bytes of the frame.
    pub const fn len(&self) -> usize {
        self.end - self.begin
    }

    /// Whether there is no sound in it.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Of `packet`, whose payload was read as `red`.
    pub(crate) fn of(packet: &RtpView<'_>, red: &RedPayload<'_>) -> Self {
        let payload_at = packet.header_len();
        let end = payload_at + packet.payload().len();
        Self { payload_at, begin: end - red.primary.payload.len(), end }
    }
}

/// The header under which a packet goes to a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// The SSRC of the forwarded stream.
    pub ssrc: u32,
    /// The sequence number.
    pub sequence_number: u16,
    /// The timestamp.
    pub timestamp: u32,
}

/// Forwards one stream to one receiver under headers of its own.
///
/// To the receiver it is one stream from beginning to end: over pauses and a change of publisher
/// the sequence number goes on by one and the timestamp by the time that passed. Real loss stays
/// visible as a gap. A header is never used twice, and what is newer never has the earlier time.
#[derive(Clone, Debug)]
pub struct Forwarder<S = ParticipantId> {
    clock_hz: u64,
    ssrc: u32,
    first: (u16, u32),
    segment: Option<Segment<S>>,
    newest: Option<Newest>,
    is_paused: bool,
    packets: u64,
    octets: u64,
}

/// A stretch without pause from one publisher: its numbers are shifted by constants.
#[derive(Clone, Copy, Debug)]
struct Segment<S> {
    source: S,
    /// Added modulo 2^64.
    index_shift: u64,
    /// Added modulo 2^64.
    time_shift: u64,
    /// Sequence numbers from here down belong to segments before.
    floor: u64,
}

/// Of the newest packet forwarded.
#[derive(Clone, Copy, Debug)]
struct Newest {
    index: u64,
    sequence: u64,
    time: u64,
    at: Instant,
}

/// Keeps what was reordered from before the first packet above zero.
const FIRST_EPOCH: u64 = 1 << 32;

impl<S: Copy + PartialEq> Forwarder<S> {
    /// A stream of audio that begins with the given sequence number and timestamp.
    pub const fn new(ssrc: u32, sequence_number: u16, timestamp: u32) -> Self {
        Self::with_clock(ticks::AUDIO_HZ, ssrc, sequence_number, timestamp)
    }

    /// Likewise, a stream of video.
    pub const fn video(ssrc: u32, sequence_number: u16, timestamp: u32) -> Self {
        Self::with_clock(ticks::VIDEO_HZ, ssrc, sequence_number, timestamp)
    }

    const fn with_clock(clock_hz: u64, ssrc: u32, sequence_number: u16, timestamp: u32) -> Self {
        Self {
            clock_hz,
            ssrc,
            first: (sequence_number, timestamp),
            segment: None,
            newest: None,
            is_paused: false,
            packets: 0,
            octets: 0,
        }
    }

    /// The header for one more packet; `None` if it is older than where the receiver is since a
    /// pause or a change of publisher, or is newer with an earlier time.
    pub fn rewrite(&mut self, now: Instant, packet: &Arrived<S>) -> Option<Rewritten> {
        let segment = self.segment_for(now, packet)?;
        let sequence = packet.index.wrapping_add(segment.index_shift);
        if sequence <= segment.floor {
            return None;
        }
        let time = packet.media_time.wrapping_add(segment.time_shift);
        if self.newest.is_none_or(|newest| sequence > newest.sequence) {
            if self.newest.is_some_and(|newest| time < newest.time) {
                return None;
            }
            self.newest = Some(Newest { index: packet.index, sequence, time, at: now });
        }
        self.packets += 1;
        self.octets += packet.payload_len as u64;
        Some(Rewritten {
            ssrc: self.ssrc,
            // Truncation is what makes them wrap on the wire.
            sequence_number: sequence as u16,
            timestamp: time as u32,
        })
    }

    /// What follows is not forwarded on purpose: the gap must not look like loss.
    pub const fn pause(&mut self) {
        self.is_paused = true;
    }

    /// The timestamp at which the receiver has `media_time` of `source`; `None` unless `source` is
    /// what is being forwarded.
    pub fn timestamp_at(&self, source: S, media_time: u64) -> Option<u32> {
        let segment = self.segment.filter(|segment| segment.source == source)?;
        Some(media_time.wrapping_add(segment.time_shift) as u32)
    }

    /// Which packet the receiver has under a sequence number, as its source and index; `None` if it
    /// is newer than what was forwarded, or older than where the receiver is since a pause or a
    /// change of source.
    pub fn find(&self, sequence_number: u16) -> Option<(S, u64)> {
        let (segment, newest) = self.segment.zip(self.newest)?;
        let behind = (newest.sequence as u16).wrapping_sub(sequence_number);
        let sequence = newest.sequence - u64::from(behind);
        let is_known = behind < 1 << 15 && sequence > segment.floor;
        is_known.then(|| (segment.source, sequence.wrapping_sub(segment.index_shift)))
    }

    /// The SSRC of the forwarded stream.
    pub const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Packets forwarded.
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Payload bytes forwarded.
    pub const fn octets(&self) -> u64 {
        self.octets
    }

    fn segment_for(&mut self, now: Instant, packet: &Arrived<S>) -> Option<Segment<S>> {
        let clock_hz = self.clock_hz;
        let segment = match (self.segment, self.newest) {
            (Some(segment), _) if segment.source == packet.source && !self.is_paused => segment,
            (Some(segment), Some(newest)) if segment.source == packet.source => {
                newest.resume(now, packet, segment, clock_hz)?
            }
            (_, Some(newest)) => newest.switch(now, packet, clock_hz),
            (_, None) => self.first_segment(packet),
        };
        self.is_paused = false;
        self.segment = Some(segment);
        Some(segment)
    }

    fn first_segment(&self, packet: &Arrived<S>) -> Segment<S> {
        let (sequence_number, timestamp) = self.first;
        Segment {
            source: packet.source,
            index_shift: (FIRST_EPOCH + u64::from(sequence_number)).wrapping_sub(packet.index),
            time_shift: (FIRST_EPOCH + u64::from(timestamp)).wrapping_sub(packet.media_time),
            floor: 0,
        }
    }
}

impl Newest {
    /// The same publisher after a pause: its clock went on, so its times stay.
    fn resume<S: Copy>(
        &self,
        now: Instant,
        packet: &Arrived<S>,
        before: Segment<S>,
        clock_hz: u64,
    ) -> Option<Segment<S>> {
        if packet.index <= self.index {
            return None;
        }
        let switched = self.switch(now, packet, clock_hz);
        let runs_on = packet.media_time.wrapping_add(before.time_shift) > self.time;
        let time_shift = if runs_on { before.time_shift } else { switched.time_shift };
        Some(Segment { time_shift, ..switched })
    }

    /// Another publisher: its clock says nothing, so the time that passed does.
    fn switch<S: Copy>(&self, now: Instant, packet: &Arrived<S>, clock_hz: u64) -> Segment<S> {
        let passed = now.saturating_duration_since(self.at);
        let passed = ticks::from_duration(passed, clock_hz).max(1);
        Segment {
            source: packet.source,
            index_shift: (self.sequence + 1).wrapping_sub(packet.index),
            time_shift: (self.time + passed).wrapping_sub(packet.media_time),
            floor: self.sequence,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use calling_testkit::epoch;

    use super::*;

    const ALICE: ParticipantId = ParticipantId(1);
    const BOB: ParticipantId = ParticipantId(2);

    fn at(millis: u64) -> Instant {
        epoch() + Duration::from_millis(millis)
    }

    fn packet(source: ParticipantId, number: u64) -> Arrived {
        // Both count from somewhere of their own.
        let base = source.0 * 1_000_000;
        let media_time = base + number * 960;
        Arrived { source, index: base + number, media_time, payload_len: 80, own: None }
    }

    fn rewritten(sequence_number: u16, timestamp: u32) -> Option<Rewritten> {
        Some(Rewritten { ssrc: 5, sequence_number, timestamp })
    }

    #[test]
    fn begins_where_it_is_told() {
        let mut forwarder = Forwarder::new(5, 65_535, u32::MAX);
        assert_eq!(forwarder.rewrite(at(0), &packet(ALICE, 7)), rewritten(65_535, u32::MAX));
        assert_eq!(forwarder.rewrite(at(20), &packet(ALICE, 8)), rewritten(0, 959));
        assert_eq!(forwarder.rewrite(at(20), &packet(ALICE, 6)), rewritten(65_534, u32::MAX - 960));
        assert_eq!((forwarder.packets(), forwarder.octets()), (3, 240));
        assert_eq!(forwarder.ssrc(), 5);
    }

    #[test]
    fn another_publisher_continues_the_stream() {
        let mut forwarder = Forwarder::new(5, 100, 10_000);
        forwarder.rewrite(at(0), &packet(ALICE, 0));
        // 60 ms later, as far as anybody can tell.
        assert_eq!(forwarder.rewrite(at(60), &packet(BOB, 50)), rewritten(101, 10_000 + 60 * 48));
        assert_eq!(forwarder.rewrite(at(80), &packet(BOB, 51)), rewritten(102, 10_000 + 80 * 48));
        // From before the change: its number is taken.
        assert_eq!(forwarder.rewrite(at(80), &packet(BOB, 49)), None);
        assert_eq!(
            forwarder.rewrite(at(100), &packet(ALICE, 5)),
            rewritten(103, 10_000 + 100 * 48)
        );
    }

    #[test]
    fn a_change_in_the_same_instant_still_moves() {
        let mut forwarder = Forwarder::new(5, 0, 0);
        forwarder.rewrite(at(0), &packet(ALICE, 0));
        assert_eq!(forwarder.rewrite(at(0), &packet(BOB, 0)), rewritten(1, 1));
    }

    #[test]
    fn a_pause_hides_the_gap_and_keeps_the_clock() {
        let mut forwarder = Forwarder::new(5, 0, 0);
        forwarder.rewrite(at(0), &packet(ALICE, 0));
        forwarder.pause();
        assert_eq!(forwarder.rewrite(at(2_000), &packet(ALICE, 100)), rewritten(1, 96_000));
        assert_eq!(forwarder.rewrite(at(2_000), &packet(ALICE, 99)), None);
        assert_eq!(forwarder.rewrite(at(2_020), &packet(ALICE, 102)), rewritten(3, 97_920));
        assert_eq!(forwarder.rewrite(at(2_020), &packet(ALICE, 101)), rewritten(2, 96_960));
    }

    #[test]
    fn a_pause_ends_with_what_is_newer_than_before_it() {
        let mut forwarder = Forwarder::new(5, 0, 0);
        forwarder.rewrite(at(0), &packet(ALICE, 10));
        forwarder.pause();
        assert_eq!(forwarder.rewrite(at(1), &packet(ALICE, 9)), None);
        assert_eq!(forwarder.rewrite(at(20), &packet(ALICE, 11)), rewritten(1, 960));
    }

    #[test]
    fn a_pause_before_the_first_packet_is_none() {
        let mut forwarder = Forwarder::new(5, 9, 8);
        forwarder.pause();
        assert_eq!(forwarder.rewrite(at(0), &packet(ALICE, 0)), rewritten(9, 8));
    }

    #[test]
    fn what_is_newer_with_an_earlier_time_is_not_forwarded() {
        let mut forwarder = Forwarder::new(5, 0, 0);
        forwarder.rewrite(at(0), &packet(ALICE, 10));
        let back = Arrived { media_time: packet(ALICE, 9).media_time, ..packet(ALICE, 11) };
        assert_eq!(forwarder.rewrite(at(20), &back), None);
        assert_eq!(forwarder.rewrite(at(20), &packet(ALICE, 12)), rewritten(2, 1_920));
    }

    #[test]
    fn a_clock_that_stood_still_over_a_pause_goes_on_by_the_time_that_passed() {
        let mut forwarder = Forwarder::new(5, 0, 0);
        forwarder.rewrite(at(0), &packet(ALICE, 10));
        forwarder.pause();
        let stood = Arrived { media_time: packet(ALICE, 10).media_time, ..packet(ALICE, 11) };
        assert_eq!(forwarder.rewrite(at(500), &stood), rewritten(1, 24_000));
    }

    #[test]
    fn what_a_receiver_has_is_found_by_its_number() {
        let mut forwarder = Forwarder::new(5, 65_534, 0);
        assert_eq!(forwarder.find(65_534), None);
        for number in [10, 11, 13] {
            forwarder.rewrite(at(0), &packet(ALICE, number));
        }
        let index = packet(ALICE, 0).index;
        assert_eq!(forwarder.find(65_534), Some((ALICE, index + 10)));
        assert_eq!(forwarder.find(0), Some((ALICE, index + 12)), "lost on the way in");
        assert_eq!(forwarder.find(1), Some((ALICE, index + 13)));
        assert_eq!(forwarder.find(2), None, "not forwarded yet");
        forwarder.rewrite(at(20), &packet(BOB, 7));
        assert_eq!(forwarder.find(2), Some((BOB, packet(BOB, 7).index)));
        assert_eq!(forwarder.find(1), None, "from before the change");
    }

    #[test]
    fn media_time_is_told_on_the_receivers_timeline() {
        let mut forwarder = Forwarder::new(5, 0, 777);
        assert_eq!(forwarder.timestamp_at(ALICE, 1), None);
        forwarder.rewrite(at(0), &packet(ALICE, 0));
        let later = packet(ALICE, 0).media_time + 48;
        assert_eq!(forwarder.timestamp_at(ALICE, later), Some(777 + 48));
        assert_eq!(forwarder.timestamp_at(BOB, later), None);
    }
}
